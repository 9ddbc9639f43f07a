"""The `<file:kind>` of addresses: which kind of file a list is asked for as."""

from django.urls import register_converter

from governance.core.export import KINDS


class FileKind:
    """One of the kinds there are: "xlsx"; no other address exists."""

    regex = "|".join(KINDS)

    def to_python(self, value: str) -> str:
        """Return the kind."""
        return value

    def to_url(self, value: str) -> str:
        """Return the kind as an address ends with it."""
        return value


register_converter(FileKind, "file")
