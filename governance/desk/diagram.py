"""The state machine as a drawing, from the declaration of its steps (`initiatives.steps.table`).

Where a stage stands and how an arrow bends is laid out here by hand, once wide and once narrow; which
stages and arrows there are is not. A step that the layout does not know is drawn as a straight line, and
one that the machine no longer has is not drawn (the tests notice both).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.initiatives import steps
from governance.initiatives.lifecycle import Stage
from governance.initiatives.steps import Step

#: What a step is called.
WORDS = {
    "start_pilot": gettext_lazy("pilot go"),
    "adopt": gettext_lazy("adopt"),
    "request_funding": gettext_lazy("ask for funding"),
    "fund": gettext_lazy("fund"),
    "return_to_pilot": gettext_lazy("no pass"),
    "go_live": gettext_lazy("go live"),
    "stop": gettext_lazy("stop"),
    "restart": gettext_lazy("restart, where it was"),
    "back_to_pilot": gettext_lazy("back to pilot"),
    "retire": gettext_lazy("retire"),
    "close": gettext_lazy("close"),
    "place": gettext_lazy("place"),
    "correct": gettext_lazy("correct"),
}
#: Steps that mend a record rather than move along the road; told in the table, not drawn.
BESIDE = frozenset({"place", "correct"})


def is_decided(step: Step) -> bool:
    """Whether one named person answers a question before this step is taken."""
    return step.may.value.startswith("decide_") and not step.clock


@dataclass(frozen=True)
class Route:
    """One arrow: the step it stands for, from where to where, its path, and where its words stand."""

    step: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    path: str
    x: int
    y: int
    anchor: str = "middle"

    @property
    def pairs(self) -> set[tuple[str, str, str]]:
        """Return every (step, source, target) this arrow stands for."""
        return {(self.step, source, target) for source in self.sources for target in self.targets}


@dataclass(frozen=True)
class Layout:
    """Where everything stands: the size, a node's size, each stage's corner, the frame around what is in use, the arrows."""

    name: str
    width: int
    height: int
    node: tuple[int, int]
    places: dict[str, tuple[int, int]]
    frame: str
    frame_words: tuple[int, int]
    routes: tuple[Route, ...]


_RUNNING = ("pilot", "funding", "build", "production")

WIDE = Layout(
    "wide",
    1000,
    418,
    (132, 46),
    {
        "idea": (24, 58),
        "pilot": (256, 58),
        "funding": (450, 58),
        "build": (644, 58),
        "production": (848, 58),
        "discovered": (24, 176),
        "stopped": (420, 330),
        "retired": (700, 330),
    },
    "M244 28H994V250H6V150H244Z",
    (982, 240),
    (
        Route("start_pilot", ("idea",), ("pilot",), "M156 81H254", 200, 72),
        Route("adopt", ("discovered",), ("pilot",), "M156 192C226 178 236 128 272 106", 196, 208),
        Route("request_funding", ("pilot",), ("funding",), "M388 81H448", 418, 50),
        Route("fund", ("funding",), ("build",), "M582 81H642", 613, 72),
        Route("return_to_pilot", ("funding",), ("pilot",), "M490 104C470 158 384 158 362 106", 427, 162),
        Route("go_live", ("build",), ("production",), "M776 81H846", 812, 72),
        Route("stop", ("discovered", *_RUNNING), ("stopped",), "M456 250V328", 446, 294, "end"),
        Route(
            "restart", ("stopped",), ("discovered", "pilot", "build", "production"), "M516 330V252", 526, 294, "start"
        ),
        Route("back_to_pilot", ("stopped",), ("pilot",), "M420 353C300 350 292 250 300 106", 306, 296),
        Route("retire", _RUNNING, ("retired",), "M766 250V328", 776, 294, "start"),
        Route("retire", ("stopped",), ("retired",), "M552 353H698", 625, 345),
        Route("close", ("idea", "discovered"), ("retired",), "M24 81H14V402H60M60 222V402H766V378", 420, 394),
    ),
)

NARROW = Layout(
    "narrow",
    360,
    694,
    (132, 44),
    {
        "idea": (16, 16),
        "discovered": (212, 16),
        "pilot": (114, 136),
        "funding": (114, 222),
        "build": (114, 308),
        "production": (114, 394),
        "stopped": (24, 576),
        "retired": (204, 576),
    },
    "M196 4H350V456H64V112H196Z",
    (338, 446),
    (
        Route("start_pilot", ("idea",), ("pilot",), "M82 60C82 98 150 92 150 134", 74, 96, "end"),
        Route("adopt", ("discovered",), ("pilot",), "M278 60C278 98 210 92 210 134", 286, 96, "start"),
        Route("request_funding", ("pilot",), ("funding",), "M180 180V220", 172, 205, "end"),
        Route("fund", ("funding",), ("build",), "M180 266V306", 172, 291, "end"),
        Route("return_to_pilot", ("funding",), ("pilot",), "M246 244C292 236 292 168 248 158", 286, 205, "start"),
        Route("go_live", ("build",), ("production",), "M180 352V392", 172, 377, "end"),
        Route("stop", ("discovered", *_RUNNING), ("stopped",), "M92 456V574", 84, 504, "end"),
        Route(
            "restart", ("stopped",), ("discovered", "pilot", "build", "production"), "M134 576V458", 142, 538, "start"
        ),
        Route("back_to_pilot", ("stopped",), ("pilot",), "M40 576C28 420 30 170 112 160", 60, 348),
        Route("retire", _RUNNING, ("retired",), "M306 456V574", 313, 504, "start"),
        Route("retire", ("stopped",), ("retired",), "M156 598H202", 180, 590),
        Route("close", ("idea", "discovered"), ("retired",), "M16 38H6V668H270M344 38H356V668H270V624", 180, 686),
    ),
)


def pairs(table: Iterable[Step]) -> dict[tuple[str, str, str], Step]:
    """Return every (step, source, target) of the machine that a drawing shows. No query."""
    return {
        (step.name, step.source, target): step for step in table if step.name not in BESIDE for target in step.targets
    }


def draw(layout: Layout, *, here: str = "", alone: bool = False) -> SafeString:
    """Return the drawing as SVG. `here` marks a stage; `alone` makes a file of its own, with its colours inside. No query."""
    table = steps.table()
    wanted = pairs(table)
    shown = [route for route in layout.routes if route.pairs <= wanted.keys()]
    covered = set().union(*(route.pairs for route in shown))
    straight = [_straight(layout, *key) for key in wanted if key not in covered]
    arrows = format_html_join(
        "",
        "{}",
        ((_arrow(layout, route, is_decided(wanted[next(iter(route.pairs))])),) for route in (*shown, *straight)),
    )
    stages = format_html_join("", "{}", ((_node(layout, Stage(value), here == value),) for value in Stage.counted()))
    named = f"lifecycle-{layout.name}"
    return format_html(
        '<svg class="lifecycle lifecycle-{}" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc"{}>'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}'
        '<defs><marker id="{}-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="tip" d="M0 1L10 5L0 9z"/></marker></defs>'
        '<path class="frame" d="{}"/><text class="frame-words" x="{}" y="{}"{}>{}</text>{}{}</svg>',
        layout.name,
        layout.width,
        layout.height,
        named,
        named,
        _XMLNS if alone else "",
        named,
        _title(here),
        named,
        in_words(table),
        _STYLE if alone else "",
        named,
        layout.frame,
        *layout.frame_words,
        _END,
        _("In use"),
        arrows,
        stages,
    )


def _title(here: str) -> str:
    if not here:
        return _("The life of an initiative: stages and steps.")
    return _("The life of an initiative. You are here: %(stage)s.") % {"stage": Stage(here).label}


def in_words(table: Iterable[Step]) -> str:
    """Return the drawing as sentences, for those who do not see it. No query."""
    said: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for step in table:
        if step.name not in BESIDE:
            said.setdefault((step.name, step.targets), []).append(str(Stage(step.source).label))
    return " ".join(
        _("%(step)s: from %(sources)s to %(targets)s.")
        % {
            "step": str(WORDS[name]).capitalize(),
            "sources": ", ".join(sources),
            "targets": ", ".join(str(Stage(t).label) for t in targets),
        }
        for (name, targets), sources in said.items()
    )


def _node(layout: Layout, stage: Stage, here: bool) -> SafeString:
    """Return one stage: a box and its label; the one somebody stands at says so."""
    (x, y), (width, height) = layout.places[stage.value], layout.node
    note: SafeString | str = ""
    if here:
        words = '<text class="here-words" x="{}" y="{}">{}</text>'
        note = format_html(words, x + width // 2, y + height - 8, _("you are here"))
    return format_html(
        '<g class="node{}{}"><rect x="{}" y="{}" width="{}" height="{}" rx="3"/><text x="{}" y="{}">{}</text>{}</g>',
        f" node-{stage.value}",
        " here" if here else "",
        x,
        y,
        width,
        height,
        x + width // 2,
        y + height // 2 + (-2 if here else 5),
        stage.label,
        note,
    )


def _arrow(layout: Layout, route: Route, decided: bool) -> SafeString:
    """Return one arrow with its words; a diamond says that one named person decides it."""
    words = str(WORDS.get(route.step, route.step))
    return format_html(
        '<g class="way way-{}"><path d="{}" marker-end="url(#lifecycle-{}-tip)"/><text x="{}" y="{}"{}>{}{}</text></g>',
        route.step.replace("_", "-"),
        route.path,
        layout.name,
        route.x,
        route.y,
        {"start": _START, "end": _END}.get(route.anchor, ""),
        "◇ " if decided else "",
        words,
    )


def _straight(layout: Layout, step: str, source: str, target: str) -> Route:
    """Return a plain line for a step the layout does not know."""
    (x1, y1), (x2, y2), (width, height) = layout.places[source], layout.places[target], layout.node
    x1, y1, x2, y2 = x1 + width // 2, y1 + height // 2, x2 + width // 2, y2 + height // 2
    return Route(step, (source,), (target,), f"M{x1} {y1}L{x2} {y2}", (x1 + x2) // 2, (y1 + y2) // 2)


# The only markup here that is called safe without being escaped: written by hand, it holds no data.
_XMLNS = SafeString(' xmlns="http://www.w3.org/2000/svg"')
_START = SafeString(' text-anchor="start"')
_END = SafeString(' text-anchor="end"')
#: The colours of a file that stands alone, light and dark (app.css has them for pages).
_STYLE = SafeString(
    "<style>"
    ".lifecycle{--text:#1c2126;--muted:#535c65;--line:#837c6e;--ground:#f7f5f0;--box:#fff;--here:#0e566b;--stop:#b01217;background:var(--ground);font:14px ui-sans-serif,system-ui,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif}"
    "@media (prefers-color-scheme:dark){.lifecycle{--text:#ece9e2;--muted:#aeb6bc;--line:#7b8791;--ground:#13171a;--box:#1b2126;--here:#78c6d8;--stop:#ff6b60}}"
    ".lifecycle text{fill:var(--text);text-anchor:middle}.lifecycle [text-anchor=start]{text-anchor:start}.lifecycle [text-anchor=end]{text-anchor:end}"
    ".node rect{fill:var(--box);stroke:var(--text);stroke-width:1.5}.node text{font-weight:600}.node-stopped rect{stroke:var(--stop)}.node-retired rect{stroke-dasharray:4 3}"
    ".way path{fill:none;stroke:var(--line);stroke-width:1.5}.way text,.frame-words{font-size:13px;fill:var(--muted);paint-order:stroke;stroke:var(--ground);stroke-width:5px;stroke-linejoin:round}.way-stop path{stroke:var(--stop)}.tip{fill:var(--line)}.frame{fill:none;stroke:var(--line);stroke-dasharray:2 4}"
    ".here rect{stroke:var(--here);stroke-width:3}.node .here-words{fill:var(--here);font-size:12px}"
    "</style>"
)
