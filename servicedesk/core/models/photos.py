from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

from servicedesk.core.models.community import Community
from servicedesk.core.models.people import User


class PhotoQuerySet(models.QuerySet):
    def about(self, subject):
        """Return the photos of one thing that are still there, oldest first."""
        subject_type = ContentType.objects.get_for_model(subject)
        return self.kept().filter(subject_type=subject_type, subject_id=subject.pk).order_by("id")

    def kept(self):
        """Return the photos whose files have not been removed with their time or at their person's wish."""
        return self.filter(erased_at=None)


class Photo(models.Model):
    """A picture that somebody sent, decoded and written anew as JPEG; the original is never kept."""

    class Stage(models.TextChoices):
        REPORT = "report", _("as reported")
        WORK = "work", _("at work")
        DONE = "done", _("when finished")

    community = models.ForeignKey(Community, models.PROTECT, related_name="photos")
    subject_type = models.ForeignKey(ContentType, models.PROTECT)
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    stage = models.CharField(max_length=6, choices=Stage, default=Stage.REPORT)
    name = models.CharField(max_length=64, unique=True, help_text="Random name of the stored file.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    is_public = models.BooleanField(default=False, help_text="The resident sees it on the tracking page.")
    # The file is gone; that there was one, and when, stays.
    erased_at = models.DateTimeField(null=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="photo_about")]

    def __str__(self):
        return self.name
