from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models.community import Community
from servicedesk.core.models.people import User
from servicedesk.core.worktime import DayKind

DAY_KINDS = [
    (DayKind.WORK.value, _("working day")),
    (DayKind.REST.value, _("rest day")),
    (DayKind.STATUTORY.value, _("statutory rest day")),
]
WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


class ServiceHours(models.Model):
    """One window in which the desk is open on a weekday; a weekday may have several."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="service_hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=WEEKDAYS)
    opens = models.PositiveSmallIntegerField(_("opens"), help_text=_("Minute of the day, 510 is 08:30."))
    closes = models.PositiveSmallIntegerField(_("closes"), help_text=_("Minute of the day, 1440 is 24:00."))

    class Meta:
        verbose_name = _("service hours")
        verbose_name_plural = _("service hours")
        ordering = ["community", "weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes"), closes__lte=1440, weekday__lte=6), name="hours_open_before_close"
            ),
            ExclusionConstraint(
                name="hours_of_a_weekday_do_not_overlap",
                expressions=[
                    (Func("community_id", "community_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("weekday", "weekday", Value("[]"), function="int4range"), RangeOperators.OVERLAPS),
                    (Func("opens", "closes", function="int4range"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self):
        return f"{self.get_weekday_display()} {self.opens // 60:02}:{self.opens % 60:02}"


class CalendarDay(models.Model):
    """A day that differs from its weekday: a holiday, a make-up working day, a day with other hours or none."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="calendar_days")
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind of day"), max_length=10, choices=DAY_KINDS)
    name = models.CharField(_("name"), max_length=60, blank=True)
    is_closed = models.BooleanField(_("the desk is closed"), default=False)
    opens = models.PositiveSmallIntegerField(_("opens"), null=True, blank=True)
    closes = models.PositiveSmallIntegerField(_("closes"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["community", "date"]
        constraints = [
            models.UniqueConstraint(fields=["community", "date"], name="calendar_day_once_in_community"),
            models.CheckConstraint(
                condition=Q(opens=None, closes=None) | Q(is_closed=False, opens__lt=F("closes"), closes__lte=1440),
                name="calendar_day_hours_whole",
            ),
        ]

    def __str__(self):
        return f"{self.date} {self.name or self.get_kind_display()}"


class DutyShiftQuerySet(models.QuerySet):
    def at(self, now):
        return self.filter(period__contains=now)


class DutyShift(models.Model):
    """Who is the duty manager (当值经理) of a community, from when to when. One at a time, held by the database."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="duty_shifts")
    user = models.ForeignKey(User, models.PROTECT, related_name="duty_shifts", verbose_name=_("duty manager"))
    period = DateTimeRangeField(_("from and to"))
    substitute_for = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("in place of")
    )

    objects = DutyShiftQuerySet.as_manager()

    class Meta:
        verbose_name = _("duty shift")
        verbose_name_plural = _("duty roster")
        ordering = ["community", "period"]
        constraints = [
            ExclusionConstraint(
                name="duty_one_manager_at_a_time",
                expressions=[
                    (Func("community_id", "community_id", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(period__startswith__isnull=False, period__endswith__isnull=False),
                name="duty_has_start_and_end",
            ),
        ]

    def __str__(self):
        return f"{self.user} {self.period.lower:%m-%d %H:%M}"
