"""A billing run: what each unit comes to by independent arithmetic, once and only once, whatever happens meanwhile."""

import datetime
import threading
import uuid
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import actions
from billing.actions import runs
from billing.arithmetic import lines_of
from billing.charging import first_of
from billing.models import Account, Bill, BillRun, Discount, Enrolment, Exemption, LedgerLine, SharedCost, Tariff
from residents.actions import mark_handed_over, move_in, register_person
from residents.models import Handover, Occupancy, Reading, Unit
from servicedesk.core import alone
from servicedesk.core import numbers as numbers_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, NumberSeries
from tests import factories
from tests.racing import CrashError, crash_at, race
from tests.residents.test_meters import meter

JULY, OCTOBER, NOVEMBER = (datetime.date(2025, month, 1) for month in (7, 10, 11))
NOW, LATER = factories.at("2025-10-08 09:00"), factories.at("2025-12-01 09:00")
REAL = pytest.mark.django_db(transaction=True)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def october(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def service(yunhu):
    return factories.fee(yunhu)


def start(community, by, month=OCTOBER):
    return actions.start_run(community, month=month, submission=uuid.uuid4(), by=by, now=NOW)


def work(run):
    while actions.work_on_run(run.pk, now=NOW):
        pass
    return BillRun.objects.get(pk=run.pk)


def billed(community, by, month=OCTOBER):
    """Bill a month to the end and return the run."""
    return work(start(community, by, month))


def homes(community, count, area="80.00", **facts):
    made = [factories.unit(community, f"3-2-{100 + n}", area=area, **facts) for n in range(count)]
    for one in made:
        mark_handed_over(one, on=datetime.date(2020, 1, 1), by=None, now=NOW)
    return made


def the_bill(unit, **facts):
    return Bill.objects.standing().get(unit=unit, **facts)


def facts_of():
    """Everything that bills say, apart from keys and the run that made them."""
    names = ("number", "unit", "fee", "tariff", "debtor_kind", "debtor", "month", "from_on", "to_on", "amount")
    return list(Bill.objects.order_by("number").values_list(*names, "lines", "due_on", "voided_at"))


def half_up(value):
    """Round a Fraction of yuan to the fen, independently of the program."""
    return (Decimal(int(value * 1000)) / 1000).quantize(Decimal("0.01"), ROUND_HALF_UP) if value >= 0 else None


def void(bill, asker, decider):
    facts = {"voided_by": decider, "void_asked_by": asker, "void_reason": "写错"}
    Bill.objects.filter(pk=bill.pk).update(voided_at=NOW, **facts)
    return Bill.objects.get(pk=bill.pk)


class TestAmounts:
    def test_an_area_is_charged_half_up_to_the_fen(self, yunhu, service, qian):
        (home,) = homes(yunhu, 1, "89.53")
        factories.tariff(service, due_days=25)
        run = billed(yunhu, qian)
        bill = the_bill(home)
        assert (run.status, run.made, run.amount) == ("done", 1, Decimal("223.83"))
        assert (bill.amount, bill.number) == (Decimal("223.83"), "ZD202510-000001")
        assert (bill.due_on, bill.claim_until) == (datetime.date(2025, 10, 26), datetime.date(2028, 10, 26))
        assert bill.lines[0]["quantity"] == "89.53" and bill.lines[0]["price"] == "2.5"

    def test_a_bill_that_is_issued_after_its_day_leaves_the_days_to_pay(self, yunhu, service, qian):
        (home,) = homes(yunhu, 1)
        factories.tariff(service, due_days=25)
        billed(yunhu, qian, JULY)
        assert the_bill(home).due_on == datetime.date(2025, 11, 2)

    def test_writing_late_or_anew_does_not_renew_a_claim(self, yunhu, service, qian, zhou):
        """Only a demand interrupts the three years (Civil Code 195), and nobody is demanded by our own correction."""
        (home,) = homes(yunhu, 1)
        factories.tariff(service, due_days=25)
        billed(yunhu, qian, JULY)
        first = the_bill(home)
        assert first.claim_until == datetime.date(2028, 7, 26)
        Bill.objects.filter(pk=first.pk).update(claim_until=datetime.date(2028, 9, 1))
        made = actions.replace_bill(void(first, qian, zhou), by=qian, now=NOW)
        assert (made.due_on, made.claim_until) == (datetime.date(2025, 11, 2), datetime.date(2028, 9, 1))

    def test_a_quarter_is_billed_in_its_first_month_alone(self, yunhu, service, qian):
        (home,) = homes(yunhu, 1, "100")
        factories.tariff(service, months=3)
        with pytest.raises(Refused, match=r"nothing to bill|没有"):
            start(yunhu, qian, NOVEMBER)
        billed(yunhu, qian)
        bill = the_bill(home)
        assert (bill.amount, bill.to_on) == (Decimal("750.00"), datetime.date(2025, 12, 31))

    @pytest.mark.parametrize(
        ("handed_over", "developers", "owners", "said"),
        [
            (datetime.date(2025, 10, 10), "250.00", "500.00", "× 2.5 yuan × 2 months"),
            (datetime.date(2025, 9, 20), "", "750.00", "× 2.5 yuan × 3 months"),
            (datetime.date(2025, 11, 10), "500.00", "250.00", "× 2.5 yuan × 1 month"),
        ],
    )
    def test_whole_months_of_a_quarter_are_months(self, yunhu, service, qian, handed_over, developers, owners, said):
        home = factories.unit(yunhu, "3-2-100", area="100")
        mark_handed_over(home, on=handed_over, by=None, now=NOW)
        factories.tariff(service, months=3, start_rule="next_month")
        billed(yunhu, qian)
        parts = {bill.debtor_kind == "developer": bill for bill in Bill.objects.all()}
        assert parts[False].amount == Decimal(owners)
        assert (str(parts[True].amount) if True in parts else "") == developers
        with translation.override("en"):
            assert lines_of(parts[False])[0].how.endswith(said)

    def test_a_month_in_part_goes_by_its_own_days(self, yunhu, service, qian):
        home = factories.unit(yunhu, "3-2-100", area="100")
        mark_handed_over(home, on=datetime.date(2025, 11, 16), by=None, now=NOW)
        factories.tariff(service, months=3, start_rule="exact_day")
        billed(yunhu, qian)
        owners, developers = Bill.objects.order_by("-from_on")
        assert (developers.amount, owners.amount) == (Decimal("375.00"), Decimal("375.00"))
        with translation.override("en"):
            assert lines_of(owners)[0].how.endswith("× (1 month + 15 of 30 days)")

    def test_who_is_enrolled_pays_for_each(self, yunhu, qian):
        first, second, third = homes(yunhu, 3)
        parking = factories.fee(yunhu, "车位费", kind="parking", applies_to="enrolled")
        factories.tariff(parking, basis="fixed", unit_price="150")
        for unit, quantity, since, until in (
            (first, 2, JULY, None),
            (second, 1, JULY, OCTOBER),
        ):
            facts = {"community": yunhu, "fee": parking, "at": NOW, "period": DateRange(since, until)}
            Enrolment.objects.create(unit=unit, quantity=quantity, **facts)
        billed(yunhu, qian)
        assert [(bill.unit, bill.amount) for bill in Bill.objects.all()] == [(first, Decimal("300.00"))]
        assert not Exemption.objects.filter(unit=third).exists()

    def test_a_unit_without_area_is_left_out_with_the_reason(self, yunhu, service, qian):
        (home,) = homes(yunhu, 1, None)
        factories.tariff(service)
        assert billed(yunhu, qian).left_out == 1
        assert Exemption.objects.get(unit=home).reason == "no_area"

    def test_what_no_bill_can_hold_is_left_out(self, yunhu, service, qian):
        homes(yunhu, 1, "999999")
        factories.tariff(service, unit_price="1000000")
        assert billed(yunhu, qian).status == "done"
        assert Exemption.objects.get().reason == "not_countable"

    def test_an_approved_discount_is_a_line_below_nothing(self, yunhu, service, qian, zhou):
        first, second = homes(yunhu, 2, "89.53")
        factories.tariff(service)
        facts = {
            "community": yunhu,
            "fee": service,
            "kind": "vacancy",
            "percent": "30",
            "reason": "空置",
            "evidence": "x",
        }
        facts |= {"asked_by": qian, "asked_at": NOW, "period": DateRange(JULY, NOVEMBER)}
        decided = {"status": "approved", "decided_by": zhou, "decided_at": NOW}
        Discount.objects.create(unit=first, **facts, **decided)
        Discount.objects.create(unit=second, **facts)
        billed(yunhu, qian)
        bill = the_bill(first)
        assert (bill.amount, bill.lines[1]["amount"]) == (Decimal("156.68"), "-67.15")
        assert sum(Decimal(line["amount"]) for line in bill.lines) == bill.amount
        assert the_bill(second).amount == Decimal("223.83")


class TestWhoOwes:
    @pytest.mark.parametrize(
        ("rule", "on", "parts"),
        [
            ("exact_day", 18, [("developer", 1, 17, "136.00"), ("owner", 18, 31, "112.00")]),
            ("half_month", 3, [("developer", 1, 14, "112.00"), ("owner", 15, 31, "136.00")]),
            ("half_month", 16, [("developer", 1, 31, "248.00")]),
            ("next_month", 1, [("developer", 1, 31, "248.00")]),
        ],
    )
    def test_the_month_of_the_handover(self, yunhu, service, qian, rule, on, parts):
        home = factories.unit(yunhu, area="99.20")
        day = OCTOBER.replace(day=on)
        factories.tariff(service, start_rule=rule)
        mark_handed_over(home, on=day, by=None, now=NOW)
        owner = register_person(yunhu, name="林晓梅", phone="", by=None, now=NOW)
        move_in(home, owner, kind="owner", starts_on=day, by=None, now=NOW)
        run = billed(yunhu, qian)
        rows = Bill.objects.order_by("from_on").values_list("debtor_kind", "from_on__day", "to_on__day", "amount")
        assert [(kind, a, b, str(amount)) for kind, a, b, amount in rows] == parts
        assert run.made == len(parts)
        assert billed(yunhu, qian).made == 0
        work(start(yunhu, qian, NOVEMBER))
        assert the_bill(home, month=NOVEMBER).debtor == owner

    def test_a_handover_after_the_run_leaves_nobody_out_and_charges_no_day_twice(self, yunhu, service, qian, zhou):
        """Billed to the developer on the 8th, handed over on the 10th: each day is owed by who has it, once."""
        factories.tariff(service, unit_price="2", start_rule="exact_day")
        home = factories.unit(yunhu, area="100")
        billed(yunhu, qian)
        mark_handed_over(home, on=OCTOBER.replace(day=10), by=None, now=NOW)
        owner = register_person(yunhu, name="林晓梅", phone="", by=None, now=NOW)
        move_in(home, owner, kind="owner", starts_on=OCTOBER.replace(day=10), by=None, now=NOW)
        assert billed(yunhu, qian).made == 0
        whole = void(Bill.objects.get(), qian, zhou)
        assert billed(yunhu, qian).made == 0
        made = actions.replace_bill(whole, by=qian, now=NOW)
        rows = Bill.objects.standing().order_by("from_on").values_list("debtor_kind", "debtor", "to_on__day", "amount")
        assert list(rows) == [("developer", None, 9, Decimal("58.06")), ("owner", owner.pk, 31, Decimal("141.94"))]
        assert made.replaces == whole and made.debtor_kind == "developer"
        booked = LedgerLine.objects.filter(account=Account.RECEIVABLE).values_list("amount", flat=True)
        assert sorted(booked) == [Decimal("58.06"), Decimal("141.94"), Decimal("200.00")]
        assert billed(yunhu, qian).made == 0

    def test_a_discount_is_the_residents_and_not_the_developers(self, yunhu, service, qian, zhou):
        home = factories.unit(yunhu, area="100")
        factories.tariff(service, unit_price="2", start_rule="exact_day")
        mark_handed_over(home, on=OCTOBER.replace(day=10), by=None, now=NOW)
        facts = {"community": yunhu, "fee": service, "unit": home, "kind": "hardship", "percent": 50, "reason": "困难"}
        facts |= {"evidence": "x", "asked_by": qian, "asked_at": NOW, "period": DateRange(OCTOBER, NOVEMBER)}
        Discount.objects.create(**facts, status="approved", decided_by=zhou, decided_at=NOW)
        billed(yunhu, qian)
        amounts = Bill.objects.order_by("from_on").values_list("amount", flat=True)
        assert list(amounts) == [Decimal("58.06"), Decimal("70.97")]

    def test_a_part_that_was_voided_by_itself_waits_for_its_own_replacement(self, yunhu, service, qian, zhou):
        factories.tariff(service, unit_price="2", start_rule="exact_day")
        home = factories.unit(yunhu, area="100")
        mark_handed_over(home, on=OCTOBER.replace(day=10), by=None, now=NOW)
        billed(yunhu, qian)
        developers, buyers = [void(bill, qian, zhou) for bill in Bill.objects.order_by("from_on")]
        actions.replace_bill(developers, by=qian, now=NOW)
        assert the_bill(home).debtor_kind == "developer"
        assert billed(yunhu, qian).made == 0
        assert actions.replace_bill(buyers, by=qian, now=NOW).amount == Decimal("141.94")

    def test_what_was_the_developers_by_mistake_is_billed_anew_to_who_owes_it(self, yunhu, service, qian, zhou):
        factories.tariff(service, unit_price="2", start_rule="exact_day")
        home = factories.unit(yunhu, area="100")
        billed(yunhu, qian)
        mark_handed_over(home, on=JULY, by=None, now=NOW)
        wrong = void(Bill.objects.get(), qian, zhou)
        made = actions.replace_bill(wrong, by=qian, now=NOW)
        assert (made.replaces, made.amount, made.debtor_kind) == (wrong, Decimal("200.00"), "unknown")

    def test_what_was_explained_at_the_handover_counts(self, yunhu, service, qian):
        home = factories.unit(yunhu, area="100")
        day = OCTOBER.replace(day=3)
        factories.tariff(service, start_rule="next_month")
        mark_handed_over(home, on=day, by=None, now=NOW)
        person = factories.resident(home, "林晓梅", "")
        Handover.objects.create(
            community=yunhu,
            unit=home,
            kind="move_in",
            party=person,
            capacity="owner",
            booked_for=NOW,
            moves_on=day,
            opened_at=NOW,
            fee_start_rule="exact_day",
            fee_starts_on=day,
            fees_explained_at=NOW,
        )
        billed(yunhu, qian)
        assert the_bill(home, debtor_kind="owner").from_on == day

    def test_a_unit_that_nobody_has_got_is_the_developers_and_one_lived_in_is_billed_in_full(
        self, yunhu, service, qian
    ):
        empty, lived = factories.unit(yunhu, "1-1-101", area="100"), factories.unit(yunhu, "1-1-102", area="100")
        owner = factories.resident(lived, "吴刚", "")
        factories.tariff(service)
        billed(yunhu, qian)
        assert [the_bill(unit).debtor_kind for unit in (empty, lived)] == ["developer", "owner"]
        assert actions.bills.debtor_on(empty, OCTOBER) == (None, "developer")
        assert the_bill(lived).debtor == owner and the_bill(empty).amount == Decimal("250.00")

    def test_another_fee_than_that_of_service_is_nobodys_before_it_begins(self, yunhu, qian):
        home = factories.unit(yunhu, area="100")
        rubbish = factories.fee(yunhu, "垃圾清运费", kind="other")
        factories.tariff(rubbish, basis="fixed", unit_price="10", start_rule="next_month")
        mark_handed_over(home, on=OCTOBER.replace(day=3), by=None, now=NOW)
        billed(yunhu, qian)
        assert not Bill.objects.exists()
        assert Exemption.objects.get().reason == "before_start"

    def test_the_owner_with_the_largest_share_owes_then_the_lessee_then_nobody_known(self, yunhu, service, qian):
        first, second, third = homes(yunhu, 3)
        factories.tariff(service)
        people = [register_person(yunhu, name=name, phone="", by=None, now=NOW) for name in "甲乙丙"]
        for person, kind, share in zip(people, ("lessee", "owner", "owner"), (None, 40, 60), strict=True):
            since = DateRange(JULY, None)
            Occupancy.objects.create(unit=first, person=person, kind=kind, share=share, period=since)
        Occupancy.objects.create(unit=second, person=people[0], kind="lessee", period=DateRange(JULY, None))
        Occupancy.objects.create(unit=third, person=people[1], kind="owner", period=DateRange(JULY, OCTOBER))
        billed(yunhu, qian)
        assert [the_bill(unit).debtor for unit in (first, second, third)] == [people[2], people[0], None]
        assert the_bill(third).debtor_kind == "unknown"


def reading(of, day, consumption, **facts):
    facts = {"kind": "periodic", "source": "desk", "value": consumption, "recorded_at": NOW} | facts
    at = factories.at(f"2025-{day} 09:00")
    return Reading.objects.create(community=of.community, meter=of, at=at, consumption=consumption, **facts)


class TestMeters:
    @pytest.fixture
    def water(self, yunhu):
        return factories.fee(yunhu, "水费", kind="utility")

    def test_consumption_in_the_period_times_the_price(self, yunhu, water, qian):
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3.45")
        mine = meter(yunhu, unit=home)
        reading(mine, "09-30", "9")
        reading(mine, "10-01", "4.5")
        reading(mine, "10-05", "7")
        reading(mine, "10-06", "0", kind="base", value=99)
        billed(yunhu, qian)
        bill = the_bill(home)
        assert bill.amount == Decimal("39.68")
        assert [one["on"] for one in bill.lines[0]["readings"]] == ["2025-10-01", "2025-10-05"]

    @pytest.mark.parametrize(
        ("span", "before", "used", "amounts"),
        [
            ("period", "0", "25", ["10.00", "20.00", "15.00"]),
            ("period", "100", "10", ["10.00"]),
            ("year", "15", "10", ["10.00", "15.00"]),
            ("year", "100", "10", ["30.00"]),
            ("year", "10", "0", ["0.00"]),
            ("year", "7", "3", ["3.00"]),
        ],
    )
    def test_steps_count_by_period_or_over_the_year(self, yunhu, water, qian, span, before, used, amounts):
        (home,) = homes(yunhu, 1)
        tiers = [(10, "1"), (20, "2"), (None, "3")]
        factories.tariff(water, basis="meter", resource="water", unit_price=None, tier_span=span, tiers=tiers)
        mine = meter(yunhu, unit=home)
        reading(mine, "03-10", before)
        reading(mine, "10-05", used)
        billed(yunhu, qian)
        bill = the_bill(home)
        assert [line["amount"] for line in bill.lines] == amounts
        assert bill.amount == sum(map(Decimal, amounts))

    def test_what_cannot_be_counted_says_why_and_is_billed_when_the_reading_came(self, yunhu, water, qian):
        none, unread, odd, out = homes(yunhu, 4)
        factories.tariff(water, basis="meter", resource="water", unit_price="2")
        meters = {n: meter(yunhu, unit=unit, serial=f"M{n}") for n, unit in enumerate((unread, odd, out))}
        reading(meters[1], "10-05", "500", is_outlier=True)
        reading(meters[2], "10-05", "5", is_outlier=True, voided_at=NOW, void_reason="x", voided_by=qian)
        assert billed(yunhu, qian).left_out == 4
        reasons = dict(Exemption.objects.values_list("unit", "reason"))
        assert [reasons[unit.pk] for unit in (none, unread, odd, out)] == [
            "no_meter",
            "no_reading",
            "odd_reading",
            "no_reading",
        ]
        reading(meters[0], "10-06", "6")
        again = billed(yunhu, qian)
        assert (again.made, again.there, again.left_out) == (1, 0, 3)
        assert the_bill(unread).amount == Decimal("12.00")

    def test_what_is_read_in_a_billed_month_is_on_the_next_bill(self, yunhu, water, qian):
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3")
        mine = meter(yunhu, unit=home)
        reading(mine, "10-05", "4")
        billed(yunhu, qian)
        reading(mine, "10-07", "20")
        assert billed(yunhu, qian).made == 0
        assert billed(yunhu, qian, NOVEMBER).left_out == 1
        reading(mine, "11-30", "1", recorded_at=LATER)
        billed(yunhu, qian, NOVEMBER)
        bill = the_bill(home, month=NOVEMBER)
        assert (bill.amount, len(bill.lines[0]["readings"])) == (Decimal("63.00"), 2)
        notes = lines_of(bill)[0].notes
        assert [word in notes[0] for word in ("2025-10-07", "20")] == [True, True]
        assert Bill.objects.aggregate(total=Sum("amount"))["total"] == 3 * 25

    def test_what_is_odd_waits_and_is_billed_when_it_is_confirmed_whatever_the_month(self, yunhu, water, qian, zhou):
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3")
        mine = meter(yunhu, unit=home)
        odd = reading(mine, "10-05", "500", is_outlier=True)
        billed(yunhu, qian)
        reading(mine, "11-05", "5", recorded_at=LATER)
        assert billed(yunhu, qian, NOVEMBER).made == 0
        Reading.objects.filter(pk=odd.pk).update(confirmed_at=LATER, confirmed_by=zhou)
        billed(yunhu, qian, NOVEMBER)
        assert the_bill(home).amount == 3 * 505
        billed(yunhu, qian)
        assert Exemption.objects.get(month=OCTOBER).reason == "billed_later"

    def test_a_meter_that_was_not_read_leaves_the_unit_out_with_all_its_meters(self, yunhu, water, qian):
        """But neither one that was put in place since, nor one that was put in place in the period."""
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3")
        kitchen, bath = (meter(yunhu, unit=home, serial=serial) for serial in ("A1", "A2"))
        reading(meter(yunhu, unit=home, serial="A3"), "11-02", "0", kind="base", value=0, recorded_at=LATER)
        reading(meter(yunhu, unit=home, serial="A4"), "10-20", "0", kind="base", value=0, recorded_at=LATER)
        reading(kitchen, "10-05", "4")
        assert (billed(yunhu, qian).made, Exemption.objects.get().reason) == (0, "no_reading")
        reading(bath, "10-06", "6")
        billed(yunhu, qian)
        assert the_bill(home).amount == Decimal("30.00")

    def test_what_was_read_before_the_first_month_is_of_the_former_books(self, yunhu, water, qian):
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3")
        mine = meter(yunhu, unit=home)
        reading(mine, "09-30", "9")
        reading(mine, "10-05", "4")
        reading(mine, "11-05", "5", recorded_at=LATER)
        billed(yunhu, qian, NOVEMBER)
        assert the_bill(home).amount == Decimal("15.00")
        billed(yunhu, qian, OCTOBER)
        assert the_bill(home, month=OCTOBER).amount == Decimal("12.00")

    def test_a_voided_bill_keeps_its_readings_for_the_one_that_replaces_it(self, yunhu, water, qian, zhou):
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3")
        mine = meter(yunhu, unit=home)
        reading(mine, "10-05", "4")
        billed(yunhu, qian)
        gone = void(the_bill(home), qian, zhou)
        reading(mine, "11-05", "5", recorded_at=LATER)
        billed(yunhu, qian, NOVEMBER)
        assert the_bill(home).amount == Decimal("15.00")
        assert actions.replace_bill(gone, by=qian, now=NOW).amount == Decimal("12.00")
        second = void(the_bill(home, month=NOVEMBER), qian, zhou)
        assert actions.replace_bill(second, by=qian, now=NOW).amount == Decimal("15.00")

    def test_a_reading_that_is_taken_back_behind_its_bill_has_that_bill_put_right_first(self, yunhu, water, qian, zhou):
        (home,) = homes(yunhu, 1)
        factories.tariff(water, basis="meter", resource="water", unit_price="3")
        mine = meter(yunhu, unit=home)
        wrong = reading(mine, "10-05", "40")
        billed(yunhu, qian)
        Reading.objects.filter(pk=wrong.pk).update(voided_at=LATER, voided_by=zhou, void_reason="看错")
        reading(mine, "10-05", "4", recorded_at=LATER)
        reading(mine, "11-05", "5", recorded_at=LATER)
        billed(yunhu, qian, NOVEMBER)
        assert Exemption.objects.get().reason == "reading_void"
        actions.replace_bill(void(the_bill(home), qian, zhou), by=qian, now=NOW)
        billed(yunhu, qian, NOVEMBER)
        assert Bill.objects.standing().aggregate(total=Sum("amount"))["total"] == 3 * 9

    def test_steps_over_the_year_go_on_behind_what_was_billed_late(self, yunhu, water, qian):
        """Read in December and billed in January, by the steps of the new year."""
        (home,) = homes(yunhu, 1)
        tiers = [(10, "1"), (None, "3")]
        facts = {"basis": "meter", "resource": "water", "unit_price": None, "tier_span": "year", "tiers": tiers}
        factories.tariff(water, since=datetime.date(2024, 1, 1), **facts)
        mine = meter(yunhu, unit=home)
        facts = {"community": yunhu, "meter": mine, "kind": "periodic", "source": "desk", "recorded_at": NOW}
        for year, month, used in ((2024, 12, 100), (2025, 1, 0), (2025, 2, 2)):
            at = factories.at(f"{year}-{month:02}-05 09:00")
            made = Reading.objects.create(value=used, consumption=used, at=at, is_outlier=used == 100, **facts)
            billed(yunhu, qian, datetime.date(year, month, 1))
            if made.is_outlier:
                Reading.objects.filter(pk=made.pk).update(confirmed_at=NOW, confirmed_by=qian)
        assert [bill.amount for bill in Bill.objects.order_by("month")] == [Decimal("280.00"), Decimal("6.00")]

    @pytest.mark.parametrize("basis", ["meter", "share"])
    def test_what_is_not_split_by_days_is_owed_by_who_has_the_unit_in_the_end(self, yunhu, water, qian, basis):
        """October: one home is handed over on the 10th, one is sold on the 3rd, one has no handover."""
        facts = {"meter": {"unit_price": "3", "resource": "water"}, "share": {"unit_price": None, "measure": "unit"}}
        factories.tariff(water, basis=basis, start_rule="exact_day", **facts[basis])
        SharedCost.objects.create(
            community=yunhu, fee=water, month=OCTOBER, amount=30, evidence="水表", by=qian, at=NOW, building=None
        )
        handed, sold, lived = (factories.unit(yunhu, f"3-2-{n}", area="80") for n in range(3))
        for unit, day in ((handed, OCTOBER.replace(day=10)), (sold, datetime.date(2020, 1, 1))):
            mark_handed_over(unit, on=day, by=None, now=NOW)
        seller, buyer = (register_person(yunhu, name=name, phone="", by=None, now=NOW) for name in ("陈旧", "林新"))
        for unit, person, since, until in (
            (handed, buyer, OCTOBER.replace(day=10), None),
            (sold, seller, JULY, OCTOBER.replace(day=3)),
            (sold, buyer, OCTOBER.replace(day=3), None),
            (lived, buyer, OCTOBER.replace(day=5), None),
        ):
            Occupancy.objects.create(unit=unit, person=person, kind="owner", period=DateRange(since, until))
        for n, unit in enumerate((handed, sold, lived)):
            reading(meter(yunhu, unit=unit, serial=f"W{n}"), "10-07", "4")
        billed(yunhu, qian)
        assert list(Bill.objects.values_list("debtor", "debtor_kind")) == [(buyer.pk, "owner")] * 3


class TestFormulas:
    def test_a_formula_is_counted_for_each_unit_and_by_days(self, yunhu, service, qian):
        first, second = homes(yunhu, 2, "120", floor=12)
        Unit.objects.filter(pk=second.pk).update(area=None)
        late = factories.unit(yunhu, "8-1-101", area="80", floor=3)
        mark_handed_over(late, on=OCTOBER.replace(day=22), by=None, now=NOW)
        text = "面积 × 2.5 × months + max(floor - 3, 0) * 1.5"
        factories.tariff(service, basis="formula", unit_price=None, formula=text, start_rule="exact_day")
        billed(yunhu, qian)
        bill = the_bill(first)
        assert bill.amount == Decimal("313.50")
        assert bill.lines[0]["values"] == {"area": "120", "floor": "12", "months": "1"}
        assert Exemption.objects.get(unit=second).reason == "no_area"
        assert the_bill(late, debtor_kind="unknown").amount == half_up(Fraction(200 * 10, 31))

    def test_a_formula_over_consumption_waits_for_the_reading(self, yunhu, qian):
        first, second = homes(yunhu, 2)
        heat = factories.fee(yunhu, "热水费", kind="utility")
        facts = {"basis": "formula", "unit_price": None, "resource": "water"}
        factories.tariff(heat, formula="min(consumption, 10) * 3 + 5", **facts)
        reading(meter(yunhu, unit=first), "10-05", "12.5")
        billed(yunhu, qian)
        assert the_bill(first).amount == Decimal("35.00")
        assert Exemption.objects.get(unit=second).reason == "no_meter"

    def test_what_comes_to_no_amount_is_left_out(self, yunhu, service, qian):
        homes(yunhu, 1, "80")
        factories.tariff(service, basis="formula", unit_price=None, formula="100 / (area - 80)")
        billed(yunhu, qian)
        assert Exemption.objects.get().reason == "not_countable"


class TestShares:
    @pytest.fixture
    def lift(self, yunhu):
        return factories.fee(yunhu, "电梯公摊", kind="shared")

    def cost(self, fee, amount, by, building=None):
        facts = {"community": fee.community, "fee": fee, "month": OCTOBER, "evidence": "电表", "by": by, "at": NOW}
        return SharedCost.objects.create(amount=amount, building=building, **facts)

    def test_shares_add_up_to_the_fen(self, yunhu, lift, qian):
        made = homes(yunhu, 3)
        factories.tariff(lift, basis="share", unit_price=None, measure="unit")
        self.cost(lift, "100.00", qian)
        billed(yunhu, qian)
        assert [the_bill(unit).amount for unit in made] == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]

    def test_a_building_shares_its_own_cost_and_who_comes_later_gets_what_is_left(self, yunhu, lift, qian):
        made = homes(yunhu, 2, "30")
        apart = factories.unit(yunhu, "8-1-101", area="40")
        factories.tariff(lift, basis="share", unit_price=None, measure="area")
        self.cost(lift, "90.01", qian)
        self.cost(lift, "10.01", qian, building=made[0].building)
        billed(yunhu, qian)
        assert Bill.objects.aggregate(total=Sum("amount"))["total"] == Decimal("100.02")
        assert the_bill(apart).amount == Decimal("36.01")
        late = factories.unit(yunhu, "8-1-102", area="40")
        assert billed(yunhu, qian).made == 1
        assert the_bill(late).amount == 0

    def test_a_share_that_was_voided_is_billed_anew_from_what_is_left(self, yunhu, lift, qian, zhou):
        made = homes(yunhu, 3)
        factories.tariff(lift, basis="share", unit_price=None, measure="unit")
        self.cost(lift, "100.00", qian)
        billed(yunhu, qian)
        bill = void(the_bill(made[0]), qian, zhou)
        assert actions.replace_bill(bill, by=qian, now=NOW).amount == bill.amount == Decimal("33.34")

    def test_without_a_cost_nobody_is_billed(self, yunhu, lift, qian):
        homes(yunhu, 2)
        factories.tariff(lift, basis="share", unit_price=None, measure="unit")
        assert billed(yunhu, qian).left_out == 2
        assert set(Exemption.objects.values_list("reason", flat=True)) == {"no_cost"}

    def test_a_cost_is_shared_whole_however_small_the_chunks(self, yunhu, lift, qian, monkeypatch):
        monkeypatch.setattr(runs, "CHUNK", 2)
        homes(yunhu, 7)
        factories.tariff(lift, basis="share", unit_price=None, measure="unit")
        self.cost(lift, "100.00", qian)
        assert billed(yunhu, qian).made == 7
        assert sorted(Bill.objects.values_list("amount", flat=True)) == [Decimal("14.28")] * 3 + [Decimal("14.29")] * 4

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        areas=st.lists(st.decimals("0.01", "99999.99", places=2), min_size=1, max_size=6),
        amount=st.decimals("0.00", "9999999.99", places=2),
    )
    def test_shares_are_those_of_the_largest_remainder(self, yunhu, lift, qian, areas, amount):
        with transaction.atomic():
            made = homes(yunhu, len(areas))
            for unit, area in zip(made, areas, strict=True):
                Unit.objects.filter(pk=unit.pk).update(area=area)
            factories.tariff(lift, basis="share", unit_price=None, measure="area")
            self.cost(lift, amount, qian)
            billed(yunhu, qian)
            fen, whole = int(amount * 100), sum(map(Fraction, areas))
            quotas = [fen * Fraction(area) / whole for area in areas]
            owed = [int(quota) for quota in quotas]
            order = sorted(range(len(areas)), key=lambda n: (owed[n] - quotas[n], made[n].pk))
            for n in order[: fen - sum(owed)]:
                owed[n] += 1
            assert [int(the_bill(unit).amount * 100) for unit in made] == owed
            transaction.set_rollback(True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    area=st.decimals("0.01", "9999.99", places=2),
    price=st.decimals("0", "99", places=6),
    months=st.sampled_from([1, 3]),
    day=st.integers(1, 31),
    percent=st.decimals("0.01", "100", places=2),
)
def test_a_run_counts_like_fractions(yunhu, service, qian, zhou, area, price, months, day, percent):
    with transaction.atomic():
        home = factories.unit(yunhu, area=area)
        began = OCTOBER.replace(day=day)
        mark_handed_over(home, on=began, by=None, now=NOW)
        factories.tariff(service, unit_price=price, months=months, start_rule="exact_day")
        facts = {"community": yunhu, "fee": service, "unit": home, "kind": "other", "percent": percent, "reason": "x"}
        facts |= {
            "evidence": "x",
            "asked_by": qian,
            "asked_at": NOW,
            "period": DateRange(began, None),
            "status": "approved",
        }
        Discount.objects.create(**facts | {"period": DateRange(began, NOVEMBER)}, decided_by=zhou, decided_at=NOW)
        billed(yunhu, qian)
        a_month = Fraction(area) * Fraction(price)
        owner = half_up(a_month * (months - 1 + Fraction(32 - day, 31)))
        less = half_up(Fraction(owner) * Fraction(percent) / 100)
        assert the_bill(home, from_on=began).amount == owner - less
        if day > 1:
            developers = the_bill(home, debtor_kind="developer").amount
            assert developers == half_up(a_month * Fraction(day - 1, 31))
        transaction.set_rollback(True)


class TestOnce:
    @pytest.fixture
    def small(self, yunhu, service, monkeypatch):
        """Five homes in chunks of two, with a fee by area and one that leaves out whoever has no meter."""
        monkeypatch.setattr(runs, "CHUNK", 2)
        made = homes(yunhu, 5)
        factories.tariff(service)
        factories.tariff(
            factories.fee(yunhu, "水费", kind="utility", code="water"), basis="meter", resource="water", unit_price="3"
        )
        reading(meter(yunhu, unit=made[0]), "10-05", "7")
        return made

    def test_the_second_run_makes_nothing_and_says_how_many_were_there(self, yunhu, small, qian):
        first = billed(yunhu, qian)
        before, series = facts_of(), NumberSeries.objects.get(key="bills:202510").last
        lines = LedgerLine.objects.count()
        second = billed(yunhu, qian)
        assert (first.made, first.there, first.left_out) == (6, 0, 4)
        assert (second.made, second.there, second.left_out, second.amount) == (0, 6, 4, 0)
        assert facts_of() == before and NumberSeries.objects.get(key="bills:202510").last == series == 6
        assert LedgerLine.objects.count() == lines

    def test_numbers_have_no_gap_and_the_books_say_what_was_billed(self, yunhu, small, qian):
        run = billed(yunhu, qian)
        numbers = sorted(Bill.objects.values_list("number", flat=True))
        assert numbers == [f"ZD202510-{n:06}" for n in range(1, 7)]
        owed = LedgerLine.objects.filter(account=Account.RECEIVABLE).aggregate(total=Sum("amount"))["total"]
        assert numbers_of.first_gap(yunhu) is None
        NumberSeries.objects.filter(key="bills:202510").update(last=7)
        assert numbers_of.first_gap(yunhu) == "ZD202510-000007"
        assert owed == run.amount == Bill.objects.aggregate(total=Sum("amount"))["total"]
        verbs = list(Event.objects.about(run).order_by("id").values_list("verb", flat=True))
        assert verbs == ["started", "billed", "billed", "billed", "finished"]

    def test_a_price_that_changes_in_the_middle_changes_nothing_of_the_month(self, yunhu, small, service, qian):
        run = start(yunhu, qian)
        assert actions.work_on_run(run.pk, now=NOW, seconds=0)
        Tariff.objects.filter(fee=service).update(valid=DateRange(datetime.date(2025, 1, 1), OCTOBER))
        factories.tariff(service, since=OCTOBER, unit_price="9")
        work(run)
        late = factories.unit(yunhu, "3-2-190", area="80")
        mark_handed_over(late, on=JULY, by=None, now=NOW)
        billed(yunhu, qian)
        assert set(Bill.objects.filter(fee=service).values_list("amount", flat=True)) == {Decimal("200.00")}
        assert the_bill(late, fee=service).amount == Decimal("200.00")

    def test_a_run_that_was_stopped_goes_on_where_it_was(self, yunhu, small, qian):
        run = start(yunhu, qian)
        actions.work_on_run(run.pk, now=NOW, seconds=0)
        actions.stop_run(run, by=qian, now=NOW)
        assert not actions.work_on_run(run.pk, now=NOW) and Bill.objects.count() == 3
        actions.go_on_with_run(run, by=qian, now=NOW)
        done = work(run)
        assert (done.status, done.made, done.done) == ("done", 6, 5)

    def test_a_second_run_waits_until_the_first_has_ended(self, yunhu, small, qian):
        run = start(yunhu, qian)
        with pytest.raises(Refused):
            start(yunhu, qian, NOVEMBER)
        actions.stop_run(run, by=qian, now=NOW)
        start(yunhu, qian, NOVEMBER)
        with pytest.raises(Refused):
            actions.go_on_with_run(run, by=qian, now=NOW)

    def test_a_form_that_is_sent_twice_begins_one_run(self, yunhu, small, qian):
        key = uuid.uuid4()
        made = [actions.start_run(yunhu, month=OCTOBER, submission=key, by=qian, now=NOW) for _ in range(2)]
        assert made[0] == made[1] and BillRun.objects.count() == 1

    def test_what_was_voided_is_left_alone_by_a_run(self, yunhu, small, service, qian, zhou):
        billed(yunhu, qian)
        void(Bill.objects.get(unit=small[1]), qian, zhou)
        assert billed(yunhu, qian).made == 0

    def test_a_run_whose_worker_dies_three_times_fails_and_says_so(self, yunhu, small, qian, monkeypatch):
        run = start(yunhu, qian)

        def die(*args):
            raise CrashError

        monkeypatch.setattr(runs, "_bill_chunk", die)
        for _ in range(3):
            with pytest.raises(CrashError):
                actions.work_on_run(run.pk, now=NOW)
        assert not actions.work_on_run(run.pk, now=NOW)
        run = BillRun.objects.get()
        assert run.status == "failed" and run.problem
        monkeypatch.undo()
        actions.go_on_with_run(run, by=qian, now=NOW)
        assert work(run).made == 6

    def test_a_silent_run_is_found_by_the_sweep(self, yunhu, small, qian):
        run = start(yunhu, qian)
        assert actions.silent_runs(now=NOW) == []
        assert actions.silent_runs(now=NOW + datetime.timedelta(seconds=31)) == [run.pk]

    @REAL
    def test_a_crash_at_any_statement_ends_in_the_rows_of_a_clean_run(self, yunhu, qian, service, monkeypatch):
        """Each time in a month of its own, for what money has written stays."""
        monkeypatch.setattr(runs, "CHUNK", 2)
        homes(yunhu, 3)
        factories.unit(yunhu, "9-1-101")
        begin = datetime.date(2021, 1, 1)
        factories.tariff(service, since=begin)
        other = factories.fee(yunhu, "垃圾清运费", kind="other")
        factories.tariff(other, since=begin, basis="fixed", unit_price="12.5")

        def outcome(month):
            of_month = Bill.objects.filter(month=month)
            series = NumberSeries.objects.get(key=f"bills:{month:%Y%m}").last
            lines = LedgerLine.objects.filter(account="income", entry__subject_id=BillRun.objects.get(month=month).pk)
            return (
                sorted(number[-6:] for number in of_month.values_list("number", flat=True)),
                sorted(of_month.values_list("unit", "fee", "debtor_kind", "amount")),
                sorted(Exemption.objects.filter(month=month).values_list("unit", "fee", "reason")),
                series,
                lines.aggregate(total=Sum("amount"))["total"],
            )

        work(start(yunhu, qian, begin))
        clean = outcome(begin)
        died = 0
        for statement in range(1, 60):
            month = first_of(begin, statement)
            run = start(yunhu, qian, month)
            try:
                with connection.execute_wrapper(crash_at(statement)):
                    work(run)
            except CrashError:
                died += 1
            work(run)
            assert outcome(month) == clean, statement
            if died < statement:
                break
        assert 15 < died < 58


class TestRaces:
    def rows(self, yunhu, service):
        homes(yunhu, 6)
        factories.tariff(service)

    @REAL
    def test_two_who_start_at_once_begin_one_run(self, yunhu, service, qian):
        self.rows(yunhu, service)
        outcomes = race(*[lambda: start(yunhu, qian)] * 3)
        assert sum(isinstance(one, BillRun) for one in outcomes) == 1
        assert sum(isinstance(one, Refused) for one in outcomes) == 2

    @REAL
    def test_three_workers_at_once_make_each_bill_once(self, yunhu, service, qian, monkeypatch):
        monkeypatch.setattr(runs, "CHUNK", 2)
        self.rows(yunhu, service)
        run = start(yunhu, qian)
        race(*[lambda: actions.work_on_run(run.pk, now=NOW)] * 3)
        assert work(run).made == Bill.objects.count() == 6
        assert sorted(Bill.objects.values_list("number", flat=True)) == [f"ZD202510-{n:06}" for n in range(1, 7)]

    @REAL
    def test_without_the_lock_and_the_comparison_a_chunk_would_be_counted_twice(
        self, yunhu, service, qian, monkeypatch
    ):
        """The control: the test above can fail."""
        monkeypatch.setattr(
            runs, "billing_alone", lambda community: alone._alone(uuid.uuid4().int % 2**31, community, "")
        )

        def overwrite(thing, **facts):
            type(thing).objects.filter(pk=thing.pk).update(**facts)
            for name, value in facts.items():
                setattr(thing, name, value)

        monkeypatch.setattr(runs, "write", overwrite)
        both, there = threading.Barrier(2), runs._there

        def meet(*args):
            both.wait(timeout=10)
            return there(*args)

        monkeypatch.setattr(runs, "_there", meet)
        self.rows(yunhu, service)
        run = start(yunhu, qian)
        outcomes = race(*[lambda: actions.work_on_run(run.pk, now=NOW)] * 2)
        billed_events = Event.objects.about(run).filter(verb="billed").count()
        assert billed_events > 1 or any(isinstance(one, Exception) for one in outcomes)
