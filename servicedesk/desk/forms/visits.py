"""What is asked beside the needs of home visits: which are shown, and what kind of case one becomes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.models import Category, Kind
from residents.models import VisitNeed
from servicedesk.core.choices import RowField
from servicedesk.core.models import Department

OPEN, ALL = "open", "all"


class NeedsForm(forms.Form):
    """Which needs are shown; without anything said, those that are open."""

    show = forms.ChoiceField(
        label=_("Which"),
        choices=[(OPEN, _("still open")), *VisitNeed.Status.choices[1:], (ALL, _("All of them"))],
        required=False,
    )
    department = RowField(Department.objects.none(), label=_("Department"), required=False, empty_label=_("any"))

    def __init__(self, data, *, community, has_departments):
        super().__init__({"show": data.get("show") or OPEN, "department": data.get("department", "")})
        self.fields["department"].queryset = Department.objects.filter(community=community, is_active=True)
        if not has_departments:
            del self.fields["department"]
        self.is_valid()

    @property
    def is_open(self):
        return self.cleaned_data.get("show", OPEN) == OPEN

    @property
    def conditions(self):
        """The filter that was asked for; what nobody offers is left out."""
        show, department = self.cleaned_data.get("show", OPEN), self.cleaned_data.get("department")
        found = {} if show == ALL else {"status": show}
        return {**found, "department": department} if department else found


class CaseForm(forms.Form):
    """What kind of case a need becomes."""

    category = RowField(Category.objects.none(), label=_("Category"))
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("the usual kind of the category")), *Kind.choices], required=False
    )

    def __init__(self, *args, community, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = Category.objects.filter(community=community, is_active=True)
