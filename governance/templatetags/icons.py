"""Our own icons: 16 × 16, in the colour of the text (app.css: `.icon`), always beside a word that says the same.

The constants below are the only markup in Mandate that is called safe without being escaped first:
they are written here by hand and hold no data.
"""

from django.utils.safestring import SafeString

#: Between two lines of a paragraph.
BREAK = SafeString("<br>")


def _line(*paths: str) -> SafeString:
    """Return outlined paths; the outline itself is the style sheet's."""
    return SafeString(f'<path d="{"".join(paths)}"/>')


def _solid(*paths: str) -> SafeString:
    """Return filled paths."""
    return SafeString(f'<path class="s" d="{"".join(paths)}"/>')


_RING = "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z"
_SMALL_RING = "M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z"

ICONS: dict[str, SafeString] = {
    # States of a requirement: never shown without their word
    "met": _line("M3 8.5l3.2 3.2L13 4.5"),
    "unmet": _line("M4 4l8 8M12 4l-8 8"),
    "waiting": _line(_RING) + _solid("M8 4.2a3.8 3.8 0 0 1 3.8 3.8H8z"),
    "expired": _line("M4.5 2.5h7M4.5 13.5h7M5.5 2.5v2.2L8 8l2.5-3.3V2.5M5.5 13.5v-2.2L8 8l2.5 3.3v2.2"),
    "waived": _line("M2.5 6.8c1.8-1.8 3.6-1.8 5.5-.4s3.7 1.4 5.5-.4M2.5 10.8c1.8-1.8 3.6-1.8 5.5-.4s3.7 1.4 5.5-.4"),
    "not-needed": _line("M4 8h8"),
    "not-measured": _line(_RING),
    # The rail: dots are stages, diamonds are gates
    "dot": _solid("M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z"),
    "dot-open": _line(_SMALL_RING),
    "dot-here": _line(_RING) + _solid("M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6z"),
    "diamond": _solid("M8 1.5L14.5 8L8 14.5L1.5 8z"),
    "diamond-open": _line("M8 2.2L13.8 8L8 13.8L2.2 8z"),
    "square": _solid("M3 3h10v10H3z"),
    "square-open": _line("M3.5 3.5h9v9h-9z"),
    # What it may do
    "pen": _line("M3 13l.7-3L10.8 2.9l2.3 2.3L6 12.3zM9.3 4.4l2.3 2.3"),
    # What people do
    "stop": _line("M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5z") + _solid("M5.8 5.8h4.4v4.4H5.8z"),
    "restart": _line("M5 3l8 5l-8 5z"),
    "pause": _line("M5.5 3.5v9M10.5 3.5v9"),
    "sign": _line("M2 13.5h12M3.5 10.5l.5-2L10.3 2.2l1.5 1.5L5.5 10z"),
    "seal": _line(_RING, "M8 5L11 8L8 11L5 8z"),
    "review": _line("M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3"),
    "search": _line("M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM10.3 10.3L14 14"),
    "plus": _line("M8 3v10M3 8h10"),
    "down": _line("M4 6l4 4l4-4"),
    "right": _line("M6 4l4 4l-4 4"),
    "left": _line("M10 4l-4 4l4 4"),
    "out": _line("M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3L7.5 8.5"),
    "print": _line("M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z"),
    "download": _line("M8 2.5v7.5M4.8 7L8 10.2L11.2 7M3 13.5h10"),
    # Things
    "person": _line("M8 2.5a2.7 2.7 0 1 0 0 5.4a2.7 2.7 0 1 0 0-5.4zM2.8 13.5c.6-2.6 2.6-3.9 5.2-3.9s4.6 1.3 5.2 3.9"),
    "clock": _line(_RING, "M8 4.8V8l2.3 1.5"),
    "calendar": _line("M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2.5V5M10.5 2.5V5"),
    "mail": _line("M2 4h12v8.5H2zM2.3 4.3L8 9l5.7-4.7"),
    "lock": _line("M3.5 7.5h9v6h-9zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2"),
    "info": _line(_RING, "M8 7.3v3.5") + _solid("M8 4.6a.9.9 0 1 0 0 1.8a.9.9 0 1 0 0-1.8z"),
    "warning": _line("M8 2.3L14.5 13.5h-13zM8 6.5v3.3") + _solid("M8 10.9a.85.85 0 1 0 0 1.7a.85.85 0 1 0 0-1.7z"),
    "machine": _line("M2.5 3.5h11v9h-11z", "M5 6.3L6.8 8L5 9.7", "M8.3 10h2.7"),
    # Where you can go
    "home": _line("M2.5 7.5L8 2.8l5.5 4.7M4 6.5v7h8v-7"),
    "catalog": _line("M2.5 4h11M2.5 8h11M2.5 12h11"),
    "gate": _line("M8 2.2L13.8 8L8 13.8L2.2 8z"),
    "portfolio": _line("M2.5 13.5v-8M6.2 13.5v-11M9.8 13.5v-6M13.5 13.5v-9"),
    "help": _line(_RING, "M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.7-.8 1.2")
    + _solid("M8 10.3a.85.85 0 1 0 0 1.7a.85.85 0 1 0 0-1.7z"),
    "more": _solid(
        "M3.5 6.8a1.2 1.2 0 1 0 0 2.4a1.2 1.2 0 1 0 0-2.4zM8 6.8a1.2 1.2 0 1 0 0 2.4a1.2 1.2 0 1 0 0-2.4zM12.5 6.8a1.2 1.2 0 1 0 0 2.4a1.2 1.2 0 1 0 0-2.4z"
    ),
}
