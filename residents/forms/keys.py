"""What the desk types about keys."""

import datetime

from django import forms
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from residents.forms.steps import CopiesField, RoomField
from residents.models import KeyLoan, KeyMove, KeySet, Occupancy, Person, Proof
from servicedesk.core.choices import RowField
from servicedesk.core.duty import overseers
from servicedesk.core.forms import MomentField
from servicedesk.core.models import User
from servicedesk.core.steps import INLINE, StepForm, few_lines
from servicedesk.core.text import PhoneField, TextField

Borrower = KeyLoan.Borrower


class SearchForm(forms.Form):
    """What narrows a list of keys: a tag, a room or a place."""

    q = TextField(label=_("Tag, room or place"), required=False, max_length=60)

    @property
    def sought(self):
        return self.cleaned_data["q"] if self.is_valid() else ""


class LedgerForm(SearchForm):
    action = forms.ChoiceField(label=_("In or out"), required=False, choices=[("", _("all")), *KeyMove.Action.choices])

    @property
    def chosen(self):
        return self.cleaned_data["action"] if self.is_valid() else ""


class ReceiveForm(forms.Form):
    """Keys that come to the desk for the first time."""

    tag = TextField(label=_("Tag"), max_length=30)
    kind = forms.ChoiceField(label=_("Kind"), choices=KeySet.Kind.choices)
    unit = RoomField(required=False, help_text=_("For the keys of a room, for example 3-2-1201."))
    place = TextField(
        label=_("Place"), required=False, max_length=120, help_text=_("For public areas and plant rooms.")
    )
    what = TextField(
        label=_("What it opens"), required=False, max_length=120, help_text=_("For example: entrance door, letter box.")
    )
    copies = CopiesField()
    slot = TextField(label=_("Slot in the cabinet"), max_length=12)
    name = TextField(label=_("Handed in by"), required=False, max_length=60)
    signature = forms.ChoiceField(
        label=_("Signature"),
        choices=KeyMove.Signature.choices,
        initial=KeyMove.Signature.PAPER,
        widget=forms.RadioSelect(attrs=INLINE),
    )

    def __init__(self, *args, community, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.now, self.community = now, community
        self.fields["unit"].community = community

    def clean(self):
        cleaned = super().clean()
        if "kind" not in cleaned or "unit" in self.errors:
            return cleaned
        of_unit = cleaned["kind"] in KeySet.OF_UNITS
        if of_unit and not cleaned.get("unit"):
            self.add_error("unit", _("Keys of this kind belong to a room. Write which."))
        elif not of_unit and not cleaned.get("place") and "place" not in self.errors:
            self.add_error("place", _("Keys of this kind belong to a place. Write which."))
        return cleaned

    @property
    def facts(self):
        """The cleaned data as the action takes it: a name that is of who lives there is that person of the register."""
        facts = dict(self.cleaned_data)
        if facts["kind"] in KeySet.OF_UNITS:
            facts["place"] = ""
            today = self.community.local(self.now).date()
            living = Occupancy.objects.on(today).known().filter(unit=facts["unit"], person__name=facts["name"])
            found = living.select_related("person").first() if facts["name"] else None
            facts |= {"person": found.person, "name": ""} if found else {}
        else:
            facts["unit"] = None
        return facts


class PersonField(RowField):
    """One of those who occupy a unit today, each with their capacity."""

    def label_from_instance(self, row):
        return f"{row} · {Occupancy.Kind(row.capacity).label}"


def living_in(unit_id, today):
    """Return the people whom the desk may find and who occupy a unit on `today`, with their `capacity`."""
    living = Occupancy.objects.on(today).known().filter(unit=unit_id)
    theirs = living.filter(person=OuterRef("pk")).order_by("id")
    people = Person.objects.filter(pk__in=living.values("person"))
    return people.annotate(
        capacity=Subquery(theirs.values("kind")[:1]), since=Subquery(theirs.values("id")[:1])
    ).order_by("since")


class GivingForm(StepForm):
    """Keys that leave the desk: to whom, what they showed, and what the owner said."""

    copies = CopiesField()
    person = PersonField(Person.objects.none(), label=_("Who of the room"), required=False)
    name = TextField(label=_("Or the name"), required=False, max_length=60)
    proof = forms.ChoiceField(
        label=_("Proof shown"),
        required=False,
        choices=[("", _("nothing shown")), *Proof.choices],
        widget=forms.RadioSelect(attrs=INLINE),
        help_text=_("Needed from everybody but the owner and our own staff."),
    )
    owner_called = forms.BooleanField(label=_("The owner was called and agrees"), required=False)
    owner_said = TextField(label=_("What the owner said"), required=False, max_length=300)
    signature = forms.ChoiceField(
        label=_("Signature"),
        choices=KeyMove.Signature.choices,
        initial=KeyMove.Signature.PAPER,
        widget=forms.RadioSelect(attrs=INLINE),
    )
    OF_OWNER = ("person", "owner_called", "owner_said")

    def prepare(self):
        if self.thing.unit_id is None:
            for name in self.OF_OWNER:
                self.fields.pop(name, None)
            return
        today = self.thing.community.local(self.now).date()
        self.fields["person"].queryset = living_in(self.thing.unit_id, today)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("owner_called") and not cleaned.get("owner_said") and "owner_said" not in self.errors:
            self.add_error("owner_said", _("Write down what the owner said on the telephone."))
        return cleaned


class IssueForm(GivingForm):
    """Keys that are given out for good."""

    reason = TextField(label=_("Reason"), required=False, max_length=300)
    field_order = ["version", "copies", "person", "name", "reason"]

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("person") and not cleaned.get("name"):
            self.add_error("person" if "person" in self.fields else "name", _("Write who gets the keys."))
        return cleaned


class LendForm(GivingForm):
    """Keys that have to come back."""

    borrower = forms.ChoiceField(label=_("Borrower"), choices=Borrower.choices, widget=forms.RadioSelect(attrs=INLINE))
    staff = RowField(User.objects.none(), label=_("Which colleague"), required=False)
    phone = PhoneField(label=_("Telephone"), required=False, max_length=40)
    due_back_at = MomentField(label=_("Due back"), days_ahead=92)
    reason = TextField(label=_("What they are needed for"), max_length=300)
    for_number = TextField(label=_("For the case"), required=False, max_length=40)
    field_order = [
        *("version", "borrower", "staff", "person", "name", "phone", "copies", "due_back_at", "reason", "for_number"),
        *("proof", "owner_called", "owner_said", "signature"),
    ]

    def prepare(self):
        super().prepare()
        community = self.thing.community
        working = {"memberships__community": community, "memberships__is_active": True}
        self.fields["staff"].queryset = User.objects.filter(is_active=True, **working).distinct()
        if self.thing.unit_id is None:
            self.fields["borrower"].choices = [
                choice for choice in Borrower.choices if choice[0] not in (Borrower.OWNER, Borrower.RESIDENT)
            ]
        self.initial.setdefault("due_back_at", community.local(self.now) + datetime.timedelta(hours=2))

    def clean(self):
        cleaned = super().clean()
        borrower = cleaned.get("borrower")
        if borrower == Borrower.STAFF and not cleaned.get("staff"):
            self.add_error("staff", _("Choose the colleague who takes the keys."))
        elif borrower == Borrower.OWNER and not cleaned.get("person"):
            self.add_error("person", _("Choose the owner. If nobody can be chosen, record the owner first."))
        elif borrower == Borrower.RESIDENT and not cleaned.get("person") and not cleaned.get("name"):
            self.add_error("person", _("Choose who takes the keys, or write the name."))
        elif borrower in (Borrower.CONTRACTOR, Borrower.OTHER) and not cleaned.get("name"):
            self.add_error("name", _("Write the name of who takes the keys, and the company."))
        if cleaned.get("due_back_at") and cleaned["due_back_at"] <= self.now:
            self.add_error("due_back_at", _("Keys are due back at a time to come. Look at the time."))
        return cleaned


class AskForm(LendForm):
    """Keys left in trust that are needed at once, without the owner."""

    proof = owner_called = owner_said = signature = None

    def prepare(self):
        super().prepare()
        self.fields["reason"].label = _("What has happened, and what they are needed for")


class TakeBackForm(StepForm):
    issue = RowField(KeyMove.objects.none(), label=_("From whom"))
    copies = CopiesField()
    slot = TextField(
        label=_("Slot in the cabinet"),
        required=False,
        max_length=12,
        help_text=_("Only if these keys have none."),
    )
    reason = TextField(label=_("Reason"), required=False, max_length=300)

    def prepare(self):
        given = KeyMove.objects.given_out().filter(key_set=self.thing).select_related("person")
        self.fields["issue"].queryset = given
        self.fields["issue"].label_from_instance = lambda row: f"{row.who} × {row.left}"


class MoreForm(StepForm):
    copies = CopiesField()
    slot = TextField(
        label=_("Slot in the cabinet"), required=False, max_length=12, help_text=_("Only if these keys have none.")
    )
    reason = TextField(label=_("Reason"), required=False, max_length=300)


class LoseForm(StepForm):
    """Copies that are lost, out of the cabinet or at who has them."""

    issue = RowField(KeyMove.objects.none(), label=_("From whom"), required=False, empty_label=_("out of the cabinet"))
    copies = CopiesField()
    reason = TextField(label=_("How it happened"), max_length=300, widget=few_lines())
    measure = TextField(
        label=_("What is done about it"),
        max_length=300,
        widget=few_lines(),
        help_text=_("For example: the lock is changed, the owner was told."),
    )

    def prepare(self):
        given = KeyMove.objects.given_out().filter(key_set=self.thing).select_related("person")
        self.fields["issue"].queryset = given
        self.fields["issue"].label_from_instance = lambda row: f"{row.who} × {row.left}"


class DestroyForm(StepForm):
    copies = CopiesField()
    reason = TextField(label=_("Reason"), max_length=300, widget=few_lines())


# Steps on a loan ------------------------------------------------------------------------------------------------------


class ApproveForm(StepForm):
    note = TextField(label=_("Note"), required=False, max_length=300, widget=few_lines())


class PhoneApprovalForm(StepForm):
    approved_by = RowField(
        User.objects.none(),
        label=_("Who approved it on the telephone"),
        help_text=_("A supervisor or the duty manager, and not who asked for the keys. They are told of it."),
    )
    note = TextField(label=_("What was said on the telephone"), required=False, max_length=300, widget=few_lines())

    def prepare(self):
        keys = [one.pk for one in overseers(self.thing.community, self.now) if one.pk != self.thing.asked_by_id]
        self.fields["approved_by"].queryset = User.objects.filter(pk__in=keys).order_by("pk")


class DeclineForm(StepForm):
    note = TextField(label=_("Reason"), max_length=300, widget=few_lines())


class HandOverForm(StepForm):
    due_back_at = MomentField(label=_("Due back"), days_ahead=92)
    proof = forms.ChoiceField(
        label=_("Proof shown"),
        required=False,
        choices=[("", _("nothing shown")), *Proof.choices],
        widget=forms.RadioSelect(attrs=INLINE),
        help_text=_("Needed from everybody but the owner and our own staff."),
    )
    signature = forms.ChoiceField(
        label=_("Signature"),
        choices=KeyMove.Signature.choices,
        initial=KeyMove.Signature.PAPER,
        widget=forms.RadioSelect(attrs=INLINE),
    )

    def prepare(self):
        self.initial.setdefault("due_back_at", self.thing.community.local(self.thing.due_back_at))


class ReturnForm(StepForm):
    copies = CopiesField()
    reason = TextField(label=_("Note"), required=False, max_length=300)

    def prepare(self):
        self.initial.setdefault("copies", self.thing.left)


class LoseLentForm(StepForm):
    copies = CopiesField()
    reason = TextField(label=_("How it happened"), max_length=300, widget=few_lines())
    measure = TextField(
        label=_("What is done about it"),
        max_length=300,
        widget=few_lines(),
        help_text=_("For example: the lock is changed, the owner was told."),
    )


class ExtendForm(StepForm):
    due_back_at = MomentField(label=_("Due back"), days_ahead=92)

    def prepare(self):
        until = max(self.now, self.thing.due_back_at) + datetime.timedelta(hours=2)
        self.initial.setdefault("due_back_at", self.thing.community.local(until))


class TellForm(StepForm):
    how = forms.ChoiceField(
        label=_("How the owner was told"), choices=KeyLoan.How.choices, widget=forms.RadioSelect(attrs=INLINE)
    )


class UnmaskForm(StepForm):
    reason = TextField(label=_("Why you need the number"), max_length=300)
