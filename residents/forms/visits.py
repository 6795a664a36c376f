"""What is typed about home visits: a plan, an appointment, what came of a visit, the answer to a need."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from residents.models import Building, HomeVisit, Occupancy, Person
from servicedesk.core.choices import RowField, RowsField
from servicedesk.core.forms import NearDayField, PictureField
from servicedesk.core.models import Department, Role, User
from servicedesk.core.text import TextField

MOST_NEEDS = 3
OUTCOMES = [(status.value, status.label) for status in HomeVisit.MADE]
GOERS = (Role.CLERK, Role.SUPERVISOR, Role.HEAD, Role.WORKER)


def people_who_go(community):
    """Return who may be sent on visits in `community`. Nothing is read yet."""
    held = {"memberships__community": community, "memberships__role__in": GOERS, "memberships__is_active": True}
    return User.objects.filter(is_active=True, **held).distinct().order_by("name")


class PlanForm(forms.Form):
    """A plan: its days, its target, its buildings, and who goes."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)
    name = TextField(label=_("Title"), max_length=80)
    starts_on = NearDayField(label=_("First day"))
    ends_on = NearDayField(label=_("Last day"))
    target = forms.IntegerField(
        label=_("Target in percent of the homes"),
        min_value=1,
        max_value=100,
        initial=70,
        help_text=_("70 is what the three-star standard of the trade asks for."),
    )
    buildings = RowsField(
        Building.objects.none(),
        label=_("Buildings"),
        help_text=_("None ticked means all of them."),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline"}),
    )
    staff = RowsField(
        User.objects.none(),
        label=_("Who goes"),
        help_text=_("The desk may visit any home; others only those of their plans."),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline"}),
    )

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["buildings"].queryset = Building.objects.filter(community=community)
        self.fields["staff"].queryset = people_who_go(community)

    def clean(self):
        cleaned = super().clean()
        starts, ends = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("The last day must not come before the first."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class AppointmentForm(forms.Form):
    """A day on which a home is to be visited, and by whom."""

    room = TextField(label=_("Room"), max_length=100, help_text=_("For example 3-2-1201."))
    on = NearDayField(label=_("Day"))
    assigned_to = RowField(User.objects.none(), label=_("Who goes"), required=False, empty_label=_("whoever goes"))

    def __init__(self, *args, community, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["assigned_to"].queryset = people_who_go(community)

    def clean_on(self):
        if self.cleaned_data["on"] < self.today:
            raise forms.ValidationError(_("This day is over. Choose today or a later day."))
        return self.cleaned_data["on"]


class VisitForm(forms.Form):
    """What came of going to a home: who was met, what they said and what they asked for; or that nobody was there."""

    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)
    outcome = forms.ChoiceField(label=_("Outcome of the visit"), choices=OUTCOMES, widget=forms.RadioSelect)
    person = RowField(
        Person.objects.none(),
        label=_("Whom you met"),
        required=False,
        blank=True,
        empty_label=_("somebody else"),
        widget=forms.RadioSelect,
    )
    met_name = TextField(label=_("Somebody else: their name"), required=False, max_length=120)
    notes = TextField(
        label=_("Notes of the visit"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    card_left = forms.BooleanField(label=_("A card was left"), required=False)
    retry_on = NearDayField(label=_("Try again on"), required=False)
    photo = PictureField(label=_("Photo"), required=False)

    def __init__(self, *args, unit, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        living = Occupancy.objects.on(today).known().filter(unit=unit)
        people = Person.objects.filter(kind=Person.Kind.PERSON)
        self.fields["person"].queryset = people.filter(pk__in=living.values("person")).order_by("id")
        departments = Department.objects.filter(community=unit.community_id, is_active=True)
        for n in range(1, MOST_NEEDS + 1):
            self.fields[f"need{n}"] = TextField(
                label=_("What they ask for, %(n)s") % {"n": n}, required=False, max_length=500
            )
            self.fields[f"department{n}"] = RowField(departments, label=_("Of which department"), required=False)
        self.initial.setdefault("submission", uuid.uuid4())

    @property
    def need_rows(self):
        """The pairs of fields for what was asked for."""
        return [(self[f"need{n}"], self[f"department{n}"]) for n in range(1, MOST_NEEDS + 1)]

    def clean_retry_on(self):
        day = self.cleaned_data["retry_on"]
        if day and day < self.today:
            raise forms.ValidationError(_("This day is over. Choose today or a later day."))
        return day

    def clean(self):
        cleaned = super().clean()
        outcome = cleaned.get("outcome")
        is_met = outcome == HomeVisit.Status.DONE
        if is_met and not self.has_error("person") and not cleaned.get("person") and not cleaned.get("met_name"):
            self.add_error("met_name", _("Say whom you met."))
        asked = False
        for n in range(1, MOST_NEEDS + 1):
            text, department = cleaned.get(f"need{n}"), cleaned.get(f"department{n}")
            asked = asked or bool(text)
            if text and not department and not self.has_error(f"department{n}"):
                self.add_error(f"department{n}", _("Say which department this is for."))
        if outcome and not is_met and asked:
            self.add_error("outcome", _("You wrote down what they ask for: then somebody was met. Choose “visited”."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it, but for the photo."""
        cleaned = self.cleaned_data
        needs = [(cleaned[f"need{n}"], cleaned[f"department{n}"]) for n in range(1, MOST_NEEDS + 1)]
        plain = ("submission", "outcome", "person", "met_name", "notes", "card_left", "retry_on")
        return {name: cleaned[name] for name in plain} | {"needs": [(text, of) for text, of in needs if text]}

    @property
    def pictures(self):
        photo = self.cleaned_data.get("photo")
        return [photo] if photo else []


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = TextField(label=_("Reason"), max_length=300)


class AnswerForm(forms.Form):
    """What the resident was told about what they had asked for."""

    answer = TextField(label=_("What the resident was told"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class AddNeedForm(forms.Form):
    """Something else that was asked for on a visit."""

    text = TextField(label=_("What they ask for"), max_length=500)
    department = RowField(Department.objects.none(), label=_("Of which department"))

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(community=community, is_active=True)
