"""The pages of arrears, each in every state worth looking at."""

import datetime
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from billing import actions
from billing.models import ArrearsCase, Dispute
from complaints.models import Case
from tests import factories
from tests.browser.visiting import Visit, send

DAY = datetime.timedelta(days=1)


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house."""
    home, finance = house.community, house.people["qian"]
    today = home.local(now).date()
    actions.make_ladder(home, by=finance, now=now)
    fee = factories.fee(home, "物业服务费（欠费样例）")
    clause = {"rate_per_day": Decimal("0.0005"), "grace_days": 15, "cap_percent": Decimal(20)}
    valid = DateRange(today - 900 * DAY, None)
    clause_row = actions.add_clause(
        home, fee=fee, clause="物业服务合同 第九条", valid=valid, by=finance, now=now, **clause
    )
    units = [factories.unit(home, f"8-1-{room}") for room in ("0101", "0102", "0201")]
    bills = [factories.bill(unit, fee, due_on=today - days * DAY) for unit in units for days in (95, 65, 35, 5, -5)]
    actions.advance_arrears(now=now)
    ladders = [ArrearsCase.objects.select_related("community", "unit").get(unit=unit) for unit in units]
    actions.record_step(ladders[0], kind="phone", evidence="10:05 通话 3 分钟", result="月底前付", by=finance, now=now)
    facts = {"reply_by": today + 15 * DAY, "pay_to": "前台 8:30–18:00"}
    ladders[0] = ArrearsCase.objects.select_related("community", "unit").get(pk=ladders[0].pk)
    letter = actions.write_letter(ladders[0], bills=bills[:2], by=finance, now=now, **facts)
    promise = {"amount": Decimal("500.00"), "pay_on": today + 10 * DAY}
    actions.promise_payment(ladders[1], by=finance, now=now, **promise)
    facts = {"category": Case.objects.filter(community=home).first().category, "matter": "面积与产权证不符"}
    actions.dispute_bill(ladders[2], bill=bills[10], by=finance, now=now, **facts)
    rule = home.dunning_rules.get(kind="phone")
    house.money |= {"arrears": ladders, "demand_letter": letter, "dispute": Dispute.objects.get(), "rule": rule}
    house.money["clause"] = clause_row


def _of(name, key, *, place=None, who="qian", query=""):
    def begin(house):
        row = house.money[key]
        pk = row[place].unit_id if place is not None else row.pk
        return house.client(who), reverse(f"billing:{name}", args=[pk]) + query

    return begin


def _notices(house):
    units = "&".join(f"unit={one.unit_id}" for one in house.money["arrears"])
    return house.client("qian"), f"{reverse('billing:arrears_notices')}?{units}"


VISITS = [
    Visit("billing:arrears", "qian"),
    Visit("billing:arrears", "chen", query="?age=over-90"),
    Visit("billing:arrears", "qian", state="nothing found", query="?age=31-60&show=claims"),
    Visit("billing:arrears_of", state="with a letter", begin=_of("arrears_of", "arrears", place=0)),
    Visit("billing:arrears_of", state="promised, the desk", begin=_of("arrears_of", "arrears", place=1, who="chen")),
    Visit("billing:arrears_of", state="disputed", begin=_of("arrears_of", "arrears", place=2)),
    *(
        Visit("billing:arrears_of", state=step, begin=_of("arrears_of", "arrears", place=0, query=f"?do={step}#panel"))
        for step in ("record_step", "promise_payment", "write_letter", "dispute_bill", "pause_arrears", "skip_step")
    ),
    Visit(
        "billing:arrears_of",
        state="no amount",
        begin=_of("arrears_of", "arrears", place=0, query="?do=promise_payment#panel"),
        then=send("#panel button.primary", amount="1_000"),
        status=422,
    ),
    Visit(
        "billing:arrears_of",
        state="promised wrongly",
        begin=_of("arrears_of", "arrears", place=1, query="?do=withdraw_promise#panel"),
    ),
    Visit("billing:dispute", begin=_of("dispute", "dispute", query="?do=end_dispute#panel")),
    Visit("billing:demand_letter", begin=_of("demand_letter", "demand_letter", query="?do=deliver_letter#panel")),
    Visit("billing:demand_paper", begin=_of("demand_paper", "demand_letter")),
    Visit("billing:demand_bundle", begin=_of("demand_bundle", "demand_letter")),
    Visit("billing:arrears_notices", begin=_notices),
    Visit("billing:arrears_notices", "qian", state="nobody chosen"),
    Visit("billing:ladder", "qian"),
    Visit("billing:rule", begin=_of("rule", "rule")),
    Visit("billing:clause", begin=_of("clause", "clause", query="?do=end_clause#panel")),
    Visit("billing:new_clause", "qian"),
    Visit("billing:new_clause", "qian", state="no rate", then=send("main form .primary", rate="NaN"), status=422),
]
STEPS = (
    "record_step",
    "promise_payment",
    "withdraw_promise",
    "skip_step",
    "write_letter",
    "dispute_bill",
    "pause_arrears",
)
NOT_PAGES = {
    "billing:arrears_file": "a table as a file",
    "billing:make_ladder": "a button on the page of the ladder",
    **{f"billing:{name}": "a step, whose form stands on the page of the home" for name in STEPS},
    **{f"billing:{name}": "a step on the page of the home" for name in ("resume_arrears", "issue_late_charge")},
    **{
        f"billing:{name}": "a step, whose form is visited"
        for name in ("end_dispute", "deliver_letter", "set_rule", "end_clause", "void_clause")
    },
}
