"""Fields of the register's forms: a room as it is spoken, a day of long ago, words without identity numbers."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from residents.models import Unit
from residents.models.occupancies import DAYS_AHEAD, is_day_of_a_life
from residents.rooms import key_of
from servicedesk.core import clock
from servicedesk.core.forms import FAR_AWAY
from servicedesk.core.masking import has_identity_number
from servicedesk.core.text import TextField

NO_NUMBER = _("An identity number does not belong in the text. Please take it out.")


class PlainField(TextField):
    """Words in which no identity number may stand: it has a place of its own, where it is encrypted."""

    def clean(self, value):
        value = super().clean(value)
        if has_identity_number(value):
            raise ValidationError(NO_NUMBER, code="identity_number")
        return value


class SubmissionField(forms.UUIDField):
    """The key of a form, new with each page: what was made with it once is not made again."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs):
        super().__init__(**{"required": False, "initial": uuid.uuid4, **kwargs})


def renew(form):
    """Give a form that comes back refused a new key, so that it can be sent again as something else."""
    form.data = form.data.copy()
    form.data["submission"] = uuid.uuid4()


class LifeDayField(forms.DateField):
    """A day on which somebody may have come or gone: from 1949 to two years from now, or to `days_ahead`."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, *, days_ahead=DAYS_AHEAD, **kwargs):
        super().__init__(**kwargs)
        self.days_ahead = days_ahead

    def validate(self, value):
        super().validate(value)
        today = clock.now().date()
        if value not in self.empty_values and not is_day_of_a_life(value, today, self.days_ahead):
            raise ValidationError(FAR_AWAY, code="far_away")


class RoomField(TextField):
    """One unit by its room as it is spoken or written; set `community` before it is used."""

    community = None

    def clean(self, value):
        typed = super().clean(value)
        if not typed:
            return None
        units = list(Unit.objects.filter(community=self.community).by_room(key_of(typed)).order_by("label")[:6])
        exact = [unit for unit in units if unit.label == typed]
        if len(exact or units) == 1:
            return (exact or units)[0]
        if not units:
            raise ValidationError(_("There is no room %(room)s here. Look at it again."), params={"room": typed})
        rooms = ", ".join(unit.label for unit in units[:5])
        raise ValidationError(
            _("Several rooms answer to %(room)s: %(rooms)s. Write it whole."), params={"room": typed, "rooms": rooms}
        )
