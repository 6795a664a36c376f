"""Verbs of a billing run: start, stop, go on; and the work itself, done by a worker in chunks of 5,000 units.

A chunk is one transaction: its bills and their numbers, what was left out, the entry in the books, one event and the
progress of the run. Whatever is cut short goes on behind the last chunk that was written.
"""

import time
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from billing import charging
from billing.actions.closing import demand_open_month
from billing.actions.issuing import issue
from billing.actions.ledger import post
from billing.actions.messages import tell_run
from billing.models import Account, Bill, BillRun, Fee, RunTariff, Tariff
from residents.models import Unit
from servicedesk.core import clock, events
from servicedesk.core.alone import billing_alone, count_bills_alone
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.moves import move, write
from servicedesk.core.once import made_by

Status = BillRun.Status
CHUNK = 5000
# A worker does other things, too: after so long it puts the rest behind them.
SLICE_SECONDS = 20
# A run that has said nothing for so long is taken for interrupted.
SILENT = timedelta(seconds=30)
MOST_ATTEMPTS = 3


def tariffs_for(community, month):
    """Return the tariffs by which a run of `month` bills: those of the first run of it, as long as they are not void,
    and of the other fees those in force. So a month has one price of each fee, however often it is billed (F28)."""
    chosen = {}
    frozen = RunTariff.objects.filter(run__community=community, run__month=month, tariff__voided_at=None)
    for row in frozen.select_related("tariff__fee").order_by("id"):
        chosen.setdefault(row.fee_id, row.tariff)
    for tariff in charging.tariffs_of(community, month):
        chosen.setdefault(tariff.fee_id, tariff)
    return sorted(chosen.values(), key=lambda tariff: (tariff.fee.position, tariff.fee_id))


@transaction.atomic
def start_run(community, *, month, submission, by, now):
    """Begin to bill `month`, the first day of it, and return the BillRun. A form that is sent twice begins it once.

    Raises Refused where nothing is to be billed in that month, or another run of the community is at work.
    """
    rows = BillRun.objects.filter(community=community)
    if made := made_by(submission, rows, month=month):
        return made
    demand_open_month(community, month)
    _hold_fees(community)
    tariffs = tariffs_for(community, month)
    if not tariffs:
        raise Refused(_("No fee in use has a tariff whose period begins in this month, so there is nothing to bill."))
    run = BillRun(
        community=community,
        submission=submission,
        month=month,
        issued_on=community.local(now).date(),
        by=by,
        created_at=now,
        heartbeat_at=clock.now(),
        units=Unit.objects.filter(community=community).count(),
    )
    _at_work_alone(lambda: run.save(force_insert=True))
    RunTariff.objects.bulk_create(RunTariff(run=run, fee_id=one.fee_id, tariff=one) for one in tariffs)
    events.log(run, "started", by=by, now=now, data={"fees": len(tariffs)})
    return run


def _hold_fees(community):
    """Keep prices and shared costs of the community as they are until this transaction ends: whoever writes one holds
    the row of its fee. What they write meanwhile is billed, or they are told of the run. One query."""
    fees = Fee.objects.select_for_update(of=("self",), no_key=True).filter(community=community).order_by("pk")
    list(fees.values_list("pk"))


def _at_work_alone(act):
    try:
        with transaction.atomic():
            return act()
    except IntegrityError as error:
        raise Refused(
            _("Another billing run of this community is at work. Wait until it has finished, or stop it.")
        ) from error


def _locked(run, *statuses):
    rows = BillRun.objects.select_for_update(of=("self",), no_key=True).select_related("community", "by")
    found = rows.get(pk=run.pk)
    if found.status not in statuses:
        text = _("This billing run is “%(state)s” by now, so nothing was changed. Look at it again.")
        raise Refused(text % {"state": found.get_status_display()})
    return found


@transaction.atomic
def stop_run(run, *, by, now):
    """Stop a run behind its last chunk. Its bills stay."""
    run = _locked(run, Status.RUNNING)
    move(run, Status.CANCELLED, by=by, now=now, verb="stopped", ended_at=now, data={"done": run.done})
    return run


@transaction.atomic
def go_on_with_run(run, *, by, now):
    """Go on with a run that was stopped or has failed, by the tariffs with which it began.

    Raises Refused where its month was closed meanwhile, or another run of the community is at work.
    """
    # Before the row of the run: a chunk takes them in this order.
    demand_open_month(run.community, run.month)
    run = _locked(run, Status.CANCELLED, Status.FAILED)
    facts = {"ended_at": None, "problem": "", "heartbeat_at": clock.now(), "attempts": 0}
    _at_work_alone(lambda: move(run, Status.RUNNING, by=by, now=now, verb="went_on", **facts))
    return run


def silent_runs(*, now):
    """Return the keys of runs that are at work and have said nothing for half a minute: their worker is gone."""
    silent = BillRun.objects.filter(status=Status.RUNNING, heartbeat_at__lt=now - SILENT)
    return list(silent.order_by("pk").values_list("pk", flat=True))


# What a worker does ---------------------------------------------------------------------------------------------------


def work_on_run(key, *, now, seconds=SLICE_SECONDS):
    """Work on a run for so many seconds; return whether there is more to do.

    Two workers at once do no harm: the lock lets one in, and the progress is written by compare-and-set, so that a
    chunk of the other is taken back. A run whose workers die three times without a chunk written fails, and says so.
    """
    run = _at_work(key)
    if run is None:
        return False
    try:
        with billing_alone(run.community), translation.override(run.by.language):
            return _work(key, now, seconds)
    except Stale:
        return _at_work(key) is not None
    except Refused:
        # Somebody else is inside, perhaps with this very run.
        return True


def _at_work(key):
    return BillRun.objects.filter(pk=key, status=Status.RUNNING).select_related("community", "by").first()


def _work(key, now, seconds):
    run = _at_work(key)
    if run is None:
        return False
    if run.attempts >= MOST_ATTEMPTS:
        _fail(run, now)
        return False
    write(run, attempts=run.attempts + 1, heartbeat_at=clock.now())
    ends = time.monotonic() + seconds
    while _bill_chunk(run, now):
        if time.monotonic() > ends:
            return True
    return False


@transaction.atomic
def _fail(run, now):
    problem = _("The program was interrupted here three times. Tell whoever looks after it.")
    move(run, Status.FAILED, by=None, now=now, ended_at=now, problem=problem)


@transaction.atomic
def _bill_chunk(run, now):
    """Bill the next units of a run, or end it; return whether there may be more. Raises Stale where it was stopped."""
    with connection.cursor() as cursor:
        # The limit is for pages, where somebody waits.
        cursor.execute("SET LOCAL statement_timeout = 0")
    count_bills_alone(run.community)
    units = Unit.objects.filter(community=run.community, pk__gt=run.last_unit).order_by("pk")
    keys = list(units.values_list("pk", flat=True)[:CHUNK])
    if not keys:
        counts = {name: getattr(run, name) for name in ("made", "there", "left_out")}
        data = counts | {"amount": str(run.amount)}
        move(run, Status.DONE, by=run.by, now=now, verb="finished", ended_at=now, units=run.done, data=data)
        return False
    upto = keys[-1]
    tariffs = _tariffs(run)
    there = _there(run, tariffs, upto)
    issued = [one for tariff in tariffs if (one := _bill(run, tariff, upto, now))]
    made, amount = sum(one.bills for one in issued), sum(one.amount for one in issued)
    left_out = sum(one.left_out for one in issued)
    post("billed", about=run, lines={Account.RECEIVABLE: amount, Account.INCOME: -amount}, by=run.by, now=now)
    tell_run(run, after=run.last_unit, upto=upto, now=now)
    data = {"from": keys[0], "to": upto, "made": made, "there": there, "left_out": left_out, "amount": str(amount)}
    events.log(run, "billed", by=run.by, now=now, data=data)
    done = run.done + len(keys)
    write(
        run,
        done=done,
        units=max(run.units, done),
        last_unit=upto,
        made=run.made + made,
        there=run.there + there,
        left_out=run.left_out + left_out,
        amount=run.amount + amount,
        heartbeat_at=clock.now(),
        attempts=0,
    )
    return True


def _tariffs(run):
    rows = Tariff.objects.filter(runs__run=run).select_related("fee").prefetch_related("tiers")
    return list(rows.order_by("fee__position", "fee_id"))


def _bill(run, tariff, upto, now):
    """Bill one fee to a chunk of units. A shared cost is shared out to all units at once, with the first chunk: what
    it comes to must not change while it is written."""
    is_shared = tariff.basis == Tariff.Basis.SHARE
    if is_shared and run.last_unit:
        return None
    bounds = {} if is_shared else {"after": run.last_unit, "upto": upto}
    found = charging.charging(run.community, tariff, run.month, **bounds)
    return issue(found, tariff, run.month, issued_on=run.issued_on, by=run.by, now=now, run=run)


def _there(run, tariffs, upto):
    """Return how many bills stood before for the units of a chunk, counted as a run counts them: by unit and fee."""
    rows = Bill.objects.standing().filter(
        fee__in=[tariff.fee_id for tariff in tariffs if tariff.basis != Tariff.Basis.SHARE],
        month=run.month,
        unit__community=run.community,
        unit__gt=run.last_unit,
        unit__lte=upto,
        tariff__isnull=False,
        about=None,
    )
    shared = [tariff.fee_id for tariff in tariffs if tariff.basis == Tariff.Basis.SHARE]
    there = rows.count()
    if shared and not run.last_unit:
        there += (
            Bill.objects.standing()
            .filter(community=run.community, fee__in=shared, month=run.month, tariff__isnull=False, about=None)
            .count()
        )
    return there
