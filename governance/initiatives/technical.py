"""Words that measure a machine or its use, and not a business result.

Translating such a figure into money, time, quality, risk or an effect on customers is the CTO's task; the
funding gate takes only the translation.
"""

import re

from django.utils.translation import gettext as _

#: Whole words. Words that also mean something in business (recall, response time, downtime, seats) are left out.
_TECHNICAL = (
    "accuracy",
    "precision",
    "f1",
    "f1 score",
    "auc",
    "rouge",
    "bleu",
    "perplexity",
    "hallucination",
    "hallucinations",
    "hallucination rate",
    "model score",
    "evaluation score",
    "benchmark score",
    "latency",
    "latencies",
    "uptime",
    "gpu",
    "cpu",
    "api call",
    "api calls",
    "token",
    "tokens",
    "prompt",
    "prompts",
    "login",
    "logins",
    "log-in",
    "log-ins",
    "sign-in",
    "sign-ins",
    "usage",
    "adoption",
    "adoption rate",
    "active user",
    "active users",
    "number of users",
    "licences used",
    "licenses used",
)
_PATTERN = re.compile(
    r"(?<![\w-])(" + "|".join(re.escape(word) for word in sorted(_TECHNICAL, key=len, reverse=True)) + r")(?![\w-])",
    re.IGNORECASE,
)


def found_in(text: str) -> str:
    """Return the first technical word in `text` as it is written there, or ""."""
    found = _PATTERN.search(text)
    return found.group(1) if found else ""


def refusal(text: str, word: str) -> str:
    """Return why a figure named `text` is no answer at the gate, and whose task it is to make one of it."""
    return _(
        "“%(text)s” measures the system (%(word)s), not the business. Name what it changes in money, time, quality, risk or for customers. Translating it is the CTO’s task."
    ) % {"text": text, "word": word}
