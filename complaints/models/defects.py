"""The case that a defect found at a handover became: the link lives here, because residents know nothing of cases."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case
from residents.models import Defect
from servicedesk.core.models import Community


class DefectCase(models.Model):
    """Which case mends which defect of a handover (完成验收遗留问题)."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    defect = models.OneToOneField(Defect, models.PROTECT, related_name="link")
    case = models.OneToOneField(Case, models.PROTECT, related_name="defect_link")

    class Meta:
        verbose_name = _("case of a defect")
        verbose_name_plural = _("cases of defects")

    def __str__(self):
        return f"{self.defect} {self.case}"
