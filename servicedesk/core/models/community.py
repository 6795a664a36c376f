import zoneinfo
from datetime import time

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _


class CommunityQuerySet(models.QuerySet):
    def of(self, user):
        """Return the communities in which `user` holds a role."""
        return self.filter(memberships__user=user, memberships__is_active=True).distinct()


class Community(models.Model):
    """One building project (小区, 大厦) with its own desk, people, hours and numbers."""

    code = models.CharField(
        _("code"),
        max_length=8,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]{1,7}$", _("Two to eight capital letters or digits."))],
        help_text=_("Stands before every number, for example YH."),
    )
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    phone = models.CharField(_("desk telephone"), max_length=30)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    keeps_close = models.BooleanField(
        _("days end at the close of service"),
        default=True,
        help_text=_("If not, the last day of a deadline ends at 24:00 (Civil Code 203)."),
    )
    default_close = models.TimeField(
        _("close on days without hours of their own"),
        default=time(18),
    )
    take_minutes = models.PositiveSmallIntegerField(
        _("minutes to take a case"),
        default=30,
        help_text=_("Minutes of service hours after which a case that nobody has taken goes to level 2."),
    )
    soon_minutes = models.PositiveSmallIntegerField(_("minutes before the deadline that count as soon"), default=120)
    reopen_days = models.PositiveSmallIntegerField(
        _("days in which an archived case may be reopened"), default=7, validators=[MaxValueValidator(365)]
    )
    outside_holder = models.CharField(
        _("outside holder"),
        max_length=120,
        blank=True,
        help_text=_("Who handles a complaint about the deputy general manager: a name and how to reach them."),
    )
    outside_email = models.EmailField(_("e-mail of the outside holder"), blank=True)
    report_to = models.CharField(
        _("month report goes to"),
        max_length=120,
        blank=True,
        db_default="",
        help_text=_("The department manager who receives it, by name; the deputy general manager if empty."),
    )
    calendar_version = models.PositiveIntegerField(
        default=1,
        db_default=1,
        editable=False,
        help_text="Rises with every change of hours, of days and of a rule that deadlines or levels are counted with.",
    )
    is_public = models.BooleanField(_("takes requests on the web"), default=True)

    objects = CommunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("community")
        verbose_name_plural = _("communities")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(take_minutes__range=(1, 1440), soon_minutes__range=(1, 10_080), reopen_days__lte=365),
                name="community_times_are_sane",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def community_id(self):
        """The community that events about the community itself belong to."""
        return self.pk

    @cached_property
    def tz(self):
        return zoneinfo.ZoneInfo(self.time_zone)

    def local(self, moment):
        """Return `moment` in the community's own time zone, in which all its days are counted."""
        return moment.astimezone(self.tz)


class Department(models.Model):
    """A department that cases are handed to; the centre itself is one of them."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="departments")
    code = models.SlugField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40, blank=True)
    is_centre = models.BooleanField(
        _("the customer service centre itself"),
        default=False,
        help_text=_("Matters within the centre's own scope are due the same day (S3 第十九条)."),
    )
    notify_url = models.CharField(_("group notice address"), max_length=300, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["community", "-is_centre", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="department_code_once_in_community"),
            models.UniqueConstraint(
                fields=["community"], condition=Q(is_centre=True), name="department_one_centre_in_community"
            ),
            models.CheckConstraint(
                condition=Q(is_centre=False) | Q(is_active=True), name="department_the_centre_is_in_use"
            ),
        ]

    def __str__(self):
        return self.name


class NumberSeries(models.Model):
    """The last number taken of one gap-free series of one community."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="series")
    key = models.CharField(max_length=40)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "key"], name="series_key_once_in_community")]

    def __str__(self):
        return f"{self.key}: {self.last}"
