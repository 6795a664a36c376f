"""Fields that forms about cases share."""

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.following import plain_number
from complaints.models import Case
from servicedesk.core.text import TextField


class CaseNumberField(TextField):
    """A case by its number, with or without the code of the community, in letters and digits of any width: returned as
    the Case, or None where nothing was typed. Its form says by `among` which cases can be meant."""

    default_error_messages = {"unknown": _("There is no case %(number)s here. Look at the number again.")}
    rows, code = Case.objects.none(), ""

    def __init__(self, **kwargs):
        super().__init__(max_length=60, **kwargs)

    def among(self, rows, community):
        self.rows, self.code = rows.filter(community=community), f"{community.code}-"

    def clean(self, value):
        typed = super().clean(value)
        plain = plain_number(typed)
        if not plain:
            return None
        case = self.rows.filter(number=plain if plain.startswith(self.code) else self.code + plain).first()
        if case is None:
            raise forms.ValidationError(self.error_messages["unknown"], params={"number": typed}, code="unknown")
        return case
