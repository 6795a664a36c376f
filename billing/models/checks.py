"""What the nightly check of the books found."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models import Community, User


class BooksCheck(models.Model):
    """One look at everything that must be true of the books of a community, and what was not."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="books_checks")
    at = models.DateTimeField()
    # None where the clock did it.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # [[name of the invariant, [what breaks it]]]
    found = models.JSONField(default=list)

    class Meta:
        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["community", "-at"], name="books_check_of_community")]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M}"
