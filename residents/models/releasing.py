"""The slips that let goods out of the gate (放行条)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from residents.models.moving import AskedFor, MoveBooking
from servicedesk.core.models import Community, User


class ReleaseSlipQuerySet(models.QuerySet):
    def for_unit(self, unit):
        """Return the slips of a home, the latest first."""
        return self.filter(unit=unit)

    def waiting(self, today):
        """Return those that wait for a decision and can still be used."""
        return self.filter(status=ReleaseSlip.Status.ASKED, valid_until__gte=today)

    def over(self, today):
        """Return those whose last day is past though nobody has ended them."""
        return self.filter(status__in=ReleaseSlip.OPEN, valid_until__lt=today)

    def with_places(self):
        return self.select_related("unit", "applicant", "asked_by", "decided_by", "gate_checked_by", "booking")


class ReleaseSlip(AskedFor):
    """A paper that lets goods out of the gate once, on its days. Fees are no reason to refuse it (ruling 15)."""

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        APPROVED = "approved", _("may leave")
        USED = "used", _("let out")
        REFUSED = "refused", _("refused")
        EXPIRED = "expired", _("expired")
        VOID = "void", _("void")

    MOVES = {
        Status.ASKED: {Status.APPROVED, Status.REFUSED, Status.EXPIRED, Status.VOID},
        Status.APPROVED: {Status.USED, Status.EXPIRED, Status.VOID},
        Status.USED: set(),
        Status.REFUSED: set(),
        Status.EXPIRED: set(),
        Status.VOID: set(),
    }
    OPEN = (Status.ASKED, Status.APPROVED)

    community = models.ForeignKey(Community, models.PROTECT, related_name="release_slips")
    number = models.CharField(_("number"), max_length=20)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ASKED)
    booking = models.ForeignKey(MoveBooking, models.PROTECT, null=True, related_name="slips")
    valid_on = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    refused_reason = models.CharField(_("why it was refused"), max_length=300, blank=True)
    void_reason = models.CharField(_("why void"), max_length=300, blank=True)
    gate_checked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    gate_checked_at = models.DateTimeField(null=True)
    gate_note = models.CharField(_("what differed at the gate"), max_length=300, blank=True)
    # The key of the form that made it: sent twice, it makes one.
    submission = models.UUIDField(null=True, unique=True, editable=False)
    token_digest = models.CharField(max_length=64, editable=False)

    objects = ReleaseSlipQuerySet.as_manager()

    class Meta:
        verbose_name = _("goods release slip")
        verbose_name_plural = _("goods release slips")
        ordering = ["-id"]
        constraints = [
            *AskedFor.Meta.constraints,
            models.UniqueConstraint(fields=["community", "number"], name="slip_number_once_in_community"),
            models.UniqueConstraint(fields=["token_digest"], name="slip_token_once"),
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_on")), name="slip_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(status="asked", decided_by=None, decided_at=None)
                | Q(status__in=["expired", "void"])
                | Q(status__in=["approved", "used", "refused"], decided_by__isnull=False, decided_at__isnull=False),
                name="slip_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="slip_decided_by_a_second_person"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "used"], relation__in=["lessee", "other"], consent_how=""),
                name="slip_of_a_lessee_has_the_owners_consent",
            ),
            models.CheckConstraint(
                condition=(Q(status="refused") & ~Q(refused_reason="")) | (~Q(status="refused") & Q(refused_reason="")),
                name="slip_refused_has_reason",
            ),
            models.CheckConstraint(
                condition=(Q(status="void") & ~Q(void_reason="")) | (~Q(status="void") & Q(void_reason="")),
                name="slip_void_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(status="used", gate_checked_by__isnull=False, gate_checked_at__isnull=False)
                | (~Q(status="used") & Q(gate_checked_by=None, gate_checked_at=None)),
                name="slip_used_was_checked_at_the_gate",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "valid_on"], name="slip_by_day"),
            models.Index(fields=["valid_until"], name="slip_open_end", condition=Q(status__in=["asked", "approved"])),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("residents:slip", args=[self.pk])

    @property
    def is_open(self):
        return self.status in self.OPEN

    def is_over(self, today):
        """Return whether its last day is past though nobody has ended it yet."""
        return self.is_open and self.valid_until < today

    def status_on(self, today):
        """Return the status as it is on `today`: one whose last day is past has expired, whatever the row says."""
        return self.Status.EXPIRED if self.is_over(today) else self.Status(self.status)


class ReleaseItem(models.Model):
    """One line of a slip: what leaves, and how many of it."""

    slip = models.ForeignKey(ReleaseSlip, models.PROTECT, related_name="items")
    name = models.CharField(_("thing"), max_length=80)
    quantity = models.PositiveSmallIntegerField(_("how many"), default=1)
    note = models.CharField(_("note"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("thing on a slip")
        verbose_name_plural = _("things on slips")
        ordering = ["slip", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & Q(quantity__gte=1), name="release_item_is_something")
        ]

    def __str__(self):
        return f"{self.name} × {self.quantity}"
