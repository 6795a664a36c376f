"""The one-time code by which somebody sees their bills on a phone, without an account (S38)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models import Person, Unit
from servicedesk.core.models import Community, User


class BillAccessQuerySet(models.QuerySet):
    def to_use(self, now):
        """Return the codes that nobody has used and that are still good."""
        return self.filter(used_at=None, ended_at=None, expires_at__gt=now)

    def open_at(self, now):
        """Return those that were used and still show their bills."""
        return self.filter(used_at__isnull=False, ended_at=None, until__gt=now)


class BillAccess(models.Model):
    """One code given to one person for one home: used once, it opens the bills of their time there alone (T27).

    The code itself is nowhere: only its digest is kept.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="bill_accesses")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="bill_accesses")
    person = models.ForeignKey(Person, models.PROTECT, related_name="bill_accesses")
    code_digest = models.CharField(max_length=64, unique=True)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    # How long the browser that used it may look.
    until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BillAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("code for bills")
        verbose_name_plural = _("codes for bills")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("given_at")), name="bill_access_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(used_at=None, until=None)
                | Q(used_at__gte=F("given_at"), used_at__lt=F("expires_at"), until__gt=F("used_at")),
                name="bill_access_used_in_time_has_an_end",
            ),
        ]

    def __str__(self):
        return f"{self.unit_id} {self.given_at:%Y-%m-%d %H:%M}"
