"""Functions: what each may do, who is in it, and giving and taking them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from governance import policy
from governance.core.http import Request, go
from governance.core.rules import Blocked
from governance.people import actions, forms, functions, queries
from governance.people.functions import Function
from governance.people.models import Person
from governance.people.proving import kept, need_proof

#: What a function may do by itself; what the policy says about it is added by `duties`.
_DUTIES: dict[Function, tuple[Any, ...]] = {
    Function.ADMINISTRATORS: (
        gettext_lazy("Keeps people, units and functions. That gives no right to decide anything."),
    ),
    Function.PORTFOLIO: (
        gettext_lazy("Proposes names, finds owners, says where something stands."),
        gettext_lazy("Brings lists in, and says which own columns there are."),
        gettext_lazy("May stop what has no business owner."),
    ),
    Function.COMPLIANCE: (
        gettext_lazy("Lifts restrictions and reads the ledger. May stop what has no business owner or is tier 4."),
    ),
    Function.SECURITY: (gettext_lazy("May stop what is tier 4."),),
    Function.FINANCE: (gettext_lazy("Confirms figures in money and approves budgets."),),
    Function.AUDITORS: (gettext_lazy("Reads the ledger. Changes nothing."),),
    Function.CTO: (
        gettext_lazy(
            "Is told of every stop, and when nobody answers somebody who asks for one. Never a business owner."
        ),
    ),
    Function.COO: (
        gettext_lazy("Is told when nobody takes ownership, or nobody answers somebody who asks for a stop."),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: Request) -> HttpResponse:
    """Show every function with who is in it; administrators give and take. `?give=finance` opens the question to whom."""
    if request.method == "POST":
        return _change(request)
    is_admin = functions.has(request.user, Function.ADMINISTRATORS)
    draft = kept(request)
    wanted = request.GET.get("give") or (draft.get("function") if "person" in draft else None)
    form = forms.Give(initial={**draft, "function": wanted}) if is_admin and wanted in Function.values else None
    return _page(request, form)


def _change(request: Request) -> HttpResponse:
    """Give a function, or take it. Both need a fresh proof: they are how power is handed out."""
    actions.require_administrator(request.user)
    slug = request.POST.get("function", "")
    if slug not in Function.values:
        raise Http404
    proof = need_proof(request)
    if isinstance(proof, HttpResponse):
        return proof
    if "take" in request.POST:
        person = (
            Person.objects.filter(pk=request.POST["take"]).first()
            if request.POST["take"].isdecimal() and len(request.POST["take"]) < 18
            else None
        )
        if person is None:
            raise Http404
        actions.revoke_function(person, slug, by=request.user, at=request.at)
        messages.success(
            request,
            _("%(name)s is no longer in %(function)s.") % {"name": person.name, "function": Function(slug).label},
        )
        return go("people:functions")
    form = forms.Give(request.POST)
    if form.is_valid():
        try:
            actions.grant_function(form.cleaned_data["person"], slug, by=request.user, at=request.at)
        except Blocked as blocked:
            form.add_error("person", [str(b.message) for b in blocked.blockers])
        else:
            messages.success(
                request,
                _("%(name)s is in %(function)s now.")
                % {"name": form.cleaned_data["person"].name, "function": Function(slug).label},
            )
            return go("people:functions")
    return _page(request, form, status=422)


def _page(request: Request, form: forms.Give | None, status: int = 200) -> HttpResponse:
    """Show the functions, with one question open at most. Two queries, and one for the list of people."""
    members = queries.memberships()
    people = {p.pk: p for p in Person.objects.filter(pk__in={pk for pks in members.values() for pk in pks})}
    slug = (form["function"].value() if form is not None else "") or ""
    context = {
        "rows": [
            {
                "slug": f.value,
                "label": f.label,
                "duties": duties(f),
                "members": [people[pk] for pk in members[f.value]],
                "one": f in actions.SOLE,
            }
            for f in Function
        ],
        "form": form,
        "giving": Function(slug).label if slug in Function.values else "",
        "is_admin": functions.has(request.user, Function.ADMINISTRATORS),
    }
    return render(request, "people/functions.html", context, status=status)


def duties(function: Function) -> list[Any]:
    """Return what being in a function means, in sentences, from the policy where it decides. No query."""
    rules, said = policy.current(), list(_DUTIES.get(function, ()))
    tiers = rules.tiers.values()
    if confirms := [t.tier for t in tiers if function in t.tier_confirmed_by]:
        said.append(_("Confirms the tier: %(tiers)s.") % {"tiers": _listed(confirms)})
    if signs := [t.tier for t in tiers if function in t.sign_offs]:
        said.append(_("Signs off before go-live at tier %(tiers)s.") % {"tiers": _listed(signs)})
    if controls := sum(c.function == function for c in rules.controls.values()):
        said.append(ngettext("Confirms %(n)s control.", "Confirms %(n)s controls.", controls) % {"n": controls})
    if function in functions.SEES_ALL:
        said.append(_("Sees every initiative, restricted ones too."))
    return [str(one) for one in said] or [_("Is asked where it is named in a matrix.")]


def _listed(tiers: list[int]) -> str:
    """Return tiers for a sentence: "0 and 1"."""
    *first, last = [str(tier) for tier in tiers]
    return _("%(first)s and %(last)s") % {"first": ", ".join(first), "last": last} if first else last
