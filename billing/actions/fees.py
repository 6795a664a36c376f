"""Verbs of fees: a new one, what it is called, and whether it is charged."""

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from billing.actions.rights import demand_setter
from billing.models import Fee
from servicedesk.core import events, moves
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community


@transaction.atomic
def create_fee(community, *, name, kind, applies_to, by, now, name_en="", position=None):
    """Add a fee to those of a community and return it; without `position` it stands last on bills.

    Its code is made of its English name or its kind. Raises Refused for a name that another fee has, and for a second
    late charge.
    """
    demand_setter(community.pk, by=by)
    # Two people who add the same fee at once queue here, so that the second reads the sentence below.
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)
    fees = Fee.objects.filter(community=community)
    if fees.filter(name=name).exists():
        raise Refused(_("There is a fee of this name already. Choose another name."))
    if kind == Fee.Kind.LATE and fees.filter(kind=kind).exists():
        raise Refused(_("There is a late charge already; one is all that a community has. Give it a new tariff."))
    taken = set(fees.values_list("code", "position"))
    last = max((place for _code, place in taken), default=0)
    fee = Fee.objects.create(
        community=community,
        code=_code_of(name_en or str(kind), {code for code, _place in taken}),
        name=name,
        name_en=name_en,
        kind=kind,
        applies_to=applies_to,
        position=last + 1 if position is None else position,
    )
    events.log(fee, "fee_added", by=by, now=now, data={"kind": str(kind), "applies_to": str(applies_to)})
    return fee


def _code_of(words, taken):
    """Return a code that no other fee has: that of the words, or with a number behind it."""
    code = slugify(words)[:16] or "fee"
    numbered = (f"{code}-{n}" for n in range(2, len(taken) + 3))
    return next(one for one in [code, *numbered] if one not in taken)


@transaction.atomic
def rename_fee(fee, *, name, name_en, by, now):
    """Call a fee otherwise from now on. What was billed keeps the words of its day (ruling 14: a bill never changes).

    Raises Refused for a name that another fee has or that says nothing new, and Stale if somebody was faster.
    """
    demand_setter(fee.community_id, by=by)
    Community.objects.select_for_update(no_key=True).get(pk=fee.community_id)
    if Fee.objects.filter(community=fee.community_id, name=name).exclude(pk=fee.pk).exists():
        raise Refused(_("There is a fee of this name already. Choose another name."))
    was = {"from": fee.name, "from_en": fee.name_en}
    if (name, name_en) == (fee.name, fee.name_en):
        raise Refused(_("The fee is called that already. Nothing was changed."))
    moves.write(fee, name=name, name_en=name_en)
    data = {**was, "to": name, "to_en": name_en, "version": fee.version}
    events.log(fee, "fee_renamed", by=by, now=now, data=data)


@transaction.atomic
def switch_fee(fee, *, in_use, by, now):
    """Stop charging a fee, or charge it again; its bills stay as they are. Raises Stale if somebody was faster."""
    demand_setter(fee.community_id, by=by)
    moves.write(fee, is_active=in_use)
    events.log(fee, "fee_switched", by=by, now=now, data={"in_use": in_use, "version": fee.version})
