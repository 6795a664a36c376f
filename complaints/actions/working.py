"""What a job costs and takes: quoted, agreed to, recorded when it is finished (section 11)."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from complaints import telling, warranty
from complaints.models import Channel, MaterialUse, Quote, Work
from complaints.permissions import demand
from servicedesk.core import events
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.moves import write

HELD = _("A claim under warranty runs or was met: the resident is not charged for this.")
REWORK = _("This repair has come back: it is done again free of charge.")


@transaction.atomic
def quote(case, *, amount, text, by, now):
    """Tell the resident a price in yuan before chargeable work; they answer on the tracking page or to the desk.

    Raises Refused where one is unanswered still, and for rework and what is claimed under warranty, which are not
    charged.
    """
    demand(by, "quote", case)
    if case.is_free_rework:
        raise Refused(REWORK)
    if warranty.is_held(case):
        raise Refused(HELD)
    if Quote.objects.filter(case=case, answer="").exists():
        raise Refused(_("There is a quote without an answer. Record the answer first."))
    write(case)
    Quote.objects.create(case=case, cycle=case.cycle, amount=amount, text=text, by=by, at=now)
    data = {"amount": str(amount), "version": case.version}
    events.log(case, "quoted", by=by, now=now, note=text, data=data, public=True)
    telling.tell(case, [case.first_responsible], "case_quoted", now=now, key=case.version, but=by, amount=str(amount))


@transaction.atomic
def answer_quote(case, *, answer, by, now, answered_by="", channel=Channel.PHONE):
    """Record what the resident says to the price. `by=None` is the resident on the tracking page.

    Raises Stale where it was answered already.
    """
    if by is not None:
        demand(by, "answer_quote", case)
    write(case)
    rows = Quote.objects.filter(case=case, answer="")
    facts = {"answered_by": answered_by, "channel": channel if by else Channel.WEB, "recorded_by": by}
    if rows.update(answer=answer, answered_at=now, **facts) != 1:
        raise Stale
    verb = "quote_agreed" if answer == Quote.Answer.AGREED else "quote_refused"
    events.log(case, verb, by=by, now=now, data={"version": case.version}, public=True)
    people = [case.assigned_to, case.first_responsible]
    telling.tell(case, people, f"case_{verb}", now=now, key=case.version, but=by)


def record_work(case, *, by, now, materials=(), labour_minutes=None, charge_to=Work.Charge.NOBODY, amount=None):
    """Record what the finished job of this cycle took, in the caller's transaction.

    `materials` are (name, quantity, measure). Raises Refused where the resident is charged what they have not agreed
    to, for rework, or under warranty. An unanswered price is taken back by finishing without it.
    """
    if not materials and labour_minutes is None and charge_to == Work.Charge.NOBODY:
        drop_open_quote(case, by=by, now=now)
        return
    agreed = _agreed(case, amount) if charge_to == Work.Charge.RESIDENT else None
    drop_open_quote(case, by=by, now=now)
    work = Work.objects.create(
        case=case,
        cycle=case.cycle,
        labour_minutes=labour_minutes,
        charge_to=charge_to,
        amount=None if charge_to == Work.Charge.NOBODY else amount,
        quote=agreed,
        by=by,
        at=now,
    )
    MaterialUse.objects.bulk_create(
        [MaterialUse(work=work, name=name, quantity=quantity, measure=measure) for name, quantity, measure in materials]
    )


def _agreed(case, amount):
    if case.is_free_rework:
        raise Refused(REWORK)
    if warranty.is_held(case):
        raise Refused(HELD)
    quotes = Quote.objects.filter(case=case, cycle=case.cycle, answer=Quote.Answer.AGREED)
    found = quotes.order_by("-amount").first()
    if found is None or (amount or Decimal(0)) > found.amount:
        raise Refused(
            _("The resident has not agreed to this price. Quote it and record the answer, or do not charge for it.")
        )
    return found


def drop_open_quote(case, *, by, now):
    """Take back the price that is unanswered still, in the caller's transaction. One statement."""
    facts = {"answer": Quote.Answer.DROPPED, "answered_at": now, "channel": Channel.OTHER, "recorded_by": by}
    Quote.objects.filter(case=case, answer="").update(**facts)
