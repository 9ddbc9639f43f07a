"""A reader of our own pages for tests: what a person without JavaScript can see, fill in and send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Control:
    """One field of a form."""

    name: str
    kind: str
    value: str = ""
    checked: bool = False
    options: list[tuple[str, str, bool]] = field(default_factory=list)
    id: str = ""
    attrs: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Form:
    """One form as it stands on the page."""

    method: str
    action: str
    controls: list[Control] = field(default_factory=list)
    attrs: dict[str, str | None] = field(default_factory=dict)

    def data(self, **given: str | list[str]) -> dict[str, str | list[str]]:
        """Return what the browser would send as it stands, with `given` filled in; buttons only where given."""
        out: dict[str, str | list[str]] = {}
        for c in self.controls:
            if not c.name or c.kind in ("submit", "button", "reset", "image", "file"):
                continue
            if c.kind in ("radio", "checkbox"):
                if c.checked:
                    out[c.name] = c.value if "value" in c.attrs else "on"
            elif c.kind == "select":
                chosen = [value for value, _text, on in c.options if on]
                if chosen or c.options:
                    out[c.name] = chosen[0] if chosen else c.options[0][0]
            else:
                out[c.name] = c.value
        for name, value in given.items():
            if name not in {c.name for c in self.controls}:
                raise AssertionError(
                    f"The form has no field {name!r}; it has {sorted({c.name for c in self.controls if c.name})}."
                )
            out[name] = value
        return out

    @property
    def names(self) -> set[str]:
        """Return the names of its fields and buttons."""
        return {c.name for c in self.controls if c.name}


class Page(HTMLParser):
    """One page, read when it is first asked what it says: title, headings, links, forms, labels, ids, words."""

    def __init__(self, html: str, url: str):
        self.url, self.html = url, html

    def __getattr__(self, name: str):
        if "title" in self.__dict__:
            raise AttributeError(name)
        self._read()
        return getattr(self, name)

    def _read(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title, self.h1 = "", []
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self.loose: list[Control] = []
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._select: Control | None = None
        self._option: tuple[str, bool] | None = None
        self._area: Control | None = None
        self._labelled: set[int] = set()
        self.button_words: dict[int, str] = {}
        self._button: int | None = None
        self._in_label = 0
        self._catch: list[list] = []
        self.feed(self.html)
        for control in [c for c in self.loose if c.attrs.get("form") in self._by_id]:  # before its form on the page
            self.loose.remove(control)
            self._by_id[control.attrs["form"] or ""].controls.append(control)

    # What tests ask

    @property
    def words(self) -> str:
        """Return what one reads, spaces folded."""
        return " ".join(" ".join(self._text).split())

    def form(self, *, action: str = "", having: str = "") -> Form:
        """Return the one form whose action ends so, or that has a field of this name."""
        found = [
            f
            for f in self.forms
            if (not action or urlsplit(f.action).path.endswith(action)) and (not having or having in f.names)
        ]
        if not found:
            raise AssertionError(
                f"No form {action or having!r} on {self.url}. There are: {[(f.method, f.action, sorted(f.names)) for f in self.forms]}"
            )
        return found[0]

    def link(self, text: str) -> str:
        """Return the address of the first link whose words contain `text`."""
        for href, words in self.links:
            if text in words:
                return urljoin(self.url, href)
        raise AssertionError(f"No link {text!r} on {self.url}. There are: {self.links}")

    def unlabelled(self) -> list[str]:
        """Return the fields nobody has put a name to."""
        out = []
        for control in [*self.loose, *(c for f in self.forms for c in f.controls)]:
            if control.kind in ("hidden", "submit", "button", "reset"):
                continue
            named = (
                control.attrs.get("aria-label")
                or control.attrs.get("aria-labelledby")
                or control.attrs.get("title")
                or control.id in self.labels
                or id(control) in self._labelled
            )
            if not named:
                out.append(control.name or control.id or control.kind)
        return out

    # Parsing

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if given.get("id"):
            self.ids.append(given["id"])
        if tag not in VOID:
            self._open.append(tag)
        if tag == "label":
            self._in_label += 1
            if given.get("for"):
                self.labels.add(given["for"])
        elif tag == "a" and given.get("href") is not None:
            self._catch.append(["a", given["href"], []])
        elif tag in ("h1", "title"):
            self._catch.append([tag, "", []])
        elif tag == "form":
            self._form = Form(
                (given.get("method") or "get").lower(), urljoin(self.url, given.get("action") or ""), attrs=given
            )
            self.forms.append(self._form)
            if given.get("id"):
                self._by_id[given["id"]] = self._form
        elif tag in ("input", "button", "select", "textarea"):
            kind = {
                "input": given.get("type") or "text",
                "button": given.get("type") or "submit",
                "select": "select",
                "textarea": "textarea",
            }[tag]
            control = Control(
                given.get("name") or "",
                kind,
                given.get("value") or "",
                "checked" in given,
                id=given.get("id") or "",
                attrs=given,
            )
            if self._in_label:
                self._labelled.add(id(control))
            owner = self._by_id.get(given.get("form") or "", self._form)
            (owner.controls if owner else self.loose).append(control)
            if tag == "button":
                self._button = id(control)
                self.button_words[id(control)] = ""
            self._select = control if tag == "select" else self._select
            self._area = control if tag == "textarea" else self._area
        elif tag == "option":
            self._option = (given.get("value") or "", "selected" in given)

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open and self._open.pop() != tag:
                pass
        if tag == "button":
            self._button = None
        if tag == "label":
            self._in_label -= 1
        elif tag in ("a", "h1", "title") and any(c[0] == tag for c in self._catch):
            while True:
                kind, href, text = self._catch.pop()
                words = " ".join("".join(text).split())
                if kind == "a":
                    self.links.append((href, words))
                elif kind == "h1":
                    self.h1.append(words)
                else:
                    self.title = words
                if kind == tag:
                    break
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data):
        for catch in self._catch:
            catch[2].append(data)
        if self._button is not None:
            self.button_words[self._button] += data
        if self._option is not None and self._select is not None and data.strip():
            self._select.options.append((self._option[0], data.strip(), self._option[1]))
            self._option = None
        if self._area is not None:
            # A browser leaves out the line break that opens a text area.
            self._area.value += data.removeprefix("\n") if not self._area.value else data
        if not {"script", "style", "title"} & set(self._open):
            self._text.append(data)


class Browser:
    """One person at one browser, on Django's test client: follows links, fills in forms, keeps the last page."""

    def __init__(self, client):
        self.client, self.page, self.status = client, None, 0

    def get(self, url: str):
        """Open an address, following redirects."""
        return self._keep(self.client.get(url, follow=True), url)

    def send(self, form: Form, **given):
        """Send a form with `given` filled in, following the redirect."""
        data = form.data(**given)
        if form.method == "get":
            return self._keep(self.client.get(form.action, data, follow=True), form.action)
        return self._keep(self.client.post(form.action, data, follow=True), form.action)

    def _keep(self, response, url: str):
        self.status = response.status_code
        if getattr(response, "redirect_chain", None):
            url = urljoin(url, response.redirect_chain[-1][0])
        kind = response.headers.get("Content-Type", "")
        self.response = response
        self.page = Page(response.content.decode() if "html" in kind else "", url)
        return self.page
