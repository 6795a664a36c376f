"""What staff type beside a list of cases: filters, what to do with the ticked rows, why a list is taken out."""

import datetime
from dataclasses import dataclass

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import CharField, Exists, F, OuterRef, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from complaints.figures import CONDITIONS
from complaints.models import Channel, Kind
from complaints.models.cases import TAGS
from complaints.permissions import bulk_steps
from servicedesk.core import kept
from servicedesk.core.duty import LEVELS
from servicedesk.core.models import Membership, Role
from servicedesk.core.models.calendar import WEEKDAYS
from servicedesk.core.search import query_terms
from servicedesk.core.text import TextField

ANY = [("", _("any"))]
# The seven tags in the order of a case's life.
TAG_LABELS = dict(TAGS.values())
FIGURE_LABELS = {name: label for name, (label, _condition) in CONDITIONS.items()}
HOURS = [(hour, f"{hour}:00–{hour + 1}:00") for hour in range(24)]


@dataclass(frozen=True)
class Choices:
    """What the fields of a list offer, as (key, name) pairs; the workers under the names of their departments. Whether
    a department is without a head decides who assigns its jobs."""

    departments: list
    former_departments: list
    categories: list
    people: list
    workers: list
    without_head: bool = False


KEPT_SECONDS = 30


def choices_of(community):
    """Return the Choices of `community`, half a minute old at the most: every list and board asks for them, and they
    hardly ever change. One query, none while they are kept.

    An action asks for itself whether somebody still works here, so that an old name does no harm.
    """
    return kept.for_a_while("choices", community.pk, seconds=KEPT_SECONDS, make=lambda: read_choices(community))


def read_choices(community):
    """Return the Choices of `community` as its rows stand now. One query for all of them."""
    departments = community.departments
    active = Membership.objects.active().filter(community=community)
    answering = Membership.objects.filter(community=community).holding(Role.CLERK, Role.SUPERVISOR)
    heads = active.filter(role=Role.HEAD, department=OuterRef("pk"))
    headless = departments.filter(~Exists(heads), is_active=True)
    rows = _named("department", departments.filter(is_active=True), "pk", "name", "is_centre").union(
        _named("former", departments.filter(is_active=False), "pk", "name", "is_centre"),
        _named("category", community.categories, "pk", "name", "digit"),
        _named("person", answering, "user_id", "user__name", "role"),
        _named("headless", headless, "pk", "name", "is_centre"),
        _named("worker", active.holding(Role.WORKER, Role.HEAD), "user_id", "user__name", "department__name"),
        all=True,
    )
    found = {"department": [], "former": [], "category": [], "person": [], "headless": [], "worker": []}
    for part, key, name, more in rows:
        found[part].append((key, name, more))
    workers = {}
    for key, name, department in sorted(found["worker"], key=lambda row: (row[2], row[1])):
        workers.setdefault(department, {})[key] = name
    return Choices(
        departments=_pairs(found["department"], lambda row: (row[2] != "true", row[0])),
        former_departments=_pairs(found["former"], lambda row: row[1]),
        categories=_pairs(found["category"], lambda row: (row[2] is None, int(row[2] or 0), row[0])),
        people=_pairs(found["person"], lambda row: row[1]),
        workers=[(department, list(names.items())) for department, names in workers.items()],
        without_head=bool(found["headless"]),
    )


def _named(part, rows, key, name, more):
    return rows.order_by().values_list(Value(part), F(key), F(name), Cast(more, CharField()))


def _pairs(rows, order):
    return list({key: name for key, name, _more in sorted(rows, key=order)}.items())


class DayField(forms.DateField):
    """A day of a century in which there are cases, so that a day more or less is a day, too."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [MinValueValidator(datetime.date(1980, 1, 1)), MaxValueValidator(datetime.date(2100, 1, 1))]


class FilterForm(forms.Form):
    """The filters of a list. The choices are read before, so that a filter in use costs no query of its own."""

    q = TextField(label=_("Words"), required=False, max_length=120, widget=forms.TextInput(attrs={"type": "search"}))
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=ANY + Kind.choices)
    category = forms.TypedChoiceField(label=_("Category"), required=False, coerce=int, empty_value=None)
    department = forms.TypedChoiceField(label=_("Department"), required=False, coerce=int, empty_value=None)
    level = forms.TypedChoiceField(
        label=_("Level"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[*ANY, *LEVELS.items()],
    )
    tag = forms.ChoiceField(label=_("Status"), required=False, choices=[*ANY, *TAG_LABELS.items()])
    channel = forms.ChoiceField(label=_("Came by"), required=False, choices=ANY + Channel.choices)
    first = forms.TypedChoiceField(label=_("First responsible"), required=False, coerce=int, empty_value=None)
    received_from = DayField(label=_("Received from"), required=False)
    received_to = DayField(label=_("Received until"), required=False)
    # What the numbers of a report lead to. They are shown as chips and have no box of their own.
    figure = forms.ChoiceField(label=_("Figure"), required=False, choices=[*ANY, *FIGURE_LABELS.items()])
    reached = forms.TypedChoiceField(
        label=_("Highest level"), required=False, coerce=int, empty_value=None, choices=[*ANY, *LEVELS.items()]
    )
    building = TextField(label=_("Building"), required=False, max_length=20)
    room = TextField(label=_("Room"), required=False, max_length=100)
    weekday = forms.TypedChoiceField(
        label=_("Weekday"), required=False, coerce=int, empty_value=None, choices=[*ANY, *WEEKDAYS]
    )
    hour = forms.TypedChoiceField(label=_("Hour"), required=False, coerce=int, empty_value=None, choices=[*ANY, *HOURS])
    BOXLESS = ("figure", "reached", "building", "room", "weekday", "hour")

    def __init__(self, *args, choices, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = ANY + choices.categories
        self.fields["department"].choices = ANY + choices.departments
        self.fields["first"].choices = ANY + choices.people

    def clean_q(self):
        words = self.cleaned_data["q"]
        if words and not query_terms(words):
            raise forms.ValidationError(_("Type at least two characters."))
        return words

    @property
    def selects(self):
        """The filters with choices, as a page draws them: name, label, and (value, words, whether chosen) options.

        Drawn by the page itself, because Django's widgets render a template for every option.
        """
        chosen = {name: self.data.get(name, "") for name in self.fields}
        return {
            name: {
                "name": name,
                "label": field.label,
                "options": [(value, words, str(value) == chosen[name]) for value, words in field.choices],
            }
            for name, field in self.fields.items()
            if hasattr(field, "choices") and name not in self.BOXLESS
        }

    @property
    def kept(self):
        """The filters in use that have no box, as (name, value in the address): a form sent again keeps them."""
        return [(name, self.data[name]) for name, *_rest in self.active if name in self.BOXLESS]

    @property
    def active(self):
        """The filters in use as (name, field label, what was chosen)."""
        found = []
        for name, value in self.cleaned_data.items():
            if value in ("", None):
                continue
            choices = dict(getattr(self.fields[name], "choices", ()))
            found.append((name, self.fields[name].label, choices.get(value, value)))
        return found


class BulkForm(forms.Form):
    """What to do with the ticked cases, of the steps that are this person's. The numbers are looked up among those
    that the person sees."""

    ASSIGN, HAND_OVER, URGE, ESCALATE = "assign", "hand_over", "urge", "escalate"
    MOST = 100

    do = forms.ChoiceField(
        choices=[(ASSIGN, _("Assign")), (HAND_OVER, _("Hand over")), (URGE, _("Urge")), (ESCALATE, _("Escalate"))],
        error_messages={"invalid_choice": _("This step is not yours to take on many cases. Choose another one.")},
    )
    pick = forms.MultipleChoiceField(error_messages={"required": _("Tick at least one case.")})
    worker = forms.TypedChoiceField(label=_("Worker"), required=False, coerce=int, empty_value=None)
    department = forms.TypedChoiceField(label=_("Department"), required=False, coerce=int, empty_value=None)
    note = TextField(label=_("Note"), required=False, max_length=1000)

    def __init__(self, *args, choices, user, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.steps = bulk_steps(user, community, without_head=choices.without_head)
        self.fields["do"].choices = [choice for choice in self.fields["do"].choices if choice[0] in self.steps]
        nobody = [("", _("choose"))]
        self.fields["worker"].choices = nobody + choices.workers
        self.fields["department"].choices = nobody + choices.departments
        if self.is_bound:
            ticked = self.data.getlist("pick")[: self.MOST + 1]
            self.fields["pick"].choices = [(number, number) for number in ticked]

    def clean_pick(self):
        numbers = self.cleaned_data["pick"]
        if len(numbers) > self.MOST:
            raise forms.ValidationError(_("Tick at most %(most)s cases at once.") % {"most": self.MOST})
        return numbers

    def clean(self):
        cleaned = super().clean()
        do = cleaned.get("do")
        if do == self.ASSIGN and not cleaned.get("worker") and "worker" not in self.errors:
            self.add_error("worker", _("Choose who does the job."))
        if do == self.HAND_OVER and not cleaned.get("department") and "department" not in self.errors:
            self.add_error("department", _("Choose the department that takes over."))
        if do == self.ESCALATE and not cleaned.get("note") and "note" not in self.errors:
            self.add_error("note", _("Say why these cases go up."))
        return cleaned


class ExportForm(forms.Form):
    """Why a list leaves the desk, and as what. The community is that of the page it was asked on."""

    CSV, XLSX = "csv", "xlsx"

    community = forms.IntegerField(widget=forms.HiddenInput)
    reason = TextField(
        label=_("What the list is for"),
        max_length=200,
        help_text=_("Kept in the history with your name. Telephone numbers stay masked."),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(XLSX, "Excel"), (CSV, "CSV")],
        initial=XLSX,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )

    def __init__(self, *args, here, **kwargs):
        super().__init__(*args, **kwargs)
        self.here = here
        self.initial.setdefault("community", here.pk)

    def clean_community(self):
        if self.cleaned_data["community"] != self.here.pk:
            raise forms.ValidationError(
                _("You now work in %(community)s. Look at the list again before you take it out.")
                % {"community": self.here}
            )
        return self.cleaned_data["community"]
