"""Doors: who may come in at all. Every view has one, and a test fails for a view without."""

import functools

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied

from servicedesk.core.models import Membership


def memberships_of(user):
    """Return the roles of `user` that are in force, with community and department; one query for each user object."""
    if not hasattr(user, "_memberships"):
        user._memberships = (
            list(Membership.objects.active().filter(user=user).select_related("community", "department").order_by("id"))
            if user.is_authenticated
            else []
        )
    return user._memberships


def roles_in(user, community_id):
    """Return the set of roles that `user` holds in one community."""
    return {m.role for m in memberships_of(user) if m.community_id == community_id}


def departments_in(user, community_id, *roles):
    """Return the ids of the departments in which `user` holds one of `roles` in one community."""
    return {m.department_id for m in memberships_of(user) if m.community_id == community_id and m.role in roles}


def holds(membership, roles):
    """Return whether a membership is one of `roles`: a role, or the pair of a role and the code of its department."""
    return membership.role in roles or (
        membership.department_id is not None and (membership.role, membership.department.code) in roles
    )


def has_role(user, community_id, *roles):
    """Return whether `user` holds one of `roles` in one community."""
    return any(m.community_id == community_id and holds(m, roles) for m in memberships_of(user))


def communities_with(user, roles=None):
    """Return the communities in which `user` holds one of `roles` (any role where None), longest held first."""
    found = {m.community_id: m.community for m in memberships_of(user) if roles is None or holds(m, roles)}
    return list(found.values())


def role_required(*roles):
    """Let in who holds one of `roles` somewhere, and set `request.community` to a community where they do. A role may
    be that of one department: `(Role.WORKER, "engineering")`.

    The community chosen last stays, as long as the person has one of the roles there. Others get 403.
    """

    def door(view):
        @functools.wraps(view)
        def wrapped(request, *args, **kwargs):
            communities = communities_with(request.user, roles)
            if not communities:
                raise PermissionDenied
            chosen = request.session.get("community")
            request.community = next((c for c in communities if c.pk == chosen), communities[0])
            return view(request, *args, **kwargs)

        wrapped.door = ("roles", roles)
        return wrapped

    return door


def any_staff(view):
    """Let in anybody who is signed in, whatever their role."""

    @functools.wraps(view)
    def wrapped(request, *args, **kwargs):
        communities = communities_with(request.user)
        chosen = request.session.get("community")
        request.community = next((c for c in communities if c.pk == chosen), communities[0] if communities else None)
        return view(request, *args, **kwargs)

    wrapped.door = ("staff", ())
    return wrapped


def public(reason):
    """Let in everybody, for the given reason."""

    def door(view):
        wrapped = login_not_required(view)
        wrapped.door = ("public", reason)
        return wrapped

    return door
