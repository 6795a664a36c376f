"""The pages of billing runs, bills and their papers, each in every state worth looking at."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from billing import actions
from billing.charging import first_of
from billing.models import Bill, BillRun, Fee
from residents.models import ImportRun, OpeningBalance, Unit
from tests import factories
from tests.browser.visiting import Visit, send


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house."""
    home, by = house.community, house.people["qian"]
    month = first_of(home.local(now).date())
    since = month.replace(year=month.year - 1, month=1)
    Unit.objects.filter(community=home, building__code="3").update(area=Decimal("89.53"))
    service = factories.fee(home, "物业服务费（账单示例）", position=1)
    factories.tariff(service, since=since)
    water = factories.fee(home, "水费（账单示例）", kind="utility", position=2)
    factories.tariff(water, since=since, basis="meter", resource="water", unit_price="3.45")
    before = _bill(home, first_of(month, -1), by, now)
    unit = Unit.objects.filter(community=home, building__code="3").first()
    bills = Bill.objects.filter(community=home, run=before)
    bill = bills.filter(~Q(debtor=None)).first() or bills.first()
    house.money["bill"] = bill
    void = bills.exclude(pk=bill.pk).filter(fee=service).first()
    facts = {"voided_at": now, "voided_by": house.people["zhou"], "void_asked_by": by, "void_reason": "面积有误"}
    Bill.objects.filter(pk=void.pk).update(**facts)
    house.money["void"] = void
    other = Fee.objects.filter(community=home, kind=Fee.Kind.OTHER).first() or factories.fee(
        home, "工本费", kind="other"
    )
    today = home.local(now).date()
    days = {"from_on": today, "to_on": today, "due_on": today + timedelta(days=10)}
    actions.make_bill(unit, fee=other, text="补办门禁卡", amount=Decimal("20.00"), by=by, now=now, **days)
    source = ImportRun.objects.filter(community=home).first()
    OpeningBalance.objects.create(community=home, unit=unit, label="物业费", amount=300, as_of=since, run=source)
    stopped = actions.start_run(home, month=first_of(month, -2), submission=None, by=by, now=now)
    actions.stop_run(stopped, by=by, now=now)
    house.money |= {
        "run": before,
        "run stopped": stopped,
        "run at work": actions.start_run(home, month=month, submission=None, by=by, now=now),
    }
    house.money["month"] = f"{month:%Y-%m}"
    house.money["month before"] = f"{first_of(month, -1):%Y-%m}"


def _bill(home, month, by, now):
    run = actions.start_run(home, month=month, submission=None, by=by, now=now)
    while actions.work_on_run(run.pk, now=now):
        pass
    return BillRun.objects.get(pk=run.pk)


def at(name, thing="", query="", who="qian"):
    """Return what begins at a page of a thing of this part; `query` is the name of a month that it asks for."""

    def begin(house):
        address = reverse(f"billing:{name}", args=[house.money[thing].pk] if thing else [])
        return house.client(who), address + (f"?month={house.money[query]}" if query else "")

    return begin


VISITS = [
    Visit("billing:runs", "qian"),
    Visit("billing:run_new", "qian"),
    Visit("billing:run_new", "qian", "a month", begin=at("run_new", query="month")),
    Visit("billing:run_new", "qian", "billed already", begin=at("run_new", query="month before")),
    Visit("billing:run_new", "qian", "no month", query="?month=2029-01", status=422),
    Visit("billing:run", "qian", "finished", begin=at("run", "run")),
    Visit("billing:run", "qian", "stopped", begin=at("run", "run stopped")),
    Visit("billing:run", "qian", "at work", begin=at("run", "run at work")),
    Visit("billing:exemptions", "qian"),
    Visit("billing:exemptions", "zhou", "billed since", query="?state=ended"),
    Visit("billing:exemptions", "guo", "nothing found", query="?month=2020-01"),
    Visit("billing:run_print", "qian", begin=at("run_print", "run")),
    Visit("billing:bills", "qian"),
    Visit("billing:bills", "li_na", "nothing found", query="?room=999"),
    Visit("billing:bill", "chen", begin=at("bill", "bill", who="chen")),
    Visit("billing:bill", "qian", "void", begin=at("bill", "void")),
    Visit("billing:bill_new", "qian"),
    Visit(
        "billing:bill_new",
        "qian",
        "nothing filled in",
        then=send("main form button.primary", amount="1_000"),
        status=422,
    ),
    Visit("billing:notices", "qian"),
    Visit("billing:notices", "qian", "a month", begin=at("notices", query="month before")),
]
NOT_PAGES = {
    "billing:run_progress": "a piece of the page of the run",
    "billing:run_left_out": "a table as a file",
    **{f"billing:{name}": "a button on the page of the run" for name in ("run_stop", "run_go_on")},
    "billing:bill_replace": "a button on the page of the bill",
    "billing:balances_bill": "a button on the list of bills",
}
