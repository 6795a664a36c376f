"""What a supervisor asks, and what a home answers."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.models import Survey
from complaints.models.aftercare import Grade
from residents.models import Building
from servicedesk.core.choices import RowsField
from servicedesk.core.forms import NearDayField
from servicedesk.core.text import TextField

MOST_QUESTIONS = 8
MOST_CHOICES = 8


class SurveyForm(forms.Form):
    """The frame of a survey: its title, its days, whom it asks."""

    title = TextField(label=_("Title"), max_length=80)
    opens_on = NearDayField(label=_("First day"))
    closes_on = NearDayField(label=_("Last day"))
    buildings = RowsField(
        Building.objects.none(),
        label=_("Buildings"),
        help_text=_("None ticked means all of them."),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "inline"}),
    )

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["buildings"].queryset = Building.objects.filter(community=community)

    def clean(self):
        cleaned = super().clean()
        opens, closes = cleaned.get("opens_on"), cleaned.get("closes_on")
        if opens and closes and closes < opens:
            self.add_error("closes_on", _("The last day must not come before the first."))
        return cleaned


class QuestionForm(forms.Form):
    """One question; one without words is left out."""

    text = TextField(label=_("Question"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Answered by"), choices=Survey.Kind.choices, required=False)
    choices = TextField(
        label=_("Choices"),
        help_text=_("For “one of several”, divided by commas."),
        max_length=400,
        required=False,
    )

    def clean_choices(self):
        parts = [part.strip() for part in re.split(r"[,\uff0c、;\uff1b\n]", self.cleaned_data["choices"])]
        return list(dict.fromkeys(part for part in parts if part))[:MOST_CHOICES]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("text") and cleaned.get("kind") == Survey.Kind.CHOICE and len(cleaned.get("choices", [])) < 2:
            self.add_error("choices", _("Give two choices at least, divided by commas."))
        return cleaned


class BaseQuestions(forms.BaseFormSet):
    """The questions of a survey, one at least."""

    def clean(self):
        if not any(self.errors) and not self.questions():
            raise forms.ValidationError(_("Ask one question at least."))

    def questions(self):
        """Return the questions as a survey keeps them."""
        return [
            {
                "text": facts["text"],
                "kind": facts["kind"] or Survey.Kind.GRADE.value,
                "choices": facts["choices"] if facts["kind"] == Survey.Kind.CHOICE else [],
            }
            for facts in (form.cleaned_data for form in self.forms)
            if facts.get("text")
        ]


Questions = forms.formset_factory(
    QuestionForm, formset=BaseQuestions, extra=MOST_QUESTIONS, max_num=MOST_QUESTIONS, absolute_max=MOST_QUESTIONS
)


class SurveyAnswerForm(forms.Form):
    """The questions of one survey, as a home answers them; each may be left out, but not all."""

    def __init__(self, *args, survey, **kwargs):
        super().__init__(*args, **kwargs)
        self.survey = survey
        for n, question in enumerate(survey.questions):
            self.fields[f"q{n}"] = _field(question)

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not any(answer not in (None, "") for answer in self.answers):
            raise forms.ValidationError(_("Answer one question at least."))
        return cleaned

    @property
    def answers(self):
        """What was answered, in the order of the questions; None where nothing was."""
        return [self.cleaned_data.get(f"q{n}") for n in range(len(self.survey.questions))]


def _field(question):
    label, kind = question["text"], question["kind"]
    if kind == Survey.Kind.TEXT:
        area = forms.Textarea(attrs={"rows": 3, "data-count": "1000"})
        return TextField(label=label, required=False, max_length=1000, widget=area)
    looks = {"class": "stars short"} if kind == Survey.Kind.GRADE else {}
    choices = sorted(Grade.choices, reverse=True) if kind == Survey.Kind.GRADE else list(enumerate(question["choices"]))
    return forms.TypedChoiceField(
        label=label, required=False, coerce=int, empty_value=None, choices=choices, widget=forms.RadioSelect(looks)
    )
