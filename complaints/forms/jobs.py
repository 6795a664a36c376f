"""What a worker types on a phone about a job."""

import re
import unicodedata
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.staff import LONG_TEXT, AnswerQuoteForm, DeclineForm, PauseForm, QuoteForm, StepForm, text_area
from complaints.models import Kind, Work
from servicedesk.core import photos
from servicedesk.core.forms import PhotoField
from servicedesk.core.models import Photo
from servicedesk.core.money import MoneyField
from servicedesk.core.text import TextField

# What a finished job took, as the action takes it.
WORK = ("materials", "labour_minutes", "charge_to", "amount")
# A name, how much, and what it is counted in: "角阀 2 只", "软管1.5米", "angle valve x2".
_MATERIAL = re.compile(
    r"(?P<name>.*?(?:[^\s\d.×x*-]|\S(?=\s)))\s*[×x*]?\s*(?P<quantity>[0-9]{1,6}(?:\.[0-9]{1,2})?)\s*(?P<measure>[^\d\s]{0,10})"
)

__all__ = ["AnswerQuoteForm", "CallForm", "DeclineForm", "FinishForm", "PauseForm", "QuoteForm", "WordForm"]


class PicturesForm(StepForm):
    """A step with up to two photos. After `is_valid`, `pictures` holds the good ones even where it is False."""

    photo1 = PhotoField(label=_("Photo"), required=False)
    photo2 = PhotoField(label=_("Another photo"), required=False)

    def clean(self):
        self.pictures = []
        for name in ("photo1", "photo2"):
            upload = self.files.get(name)
            if upload is None:
                continue
            try:
                self.pictures.append(photos.reencode(upload))
            except forms.ValidationError as error:
                self.add_error(name, error)
        return super().clean()


class MaterialsField(TextField):
    """Materials as a worker writes them, one a line; returned as (name, quantity, unit)."""

    widget = text_area(2, autocomplete="off")

    def __init__(self, **kwargs):
        super().__init__(max_length=2000, **kwargs)

    def clean(self, value):
        lines = [line.strip() for line in super().clean(value).splitlines()]
        return [self._material(line) for line in lines if line]

    def _material(self, line):
        found = _MATERIAL.fullmatch(unicodedata.normalize("NFKC", line))
        quantity = Decimal(found["quantity"]) if found else Decimal(0)
        if not quantity or len(found["name"]) > 80:
            raise forms.ValidationError(
                _("“%(line)s”: write the name, how much and the unit, for example: angle valve 2 pcs"),
                params={"line": line[:80]},
            )
        return found["name"].strip(), quantity, found["measure"].strip()


class FinishForm(PicturesForm):
    """What was done, with a photo; where a repair has none, the reason for that."""

    remedy = TextField(label=_("What was done"), max_length=LONG_TEXT, widget=text_area())
    no_photo_reason = TextField(
        label=_("If there is no photo: why"), required=False, max_length=200, help_text=_("For repairs only.")
    )
    materials = MaterialsField(
        label=_("Material used"),
        required=False,
        help_text=_("One a line: name, quantity, unit. For example: angle valve 2 pcs"),
    )
    labour_minutes = forms.IntegerField(
        label=_("Working time in minutes"), required=False, min_value=1, max_value=10_000
    )
    charge_to = forms.ChoiceField(label=_("Who bears the cost"), choices=Work.Charge.choices, required=False)
    amount = MoneyField(label=_("Charged in yuan"), required=False)
    field_order = ["version", "remedy", "photo1", "photo2", "no_photo_reason"]

    def prepare(self):
        if self.case.kind != Kind.REPAIR:
            for name in WORK:
                del self.fields[name]
        self.has_photo = Photo.objects.about(self.case).exclude(stage=Photo.Stage.REPORT).exists()
        if self.case.kind != Kind.REPAIR or self.has_photo:
            del self.fields["no_photo_reason"]

    def clean(self):
        cleaned = super().clean()
        asks = "no_photo_reason" in self.fields and not self.has_error("photo1") and not self.has_error("photo2")
        if asks and not self.pictures and not cleaned.get("no_photo_reason"):
            self.add_error("photo1", _("Take a photo of the finished work, or say below why there is none."))
        charge, amount = cleaned.get("charge_to"), cleaned.get("amount")
        if "amount" in self.fields and "amount" not in self.errors:
            if charge == Work.Charge.RESIDENT and not amount:
                self.add_error("amount", _("Say how much the resident is charged."))
            elif amount and charge in ("", Work.Charge.NOBODY):
                self.add_error("charge_to", _("Say who bears the cost, or leave the amount empty."))
        return cleaned

    @property
    def facts(self):
        remedy, reason = self.cleaned_data["remedy"], self.cleaned_data.get("no_photo_reason")
        if reason:
            remedy += "\n" + _("No photo: %(reason)s") % {"reason": reason}
        work = {name: self.cleaned_data[name] for name in WORK if self.cleaned_data.get(name)}
        return {"remedy": remedy, "pictures": self.pictures, **work}


class WordForm(PicturesForm):
    """A line for the office from where the work is, with photos or without."""

    note = TextField(label=_("A line for the office"), required=False, max_length=LONG_TEXT, widget=text_area(2))
    field_order = ["version", "note", "photo1", "photo2"]

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("note") and not self.pictures:
            self.add_error("note", _("Write a line or take a photo."))
        return cleaned

    @property
    def facts(self):
        return {"note": self.cleaned_data["note"], "pictures": self.pictures}


class CallForm(StepForm):
    """Why a worker needs the resident's number; the usual reason stands there already."""

    reason = TextField(label=_("Why you need the number"), max_length=200)

    def prepare(self):
        self.initial.setdefault("reason", _("To agree on a time and find the place."))
