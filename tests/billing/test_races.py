"""Races over arrears, drawers and tariffs, on real connections; each with a control that shows what would come of it
without what holds the two apart."""

import datetime
import threading
import uuid
from contextlib import nullcontext
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.urls import reverse

from billing import actions, invariants, numbering
from billing.actions import arrears as verbs
from billing.actions import cash, dunning, tariffs
from billing.actions.cash import Means
from billing.models import (
    ArrearsCase,
    Bill,
    DemandLetter,
    Dispute,
    DunningStep,
    PromiseToPay,
    Receipt,
    Shift,
    Tariff,
)
from residents.models import Unit
from servicedesk.core import moves
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Event, Notification
from tests import factories
from tests.factories import MONDAY
from tests.racing import race

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
TODAY, DAY = MONDAY.date(), datetime.timedelta(days=1)
OCTOBER = datetime.date(2025, 10, 1)


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def test_who_waits_too_long_for_another_keeps_every_word(client, yunhu, home, li_na, service):
    actions.open_shift(yunhu, opening_float=Decimal(0), by=li_na, now=MONDAY)
    bill = factories.bill(home, service)
    client.force_login(li_na)
    typed = {"chosen": [f"b{bill.pk}:{bill.amount}"], "given": "260.75", "method": "cash", "note": "代父亲缴"}
    held, answered = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Unit.objects.select_for_update().get(pk=home.pk)
            held.set()
            answered.wait(timeout=10)

    def send():
        held.wait(timeout=10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 50")
        try:
            return client.post(reverse("billing:take", args=[home.pk]), typed | {"submission": uuid.uuid4()})
        finally:
            answered.set()

    _held, answer = race(hold, send)
    assert (answer.status_code, "代父亲缴" in answer.text) == (409, True)
    assert not Receipt.objects.exists()


@pytest.fixture
def service(yunhu, qian):
    actions.make_ladder(yunhu, by=qian, now=MONDAY)
    return factories.fee(yunhu)


def owing(service, count, *, first=1, paused=False):
    """Return the open arrears of so many new homes, each of which has owed 100 yuan for ten days."""
    units = [factories.unit(service.community, f"7-1-{first + n:02}01") for n in range(count)]
    for unit in units:
        factories.bill(unit, service, "100.00", due_on=TODAY - 10 * DAY)
    actions.advance_arrears(now=MONDAY)
    if paused:
        hardship = {"paused_reason": "hardship", "paused_until": TODAY - DAY, "pause_note": "住院"}
        ArrearsCase.objects.filter(unit__in=units).update(**hardship)
    return [read(unit) for unit in units]


def read(unit):
    return ArrearsCase.objects.select_related("community", "unit").get(unit=unit)


def the_bill(arrears):
    return Bill.objects.get(unit=arrears.unit_id)


def times(verb):
    """Return how often an event of arrears was written, by the key of the arrears."""
    keys = list(Event.objects.filter(verb=verb).values_list("subject_id", flat=True))
    return {key: keys.count(key) for key in keys}


def careless(thing, **facts):
    """Write a row without asking whether somebody else has changed it."""
    type(thing)._base_manager.filter(pk=thing.pk).update(**facts)


def meeting_before(act):
    """Return `act` so that two threads go into it together."""
    barrier = threading.Barrier(2)

    def met(*args, **kwargs):
        barrier.wait(timeout=10)
        return act(*args, **kwargs)

    return met


def meeting(act):
    """Return `act` so that two threads come out of it together."""
    met = meeting_before(lambda found: found)
    return lambda *args, **kwargs: met(act(*args, **kwargs))


def without_locks(monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_options: rows)


# The sweep ------------------------------------------------------------------------------------------------------------


def test_of_two_sweeps_at_once_one_opens_closes_and_tells(yunhu, service, qian):
    paid = owing(service, 4)
    Bill.objects.update(paid=Decimal("100.00"))
    for n in range(4):
        unit = factories.unit(yunhu, f"7-2-{n + 1:02}01")
        factories.bill(unit, service, "100.00", due_on=TODAY - 10 * DAY)
    Notification.objects.all().delete()
    race(*[lambda: actions.advance_arrears(now=MONDAY + DAY)] * 3)
    assert times("arrears_opened") == dict.fromkeys(ArrearsCase.objects.values_list("pk", flat=True), 1)
    assert times("arrears_closed") == dict.fromkeys([one.pk for one in paid], 1)
    assert ArrearsCase.objects.open().count() == 4
    assert list(Notification.objects.filter(kind="arrears_today").values_list("recipient", flat=True)) == [qian.pk]


def test_control_without_the_lock_two_sweeps_close_the_same_arrears_twice(service, monkeypatch):
    paid = owing(service, 2)
    Bill.objects.update(paid=Decimal("100.00"))
    without_locks(monkeypatch)
    over = dunning._over
    # Both have found what is paid before one of them writes it down.
    monkeypatch.setattr(
        dunning,
        "_over",
        meeting(lambda *facts: ArrearsCase.objects.filter(pk__in=[one.pk for one in over(*facts)])),
    )
    race(*[lambda: actions.advance_arrears(now=MONDAY + DAY)] * 2)
    assert times("arrears_closed") == dict.fromkeys([one.pk for one in paid], 2)


# A dispute and the sweep ----------------------------------------------------------------------------------------------


def dispute_against_sweep(arrears, case, by, *, hold=None):
    """A pause for hardship is over: the sweep ends it while the desk records a dispute. Return both outcomes."""

    def dispute():
        made = actions.dispute_bill(arrears, bill=the_bill(arrears), case=case, by=by, now=MONDAY)
        if hold:
            hold.set()
        return made

    def sweep():
        def wait(execute, sql, *rest):
            if sql.startswith('UPDATE "billing_arrearscase" SET "paused_reason"'):
                hold.wait(timeout=10)
            return execute(sql, *rest)

        with connection.execute_wrapper(wait) if hold else nullcontext():
            return actions.advance_arrears(now=MONDAY)

    return race(dispute, sweep)


def test_a_dispute_and_the_sweep_come_one_after_the_other(yunhu, service, chen):
    for n, arrears in enumerate(owing(service, 6, paused=True)):
        case = factories.case(yunhu, by=chen, unit=arrears.unit)
        made, _swept = dispute_against_sweep(arrears, case, chen)
        assert isinstance(made, Dispute | Stale), made
        is_disputed = isinstance(made, Dispute)
        assert read(arrears.unit).paused_reason == ("disputed" if is_disputed else "")
        assert times("arrears_resumed")[arrears.pk] == 1, n


def test_control_without_a_look_at_disputes_the_sweep_ends_the_pause_of_one(yunhu, service, chen, monkeypatch):
    (arrears,) = owing(service, 1, paused=True)
    case = factories.case(yunhu, by=chen, unit=arrears.unit)
    without_locks(monkeypatch)
    monkeypatch.setattr(dunning, "_hold_disputed", lambda keys: None)
    dispute_against_sweep(arrears, case, chen, hold=threading.Event())
    assert Dispute.objects.exists()
    assert not read(arrears.unit).is_paused
    assert times("arrears_resumed") == {arrears.pk: 1}


def test_the_sweep_passes_by_while_notices_are_recorded_for_many_homes(yunhu, service, qian, monkeypatch):
    """Both change many ladders, each in an order of its own: together they could wait for each other for ever."""
    homes, inside, passed = [one.unit for one in owing(service, 3)], threading.Event(), threading.Event()
    take_step = verbs.take_step

    def slowly(*facts, **more):
        inside.set()
        assert passed.wait(timeout=10)
        return take_step(*facts, **more)

    def sweep():
        assert inside.wait(timeout=10)
        swept = actions.advance_arrears(now=MONDAY)
        passed.set()
        return swept

    monkeypatch.setattr(verbs, "take_step", slowly)
    notices = {"units": homes, "evidence": "照片 0915", "by": qian, "now": MONDAY}
    assert race(lambda: actions.record_notices(yunhu, **notices), sweep) == [3, 0]


# Steps, promises, letters ---------------------------------------------------------------------------------------------


def recorded_twice(arrears, people):
    facts = {"kind": "phone", "evidence": "10:05 通话", "now": MONDAY}
    pages = [(read(arrears.unit), by) for by in people]
    return race(*[lambda page=page, by=by: actions.record_step(page, by=by, **facts) for page, by in pages])


def test_two_who_record_the_next_step_at_once_leave_one(service, chen, qian):
    for arrears in owing(service, 5):
        outcomes = recorded_twice(arrears, (chen, qian))
        assert sorted(type(one).__name__ for one in outcomes) == ["DunningStep", "Stale"]
        assert DunningStep.objects.filter(arrears=arrears).count() == 1
        assert read(arrears.unit).next_kind == "visit"


def test_control_without_the_comparison_the_second_step_breaks_the_page(service, chen, qian, monkeypatch):
    (arrears,) = owing(service, 1)
    monkeypatch.setattr(moves, "write", careless)
    outcomes = recorded_twice(arrears, (chen, qian))
    assert any(isinstance(one, IntegrityError) for one in outcomes), outcomes


def promised_twice(arrears, people):
    facts = {"amount": Decimal("50.00"), "pay_on": TODAY + 10 * DAY, "now": MONDAY}
    pages = [(read(arrears.unit), by) for by in people]
    return race(*[lambda page=page, by=by: actions.promise_payment(page, by=by, **facts) for page, by in pages])


def test_a_promise_that_two_record_at_once_is_one(service, chen, qian):
    for arrears in owing(service, 5):
        made, refused = sorted(promised_twice(arrears, (chen, qian)), key=lambda one: isinstance(one, Refused))
        assert isinstance(made, PromiseToPay)
        assert isinstance(refused, Refused)
        assert PromiseToPay.objects.filter(arrears=arrears).count() == 1


def test_control_without_the_comparison_the_second_promise_breaks_the_page(service, chen, qian, monkeypatch):
    (arrears,) = owing(service, 1)
    monkeypatch.setattr(verbs, "demand_open", meeting(verbs.demand_open))
    monkeypatch.setattr(moves, "write", meeting_before(careless))
    outcomes = promised_twice(arrears, (chen, qian))
    assert any(isinstance(one, IntegrityError) for one in outcomes), outcomes


def written_at_once(pages, qian):
    facts = {"reply_by": TODAY + 15 * DAY, "pay_to": "前台", "by": qian, "now": MONDAY}
    return race(*[lambda page=page: actions.write_letter(page, bills=[the_bill(page)], **facts) for page in pages])


def test_demand_letters_at_once_have_numbers_without_a_gap(yunhu, service, qian):
    found = owing(service, 6)
    outcomes = written_at_once(found[:4], qian)
    assert all(isinstance(one, DemandLetter) for one in outcomes), outcomes
    for arrears in found[4:]:
        outcomes = written_at_once([read(arrears.unit), read(arrears.unit)], qian)
        assert sorted(type(one).__name__ for one in outcomes) == ["DemandLetter", "Stale"]
    numbers = sorted(DemandLetter.objects.values_list("number", flat=True))
    assert numbers == [f"CG2025-{n:04}" for n in range(1, 7)]
    assert numbering.DEMANDS.first_gap(yunhu) is None


def test_control_a_number_that_is_only_counted_is_taken_twice(service, qian, monkeypatch):
    monkeypatch.setattr(numbering, "take_number", meeting(lambda *_series: DemandLetter.objects.count() + 1))
    outcomes = written_at_once(owing(service, 2), qian)
    assert sorted(type(one).__name__ for one in outcomes) == ["DemandLetter", "IntegrityError"]


# A payment and a letter -----------------------------------------------------------------------------------------------


def pay_while_a_letter_is_written(arrears, li_na, qian, *, done=None):
    """Return (receipt over 40 yuan, letter); with `done` the event is set when the payment is committed."""
    bill = the_bill(arrears)
    money = {"deposits": [], "means": [Means("cash", Decimal("40.00"))], "payer": None, "submission": None}
    letter = {"reply_by": TODAY + 15 * DAY, "pay_to": "前台", "by": qian, "now": MONDAY}

    def pay():
        made = actions.take_payment(arrears.unit, bills=[bill], by=li_na, now=MONDAY, **money)
        if done:
            done.set()
        return made

    outcomes = race(pay, lambda: actions.write_letter(arrears, bills=[bill], **letter))
    assert [type(one) for one in outcomes] == [Receipt, DemandLetter], outcomes
    return outcomes


def demands_what_is_owed(receipt, letter):
    """Return whether a letter demands what was owed in its turn. Events are written inside the lock, so that their
    numbers are in its order."""
    paid, demanded = (Event.objects.about(one).earliest("id").pk for one in (receipt, letter))
    return letter.total == (60 if paid < demanded else 100)


def test_a_letter_demands_what_is_owed_in_its_turn(yunhu, service, li_na, qian):
    actions.open_shift(yunhu, opening_float=Decimal("0.00"), by=li_na, now=MONDAY)
    for arrears in owing(service, 6):
        assert demands_what_is_owed(*pay_while_a_letter_is_written(arrears, li_na, qian))


def test_control_without_the_locks_a_letter_demands_what_was_paid(yunhu, service, li_na, qian, monkeypatch):
    actions.open_shift(yunhu, opening_float=Decimal("0.00"), by=li_na, now=MONDAY)
    (arrears,) = owing(service, 1)
    paid, take_number = threading.Event(), numbering.take_number
    without_locks(monkeypatch)
    # The letter has read its bills when it takes its number.

    def take(community, key):
        if key.startswith(numbering.DEMANDS.key):
            paid.wait(timeout=10)
        return take_number(community, key)

    monkeypatch.setattr(numbering, "take_number", take)
    assert not demands_what_is_owed(*pay_while_a_letter_is_written(arrears, li_na, qian, done=paid))


# A payment and the end of a shift -------------------------------------------------------------------------------------


def pay_while_the_drawer_is_counted(arrears, li_na, *, found=None, closed=None):
    """Return (receipt or what refused it, the closed shift); the drawer is closed when `found` is set, and sets
    `closed`."""
    money = {"deposits": [], "means": [Means("cash", Decimal("40.00"))], "payer": None, "submission": None}
    shift = Shift.objects.select_related("community").open().get()

    def close():
        if found:
            found.wait(timeout=10)
        made = actions.close_shift(shift, counted_cash=Decimal("1.00"), reason="清点", by=li_na, now=MONDAY)
        if closed:
            closed.set()
        return made

    facts = {"bills": [the_bill(arrears)], "by": li_na, "now": MONDAY}
    return race(lambda: actions.take_payment(arrears.unit, **facts, **money), close)


def open_drawer(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("1.00"), by=li_na, now=MONDAY)


def test_what_is_paid_while_a_drawer_is_counted_is_counted_or_refused(yunhu, service, li_na):
    for arrears in owing(service, 6):
        open_drawer(yunhu, li_na)
        paid, closed = pay_while_the_drawer_is_counted(arrears, li_na)
        assert isinstance(paid, Receipt | Refused), paid
        assert closed.expected_cash == (41 if isinstance(paid, Receipt) else 1)
    assert "shift_cash" not in broken(yunhu)


def broken(community):
    return {name for name, _rows in invariants.breaks(community)}


def test_control_without_the_lock_money_comes_into_a_closed_drawer(yunhu, service, li_na, monkeypatch):
    (arrears,) = owing(service, 1)
    open_drawer(yunhu, li_na)
    found, closed, demand = threading.Event(), threading.Event(), cash._demand_references
    without_locks(monkeypatch)

    def look(*facts):
        # The cashier has found the drawer open when the references are looked at.
        found.set()
        closed.wait(timeout=10)
        return demand(*facts)

    monkeypatch.setattr(cash, "_demand_references", look)
    paid, _shift = pay_while_the_drawer_is_counted(arrears, li_na, found=found, closed=closed)
    assert isinstance(paid, Receipt), paid
    assert "shift_cash" in broken(yunhu)


# Tariffs --------------------------------------------------------------------------------------------------------------

NO_OVERLAP = "tariff_one_of_a_fee_at_a_time"


def priced_by_two(fee, people):
    """Two set a price from October on at the same moment."""
    facts = {"basis": "area", "unit_price": Decimal("2.80"), "price_basis": "物业服务合同 第六条", "now": MONDAY}
    return race(*[lambda by=by: actions.set_tariff(fee, since=OCTOBER, by=by, **facts) for by in people])


def overlapping(fee):
    spans = [(one.valid.lower, one.valid.upper or datetime.date.max) for one in fee.tariffs.in_force()]
    return sum(one[0] < other[1] and other[0] < one[1] for one in spans for other in spans) - len(spans)


def price_while_a_run_begins(yunhu, qian, fee, monkeypatch, *, patience):
    """Set a price of October while a run of it begins, and return (what was billed of 100 m², the price in force)."""
    entered, ran, end = threading.Event(), threading.Event(), tariffs._end

    def wait(*args, **facts):
        entered.set()
        ran.wait(timeout=patience)
        return end(*args, **facts)

    def bill():
        entered.wait(timeout=10)
        try:
            run = actions.start_run(yunhu, month=OCTOBER, submission=None, by=qian, now=MONDAY)
            while actions.work_on_run(run.pk, now=MONDAY):
                pass
        finally:
            ran.set()

    def price():
        facts = {"basis": "area", "unit_price": Decimal("3.00"), "price_basis": "新合同", "by": qian, "now": MONDAY}
        return actions.set_tariff(fee, since=OCTOBER, **facts)

    monkeypatch.setattr(tariffs, "_end", wait)
    race(bill, price)
    return Bill.objects.get().amount, fee.tariffs.on(OCTOBER).get().unit_price


@pytest.fixture
def priced_home(yunhu, service):
    factories.tariff(service, unit_price="2.00")
    factories.resident(factories.unit(yunhu, "5-1-101", area="100"), "林晓梅", "13800001234")
    return service


def test_a_price_that_is_set_while_a_run_begins_is_the_one_it_bills(yunhu, qian, priced_home, monkeypatch):
    billed, price = price_while_a_run_begins(yunhu, qian, priced_home, monkeypatch, patience=0.2)
    assert billed == 100 * price


def test_control_without_the_lock_a_month_is_billed_by_a_price_that_holds_no_more(
    yunhu, qian, priced_home, monkeypatch
):
    without_locks(monkeypatch)
    billed, price = price_while_a_run_begins(yunhu, qian, priced_home, monkeypatch, patience=10)
    assert billed != 100 * price


def test_two_tariffs_of_one_fee_typed_at_once_never_overlap(service, qian, tang):
    for n in range(4):
        fee = factories.fee(service.community, f"费用 {n}", kind="other")
        factories.tariff(fee)
        outcomes = priced_by_two(fee, (qian, tang))
        assert sorted(type(one).__name__ for one in outcomes) == ["Refused", "Tariff"], outcomes
        assert "2025-10" in str(next(one for one in outcomes if isinstance(one, Refused)))
        assert not overlapping(fee)


def test_control_without_the_lock_the_constraint_breaks_the_second_page(service, qian, tang, monkeypatch):
    without_locks(monkeypatch)
    monkeypatch.setattr(tariffs, "_demand_free", meeting(tariffs._demand_free))
    outcomes = priced_by_two(service, (qian, tang))
    assert sorted(type(one).__name__ for one in outcomes) == ["IntegrityError", "Tariff"], outcomes
    assert not overlapping(service)


def test_control_without_lock_and_constraint_two_prices_hold_on_one_day(service, qian, tang, monkeypatch):
    without_locks(monkeypatch)
    monkeypatch.setattr(tariffs, "_demand_free", meeting(tariffs._demand_free))
    (constraint,) = [one for one in Tariff._meta.constraints if one.name == NO_OVERLAP]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Tariff, constraint)
    try:
        outcomes = priced_by_two(service, (qian, tang))
        assert [type(one) for one in outcomes] == [Tariff, Tariff]
        assert overlapping(service)
    finally:
        Tariff.objects.filter(pk=max(one.pk for one in outcomes)).update(
            voided_at=MONDAY, voided_by=qian, void_reason="x"
        )
        with connection.schema_editor() as editor:
            editor.add_constraint(Tariff, constraint)
