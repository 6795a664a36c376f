"""What was asked for on a home visit and became a case."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case
from residents.models import VisitNeed
from servicedesk.core.models import Community, User


class NeedCase(models.Model):
    """The case that a need became. Where its registration was undone the link is freed, and the need open again."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="need_cases")
    need = models.ForeignKey(VisitNeed, models.PROTECT, related_name="case_links")
    case = models.OneToOneField(Case, models.PROTECT, related_name="need_link")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    freed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("case of a need")
        verbose_name_plural = _("cases of needs")
        constraints = [
            models.UniqueConstraint(
                fields=["need"], condition=Q(freed_at=None), name="need_case_one_for_a_need_at_a_time"
            ),
        ]

    def __str__(self):
        return f"{self.need} → {self.case}"
