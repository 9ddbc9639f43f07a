"""The bare page every page is measured against: fifty rows, as little around them as one can.

It goes the same way through the same middleware, asks who reads it of nobody, counts the table, reads fifty rows
by name, along the same index, with their unit in one query, and writes seven columns of them with Django's templates. What a page of ours
takes longer is what we do more: who may see what, filters, chrome, marks and deadlines.
"""

from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.template import Context, engines
from django.urls import path

from governance.core.doors import open_outside
from governance.initiatives.models import Initiative
from portal.urls import handler400, handler403, handler404, handler429, handler500, urlpatterns

ROWS = 50
_TEMPLATE = """<!doctype html><title>Bare</title><p>{{ n }}</p><table>{% for i in rows %}<tr><td>{{ i.number }}<td>{{ i.name }}<td>{{ i.stage }}<td>{{ i.tier }}<td>{{ i.capability }}<td>{{ i.unit.name }}<td>{{ i.stage_since }}</tr>{% endfor %}</table>"""


@open_outside
def bare(request: HttpRequest) -> HttpResponse:
    """Show the first fifty initiatives by name."""
    rows = Initiative.objects.select_related("unit").order_by(Lower("name"), "number")[:ROWS]
    template = engines["django"].from_string(_TEMPLATE) if _kept[0] is None else _kept[0]
    _kept[0] = template
    return HttpResponse(template.template.render(Context({"rows": rows, "n": Initiative.objects.count()})))


_kept: list = [None]

urlpatterns = [path("bare/", bare), *urlpatterns]

__all__ = ["bare", "handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]
