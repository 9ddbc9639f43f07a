"""Reading pages in tests: their addresses, their words, their hidden fields."""

import re
from html import unescape

from django.urls import reverse

from governance.gates.models import Decision


def at(name: str, decision: Decision, **query) -> str:
    """Return the address of a page of this decision."""
    url = reverse(f"gates:{name}", args=[decision.initiative.key, decision.number])
    return url + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def words(response) -> str:
    """Return what a page says, without its markup."""
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def hidden(response, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"The page has no hidden field {name}."
    return unescape(found[1])
