"""The page of one initiative."""

import pytest
from django.urls import reverse

from tests.make import WAYS

STAGES = list(WAYS)


@pytest.fixture
def page(client, cast, sign_in):
    """Return a function that opens an initiative's page as somebody and returns its text."""

    def open_page(story, person, name="show", query=""):
        sign_in(client, person)
        response = client.get(reverse(f"initiatives:{name}", args=[story.fresh.key]) + query)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    return open_page


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_its_page(stage, story, page, cast):
    made = story(stage)

    text = page(made, cast.staff)

    assert made.initiative.name in text
    assert "None" not in text
    assert 'href="#"' not in text
