"""Money of the demo: fees and their tariffs, three months billed, what the cashier took, what a second person decides
about, the ladder against arrears, and a month that is closed."""

import datetime
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from billing import actions
from billing.actions.requests import Item
from billing.actions.settling import cash_in
from billing.charging import first_of
from billing.models import ArrearsCase, Bill, Deposit, Fee, Method, MoneyRequest, Payment, Shift, Tariff
from complaints.listing import midnight
from residents.actions import agree_to_mail
from residents.models import Occupancy, Unit

MONTHS = 3
# So many homes pay on each of the last days, and so many today.
DAYS, A_DAY, TODAY = 5, 24, 6
MEANS = [Method.WECHAT, Method.CASH, Method.ALIPAY, Method.WECHAT, Method.TRANSFER, Method.CARD]
Kind, AppliesTo, Basis = Fee.Kind, Fee.AppliesTo, Tariff.Basis
CONTRACT = "前期物业服务合同 第六条"
# Name, English name, kind, who pays, what its tariff says.
FEES = [
    (
        *("物业服务费", "Property service fee", Kind.SERVICE, AppliesTo.EVERY_UNIT),
        {"basis": Basis.AREA, "unit_price": Decimal("2.50"), "price_basis": CONTRACT},
    ),
    (
        *("公摊电费", "Shared electricity", Kind.SHARED, AppliesTo.EVERY_UNIT),
        {"basis": Basis.SHARE, "measure": Tariff.Measure.AREA, "price_basis": "管理规约 第二十二条，按供电公司账单"},
    ),
    (
        *("水费", "Water", Kind.UTILITY, AppliesTo.ENROLLED),
        {
            "basis": Basis.METER,
            "resource": "water",
            "tiers": [(Decimal(15), Decimal("3.45")), (None, Decimal("4.83"))],
            "tier_span": Tariff.TierSpan.PERIOD,
            "price_basis": "自来水公司价目表，代收不加价",
        },
    ),
    (
        *("车位费", "Parking", Kind.PARKING, AppliesTo.ENROLLED),
        {"basis": Basis.FIXED, "unit_price": Decimal(150), "price_basis": "地下车位租用协议"},
    ),
]
PARKERS = 12
# One owner in so many of the first two hundred agrees to e-mails.
AGREE_EACH = 15
SHARED = [Decimal("3186.40"), Decimal("2974.15"), Decimal("3052.80")]


def charge(community, people, now):
    """Play it all, in the order in which an office would do it. Costs about ten seconds."""
    fees(community, people, now)
    bills(community, people, now)
    requests(community, people, now)
    payments(community, people, now)
    statement(community, people, now)
    arrears(community, people, now)
    first = first_of(community.local(now).date(), 1 - MONTHS)
    actions.close_month(community, first, by=people["fin1"], now=now, note="少数房屋面积待核，下月补出")


def bills(community, people, now):
    """Bill this month and the two before it, as finance does on the first of each."""
    month = first_of(community.local(now).date())
    for first in (first_of(month, -n) for n in reversed(range(MONTHS))):
        if first == month:
            consents(community, people, now)
        at = min(now, midnight(first, community) + timedelta(hours=9))
        run = actions.start_run(community, month=first, submission=None, by=people["fin1"], now=at)
        while actions.work_on_run(run.pk, now=at):
            pass


def consents(community, people, now):
    """Let some owners agree to e-mails: recorded by the desk, and two of them want their receipts there, too."""
    today = community.local(now).date()
    owners = Occupancy.objects.on(today).known().filter(unit__community=community, kind=Occupancy.Kind.OWNER)
    owners = owners.filter(person__kind="person").select_related("person").order_by("unit_id", "id")
    people_of = list({one.person_id: one.person for one in owners[:200:AGREE_EACH]}.values())
    for n, person in enumerate(people_of):
        facts = {"email": f"resident{n + 1}@example.org", "mail_receipts": n < 2, "how": "前台书面同意"}
        agree_to_mail(person, by=people["desk1"], now=now, **facts)


def fees(community, people, now):
    """Set four fees with tariffs since January of last year, enrol some cars, enter three months of shared costs; ask
    for two discounts, of which one is approved. Return the fees by their Chinese name."""
    by, today = people["admin1"], community.local(now).date()
    since = datetime.date(today.year - 1, 1, 1)
    made = {}
    for name, name_en, kind, applies_to, tariff in FEES:
        facts = {"name": name, "name_en": name_en, "kind": kind, "applies_to": applies_to}
        made[name] = actions.create_fee(community, by=by, now=now, **facts)
        actions.set_tariff(made[name], since=since, by=by, now=now, **tariff)
    homes = list(Unit.objects.filter(community=community).order_by("room_order")[: PARKERS + 2])
    for n, home in enumerate(homes[:PARKERS], 1):
        place = {"quantity": 2 if n % 6 == 0 else 1, "note": f"B1-{n:03}"}
        actions.enrol(made["车位费"], home, since=since, by=by, now=now, **place)
    for home in Unit.objects.filter(community=community, meters__resource="water").distinct():
        actions.enrol(made["水费"], home, since=since, quantity=1, note="", by=by, now=now)
    month = today.replace(day=1)
    for amount in SHARED:
        month = (month - timedelta(days=1)).replace(day=1)
        evidence = f"供电公司 {month:%Y年%m月} 账单"
        actions.enter_cost(made["公摊电费"], month=month, amount=amount, evidence=evidence, by=by, now=now)
    _discounts(made["物业服务费"], homes[PARKERS:], people, today.replace(day=1), now)
    return made


def _discounts(fee, homes, people, first, now):
    """Ask for a discount of each of two homes for the months of a year from `first` on; the first is approved."""
    facts = {
        "kind": "vacancy",
        "percent": Decimal(30),
        "since": first,
        "last_day": first.replace(year=first.year + 1) - timedelta(days=1),
        "reason": "房屋交付后一直空置，水电均无用量",
        "evidence": "管理规约 第十九条；近六个月抄表记录",
    }
    asked = [actions.ask_discount(fee, home, by=people["cash1"], now=now, **facts) for home in homes]
    actions.approve_discount(asked[0], by=people["sup1"], now=now, note="已核对抄表记录")


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


def payments(community, people, now):
    """Take money for the oldest bills of many homes, a shift of the cashier a day: that of yesterday is closed with a
    yuan missing, that of today is open; one home prepays, one pays a part."""
    by = people["cash1"]
    owing = Bill.objects.filter(community=community).owed().values("unit")
    homes = list(Unit.objects.filter(pk__in=owing).order_by("number", "room_order")[: DAYS * A_DAY + TODAY])
    for ago in range(DAYS, 0, -1):
        begins, these = now - timedelta(days=ago), homes[(DAYS - ago) * A_DAY : (DAYS - ago + 1) * A_DAY]
        shift = actions.open_shift(community, opening_float=Decimal("500.00"), by=by, now=begins)
        for n, home in enumerate(these):
            _pay(home, n + ago, by=by, now=begins + timedelta(minutes=9 * n + 5))
        missing, reason = (1, "找零时少收一元，已核对收据") if ago == 1 else (0, "")
        counted, ends = cash_in(shift) - missing, begins + timedelta(hours=5)
        actions.close_shift(shift, counted_cash=counted, reason=reason, by=by, now=ends)
    actions.open_shift(community, opening_float=Decimal("500.00"), by=by, now=now - timedelta(hours=1))
    for n, home in enumerate(homes[DAYS * A_DAY :]):
        _pay(home, n, by=by, now=now - timedelta(minutes=50 - 8 * n))


def _pay(home, n, *, by, now):
    """Take what a home owes by one means or another: cash is rounded up, the first home pays a part, the second more
    than it owes."""
    bills = list(Bill.objects.filter(unit=home).owed())
    owed = sum(bill.balance for bill in bills)
    method = MEANS[n % len(MEANS)]
    given = owed if method != Method.CASH else (owed // 10 + 1) * 10
    given = {0: max(owed // 2, Decimal("0.01")), 3: owed + 1000}.get(n, given)
    reference = "" if method == Method.CASH else f"42{now:%Y%m%d%H%M%S}{n:02}"
    facts = {"payer": bills[0].debtor, "submission": uuid4(), "keep_rest": n == 3, "by": by, "now": now}
    receipt = actions.take_payment(
        home, bills=bills, deposits=[], means=[actions.Means(method, given, reference)], **facts
    )
    if n % 2:
        actions.count_print(receipt, by=by, now=now)


HEADING = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"


def statement(community, people, now):
    """The app's statement of the last days: what the cashier took by it is matched; three lines wait, of a home that
    wrote its room, of somebody without a word, and of a reference with another amount than was recorded."""
    taken = Payment.objects.filter(community=community, method=Method.WECHAT, receipt__voided_at=None)
    taken = list(taken.exclude(external_ref="").filter(at__gte=now - timedelta(days=DAYS)).order_by("at", "pk"))
    home = Bill.objects.owed().filter(community=community).values("unit__label").annotate(owed=Sum("balance"))
    home = home.order_by("-owed", "unit__label").first()
    if not taken or not home:
        return
    *same, other = taken
    lines = [(one.at, "微信用户", "物业费", one.amount, one.external_ref) for one in same]
    lines.append((other.at, "微信用户", "物业费", other.amount + 5, other.external_ref))
    lines.append(
        (now - timedelta(hours=3), "平安是福", f"{home['unit__label']} 物业费", home["owed"], "4200009000000001")
    )
    lines.append((now - timedelta(hours=2), "晴天", "转账", Decimal("88.88"), "4200009000000002"))
    text = ["微信支付账单明细,,,,,,,,", f"导出时间：[{community.local(now):%Y-%m-%d %H:%M:%S}],,,,,,,,", HEADING]
    for at, who, what, amount, reference in sorted(lines):
        moment = f"{community.local(at):%Y-%m-%d %H:%M:%S}"
        text.append(f"{moment},二维码收款,{who},{what},收入,¥{amount},零钱,支付成功,{reference}\t,\t,/")
    name = f"微信支付账单({community.local(now):%Y%m%d}).csv"
    upload = ContentFile("\r\n".join(text).encode("utf-8-sig"), name=name)
    by = people["fin1"]
    made, _is_new = actions.upload_statement(community, channel="wechat", upload=upload, by=by, now=now)
    actions.take_statement(made, only_good=False, by=by, now=now)


def arrears(community, people, now):
    """Give the community its ladder and a clause on late charges, and climb it a little with those who owe longest."""
    by = people["fin1"]
    for rule in actions.make_ladder(community, by=by, now=now):
        if rule.kind == "reminder":
            # E-mails alone, so it makes no work.
            actions.set_rule(rule, days=-7, is_active=True, source="公司催缴办法 第三条", by=by, now=now)
    actions.advance_arrears(now=now)
    today = community.local(now).date()
    terms = {"rate_per_day": Decimal("0.0003"), "grace_days": 15, "cap_percent": Decimal(20)}
    valid = DateRange(datetime.date(today.year - 1, 1, 1), None)
    actions.add_clause(community, fee=None, clause="物业服务合同 第九条", valid=valid, by=by, now=now, **terms)
    rows = ArrearsCase.objects.open().filter(community=community).exclude(next_kind="")
    rows = rows.select_related("community", "unit")
    called, promised, demanded = (list(rows.order_by("unit_id")[:3]) + [None] * 3)[:3]
    if called:
        facts = {"kind": "phone", "evidence": "10:05 通话 3 分钟", "result": "忘记了，本周来前台缴"}
        actions.record_step(called, by=by, now=now, **facts)
    if promised:
        pay_on = today + timedelta(days=10)
        facts = {"amount": _overdue(promised, today)[0].balance, "note": "发工资后缴"}
        actions.promise_payment(promised, pay_on=pay_on, by=by, now=now, **facts)
    if demanded:
        overdue = _overdue(demanded, today)
        bills = [bill for bill in overdue if bill.debtor_id == overdue[0].debtor_id]
        reply_by = today + timedelta(days=15)
        facts = {"reply_by": reply_by, "pay_to": "客服前台，每天 8:30–18:00；或转账至物业公司账户"}
        actions.write_letter(demanded, bills=bills, by=by, now=now, **facts)


def _overdue(arrears, today):
    """Return what a household owes and is late with, the oldest first: nothing of the developer's."""
    bills = Bill.objects.overdue(today).filter(unit=arrears.unit).exclude(debtor_kind=Bill.DebtorKind.DEVELOPER)
    return list(bills.oldest_first())
