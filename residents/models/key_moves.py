"""The ledger of keys: every copy that went from one state to another."""

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from residents.models.key_loans import KeyLoan
from residents.models.keys import KeySet
from residents.models.people import Person
from servicedesk.core.models import Community, User


class Proof(models.TextChoices):
    """What somebody showed who is not the owner."""

    ID = "id", _("identity card seen")
    LETTER = "letter", _("owner's letter")


class KeyMoveQuerySet(models.QuerySet):
    def for_unit(self, unit):
        return self.filter(key_set__unit=unit)

    def outstanding(self, unit):
        """Return the moves by which copies of `unit` were given out for good, with `left`: how many of each are still
        with whoever got them. Oldest first; one query."""
        return self.given_out().filter(key_set__unit=unit)

    def given_out(self):
        """Return the moves by which copies were given out for good and of which some are `left` outside."""
        answers = (
            self.model.objects.filter(of=OuterRef("pk")).order_by().values("of").annotate(n=Sum("copies")).values("n")
        )
        return (
            self.filter(action=KeyMove.Action.ISSUE)
            .annotate(left=F("copies") - Coalesce(Subquery(answers), 0))
            .filter(left__gt=0)
            .order_by("at", "id")
        )

    def with_people(self):
        return self.select_related("key_set__unit", "person", "by", "loan__staff", "loan__person")


class KeyMove(models.Model):
    """One line of the ledger of keys: so many copies went from one state to another. Only added to."""

    class Action(models.TextChoices):
        RECEIVE = "receive", _("taken in")
        ISSUE = "issue", _("given out")
        LOAN = "loan", _("lent")
        RETURN = "return", _("taken back")
        LOST = "lost", _("reported lost")
        FOUND = "found", _("found again")
        DESTROY = "destroy", _("destroyed")

    class Signature(models.TextChoices):
        PAPER = "paper", _("signed on paper")
        NONE = "none", _("not signed")

    community = models.ForeignKey(Community, models.PROTECT, related_name="key_moves")
    key_set = models.ForeignKey(KeySet, models.PROTECT, related_name="moves")
    loan = models.ForeignKey(KeyLoan, models.PROTECT, null=True, related_name="moves")
    of = models.ForeignKey("self", models.PROTECT, null=True, related_name="answers")
    action = models.CharField(_("in or out"), max_length=7, choices=Action)
    copies = models.PositiveSmallIntegerField(_("how many"))
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="key_moves")
    name = models.CharField(_("name"), max_length=60, blank=True)
    proof = models.CharField(_("proof"), max_length=6, choices=Proof, blank=True)
    owner_called_at = models.DateTimeField(_("owner called"), null=True)
    owner_said = models.CharField(_("what the owner said"), max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    measure = models.CharField(_("what is done about it"), max_length=300, blank=True)
    signature = models.CharField(_("signature"), max_length=5, choices=Signature, blank=True)

    objects = KeyMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("move of a key")
        verbose_name_plural = _("moves of keys")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(copies__gte=1), name="key_move_moves_something"),
            models.CheckConstraint(
                condition=Q(action="loan", loan__isnull=False)
                | Q(action__in=["return", "lost"])
                | Q(action__in=["receive", "issue", "found", "destroy"], loan=None),
                name="key_move_of_a_loan_names_it",
            ),
            models.CheckConstraint(
                condition=Q(of=None) | Q(action__in=["return", "lost"], loan=None), name="key_move_answers_an_issue"
            ),
            models.CheckConstraint(
                condition=~Q(action="return") | Q(loan__isnull=False) | Q(of__isnull=False),
                name="key_move_takes_back_what_was_given",
            ),
            models.CheckConstraint(
                condition=~Q(action="issue") | Q(person__isnull=False) | ~Q(name=""),
                name="key_move_issue_is_to_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(action__in=["lost", "destroy"]) | ~Q(reason=""), name="key_move_loss_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(action="lost") | ~Q(measure=""), name="key_move_loss_says_what_is_done"
            ),
        ]
        indexes = [
            models.Index(fields=["community", "-at", "-id"], name="key_move_by_time"),
            models.Index(fields=["key_set", "-at", "-id"], name="key_move_of_set"),
        ]

    def __str__(self):
        return f"{self.key_set_id} {self.get_action_display()} × {self.copies}"

    @property
    def who(self):
        """With whom the copies went or from whom they came, or ""; people and loan are to be loaded with it."""
        return str(self.person or self.name) if self.person_id or self.name else (self.loan.who if self.loan_id else "")
