"""What is typed at a move in or out: the appointment, each task of the ring, the end of it, and the defects."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from residents import ring
from residents.fee_start import fees_start_on
from residents.forms.meters import NumberField
from residents.models import Defect, Document, Handover, HandoverItem, KeySet, Occupancy, Person
from residents.models.key_moves import Proof
from servicedesk.core import photos
from servicedesk.core.choices import RowField, RowsField
from servicedesk.core.forms import MomentField, NearDayField, PhotoField
from servicedesk.core.text import PhoneField, TextField

INLINE = {"class": "inline"}


def picture_of(form, name):
    """Return [Picture] of a photo field, [] where none was chosen; what is wrong with it is said at the field."""
    upload = form.files.get(form.add_prefix(name))
    if upload is None:
        return []
    try:
        return [photos.reencode(upload)]
    except forms.ValidationError as error:
        form.add_error(name, error)
        return []


class AppointmentForm(forms.Form):
    """When somebody comes."""

    booked_for = MomentField(label=_("Appointment"))


class MoveInForm(AppointmentForm):
    """Who moves into a home, in what capacity, and from which day."""

    person = RowField(
        Person.objects.none(), label=_("Who moves in"), required=False, empty_label=_("somebody new to the register")
    )
    name = TextField(label=_("Name"), required=False, max_length=120, help_text=_("Of somebody new."))
    phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    capacity = forms.ChoiceField(
        label=_("Moves in as"),
        choices=[(kind, kind.label) for kind in ring.HEADS],
        widget=forms.RadioSelect(attrs=INLINE),
        initial=Occupancy.Kind.OWNER,
    )
    moves_on = NearDayField(label=_("First day in the home"))

    field_order = ("person", "name", "phone", "capacity", "booked_for", "moves_on")

    def __init__(self, *args, unit, now, **kwargs):
        super().__init__(*args, **kwargs)
        here = Occupancy.objects.in_force().known().filter(unit=unit).values("person")
        self.fields["person"].queryset = Person.objects.known().filter(community=unit.community_id, pk__in=here)
        local = unit.community.local(now)
        self.initial.setdefault("booked_for", local)
        self.initial.setdefault("moves_on", local.date())

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("person") and not cleaned.get("name"):
            self.add_error("name", _("Choose who moves in, or write the name."))
        return cleaned


class MoveOutForm(AppointmentForm):
    """Who moves out of a home, and which day is the last."""

    occupancy = RowField(Occupancy.objects.none(), label=_("Who moves out"))
    moves_on = NearDayField(label=_("Last day in the home"))

    field_order = ("occupancy", "booked_for", "moves_on")

    def __init__(self, *args, unit, now, **kwargs):
        super().__init__(*args, **kwargs)
        local = unit.community.local(now)
        rows = Occupancy.objects.on(local.date()).known().filter(unit=unit).with_people().order_by("kind", "id")
        self.fields["occupancy"].queryset = rows
        self.fields["occupancy"].label_from_instance = lambda row: f"{row.person} {row.get_kind_display()}"
        self.initial.setdefault("booked_for", local)
        self.initial.setdefault("moves_on", local.date())


# Tasks ----------------------------------------------------------------------------------------------------------------


class TaskForm(forms.Form):
    """What is typed in one task of a move. By itself it asks nothing."""

    def __init__(self, *args, handover, now, **kwargs):
        self.handover, self.now = handover, now
        super().__init__(*args, **kwargs)
        self.lay_out()

    def lay_out(self):
        """Add the fields that depend on the move."""


class PapersForm(TaskForm):
    """Which papers were shown; the identity paper is looked at, and its number is not kept here."""

    def lay_out(self):
        for row in self.handover.documents.all():
            self.fields[f"paper_{row.kind}"] = forms.ChoiceField(
                label=row.get_kind_display(),
                choices=Document.State.choices,
                initial=row.state,
                widget=forms.RadioSelect(attrs=INLINE),
            )

    @property
    def states(self):
        return {name.removeprefix("paper_"): state for name, state in self.cleaned_data.items()}


class AgreementsForm(TaskForm):
    """Which agreements were signed, and when."""

    def lay_out(self):
        # They are mostly signed together at the desk: one tick gives all of them the day.
        self.fields["today"] = forms.BooleanField(label=_("All signed today"), required=False)
        for row in self.handover.agreements.all():
            self.fields[f"day_{row.kind}"] = NearDayField(
                label=row.get_kind_display(),
                required=False,
                initial=row.signed_on,
                help_text=_("Day of signing; empty if it is not signed yet."),
            )
            self.fields[f"not_{row.kind}"] = forms.BooleanField(
                label=_("Not signed here"), required=False, initial=not row.is_needed
            )

    def clean(self):
        cleaned = super().clean()
        today = self.handover.community.local(self.now).date() if cleaned.get("today") else None
        for kind in self._kinds:
            if cleaned.get(f"not_{kind}"):
                # What is not signed here has no day, whatever stands there.
                self.errors.pop(f"day_{kind}", None)
                cleaned[f"day_{kind}"] = None
            elif f"day_{kind}" not in self.errors:
                cleaned[f"day_{kind}"] = cleaned[f"day_{kind}"] or today
        return cleaned

    @property
    def _kinds(self):
        return [name.removeprefix("day_") for name in self.fields if name.startswith("day_")]

    @property
    def signed(self):
        cleaned = self.cleaned_data
        return {kind: False if cleaned[f"not_{kind}"] else cleaned[f"day_{kind}"] for kind in self._kinds}

    def rows(self):
        """Return pairs of bound fields, the day and the tick, for the page."""
        return [(self[name], self[f"not_{name.removeprefix('day_')}"]) for name in self.fields if name[:4] == "day_"]


class PromisedDayField(NearDayField):
    """The day by which a defect is mended: none that is over. The form that has it sets `today`."""

    today = None

    def validate(self, value):
        super().validate(value)
        if value and self.today and value < self.today:
            raise forms.ValidationError(_("Promise today or a later day."), code="over")


class FacilitiesForm(TaskForm):
    """The facility sheet: a result for each line, a word on what is not in order, and the day by which it is mended:
    by the desk, which promises it, for what is found now."""

    may_promise = False

    RESULTS = [choice for choice in HandoverItem.Result.choices if choice[0]]

    def lay_out(self):
        self.lines = list(self.handover.items.all())
        for line in self.lines:
            self.fields[f"result_{line.pk}"] = forms.ChoiceField(
                label=line.name,
                choices=self.RESULTS,
                required=False,
                initial=line.result,
                widget=forms.RadioSelect(attrs=INLINE),
            )
            self.fields[f"note_{line.pk}"] = TextField(
                label=_("What is wrong"),
                required=False,
                initial=line.note,
                max_length=100,
                widget=forms.TextInput(attrs={"placeholder": _("What is wrong"), "autocomplete": "off"}),
            )
        if self.may_promise:
            self._ask_for_days()

    def _ask_for_days(self):
        # What was noted before has its own page, where its photos go to the job with it.
        noted = set(Defect.objects.open().filter(handover=self.handover).values_list("item", flat=True))
        for line in self.lines:
            if line.pk not in noted:
                field = PromisedDayField(label=_("Mended by"), required=False)
                field.today = self.handover.community.local(self.now).date()
                self.fields[f"mended_{line.pk}"] = field

    def clean(self):
        cleaned = super().clean()
        for line in self.lines:
            is_defect = cleaned.get(f"result_{line.pk}") == HandoverItem.Result.DEFECT
            if is_defect and not cleaned.get(f"note_{line.pk}") and f"note_{line.pk}" not in self.errors:
                self.add_error(f"note_{line.pk}", _("%(line)s: write what is wrong with it.") % {"line": line})
        return cleaned

    @property
    def results(self):
        return {
            line.pk: (self.cleaned_data[f"result_{line.pk}"], self.cleaned_data[f"note_{line.pk}"])
            for line in self.lines
        }

    @property
    def promised(self):
        cleaned = self.cleaned_data
        return {
            line.pk: cleaned[f"mended_{line.pk}"]
            for line in self.lines
            if cleaned[f"result_{line.pk}"] == HandoverItem.Result.DEFECT and cleaned.get(f"mended_{line.pk}")
        }

    def rooms(self):
        """Return [(place, [(line, result field, note field, day field or None)])] for the page."""
        rooms = {}
        for line in self.lines:
            day = f"mended_{line.pk}"
            fields = (
                line,
                self[f"result_{line.pk}"],
                self[f"note_{line.pk}"],
                self[day] if day in self.fields else None,
            )
            rooms.setdefault(line.room, []).append(fields)
        return list(rooms.items())


class PromisedFacilitiesForm(FacilitiesForm):
    may_promise = True


class KeysForm(TaskForm):
    """Which keys are given, how many, and for somebody else than the owner: what was shown and said."""

    key_set = RowField(
        KeySet.objects.none(), label=_("Keys in the cabinet"), required=False, empty_label=_("keys new to the register")
    )
    tag = TextField(label=_("Tag of the new keys"), required=False, max_length=30)
    what = TextField(label=_("What they open"), required=False, max_length=120)
    copies = forms.IntegerField(label=_("Number of keys"), min_value=1, max_value=99, initial=1)
    proof = forms.ChoiceField(
        label=_("Shown"), choices=Proof.choices, required=False, widget=forms.RadioSelect(attrs=INLINE)
    )
    owner_called = forms.BooleanField(label=_("The owner was called and agrees"), required=False)
    owner_said = TextField(label=_("What the owner said"), required=False, max_length=300)

    def lay_out(self):
        rows = KeySet.objects.filter(unit=self.handover.unit_id, in_cabinet__gt=0)
        self.fields["key_set"].queryset = rows
        self.fields["key_set"].label_from_instance = lambda row: f"{row.tag} {row.what} × {row.in_cabinet}"
        if self.handover.capacity == Occupancy.Kind.OWNER:
            for name in ("proof", "owner_called", "owner_said"):
                del self.fields[name]

    def clean(self):
        cleaned = super().clean()
        if not self.errors and bool(cleaned.get("key_set")) == bool(cleaned.get("tag")):
            self.add_error("tag", _("Choose keys from the cabinet, or give new keys a tag: one of the two."))
        return cleaned


class MetersForm(TaskForm):
    """What each meter of the home shows, with a photo; those that are read are not asked for again."""

    def lay_out(self):
        self.meters = [meter for meter in ring.meters_of(self.handover) if not meter.is_read]
        self.asked = {}
        for meter in self.meters:
            self.fields[f"value_{meter.pk}"] = NumberField(label=_("Reading"), required=False)
            self.fields[f"photo_{meter.pk}"] = PhotoField(label=_("Photo"), required=False)
            self.fields[f"sure_{meter.pk}"] = forms.BooleanField(label=_("I looked again: it is right"), required=False)
            self.fields[f"rolled_over_{meter.pk}"] = forms.BooleanField(
                label=_("The dial went past its end and began anew"), required=False
            )

    def clean(self):
        self.pictures = {meter.pk: picture_of(self, f"photo_{meter.pk}") for meter in self.meters}
        return super().clean()

    def readings(self):
        """Return (meter, facts, [Picture]) of each meter that a value was typed for."""
        cleaned = self.cleaned_data
        return [
            (
                meter,
                {
                    "value": cleaned[f"value_{meter.pk}"],
                    "sure": cleaned[f"sure_{meter.pk}"],
                    "rolled_over": cleaned[f"rolled_over_{meter.pk}"],
                },
                self.pictures[meter.pk],
            )
            for meter in self.meters
            if cleaned.get(f"value_{meter.pk}") is not None
        ]

    def ask(self, meter, refused, what=""):
        """Say at a meter why its reading was not taken, and ask for the tick `what` where that would do."""
        self.add_error(f"value_{meter.pk}", str(refused))
        if what:
            self.asked[meter.pk] = what

    def rows(self):
        """Return (meter, value field, photo field, tick that is asked for or None) for the page."""
        return [
            (
                meter,
                self[f"value_{meter.pk}"],
                self[f"photo_{meter.pk}"],
                self[f"{self.asked[meter.pk]}_{meter.pk}"] if meter.pk in self.asked else None,
            )
            for meter in self.meters
        ]


class CardsForm(TaskForm):
    """A card for whoever moves in."""

    number = TextField(label=_("Number of the card"), max_length=30)
    valid_to = NearDayField(label=_("Valid to"), required=False, help_text=_("Empty: as long as they live here."))


class FeesForm(TaskForm):
    """From when fees are counted."""

    rule = forms.ChoiceField(label=_("Fees begin"), choices=(), widget=forms.RadioSelect)
    told = forms.BooleanField(label=_("Prices, periods and the ways to pay were explained"))

    def lay_out(self):
        day = self.handover.moves_on
        self.fields["rule"].choices = [
            (rule, f"{label}: {fees_start_on(rule, day)}") for rule, label in Handover.FeeStart.choices
        ]
        self.initial.setdefault("rule", self.handover.fee_start_rule or Handover.FeeStart.NEXT_MONTH)


class NoticesForm(TaskForm):
    """The handbook and what has to be told."""

    given = forms.BooleanField(label=_("The handbook was handed over, and its receipt is signed"))
    note = TextField(label=_("Note"), required=False, max_length=300)


class KeysBackForm(TaskForm):
    """What came back of the keys that those who leave have."""

    def lay_out(self):
        self.issues = list(ring.keys_out(self.handover).with_people())
        for issue in self.issues:
            for name, label, initial in (("back", pgettext_lazy("keys", "Back"), issue.left), ("lost", _("Lost"), 0)):
                self.fields[f"{name}_{issue.pk}"] = forms.IntegerField(
                    label=label, min_value=0, max_value=issue.left, initial=initial
                )
        if self.issues:
            self.fields["measure"] = TextField(
                label=_("What is done about lost keys"),
                required=False,
                max_length=300,
                help_text=_("Such as a new lock."),
            )

    def clean(self):
        cleaned = super().clean()
        for issue in self.issues:
            back, lost = cleaned.get(f"back_{issue.pk}") or 0, cleaned.get(f"lost_{issue.pk}") or 0
            if back + lost > issue.left:
                self.add_error(
                    f"back_{issue.pk}",
                    _("Only %(left)s of these are outside. Look at the numbers.") % {"left": issue.left},
                )
            if lost and not cleaned.get("measure") and "measure" not in self.errors:
                self.add_error("measure", _("Write what is done about the keys that are lost."))
        return cleaned

    @property
    def facts(self):
        cleaned = self.cleaned_data
        return {
            "returned": {issue.pk: cleaned[f"back_{issue.pk}"] for issue in self.issues},
            "lost": {issue.pk: cleaned[f"lost_{issue.pk}"] for issue in self.issues},
            "measure": cleaned.get("measure", ""),
        }

    def rows(self):
        return [(issue, self[f"back_{issue.pk}"], self[f"lost_{issue.pk}"]) for issue in self.issues]


class CardsBackForm(TaskForm):
    """What became of the cards of those who leave."""

    CHOICES = [("back", _("handed back")), ("lost", _("lost")), ("", pgettext_lazy("card", "not yet"))]

    def lay_out(self):
        self.cards = list(ring.cards_out(self.handover).with_people())
        for card in self.cards:
            self.fields[f"card_{card.pk}"] = forms.ChoiceField(
                label=f"{card.number} {card.person}",
                choices=self.CHOICES,
                required=False,
                initial="back",
                widget=forms.RadioSelect(attrs=INLINE),
            )

    @property
    def facts(self):
        chosen = {card: self.cleaned_data[f"card_{card.pk}"] for card in self.cards}
        return {
            "returned": [card for card, what in chosen.items() if what == "back"],
            "lost": [card for card, what in chosen.items() if what == "lost"],
        }


class OccupancyForm(TaskForm):
    """The last day, and who goes along."""

    moves_on = NearDayField(label=_("Last day in the home"))
    companions = RowsField(
        Occupancy.objects.none(), label=_("Who moves out, too"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def lay_out(self):
        rows = ring.may_leave_with(self.handover.occupancy, self.handover.moves_on)
        self.fields["companions"].queryset = rows
        self.fields["companions"].label_from_instance = lambda row: f"{row.person} {row.get_kind_display()}"
        self.initial.setdefault("moves_on", self.handover.moves_on)
        self.initial.setdefault("companions", [row.pk for row in self.handover.companions.all()])


# The end of it --------------------------------------------------------------------------------------------------------


class ReasonForm(forms.Form):
    reason = TextField(label=_("Reason"), max_length=300)


class CompleteForm(forms.Form):
    """Who signed for the resident, and how."""

    signed_name = TextField(label=_("Signed by"), max_length=60)
    photo = PhotoField(label=_("Photo of the signed sheet"), required=False)

    def clean(self):
        self.pictures = picture_of(self, "photo")
        return super().clean()

    @property
    def signed_how(self):
        return Handover.Signed.PHOTO if self.pictures else Handover.Signed.PAPER


# Defects --------------------------------------------------------------------------------------------------------------


class DefectForm(forms.Form):
    """A defect that stands on no line of the sheet."""

    text = TextField(label=_("Defect"), max_length=200, help_text=_("Where it is, and what is wrong."))
    photo = PhotoField(label=_("Photo"), required=False)

    def clean(self):
        self.pictures = picture_of(self, "photo")
        return super().clean()


class PromisedDefectForm(DefectForm):
    """The same at the desk, which promises the day at once where it is known."""

    promised_on = PromisedDayField(
        label=_("Mended by"), required=False, help_text=_("With a day it becomes a case at once.")
    )

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["promised_on"].today = today


class DefectPhotoForm(forms.Form):
    photo = PhotoField(label=_("Photo"))

    def clean(self):
        self.pictures = picture_of(self, "photo")
        return super().clean()


class PromiseForm(forms.Form):
    """By which day a defect is mended."""

    promised_on = NearDayField(label=_("Mended by"))


class InspectForm(forms.Form):
    """What a re-inspection found."""

    GOOD, BAD = "good", "bad"
    result = forms.ChoiceField(
        label=_("Re-inspection"),
        choices=[(GOOD, pgettext_lazy("re-inspection", "accepted")), (BAD, _("not accepted"))],
        widget=forms.RadioSelect(attrs=INLINE),
    )
    note = TextField(label=_("What was found"), required=False, max_length=300)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("result") == self.BAD and not cleaned.get("note") and "note" not in self.errors:
            self.add_error("note", _("Write what is still wrong."))
        return cleaned


class FacilityForm(forms.Form):
    """A line of the facility sheet of a community."""

    room = TextField(label=_("Place"), max_length=20)
    name = TextField(label=_("Facility"), max_length=40)
