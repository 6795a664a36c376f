"""Letters that come in (收文登记本) and go out (回函): what comes by letter is answered by letter (暂行7)."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from complaints.models.cases import Case, Concern
from complaints.models.courtesy import LetterTemplate
from servicedesk.core.models import Community, Role, User
from servicedesk.core.roles import memberships_of

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
# What is about staff is numbered from here, in a series of its own, as its case is (ruling 12).
KEPT_FROM = 9000


def desks_of(user):
    """Return the keys of the communities whose letters and calls `user` may see: the office's. No query of its own."""
    return {m.community_id for m in memberships_of(user) if m.role in OFFICE}


class IncomingLetterQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return the letters that `user` may see, never one whose case concerns them (ruling 12) or is sealed."""
        about_them = Concern.objects.filter(user=user).values("case")
        return self.filter(community__in=desks_of(user), case__sealed_at=None).exclude(case__in=about_them)

    def loose(self):
        """Return the letters that are neither a case nor explained."""
        return self.filter(case=None, no_case_reason="")

    def received_between(self, first, last):
        """Return the letters that came from the moment `first` until before the moment `last`."""
        return self.filter(received_at__gte=first, received_at__lt=last)


class IncomingLetter(models.Model):
    """One line of the register of incoming letters: a number without gaps, what came, to whom it was presented."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="incoming_letters")
    number = models.CharField(_("register number"), max_length=20)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    sender = models.CharField(_("from"), max_length=120)
    sender_ref = models.CharField(_("their own reference"), max_length=60, blank=True)
    subject = models.CharField(_("subject"), max_length=200)
    letter_on = models.DateField(_("date of the letter"), null=True)
    pages = models.PositiveSmallIntegerField(_("pages"), default=1)
    copies = models.PositiveSmallIntegerField(_("copies"), default=1)
    received_at = models.DateTimeField(_("received"))
    registered_at = models.DateTimeField(_("registered"))
    registered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registered by"))
    presented_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("presented to"))
    reply_due_on = models.DateField(_("answer due"))
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="incoming_letter")
    no_case_reason = models.CharField(_("why it is no case"), max_length=300, blank=True)

    objects = IncomingLetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming letter")
        verbose_name_plural = _("incoming letters")
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="letter_number_once_in_community"),
            models.CheckConstraint(condition=Q(pages__gte=1, copies__gte=1), name="letter_has_a_page"),
            models.CheckConstraint(
                condition=Q(registered_at__gte=F("received_at")), name="letter_registered_after_it_came"
            ),
        ]
        indexes = [models.Index(fields=["community", "-received_at", "-id"], name="letter_by_received")]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("complaints:incoming", args=[self.pk])

    @property
    def is_loose(self):
        """Whether it is neither a case nor explained."""
        return self.case_id is None and not self.no_case_reason


class ReplyLetter(models.Model):
    """One letter to a resident: a draft until it has its number, then never changed; sent, or void with the reason."""

    class Stage(models.TextChoices):
        DRAFT = "draft", _("draft")
        ISSUED = "issued", _("numbered, not delivered")
        SENT = "sent", _("delivered")
        VOID = "void", _("void")

    class Delivery(models.TextChoices):
        HANDED = "handed", _("given by hand")
        POSTED = "posted", _("posted")
        EMAIL = "email", _("by e-mail")

    MOVES = {
        Stage.DRAFT: {Stage.ISSUED},
        Stage.ISSUED: {Stage.SENT, Stage.VOID},
        Stage.SENT: set(),
        Stage.VOID: set(),
    }
    OPEN = (Stage.DRAFT, Stage.ISSUED)

    community = models.ForeignKey(Community, models.PROTECT, related_name="reply_letters")
    case = models.ForeignKey(Case, models.PROTECT, related_name="letters")
    cycle = models.PositiveSmallIntegerField()
    number = models.CharField(_("number"), max_length=20, blank=True)
    status = models.CharField(_("status"), max_length=6, choices=Stage, default=Stage.DRAFT)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    template = models.ForeignKey(LetterTemplate, models.PROTECT, null=True, related_name="+")
    addressee = models.CharField(_("addressee"), max_length=120)
    text = models.TextField(_("text"))
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField(null=True)
    prints = models.PositiveSmallIntegerField(default=0, db_default=0)
    delivery = models.CharField(_("how it was delivered"), max_length=6, choices=Delivery, blank=True)
    tracking_no = models.CharField(_("tracking number"), max_length=60, blank=True)
    received_by = models.CharField(_("who took it"), max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True)
    void_reason = models.CharField(_("why void"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("letter of reply")
        verbose_name_plural = _("letters of reply")
        ordering = ["case", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "number"], condition=~Q(number=""), name="reply_letter_number_once_in_community"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(status__in=["draft", "issued"]), name="reply_letter_one_open_for_a_case"
            ),
            models.CheckConstraint(condition=~Q(text="") & ~Q(addressee=""), name="reply_letter_says_something"),
            models.CheckConstraint(
                condition=Q(status="draft", number="", issued_at=None)
                | (~Q(status="draft") & ~Q(number="") & Q(issued_at__isnull=False, issued_by__isnull=False)),
                name="reply_letter_numbered_when_issued",
            ),
            models.CheckConstraint(
                condition=(Q(status="sent", sent_at__isnull=False) & ~Q(delivery=""))
                | (~Q(status="sent") & Q(sent_at=None, delivery="")),
                name="reply_letter_sent_says_how",
            ),
            models.CheckConstraint(
                condition=~Q(delivery="posted") | ~Q(tracking_no=""), name="reply_letter_posted_has_tracking"
            ),
            models.CheckConstraint(
                condition=~Q(delivery="handed") | ~Q(received_by=""), name="reply_letter_handed_has_who_took_it"
            ),
            models.CheckConstraint(
                condition=(Q(status="void") & ~Q(void_reason="")) | (~Q(status="void") & Q(void_reason="")),
                name="reply_letter_void_has_reason",
            ),
        ]

    def __str__(self):
        return self.number or str(self.Stage.DRAFT.label)

    @property
    def is_open(self):
        return self.status in self.OPEN

    @property
    def reprint(self):
        """How many times it was printed again, 0 for the first print."""
        return max(self.prints - 1, 0)
