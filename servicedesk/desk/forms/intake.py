"""The intake form: eight facts, one page, one hand on the number pad (S3 记清楚)."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.hotline import SlipFields, check_limits
from complaints.forms.letters import CountField, leaders_of
from complaints.forms.staff import LONG_TEXT, outward_area
from complaints.models import Call, Case, Category, Channel, Incident, IncomingLetter, Kind, Severity, Status, Urgency
from residents.models import Occupancy, Unit
from servicedesk.core.choices import RowField, RowsField
from servicedesk.core.forms import MomentField, NearDayField
from servicedesk.core.masking import has_identity_number
from servicedesk.core.models import User
from servicedesk.core.text import PhoneField, TextField

# The largest key that a row can have.
MOST_KEY = 2**63 - 1
CHANNELS = [Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.HOTLINE, Channel.OTHER]


class DigitSelect(forms.RadioSelect):
    """Radio buttons that a digit key picks; then the work moves on to the field named by `next_field`."""

    def __init__(self, next_field=""):
        attrs = {"class": "digits"}
        if next_field:
            attrs["data-next"] = next_field
        super().__init__(attrs=attrs)


class IntakeForm(SlipFields):
    """One matter as a caller tells it. `who` is a line of the finder: `o12` an occupancy, `u34` an empty unit."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    intake_seconds = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=86_400)
    channel = forms.ChoiceField(
        label=_("Came by"),
        choices=[(channel.value, channel.label) for channel in CHANNELS],
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    q = TextField(label=_("Who"), required=False, max_length=120)
    who = forms.RegexField(r"^([ou][0-9]{1,15})?$", widget=forms.HiddenInput, required=False)
    reporter_name = TextField(label=_("Name"), required=False, max_length=120)
    reporter_phone = PhoneField(label=_("Call back on"), required=False, max_length=40)
    place = TextField(label=_("Place"), required=False, max_length=200, help_text=_("If it is not the caller's unit."))
    anonymous_reason = TextField(label=_("No name, because"), required=False, max_length=200)
    no_phone_reason = TextField(label=_("No telephone, because"), required=False, max_length=200)
    category = RowField(
        Category.objects.none(), label=_("Category"), widget=DigitSelect("#id_summary"), empty_label=None
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=Urgency.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", _("as the category")), *Kind.choices],
        required=False,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=Severity.choices, widget=forms.RadioSelect(attrs={"class": "inline"})
    )
    summary = TextField(
        label=_("Matter"), max_length=200, widget=forms.TextInput(attrs={"class": "w-full", "autocomplete": "off"})
    )
    description = TextField(
        label=_("More, if it matters"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    wish = TextField(label=_("What is wanted"), required=False, max_length=300)
    reason = TextField(label=_("Why major"), required=False, max_length=1000)
    promised_reply_at = MomentField(label=_("Reply promised by"), required=False)
    call = RowField(Call.objects.none(), widget=forms.HiddenInput, required=False)
    letter = RowField(IncomingLetter.objects.none(), widget=forms.HiddenInput, required=False)
    letter_on = NearDayField(label=_("Date of the letter"), required=False)
    letter_ref = TextField(label=_("Their own reference"), required=False, max_length=60)
    letter_pages = CountField(label=_("Sheets"))
    letter_copies = CountField(label=_("Copies"))
    presented_to = RowField(
        User.objects.none(),
        label=_("Presented to"),
        required=False,
        empty_label=_("who holds the level"),
        help_text=_("The letter gets its number in the register when you save."),
    )
    concerns = RowsField(
        User.objects.none(),
        label=_("About a member of staff"),
        required=False,
        help_text=_("They will neither see nor handle this case."),
        widget=forms.SelectMultiple(attrs={"size": "4"}),
    )
    incident = forms.IntegerField(required=False, min_value=1, max_value=MOST_KEY)
    joins = forms.IntegerField(required=False, min_value=1, max_value=MOST_KEY)
    follows = forms.IntegerField(required=False, min_value=1, max_value=MOST_KEY, widget=forms.HiddenInput)
    is_new_matter = forms.BooleanField(required=False)
    read_back = forms.BooleanField(label=_("Read back and right"), required=False)
    refusal_reason = TextField(
        label=_("Why we do not take it up"),
        required=False,
        max_length=1000,
        help_text=_("For the supervisor: what the contract or the rules of the trade say."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    refusal_answer = TextField(
        label=_("What the resident hears"),
        required=False,
        max_length=LONG_TEXT,
        help_text=_("Polite, with the reason, and where they can turn to."),
        widget=outward_area("refusal_answer", rows=2),
    )

    def __init__(self, *args, community, user, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.community, self.user, self.now = community, user, now
        self.fields["call"].queryset = Call.objects.visible_to(user).filter(community=community).loose()
        self.fields["letter"].queryset = IncomingLetter.objects.visible_to(user).filter(community=community).loose()
        self.fields["presented_to"].queryset = leaders_of(community)
        for name in ("source_org", "external_no"):
            self.fields[name].required = False
        self.fields["category"].queryset = (
            Category.objects.filter(community=community, is_active=True, digit__isnull=False)
            .select_related("department", "policy")
            .order_by("digit")
        )
        self.fields["concerns"].queryset = User.objects.filter(
            is_active=True, memberships__community=community, memberships__is_active=True
        ).distinct()
        first = {"submission": uuid.uuid4, "channel": Channel.PHONE, "urgency": Urgency.ORDINARY, "kind": ""}
        for name, value in {**first, "severity": Severity.GENERAL}.items():
            self.initial.setdefault(name, value() if callable(value) else value)

    def clean(self):
        cleaned = super().clean()
        self._find_who(cleaned)
        if followed := cleaned.get("follows"):
            # Known already, so that nobody is asked twice; the telephone number is taken over without being shown.
            for name in ("reporter_name", "reporter_phone", "unit"):
                cleaned[name] = cleaned.get(name) or getattr(followed, name)
        if call := cleaned.get("call"):
            cleaned["reporter_phone"] = cleaned.get("reporter_phone") or call.phone
        if not cleaned.get("reporter_name") and not cleaned.get("anonymous_reason"):
            self.add_error("reporter_name", _("Who is it? Give a name, or say why there is none."))
        no_phone = not cleaned.get("reporter_phone") and not cleaned.get("no_phone_reason")
        if no_phone and "reporter_phone" not in self.errors:
            self.add_error("reporter_phone", _("Give a telephone number, or say why there is none."))
        self._check_slip(cleaned)
        if cleaned.get("severity") == Severity.MAJOR:
            if not cleaned.get("reason"):
                self.add_error("reason", _("Say why it is a major matter."))
            promised = cleaned.get("promised_reply_at")
            if promised is None or promised <= self.now:
                self.add_error("promised_reply_at", _("Promise the resident a reply at a time in the future."))
        self._check_refusal(cleaned)
        for name in ("summary", "description", "wish", "refusal_answer"):
            if has_identity_number(cleaned.get(name) or ""):
                self.add_error(name, _("An identity number does not belong in the text. Please take it out."))
        if cleaned.get("letter"):
            cleaned["channel"] = Channel.LETTER
        if category := cleaned.get("category"):
            cleaned["kind"] = cleaned.get("kind") or category.kind
        return cleaned

    @property
    def declines(self):
        """Whether this is to be politely declined: sent by the button that says so."""
        return "decline" in self.data

    def _check_refusal(self, cleaned):
        """A refusal is a proposal with its reason and its words, about a complaint that can wait for a decision."""
        if not self.declines:
            return
        if not cleaned.get("refusal_reason") and "refusal_reason" not in self.errors:
            self.add_error("refusal_reason", _("Say why, so that your supervisor can decide."))
        if not cleaned.get("refusal_answer") and "refusal_answer" not in self.errors:
            self.add_error(
                "refusal_answer", _("Write what the resident is to hear; your supervisor approves these words.")
            )
        if cleaned.get("urgency") == Urgency.SPECIAL_URGENT:
            self.add_error("urgency", _("What is urgent is seen to at once and never declined here."))
        if self.user in (cleaned.get("concerns") or ()):
            self.add_error("concerns", _("A complaint about yourself is for others to judge. Just save it."))
        if cleaned.get("joins"):
            self.add_error(None, _("What joins an open case is answered with it. Make it a matter of its own first."))

    def _check_slip(self, cleaned):
        """Put what stands on the slip of an authority together, where the matter came by one."""
        slip = {name: cleaned.pop(name, None) for name in SlipFields.base_fields}
        cleaned["external"] = None
        if cleaned.get("channel") == Channel.HOTLINE:
            for name, sentence in (("source_org", _("Which authority?")), ("external_no", _("Which number has it?"))):
                if not slip[name] and name not in self.errors:
                    self.add_error(name, sentence)
            check_limits(self, slip, self.now)
            cleaned["external"] = slip

    def clean_incident(self):
        """Return the known event that was chosen; one that has ended meanwhile still answers its callers."""
        key = self.cleaned_data["incident"]
        return Incident.objects.in_community(self.community).filter(pk=key).first() if key else None

    def clean_joins(self):
        """Return the open case that was chosen. Raises ValidationError for one that has ended meanwhile."""
        key = self.cleaned_data["joins"]
        case = self._seen(key).open().first() if key else None
        if key and case is None:
            raise forms.ValidationError(_("The case to join has ended meanwhile. Save this as a matter of its own."))
        return case

    def clean_follows(self):
        """Return the archived case that this is the next of, or None."""
        key = self.cleaned_data["follows"]
        return self._seen(key).filter(status=Status.ARCHIVED).first() if key else None

    def _seen(self, key):
        return Case.objects.visible_to(self.user).in_community(self.community).select_related("unit").filter(pk=key)

    def _find_who(self, cleaned):
        """Put the unit and the person of a finder line in place, unless something else was typed."""
        cleaned["unit"] = cleaned["reporter"] = None
        who = cleaned.get("who") or ""
        if who.startswith("o"):
            today = self.community.local(self.now).date()
            occupancy = (
                Occupancy.objects.on(today)
                .known()
                .with_people()
                .filter(unit__community=self.community, pk=who[1:])
                .first()
            )
            if occupancy is None:
                self.add_error("q", _("That person does not live there any more. Look them up again."))
                return
            cleaned["unit"], cleaned["reporter"] = occupancy.unit, occupancy.person
            cleaned["reporter_name"] = cleaned.get("reporter_name") or occupancy.person.name
            cleaned["reporter_phone"] = cleaned.get("reporter_phone") or occupancy.person.phone
        elif who.startswith("u"):
            cleaned["unit"] = (
                Unit.objects.filter(community=self.community, pk=who[1:]).select_related("building").first()
            )
        elif not cleaned.get("place"):
            cleaned["place"] = cleaned.get("q") or ""

    @property
    def facts(self):
        """The cleaned data as `receive_case` takes it."""
        others = ("q", "who", "refusal_reason", "refusal_answer")
        return {name: value for name, value in self.cleaned_data.items() if name not in others}

    @property
    def refusal(self):
        """Why it is declined and with which words, as `receive_to_decline` takes it."""
        return {"reason": self.cleaned_data["refusal_reason"], "answer": self.cleaned_data["refusal_answer"]}


class PreviewForm(forms.Form):
    """As much of an unfinished intake as the verdict needs; anything that does not fit is left out."""

    category = RowField(Category.objects.none(), required=False)
    urgency = forms.ChoiceField(choices=Urgency.choices, required=False)
    severity = forms.ChoiceField(choices=Severity.choices, required=False)
    kind = forms.ChoiceField(choices=[("", ""), *Kind.choices], required=False)
    summary = TextField(required=False, max_length=200)
    wish = TextField(required=False, max_length=300)
    reporter_name = TextField(required=False, max_length=120)
    place = TextField(required=False, max_length=200)
    q = TextField(required=False, max_length=120)
    who = forms.RegexField(r"^([ou][0-9]{1,15})?$", required=False)
    incident = forms.IntegerField(required=False, min_value=1, max_value=MOST_KEY)
    joins = forms.IntegerField(required=False, min_value=1, max_value=MOST_KEY)
    follows = forms.IntegerField(required=False, min_value=1, max_value=MOST_KEY)
    is_new_matter = forms.BooleanField(required=False)

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = Category.objects.filter(community=community, is_active=True).select_related(
            "department", "policy"
        )
