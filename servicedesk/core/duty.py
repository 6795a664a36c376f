"""Who holds which level now: the roster's duty manager, the supervisors, the deputy general manager."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from servicedesk.core.models import DutyShift, Role, User

# The three levels of responsibility (三级负责制), as they are called.
LEVELS = {1: _("Level 1"), 2: _("Level 2"), 3: _("Level 3")}


def duty_manager(community, now):
    """Return the duty manager (当值经理) of `community` at `now`, or None where the roster is empty. One query."""
    shifts = DutyShift.objects.filter(community=community, user__is_active=True).at(now).select_related("user")
    shift = shifts.order_by("id").first()
    return shift.user if shift else None


def holders(community, role):
    """Return the active people who hold `role` in `community`, longest in office first. One query."""
    return list(
        User.objects.filter(
            is_active=True,
            memberships__community=community,
            memberships__role=role,
            memberships__is_active=True,
        ).order_by("memberships__id")
    )


def overseers(community, now):
    """Return who may decide in an emergency of `community` at `now`, each once: the supervisors and the duty manager.
    Two queries."""
    manager = duty_manager(community, now)
    return list(dict.fromkeys([*holders(community, Role.SUPERVISOR), *([manager] if manager else [])]))


def level_holders(community, level, now, *, urgent=False):
    """Return who answers for level 2 or 3 of `community` at `now`, the named holder first.

    An urgent case at level 2 is the duty manager's, and all supervisors' where the roster is empty (S3 暂行5B).
    """
    if level >= 3:
        return holders(community, Role.DEPUTY_GM)
    manager = duty_manager(community, now) if urgent else None
    return [manager] if manager else holders(community, Role.SUPERVISOR)


def gaps(community, now, *, days=7):
    """Return the stretches of the coming `days` without a duty manager, as (from, to) pairs. One query.

    In a gap an urgent case goes to all supervisors instead (ruling 7).
    """
    end = now + timedelta(days=days)
    shifts = DutyShift.objects.filter(community=community, period__overlap=(now, end)).order_by("period")
    free_from, found = now, []
    for shift in shifts:
        if shift.period.lower > free_from:
            found.append((free_from, shift.period.lower))
        free_from = max(free_from, shift.period.upper)
    if free_from < end:
        found.append((free_from, end))
    return found
