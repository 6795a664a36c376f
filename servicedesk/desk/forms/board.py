"""What narrows the board."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms.lists import ANY
from complaints.models import Kind


class BoardFilterForm(forms.Form):
    """The two filters of the board."""

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=ANY + Kind.choices)
    department = forms.TypedChoiceField(label=_("Department"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args, departments, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = ANY + departments
