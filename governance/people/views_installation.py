"""The page of the company as a whole: what it is called, and when it works."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.core.errors import Conflict
from governance.core.http import Request, go
from governance.core.models import Installation
from governance.people import actions, company, holidays
from governance.people.calendars import Calendar
from governance.people.forms_company import CompanyForm

#: Days that are shown before they are saved.
SHOWN = 60


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: Request) -> HttpResponse:
    """Show what is said of the company, look at the days somebody listed, or save it. Six queries of its own."""
    actions.require_administrator(request.user)
    installation, top = Installation.objects.get(pk=1), company.unit()
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = CompanyForm(data, files, installation=installation, top=top)
    context: dict[str, Any] = {"form": form, "unit": top}
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if "look" in request.POST or values.get("file"):
            context |= _looked_at(form, installation, top)
        else:
            try:
                company.save(values, by=request.user, at=request.at, seen=values["seen"])
            except Conflict as conflict:
                context["conflict"], status = conflict, 409
            else:
                messages.success(request, _("Saved. Deadlines that are running stay as they are."))
                return go("people:company")
    return render(request, "people/company.html", context, status=422 if form.errors else status)


def _looked_at(form: CompanyForm, installation: Installation, top: Any) -> dict[str, Any]:
    """Return the days that would be saved, each with its weekday, and the form with those of the file among them."""
    values = form.cleaned_data
    together = {day[:10]: day for day in (*values.get("file", ()), *values["holidays"])}
    listed = [together[day] for day in sorted(together)]
    fresh = CompanyForm(initial={**values, "holidays": listed}, installation=installation, top=top)
    works = Calendar(zone=None, weekdays=frozenset(int(d) for d in values["working_days"] or "01234"))  # type: ignore[arg-type]
    days = [
        {"day": day, "name": holidays.name_of(one), "works": works.works_on(day)}
        for one in listed
        for day in (holidays.day_of(one),)
    ]
    return {"form": fresh, "days": days[:SHOWN], "more": len(days) - SHOWN if len(days) > SHOWN else 0, "n": len(days)}
