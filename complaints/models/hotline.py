from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case
from servicedesk.core.models import Community


class ExternalCaseQuerySet(models.QuerySet):
    def running(self):
        """Return those whose answer an authority still waits for."""
        return self.filter(replied_at=None, returned_at=None)


class ExternalCase(models.Model):
    """What an authority (12345 热线, 街道, 信访) wants of us in a matter, with its own number and its own clock.

    Its limits differ from city to city, so they are typed from the slip and never assumed (section 9). It ends when
    the authority has its answer, or when the slip goes back as none of our duty (非本单位职责).
    """

    class Mark(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("no")

    community = models.ForeignKey(Community, models.PROTECT, related_name="external_cases")
    case = models.ForeignKey(Case, models.PROTECT, related_name="external_cases")
    source_org = models.CharField(_("authority"), max_length=60)
    external_no = models.CharField(_("their number"), max_length=60)
    received_from = models.CharField(_("who passed it on"), max_length=80, blank=True)
    received_at = models.DateTimeField(_("came to us"))
    sign_due_at = models.DateTimeField(_("sign by"), null=True)
    first_contact_due_at = models.DateTimeField(_("first contact by"), null=True)
    reply_due_at = models.DateTimeField(_("answer by"), null=True)
    signed_at = models.DateTimeField(_("signed"), null=True)
    contacted_at = models.DateTimeField(_("resident contacted"), null=True)
    replied_at = models.DateTimeField(_("answered"), null=True)
    reply_text = models.TextField(_("answer to the authority"), blank=True)
    returned_at = models.DateTimeField(_("returned"), null=True)
    returned_reason = models.CharField(_("why it is none of our duty"), max_length=300, blank=True)
    # How the authority, or the resident asked by it, judged us; unknown until it says so.
    responded = models.CharField(_("responded"), max_length=3, choices=Mark, blank=True)
    solved = models.CharField(_("solved"), max_length=3, choices=Mark, blank=True)
    satisfied = models.CharField(_("satisfied"), max_length=3, choices=Mark, blank=True)
    evaluated_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = ExternalCaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("matter of an authority")
        verbose_name_plural = _("matters of authorities")
        ordering = ["case", "id"]
        constraints = [
            # A slip that went back may come again with the same number.
            models.UniqueConstraint(
                fields=["community", "source_org", "external_no"],
                condition=Q(returned_at=None),
                name="external_no_once",
            ),
            models.CheckConstraint(condition=~Q(source_org="") & ~Q(external_no=""), name="external_case_is_named"),
            models.CheckConstraint(
                condition=Q(returned_at=None, returned_reason="")
                | Q(returned_at__isnull=False, replied_at=None) & ~Q(returned_reason=""),
                name="external_case_returned_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(replied_at=None, reply_text="") | Q(replied_at__isnull=False) & ~Q(reply_text=""),
                name="external_case_replied_has_text",
            ),
            models.CheckConstraint(
                condition=Q(evaluated_at=None, responded="", solved="", satisfied="")
                | Q(evaluated_at__isnull=False, replied_at__isnull=False),
                name="external_case_evaluated_after_reply",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{name: None}) | Q(**{f"{name}__gt": F("received_at")}), name=f"external_{name}_ahead"
                )
                for name in ("sign_due_at", "first_contact_due_at", "reply_due_at")
            ),
        ]
        indexes = [
            models.Index(
                fields=["reply_due_at"], condition=Q(replied_at=None, returned_at=None), name="external_case_running"
            ),
        ]

    def __str__(self):
        return f"{self.source_org} {self.external_no}"

    @property
    def is_running(self):
        return self.replied_at is None and self.returned_at is None

    def missed(self, now):
        """Return whether their clock was not kept: answered too late, or not yet and past the limit."""
        return (
            self.reply_due_at is not None and self.returned_at is None and (self.replied_at or now) > self.reply_due_at
        )
