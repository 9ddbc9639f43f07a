"""Two fields: a key shared with another table, and a state that changes through a transition only, and stays protected whatever happens.

django-fsm-2's own protection flips a flag on the shared field while a row is refreshed: after one
refresh of a deleted row the state is assignable in the whole process. This keeps the flag on the
instance instead.
"""

from django.db import models
from django_fsm import FSMField, FSMFieldDescriptor


class StateDescriptor(FSMFieldDescriptor):
    """Refuses assignment once the instance has a state, except while that instance is being reloaded."""

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        name = self.field.name  # at hand nearly always, and asked for in every row of a list
        return instance.__dict__[name] if name in instance.__dict__ else super().__get__(instance, owner)

    def __set__(self, instance, value):
        field = self.field
        if field.protected and field.name in instance.__dict__ and not instance.__dict__.get("_reloading"):
            raise AttributeError(f"{field.name} changes through a step only, see initiatives/steps.py.")
        field.set_proxy(instance, value)
        field.set_state(instance, value)


class StateField(FSMField):
    """The field of a state machine; `protected` is kept per instance.

    A new row is saved in its first state, or in the one that a transition brought this instance to.
    """

    descriptor_class = StateDescriptor

    def change_state(self, instance, method, *args, **kwargs):
        result = super().change_state(instance, method, *args, **kwargs)
        instance.__dict__["_reached"] = str(self.get_state(instance))
        return result

    def pre_save(self, model_instance, add):
        state = super().pre_save(model_instance, add)
        fair = (str(self.get_default()), model_instance.__dict__.get("_reached"))
        if self.protected and model_instance._state.adding and str(state) not in fair:
            raise AttributeError(
                f"{self.name} of a new row is set by a step or by admission, see initiatives/steps.py."
            )
        return state


class Stateful(models.Model):
    """A model with a protected state: it can be refreshed and validated without lifting the protection."""

    class Meta:
        abstract = True

    def refresh_from_db(self, *args, **kwargs):
        self.__dict__["_reloading"] = True
        try:
            super().refresh_from_db(*args, **kwargs)
        finally:
            self.__dict__.pop("_reloading", None)

    def clean_fields(self, exclude=None):
        held = {field.name for field in self._meta.fields if isinstance(field, StateField) and field.protected}
        super().clean_fields(exclude={*(exclude or ()), *held})


class SharedKey(models.OneToOneField):
    """The primary key of a table that has one row for each row of another: on SQLite its own row number, which every index holds."""

    def db_type(self, connection):
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)
