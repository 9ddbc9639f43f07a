"""The walk every newcomer takes with the demo, told once, for any kind of browser."""

import re
from typing import Protocol

#: What the walk leaves in the history, newest last.
LEAVES = ("approved", "funding gate", "go-live", "signed off", "stop", "restart", "review", "postmortem")


class Visitor(Protocol):
    """Somebody at a browser: opens addresses, follows links, fills in and presses."""

    words: str
    path: str

    def open(self, path: str) -> None: ...
    def click(self, link: str) -> None: ...
    def press(self, button: str, **fields: str) -> None: ...


def become(visitor: Visitor, short_name: str) -> None:
    """Be somebody of the company."""
    visitor.open("/demo/people/")
    visitor.press(f"Be {short_name}")


def sees(visitor: Visitor, *texts: str) -> None:
    """Check that the page says all of these, whatever the case."""
    for text in texts:
        assert text.casefold() in visitor.words.casefold(), (
            f"“{text}” is not on {visitor.path}:\n{visitor.words[:3000]}"
        )


def walk(visitor: Visitor, name: str = "Emergency payouts") -> str:
    """Take one initiative from a gate that cannot pass to its postmortem. Returns its key."""
    visitor.open("/")
    sees(
        visitor,
        "Who would you like to be?",
        "Priya Nair",
        "Tomas Berg",
        "Miriam Osei",
        "Sam Doyle",
        "Ruth Abel",
        "Olga Petrov",
        "Just browsing",
    )
    visitor.press("Be Priya N")
    sees(visitor, name)

    visitor.open("/catalog/?q=" + name.replace(" ", "+"))
    visitor.click("AI-")
    found = re.search(r"AI-\d+", visitor.path)
    assert found
    key = found.group()
    at = f"/initiatives/{key}/"
    sees(visitor, "Funding gate", "budget")
    visitor.open(f"{at}gates/funding/")
    sees(visitor, "Cannot pass", "asked for and not approved")

    become(visitor, "Tomas B")
    visitor.open(f"{at}budget/")
    visitor.press("Sign and approve", approved="84000", cost_centre="CC-4410", reference="B-991")
    sees(visitor, "B-991")

    become(visitor, "Priya N")
    answer(visitor, at, "funding", "What we learned: agree on the number first.")
    visitor.open(at)
    sees(visitor, "Build")

    from_build_to_the_end(visitor, key)
    return key


def from_build_to_the_end(visitor: Visitor, key: str) -> None:
    """Take it live, stop it, start it again, let its review come due, retire it; find it all in the history."""
    at = f"/initiatives/{key}/"
    become(visitor, "Sam D")
    ask(visitor, at, "go_live", recommendation="Controls are confirmed and the night desk is trained.")
    sign_off(visitor, at, "go_live")
    become(visitor, "Priya N")
    answer(visitor, at, "go_live", "The desk was trained before, not after.")
    visitor.open(at)
    sees(visitor, "Production")

    stop_and_restart(visitor, at)
    the_review_comes_due(visitor, key)
    retire(visitor, at)

    visitor.open(f"{at}history/")
    sees(visitor, *LEAVES)


def ask(visitor: Visitor, at: str, kind: str, **told: str) -> None:
    """Ask a question as the person one is."""
    visitor.open(f"{at}ask/?kind={kind}")
    visitor.press("Ask", **told)


def answer(visitor: Visitor, at: str, kind: str, learned: str = "") -> None:
    """Pass a question in three: look, Pass, sign."""
    visitor.open(f"{at}gates/{kind}/")
    visitor.press("Pass")
    visitor.press("Sign and pass", **({"learned": learned} if learned else {}))
    sees(visitor, "Pass")


def sign_off(visitor: Visitor, at: str, kind: str) -> None:
    """Sign off as Compliance and as Security."""
    for who, function in (("Miriam O", "compliance"), ("Ruth A", "security")):
        become(visitor, who)
        visitor.open(f"{at}gates/{kind}/")
        visitor.open(f"{visitor.path}sign-off/{function}/")
        visitor.press("Sign off")


def stop_and_restart(visitor: Visitor, at: str) -> None:
    """Stop it, confirm that it stopped, and start it again by a decision."""
    visitor.open(f"{at}stop/")
    visitor.press("Stop now", reason="wrong_results", note="Two payouts to one household.")
    visitor.open(at)
    sees(visitor, "Stopped", "not confirmed")
    visitor.open(f"{at}stop/confirm/")
    visitor.press("Sign: it has stopped", how="The night desk saw the last payout at 14:02 and none since.")
    become(visitor, "Sam D")
    ask(
        visitor,
        at,
        "restart",
        cause="Two spellings of one address.",
        fix="Addresses are compared by building.",
        evidence="400 old cases, none doubled.",
    )
    sign_off(visitor, at, "restart")
    become(visitor, "Priya N")
    answer(visitor, at, "restart")
    visitor.open(at)
    sees(visitor, "Production")


def the_review_comes_due(visitor: Visitor, key: str) -> None:
    """Move the clock to the review of tier 4, a week away, and read what was really sent, in the order it came."""
    passes(visitor, "+1 week")
    reads(visitor, f"Review {key} ", "What moved since the last review, and what is next?")
    reads(visitor, "Review due", "The next review counts from this day")
    passes(visitor, "+1 day")
    reads(
        visitor,
        f"Review missing for 24 hours: {key}",
        "It runs on unreviewed until somebody reviews, pauses or stops it",
    )


def passes(visitor: Visitor, step: str) -> None:
    """Move the demo's clock."""
    visitor.open("/")
    visitor.press(step)


def reads(visitor: Visitor, subject: str, *says: str) -> None:
    """Open the e-mail to Priya whose subject begins so, and check what it says."""
    visitor.open("/demo/mail/")
    visitor.click("Priya Nair")
    visitor.click(subject)
    sees(visitor, subject, *says)


def retire(visitor: Visitor, at: str) -> None:
    """Do the review, then retire it with a postmortem."""
    visitor.open(f"{at}review/")
    visitor.press(
        "Keep the review",
        moved="38 hours became 3.5.",
        evidence="Desk statistics.",
        went_wrong="Two double payouts; the night desk noticed.",
        people="Yes.",
        next_step="It moves into the payment system.",
        outcome="continue",
    )
    visitor.open(f"{at}retire/")
    visitor.press(
        "Begin to retire it",
        reason="The payment system does it from now on.",
        replaced_by="The payment system.",
        after_care="Access removed.",
    )
    visitor.open(f"{at}postmortem/")
    visitor.press(
        "Sign and publish",
        set_out="Help within four hours.",
        happened="Help within four hours.",
        causes="The night desk was asked first.",
        keep="Agree on the number first.",
        actions="Sam: tell Claims by May.",
    )
    visitor.open(at)
    sees(visitor, "Retired")
