"""A month of fees, closed: its figures as they were then (section 28)."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models import Community, User


class MonthClose(models.Model):
    """One month that finance has closed: nothing is billed for it any more, and its figures stand as they were."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="fee_months")
    month = models.DateField(_("month"))
    closed_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    # See `billing.figures.Figures.frozen`.
    figures = models.JSONField()
    note = models.CharField(_("what was still open, and why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("closed month of fees")
        verbose_name_plural = _("closed months of fees")
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(fields=["community", "month"], name="month_close_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="month_close_is_of_a_month"),
        ]

    def __str__(self):
        return f"{self.month:%Y-%m}"

    def get_absolute_url(self):
        return reverse("billing:figures_of", args=[self.month])
