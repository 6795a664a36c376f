from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models.people import Person
from servicedesk.core.models import Community, User


class IdentityCopyQuerySet(models.QuerySet):
    def kept(self):
        """Return those whose pictures are still there."""
        return self.filter(erased_at=None)

    def due(self, today):
        """Return those whose pictures are to be removed by `today`."""
        return self.kept().filter(delete_on__lte=today)


class IdentityCopy(models.Model):
    """The copy of an identity paper: pictures (core.Photo about this row) that are removed on a day fixed beforehand.

    PIPL 19 and 28: no longer than what it was taken for needs. The row stays and says that there was one.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="identity_copies")
    person = models.ForeignKey(Person, models.PROTECT, related_name="identity_copies")
    delete_on = models.DateField(_("is removed on"))
    added_on = models.DateField(_("taken on"))
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    erased_at = models.DateTimeField(null=True)

    objects = IdentityCopyQuerySet.as_manager()

    class Meta:
        verbose_name = _("copy of an identity paper")
        verbose_name_plural = _("copies of identity papers")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(delete_on__gt=F("added_on")), name="identity_copy_ends_after_it_begins")
        ]
        indexes = [models.Index(fields=["delete_on"], name="identity_copy_due", condition=Q(erased_at=None))]

    def __str__(self):
        return f"{self.person} {self.delete_on}"
