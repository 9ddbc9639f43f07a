"""Keys in addresses: `initiatives/<key:number>/` matches AI-42 and hands the view 42.

Import this module in every urls.py that writes `<key:…>`. Any other spelling of a key (ai-42, AI-042) is
led to the address as it is written here, by the last pattern of this room's urls.py.
"""

import re

from django.urls import register_converter

#: A key however somebody wrote it.
ANY_SPELLING = "[Aa][Ii]-0*[1-9][0-9]{0,8}"


class Key:
    """AI-42, as every page writes it. The view gets the number; reversing takes the number or the key."""

    regex = "AI-[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the number of a key."""
        return int(value[3:])

    def to_url(self, value: int | str) -> str:
        """Return the key of a number, or a key as it is written. Raises ValueError for anything else."""
        if isinstance(value, int):
            return f"AI-{value}"
        if not re.fullmatch(ANY_SPELLING, value):
            raise ValueError(f"{value!r} is not the key of an initiative")
        return f"AI-{int(value[3:])}"


register_converter(Key, "key")
