"""Telephone calls as they are typed in: nothing that was told by telephone goes unrecorded (漏记, S3 第十九条)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case, Concern
from complaints.models.letters import desks_of
from servicedesk.core.masking import mask_phone
from servicedesk.core.models import Community, User


class CallQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return the calls that `user` may see, never one whose case concerns them (ruling 12)."""
        about_them = Concern.objects.filter(user=user).values("case")
        return self.filter(community__in=desks_of(user)).exclude(case__in=about_them)

    def loose(self):
        """Return the calls that are neither a case nor explained: what the day may not close with."""
        return self.filter(settled_at=None)


class Call(models.Model):
    """One call, missed or finished. It becomes a case, belongs to one, or it is explained why it is none."""

    class Kind(models.TextChoices):
        MISSED = "missed", _("missed")
        FINISHED = "finished", _("finished")

    community = models.ForeignKey(Community, models.PROTECT, related_name="calls")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    kind = models.CharField(_("call"), max_length=8, choices=Kind)
    at = models.DateTimeField(_("when"))
    phone = models.CharField(_("telephone"), max_length=21, blank=True)
    caller = models.CharField(_("who"), max_length=120, blank=True)
    what = models.CharField(_("matter"), max_length=200, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("who answered"))
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="calls")
    no_case_reason = models.CharField(_("why it is no case"), max_length=300, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="missed", answered_by=None) | Q(kind="finished", answered_by__isnull=False),
                name="call_finished_has_who_answered",
            ),
            models.CheckConstraint(condition=~Q(phone="") | ~Q(what=""), name="call_has_a_number_or_a_matter"),
            models.CheckConstraint(condition=Q(entered_at__gte=F("at")), name="call_entered_after_it_came"),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None, case=None, no_case_reason="")
                | (
                    Q(settled_at__isnull=False, settled_by__isnull=False)
                    & (Q(case__isnull=False, no_case_reason="") | (Q(case=None) & ~Q(no_case_reason="")))
                ),
                name="call_settled_is_a_case_or_explained",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "-at", "-id"], name="call_by_time"),
            models.Index(fields=["community", "at"], condition=Q(settled_at=None), name="call_loose"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%m-%d %H:%M}"

    @property
    def is_loose(self):
        """Whether it is neither a case nor explained."""
        return self.settled_at is None

    @property
    def masked_phone(self):
        return mask_phone(self.phone) if self.phone else ""
