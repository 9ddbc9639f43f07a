"""The three commands: sweep, tonight, why."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from governance.core import clock
from governance.notices.models import Message, Notice
from tests import make

DAY = timedelta(days=1)


@pytest.fixture
def said(capsys):
    """Return a function that runs a command and returns what it said."""

    def run(*words: str) -> str:
        call_command(*words)
        return capsys.readouterr().out

    return run


def test_sweep_looks_now_sends_and_says_what_it_did(story, said, mailoutbox):
    s = story("production", tier_proposed=4)  # in March 2026, long ago

    told = said("sweep")

    assert "     1  A review (when it is 7 days late; at tier 4, 1)" in told
    assert told.splitlines()[-1].startswith("E-mails: ")
    assert len(mailoutbox) == Message.objects.exclude(sent_at=None).count() > 0
    assert said("sweep").startswith("Nothing was due.")
    assert Notice.objects.filter(occasion__startswith="review.escalated").exists()
    assert s.fresh.stage == "production"


def test_sweep_looks_at_the_moment_it_is_given_in_the_companys_zone(story, said):
    make.Installation.objects.filter(pk=1).update(time_zone="Europe/Berlin")
    s = story("production", tier_proposed=4)
    due = s.fresh.review_due_at.astimezone(ZoneInfo("Europe/Berlin"))
    before = (due - DAY - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M")

    assert "on the day" not in said("sweep", "--at", before)
    assert "A review (on the day)" in said("sweep", "--at", (due - DAY).strftime("%Y-%m-%dT%H:%M"))


@pytest.mark.parametrize("given", ["tomorrow", "2026-13-01", "01.12.2026", "9999-12-31T23:59", "0001-01-01", ""])
def test_a_moment_that_cannot_be_read_is_repeated_with_an_example(db, given):
    with pytest.raises(CommandError, match="Expected a day and a time, for example 2026-12-01T09:00") as refused:
        call_command("sweep", "--at", given)

    assert repr(given) in str(refused.value)


def test_tonight_says_whom_we_will_write_to_and_what_silence_does(story, said, monkeypatch):
    s = story("funding")
    due = s.decision("funding").due_at
    monkeypatch.setattr(clock, "now", lambda installation=None: due - timedelta(hours=5))

    told = said("tonight")

    assert told == (
        "Mon 20 Apr 13:00 UTC  Priya Nair\n    4 hours left: Fund production, AI-1 Support refunds\n    If nobody does anything: It is handed over or closes as No pass\n"
        "Mon 20 Apr 17:00 UTC  Dana Roth\n    Get it decided: Fund production, AI-1 Support refunds\n"
        "    If nobody does anything: Handed to the Escalation owner where there is time for that, then closed as No pass; it is never passed by silence\n"
    )
    assert Notice.objects.filter(occasion__startswith="gate.last").count() == 0


def test_tonight_says_so_when_nothing_comes(db, said):
    assert said("tonight") == "Nothing falls due in the next 24 hours.\n"


@pytest.mark.parametrize("key", ["AI-1", "ai-1", "1", "AI-01"])
def test_why_names_the_diagnosis_the_one_next_action_and_every_blocker(story, said, key):
    make.Story.to_funding(story("idea"), ready=False)

    told = said("why", key)

    assert told.startswith("AI-1 Support refunds: Funding gate, ")
    assert "\nWhy: " in told
    assert "\nNext: " in told
    assert "\n  - " in told


def test_why_says_so_when_nothing_holds_it_up(story, said):
    story("retired")

    assert said("why", "AI-1").endswith("Nothing has to happen next.\n")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("refunds", "'refunds' is no key. Expected one such as AI-42."),
        ("AI-0", "'AI-0' is no key."),
        ("AI-7", "There is no AI-7."),
    ],
)
def test_a_key_that_is_none_is_repeated(db, key, words):
    with pytest.raises(CommandError, match=words):
        call_command("why", key)
