from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case
from servicedesk.core.models import Department, User


class ProposalQuerySet(models.QuerySet):
    def open(self):
        return self.filter(decision="")


class Proposal(models.Model):
    """What is to be done about a complaint, or why it is declined: written by one person, decided by a second.

    The source: a complaint is verified, a proposal goes to the superior, and the department is told after the
    approval (暂行5A). What was urgent is done at once and comes here as a report afterwards (暂行5B).
    """

    class Outcome(models.TextChoices):
        HANDLE = "handle", _("to be handled")
        COURTESY = "courtesy", _("not valid, helped as a courtesy")
        DECLINE = "decline", _("to be politely declined")
        REPORT = "report", _("urgent, reported afterwards")

    class Decision(models.TextChoices):
        APPROVED = "approved", _("approved")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("taken back")

    case = models.ForeignKey(Case, models.PROTECT, related_name="proposals")
    cycle = models.PositiveSmallIntegerField()
    outcome = models.CharField(_("what is proposed"), max_length=8, choices=Outcome)
    text = models.TextField(_("what is to be done, or why not"))
    answer = models.TextField(_("what the resident is to hear"), blank=True)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, related_name="+", verbose_name=_("department")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    decision = models.CharField(_("decision"), max_length=9, choices=Decision, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(_("note to the decision"), blank=True)
    # When the last decision was taken back; the database lets that be only within ten minutes of it.
    undone_at = models.DateTimeField(null=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(decision=""), name="proposal_one_open"),
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None, decided_at=None)
                | (~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="proposal_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(decision="withdrawn", decided_by=F("by"))
                | (~Q(decision="withdrawn") & ~Q(decided_by=F("by"))),
                name="proposal_decided_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=(Q(outcome="decline") & ~Q(answer="")) | (~Q(outcome="decline") & Q(answer="")),
                name="proposal_declines_with_an_answer",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="proposal_says_something"),
        ]
        indexes = [models.Index(fields=["case", "at"], condition=Q(decision=""), name="proposal_open")]

    def __str__(self):
        return f"{self.case}: {self.get_outcome_display()}"

    @property
    def is_report(self):
        return self.outcome == self.Outcome.REPORT

    @property
    def is_refusal(self):
        return self.outcome == self.Outcome.DECLINE
