"""What needs a second person before money moves: reversals, refunds, waivers, voided bills, deductions (C9, T12)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.amounts import MOST, amount_field
from billing.models.bills import Bill
from billing.models.deposits import Deposit
from residents.models import Unit
from servicedesk.core.models import Community, User


class MoneyRequestQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(status=MoneyRequest.Status.ASKED)

    def in_hand(self):
        """Return what waits for a decision, or is approved and not carried out yet."""
        return self.filter(status__in=("asked", "approved"), carried_out_at=None)

    def to_pay_out(self):
        """Return the refunds that are approved and not given back yet."""
        return self.filter(status=MoneyRequest.Status.APPROVED, kind__in=MoneyRequest.PAYS_OUT, carried_out_at=None)


class MoneyRequest(models.Model):
    """One act on money that somebody asks for and somebody else decides on; approved, it is carried out.

    What pays nothing out is carried out with the approval; a refund when the cashier gives the money back.
    """

    class Kind(models.TextChoices):
        REVERSAL = "reversal", _("take a receipt back")
        REFUND = "refund", _("refund a prepayment")
        WAIVER = "waiver", _("waive a part of a bill")
        VOID_BILL = "void_bill", _("void a bill")
        DEDUCTION = "deduction", _("deduct from a deposit")
        DEPOSIT_REFUND = "deposit_refund", _("refund a deposit")

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        APPROVED = "approved", pgettext_lazy("money", "approved")
        REFUSED = "refused", _("not approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    MOVES = {
        Status.ASKED: {Status.APPROVED, Status.REFUSED, Status.WITHDRAWN},
        Status.APPROVED: {Status.WITHDRAWN},
        Status.REFUSED: set(),
        Status.WITHDRAWN: set(),
    }
    PAYS_OUT = (Kind.REVERSAL, Kind.REFUND, Kind.DEPOSIT_REFUND)

    community = models.ForeignKey(Community, models.PROTECT, related_name="money_requests")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    kind = models.CharField(_("what is asked for"), max_length=14, choices=Kind)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.ASKED)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="money_requests", verbose_name=_("unit"))
    bill = models.ForeignKey(Bill, models.PROTECT, null=True, related_name="requests")
    receipt = models.ForeignKey("billing.Receipt", models.PROTECT, null=True, related_name="requests")
    payment = models.ForeignKey("billing.Payment", models.PROTECT, null=True, related_name="requests")
    deposit = models.ForeignKey(Deposit, models.PROTECT, null=True, related_name="requests")
    amount = amount_field(_("amount in yuan"))
    # Of a deduction: what it is for, [{"text", "amount"}].
    items = models.JSONField(default=list)
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(_("reason of the decision"), max_length=300, blank=True)
    carried_out_at = models.DateTimeField(null=True)

    objects = MoneyRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about money")
        verbose_name_plural = _("requests about money")
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="money_request_amount_is_sane"),
            models.CheckConstraint(condition=~Q(reason=""), name="money_request_has_a_reason"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["waiver", "void_bill"], bill__isnull=False, receipt=None, payment=None, deposit=None
                )
                | Q(kind="reversal", bill=None, receipt__isnull=False, payment=None, deposit=None)
                | Q(kind="refund", bill=None, receipt=None, payment__isnull=False, deposit=None)
                | Q(
                    kind__in=["deduction", "deposit_refund"],
                    bill=None,
                    receipt=None,
                    payment=None,
                    deposit__isnull=False,
                ),
                name="money_request_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(status="asked", decided_by=None, decided_at=None)
                | Q(status="withdrawn")
                | Q(status="approved", decided_by__isnull=False, decided_at__isnull=False)
                | (Q(status="refused", decided_by__isnull=False, decided_at__isnull=False) & ~Q(decision_note="")),
                name="money_request_decided_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="money_request_is_decided_by_another"
            ),
            models.CheckConstraint(
                condition=Q(carried_out_at=None) | Q(status="approved"), name="money_request_carried_out_was_approved"
            ),
            models.UniqueConstraint(
                fields=["bill", "kind"],
                condition=Q(status="asked", bill__isnull=False),
                name="money_request_once_of_bill",
            ),
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(status__in=["asked", "approved"], receipt__isnull=False),
                name="money_request_once_of_receipt",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status__in=["asked", "approved"], carried_out_at=None, payment__isnull=False),
                name="money_request_once_of_payment",
            ),
            models.UniqueConstraint(
                fields=["deposit", "kind"],
                condition=Q(status__in=["asked", "approved"], carried_out_at=None, deposit__isnull=False),
                name="money_request_once_of_deposit",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "asked_at"], condition=Q(status="asked"), name="money_request_waiting"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.amount}"

    def get_absolute_url(self):
        return reverse("billing:request", args=[self.pk])

    @property
    def pays_out(self):
        return self.kind in self.PAYS_OUT

    @property
    def waits_for_the_cashier(self):
        """Whether it is approved and the money has not been given back yet."""
        return self.status == self.Status.APPROVED and self.pays_out and self.carried_out_at is None

    @property
    def thing(self):
        """The one row that it is about; load it with the request."""
        return self.bill or self.receipt or self.payment or self.deposit
