"""What a job takes: a price that the resident agrees to before chargeable work, material, time."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case, Channel
from servicedesk.core.models import User


class Quote(models.Model):
    """A price told to the resident before chargeable work, and their recorded answer (section 11)."""

    class Answer(models.TextChoices):
        AGREED = "agreed", _("agreed")
        REFUSED = "refused", _("not agreed")
        DROPPED = "dropped", _("taken back")

    case = models.ForeignKey(Case, models.PROTECT, related_name="quotes")
    cycle = models.PositiveSmallIntegerField()
    amount = models.DecimalField(_("price in yuan"), max_digits=9, decimal_places=2)
    text = models.CharField(_("what it is for"), max_length=300)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answer = models.CharField(_("answer"), max_length=7, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(_("who answered"), max_length=120, blank=True)
    channel = models.CharField(_("how they answered"), max_length=8, choices=Channel, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(answer=""), name="quote_one_open"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="quote_is_above_zero"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="quote_answered_has_time",
            ),
            models.CheckConstraint(
                condition=Q(answer="")
                | Q(channel="web")
                | (Q(recorded_by__isnull=False) & (Q(answer="dropped") | ~Q(answered_by=""))),
                name="quote_answer_says_who",
            ),
        ]

    def __str__(self):
        return f"{self.case}: {self.amount}"


class Work(models.Model):
    """What a finished job took, once for each cycle of a case, and who bears its cost."""

    class Charge(models.TextChoices):
        NOBODY = "nobody", _("free of charge")
        RESIDENT = "resident", _("the resident")
        COMMON = "common", _("the common parts")
        FUND = "fund", _("the maintenance fund")
        DEVELOPER = "developer", _("the developer (warranty)")

    case = models.ForeignKey(Case, models.PROTECT, related_name="works")
    cycle = models.PositiveSmallIntegerField()
    labour_minutes = models.PositiveIntegerField(_("working time in minutes"), null=True)
    charge_to = models.CharField(_("who bears the cost"), max_length=9, choices=Charge, default=Charge.NOBODY)
    amount = models.DecimalField(_("charged in yuan"), max_digits=9, decimal_places=2, null=True)
    quote = models.ForeignKey(Quote, models.PROTECT, null=True, related_name="works")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "cycle"], name="work_once_a_cycle"),
            models.CheckConstraint(
                condition=~Q(charge_to="resident") | Q(amount__gt=0, quote__isnull=False),
                name="work_charged_to_a_resident_was_agreed",
            ),
            models.CheckConstraint(
                condition=~Q(charge_to="nobody") | Q(amount=None), name="work_free_of_charge_has_no_amount"
            ),
        ]

    def __str__(self):
        return f"{self.case}: {self.get_charge_to_display()}"


class MaterialUse(models.Model):
    """One material that a job used up."""

    work = models.ForeignKey(Work, models.PROTECT, related_name="materials")
    name = models.CharField(_("material"), max_length=80)
    quantity = models.DecimalField(_("quantity"), max_digits=9, decimal_places=2)
    measure = models.CharField(_("counted in"), max_length=10, blank=True)

    class Meta:
        ordering = ["work", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="material_use_above_zero"),
            models.CheckConstraint(condition=~Q(name=""), name="material_use_has_a_name"),
        ]

    def __str__(self):
        return f"{self.name} {self.quantity.normalize():f} {self.measure}".strip()
