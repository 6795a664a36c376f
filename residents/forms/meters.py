"""What is typed about meters: where they hang, what they show, and why one could not be read."""

import re
import unicodedata
import uuid
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from residents import rooms
from residents.models import Building, MissedReading, Reading, Resource, Unit
from servicedesk.core import photos
from servicedesk.core.choices import RowField
from servicedesk.core.forms import MomentField, PhotoField
from servicedesk.core.text import TextField

_NUMBER = re.compile(r"^[0-9]{1,9}(\.[0-9]{1,3})?$")
ANY = [("", _("any"))]
# What has to be said before a strange reading is taken, in the words of who says it.
TICKS = {
    "rolled_over": _("The dial went past its end and began anew."),
    "sure": _("I looked again: the reading is right."),
}


class NumberField(TextField):
    """A number as a dial shows it, returned as a Decimal with the decimals that were typed, or None."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"})

    def __init__(self, **kwargs):
        super().__init__(max_length=20, **kwargs)

    def clean(self, value):
        typed = re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", super().clean(value)).replace("。", "."))
        if not typed:
            return None
        if not _NUMBER.fullmatch(typed):
            raise forms.ValidationError(_("Write the number as the dial shows it, for example 1234.5."), code="number")
        return Decimal(typed)


class BuildingField(RowField):
    """A building, by name."""

    def label_from_instance(self, row):
        return row.name


class FilterForm(forms.Form):
    """Which meters a list shows."""

    STATES = [
        ("", _("in place")),
        ("missing", _("not yet entered")),
        ("odd", _("odd, not confirmed")),
        ("no_base", _("without a base reading")),
        ("removed", _("removed")),
    ]

    q = TextField(label=_("Room or number of the meter"), required=False, max_length=60)
    building = BuildingField(Building.objects.none(), label=_("Building"), required=False, empty_label=_("any"))
    resource = forms.ChoiceField(label=_("Resource"), choices=[*ANY, *Resource.choices], required=False)
    state = forms.ChoiceField(label=_("State"), choices=STATES, required=False)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["building"].queryset = community.buildings.order_by("id")

    @property
    def chosen(self):
        """What was asked for; what cannot be read asks for nothing."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}


class MeterForm(forms.Form):
    """A meter as it hangs there: in a home, or at a place of its own."""

    resource = forms.ChoiceField(label=_("Resource"), choices=Resource.choices)
    serial = TextField(label=_("Number on the meter"), max_length=40)
    room = TextField(
        label=_("Room"), max_length=60, required=False, help_text=_("For example 3-2-1201. Empty for a common meter.")
    )
    building = BuildingField(Building.objects.none(), label=_("Building of a common meter"), required=False)
    place = TextField(
        label=_("Place of a common meter"),
        max_length=80,
        required=False,
        help_text=_("For example: pump room, level -1."),
    )
    max_value = NumberField(
        label=_("Highest value on the dial"), help_text=_("With its decimals, for example 99999.99.")
    )
    multiplier = NumberField(label=_("Multiplier"), help_text=_("What one unit of the dial stands for; mostly 1."))
    route_order = forms.IntegerField(
        label=_("Place on the route"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text=_("Empty: at the end."),
    )
    base = NumberField(label=_("What it shows now"), required=False, help_text=_("Its base reading, if it is known."))

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.community = community
        self.fields["building"].queryset = community.buildings.order_by("id")
        self.initial.setdefault("multiplier", 1)

    def clean_room(self):
        return find_unit(self.community, self.cleaned_data["room"])

    def clean_multiplier(self):
        return positive(self.cleaned_data["multiplier"], below=100_000)

    def clean_max_value(self):
        return positive(self.cleaned_data["max_value"])

    def clean(self):
        cleaned = super().clean()
        if not self.has_error("room") and bool(cleaned.get("room")) == bool(cleaned.get("place")):
            self.add_error("place", _("Give the room, or the place of a common meter: one of the two."))
        if cleaned.get("room") and cleaned.get("building"):
            self.add_error("building", _("A room has its building already. Leave this empty."))
        return cleaned

    @property
    def facts(self):
        """What `actions.add_meter` takes."""
        names = ("resource", "serial", "building", "place", "max_value", "multiplier", "route_order")
        return {"unit": self.cleaned_data["room"], **{name: self.cleaned_data[name] for name in names}}


def find_unit(community, typed):
    """Return the one unit of `community` that answers to a typed room, or None for nothing. Raises ValidationError."""
    if not typed:
        return None
    found = list(Unit.objects.filter(community=community).by_room(rooms.key_of(typed)).select_related("building")[:2])
    if len(found) != 1:
        raise forms.ValidationError(
            _("Several rooms are called %(room)s. Write it with its building.")
            if found
            else _("There is no room %(room)s here. Look at it again."),
            params={"room": typed},
        )
    return found[0]


def positive(number, below=None):
    """Return `number`; raise ValidationError where it is nothing, or not `below` a limit."""
    if not number or (below and number >= below):
        raise forms.ValidationError(_("This number is not possible here. Look at it again."))
    return number


class TickedForm(forms.Form):
    """A form with a reading that may be strange: what has to be said about it is asked for only then, and kept."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in TICKS:
            if self.data.get(self.add_prefix(name)):
                self._tick(name)

    def _tick(self, name):
        widget = forms.CheckboxInput(attrs={"data-ask-again": ""})
        self.fields[name] = forms.BooleanField(label=TICKS[name], required=False, widget=widget)

    def ask(self, asked, field):
        """Show the sentence of an AskAgain beside `field`, and the box to tick under it."""
        self._tick(asked.ask)
        self.add_error(field, str(asked))

    @property
    def said(self):
        """What was said about the reading, as the action takes it."""
        return {name: bool(self.cleaned_data.get(name)) for name in TICKS}


class RouteForm(TickedForm):
    """What a meter shows, on the phone of who stands before it."""

    value = NumberField(label=_("It shows"))
    photo = PhotoField(label=_("Photo of the dial"), required=False)
    # The photo that came when the reading was asked about: kept with the meter, and taken from there.
    kept = TextField(required=False, max_length=64, widget=forms.HiddenInput)
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["photo"].widget.attrs["capture"] = "environment"
        self.initial.setdefault("submission", uuid.uuid4)

    def clean_photo(self):
        upload = self.cleaned_data["photo"]
        return photos.reencode(upload) if upload else None

    @property
    def pictures(self):
        return [self.cleaned_data["photo"]] if self.cleaned_data.get("photo") else []

    def keep(self, name):
        """Come back with the name of the stored photo, so that nobody has to take it again."""
        self.data = self.data.copy()
        self.data["kept"] = name
        self.fields["photo"].help_text = _("The photo is here already; choose one only to replace it.")


class ReadForm(RouteForm):
    """A reading that is typed in at the desk: when it was taken, of which kind, and who told it."""

    at = MomentField(label=_("Read at"), days_ahead=0)
    kind = forms.ChoiceField(label=_("Kind"))
    source = forms.ChoiceField(
        label=_("How it came"),
        choices=[(one.value, one.label) for one in (Reading.Source.DESK, Reading.Source.RESIDENT)],
    )
    field_order = ["value", "at", "kind", "source", "photo", "kept", "submission"]

    def __init__(self, *args, meter, has_base, now, **kwargs):
        super().__init__(*args, **kwargs)
        kinds = (Reading.Kind.PERIODIC, Reading.Kind.FINAL) if has_base else (Reading.Kind.BASE,)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]
        self.initial.setdefault("at", meter.community.local(now))


class ReplaceForm(TickedForm):
    """The old meter's last reading and what is known of the one that hangs there now."""

    last_value = NumberField(label=_("Last reading of the old meter"))
    serial = TextField(label=_("Number on the new meter"), max_length=40)
    first_value = NumberField(label=_("First reading of the new meter"))
    max_value = NumberField(
        label=_("Highest value on the new dial"), help_text=_("With its decimals, for example 99999.99.")
    )
    multiplier = NumberField(label=_("Multiplier"), help_text=_("What one unit of the dial stands for; mostly 1."))
    at = MomentField(label=_("Replaced at"), days_ahead=0)

    def __init__(self, *args, meter, now, **kwargs):
        super().__init__(*args, **kwargs)
        dial = f"{meter.max_value:.{meter.decimals}f}"
        for name, value in {"at": meter.community.local(now), "multiplier": 1, "max_value": dial}.items():
            self.initial.setdefault(name, value)

    def clean_multiplier(self):
        return positive(self.cleaned_data["multiplier"], below=100_000)

    def clean_max_value(self):
        return positive(self.cleaned_data["max_value"])


class RemoveForm(forms.Form):
    """Why a meter hangs there no more."""

    reason = TextField(label=_("Why it hangs there no more"), max_length=200)


class VoidForm(TickedForm):
    """Why a reading is wrong, and the right one where it is known."""

    reason = TextField(label=_("What was wrong"), max_length=200)
    value = NumberField(label=_("The right reading"), required=False, help_text=_("If it is known. Else read it anew."))


class MissedForm(forms.Form):
    """Why a meter could not be read."""

    reason = forms.ChoiceField(label=_("Why it could not be read"), choices=MissedReading.Reason.choices)
    note = TextField(label=_("A word about it"), required=False, max_length=200)
    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("submission", uuid.uuid4)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("reason") == MissedReading.Reason.OTHER and not cleaned.get("note"):
            self.add_error("note", _("Say in a word what the other reason was."))
        return cleaned


class RoundForm(forms.Form):
    """A round to open: of what, and for which month."""

    resource = forms.ChoiceField(label=_("Resource"), choices=Resource.choices)
    month = TextField(
        label=_("Month"),
        max_length=7,
        widget=forms.TextInput(attrs={"type": "month"}),
        help_text=_("For example 2026-11."),
    )

    def clean_month(self):
        return month_of(self.cleaned_data["month"])


def month_of(typed):
    """Return the first day of a month typed as `2026-11`. Raises ValidationError."""
    found = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", unicodedata.normalize("NFKC", typed))
    if not found:
        raise forms.ValidationError(_("Write the month as year and month, for example 2026-11."))
    return forms.DateField().to_python(f"{typed}-01")


class RuleForm(forms.Form):
    """When a reading is odd and asked for again."""

    outlier_factor = NumberField(label=_("Times the average from which a reading is odd"))
    looked_back = forms.IntegerField(label=_("How many readings make the average"), min_value=1, max_value=36)
    ignored_below = NumberField(label=_("Consumption below which nothing is odd"))

    def clean_outlier_factor(self):
        factor = self.cleaned_data["outlier_factor"]
        if not 1 < factor < 1000 or factor.as_tuple().exponent < -1:
            raise forms.ValidationError(_("Give a number above 1 with at most one decimal, for example 3."))
        return factor

    def clean_ignored_below(self):
        return self.cleaned_data["ignored_below"] if self.cleaned_data["ignored_below"] < 100_000 else positive(None)


class ExportForm(forms.Form):
    """Why the readings of a round leave the desk, and in which form."""

    FORMATS = [("xlsx", "Excel"), ("csv", "CSV")]

    reason = TextField(label=_("What for"), max_length=200)
    format = forms.ChoiceField(label=_("Format"), choices=FORMATS, widget=forms.RadioSelect(attrs={"class": "inline"}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("format", "xlsx")


class TableForm(forms.Form):
    """The readings of many meters in one table: `at`, and for each meter a number and what was said about it."""

    at = MomentField(label=_("Read at"), days_ahead=0)
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, meters, now, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.meters = meters
        self.initial.setdefault("at", community.local(now))
        self.initial.setdefault("token", uuid.uuid4)
        for meter in meters:
            label = f"{meter.where} {meter.serial}"
            self.fields[f"value-{meter.pk}"] = NumberField(label=label, required=False)
            for name in TICKS:
                if self.data.get(f"{name}-{meter.pk}"):
                    self._tick(name, meter)

    def _tick(self, name, meter):
        self.fields[f"{name}-{meter.pk}"] = forms.BooleanField(label=TICKS[name], required=False)

    def ask(self, asked, meter):
        """Show the sentence of an AskAgain in the row of `meter`, and the box to tick under it."""
        self._tick(asked.ask, meter)
        self.add_error(f"value-{meter.pk}", str(asked))

    def refuse(self, refused, meter):
        self.add_error(f"value-{meter.pk}", str(refused))

    def entered(self):
        """Yield (meter, value, what was said, the key of its submission) for each number that was typed."""
        for meter in self.meters:
            value = self.cleaned_data.get(f"value-{meter.pk}")
            if value is not None:
                said = {name: bool(self.cleaned_data.get(f"{name}-{meter.pk}")) for name in TICKS}
                yield meter, value, said, uuid.uuid5(self.cleaned_data["token"], str(meter.pk))

    def rows(self):
        """Return (meter, its bound number, its bound boxes) for the page."""
        return [
            (
                meter,
                self[f"value-{meter.pk}"],
                [self[f"{name}-{meter.pk}"] for name in TICKS if f"{name}-{meter.pk}" in self.fields],
            )
            for meter in self.meters
        ]
