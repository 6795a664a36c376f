"""Satisfaction surveys (满意度调查): a few questions to every home, answered once each."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models import Building, Unit
from servicedesk.core.models import Community, User


class Survey(models.Model):
    """Questions to the homes of some buildings, or of all, open from one day of the community to another.

    `questions` is a list of {"kind", "text", "choices"}. It stays as it is once somebody has answered.
    """

    class Kind(models.TextChoices):
        GRADE = "grade", _("five grades")
        CHOICE = "choice", _("one of several")
        TEXT = "text", _("own words")

    community = models.ForeignKey(Community, models.PROTECT, related_name="surveys")
    title = models.CharField(_("title"), max_length=80)
    questions = models.JSONField(_("questions"), default=list)
    buildings = models.ManyToManyField(Building, related_name="+", verbose_name=_("buildings"))
    opens_on = models.DateField(_("opens on"))
    closes_on = models.DateField(_("closes on"))
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["community", "-opens_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(closes_on__gte=F("opens_on")), name="survey_closes_after_it_opens"),
            models.CheckConstraint(condition=~Q(questions=[]), name="survey_asks_something"),
        ]

    def __str__(self):
        return self.title

    def is_open(self, now):
        """Return whether it takes answers at `now`: its last day is one of them."""
        return self.opens_on <= self.community.local(now).date() <= self.closes_on

    def units(self):
        """Return the units that are asked: those of its buildings, or of the whole community."""
        buildings = self.buildings.all()
        units = Unit.objects.filter(community=self.community_id)
        return units.filter(building__in=buildings) if buildings else units


class SurveyAnswer(models.Model):
    """What one home answered: for each question a grade, the place of a choice, words, or None."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="given")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    answers = models.JSONField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # who typed it in from paper

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "unit"], name="survey_answered_once_by_a_unit")]

    def __str__(self):
        return f"{self.survey}: {self.at:%Y-%m-%d}"
