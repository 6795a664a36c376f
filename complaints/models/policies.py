from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Floor
from django.utils.translation import gettext_lazy as _

from servicedesk.core import worktime
from servicedesk.core.models import Community, Department

# The two policies that the rules of a desk name themselves (ruling 3: S3 第十九条 with 暂行6).
SAME_DAY = "same_day"
THREE_DAYS = "three_days"


class DeadlinePolicy(models.Model):
    """How a deadline is counted; `worktime.due` reads it as a frozen `worktime.Policy`."""

    # What changes the moment at which a case is due; the other columns change words and what a clerk may do.
    COUNTED_WITH = ("count", "amount", "end", "roll_forward", "after_hours_next_day")

    class Count(models.TextChoices):
        SAME_DAY = worktime.Count.SAME_DAY.value, _("the same day")
        NATURAL_DAYS = worktime.Count.NATURAL_DAYS.value, _("natural days")
        WORKING_DAYS = worktime.Count.WORKING_DAYS.value, _("working days")
        SERVICE_HOURS = worktime.Count.SERVICE_HOURS.value, _("hours within service hours")
        WALL_HOURS = worktime.Count.WALL_HOURS.value, _("hours by the wall clock")

    class End(models.TextChoices):
        CLOSE = worktime.End.CLOSE.value, _("at the close of service")
        MIDNIGHT = worktime.End.MIDNIGHT.value, _("at 24:00")
        SAME_TIME = worktime.End.SAME_TIME.value, _("at the same time of day")

    community = models.ForeignKey(Community, models.PROTECT, related_name="policies")
    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    article = models.CharField(_("article it rests on"), max_length=120, blank=True)
    count = models.CharField(_("counted in"), max_length=20, choices=Count)
    amount = models.DecimalField(_("how many"), max_digits=7, decimal_places=2, default=Decimal(0))
    end = models.CharField(_("ends"), max_length=10, choices=End, default=End.CLOSE)
    roll_forward = models.BooleanField(_("moves on from a rest day (Civil Code 203)"), default=False)
    after_hours_next_day = models.BooleanField(_("received after hours counts as the next service day"), default=True)
    can_pause = models.BooleanField(_("may be paused"), default=True)
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    class Meta:
        verbose_name = _("deadline policy")
        verbose_name_plural = _("deadline policies")
        ordering = ["community", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="policy_code_once_in_community"),
            models.CheckConstraint(condition=Q(amount__gte=0, amount__lte=10_000), name="policy_amount_sane"),
            # What `worktime.Policy` refuses: half a day, no hours at all, ten years, a same day that ends at once.
            models.CheckConstraint(
                condition=Q(count__in=["natural_days", "working_days"], amount__lte=3660, amount=Floor("amount"))
                | Q(count="same_day", amount__lte=3660, amount=Floor("amount")) & ~Q(end="same_time")
                | Q(count__in=["service_hours", "wall_hours"], amount__gt=0),
                name="policy_can_be_counted",
            ),
            models.CheckConstraint(
                condition=~Q(code__in=[SAME_DAY, THREE_DAYS]) | Q(is_active=True), name="policy_of_the_rules_is_in_use"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_of_the_rules(self):
        """Whether the rules of the desk name it, so that it is never out of use."""
        return self.code in (SAME_DAY, THREE_DAYS)

    def rule(self):
        """Return the pure policy that deadlines are counted with."""
        return worktime.Policy(
            code=self.code,
            count=worktime.Count(self.count),
            amount=self.amount,
            end=worktime.End(self.end),
            roll_forward=self.roll_forward,
            after_hours_next_day=self.after_hours_next_day,
            article=self.article,
            name=self.name,
        )


class Category(models.Model):
    """What a matter is about; decides department, deadline and what the clerk asks."""

    class Scope(models.TextChoices):
        ANY = "any", _("home or common parts")
        HOME = "home", _("home")
        COMMON = "common", _("common parts")

    community = models.ForeignKey(Community, models.PROTECT, related_name="categories")
    code = models.SlugField(_("code"), max_length=60)
    digit = models.PositiveSmallIntegerField(_("digit at the desk"), null=True, blank=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    department = models.ForeignKey(Department, models.PROTECT, related_name="categories", verbose_name=_("department"))
    kind = models.CharField(_("usual kind"), max_length=10, default="repair")
    scope = models.CharField(_("place"), max_length=6, choices=Scope, default=Scope.ANY)
    policy = models.ForeignKey(
        DeadlinePolicy,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="categories",
        verbose_name=_("own deadline policy"),
    )
    arrive_minutes = models.PositiveSmallIntegerField(_("promised arrival in minutes"), null=True, blank=True)
    warranty = models.ForeignKey(
        "complaints.WarrantyTerm",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="categories",
        verbose_name=_("system under warranty"),
    )
    straight_to_level = models.PositiveSmallIntegerField(_("goes straight to level"), default=1)
    probes = ArrayField(models.CharField(max_length=80), verbose_name=_("what to ask"), default=list, blank=True)
    phrases = ArrayField(models.CharField(max_length=40), verbose_name=_("usual matters"), default=list, blank=True)
    is_public = models.BooleanField(_("offered on the web form"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["community", "digit", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="category_code_once_in_community"),
            models.UniqueConstraint(
                fields=["community", "digit"], condition=Q(is_active=True), name="category_digit_once_in_community"
            ),
            models.CheckConstraint(condition=Q(straight_to_level__in=[1, 2, 3]), name="category_level_known"),
            models.CheckConstraint(
                condition=Q(arrive_minutes=None) | Q(arrive_minutes__range=(1, 10_080)), name="category_arrival_sane"
            ),
        ]

    def __str__(self):
        return self.name


class RepeatRule(models.Model):
    """When a matter counts as told twice or as come back, for one community. Without a row the defaults hold."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="repeat_rule")
    duplicate_hours = models.PositiveSmallIntegerField(
        _("hours in which an open case of the same unit and category may be the same"),
        default=72,
        help_text=_("Our proposal; the desk decides each time."),
    )
    repeat_days = models.PositiveSmallIntegerField(
        _("days after the answer in which the same matter has come back"),
        default=30,
        help_text=_("A repair that comes back within 30 days is done again without charge (custom of the trade)."),
    )
    third_days = models.PositiveSmallIntegerField(
        _("days in which a third time starts at level 2"), default=90, help_text=_("Our proposal.")
    )

    class Meta:
        verbose_name = _("rule for repeats")
        verbose_name_plural = _("rules for repeats")
        constraints = [
            models.CheckConstraint(
                condition=Q(duplicate_hours__lte=8784, repeat_days__lte=366, third_days__lte=366),
                name="repeat_rule_sane",
            ),
        ]

    def __str__(self):
        return str(self.community)
