"""Money of the demo: the fees of three months billed for everybody, and what a second person decides about."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from billing import actions
from billing.actions.requests import Item
from billing.actions.settling import cash_in
from billing.charging import first_of
from billing.models import Bill, Deposit, MoneyRequest, Shift
from residents.models import Occupancy
from servicedesk.core.models import Role, User

MONTHS = 3


def bills(community, people, now):
    """Bill this month and the two before it, as finance does on the first of each."""
    by = User.objects.filter(memberships__community=community, memberships__role=Role.FINANCE).first()
    by = by or people["admin1"]
    month = first_of(community.local(now).date())
    for first in (first_of(month, -n) for n in reversed(range(MONTHS))):
        if actions.tariffs_for(community, first):
            run = actions.start_run(community, month=first, submission=None, by=by, now=now)
            while actions.work_on_run(run.pk, now=now):
                pass


def requests(community, people, now):
    """Deposits that are held, due back and deducted from, and requests about money in every state; by cashier and
    finance, decided by supervisor and deputy GM, two days ago in a shift of their own that was counted and closed."""
    cashier, finance, clerk = people["cash1"], people["fin1"], people["desk1"]
    then, today = now - timedelta(days=2), community.local(now).date()
    owners = Occupancy.objects.on(today).known().filter(unit__community=community, kind=Occupancy.Kind.OWNER)
    owners = owners.filter(person__kind="person").exclude(unit__deposits__isnull=False).select_related("unit", "person")
    homes = list(owners.order_by("unit_id", "id")[20:24])
    if len(homes) < 4 or Shift.objects.open().filter(community=community, cashier=cashier).exists():
        return
    shift = actions.open_shift(community, opening_float=Decimal("500.00"), by=cashier, now=then)
    asked = {"by": finance, "now": then}

    def deposit(home, kind, amount, note, **facts):
        row = actions.ask_for_deposit(
            home.unit, kind=kind, amount=Decimal(amount), note=note, by=clerk, now=then, **facts
        )
        take(home, amount, deposits=[row])
        return Deposit.objects.get(pk=row.pk)

    def take(home, amount, *, bills=(), deposits=(), method="cash", keep_rest=False):
        means = [actions.Means(method, Decimal(amount), "" if method == "cash" else f"DEMO{home.unit.pk}")]
        facts = {"bills": list(bills), "deposits": list(deposits), "payer": home.person, "keep_rest": keep_rest}
        return actions.take_payment(home.unit, means=means, by=cashier, now=then, submission=uuid4(), **facts)

    first, second, third, fourth = homes
    works = deposit(
        first, "contractor", "2000.00", "装修押金", name="宏宇装饰工程部", phone="13800009901", refund_due_on=today
    )
    deposit(first, "renovation", "1000.00", "装修押金", payer=first.person)
    keys = deposit(second, "key", "200.00", "借用消防通道钥匙", payer=second.person)
    items = [Item("垃圾清运未清", Decimal("150.00")), Item("电梯轿厢划痕修复", Decimal("320.00"))]
    cut = actions.ask_for("deduction", works, items=items, reason="验收时现场核对，照片已存", **asked)
    actions.approve_request(cut, by=people["sup1"], now=then, note="与施工方核对无误")
    back = actions.ask_for("deposit_refund", keys, amount=Decimal("200.00"), reason="钥匙已归还", **asked)
    actions.approve_request(back, by=people["gm1"], now=then)
    actions.pay_out(MoneyRequest.objects.get(pk=back.pk), by=cashier, now=then)
    kept = take(third, "300.00", method="wechat", keep_rest=True).payments.get()
    part = actions.ask_for("refund", kept, amount=Decimal("100.00"), reason="多缴，住户要求退回", **asked)
    actions.approve_request(part, by=people["sup1"], now=then)
    owed = Bill.objects.owed().filter(community=community, unit=fourth.unit).oldest_first().first()
    if owed:
        half = (owed.balance / 2).quantize(Decimal("0.01"))
        refused = actions.ask_for("waiver", owed, amount=owed.balance, reason="住户称长期不在家", **asked)
        actions.refuse_request(refused, by=people["sup1"], now=then, note="房屋空置不能免缴，请按约定申请优惠")
        actions.ask_for("waiver", owed, amount=half, reason="楼道照明停用半月，按约定减半", **asked)
    gone = take(second, "60.00", keep_rest=True)
    actions.ask_for("reversal", gone, reason="收错房号，应为隔壁", by=cashier, now=then)
    counted = cash_in(shift)
    actions.close_shift(shift, counted_cash=counted, reason="", by=cashier, now=then + timedelta(hours=1))
