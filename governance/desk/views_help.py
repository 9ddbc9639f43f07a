"""Help, rendered from the code: the lifecycle, the rules, who may do what, the words."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.core.http import Request
from governance.desk import diagram, help
from governance.desk import words as glossary
from governance.initiatives.lifecycle import Stage
from governance.initiatives.models import Initiative


@require_safe
def index(request: Request) -> HttpResponse:
    """Show where to read what, and whom to ask. One query."""
    return render(request, "help/index.html", {"contacts": help.contacts()})


@require_safe
def lifecycle(request: Request) -> HttpResponse:
    """Show the state machine as a drawing and as a table; `at` marks a stage. No query of its own."""
    here = request.GET.get("at", "")
    here = here if here in Stage.counted() else ""
    drawings = [diagram.draw(layout, here=here) for layout in (diagram.WIDE, diagram.NARROW)]
    return render(
        request,
        "help/lifecycle.html",
        {"drawings": drawings, "steps": help.steps_in_words(), "tiers": help.sign_offs_in_words()},
    )


@require_safe
def rules(request: Request) -> HttpResponse:
    """Show every rule, and how many initiatives it blocks today; where there are many, on demand (`count=1`)."""
    visible = Initiative.objects.visible_to(request.user, request.at)
    return render(
        request, "help/rules.html", help.rules_in_words(visible, request.at, asked=request.GET.get("count") == "1")
    )


@require_safe
def who_may(request: Request) -> HttpResponse:
    """Show who may do what: the map of the matrix, and the standing rights. No query of its own."""
    return render(request, "help/who_may.html", {"rows": help.matrix_in_words(), "standing": help.standing_in_words()})


@require_safe
def words(request: Request) -> HttpResponse:
    """Show what the words of Mandate mean. No query of its own."""
    return render(request, "help/words.html", {"groups": glossary.GROUPS})
