"""The same matter twice: told by two people while it is open, or come back after its caller had been told."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from complaints.models import Case, RepeatRule, Status
from servicedesk.core import kept

# A home has a few cases of one category in a quarter, a lobby may have many.
MOST_EARLIER = 100
ANSWERED = (Status.REPLIED, Status.ARCHIVED)
THIRD = 3
# What is told of a case that a matter has come back from. Every case that comes in asks for these, most find none.
SHOWN = ("number", "summary", "kind", "status", "received_at", "replied_at", "archived_at")
# The key of no row.
NOBODY = 0


@dataclass(frozen=True)
class Repeat:
    """What a matter has come back from: the case that it follows, and those of the same matter before, newest first.

    `is_third` says that it is told for the third time or more within the days of the rule.
    """

    rule: RepeatRule
    follows: Case | None = None
    earlier: tuple = ()
    is_third: bool = False


def rule_of(community):
    """Return the RepeatRule of `community`, the defaults where it has none of its own. One query."""
    return RepeatRule.objects.filter(community=community).first() or RepeatRule(community=community)


def shown_rule(community):
    """Return the rule for what a page only shows, half a minute old at the most. One query, none while it is kept."""
    return kept.for_a_while("repeat-rule", community.pk, seconds=30, make=lambda: rule_of(community))


def find(community, *, category, now, unit=None, reporter=None, concerns=(), follows=None):
    """Return the Repeat that a matter of `category` would be: of the same unit or person, about the same staff.

    The staff because of ruling 12: a matter about nobody never leads to one that is about somebody, whose number and
    level would tell of it. What was voided or joined to another counts for nothing. `follows` is the case that it
    follows where that is known. Two queries in every case: the time that a request takes does not tell whether its
    room is in the register (T3).
    """
    rule = rule_of(community)
    whose = Q(unit=unit.pk if unit else NOBODY) | Q(reporter=reporter.pk if reporter else NOBODY)
    lately = Q(received_at__gte=now - timedelta(days=rule.third_days)) | Q(
        replied_at__gte=now - timedelta(days=rule.repeat_days)
    )
    rows = Case.objects.filter(
        whose, lately, community=community, category=category, status__in=ANSWERED, sealed_at=None
    )
    rows = rows.annotate(about=ArrayAgg("concerned__user", filter=Q(concerned__isnull=False), default=[]))
    keys = sorted(user.pk for user in concerns)
    found = [case for case in rows.only(*SHOWN).order_by("-id")[:MOST_EARLIER] if sorted(case.about) == keys]
    return Repeat(
        rule=rule,
        follows=follows or next((case for case in found if has_come_back(case, rule, now)), None),
        earlier=tuple(found),
        is_third=sum(case.received_at >= now - timedelta(days=rule.third_days) for case in found) >= THIRD - 1,
    )


def has_come_back(case, rule, now):
    """Return whether the same matter, told at `now`, is one that has come back from `case`: answered so lately."""
    told_at = case.replied_at or case.archived_at
    return told_at is not None and now - told_at <= timedelta(days=rule.repeat_days)


def may_be_same(case, category, rule, now):
    """Return whether an open `case` of the unit may be the same matter: of the same category and that lately told."""
    lately = now - case.received_at <= timedelta(hours=rule.duplicate_hours)
    return category is not None and case.category_id == category.pk and lately
