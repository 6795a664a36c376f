"""One row of everything that fees have in a community, made by the actions, for tests of what nobody else may see and
of what nobody may type."""

import datetime
from decimal import Decimal

from django.apps import apps
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from billing import actions
from billing.actions.requests import Item
from billing.models import BillRun, StatementLine
from residents.models import Occupancy
from servicedesk.core.models import Role
from tests import factories
from tests.billing import money_rows as rows
from tests.factories import MONDAY

TODAY = MONDAY.date()
DAY = datetime.timedelta(days=1)
AUGUST, OCTOBER = datetime.date(2025, 8, 1), datetime.date(2025, 10, 1)
EVERY_ROLE = [Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.CASHIER, Role.FINANCE, Role.ADMIN]


class World:
    """A home with its fees, bills, money and arrears; `rows` are named as the addresses speak of them."""

    def __init__(self, community, label="3-2-1201"):
        self.community, name = community, community.code.lower()
        self.by = factories.staff(f"all_{name}", "全能", *EVERY_ROLE, community=community)
        self.second = factories.staff(f"second_{name}", "何平", *EVERY_ROLE, community=community)
        self.unit = factories.unit(community, label, area="89.53")
        self.person = factories.resident(self.unit, "林晓梅", f"138{community.pk:08}")
        self.rows = {"unit": self.unit, "occupancy": Occupancy.objects.get(unit=self.unit)}
        self._fees()
        self._money()
        self._stated()
        self._chased()

    def _fees(self):
        home, by = self.community, self.by
        self.fee = factories.fee(home)
        self.parking = factories.fee(home, "车位费", kind="parking", applies_to="enrolled")
        self.lift = factories.fee(home, "电梯电费", kind="other")
        tariff = factories.tariff(self.fee)
        factories.tariff(self.lift, basis="share", unit_price=None, measure="area")
        cost = actions.enter_cost(
            self.lift, month=OCTOBER, amount=Decimal("100.00"), evidence="电费单", by=by, now=MONDAY
        )
        enrolment = actions.enrol(self.parking, self.unit, since=AUGUST, by=by, now=MONDAY)
        facts = {"kind": "vacancy", "percent": Decimal(30), "reason": "空置", "evidence": "合同 第八条"}
        facts |= {"since": OCTOBER, "last_day": OCTOBER + 60 * DAY}
        discount = actions.ask_discount(self.fee, self.unit, by=by, now=MONDAY, **facts)
        actions.approve_discount(discount, by=self.second, now=MONDAY)
        run = BillRun.objects.create(
            community=home,
            month=AUGUST,
            issued_on=AUGUST,
            by=by,
            created_at=MONDAY,
            status="cancelled",
            ended_at=MONDAY,
        )
        self.rows |= {"fee": self.fee, "tariff": tariff, "cost": cost, "enrolment": enrolment}
        self.rows |= {"parking": self.parking, "lift": self.lift}
        self.rows |= {"discount": discount, "run": run}

    def _money(self):
        home, by = self.community, self.by
        owes = {"debtor_kind": "owner", "debtor": self.person}
        self.bills = [rows.billed(self.unit, self.fee, "100.00", due_on=TODAY - 40 * DAY, **owes) for _ in range(3)]
        shift = actions.open_shift(home, opening_float=Decimal("500.00"), by=by, now=MONDAY)
        receipt = self._take("80.00")
        facts = {"bills": self.bills[:1], "deposits": [], "amount": Decimal("5.00"), "submission": self.unit.pk}
        settlement = actions.use_prepayment(self.unit, by=by, now=MONDAY, **facts)
        deposit = rows.deposit(self.unit, self.person, by)
        self._take("1000.00", deposits=[deposit])
        facts = {"items": [Item("补配钥匙", Decimal("50.00"))], "asker": self.second, "decider": by}
        rows.done("deduction", deposit, **facts)
        request = actions.ask_for(
            "waiver", self.bills[1], amount=Decimal("5.00"), reason="核对", by=self.second, now=MONDAY
        )
        self.rows |= {"bill": self.bills[2], "shift": shift, "receipt": receipt, "payment": receipt.payments.get()}
        self.rows |= {"settlement": settlement, "deposit": deposit, "request": request}

    def _stated(self):
        """A statement of which a line waits, and one that was only uploaded."""
        home, by = self.community, self.by
        day = f"{TODAY:%Y-%m-%d} 08:00:00"
        factories.statement(home, factories.wechat_file((day, "林女士", "物业费", "260.75", "4200000001")), by=by)
        upload = factories.wechat_file((day, "林女士", "物业费", "20.28", "4200000002"))
        statement, _is_new = actions.upload_statement(home, channel="wechat", upload=upload, by=by, now=MONDAY)
        self.rows |= {"statement": statement, "line": StatementLine.objects.get(statement__community=home)}

    def _take(self, amount, *, deposits=()):
        means = [actions.Means("cash", Decimal(amount))]
        facts = {"bills": [], "deposits": deposits, "payer": self.person, "keep_rest": True, "submission": None}
        # Given for something, so that the sweep leaves it to people.
        facts |= {"note": "预存明年的费用"}
        return actions.take_payment(self.unit, means=means, by=self.by, now=MONDAY, **facts)

    def _chased(self):
        home, by = self.community, self.by
        (rule, *_others) = actions.make_ladder(home, by=by, now=MONDAY)
        actions.advance_arrears(now=MONDAY)
        facts = {"reply_by": TODAY + 15 * DAY, "pay_to": "前台", "by": by, "now": MONDAY}
        letter = actions.write_letter(self.arrears(), bills=self.bills[:1], **facts)
        case = factories.case(home, by=by, unit=self.unit)
        dispute = actions.dispute_bill(self.arrears(), bill=self.bills[0], case=case, by=by, now=MONDAY)
        actions.resume_arrears(self.arrears(), note="其他账单", by=by, now=MONDAY)
        terms = {"rate_per_day": Decimal("0.0005"), "grace_days": 15, "cap_percent": Decimal(20)}
        terms |= {"valid": DateRange(AUGUST, None), "clause": "物业服务合同 第十条"}
        clause = actions.add_clause(home, fee=self.lift, by=by, now=MONDAY, **terms)
        self.rows |= {"rule": rule, "letter": letter, "dispute": dispute, "case": case, "clause": clause}
        for name, row in self.rows.items():
            self.rows[name] = type(row).objects.get(pk=row.pk)

    def arrears(self):
        return self.unit.arrears.select_related("community", "unit").get()


def everything():
    """Return (how many, what they say) of the rows of every table of fees, and of the events: to see whether anything
    has changed. One query."""
    tables = [model._meta.db_table for model in apps.get_app_config("billing").get_models()]
    rows_ = "SELECT '{0}', count(*), md5(string_agg(one::text, '|' ORDER BY one.id)) FROM {0} AS one"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(rows_.format(table) for table in [*tables, "core_event"]))
        return {table: (count, said) for table, count, said in cursor.fetchall()}


def changed(before):
    """Return the names of the tables that are not as they were in `before`."""
    return [table for table, rows_ in everything().items() if rows_ != before[table]]
