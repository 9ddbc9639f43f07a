"""Home, portfolio and notices."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.core.doors import open_in_a_demo
from governance.core.http import Request, go
from governance.desk import home as page
from governance.desk import mine, setting_up
from governance.desk import notices as inbox
from governance.desk import portfolio as board
from governance.people import company, functions
from governance.people.functions import Function


@require_safe
@open_in_a_demo
def home(request: Request) -> HttpResponse:
    """Show what needs the person who reads; before sign-in, in a demo, the door with the people one could be.

    At most twenty queries, whatever somebody holds; more only while an installation is set up.
    """
    if not request.user.is_authenticated:
        if find_spec("governance.demo.views"):
            from governance.demo import views as demo

            return demo.front_door(request)
        return redirect(settings.LOGIN_URL)
    facts = mine.of(request.user, request.at, company=request.installation.company)
    built = page.build(facts)
    context = {
        "home": built,
        "decide_count": len(built.decide.items),
        "holding_stopped": facts.holds_something_stopped(),
        "news": inbox.news(request.user, request.at),
        "setting_up": setting_up.on_home(request.user, request.installation),
    }
    return render(request, "desk/home.html", context)


@require_safe
def portfolio(request: Request) -> HttpResponse:
    """Show what there is, what is stuck and what waits longest, as far as the reader may see. At most twelve queries."""
    return render(
        request, "desk/portfolio.html", board.build(request.user, request.at, company=request.installation.company)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: Request) -> HttpResponse:
    """Show what is left to set up, and how far each step is; POST takes it off Home. At most twelve queries."""
    setting_up.require(request.user)
    if request.method == "POST":
        company.put_away(by=request.user, at=request.at)
        messages.success(request, _("It no longer stands on Home."))
        return go("desk:setting_up")
    context = {
        "progress": setting_up.progress(request.installation, request.user),
        "on_home": request.installation.setting_up,
        "is_admin": functions.has(request.user, Function.ADMINISTRATORS),
    }
    return render(request, "desk/setting_up.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: Request) -> HttpResponse:
    """Show the reader's notices, unread first; POST marks one as read, or all of them."""
    if request.method == "POST":
        inbox.mark_read(request.user, request.POST.get("read", ""), at=request.at)
        return go(request.get_full_path())
    return render(
        request, "desk/notices.html", {"shown": inbox.shown(request.user, request.at, request.GET, path=request.path)}
    )
