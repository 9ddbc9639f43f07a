"""Stories that end about now, and pages read as people read them."""

import pytest
from django.urls import reverse

from governance.ledger.models import LedgerEntry
from tests.gates.conftest import fresh_story  # noqa: F401  the same stories, told about now
from tests.gates.pages import words
from tests.web import Page


@pytest.fixture
def read(client, sign_in):
    """Return a function that opens a page of a story's initiative as somebody and returns its response."""

    def open_page(tale, who, name: str = "show", /, *args, **query):
        sign_in(client, who)
        return client.get(reverse(f"initiatives:{name}", args=[tale.fresh.key, *args]), query)

    return open_page


@pytest.fixture
def says(read):
    """Return a function that opens a page which must be there, and returns what it says."""

    def open_page(tale, who, name: str = "show", /, *args, **query) -> str:
        response = read(tale, who, name, *args, **query)
        assert response.status_code == 200, response.status_code
        return words(response)

    return open_page


@pytest.fixture
def send(client, sign_in):
    """Return a function that posts to a page of a story's initiative as somebody."""

    def post(tale, who, name: str, /, *args, proved: bool = True, **data):
        sign_in(client, who, proved=proved)
        return client.post(reverse(f"initiatives:{name}", args=[tale.fresh.key, *args]), data)

    return post


@pytest.fixture
def press(client, sign_in):
    """Return a function that fills in and sends the form of a page whose hidden fields say what `data` says."""

    def fill_in(tale, who, name: str, /, *args, **data):
        sign_in(client, who)
        url = reverse(f"initiatives:{name}", args=[tale.fresh.key, *args])
        page = Page(client.get(url).content.decode(), url)
        said = {key: data[key] for key in ("do", "answer", "control", "figure") if key in data}
        form = next(f.data() for f in page.forms if said.items() <= f.data().items())
        return client.post(url, {**form, **data})

    return fill_in


@pytest.fixture
def entries():
    """Return a function that counts the entries of the ledger."""
    return LedgerEntry.objects.count
