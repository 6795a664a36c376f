"""What staff type about a known event: what it is, where it is felt, what callers are told."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.models import Category, Incident
from residents.models import Building, Section, Unit
from residents.rooms import key_of
from servicedesk.core.choices import RowField, RowsField
from servicedesk.core.forms import MomentField
from servicedesk.core.models import Department
from servicedesk.core.text import TextField

EVERYWHERE, PARTS = "all", "parts"
MOST_ROOMS = 100
# A room of several parts is written with dashes, so that a blank or a comma stands between two rooms.
_BETWEEN = re.compile(r"[\s,,、;;]+")


class IncidentForm(forms.Form):
    """One known event. `departments` are those whose events this person may run; None are all of them."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)
    title = TextField(label=_("What it is"), max_length=80, help_text=_("In a few words, for example: no water."))
    kind = forms.ChoiceField(
        label=_("Kind"), choices=Incident.Kind.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    scope = forms.ChoiceField(
        label=_("Where it is felt"),
        choices=[(PARTS, _("in the parts chosen below")), (EVERYWHERE, _("in the whole community"))],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    buildings = RowsField(
        Building.objects.none(),
        label=_("Whole buildings"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline"}),
    )
    sections = RowsField(
        Section.objects.none(),
        label=_("Single entrances"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline"}),
    )
    rooms = TextField(
        label=_("Single rooms"),
        required=False,
        max_length=1000,
        help_text=_("Such as 3-2-1201, with blanks or commas between them."),
    )
    starts_at = MomentField(label=_("From"))
    expected_end_at = MomentField(label=_("Expected until"), required=False)
    words = TextField(
        label=_("What callers are told"),
        max_length=500,
        help_text=_("The desk says it, and residents read it: what has happened, what is being done, until when."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "500", "data-phrases": "#phrases"}),
    )
    category = RowField(Category.objects.none(), label=_("Category"), required=False, empty_label=_("none"))
    department = RowField(Department.objects.none(), label=_("Department"), required=False, empty_label=_("none"))

    def __init__(self, *args, community, now, departments=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.community = community
        rows = Department.objects.filter(community=community, is_active=True)
        categories = Category.objects.filter(community=community, is_active=True).select_related("department")
        if departments is not None:
            rows, categories = rows.filter(pk__in=departments), categories.filter(department__in=departments)
            self.fields["department"].required, self.fields["department"].empty_label = True, None
        self.fields["department"].queryset, self.fields["category"].queryset = rows, categories
        self.fields["buildings"].queryset = Building.objects.filter(community=community)
        self.fields["sections"].queryset = Section.objects.filter(building__community=community).select_related(
            "building"
        )
        first = {"kind": Incident.Kind.EMERGENCY, "scope": PARTS, "starts_at": now.replace(second=0, microsecond=0)}
        for name, value in first.items():
            self.initial.setdefault(name, value)

    def clean_rooms(self):
        found = []
        for typed in filter(None, _BETWEEN.split(self.cleaned_data["rooms"])):
            if len(found) == MOST_ROOMS:
                raise forms.ValidationError(
                    _("At most %(most)s rooms. Choose the entrance or the building instead."),
                    params={"most": MOST_ROOMS},
                )
            units = Unit.objects.filter(community=self.community).by_room(key_of(typed)).select_related("building")
            if len(two := list(units[:2])) != 1:
                problem = _("Write room %(room)s with its building and entrance: it stands for more than one.")
                unknown = _("There is no room %(room)s. Look at it again.")
                raise forms.ValidationError(problem if two else unknown, params={"room": typed})
            found.append(two[0])
        return found

    def clean(self):
        cleaned = super().clean()
        places = [(building, None, None) for building in cleaned.get("buildings") or ()]
        places += [(section.building, section, None) for section in cleaned.get("sections") or ()]
        places += [(unit.building, unit.section, unit) for unit in cleaned.get("rooms") or ()]
        cleaned["is_everywhere"] = cleaned.get("scope") == EVERYWHERE
        cleaned["places"] = [] if cleaned["is_everywhere"] else places
        if not cleaned["is_everywhere"] and not places and not {"buildings", "sections", "rooms"} & set(self.errors):
            self.add_error("buildings", _("Choose where it is felt, or the whole community above."))
        starts, ends = cleaned.get("starts_at"), cleaned.get("expected_end_at")
        if cleaned.get("kind") == Incident.Kind.PLANNED and not ends and "expected_end_at" not in self.errors:
            self.add_error("expected_end_at", _("A planned event has an end that can be told. Give the time."))
        if starts and ends and ends <= starts:
            self.add_error("expected_end_at", _("It must end after it begins."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as `open_incident` and `change_incident` take it."""
        own = ("version", "scope", "buildings", "sections", "rooms")
        return {name: value for name, value in self.cleaned_data.items() if name not in own}


def initial_of(incident):
    """Return the first values of an IncidentForm that changes `incident`. One query."""
    places = list(incident.places.select_related("unit"))
    return {
        **{name: getattr(incident, name) for name in ("version", "title", "kind", "starts_at", "expected_end_at")},
        **{name: getattr(incident, name) for name in ("words", "category", "department")},
        "scope": EVERYWHERE if incident.is_everywhere else PARTS,
        "buildings": [place.building_id for place in places if not place.section_id and not place.unit_id],
        "sections": [place.section_id for place in places if place.section_id and not place.unit_id],
        "rooms": " ".join(place.unit.label for place in places if place.unit_id),
    }


class EndForm(forms.Form):
    """What callers are told when it is over; it can still be changed until it is confirmed."""

    reply = TextField(
        label=_("What the callers are told"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "data-phrases": "#phrases"}),
    )


class MoveEndForm(forms.Form):
    """Until when it is expected to last now."""

    expected_end_at = MomentField(label=_("Expected until"))
    note = TextField(label=_("Why"), required=False, max_length=300)
