"""The demo's pages. Each asks first whether this database is a demo; else it does not exist."""

from functools import wraps

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.core.http import SeeOther, ours
from governance.demo import actions, queries
from governance.ledger import tamper as tampering
from governance.notices.models import Message
from governance.people import proof
from governance.people.models import Person

_BACKEND = "governance.people.backend.Backend"


def demo_only(view):
    """Let a view exist in a demo alone."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.installation.is_demo:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def front_door(request):
    """Show who one could be, and what waits for each. Called by the home page before sign-in."""
    return render(request, "demo/front_door.html", {"doors": queries.doors(request.at)})


@login_not_required
@require_GET
@demo_only
def people(request):
    """Show everybody one could be."""
    return render(
        request, "demo/people.html", {"people": Person.objects.active().select_related("unit").order_by("name", "pk")}
    )


@login_not_required
@require_POST
@demo_only
def become(request, pk):
    """Sign in as somebody of the demo; their seals say that they are demo seals."""
    person = get_object_or_404(Person.objects.active(), pk=pk)
    login(request, person, backend=_BACKEND)
    proof.record(request, person, "demo")
    onward = request.POST.get("next", "")
    return SeeOther(onward if ours(onward) else reverse("desk:home"))


@require_POST
@demo_only
def clock_forward(request):
    """Move the clock by a day or a week, and let what time does happen."""
    given = request.POST.get("days", "")
    if given not in {str(step) for step in actions.STEPS}:
        messages.error(
            request, _("“%(given)s” came for days. The demo's clock moves by 1 or 7 days.") % {"given": given}
        )
    else:
        now = actions.forward(int(given), by=request.user, at=request.at)
        messages.info(
            request,
            _("The demo's clock now says %(now)s. What time does has been done; see the mailbox.")
            % {"now": now.strftime("%a %d %b %Y, %H:%M UTC")},
        )
    onward = request.POST.get("next", "")
    return SeeOther(onward if ours(onward) else reverse("desk:home"))


@login_not_required
@require_GET
@demo_only
def mail(request):
    """Show what was really sent, newest first, with what a digest holds; `to` narrows it to one person."""
    sent = Message.objects.select_related("person").prefetch_related("notices").order_by("-sent_at", "-pk")
    wanted = request.GET.get("to", "")
    to = Person.objects.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    page = Paginator(sent.filter(person=to) if to else sent, 40).get_page(request.GET.get("page"))
    return render(request, "demo/mail.html", {"page": page, "to": to, "people": queries.switch()})


@login_not_required
@require_GET
@demo_only
def message(request, pk):
    """Show one e-mail as it was sent."""
    return render(
        request, "demo/message.html", {"message": get_object_or_404(Message.objects.select_related("person"), pk=pk)}
    )


@require_http_methods(["GET", "POST"])
@demo_only
def tamper(request):
    """Change one byte of history on a copy, and watch the check name the entry."""
    verdict = entry = None
    if request.method == "POST":
        verdict, entry = tampering.change_one_byte_on_a_copy()
    return render(request, "demo/tamper.html", {"verdict": verdict, "entry": entry})
