"""What residents type: the pages of the request form, and what they add on the tracking page."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models import Category, Rating
from servicedesk.core import photos
from servicedesk.core.forms import PhotoField
from servicedesk.core.text import PhoneField, TextField, clean_text

HOME, COMMON = Category.Scope.HOME.value, Category.Scope.COMMON.value
PHOTOS = 4
VISITS = [("today", _("Today")), ("tomorrow", _("Tomorrow")), ("agree", _("Agree by telephone"))]


def typed(post):
    """Return what a browser sent as plain text: {name: words}, without characters that no page could show again."""
    return {name: clean_text(value) for name, value in post.items()}


def label_of(thing):
    """Return the name of a category or community in the language of the page, as far as it has one."""
    return (thing.name_en if get_language() == "en" else "") or thing.name


class PhotosForm(forms.Form):
    """Up to `room` photos, one input each. After `is_valid`, `pictures` holds the good ones even where it is False."""

    def __init__(self, *args, room=PHOTOS, **kwargs):
        super().__init__(*args, **kwargs)
        self.room, self.pictures = room, []
        for n in range(PHOTOS - room + 1, PHOTOS + 1):
            label = _("Photo %(number)s") % {"number": n}
            self.fields[f"photo{n}"] = PhotoField(label=label, required=False)

    def photo_fields(self):
        """Return the bound photo fields, for the page."""
        return [self[name] for name in self.fields if name.startswith("photo")]

    def clean(self):
        self.pictures = []
        for name, uploads in self.files.lists():
            for upload in uploads:
                self._take(name if name in self.fields else None, upload)
        return super().clean()

    def _take(self, field, upload):
        upload.name = clean_text(upload.name) or "photo"
        if len(self.pictures) >= self.room:
            sentence = _("At most four photos. %(name)s was left out; you can add it later on the tracking page.")
            self.add_error(field, ValidationError(sentence, params={"name": upload.name[:60]}))
            return
        try:
            self.pictures.append(photos.reencode(upload))
        except ValidationError as error:
            self.add_error(field, error)


class PlaceForm(forms.Form):
    """Page 1: where it is, and what kind of matter."""

    scope = forms.ChoiceField(
        label=_("Where is it?"),
        choices=[(HOME, _("In my home")), (COMMON, _("In the common parts"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose where it is."), "invalid_choice": _("Choose where it is.")},
    )
    category = forms.ChoiceField(
        label=_("What is it about?"),
        widget=forms.RadioSelect(attrs={"data-user": True}),
        error_messages={
            "required": _("Choose what it is about."),
            "invalid_choice": _("Choose what it is about from the list."),
        },
    )

    def __init__(self, *args, categories, **kwargs):
        super().__init__(*args, **kwargs)
        self.categories = {str(category.pk): category for category in categories}
        self.fields["category"].choices = [(pk, label_of(category)) for pk, category in self.categories.items()]

    def clean(self):
        cleaned = super().clean()
        category = self.categories.get(cleaned.get("category"))
        if category and cleaned.get("scope") and category.scope not in (Category.Scope.ANY, cleaned["scope"]):
            other = _("the common parts") if category.scope == COMMON else _("a home")
            sentence = _("“%(category)s” is for %(place)s. Choose another one, or another place above.")
            self.add_error(
                "category", ValidationError(sentence, params={"category": label_of(category), "place": other})
            )
        return cleaned


class MatterForm(PhotosForm):
    """Page 2: what is wrong, with photos and the time for a visit."""

    place = TextField(
        label=_("Where exactly?"),
        help_text=_("For example: building 3, hall of entrance 2."),
        max_length=200,
        error_messages={"required": _("Write where it is, so that we find it.")},
    )
    summary = TextField(
        label=_("What is wrong?"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "200"}),
        error_messages={"required": _("Write what is wrong.")},
    )
    description = TextField(
        label=_("Details"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    visit = forms.ChoiceField(
        label=_("When may we come?"),
        choices=VISITS,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "inline"}),
        error_messages={"invalid_choice": _("Choose one of the times.")},
    )

    def __init__(self, *args, scope, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["place" if scope == HOME else "visit"]


class ContactForm(forms.Form):
    """Page 3: how to reach the resident. Only the telephone number is needed, and the room for a matter at home."""

    room = TextField(
        label=_("Room"),
        help_text=_("For example 3-2-1201: building, entrance, room."),
        max_length=100,
        widget=forms.TextInput(attrs={"class": "w-phone", "autocomplete": "off"}),
        error_messages={"required": _("Write the room, so that we find you.")},
    )
    phone = PhoneField(
        label=_("Telephone"),
        help_text=_("We call this number about this request, and use it for nothing else."),
        max_length=40,
        widget=forms.TextInput(
            attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", "class": "w-phone"},
        ),
        error_messages={"required": _("Write a telephone number, so that we can answer you.")},
    )
    name = TextField(
        label=_("Name"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "w-phone"}),
    )
    # Nobody sees this box; whoever fills it in is most likely a machine.
    website = TextField(
        label=_("Leave this empty"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args, scope, **kwargs):
        super().__init__(*args, **kwargs)
        if scope != HOME:
            del self.fields["room"]

    def clean_phone(self):
        phone = self.cleaned_data["phone"]
        if not 7 <= len(phone.lstrip("+")) <= 15:
            raise ValidationError(
                _("Write a mobile number of 11 digits, or a landline number with its area code (7 to 15 digits)."),
                code="phone",
            )
        return phone

    def clean_website(self):
        return self.cleaned_data["website"][:1]


class AddForm(PhotosForm):
    """More words or photos for a request that is on its way."""

    note = TextField(
        label=_("What would you like to add?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "1000"}),
    )

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("note") and not self.pictures and not self.errors:
            self.add_error("note", _("Write something or choose a photo."))
        return cleaned


class NotSolvedForm(forms.Form):
    """What is still wrong, for opening the request again."""

    note = TextField(
        label=_("What is still wrong?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "1000"}),
        error_messages={"required": _("Write what is still wrong, so that we can set it right.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_again_%s", **kwargs)


class RateForm(forms.Form):
    """What the resident thinks of how their request was handled, in one to five stars."""

    overall = forms.TypedChoiceField(
        label=_("How do you find the result?"),
        coerce=int,
        choices=Rating.STARS,
        widget=forms.RadioSelect(attrs={"class": "stars"}),
        error_messages={"required": _("Choose one to five stars."), "invalid_choice": _("Choose one to five stars.")},
    )
    speed = forms.TypedChoiceField(
        label=_("How fast was it?"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=Rating.STARS,
        widget=forms.RadioSelect(attrs={"class": "stars short"}),
        error_messages={"invalid_choice": _("Choose one to five stars.")},
    )
    manner = forms.TypedChoiceField(
        label=_("How were our people?"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=Rating.STARS,
        widget=forms.RadioSelect(attrs={"class": "stars short"}),
        error_messages={"invalid_choice": _("Choose one to five stars.")},
    )
    words = TextField(
        label=_("What would you like to tell us?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "1000"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_rate_%s", **kwargs)


class CodeForm(forms.Form):
    """The number and code from a slip or from the end of the request form."""

    number = TextField(
        label=_("Number"),
        help_text=_("For example BX261123-0031."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "class": "w-phone"}),
        error_messages={"required": _("Write the number of your request.")},
    )
    code = TextField(
        label=_("Tracking code"),
        help_text=_("Ten characters, for example 7KQ4M-2XD9F."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "class": "w-phone"}),
        error_messages={"required": _("Write the code of your request.")},
    )
