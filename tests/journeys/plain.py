"""A visitor without JavaScript, through Django's client."""

from django.test import Client

from tests.web import Browser, Form


class Plain:
    """A visitor without JavaScript: the same links and forms, sent by Django's client."""

    def __init__(self):
        self.browser = Browser(Client())

    @property
    def words(self) -> str:
        return self.browser.page.words

    @property
    def path(self) -> str:
        return self.browser.page.url

    def open(self, path: str) -> None:
        self.browser.get(path)
        assert self.browser.status == 200, f"{path} answered {self.browser.status}: {self.words[:600]}"

    def click(self, link: str) -> None:
        self.open(self.browser.page.link(link))

    def press(self, button: str, **fields: str) -> None:
        form, pressed = self._form(button)
        given = {**fields, **({pressed.name: pressed.value} if pressed.name else {})}
        self.browser.send(form, **given)
        assert self.browser.status == 200, (
            f"“{button}” on {form.action} answered {self.browser.status}: {self.words[:1500]}"
        )

    def _form(self, button: str) -> tuple[Form, object]:
        html = self.browser.page
        for form in html.forms:
            for control in form.controls:
                if control.kind == "submit" and html.button_words.get(id(control), "").strip().casefold().startswith(
                    button.casefold()
                ):
                    return form, control
        raise AssertionError(
            f"No button “{button}” on {html.url}. There are: {sorted(set(html.button_words.values()))}"
        )
