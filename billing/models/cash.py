"""Money taken and given back: shifts, receipts, payments, what they pay, refunds (section 18)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.amounts import MOST, amount_field
from billing.models.bills import Bill
from billing.models.deposits import Deposit
from billing.models.requests import MoneyRequest
from residents.models import Person, Unit
from servicedesk.core.models import Community, User


class Method(models.TextChoices):
    """The means by which money came or went back, in the order of the keys that choose them."""

    CASH = "cash", _("cash")
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    CARD = "card", _("bank card")
    TRANSFER = "transfer", _("bank transfer")


class ShiftQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)


class Shift(models.Model):
    """The time in which one cashier answers for one drawer (班次): opened with change, closed with counted cash."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="cash_shifts")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    number = models.CharField(_("number"), max_length=24)
    cashier = models.ForeignKey(User, models.PROTECT, related_name="cash_shifts", verbose_name=_("cashier"))
    opened_at = models.DateTimeField()
    opening_float = amount_field(_("change in the drawer"))
    closed_at = models.DateTimeField(null=True)
    expected_cash = amount_field(_("cash by the book"), null=True)
    counted_cash = amount_field(_("cash counted"), null=True)
    difference = models.GeneratedField(
        expression=F("counted_cash") - F("expected_cash"),
        output_field=models.DecimalField(max_digits=9, decimal_places=2),
        db_persist=True,
    )
    reason = models.CharField(_("why it differs"), max_length=300, blank=True)

    objects = ShiftQuerySet.as_manager()

    class Meta:
        verbose_name = _("cash shift")
        verbose_name_plural = _("cash shifts")
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="shift_number_once"),
            models.UniqueConstraint(
                fields=["community", "cashier"], condition=Q(closed_at=None), name="shift_one_open_of_a_cashier"
            ),
            models.CheckConstraint(
                condition=Q(opening_float__gte=0, opening_float__lte=MOST), name="shift_opening_is_sane"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, expected_cash=None, counted_cash=None, reason="")
                | Q(
                    closed_at__gte=F("opened_at"),
                    expected_cash__isnull=False,
                    counted_cash__gte=0,
                    counted_cash__lte=MOST,
                ),
                name="shift_closed_is_counted",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(counted_cash=F("expected_cash")) | ~Q(reason=""),
                name="shift_difference_is_explained",
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("billing:shift", args=[self.pk])

    @property
    def is_open(self):
        return self.closed_at is None


class Receipt(models.Model):
    """The paper for money taken at once (收据), by one or several means; its numbers have no gaps, void ones stay."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="receipts")
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    number = models.CharField(_("number"), max_length=24)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="receipts", verbose_name=_("unit"))
    payer = models.ForeignKey(Person, models.PROTECT, null=True, related_name="receipts", verbose_name=_("payer"))
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="receipts")
    amount = amount_field(_("amount in yuan"))
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    # As it was printed: [{"text", "period", "amount"}]; what a later payment of the same bill says is its own.
    lines = models.JSONField(default=list)
    note = models.CharField(_("note"), max_length=200, blank=True)
    prints = models.PositiveSmallIntegerField(default=0, db_default=0)
    voided_at = models.DateTimeField(null=True, editable=False)
    # Why and by which two persons.
    void_request = models.OneToOneField(MoneyRequest, models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="receipt_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="receipt_amount_is_sane"),
            models.CheckConstraint(
                condition=Q(voided_at=None, void_request=None) | Q(voided_at__gte=F("at"), void_request__isnull=False),
                name="receipt_void_was_approved",
            ),
        ]
        indexes = [models.Index(fields=["unit", "-id"], name="receipt_of_unit")]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("billing:receipt", args=[self.pk])

    @property
    def is_void(self):
        return self.voided_at is not None


class Payment(models.Model):
    """Money taken by one means on one receipt. What it has not paid yet is the unit's prepayment."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="payments")
    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="payments")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="payments")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="payments")
    method = models.CharField(pgettext_lazy("means", "by"), max_length=8, choices=Method)
    amount = amount_field(_("amount in yuan"))
    # Of cash: what was handed over; the difference is the change.
    tendered = amount_field(pgettext_lazy("money", "handed over"), null=True)
    external_ref = models.CharField(_("reference"), max_length=64, blank=True)
    # Kept by the actions beside the rows that they follow from (I1).
    prepaid_left = amount_field(_("prepaid"), default=0, db_default=0)
    refunded = amount_field(_("refunded"), default=0, db_default=0)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "method", "external_ref"],
                condition=~Q(external_ref="") & Q(refunded__lt=F("amount")),
                name="payment_reference_once",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="payment_amount_is_sane"),
            models.CheckConstraint(
                condition=Q(prepaid_left__gte=0, refunded__gte=0, amount__gte=F("prepaid_left") + F("refunded")),
                name="payment_gives_no_more_than_it_was",
            ),
            models.CheckConstraint(
                condition=Q(method="cash", tendered__gte=F("amount"), tendered__lte=MOST, external_ref="")
                | (~Q(method="cash") & Q(tendered=None)),
                name="payment_only_cash_is_handed_over",
            ),
        ]
        indexes = [
            models.Index(fields=["unit"], condition=Q(prepaid_left__gt=0), name="payment_prepaid_of_unit"),
            models.Index(fields=["shift", "method"], name="payment_of_shift"),
        ]

    def __str__(self):
        return f"{self.get_method_display()} {self.amount}"

    @property
    def change(self):
        """The change given, in yuan; None of what was no cash."""
        return self.tendered - self.amount if self.tendered is not None else None


class Allocation(models.Model):
    """What a payment paid of a bill or a deposit. Only added: taking it back is a row with the other sign."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="allocations")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="allocations")
    bill = models.ForeignKey(Bill, models.PROTECT, null=True, related_name="allocations")
    deposit = models.ForeignKey(Deposit, models.PROTECT, null=True, related_name="allocations")
    amount = amount_field(_("amount in yuan"))
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(bill__isnull=False, deposit=None) | Q(bill=None, deposit__isnull=False),
                name="allocation_pays_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(reverses=None, amount__gt=0, amount__lte=MOST)
                | Q(reverses__isnull=False, amount__lt=0, amount__gte=-MOST),
                name="allocation_taken_back_has_the_other_sign",
            ),
        ]

    def __str__(self):
        return str(self.amount)


class Refund(models.Model):
    """Money given back of one payment, after a second person has approved it (C9)."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="refunds")
    submission = models.UUIDField(null=True, unique=True, editable=False)
    number = models.CharField(_("number"), max_length=24)
    # None where a deposit is given back that was taken over from the former books.
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="refunds")
    deposit = models.ForeignKey(Deposit, models.PROTECT, null=True, related_name="refunds")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="refunds")
    request = models.ForeignKey(MoneyRequest, models.PROTECT, related_name="refunds")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="refunds")
    method = models.CharField(pgettext_lazy("means", "by"), max_length=8, choices=Method)
    amount = amount_field(_("amount in yuan"))
    external_ref = models.CharField(_("reference"), max_length=64, blank=True)
    is_reversal = models.BooleanField(_("takes a receipt back"), default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="refund_number_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="refund_amount_is_sane"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False) | Q(deposit__isnull=False), name="refund_is_of_something"
            ),
        ]
        indexes = [models.Index(fields=["shift", "method"], name="refund_of_shift")]

    def __str__(self):
        return self.number


class Waiver(models.Model):
    """A part of a bill that is not claimed (减免), after a second person has approved it."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="waivers")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="waivers")
    amount = amount_field(_("amount in yuan"))
    request = models.OneToOneField(MoneyRequest, models.PROTECT, related_name="waiver")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=MOST), name="waiver_amount_is_sane"),
        ]

    def __str__(self):
        return str(self.amount)
