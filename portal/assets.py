"""Style sheets, scripts and pictures: compressed, and named by their content once they are collected."""

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Assets(CompressedManifestStaticFilesStorage):
    """Names with a digest when `collectstatic` has run, in this process too; plain names when it has not.

    A bare checkout and the tests have collected nothing and still show styled pages.
    """

    def url(self, name: str | None, force: bool = False) -> str:
        """Return the address of the file `name`. Raises ValueError for a file that was not collected."""
        if not self.hashed_files:
            return StaticFilesStorage.url(self, name)
        return super().url(name, force)
