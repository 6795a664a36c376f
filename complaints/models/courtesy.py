"""The polite desk: phrases to take, words to avoid, and how a letter of reply is laid out (S3 第十二条, 第十四条)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from complaints.models.policies import Category
from servicedesk.core.models import Community


class InUseQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(is_active=True)


class Phrase(models.Model):
    """A polite sentence that `;;` and its shortcut put into any text box."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="phrases")
    place = models.PositiveSmallIntegerField(_("number on the list"))
    code = models.CharField(_("shortcut"), max_length=12, blank=True)
    text = models.CharField(_("phrase"), max_length=200)
    text_en = models.CharField(_("phrase in English"), max_length=200, blank=True)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    uses = models.PositiveIntegerField(_("times used"), default=0, db_default=0, editable=False)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = InUseQuerySet.as_manager()

    class Meta:
        verbose_name = _("phrase")
        verbose_name_plural = _("phrases")
        ordering = ["community", "place"]
        constraints = [
            models.UniqueConstraint(fields=["community", "place"], name="phrase_place_once_in_community"),
            models.UniqueConstraint(fields=["community", "text"], name="phrase_once_in_community"),
            models.UniqueConstraint(
                fields=["community", "code"], condition=~Q(code=""), name="phrase_code_once_in_community"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="phrase_says_something"),
        ]

    def __str__(self):
        return self.text


class Taboo(models.Model):
    """Words that no resident should hear, the ways in which they are said, too, and what to say instead."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="taboos")
    place = models.PositiveSmallIntegerField(_("number on the list"))
    text = models.CharField(_("words to avoid"), max_length=100)
    kin = ArrayField(models.CharField(max_length=100), verbose_name=_("also said as"), default=list, blank=True)
    suggestion = models.CharField(_("better"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = InUseQuerySet.as_manager()

    class Meta:
        verbose_name = _("words to avoid")
        verbose_name_plural = _("words to avoid")
        ordering = ["community", "place"]
        constraints = [
            models.UniqueConstraint(fields=["community", "place"], name="taboo_place_once_in_community"),
            models.UniqueConstraint(fields=["community", "text"], name="taboo_once_in_community"),
            models.CheckConstraint(condition=~Q(text=""), name="taboo_says_something"),
        ]

    def __str__(self):
        return self.text


class LetterTemplate(models.Model):
    """How a letter of reply is laid out; the words in braces are filled in from the case.

    One without a category serves every case whose category has none of its own.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="letter_templates")
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    name = models.CharField(_("name"), max_length=60)
    salutation = models.CharField(_("salutation"), max_length=200)
    opening = models.TextField(_("what was written to us"), max_length=2000)
    done = models.TextField(_("what was done"), max_length=2000)
    closing = models.TextField(_("closing"), max_length=2000)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = InUseQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter template")
        verbose_name_plural = _("letter templates")
        ordering = ["community", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="letter_template_name_once_in_community"),
            models.UniqueConstraint(
                fields=["community", "category"],
                condition=Q(is_active=True),
                nulls_distinct=False,
                name="letter_template_one_for_each_category",
            ),
        ]

    def __str__(self):
        return self.name
