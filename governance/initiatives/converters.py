"""Keys in addresses: `initiatives/<key:number>/` matches AI-42 and hands the view 42.

Import this module in every urls.py that writes `<key:…>`. Any other spelling of a key (ai-42, AI-042) is
caught by `<loose_key:…>` in this room's urls.py and led to the address as it is written here.
"""

import re

from django.urls import register_converter


class Key:
    """AI-42, as every page writes it. The view gets the number; reversing takes the number or the key."""

    regex = "AI-[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the number of a key."""
        return int(value[3:])

    def to_url(self, value: int | str) -> str:
        """Return the key of a number, or the key itself however it is spelt. Raises ValueError for anything else."""
        if isinstance(value, int):
            return f"AI-{value}"
        found = re.fullmatch(LooseKey.regex, value)
        if found is None:
            raise ValueError(f"{value!r} is not the key of an initiative")
        return f"AI-{int(value[3:])}"


class LooseKey:
    """A key somebody typed or a mail program changed: any case, with or without leading zeros."""

    regex = "[Aa][Ii]-[0-9]{1,12}"

    def to_python(self, value: str) -> int:
        """Return the number that is meant."""
        return int(value[3:])

    def to_url(self, value: int | str) -> str:
        """Return `value` as it stands."""
        return str(value)


register_converter(Key, "key")
register_converter(LooseKey, "loose_key")
