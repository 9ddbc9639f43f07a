"""Choosing one person in a form: from a list in a small company, typed in a large one."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from governance.core.forms import came
from governance.people.models import Person

#: Up to so many people a name is chosen from a list; above, it is typed.
LISTED = 200


class TypedPerson(forms.TextInput):
    """A name or an e-mail address, typed, with a few suggestions of the browser's own."""

    template_name = "people/_typed_person.html"
    suggestions: tuple[tuple[str, str], ...] = ()

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        context["widget"]["suggestions"] = self.suggestions
        return context


class PersonField(forms.Field):
    """One active person: chosen from a list in a company of up to 200 people, typed by name or e-mail address above.

    `also` are people who may stay although they left: whoever stands there now. One query.
    """

    def __init__(self, *, suggested: Iterable[Person] = (), also: Iterable[Person | None] = (), **kwargs: Any):
        self.suggested = tuple(suggested)
        self.also = tuple(p for p in also if p is not None and not p.is_active)
        super().__init__(**{"error_messages": {"required": _("Choose one person")}, **kwargs})
        self.listed = list(Person.objects.active().select_related("unit").order_by("name", "pk")[: LISTED + 1])
        if len(self.listed) <= LISTED:
            left = [(p.pk, _("%(name)s (has left)") % {"name": p.name}) for p in self.also]
            self.widget = forms.Select(
                choices=[("", _("Choose a person")), *((p.pk, in_list(p)) for p in self.listed), *left]
            )
            self.listed += self.also
        else:
            self.listed = []
            self.widget = TypedPerson(attrs={"autocomplete": "off"})
            self.widget.suggestions = tuple((p.email, in_list(p)) for p in self.suggested)
            self.help_text = self.help_text or _("Type a name or an e-mail address.")
        self.widget.is_required = self.required

    def prepare_value(self, value: Any) -> Any:
        """Return what the control shows for a person."""
        if isinstance(value, Person):
            return value.pk if self.listed else value.email
        return value

    def to_python(self, value: Any) -> Person | None:
        """Return the person that is meant. Raises ValidationError saying who could be meant."""
        text = str(value or "").replace("\x00", "").strip()
        if not text:
            return None
        if self.listed:
            found = next((p for p in self.listed if str(p.pk) == text), None)
            if found is None:
                raise ValidationError(
                    _("“%(came)s” is nobody on the list. Choose a person from it.") % {"came": came(text)}
                )
            return found
        return next((p for p in self.also if text.casefold() in (p.email, p.name.casefold())), None) or self._typed(
            text
        )

    @staticmethod
    def _typed(text: str) -> Person:
        active = Person.objects.active().select_related("unit").order_by("name", "pk")
        if "@" in text:
            found = list(active.filter(email__iexact=text.strip("<>"))[:1])
        else:
            found = list(active.filter(name__iexact=text)[:6])
            if not found:
                wanted = Q()
                for word in text.split()[:4]:
                    wanted &= Q(name__icontains=word)
                found = list(active.filter(wanted)[:6])
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError(
                _("“%(came)s” is nobody who works here. Enter a name or an e-mail address.") % {"came": came(text)}
            )
        who = ", ".join(f"{p.name} ({p.email})" for p in found[:5])
        raise ValidationError(
            _("“%(came)s” could be several people: %(who)s. Enter the e-mail address.")
            % {"came": came(text), "who": who}
        )


def in_list(person: Person) -> str:
    """Return a person as a list names them: "Priya Nair, VP Support"."""
    return f"{person.name}, {person.title}" if person.title else person.name
