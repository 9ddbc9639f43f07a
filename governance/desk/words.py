"""The words of Mandate, each with what it means here; one word for one thing, in code, page and database."""

from typing import Any

from django.utils.translation import gettext_lazy as _

#: (heading, ((anchor, word, meaning), …)), in reading order.
GROUPS: tuple[tuple[Any, tuple[tuple[str, Any, Any], ...]], ...] = (
    (
        _("What is governed"),
        (
            (
                "initiative",
                _("Initiative"),
                _(
                    "One use of AI that is looked after as a whole, from the idea to its retirement. Its key, AI-42 for one, is never given to another."
                ),
            ),
            (
                "found-in-use",
                _("Found in use"),
                _(
                    "AI that people work with before anybody answers for it. Reporting it gets nobody into trouble; it starts the search for an owner."
                ),
            ),
            (
                "triage",
                _("Triage"),
                _(
                    "The queue of what needs somebody before it can go on: its stage is not known, it has no name or no unit, or it was found in use and nobody is asked to own it."
                ),
            ),
            (
                "draft-only",
                _("Draft only"),
                _("Nothing it makes leaves or changes anything until a named person releases it."),
            ),
            (
                "can-act",
                _("Can act"),
                _("Everything that is not draft only: it sends, changes or pays something itself."),
            ),
            (
                "tier",
                _("Tier 0 to 4"),
                _(
                    "How much harm a mistake can do. The tier brings the controls, the sign-offs and how often it is reviewed."
                ),
            ),
            (
                "own-column",
                _("Own column"),
                _(
                    "What only this organisation wants said of each initiative: a text, a number, a date, a choice or a link. The Portfolio office makes it; retired, what was said in it stays."
                ),
            ),
            (
                "restricted",
                _("Restricted"),
                _("Only the people it concerns see it; for everybody else it leaves no trace, in counts neither."),
            ),
            (
                "public-register",
                _("Public register"),
                _(
                    "What people outside read of our uses of AI, once the Portfolio office opened it: what no rule keeps back, without people."
                ),
            ),
            (
                "withheld",
                _("Withheld"),
                _(
                    "Kept off the public register by somebody who may restrict it, with a reason. Inside, nothing changes."
                ),
            ),
        ),
    ),
    (
        _("Who answers for it"),
        (
            (
                "business-owner",
                _("Business owner"),
                _(
                    "The one person who answers for the business result and may stop it at any moment: Accountable for go-live and for halt."
                ),
            ),
            (
                "workflow-owner",
                _("Workflow owner"),
                _("The named person who answers for how the work behaves day by day, and says what good looks like."),
            ),
            ("lead", _("Lead"), _("Whoever moves it forward; at first the person who registered it.")),
            (
                "matrix",
                _("Matrix"),
                _(
                    "Four kinds of decision by five roles: who is Responsible, Accountable, Consulted, Informed, and who is paged."
                ),
            ),
            (
                "accountable",
                _("Accountable"),
                _("The one person who decides a row. Never a group, and never the person who asked."),
            ),
            ("responsible", _("Responsible"), _("Does the work of a row and asks its questions.")),
            (
                "consulted",
                _("Consulted"),
                _("Asked for a view before it is decided. A view informs; it does not decide."),
            ),
            ("informed", _("Informed"), _("Told what was decided.")),
            (
                "escalation-owner",
                _("Escalation owner"),
                _(
                    "Paged when the system is unsure, and when nobody decides in time. Another person than the Accountable."
                ),
            ),
            (
                "offer",
                _("Offer and acceptance"),
                _("Being named is an offer. It binds when that person accepts; until then the post counts as vacant."),
            ),
            ("deputy", _("Deputy"), _("May stop for somebody who is away. May not decide for them.")),
            (
                "function",
                _("Function"),
                _("A standing duty in the organisation: Compliance, Security, Finance and others."),
            ),
        ),
    ),
    (
        _("How it goes further"),
        (
            (
                "stage",
                _("Stage"),
                _("Where it stands: Found in use, Idea, Pilot, Funding gate, Build, Production, Stopped or Retired."),
            ),
            (
                "decision",
                _("Decision"),
                _("A question with a deadline and two outcomes, put to one named person who did not ask it."),
            ),
            ("gate", _("Gate"), _("A decision that moves the stage.")),
            ("pass", _("Pass and No pass"), _("The two outcomes. Silence is never a Pass.")),
            (
                "requirement",
                _("Requirement"),
                _(
                    "One thing that must be true before a step. It always says why it is not, who can clear it, and where."
                ),
            ),
            ("threshold", _("Threshold"), _("The number the gate will ask for, set before it is measured.")),
            (
                "claimed",
                _("Claimed and confirmed"),
                _("A figure is claimed by whoever supplied it, and confirmed once somebody else has looked."),
            ),
            (
                "control",
                _("Control"),
                _(
                    "A standing protection that a tier asks for, supplied by the initiative and confirmed by the function that owns it."
                ),
            ),
            ("sign-off", _("Sign-off"), _("The signature of a function that a decision waits for.")),
            ("waiver", _("Waiver"), _("A control set aside until a day, with a reason and a name.")),
            (
                "day-90",
                _("Day 90"),
                _("Ninety days after the pilot go somebody decides: the funding gate, or the end."),
            ),
            ("review", _("Review"), _("Five questions at the tier's rhythm while it is in production.")),
        ),
    ),
    (
        _("How it stops"),
        (
            (
                "bad-call-line",
                _("Bad-call line"),
                _("One sentence: if it makes a bad call, who is paged, what breaks, and how fast it is rolled back."),
            ),
            (
                "stop",
                _("Stop"),
                _(
                    "No new actions, at once, by one person with stop authority. Asked and confirmed are two facts; until the second, every page says so."
                ),
            ),
            ("ask-to-stop", _("Ask to stop"), _("What everybody else can do: it pages those who can stop it.")),
            ("pause", _("Pause the rollout"), _("It runs on and must not expand.")),
            ("restart", _("Restart"), _("A decision of its own, with the cause, the fix and the evidence.")),
            ("postmortem", _("Postmortem"), _("What was learned, in writing. It is retired when that is published.")),
        ),
    ),
    (
        _("How it is remembered"),
        (
            (
                "signature",
                _("Signature"),
                _("Who signed which words, when, how they proved that it was them, and the digest of what they saw."),
            ),
            (
                "comment",
                _("Comment"),
                _(
                    "What somebody said about an initiative. It informs and decides nothing; it is edited, never deleted."
                ),
            ),
            (
                "mention",
                _("Mention"),
                _("@ and a name in a comment. That person is told of it, and hears of the comments that follow."),
            ),
            (
                "watch",
                _("Watch and mute"),
                _(
                    "Whether you hear of comments: one line each morning. Muting silences that line, never what waits for you or binds you."
                ),
            ),
            ("notice", _("Notice"), _("One message one person is owed, once, here and by e-mail.")),
            ("record", _("Record"), _("Everything that happened, in order, kept so that a later change can be shown.")),
        ),
    ),
)
