"""Deposits (押金, 保证金): money of others that we hold, never income until something is deducted (section 20)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.amounts import MOST, amount_field
from residents.models import Person, Unit
from servicedesk.core.models import Community, User


class DepositKind(models.TextChoices):
    RENOVATION_OWNER = "renovation", _("renovation, by the owner")
    RENOVATION_CONTRACTOR = "contractor", _("renovation, by the contractor")
    PASS = "pass", _("passes")
    KEY = "key", _("keys")
    LEASE = "lease", pgettext_lazy("money", "lease")
    ADVERT = "advert", _("advertising")


class DepositRule(models.Model):
    """What a city or the covenant says of one kind of deposit: data with its source, never law by assumption (17)."""

    class Verdict(models.TextChoices):
        ALLOWED = "allowed", _("allowed")
        CAPPED = "capped", _("allowed up to an amount")
        FORBIDDEN = "forbidden", _("forbidden")

    community = models.ForeignKey(Community, models.PROTECT, related_name="deposit_rules")
    kind = models.CharField(_("kind"), max_length=10, choices=DepositKind)
    verdict = models.CharField(_("is it allowed"), max_length=9, choices=Verdict)
    most = amount_field(_("at most"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("rule for deposits")
        verbose_name_plural = _("rules for deposits")
        ordering = ["community", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["community", "kind"], name="deposit_rule_one_of_a_kind"),
            models.CheckConstraint(
                condition=Q(verdict="capped", most__gt=0, most__lte=MOST) | (~Q(verdict="capped") & Q(most=None)),
                name="deposit_rule_cap_has_an_amount",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="deposit_rule_has_a_source"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.get_verdict_display()}"


class DepositQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(voided_at=None)

    def held(self):
        """Return the deposits of which we hold something."""
        return self.standing().filter(held__gt=0)

    def unpaid(self):
        """Return the deposits that were asked for and are not all paid."""
        return self.standing().filter(received__lt=F("amount"))


class Deposit(models.Model):
    """One deposit: asked for, paid at the cashier, held, deducted from with an itemised list, given back.

    It is a liability. Deductions and refunds are rows of their own; what is left is `held`.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="deposits")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    number = models.CharField(_("number"), max_length=24)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="deposits", verbose_name=_("unit"))
    kind = models.CharField(_("kind"), max_length=10, choices=DepositKind)
    payer = models.ForeignKey(Person, models.PROTECT, related_name="deposits", verbose_name=_("payer"))
    amount = amount_field(_("amount in yuan"))
    received = amount_field(pgettext_lazy("money", "received"), default=0, db_default=0)
    deducted = amount_field(_("deducted"), default=0, db_default=0)
    refunded = amount_field(_("refunded"), default=0, db_default=0)
    held = models.GeneratedField(
        expression=F("received") - F("deducted") - F("refunded"),
        output_field=models.DecimalField(max_digits=9, decimal_places=2),
        db_persist=True,
    )
    note = models.CharField(_("what it is for"), max_length=200)
    # From this day on it is to be given back, for example a month after the work was accepted.
    refund_due_on = models.DateField(_("to be given back from"), null=True, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, editable=False)
    void_reason = models.CharField(_("why it is void"), max_length=300, blank=True)

    objects = DepositQuerySet.as_manager()

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="deposit_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="deposit_amount_is_sane"),
            models.CheckConstraint(
                condition=Q(received__gte=0, received__lte=F("amount"), deducted__gte=0, refunded__gte=0)
                & Q(received__gte=F("deducted") + F("refunded")),
                name="deposit_gives_no_more_than_it_holds",
            ),
            models.CheckConstraint(
                condition=Q(voided_at=None, void_reason="")
                | (Q(voided_at__isnull=False, received=0, deducted=0, refunded=0) & ~Q(void_reason="")),
                name="deposit_void_holds_nothing",
            ),
        ]
        indexes = [
            models.Index(fields=["unit"], name="deposit_of_unit"),
            models.Index(fields=["community", "refund_due_on"], condition=Q(voided_at=None), name="deposit_due_back"),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("billing:deposit", args=[self.pk])

    @property
    def left_to_pay(self):
        """What was asked for and has not been paid, in yuan."""
        return self.amount - self.received
