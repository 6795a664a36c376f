"""Rows for tests, made the way the desk makes them: by actions wherever one exists."""

import datetime
import itertools
import uuid
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange

from billing import actions as billing_actions
from billing.models import Bill, Deposit, Fee, MoneyRequest, Refund, Tariff, TariffTier
from complaints import actions, warranty
from complaints.models import Case, Category, Channel, DeadlinePolicy, Kind, WarrantyTerm
from residents import actions as residents_actions
from residents.actions import (
    approve_slip,
    ask_slip,
    book_move,
    lend_keys,
    move_in,
    receive_keys,
    register_person,
    register_unit,
)
from residents.models import Lift, Occupancy
from servicedesk.core import calendar, kept
from servicedesk.core.models import Community, Department, DutyShift, Membership, ServiceHours, User

CHINA = ZoneInfo("Asia/Shanghai")
PASSWORD = "correct-horse-battery"
# Hashed once: a hundred members of staff would otherwise cost seconds.
_PASSWORD_HASH = make_password(PASSWORD, hasher="argon2")
_counter = itertools.count(1)


def at(text):
    """Return an aware moment of China's clock: `at("2025-09-29 16:20")`."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=CHINA)


# A plain working Monday morning on which most tests happen.
MONDAY = at("2025-09-15 09:00")


def community(code="YH", name="云湖花园", *, opens=510, closes=1080, **facts):
    """A community open every day from 08:30 to 18:00, with its departments, policies and categories."""
    made = Community.objects.create(code=code, name=name, phone="8888 0000", **facts)
    ServiceHours.objects.bulk_create(
        [ServiceHours(community=made, weekday=day, opens=opens, closes=closes) for day in range(7)]
    )
    departments = Department.objects.bulk_create(
        [
            Department(community=made, code=slug, name=title, is_centre=slug == "centre")
            for slug, title in [
                ("centre", "客服中心"),
                ("engineering", "工程部"),
                ("security", "秩序部"),
                ("cleaning", "保洁部"),
            ]
        ]
    )
    policies(made)
    categories(made, {department.code: department for department in departments})
    WarrantyTerm.objects.bulk_create(WarrantyTerm(community=made, **facts) for facts in warranty.DEFAULTS)
    return made


def policies(community):
    article = "S3 第十九条"
    same_day = {"code": "same_day", "name": "当日办结", "count": "same_day"}
    three_days = {"code": "three_days", "name": "三日办结", "count": "natural_days", "amount": 3}
    DeadlinePolicy.objects.bulk_create(
        [DeadlinePolicy(community=community, article=article, **facts) for facts in (same_day, three_days)]
    )


def categories(community, departments):
    rows = [
        (1, "noise", "装修噪音", "security", Kind.COMPLAINT, 1),
        (2, "facilities", "公共设施", "engineering", Kind.REPAIR, 1),
        (3, "indoor", "室内维修", "engineering", Kind.REPAIR, 1),
        (4, "mail", "邮件报纸", "centre", Kind.INQUIRY, 1),
        (5, "cleaning", "清洁绿化", "cleaning", Kind.COMPLAINT, 1),
        (7, "service", "服务", "centre", Kind.COMPLAINT, 1),
        (9, "favours", "索要钱物", "centre", Kind.COMPLAINT, 3),
    ]
    Category.objects.bulk_create(
        [
            Category(
                community=community,
                digit=digit,
                code=code,
                name=name,
                department=departments[department],
                kind=kind,
                straight_to_level=level,
                probes=["几点在家"] if code == "indoor" else [],
                phrases=["漏水", "跳闸"] if code == "indoor" else [],
            )
            for digit, code, name, department, kind, level in rows
        ]
    )


def staff(username, name, *roles, community=None, department=None, **facts):
    """A member of staff with roles in one community."""
    user = User.objects.create(username=username, name=name, surname=name[:1], password=_PASSWORD_HASH, **facts)
    for role in roles:
        Membership.objects.create(
            user=user,
            community=community,
            role=role,
            department=community.departments.get(code=department) if department else None,
        )
    return user


def unit(community, label="3-2-1201", **facts):
    """A unit by its label: building, section and number, or building and number."""
    parts = label.split("-")
    return register_unit(
        community,
        building=parts[0],
        building_name=f"{parts[0]} 栋",
        section=parts[1] if len(parts) == 3 else "",
        number=parts[-1],
        by=None,
        now=MONDAY,
        **facts,
    )


def resident(unit, name, phone, kind=Occupancy.Kind.OWNER, since=datetime.date(2019, 5, 1)):
    """A person who has lived in `unit` since 2019 or another day."""
    person = register_person(unit.community, name=name, phone=phone, by=None, now=MONDAY)
    move_in(unit, person, kind=kind, starts_on=since, by=None, now=MONDAY)
    return person


def on_duty(community, user, since=MONDAY, hours=24):
    """Put `user` on the roster as duty manager."""
    period = DateTimeTZRange(since, since + datetime.timedelta(hours=hours))
    return DutyShift.objects.create(community=community, user=user, period=period)


def case(community, *, by, now=MONDAY, category="indoor", **facts):
    """A case received the way the desk receives it; `by=None` comes from the web."""
    facts.setdefault("summary", "厨房水管漏水")
    facts.setdefault("reporter_name", "林晓梅")
    facts.setdefault("reporter_phone", "13800001234")
    chosen = Category.objects.get(community=community, code=category)
    received, _token = actions.receive_case(
        community,
        by=by,
        now=now,
        category=chosen,
        kind=facts.pop("kind", chosen.kind),
        channel=facts.pop("channel", Channel.PHONE if by else Channel.WEB),
        submission=facts.pop("submission", None) or uuid.uuid4(),
        **facts,
    )
    return Case.objects.select_related("community", "department").get(pk=received.pk)


def approved(case, *, by, decided_by, department="centre", now=MONDAY):
    """Verify `case` as a valid complaint and have what `by` proposes approved, which tells the department."""
    chosen = case.community.departments.get(code=department)
    actions.verify(case, validity="valid", by=by, now=now, note="核实属实")
    actions.propose(case, outcome="handle", text="上门处理", department=chosen, by=by, now=now)
    actions.approve(case, by=decided_by, now=now)
    return case


def cleared(case):
    """Let work on an ordinary complaint begin, as if it had been verified and approved before."""
    if case.needs_approval:
        Case.objects.filter(pk=case.pk).update(approved_at=case.received_at)
        case.approved_at = case.received_at
    return case


def told(case, *, by, now=MONDAY, text="已处理好"):
    """Tell the one who brought `case` its result, the way that it came; a letter is written and handed over."""
    if case.channel == Channel.LETTER:
        actions.write_letter(case, by=by, now=now, text=text, addressee=case.reporter_name)
        actions.issue_letter(case, by=by, now=now)
        actions.deliver_letter(case, by=by, now=now, delivery="handed", received_by=case.reporter_name)
    else:
        actions.reply(
            case, channel=case.channel, text=text, by=by, now=now, person_told=case.reporter_name or "匿名来电人"
        )
    return case


def outage(community, *places, by, now=MONDAY, **facts):
    """A known event: no water in `places` (building, section, unit), or in the whole community without any."""
    facts = {"title": "停水", "kind": "emergency", "starts_at": now, "words": "水泵故障,正在抢修。", **facts}
    facts.setdefault("department", community.departments.get(code="engineering"))
    return actions.open_incident(community, by=by, now=now, places=places, is_everywhere=not places, **facts)


def under_warranty(community, building, *, code="fittings", on="2024-09-01", category="indoor"):
    """Record the acceptance of `building` and the system of a category; return the term that it is under."""
    term = community.warranty_terms.get(code=code)
    Category.objects.filter(community=community, code=category).update(warranty=term)
    building.accepted_on = datetime.date.fromisoformat(on) if on else None
    building.save(update_fields=["accepted_on"])
    return term


def party(community, name="云湖置业保修部", *, by, now=MONDAY, **facts):
    """A developer of `community`, reached by telephone unless an `email` is given."""
    facts = {"kind": "developer", "contact": "姚工", "phone": "057188880001", **facts}
    return actions.add_party(community, name=name, by=by, now=now, **facts)


def claim(case, party, *, by, now=MONDAY, term=None, **facts):
    """A claim on `party` for `case`; without an acceptance it says why it is theirs."""
    facts = {"text": "厨房水管漏水,请安排维修。", "sent_how": "phone", "reason": "购房合同约定", **facts}
    term = term or case.community.warranty_terms.get(code="fittings")
    return actions.send_warranty(case, party=party, term=term, by=by, now=now, **facts)


def fresh(case):
    """The case as the database has it now."""
    return Case.objects.select_related("community", "department", "category", "policy").get(pk=case.pk)


def forget_calendars():
    """Forget what this process worked out about communities of earlier tests."""
    kept.forget()
    calendar._known.clear()


def company(unit, name="远航科技有限公司"):
    """A company that has leased `unit` since 2019; returns the occupancy."""
    person = register_person(unit.community, name=name, phone="", kind="company", by=None, now=MONDAY)
    since = datetime.date(2019, 5, 1)
    return move_in(unit, person, kind=Occupancy.Kind.LESSEE, starts_on=since, by=None, now=MONDAY)


def visit_plan(community, *, by, now=MONDAY, staff=(), buildings=(), **facts):
    """A plan of visits for two weeks around `now`."""
    day = community.local(now).date()
    week = datetime.timedelta(days=7)
    facts = {"name": "九月走访", "starts_on": day - week, "ends_on": day + week, "target": 70, **facts}
    return residents_actions.make_plan(community, staff=staff, buildings=buildings, by=by, now=now, **facts)


def board(community, building, *, by, now=MONDAY, **facts):
    """A board of the lobby with eight places."""
    facts = {"name": "大堂水牌", "place": "lobby", "slots": 8, "building": building, **facts}
    return residents_actions.add_board(community, by=by, now=now, **facts)


def plate(board, occupancy, *, by, slot=1, now=MONDAY, **facts):
    """A plate that was asked for, its name approved by the occupant."""
    agreed = {"agreed_by": "行政部 赵经理", "agreed_on": now.date(), "agreed_how": "writing"}
    facts = {"display_name_zh": occupancy.person.name, **agreed, **facts}
    return residents_actions.request_plate(board, occupancy, slot=slot, by=by, now=now, **facts)


def hung(plate, *, by, approved_by, now=MONDAY):
    """The plate after it was approved, made and mounted."""
    residents_actions.approve_plate(plate, by=approved_by, now=now)
    residents_actions.make_plate(plate, by=by, now=now)
    residents_actions.mount_plate(plate, by=by, now=now)
    return plate


def lift(unit, name="1 号梯", **facts):
    """A lift that carries goods to `unit`."""
    facts.setdefault("section", unit.section)
    return Lift.objects.create(community=unit.community, building=unit.building, name=name, **facts)


def booking(unit, *, by, lift, now=MONDAY, begins="2025-09-16 08:00", ends="2025-09-16 10:00", **facts):
    """A move of the owner into `unit` on Tuesday morning."""
    facts = {"kind": "in", "applicant_name": "林晓梅", "applicant_phone": "13800001234", "relation": "owner", **facts}
    return book_move(unit, by=by, now=now, lift=lift, starts_at=at(begins), ends_at=at(ends), **facts)


def slip(unit, *, by, now=MONDAY, items=(("沙发", 2, ""),), valid_on=None, valid_until=None, **facts):
    """A slip for two sofas of the owner, good today."""
    valid_on = valid_on or MONDAY.date()
    facts = {"applicant_name": "林晓梅", "applicant_phone": "13800001234", "relation": "owner", **facts}
    return ask_slip(
        unit, by=by, now=now, items=list(items), valid_on=valid_on, valid_until=valid_until or valid_on, **facts
    )


def released(unit, *, by, decided_by, now=MONDAY, **facts):
    """A slip that is approved."""
    made = slip(unit, by=by, now=now, **facts)
    approve_slip(made, by=decided_by, now=now)
    return made


def key_set(community, *, by, tag="K-01", kind="resident_custody", slot="A1", copies=2, **facts):
    """Keys in the cabinet: of a unit, or of a place where none is given."""
    where = {} if facts.get("unit") else {"place": facts.pop("place", "水泵房")}
    return receive_keys(
        community, tag=tag, kind=kind, slot=slot, copies=copies, by=by, now=facts.pop("now", MONDAY), **where, **facts
    )


def key_loan(keys, *, by, now=MONDAY, hours=2, **facts):
    """Keys lent to a contractor who showed an identity card, after a call to the owner."""
    who = facts or {"borrower": "contractor", "name": "吴师傅", "phone": "13700001111", "proof": "id"}
    who |= {"owner_called": True, "owner_said": "同意"} if keys.unit_id and who.get("borrower") != "owner" else {}
    return lend_keys(
        keys, copies=1, due_back_at=now + datetime.timedelta(hours=hours), reason="检修", by=by, now=now, **who
    )


# Fees -----------------------------------------------------------------------------------------------------------------


def fee(home, name="物业服务费", *, kind="service", **facts):
    """A fee of a community, charged to every unit unless `applies_to` says otherwise."""
    code = facts.pop("code", f"{kind}-{next(_counter)}")
    return Fee.objects.create(community=home, name=name, kind=kind, code=code, **facts)


def tariff(of, *, since=datetime.date(2025, 1, 1), until=None, basis="area", unit_price="2.50", tiers=(), **facts):
    """What a fee costs from a day on; `tiers` are pairs of where a step ends and its price."""
    row = Tariff.objects.create(
        community=of.community,
        fee=of,
        valid=DateRange(since, until),
        basis=basis,
        unit_price=unit_price,
        at=MONDAY,
        **{"price_basis": "物业服务合同 第六条", **facts},
    )
    for position, (up_to, price) in enumerate(tiers, 1):
        TariffTier.objects.create(tariff=row, position=position, up_to=up_to, unit_price=price)
    return row


def bill(of, charged, amount="260.75", *, month=datetime.date(2025, 8, 1), due_on=None, **facts):
    """An issued bill of a unit for one fee and month, as a run writes it."""
    last = (month + datetime.timedelta(days=32)).replace(day=1) - datetime.timedelta(days=1)
    due_on = due_on or month + datetime.timedelta(days=25)
    lines = [{"text": charged.name, "amount": str(amount)}]
    row = Bill.objects.create(
        **{
            "community": of.community,
            "number": f"ZD{month:%Y%m}-{900_000 + next(_counter)}",
            "unit": of,
            "fee": charged,
            "debtor_kind": "unknown",
            "month": month,
            "from_on": month,
            "to_on": last,
            "amount": amount,
            "lines": lines,
            "issued_on": month,
            "due_on": due_on,
            "claim_until": due_on.replace(year=due_on.year + 3),
            "created_at": MONDAY,
            **facts,
        }
    )
    row.refresh_from_db()
    return row


def deposit(of, payer, amount="2000.00", *, by, **facts):
    """A deposit that was asked for and that nobody has paid yet."""
    facts = {"kind": "renovation", "note": "装修押金", "asked_at": MONDAY, **facts}
    return Deposit.objects.create(
        community=of.community,
        unit=of,
        payer=payer,
        amount=amount,
        number=f"YJ-{next(_counter):04}",
        asked_by=by,
        **facts,
    )


def refund(of, amount, *, shift, by, approved_by):
    """Money of a payment given back in a shift, with the approval it takes."""
    asked = MoneyRequest.objects.create(
        community=of.community,
        kind=MoneyRequest.Kind.REFUND,
        status=MoneyRequest.Status.APPROVED,
        unit=of.unit,
        payment=of,
        amount=amount,
        reason="多收",
        asked_by=by,
        asked_at=MONDAY,
        decided_by=approved_by,
        decided_at=MONDAY,
    )
    number = f"TK-{next(_counter):04}"
    facts = {"community": of.community, "unit": of.unit, "payment": of, "request": asked, "shift": shift, "by": by}
    return Refund.objects.create(**facts, number=number, method=of.method, amount=amount, at=MONDAY)


WECHAT_HEADING = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"


def wechat_file(*rows, name="微信支付账单.csv", encoding="utf-8-sig"):
    """A statement as the app exports it; a row is (time, payer, for what, amount, reference) and, of money that did not
    come in, its direction and its state."""
    lines = [
        "微信支付账单明细,,,,,,,,",
        "微信昵称：[云湖物业],,,,,,,,",
        ",,,,,,,,",
        "----微信支付账单明细列表----,,,,,,,,",
    ]
    lines.append(WECHAT_HEADING)
    for at, payer, what, amount, reference, *other in rows:
        direction, state = other or ("收入", "支付成功")
        cells = [at, "二维码收款", payer, what, direction, f"¥{amount}", "零钱", state, f"{reference}\t", "9\t", "/"]
        lines.append(",".join(cells))
    return SimpleUploadedFile(name, "\r\n".join(lines).encode(encoding))


def statement(home, upload, *, by, now=MONDAY, channel="wechat", only_good=False):
    """A statement of which the lines were taken."""
    made, _is_new = billing_actions.upload_statement(home, channel=channel, upload=upload, by=by, now=now)
    return billing_actions.take_statement(made, only_good=only_good, by=by, now=now)
