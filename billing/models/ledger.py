"""The books: what money did, in two columns that balance (I3). Written by actions beside the rows it follows from."""

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.amounts import total_field
from servicedesk.core.models import Community, User


class Account(models.TextChoices):
    """Where money is, or what it is called: a debit is a plus, a credit a minus."""

    RECEIVABLE = "receivable", _("receivable from units")
    CASH = "cash", _("cash")
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    CARD = "card", _("bank card")
    TRANSFER = "transfer", _("bank transfer")
    PREPAID = "prepaid", _("prepaid by units")
    DEPOSITS = "deposits", _("deposits held")
    INCOME = "income", _("billed")
    WAIVED = "waived", _("waived")
    DEDUCTED = "deducted", _("deducted from deposits")


class LedgerEntry(models.Model):
    """One act on money; its lines add up to nothing, which the database checks when the transaction ends."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="ledger_entries")
    kind = models.CharField(_("what happened"), max_length=20)
    subject_type = models.ForeignKey(ContentType, models.PROTECT)
    subject_id = models.BigIntegerField()
    day = models.DateField(_("day"))
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["community", "day"], name="ledger_entry_of_day"),
            models.Index(fields=["subject_type", "subject_id"], name="ledger_entry_about"),
        ]

    def __str__(self):
        return f"{self.kind} {self.day}"


class LedgerLine(models.Model):
    entry = models.ForeignKey(LedgerEntry, models.PROTECT, related_name="lines")
    account = models.CharField(_("account"), max_length=10, choices=Account)
    amount = total_field(_("amount in yuan"))

    class Meta:
        verbose_name = _("ledger line")
        verbose_name_plural = _("ledger lines")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "account"], name="ledger_line_one_of_an_account"),
            models.CheckConstraint(
                condition=Q(amount__gt=-1_000_000_000_000, amount__lt=1_000_000_000_000) & ~Q(amount=0),
                name="ledger_line_is_sane",
            ),
        ]

    def __str__(self):
        return f"{self.account} {self.amount}"
