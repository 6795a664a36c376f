"""What a worker types on a phone about a job."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.public import PhotoField
from complaints.forms.staff import LONG_TEXT, DeclineForm, PauseForm, StepForm, text_area
from complaints.models import Kind
from servicedesk.core import photos
from servicedesk.core.models import Photo
from servicedesk.core.text import TextField

__all__ = ["CallForm", "DeclineForm", "FinishForm", "PauseForm", "WordForm"]


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


class FinishForm(PicturesForm):
    """What was done, with a photo; where a repair has none, the reason for that."""

    remedy = TextField(label=_("What was done"), max_length=LONG_TEXT, widget=text_area())
    no_photo_reason = TextField(
        label=_("If there is no photo: why"), required=False, max_length=200, help_text=_("For repairs only.")
    )
    field_order = ["version", "remedy", "photo1", "photo2", "no_photo_reason"]

    def prepare(self):
        self.has_photo = Photo.objects.about(self.case).exclude(stage=Photo.Stage.REPORT).exists()
        if self.case.kind != Kind.REPAIR or self.has_photo:
            del self.fields["no_photo_reason"]

    def clean(self):
        cleaned = super().clean()
        asks = "no_photo_reason" in self.fields and not self.has_error("photo1") and not self.has_error("photo2")
        if asks and not self.pictures and not cleaned.get("no_photo_reason"):
            self.add_error("photo1", _("Take a photo of the finished work, or say below why there is none."))
        return cleaned

    @property
    def facts(self):
        remedy, reason = self.cleaned_data["remedy"], self.cleaned_data.get("no_photo_reason")
        if reason:
            remedy += "\n" + _("No photo: %(reason)s") % {"reason": reason}
        return {"remedy": remedy, "pictures": self.pictures}


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
