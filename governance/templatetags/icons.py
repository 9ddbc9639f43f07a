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
    "expired": _line("M4.5 2.5h7M4.5 13.5h7M5.5 2.5v2.2L8 8l2.5-3.300V2.500M5.5 13.500v-2.200L8 8l2.5 3.300v2.2"),
    "waived": _line("M2.5 6.800c1.8-1.8 3.6-1.8 5.5-.4s3.7 1.4 5.5-.4M2.5 10.800c1.8-1.8 3.6-1.8 5.5-.4s3.7 1.4 5.5-.4"),
    "not-needed": _line("M4 8h8"),
    "not-measured": _line(_RING),
    # The rail: dots are stages, diamonds are gates
    "dot": _solid("M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z"),
    "dot-open": _line(_SMALL_RING),
    "dot-here": _line(_RING) + _solid("M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6z"),
    "diamond": _solid("M8 1.500L14.5 8L8 14.500L1.5 8z"),
    "diamond-open": _line("M8 2.200L13.8 8L8 13.800L2.2 8z"),
    "square": _solid("M3 3h10v10H3z"),
    "square-open": _line("M3.5 3.500h9v9h-9z"),
    # What it may do
    "pen": _line("M3 13l.7-3L10.8 2.900l2.3 2.300L6 12.300zM9.3 4.400l2.3 2.3"),
    # What people do
    "stop": _line("M5.5 2h5L14 5.500v5L10.5 14h-5L2 10.500v-5z") + _solid("M5.8 5.800h4.400v4.400H5.800z"),
    "restart": _line("M5 3l8 5l-8 5z"),
    "pause": _line("M5.5 3.500v9M10.5 3.500v9"),
    "sign": _line("M2 13.500h12M3.5 10.500l.5-2L10.3 2.200l1.5 1.500L5.5 10z"),
    "seal": _line(_RING, "M8 5L11 8L8 11L5 8z"),
    "review": _line("M3 2.500h10v11H3zM5.5 5.500h5M5.5 8h5M5.5 10.500h3"),
    "search": _line("M7 2.500a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM10.3 10.300L14 14"),
    "plus": _line("M8 3v10M3 8h10"),
    "down": _line("M4 6l4 4l4-4"),
    "right": _line("M6 4l4 4l-4 4"),
    "left": _line("M10 4l-4 4l4 4"),
    "out": _line("M6.5 3.500h-3v9h9v-3M9 3h4v4M13 3L7.5 8.5"),
    "print": _line("M4.5 6V2.500h7V6M4.5 11.500h-2V6h11v5.500h-2M4.5 9.500h7v4h-7z"),
    "download": _line("M8 2.500v7.500M4.8 7L8 10.200L11.2 7M3 13.500h10"),
    # Things
    "person": _line("M8 2.500a2.7 2.7 0 1 0 0 5.400a2.7 2.7 0 1 0 0-5.400zM2.8 13.500c.6-2.6 2.6-3.9 5.2-3.900s4.6 1.3 5.2 3.9"),
    "clock": _line(_RING, "M8 4.800V8l2.3 1.5"),
    "calendar": _line("M2.5 4h11v9.500h-11zM2.5 7h11M5.5 2.500V5M10.5 2.500V5"),
    "mail": _line("M2 4h12v8.500H2zM2.3 4.300L8 9l5.7-4.7"),
    "lock": _line("M3.5 7.500h9v6h-9zM5.5 7.500V5.300a2.5 2.5 0 0 1 5 0v2.2"),
    "info": _line(_RING, "M8 7.300v3.5") + _solid("M8 4.600a.9.9 0 1 0 0 1.800a.9.9 0 1 0 0-1.800z"),
    "warning": _line("M8 2.300L14.5 13.500h-13zM8 6.500v3.3") + _solid("M8 10.900a.85.85 0 1 0 0 1.700a.85.85 0 1 0 0-1.700z"),
    "machine": _line("M3.5 5.500h9v7h-9zM8 5.500V3M6.3 8.500v1.200M9.7 8.500v1.200M2 8v2.500M14 8v2.5"),
    # Where you can go
    "home": _line("M2.5 7.500L8 2.800l5.5 4.700M4 6.500v7h8v-7"),
    "catalog": _line("M2.5 4h11M2.5 8h11M2.5 12h11"),
    "gate": _line("M8 2.200L13.8 8L8 13.800L2.2 8z"),
    "portfolio": _line("M2.5 13.500v-8M6.2 13.500v-11M9.8 13.500v-6M13.5 13.500v-9"),
    "help": _line(_RING, "M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.7-.8 1.2") + _solid("M8 10.3a.85.85 0 1 0 0 1.7a.85.85 0 1 0 0-1.7z"),
    "more": _solid("M3.5 6.800a1.2 1.2 0 1 0 0 2.400a1.2 1.2 0 1 0 0-2.400zM8 6.800a1.2 1.2 0 1 0 0 2.400a1.2 1.2 0 1 0 0-2.400zM12.5 6.800a1.2 1.2 0 1 0 0 2.400a1.2 1.2 0 1 0 0-2.400z"),
}  # fmt: skip
