"""What staff type on a case page. Every form carries the version of the case that its page was made from."""

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from complaints import actions, papers
from complaints.following import names
from complaints.forms.fields import CaseNumberField
from complaints.models import (
    Case,
    Category,
    Channel,
    Grade,
    Incident,
    Kind,
    Outcome,
    Pause,
    ProductProblem,
    Proposal,
    Quote,
    Severity,
    Status,
    Urgency,
    Validity,
)
from complaints.models.aftercare import BAD
from complaints.permissions import may, may_record
from servicedesk.core.choices import RowField
from servicedesk.core.duty import LEVELS
from servicedesk.core.forms import MomentField
from servicedesk.core.models import Department, Role, User
from servicedesk.core.money import MoneyField
from servicedesk.core.text import TextField

LONG_TEXT = 5000
REPLIED_BY = [Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.WEB, Channel.OTHER]


def ways_to_reply(*cases):
    """Return the choices of how somebody was told; by the hotline only those whose matter came by it."""
    ways = [*REPLIED_BY, *{case.channel for case in cases if case.channel == Channel.HOTLINE}]
    return [(way, Channel(way).label) for way in ways]


PERSON_NEEDED = _("Say who was told: who answered the call, or whom you met.")


def _by_mouth(cleaned):
    return cleaned.get("channel") in (Channel.PHONE, Channel.VISIT)


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


class VerifyForm(StepForm):
    validity = forms.ChoiceField(
        label=_("The complaint is"),
        help_text=_("Valid is what the contract or the rules of the trade ask of us."),
        choices=[(value, Validity(value).label) for value in (Validity.VALID, Validity.INVALID)],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    note = TextField(label=_("What was found"), max_length=1000, widget=text_area())


class ProposeForm(StepForm):
    """What is proposed: where the complaint is not valid, a courtesy or a refusal with its words."""

    outcome = forms.ChoiceField(
        label=_("Proposal"), choices=Proposal.Outcome.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    department = RowField(Department.objects.none(), label=_("Department that sees to it"), required=False)
    text = TextField(label=_("What is to be done, or why it is declined"), max_length=LONG_TEXT, widget=text_area())
    answer = TextField(
        label=_("What the resident hears"),
        help_text=_("Polite, with the reason, and where they can turn to."),
        required=False,
        max_length=LONG_TEXT,
        widget=text_area(),
    )

    def prepare(self):
        outcomes = Proposal.Outcome
        is_valid = self.case.validity == Validity.VALID
        choices = [outcomes.HANDLE] if is_valid else [outcomes.COURTESY, outcomes.DECLINE]
        self.fields["outcome"].choices = [(outcome.value, outcome.label) for outcome in choices]
        self.initial.setdefault("outcome", choices[0] if is_valid else outcomes.DECLINE)
        if is_valid:
            del self.fields["answer"]
        departments = Department.objects.filter(community=self.case.community_id, is_active=True)
        self.fields["department"].queryset = departments
        self.initial.setdefault("department", self.case.department_id)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("outcome") == Proposal.Outcome.DECLINE:
            if not cleaned.get("answer") and "answer" not in self.errors:
                self.add_error("answer", _("Write what the resident is to hear; your supervisor approves these words."))
        elif cleaned.get("department") is None and "department" not in self.errors:
            self.add_error("department", _("Say which department is to see to it."))
        return cleaned


class DecideForm(StepForm):
    """A decision; the button that was pressed says which, and who sends something back says why."""

    note = TextField(label=_("Note, or what is missing"), required=False, max_length=1000, widget=text_area(2))

    def clean(self):
        cleaned = super().clean()
        if "approve" not in self.data and not cleaned.get("note") and "note" not in self.errors:
            self.add_error("note", _("Say what is missing, so that it can be put right."))
        return cleaned


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


class QuoteForm(StepForm):
    amount = MoneyField(label=_("Price in yuan"))
    text = TextField(
        label=_("What it is for"), help_text=_("The resident reads this on the tracking page."), max_length=300
    )

    def clean_amount(self):
        if self.cleaned_data["amount"] == 0:
            raise forms.ValidationError(_("A price is above zero; what is free needs no quote."))
        return self.cleaned_data["amount"]


class AnswerQuoteForm(StepForm):
    answer = forms.ChoiceField(
        label=_("The resident"),
        choices=[(value, Quote.Answer(value).label) for value in (Quote.Answer.AGREED, Quote.Answer.REFUSED)],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    answered_by = TextField(label=_("Who answered"), max_length=120)
    channel = forms.ChoiceField(
        label=_("How"),
        choices=[(value, Channel(value).label) for value in (Channel.PHONE, Channel.VISIT, Channel.OTHER)],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )

    def prepare(self):
        self.initial.setdefault("answered_by", self.case.reporter_name)
        self.initial.setdefault("channel", Channel.PHONE)


class DeclineForm(StepForm):
    reason = TextField(label=_("Why the job goes back"), max_length=1000, widget=text_area())


class PauseForm(StepForm):
    reason = forms.ChoiceField(
        label=_("Waiting for"), choices=Pause.Reason.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    until = MomentField(label=_("The clock runs again at"), days_ahead=366)
    note = TextField(label=_("Note"), required=False, max_length=1000, widget=text_area(2))


class ResolveForm(StepForm):
    """What was done; and the fourth Clear (复清楚), where the desk ends what was told to it and never read back."""

    remedy = TextField(label=_("What was done"), max_length=LONG_TEXT, widget=text_area())
    read_back = forms.BooleanField(label=_("Read back and right"), required=False)
    not_read_back = TextField(
        label=_("Or why it was not read back"),
        help_text=_("For example: the caller hung up. It stands in the history."),
        required=False,
        max_length=300,
    )

    def prepare(self):
        spoken = self.case.channel in (Channel.PHONE, Channel.VISIT) and self.case.recorded_by_id is not None
        ends_it = may_record(self.user, self.case) and may(self.user, "resolve", self.case)
        if self.case.read_back_at or not spoken or not ends_it:
            del self.fields["read_back"], self.fields["not_read_back"]
        returned = self.case.external_cases.exclude(returned_at=None).last()
        if returned is not None:
            sentence = _("Returned to %(org)s as none of our duty: %(reason)s")
            facts = {"org": returned.source_org, "reason": returned.returned_reason}
            self.initial.setdefault("remedy", sentence % facts)

    def clean(self):
        cleaned = super().clean()
        if "read_back" in self.fields and not cleaned.get("read_back") and not cleaned.get("not_read_back"):
            self.add_error(
                "read_back",
                _("“Read back” is missing of the five Clears: read the matter back and tick it, or say why not."),
            )
        return cleaned


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
        self.fields["channel"].choices = ways_to_reply(self.case)
        self.fields["went"].queryset = User.objects.filter(
            is_active=True, memberships__community=self.case.community_id, memberships__is_active=True
        ).distinct()
        # Who did not say who they are is told all the same, when they call again.
        who = self.case.reporter_name or _("the caller, who gave no name")
        first = {"channel": self.case.channel, "outcome": Outcome.TOLD, "person_told": who}
        for name, value in {**first, "told_at": self.case.community.local(self.now), "went": self.user.pk}.items():
            self.initial.setdefault(name, value)
        if self.case.status == Status.DECLINED and not self.is_bound:
            refusal = self.case.proposals.filter(cycle=self.case.cycle, outcome=Proposal.Outcome.DECLINE).last()
            self.initial.setdefault("text", refusal.answer)
        if self.case.incident_id:
            # What all the callers of the event are told; this one still hears it from a person.
            self.initial.setdefault("text", self.case.incident.reply)

    def clean(self):
        cleaned = super().clean()
        outcome = cleaned["outcome"] = cleaned.get("outcome") or Outcome.TOLD
        if outcome != Outcome.TOLD:
            return cleaned
        if not cleaned.get("text") and "text" not in self.errors:
            self.add_error("text", _("Say what the resident was told."))
        if _by_mouth(cleaned) and not cleaned.get("person_told") and "person_told" not in self.errors:
            self.add_error("person_told", PERSON_NEEDED)
        return cleaned


class VisitForm(StepForm):
    """What the resident says on a return visit: one of five grades, or that nobody was reached."""

    NOBODY = 6

    grade = forms.TypedChoiceField(
        label=_("What the resident says"),
        coerce=int,
        choices=[*Grade.choices, (NOBODY, _("nobody reached"))],
        widget=forms.RadioSelect(attrs={"class": "digits"}),
        error_messages={"required": _("Choose a grade, or that nobody was reached.")},
    )
    channel = forms.ChoiceField(label=_("Asked by"), widget=forms.RadioSelect(attrs={"class": "inline"}))
    words = TextField(
        label=_("In the resident's words"),
        help_text=_("Needed where they are not satisfied: the case is opened again with it."),
        required=False,
        max_length=1000,
        widget=text_area(2),
    )
    problem = RowField(
        ProductProblem.objects.none(),
        label=_("Product or after-sales problem"),
        help_text=_("Where what they say shows one that is known. A new one is named on the page of the case."),
        required=False,
        empty_label=_("none"),
    )

    def prepare(self):
        ways = actions.ways_to_visit(self.case)
        self.fields["channel"].choices = [(way.value, way.label) for way in ways]
        self.initial.setdefault("channel", ways[0].value)
        marked = self.case.problem_findings.filter(dropped_at=None).values("problem")
        known = ProductProblem.objects.filter(community=self.case.community_id).exclude(pk__in=marked)
        self.fields["problem"].queryset = known
        if not known:
            del self.fields["problem"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("grade") in BAD and not cleaned.get("words"):
            self.add_error("words", _("Write what is still wrong: the case is opened again with it."))


class CallerField(RowField):
    """One of the callers who were joined to a case: by number, name and channel."""

    def label_from_instance(self, row):
        return f"{row.short_number} {row.reporter_name or row.anonymous_reason} · {row.get_channel_display()}"


class TellCallerForm(StepForm):
    """What one caller of those who were joined was told, or why they cannot be told."""

    caller = CallerField(Case.objects.none(), label=_("Caller"))
    channel = forms.ChoiceField(
        label=_("Told by"),
        required=False,
        choices=Channel.choices,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    text = TextField(
        label=_("What they were told"),
        help_text=_("They read this on their own tracking page; name nobody else."),
        required=False,
        max_length=LONG_TEXT,
        widget=text_area(),
    )
    person_told = TextField(label=_("Who was told"), required=False, max_length=120)
    reason = TextField(
        label=_("Or why they cannot be told"),
        help_text=_("For example: left no number, or could not be reached three times."),
        required=False,
        max_length=300,
    )

    def prepare(self):
        untold = self.case.merged_cases.exclude(told__cycle=self.case.cycle)
        self.fields["caller"].queryset = untold.order_by("id")
        callers = {str(caller.pk): caller for caller in untold.order_by("id")}
        self.fields["channel"].choices = ways_to_reply(*callers.values())
        first = callers.get(str(self.initial.get("caller"))) or next(iter(callers.values()), None)
        if first is not None:
            self.initial["caller"] = first.pk
            self.initial.setdefault("channel", first.channel)
            self.initial.setdefault("person_told", first.reporter_name)
        said = self.case.replies.filter(cycle=self.case.cycle).last()
        # What the caller of the case that goes on was told, unless it says who that is.
        if said is not None and not names(self.case, said.text):
            self.initial.setdefault("text", said.text)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("reason"):
            return cleaned
        for name, sentence in (("channel", _("Choose how they were told.")), ("text", _("Write what they were told."))):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, sentence)
        if _by_mouth(cleaned) and not cleaned.get("person_told") and "person_told" not in self.errors:
            self.add_error("person_told", PERSON_NEEDED)
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
    promised_reply_at = MomentField(
        label=_("Reply promised by"),
        required=False,
        help_text=_("Needed for a major matter: the resident hears by then."),
    )
    note = TextField(label=_("Why"), max_length=1000, widget=text_area(2))

    def clean(self):
        cleaned = super().clean()
        became_major = cleaned.get("severity") == Severity.MAJOR and not self.case.is_major
        promised = cleaned.get("promised_reply_at")
        if "promised_reply_at" not in self.errors and (
            (became_major and promised is None and self.case.promised_reply_at is None)
            or (promised is not None and promised <= self.now)
        ):
            self.add_error("promised_reply_at", _("Promise the resident a reply at a time in the future."))
        return cleaned

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
    into = CaseNumberField(label=_("Number of the case that goes on"))
    note = TextField(label=_("Note"), required=False, max_length=1000, widget=text_area(2))

    def prepare(self):
        seen = Case.objects.visible_to(self.user).select_related("community", "department")
        self.fields["into"].among(seen, self.case.community)


class LinkForm(StepForm):
    incident = RowField(
        Incident.objects.none(), label=_("Known event"), required=False, empty_label=_("none, it has another cause")
    )
    note = TextField(label=_("Note"), required=False, max_length=1000, widget=text_area(2))

    def prepare(self):
        rows = Incident.objects.filter(community=self.case.community_id)
        self.fields["incident"].queryset = rows.known(self.now)
        self.initial.setdefault("incident", self.case.incident_id)


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


class WorkOrderForm(StepForm):
    """On which paper a work order is printed, and whether with the number, for those who may look at it."""

    size = forms.ChoiceField(
        label=_("Paper"),
        choices=list(papers.SIZES.items()),
        initial="slip",
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    with_phone = forms.BooleanField(
        label=_("With the telephone number"),
        help_text=_("That it stands on paper is in the history, with your name."),
        required=False,
    )

    def prepare(self):
        if not self.case.reporter_phone or not may(self.user, "unmask", self.case):
            del self.fields["with_phone"]
