"""What staff type on a case page. Every form carries the version of the case that its page was made from."""

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from complaints.models import Case, Category, Channel, Kind, Outcome, Pause, Severity, Status, Urgency
from servicedesk.core.choices import RowField
from servicedesk.core.duty import LEVELS
from servicedesk.core.forms import MomentField
from servicedesk.core.models import Department, Role, User
from servicedesk.core.text import TextField

LONG_TEXT = 5000


def text_area(rows=3, **attrs):
    return forms.Textarea(attrs={"rows": rows, "data-phrases": "#phrases", **attrs})


def outward_area(name, rows=3):
    """Return the box of the field `name` that residents are to read: a hint beneath it names words to avoid. What is
    typed anywhere else in the form is not sent with it."""
    return text_area(
        rows,
        **{
            "hx-post": reverse_lazy("complaints:courtesy_check"),
            "hx-trigger": "input changed delay:700ms",
            "hx-target": "next .taboos",
            "hx-params": name,
            "hx-sync": "this:replace",
        },
    )


class StepForm(forms.Form):
    """A step on a case; a page that is out of date is told so by `version`."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args, case, user, now, **kwargs):
        super().__init__(*args, prefix=kwargs.pop("prefix", None), **kwargs)
        self.case, self.user, self.now = case, user, now
        self.initial.setdefault("version", case.version)
        self.prepare()

    def prepare(self):
        """Fill in what depends on the case: choices and first values."""

    @property
    def facts(self):
        """The cleaned data as the action takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class PlainForm(StepForm):
    """A step that asks nothing."""


class HandOverForm(StepForm):
    department = RowField(
        Department.objects.none(), label=_("Department"), widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    note = TextField(label=_("What they should know"), required=False, max_length=1000, widget=text_area())

    def prepare(self):
        departments = Department.objects.filter(community=self.case.community_id, is_active=True)
        # Until it was handed over once, the department that its category names has not been told of it.
        is_first = self.case.status in (Status.RECEIVED, Status.TAKEN)
        self.fields["department"].queryset = (
            departments if is_first else departments.exclude(pk=self.case.department_id)
        )
        self.fields["department"].empty_label = None
        if is_first and not self.case.department.is_centre:
            self.initial.setdefault("department", self.case.department_id)


class AssignForm(StepForm):
    worker = RowField(User.objects.none(), label=_("Worker"))
    note = TextField(label=_("What they should know"), required=False, max_length=1000, widget=text_area(2))

    def prepare(self):
        self.fields["worker"].queryset = User.objects.filter(
            is_active=True,
            memberships__department_id=self.case.department_id,
            memberships__role__in=[Role.WORKER, Role.HEAD],
            memberships__is_active=True,
        ).distinct()


class DeclineForm(StepForm):
    reason = TextField(label=_("Why the job goes back"), max_length=1000, widget=text_area())


class PauseForm(StepForm):
    reason = forms.ChoiceField(
        label=_("Waiting for"), choices=Pause.Reason.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    until = MomentField(label=_("The clock runs again at"), days_ahead=366)
    note = TextField(label=_("Note"), required=False, max_length=1000, widget=text_area(2))


class ResolveForm(StepForm):
    remedy = TextField(label=_("What was done"), max_length=LONG_TEXT, widget=text_area())


class ReplyForm(StepForm):
    channel = forms.ChoiceField(
        label=_("Told by"), choices=Channel.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    text = TextField(
        label=_("What the resident was told"),
        help_text=_("The resident reads this on the tracking page."),
        required=False,
        max_length=LONG_TEXT,
        widget=outward_area("text"),
    )
    outcome = forms.ChoiceField(
        label=_("How it went"),
        choices=Outcome.choices,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
        help_text=_("Only who was told has had the reply; anything else is noted and the reply stays owed."),
    )
    person_told = TextField(label=_("Who was told"), required=False, max_length=120)
    told_at = MomentField(label=_("When"), required=False, days_ahead=0)
    went = RowField(User.objects.none(), label=_("Who went"), required=False, help_text=_("For a visit."))
    field_order = ["version", "channel", "outcome", "text", "person_told", "told_at", "went"]

    def prepare(self):
        choices = [Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.WEB, Channel.OTHER]
        self.fields["channel"].choices = [(channel.value, channel.label) for channel in choices]
        self.fields["went"].queryset = User.objects.filter(
            is_active=True, memberships__community=self.case.community_id, memberships__is_active=True
        ).distinct()
        first = {"channel": self.case.channel, "outcome": Outcome.TOLD, "person_told": self.case.reporter_name}
        for name, value in {**first, "told_at": self.case.community.local(self.now), "went": self.user.pk}.items():
            self.initial.setdefault(name, value)

    def clean(self):
        cleaned = super().clean()
        outcome = cleaned["outcome"] = cleaned.get("outcome") or Outcome.TOLD
        if outcome != Outcome.TOLD:
            return cleaned
        if not cleaned.get("text") and "text" not in self.errors:
            self.add_error("text", _("Say what the resident was told."))
        by_mouth = cleaned.get("channel") in (Channel.PHONE, Channel.VISIT)
        if by_mouth and not cleaned.get("person_told") and "person_told" not in self.errors:
            self.add_error("person_told", _("Say who was told: who answered the call, or whom you met."))
        return cleaned


class ReasonForm(StepForm):
    """A step that wants to know why."""

    note = TextField(label=_("Why"), max_length=1000, widget=text_area(2))


class LowerForm(ReasonForm):
    to_level = forms.TypedChoiceField(
        label=_("To level"), coerce=int, choices=list(LEVELS.items()), widget=forms.RadioSelect
    )

    def prepare(self):
        self.fields["to_level"].choices = [(n, LEVELS[n]) for n in range(1, self.case.level)]


class PromiseForm(StepForm):
    until = MomentField(label=_("The resident hears from us by"))
    note = TextField(label=_("What was promised"), required=False, max_length=1000, widget=text_area(2))


class FollowUpForm(StepForm):
    at = MomentField(label=_("Look at it again at"), days_ahead=366)


class ReclassifyForm(StepForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    category = RowField(Category.objects.none(), label=_("Category"))
    urgency = forms.ChoiceField(label=_("Urgency"), choices=Urgency.choices)
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    note = TextField(label=_("Why"), max_length=1000, widget=text_area(2))

    def prepare(self):
        self.fields["category"].queryset = Category.objects.filter(
            community=self.case.community_id, is_active=True
        ).select_related("department", "policy")
        for name in ("kind", "urgency", "severity"):
            self.initial.setdefault(name, getattr(self.case, name))
        self.initial.setdefault("category", self.case.category_id)


class NoteForm(StepForm):
    note = TextField(label=_("Note"), max_length=LONG_TEXT, widget=outward_area("note"))
    public = forms.TypedChoiceField(
        label=_("For"),
        choices=[("", _("the office")), ("1", _("the resident (on the tracking page)"))],
        coerce=bool,
        empty_value=False,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )


class VoidForm(StepForm):
    reason = TextField(label=_("Why it should be voided"), max_length=300, widget=text_area(2))


class OptionalNoteForm(StepForm):
    note = TextField(label=_("Note"), required=False, max_length=1000, widget=text_area(2))


class MergeForm(StepForm):
    into = TextField(label=_("Number of the case that goes on"), max_length=60)
    note = TextField(label=_("Note"), required=False, max_length=1000, widget=text_area(2))

    def clean_into(self):
        typed = self.cleaned_data["into"].upper()
        code = f"{self.case.community.code}-"
        number = typed if typed.startswith(code) else code + typed
        into = (
            Case.objects.visible_to(self.user)
            .filter(community=self.case.community_id, number=number)
            .select_related("community", "department")
            .first()
        )
        if into is None:
            raise forms.ValidationError(
                _("There is no case %(number)s here. Look at the number again."), params={"number": typed}
            )
        return into


class ConcernForm(ReasonForm):
    user = RowField(
        User.objects.none(),
        label=_("Whom it is about"),
        help_text=_("They no longer see this case, and what they had of it goes to somebody else."),
    )
    field_order = ["version", "user", "note"]

    def prepare(self):
        self.fields["user"].queryset = (
            User.objects.filter(memberships__community=self.case.community_id, memberships__is_active=True)
            .exclude(concerns__case=self.case)
            .distinct()
        )


class UnmaskForm(StepForm):
    reason = TextField(label=_("Why you need the number"), max_length=200)
