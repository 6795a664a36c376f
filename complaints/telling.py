"""Whom a case's news goes to. The people whom a case concerns are never told of it (ruling 12)."""

from servicedesk.core import notifications
from servicedesk.core.duty import holders, level_holders
from servicedesk.core.masking import mask_runs
from servicedesk.core.models import Role, User


def about(case, **more):
    """Return the data of a notification about `case`."""
    return {
        "number": case.short_number,
        # Masked before it is cut: a number without its last digit is no number to the mask.
        "summary": mask_runs(case.summary)[:60],
        "path": case.get_absolute_url(),
        **more,
    }


def without_concerned(case, people, concerned=None):
    """Return `people` in their order without those whom `case` concerns. One query, none where `concerned` has the
    keys of those already or nobody is left."""
    people = [person for person in people if person is not None]
    if not people:
        return []
    if concerned is None:
        concerned = set(case.concerned.values_list("user_id", flat=True))
    return [person for person in people if person.pk not in concerned]


def tell(case, people, kind, *, now, key, but=None, undoable=False, concerned=None, **more):
    """Write the notifications of one fact about `case` for `people`, except the one who did it. Told once a `key`."""
    told = [person for person in without_concerned(case, people, concerned) if person != but]
    notifications.notify(
        told,
        kind,
        about=case,
        key=f"{kind}:{case.pk}:{key}",
        now=now,
        not_before=notifications.undoable_from(now) if undoable and not case.is_urgent else now,
        data=about(case, **more),
    )


def tell_outside(case, *, now):
    """Tell the outside holder of a case that nobody at level 3 may hold, by e-mail (ruling 12). Told once a level
    cycle; the community names the address, and nobody is told where it has none. At most one INSERT."""
    community = case.community
    if not community.outside_email:
        return
    data = {
        **about(case),
        "community": community.name,
        "holder": community.outside_holder,
        "phone": community.phone,
        "due": f"{community.local(case.due_at):%m-%d %H:%M}" if case.due_at else "–",
    }
    key = f"case_outside:{case.pk}:{case.level_cycle}"
    notifications.notify_outside(community.outside_email, "case_outside", about=case, key=key, now=now, data=data)


def department_people(case):
    """Return who hears of a case handed to its department: the heads, or all workers where there is no head."""
    for role in (Role.HEAD, Role.WORKER):
        people = list(
            User.objects.filter(
                is_active=True,
                memberships__department_id=case.department_id,
                memberships__role=role,
                memberships__is_active=True,
            ).distinct()
        )
        if people:
            return people
    return []


def holders_for(case, level, now):
    """Return who answers for `case` at `level`, the named holder first, without those it concerns."""
    if level == 1:
        return without_concerned(case, [case.first_responsible])
    return without_concerned(case, level_holders(case.community, level, now, urgent=case.is_urgent))


def deciders(case, now):
    """Return who decides on what the desk proposes about `case`: who answers at level 2, or at 3 where nobody does."""
    return holders_for(case, 2, now) or holders_for(case, 3, now)


def clerks(case):
    return holders(case.community, Role.CLERK)


def desk(about):
    """Return who takes calls in the community of `about`: its clerks and supervisors, each once. Two queries."""
    people = holders(about.community, Role.CLERK) + holders(about.community, Role.SUPERVISOR)
    return list({person.pk: person for person in people}.values())


def tell_deputy(about, kind, day, *, by, now):
    """Tell the deputy general managers of a community, but for `by`, that the sheet `about` of `day` was signed."""
    people = [person for person in holders(about.community, Role.DEPUTY_GM) if person != by]
    data = {"day": day.isoformat(), "path": about.get_absolute_url()}
    notifications.notify(people, kind, about=about, key=f"{kind}:{about.pk}", now=now, data=data)
