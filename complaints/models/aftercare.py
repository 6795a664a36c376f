"""What follows an answer: the return visit (回访), the rules that make one due, and the resident's own rating."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case, Channel, Kind, Severity, Urgency
from servicedesk.core import worktime
from servicedesk.core.models import Community, User


class Grade(models.IntegerChoices):
    """The five grades (五级) in which a resident is asked for their view."""

    VERY_DISSATISFIED = 1, _("very dissatisfied")
    DISSATISFIED = 2, _("dissatisfied")
    FAIR = 3, _("fairly satisfied")
    SATISFIED = 4, _("satisfied")
    VERY_SATISFIED = 5, _("very satisfied")


# The two lowest say that the matter is not settled.
BAD = (Grade.VERY_DISSATISFIED, Grade.DISSATISFIED)
GOOD = (Grade.SATISFIED, Grade.VERY_SATISFIED)


class VisitRule(models.Model):
    """Which cases of a community are visited and by when; the first rule by position that fits a case decides.

    What is given must fit: kind, severity, urgency. Of the categories and the words of the matter one is enough.
    """

    class Unit(models.TextChoices):
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")

    community = models.ForeignKey(Community, models.PROTECT, related_name="visit_rules")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    source = models.CharField(
        _("source"), max_length=200, help_text=_("What the rule rests on: an article, a standard or a custom.")
    )
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("The first rule that fits decides."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, blank=True)
    severity = models.CharField(_("severity"), max_length=7, choices=Severity, blank=True)
    urgency = models.CharField(_("urgency"), max_length=14, choices=Urgency, blank=True)
    categories = ArrayField(
        models.SlugField(max_length=60), verbose_name=_("codes of categories"), default=list, blank=True
    )
    words = ArrayField(models.CharField(max_length=20), verbose_name=_("words of the matter"), default=list, blank=True)
    share = models.PositiveSmallIntegerField(
        _("share in per cent"),
        default=100,
        help_text=_("How many of a hundred cases are visited. Each case's lot is worked out from its number."),
    )
    within = models.PositiveSmallIntegerField(_("within"))
    unit = models.CharField(_("counted in"), max_length=5, choices=Unit, default=Unit.DAYS)
    after_rain = models.BooleanField(_("waits for the first rain"), default=False)
    needs_senior = models.BooleanField(_("by a supervisor or the deputy general manager"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("rule of return visits")
        verbose_name_plural = _("rules of return visits")
        ordering = ["community", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="visit_rule_code_once_in_community"),
            models.CheckConstraint(condition=Q(share__lte=100), name="visit_rule_share_is_per_cent"),
            models.CheckConstraint(condition=Q(within__gte=1, within__lte=366), name="visit_rule_within_sane"),
        ]

    def __str__(self):
        return self.name

    def fits(self, case):
        """Return whether this rule is about `case`. One query where the category of the case is not loaded."""
        for name in ("kind", "severity", "urgency"):
            if getattr(self, name) not in ("", getattr(case, name)):
                return False
        if not self.categories and not self.words:
            return True
        matter = f"{case.summary}\n{case.description}"
        return case.category.code in self.categories or any(word in matter for word in self.words)

    def due(self, start, calendar):
        """Return the moment by which a visit is made that becomes due at `start`: hours by the wall clock, days to the
        close of the last one, the day of `start` not counted (Civil Code 201). No query."""
        count = worktime.Count.NATURAL_DAYS if self.unit == self.Unit.DAYS else worktime.Count.WALL_HOURS
        policy = worktime.Policy(code=self.code, count=count, amount=self.within, after_hours_next_day=False)
        return worktime.due(start, policy, calendar).due_at


class ReturnVisitQuerySet(models.QuerySet):
    def open(self):
        return self.filter(result="")

    def visible_to(self, user):
        """Return the visits of the cases that `user` sees, and so never one about them (ruling 12)."""
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class ReturnVisit(models.Model):
    """One visit owed to the resident of an answered case, or made: how they find what was done.

    Open while it has no result. It waits for rain as long as it has no `due_at`.
    """

    class Reason(models.TextChoices):
        RULE = "rule", _("by rule")
        BAD_RATING = "bad_rating", _("bad rating")
        BY_HAND = "by_hand", _("by hand")

    class Result(models.TextChoices):
        SATISFIED = "satisfied", _("satisfied")
        PARTLY = "partly", _("partly satisfied")
        NOT = "not", _("not satisfied")
        UNREACHABLE = "unreachable", _("nobody reached")
        NOT_MADE = "not_made", _("not made")

    community = models.ForeignKey(Community, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="visits")
    cycle = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    reason = models.CharField(_("why"), max_length=10, choices=Reason)
    rule = models.ForeignKey(VisitRule, models.PROTECT, null=True, related_name="+", verbose_name=_("rule"))
    # Who did the work never asks how it was found.
    solved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    needs_senior = models.BooleanField(default=False)
    due_at = models.DateTimeField(_("due"), null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(_("by"), max_length=7, choices=Channel, blank=True)
    result = models.CharField(_("result"), max_length=11, choices=Result, blank=True)
    grade = models.PositiveSmallIntegerField(_("grade"), choices=Grade, null=True)
    words = models.TextField(_("what was said"), blank=True)

    objects = ReturnVisitQuerySet.as_manager()

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(result=""), name="visit_one_open"),
            models.CheckConstraint(
                condition=Q(reason="rule", rule__isnull=False) | ~Q(reason="rule"), name="visit_by_rule_names_it"
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | Q(result__in=["", "not_made"], reason="rule", tries=0),
                name="visit_without_due_waits_for_rain",
            ),
            models.CheckConstraint(
                condition=Q(result="", done_at=None, by=None) | ~Q(result="") & Q(done_at__isnull=False),
                name="visit_done_has_time",
            ),
            # What was said has its grade, its way and who asked; what was not said has no grade.
            models.CheckConstraint(
                condition=(
                    Q(result="satisfied", grade__in=GOOD)
                    | Q(result="partly", grade=Grade.FAIR)
                    | Q(result="not", grade__in=BAD) & ~Q(words="")
                )
                & ~Q(channel="")
                & Q(by__isnull=False)
                | Q(result__in=["", "unreachable", "not_made"], grade=None, channel=""),
                name="visit_result_fits_grade",
            ),
            models.CheckConstraint(
                condition=~Q(result="unreachable") | Q(tries__gte=3, by__isnull=False) & ~Q(words=""),
                name="visit_unreachable_was_tried_and_noted",
            ),
            models.CheckConstraint(
                condition=Q(tries=0, tried_at=None) | Q(tries__gte=1, tried_at__isnull=False),
                name="visit_tried_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["community", "due_at", "id"], condition=Q(result=""), name="visit_open_due"),
            models.Index(fields=["done_at"], condition=Q(grade__isnull=False), name="visit_graded"),
        ]

    def __str__(self):
        return f"{self.case} · {self.get_result_display() or self.get_reason_display()}"

    @property
    def is_open(self):
        return not self.result

    @property
    def waits_for_rain(self):
        return self.is_open and self.due_at is None


class Rating(models.Model):
    """What a resident thinks of one answered cycle of their case, in one to five stars; theirs to change for a week."""

    STARS = ((5, _("very good")), (4, _("good")), (3, _("fair")), (2, _("poor")), (1, _("very poor")))

    community = models.ForeignKey(Community, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="ratings")
    cycle = models.PositiveSmallIntegerField()
    overall = models.PositiveSmallIntegerField(_("overall"), choices=STARS)
    speed = models.PositiveSmallIntegerField(_("speed"), choices=STARS, null=True)
    manner = models.PositiveSmallIntegerField(_("manner"), choices=STARS, null=True)
    words = models.TextField(_("in their own words"), blank=True)
    at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["case", "cycle"]
        constraints = [
            models.UniqueConstraint(fields=["case", "cycle"], name="rating_once_in_cycle"),
            models.CheckConstraint(
                condition=Q(overall__range=(1, 5))
                & (Q(speed=None) | Q(speed__range=(1, 5)))
                & (Q(manner=None) | Q(manner__range=(1, 5))),
                name="rating_is_one_to_five_stars",
            ),
            models.CheckConstraint(condition=Q(changed_at__gte=F("at")), name="rating_changed_after_it_was_given"),
        ]
        indexes = [models.Index(fields=["at"], name="rating_given")]

    def __str__(self):
        return f"{self.case}: {self.overall}"

    @property
    def is_bad(self):
        return self.overall in BAD
