"""Product and after-sales problems (产品咨询、销售及售后问题): gathered from cases and visits, proposed to who can mend
them for good, and reported each month with what came of it (S5-9)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from complaints.models.aftercare import ReturnVisit
from complaints.models.cases import Case, Severity
from complaints.models.warranty import OutsideParty, WarrantyClaim
from servicedesk.core.models import Community, User


class ProductProblem(models.Model):
    """One theme under which the same problem is gathered, whoever told it and how often."""

    class Kind(models.TextChoices):
        PRODUCT = "product", _("product quality")
        AFTER_SALES = "after_sales", _("after-sales service")
        PROMISE = "promise", _("sales promise")

    community = models.ForeignKey(Community, models.PROTECT, related_name="product_problems")
    kind = models.CharField(_("kind"), max_length=11, choices=Kind, default=Kind.PRODUCT)
    theme = models.CharField(_("theme"), max_length=80)
    description = models.CharField(_("what it is"), max_length=500, blank=True)
    severity = models.CharField(_("severity"), max_length=7, choices=Severity, default=Severity.GENERAL)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("product or after-sales problem")
        verbose_name_plural = _("product and after-sales problems")
        ordering = ["community", "theme"]
        constraints = [
            models.UniqueConstraint(fields=["community", "theme"], name="product_problem_theme_once_in_community"),
            models.CheckConstraint(condition=~Q(theme=""), name="product_problem_has_a_theme"),
        ]

    def __str__(self):
        return self.theme

    def get_absolute_url(self):
        return reverse("complaints:problem", args=[self.pk])


class ProblemFindingQuerySet(models.QuerySet):
    def counted(self):
        """Return those that were not taken back and whose case was not voided."""
        return self.filter(dropped_at=None).exclude(case__status="void")

    def visible_to(self, user):
        """Return those of the cases that `user` sees, and so never one about them (ruling 12)."""
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class ProblemFinding(models.Model):
    """That a case, or what was said on its return visit, shows a problem. Taken back it stays, with the reason."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="problem_findings")
    problem = models.ForeignKey(ProductProblem, models.PROTECT, related_name="findings")
    case = models.ForeignKey(Case, models.PROTECT, related_name="problem_findings")
    visit = models.ForeignKey(ReturnVisit, models.PROTECT, null=True, related_name="problem_findings")
    note = models.CharField(_("what it shows"), max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    dropped_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    dropped_at = models.DateTimeField(null=True)
    dropped_reason = models.CharField(max_length=300, blank=True)

    objects = ProblemFindingQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "problem"], condition=Q(dropped_at=None), name="problem_found_once_in_a_case"
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None, dropped_reason="")
                | Q(dropped_at__gte=F("at"), dropped_by__isnull=False) & ~Q(dropped_reason=""),
                name="problem_finding_dropped_says_why",
            ),
        ]
        indexes = [models.Index(fields=["community", "at"], name="problem_found_at")]

    def __str__(self):
        return f"{self.problem} · {self.case}"


class ProblemProposal(models.Model):
    """What is proposed about a problem, to whom, and what came of it."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        SENT = "sent", _("sent, no answer yet")
        ANSWERED = "answered", _("answered")
        DONE = "done", _("carried out")
        DROPPED = "dropped", _("taken back")

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        LATER = "later", _("later")

    MOVES = {
        Status.PROPOSED: {Status.SENT, Status.DROPPED},
        Status.SENT: {Status.ANSWERED, Status.DROPPED},
        # Sent again: after a “later” or a refusal they are asked once more.
        Status.ANSWERED: {Status.SENT, Status.DONE, Status.DROPPED},
        Status.DONE: set(),
        Status.DROPPED: set(),
    }
    OPEN = (Status.PROPOSED, Status.SENT, Status.ANSWERED)

    community = models.ForeignKey(Community, models.PROTECT, related_name="problem_proposals")
    problem = models.ForeignKey(ProductProblem, models.PROTECT, related_name="proposals")
    party = models.ForeignKey(OutsideParty, models.PROTECT, related_name="proposals", verbose_name=_("to whom"))
    text = models.CharField(_("proposal"), max_length=500)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PROPOSED)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("proposed"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    sent_how = models.CharField(_("sent by"), max_length=6, choices=WarrantyClaim.How, blank=True)
    answer = models.CharField(_("their answer"), max_length=8, choices=Answer, blank=True)
    answer_text = models.CharField(_("in their words"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    result = models.CharField(_("what came of it"), max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="problem_proposal_says_something"),
            models.CheckConstraint(
                condition=Q(status="proposed", sent_at=None, sent_how="")
                | Q(status="dropped")
                | ~Q(status__in=["proposed", "dropped"]) & Q(sent_at__isnull=False) & ~Q(sent_how=""),
                name="problem_proposal_sent_has_time_and_way",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["answered", "done"])
                | Q(answered_at__isnull=False) & ~Q(answer="") & ~Q(answer_text=""),
                name="problem_proposal_answered_has_words",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["done", "dropped"], ended_at__isnull=False) & ~Q(result="")
                | ~Q(status__in=["done", "dropped"]) & Q(ended_at=None, result=""),
                name="problem_proposal_ended_says_what_came_of_it",
            ),
        ]

    def __str__(self):
        return self.text[:60]

    @property
    def is_open(self):
        return self.status in self.OPEN


class ProblemReport(models.Model):
    """The sheet of one month, signed and sent; the database refuses every change.

    `snapshot` keeps the keys of the cases behind each theme, so that whoever reads it is shown the numbers without the
    cases that are about them (ruling 12).
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="problem_reports")
    starts_on = models.DateField()
    text = models.TextField(_("what it means, and what is asked for"))
    addressee = models.CharField(_("sent to"), max_length=120)
    snapshot = models.JSONField()
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["community", "starts_on"], name="problem_report_once_a_month"),
            models.CheckConstraint(condition=Q(starts_on__day=1), name="problem_report_begins_with_its_month"),
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(addressee=""), name="problem_report_says_something_to_somebody"
            ),
        ]

    def __str__(self):
        return f"{self.community} {self.starts_on:%Y-%m}"

    def get_absolute_url(self):
        return reverse("complaints:problems_of", args=[self.starts_on])
