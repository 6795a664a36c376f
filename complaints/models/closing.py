from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case
from servicedesk.core.models import Community, User


class Explanation(models.Model):
    """Why something that the check of a day found stands as it does: one written line (S3 总结原则, 第十九条).

    A line about a case holds for the whole day, whichever check found the case. What is no case (a draft, a missing
    number) is known by its check and its key there. A second line about the same thing takes the place of the first.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="explanations", db_index=False)
    date = models.DateField()
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="explanations")
    check_key = models.CharField(max_length=20)
    row_key = models.CharField(max_length=80)
    text = models.CharField(_("explanation"), max_length=500)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="explanation_says_something")]
        indexes = [models.Index(fields=["community", "date"], name="explanation_of_day")]

    def __str__(self):
        return f"{self.date} {self.row_key}"


class DayClose(models.Model):
    """A day that a supervisor has looked through and signed, once (S3 总结原则). The database refuses every change.

    `snapshot` keeps, by check and by figure, the keys of the cases that were counted, so that whoever looks at it later
    is shown the number without the cases that are about them (ruling 12). `seal` and `seal_hash` are the end of the
    community's chain of events at the signing: they stand on the signed paper, too.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="day_closes")
    date = models.DateField()
    summary = models.TextField(_("summary of the day"))
    exceptions = models.TextField(_("why it is signed all the same"), blank=True)
    unexplained = models.PositiveIntegerField(default=0)
    snapshot = models.JSONField()
    seal = models.PositiveBigIntegerField(default=0)
    seal_hash = models.CharField(max_length=64, blank=True)
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["-date"]
        constraints = [
            models.UniqueConstraint(fields=["community", "date"], name="day_closed_once"),
            models.CheckConstraint(condition=~Q(summary=""), name="day_close_sums_up"),
            models.CheckConstraint(
                condition=Q(unexplained=0) | ~Q(exceptions=""), name="day_close_with_open_rows_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.community} {self.date}"

    def get_absolute_url(self):
        return reverse("complaints:closeout", args=[self.date])

    @property
    def is_late(self):
        """Whether it was signed after its day had ended in the community."""
        return self.community.local(self.signed_at).date() > self.date


class Report(models.Model):
    """A week for the deputy GM or a month for the department manager, signed by a supervisor; its figures are frozen.

    Only its reading is written later, once. The database refuses every other change.
    """

    class Span(models.TextChoices):
        WEEK = "week", _("week")
        MONTH = "month", _("month")

    community = models.ForeignKey(Community, models.PROTECT, related_name="reports", db_index=False)
    span = models.CharField(max_length=5, choices=Span)
    starts_on = models.DateField()
    text = models.TextField(_("what the figures mean"))
    addressee = models.CharField(max_length=120, blank=True)
    snapshot = models.JSONField()
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    read_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["community", "span", "starts_on"], name="report_once"),
            models.CheckConstraint(condition=~Q(text=""), name="report_says_something"),
            models.CheckConstraint(
                condition=Q(span="week", starts_on__iso_week_day=1) | Q(span="month", starts_on__day=1),
                name="report_begins_with_its_week_or_month",
            ),
            models.CheckConstraint(
                condition=Q(read_by=None, read_at=None) | Q(read_by__isnull=False, read_at__gte=F("signed_at")),
                name="report_is_read_by_somebody_after_it_was_signed",
            ),
        ]

    def __str__(self):
        return f"{self.get_span_display()} {self.starts_on}"

    def get_absolute_url(self):
        return reverse(f"complaints:{self.span}_report", args=[self.starts_on])
