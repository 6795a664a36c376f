"""Verbs of discounts (减免): asked for with evidence, decided by a supervisor who did not ask, ended earlier with a
reason. A vacant home is a reason only by contract or local rule (section 17), so it is asked for like any other."""

import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from billing.actions.enrolments import span_of
from billing.actions.rights import ASKERS, DECIDERS
from billing.models import Discount
from residents.models import Unit
from servicedesk.core import events, moves, photos
from servicedesk.core.duty import holders
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Role
from servicedesk.core.notifications import notify
from servicedesk.core.roles import has_role

ONE_DAY = datetime.timedelta(days=1)
Status = Discount.Status


@transaction.atomic
def ask_discount(fee, unit, *, kind, percent, since, last_day, reason, evidence, by, now, pictures=()):
    """Ask for `fee` of `unit` to be reduced by `percent` from `since` to `last_day`, and return the Discount.

    `pictures` are (Picture, name) of stored photos. Raises Refused where another one is asked for or approved for one
    of these days.
    """
    if not has_role(by, fee.community_id, *ASKERS):
        raise NotAllowed(_("A clerk, the cashier or finance asks for a discount."))
    Unit.objects.select_for_update(of=("self",), no_key=True).get(pk=unit.pk)
    period = DateRange(since, last_day + ONE_DAY)
    open_ones = Discount.objects.filter(unit=unit, fee=fee, status__in=[Status.ASKED, Status.APPROVED])
    there = open_ones.filter(period__overlap=period).order_by("period").first()
    if there:
        words = {"percent": f"{there.percent.normalize():f}", "span": span_of(there.period)}
        words["status"] = there.get_status_display()
        raise Refused(
            _("There is a discount of %(percent)s %% on these days already: %(span)s, %(status)s. Choose other days.")
            % words
        )
    row = Discount(
        community_id=fee.community_id,
        unit=unit,
        fee=fee,
        kind=kind,
        percent=percent,
        period=period,
        reason=reason,
        evidence=evidence,
        asked_by=by,
        asked_at=now,
    )
    row.save(force_insert=True)
    for picture, name in pictures:
        photos.attach(picture, name, to=row, by=by, now=now)
    data = {"kind": str(kind), "percent": str(percent), "since": since.isoformat(), "last_day": last_day.isoformat()}
    events.log(row, "discount_asked", by=by, now=now, data=data)
    deciders = [one for role in DECIDERS for one in holders(row.community, role) if one != by]
    _tell(deciders, "discount_asked", row, now)
    return row


@transaction.atomic
def approve_discount(discount, *, by, now, note=""):
    """Approve a discount. Raises NotAllowed for who asked for it (T12), and for who is no supervisor or deputy GM."""
    _decide(discount, Status.APPROVED, "discount_approved", by=by, now=now, note=note)


@transaction.atomic
def refuse_discount(discount, *, note, by, now):
    """Refuse a discount, with the reason."""
    _decide(discount, Status.REFUSED, "discount_refused", by=by, now=now, note=note)


def _decide(discount, to, verb, *, by, now, note):
    if not has_role(by, discount.community_id, *DECIDERS):
        raise NotAllowed(_("A supervisor or the deputy general manager decides about a discount."))
    if discount.asked_by_id == by.pk:
        raise NotAllowed(_("Whoever asked for a discount does not decide about it. Somebody else does."))
    facts = {"decided_by": by, "decided_at": now, "decision_note": note}
    moves.move(discount, to, by=by, now=now, verb=verb, note=note, **facts)
    _tell([discount.asked_by], verb, discount, now)


def _tell(people, kind, discount, now):
    words = {"unit": str(discount.unit), "percent": f"{discount.percent.normalize():f}"}
    words["path"] = discount.get_absolute_url()
    notify(people, kind, about=discount, key=f"{kind}:{discount.pk}", now=now, data=words)


@transaction.atomic
def withdraw_discount(discount, *, by, now):
    """Take back what was asked for before it was decided: who asked does."""
    if discount.asked_by_id != by.pk:
        raise NotAllowed(_("Only who asked for a discount withdraws it."))
    moves.move(discount, Status.WITHDRAWN, by=by, now=now, verb="discount_withdrawn", decided_at=now)


@transaction.atomic
def end_discount(discount, *, last_day, reason, by, now):
    """Let an approved discount end with `last_day`, earlier than it was approved; the reason stands in the history.

    Raises Refused for a day that is not within it. Bills that were issued with it stay as they are.
    """
    if not has_role(by, discount.community_id, Role.FINANCE, *DECIDERS):
        raise NotAllowed(_("Finance, a supervisor or the deputy general manager ends a discount."))
    period = discount.period
    if discount.status != Status.APPROVED:
        raise Refused(_("Only an approved discount can end earlier. Reload the page."))
    if not period.lower <= last_day < period.upper - ONE_DAY:
        raise Refused(
            _("The last day lies within the discount and before its end: %(span)s.") % {"span": span_of(period)}
        )
    moves.write(discount, period=DateRange(period.lower, last_day + ONE_DAY))
    data = {"was": period.upper.isoformat(), "last_day": last_day.isoformat(), "version": discount.version}
    events.log(discount, "discount_ended", by=by, now=now, note=reason, data=data)
