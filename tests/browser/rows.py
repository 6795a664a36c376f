"""A furnished house for pages that are only looked at: every status, level and kind of case, made by the actions."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from complaints import actions, closing, figures, subjects, surveying
from complaints.models import Channel, Pause, Severity, Urgency
from residents import actions as register
from residents import moving
from residents.imports import mapping
from residents.imports.registry import TARGETS
from residents.models import Unit
from servicedesk.core import clock, events, photos, tokens
from servicedesk.core.models import Community, Membership, Role
from tests import factories
from tests.browser import money
from tests.complaints import residents

# More than one page of the list.
MANY = 60


@dataclass
class House:
    """What stands in the addresses of pages: people by name, cases by what is special about them."""

    community: Community
    empty: Community
    people: dict
    cases: dict = field(default_factory=dict)
    incidents: dict = field(default_factory=dict)
    surveys: list = field(default_factory=list)
    imports: dict = field(default_factory=dict)
    subjects: dict = field(default_factory=dict)
    bookings: dict = field(default_factory=dict)
    moves: dict = field(default_factory=dict)
    slips: dict = field(default_factory=dict)
    units: list = field(default_factory=list)
    keys: dict = field(default_factory=dict)
    loans: dict = field(default_factory=dict)
    cards: dict = field(default_factory=dict)
    # Of fees: bills, receipts, runs and what else an address names, by what is special about them.
    money: dict = field(default_factory=dict)
    url: str = ""

    def client(self, name):
        """Return a new client that `name` of the cast is signed in with."""
        client = Client()
        client.force_login(self.people[name])
        return client

    def link(self, name):
        """Return the token by which the resident follows a case."""
        return actions.first_token(self.cases[name])


def furnish():
    """Make the house and return it. Takes about three seconds."""
    now = clock.now()
    home = factories.community()
    # A second one, without a single case: the empty states, and a choice for residents and for who works in both.
    empty = factories.community("LY", "柳岸家园", name_en="Willow Bank")
    actions.fill_courtesy(home, by=None, now=now)
    house = House(home, empty, _staff(home, empty))
    units = {label: factories.unit(home, label) for label in ("3-2-1201", "3-2-1202", "5-1-0301", "12-0902")}
    people = {
        "lin": factories.resident(units["3-2-1201"], "林晓梅", "13800001234"),
        "wu": factories.resident(units["3-2-1202"], "吴刚", "13900005678"),
        "bai": factories.resident(units["5-1-0301"], "白雪", "13700002210"),
    }
    factories.on_duty(home, house.people["zhou"], since=now - timedelta(hours=2))
    _cases(house, units, people, now)
    _register(house, units, people, now)
    _privacy(house, units, people, now)
    _moves(house, units, now)
    _imports(house, now)
    _meters(house, units, now)
    _keys(house, units, people, now)
    _home_visits(house, units, people, now)
    _boards(house, now)
    _handovers(house, units, people, now)
    money.furnish(house, now)
    events.seal_events()
    return house


def _staff(home, empty):
    people = {
        "chen": factories.staff("chen", "陈静", Role.CLERK, community=home),
        "zhou": factories.staff("zhou", "周敏", Role.SUPERVISOR, community=home),
        "guo": factories.staff("guo", "郭建国", Role.DEPUTY_GM, community=home),
        "han": factories.staff("han", "韩涛", Role.HEAD, community=home, department="engineering"),
        "liu": factories.staff("liu", "刘强", Role.WORKER, community=home, department="engineering"),
        "ma": factories.staff("ma", "马超", Role.WORKER, community=home, department="security"),
        "li_na": factories.staff("li_na", "李娜", Role.CASHIER, community=home),
        "qian": factories.staff("qian", "钱芳", Role.FINANCE, community=home),
        "tang": factories.staff("tang", "唐宁", Role.ADMIN, community=home),
        "new": factories.staff("new", "新来", community=home),
        # At work where nothing has happened yet.
        "he": factories.staff("he", "何平", Role.CLERK, community=empty),
        "sun": factories.staff("sun", "孙立", Role.SUPERVISOR, Role.ADMIN, community=empty),
        "jin": factories.staff("jin", "钱进", Role.WORKER, community=empty, department="engineering"),
    }
    people["both"] = factories.staff("both", "石磊", Role.CLERK, community=home)
    Membership.objects.create(user=people["both"], community=empty, role=Role.SUPERVISOR)
    return people


def _cases(house, units, people, now):
    home, staff = house.community, house.people
    chen, zhou, liu = staff["chen"], staff["zhou"], staff["liu"]
    engineering = home.departments.get(code="engineering")
    lin = {"unit": units["3-2-1201"], "reporter": people["lin"]}
    wu = {"unit": units["3-2-1202"], "reporter": people["wu"], "reporter_name": "吴刚", "reporter_phone": "13900005678"}

    def receive(name, *, by=chen, ago=timedelta(minutes=10), **facts):
        house.cases[name] = factories.case(home, by=by, now=now - ago, **facts)
        return house.cases[name]

    def handed(name, **facts):
        case = receive(name, **facts)
        actions.hand_over(case, department=engineering, by=chen, now=case.received_at)
        return case

    def in_hand(name, **facts):
        case = handed(name, **facts)
        actions.accept(case, by=liu, now=case.received_at + timedelta(minutes=5))
        return case

    def resolved(name, **facts):
        case = in_hand(name, **facts)
        remedy, seen = "更换水管接头,试水正常。", photos.reencode(residents.picture("after.jpg", size=(800, 600)))
        at = case.received_at + timedelta(hours=1)
        took = {"materials": [("角阀", Decimal(2), "只")], "labour_minutes": 40}
        actions.resolve(case, by=liu, now=at, remedy=remedy, pictures=[(seen, photos.store(seen))], **took)
        return case

    def replied(name, **facts):
        case = resolved(name, **facts)
        at = case.received_at + timedelta(hours=2)
        actions.reply(case, channel=case.channel, text="已修好,感谢您的理解。", by=chen, now=at, person_told="林女士")
        return case

    receive("taken", description="从昨晚开始,已关总阀。\n厨房地面有积水。", wish="今天 18 点前上门", **lin)
    receive("web", by=None, reporter_name="白雪", reporter_phone="13700002210", unit=units["5-1-0301"])
    receive("late_web", by=None, ago=timedelta(days=5), summary="楼道灯不亮", place="3 栋 2 单元大堂")
    handed("handed", ago=timedelta(hours=3), summary="卫生间地漏返水,楼下住户反映天花板渗水", **wu)
    in_hand("in_hand", ago=timedelta(hours=2), **lin)
    actions.arrive(house.cases["in_hand"], by=liu, now=now - timedelta(hours=1))
    broken = photos.reencode(residents.picture("before.jpg", size=(800, 600)))
    actions.add_photos(house.cases["in_hand"], by=liu, now=now, pictures=[(broken, photos.store(broken))], public=True)
    actions.add_note(house.cases["in_hand"], by=zhou, now=now, note="已约下午两点复查,请带配件。")
    actions.add_note(house.cases["in_hand"], by=chen, now=now, note="师傅下午两点前到。", public=True)
    actions.resident_urge(house.cases["in_hand"], now=now)
    waiting = in_hand("waiting", ago=timedelta(hours=5), summary="入户门锁失灵", **wu)
    until = now + timedelta(days=1)
    actions.pause(waiting, reason=Pause.Reason.MATERIAL, until=until, by=liu, now=now, note="等锁芯到货")
    quoted = in_hand("quoted", ago=timedelta(hours=2), summary="角阀滴水", **lin)
    actions.quote(quoted, amount=Decimal(120), text="更换角阀两只", by=liu, now=now)
    resolved("resolved", ago=timedelta(hours=4), **lin)
    replied("replied", ago=timedelta(days=1), **wu)
    archived = replied("archived", ago=timedelta(days=2), **lin)
    actions.archive(archived, by=chen, now=now - timedelta(days=1))
    in_hand("late", ago=timedelta(days=5), summary="电梯轿厢异响", place="5 栋 B 梯", **wu)
    receive("urgent", urgency=Urgency.SPECIAL_URGENT, reason="有老人被困", summary="电梯困人", place="5 栋 B 梯")
    receive("major", severity=Severity.MAJOR, reason="多户停水", category="facilities", summary="3 栋整栋停水")
    letter = {
        "channel": Channel.LETTER,
        "letter_ref": "业主字〔2026〕3 号",
        "letter_on": (now - timedelta(days=1)).date(),
    }
    receive("letter", category="noise", summary="夜间施工扰民", **letter, **wu)
    missed = actions.enter_call(home, by=chen, now=now, kind="missed", phone="13700002210")
    actions.explain_call(missed, by=chen, now=now, reason="打错了")
    yesterday = now - timedelta(days=1)
    finished = {"kind": "finished", "caller": "白雪", "what": "问装修申请要带什么", "phone": "13700002210"}
    actions.enter_call(home, by=chen, now=yesterday, **finished)
    actions.enter_call(home, by=chen, now=now, kind="missed", phone="13900005678")
    _letters(house, receive, now, **wu)
    sent = {"sender": "5 栋业主小组", "sender_ref": "第 3 号", "subject": "建议增加充电桩", "pages": 2}
    actions.register_letter(home, by=chen, now=now, letter_on=(now - timedelta(days=2)).date(), **sent)
    asked = receive("asked_void", summary="测试单,误登记", **lin)
    actions.ask_void(asked, by=chen, now=now, reason="重复登记")
    void = receive("void", summary="拨错电话", **lin)
    actions.ask_void(void, by=chen, now=now, reason="不属本小区")
    actions.confirm_void(void, by=zhou, now=now)
    merged = receive("merged", summary="还是漏水", **lin)
    actions.merge(merged, into=house.cases["taken"], by=chen, now=now)
    _again(house, receive, replied, units, people, now)
    _under_warranty(house, in_hand, lin, wu, now)
    receive("about", category="service", summary="接待人员态度生硬", concerns=[zhou])
    _complaints(receive, staff, home, now)
    for number in range(MANY):
        receive(f"many_{number}", by=None, ago=timedelta(hours=6, minutes=number), summary=f"{number} 号车位灯不亮")
    _answered(house, receive)
    _surveyed(house, units, now)
    actions.escalate_overdue(now=now)
    _asleep(house, now)
    _signed(house, now)
    _incidents(house, units, now)
    house.cases = {name: factories.fresh(case) for name, case in house.cases.items()}


def _under_warranty(house, in_hand, lin, wu, now):
    """A repair that may be claimed, one for which the developer was asked too long ago, and one that it refused."""
    chen, zhou, room = house.people["chen"], house.people["zhou"], lin["unit"]
    factories.under_warranty(house.community, room.building, on=f"{now.year - 1}-06-30")
    party = factories.party(house.community, by=zhou, now=now)
    facts = {"term": house.community.warranty_terms.get(code="fittings"), "by": chen, "reason": ""}
    in_hand("covered", ago=timedelta(hours=2), summary="卫生间换气扇不转", **lin)
    claimed = in_hand("claimed", ago=timedelta(days=2), summary="入户总阀滴水", **lin)
    factories.claim(claimed, party, now=now - timedelta(days=8), **facts)
    refused = in_hand("claim_refused", ago=timedelta(days=1), summary="厨房插座没电", **wu)
    made = factories.claim(refused, party, now=now - timedelta(hours=3), **facts)
    words = {"answer": "业主自行改线,不予保修。", "answered_by": "姚工"}
    actions.refuse_warranty(refused, claim=made, by=chen, now=now - timedelta(hours=1), **words)
    actions.remind_warranty(now=now)
    _problems(house, party, now)


def _problems(house, party, now):
    """A problem found in two cases, with a proposal of last month that waits for an answer and a new one."""
    chen, zhou = house.people["chen"], house.people["zhou"]
    for name in ("claimed", "claim_refused"):
        actions.mark_problem(factories.fresh(house.cases[name]), theme="入户阀门和接头滴水", by=chen, now=now)
    problem = house.community.product_problems.get()
    facts = {"party": party, "by": chen}
    old = actions.propose_remedy(problem, text="逐户排查同批接头", now=now - timedelta(days=40), **facts)
    actions.send_remedy(old, sent_how="letter", by=zhou, now=now - timedelta(days=39))
    actions.propose_remedy(problem, text="统一更换", now=now, **facts)
    last = figures.period_of("month", (now - timedelta(days=40)).date())
    words = {"text": "请开发商排查同批接头。", "addressee": "云湖置业"}
    actions.sign_problems(house.community, last, by=zhou, now=now, **words)


def _complaints(receive, staff, home, now):
    """Complaints on the way through verification, proposal and approval."""
    chen, zhou, cleaning = staff["chen"], staff["zhou"], home.departments.get(code="cleaning")

    def complaint(name, validity, **facts):
        case = receive(name, ago=timedelta(hours=2), category="cleaning", summary="楼道堆放杂物", **facts)
        actions.verify(case, validity=validity, by=chen, now=now, note="现场查看,有旧家具三件。")
        return case

    refusal = {"outcome": "decline", "text": "物品在业主自家门内。", "answer": "非常抱歉,门内物品我们无权处理。"}
    complaint("valid", "valid")
    complaint("invalid", "invalid")
    measure = {"outcome": "handle", "text": "今天清走,查监控找到物主。", "department": cleaning}
    actions.propose(complaint("proposed", "valid"), by=chen, now=now, **measure)
    actions.propose(complaint("to_decline", "invalid"), by=chen, now=now, **refusal)
    actions.propose(complaint("own_proposal", "valid"), by=zhou, now=now, **measure)
    declined = complaint("declined", "invalid")
    actions.propose(declined, by=chen, now=now, **refusal)
    actions.approve(declined, by=zhou, now=now, note="同意。")
    reported = receive("reported", category="cleaning", summary="大堂玻璃碎裂", urgency=Urgency.SPECIAL_URGENT)
    actions.hand_over(reported, department=cleaning, by=chen, now=now, note="先围起来")


def _answered(house, receive):
    """Add what follows an answer: visits that are due, tried, made and refused, one that waits for rain, ratings."""
    chen, zhou, both = (house.people[name] for name in ("chen", "zhou", "both"))
    settled = {"category": "service", "ago": timedelta(days=1)}
    facts = {
        "to_visit": {"summary": "前台答应回电话没有回", **settled},
        "tried": {"summary": "大堂灯光太暗", **settled},
        "visited": {"summary": "快递柜收费没有说明", **settled},
        "refused": {"summary": "楼道堆物反映多次", **settled},
        "rated": {"summary": "保洁时间太早", **settled},
        "rated_badly": {"summary": "门岗态度生硬", **settled},
        "letter_told": {
            "summary": "来信反映宠物扰民",
            "channel": Channel.LETTER,
            "letter_ref": "来信 16 号",
            **settled,
        },
        "major_told": {"summary": "游乐设施伤人", "severity": Severity.MAJOR, "reason": "有孩子受伤", **settled},
        "rainy": {"summary": "外墙渗水", "category": "facilities", "ago": timedelta(days=1)},
    }
    for name, known in facts.items():
        case = receive(name, by=zhou if name == "rainy" else chen, **known)
        at = case.received_at + timedelta(hours=1)
        if case.needs_approval:
            factories.approved(case, by=chen, decided_by=zhou, now=at)
            actions.start(case, by=chen, now=at)
        actions.resolve(case, by=case.first_responsible, now=at, remedy="已查明原因并处理。")
        factories.told(case, by=case.first_responsible, now=at, text="已处理好,给您添麻烦了。")
    later = house.cases["tried"].received_at + timedelta(hours=4)
    actions.miss_visit(house.cases["tried"], by=zhou, now=later)
    actions.visit(house.cases["visited"], channel="phone", grade=5, by=both, now=later, words="说清楚了,很满意。")
    actions.visit(house.cases["refused"], channel="phone", grade=2, by=zhou, now=later, words="还是堆着,没有人管。")
    actions.rate(house.cases["rated"], overall=5, speed=4, manner=5, words="改得很快", now=later)
    actions.rate(house.cases["rated_badly"], overall=1, speed=2, words="还是爱理不理", now=later)


def _again(house, receive, replied, units, people, now):
    """A case that others were joined to, one that comes back, and one that was closed too long ago to be reopened."""
    chen, bai = house.people["chen"], {"unit": units["5-1-0301"], "reporter": people["bai"]}
    lead = replied("lead", ago=timedelta(hours=9), summary="楼道积水", **bai)
    for name, facts in (("caller_web", {"by": None}), ("caller_phone", {}), ("caller_told", {})):
        caller = receive(name, summary="走廊里全是水", ago=timedelta(hours=8), reporter_name="吴刚", **facts)
        actions.merge(caller, into=factories.fresh(lead), by=chen, now=now)
    told = {"caller": factories.fresh(house.cases["caller_told"]), "channel": "phone", "text": "积水已清。"} | {
        "person_told": "吴刚"
    }
    actions.tell_caller(factories.fresh(lead), by=chen, now=now, **told)
    old = replied("closed", ago=timedelta(days=12), summary="水龙头滴水", **bai)
    actions.archive(old, by=chen, now=now - timedelta(days=10))
    receive("again", summary="水龙头又滴水", **bai)
    for name in ("hotline", "hotline_ended"):
        slip = {"source_org": "12345", "external_no": f"2026-{name}", "received_from": "街道办", "sign_due_at": now}
        slip |= {"first_contact_due_at": now, "reply_due_at": now + timedelta(hours=3)}
        receive(name, channel=Channel.HOTLINE, summary="夜间水泵噪音", external=slip, **bai)
    ended = house.cases["hotline_ended"]
    slip = {"external": ended.external_cases.get(), "by": chen, "now": now}
    actions.answer_external(factories.fresh(ended), reply_text="已加装隔振垫,噪音达标。", **slip)
    marks = {"responded": "yes", "solved": "yes", "satisfied": ""}
    actions.evaluate_external(factories.fresh(ended), **slip | {"external": ended.external_cases.get()}, **marks)


def _incidents(house, units, now):
    """One that runs and one that is over, each with callers; none in building 5, so that a caller without is seen."""
    home, staff, room = house.community, house.people, units["3-2-1201"]
    long_ago, until = now - timedelta(hours=3), now + timedelta(hours=2)
    words = "三栋二次供水泵房一号泵跳停,正在切换备用泵,水车停在北门。"
    facts = {"by": staff["chen"], "now": long_ago, "words": words}
    running = factories.outage(home, (room.building, None, None), title="3 栋停水", expected_end_at=until, **facts)
    over = factories.outage(home, (room.building, room.section, None), title="2 单元停电", **facts)
    house.incidents = {"running": running, "over": over}
    linked = {"reporter_name": "白雪", "reporter_phone": "13700002210", "category": "facilities", "now": long_ago}
    house.cases["linked"] = factories.case(home, by=None, summary="家里没水了", incident=running, **linked)
    factories.case(home, by=None, summary="楼道和家里都没电", incident=over, **linked)
    factories.case(home, by=staff["chen"], summary="停电了,老人怕黑", incident=over, **linked)
    actions.end_incident(over, reply="供电已恢复,谢谢您的耐心。", by=staff["zhou"], now=now)


def _surveyed(house, units, now):
    """Add a survey that six homes have answered, and one that nobody has."""
    home, zhou = house.community, house.people["zhou"]
    asked = [
        {"kind": "grade", "text": "您对保洁满意吗", "choices": []},
        {"kind": "choice", "text": "最该先改进什么", "choices": ["停车", "绿化", "电梯"]},
        {"kind": "text", "text": "还想对我们说什么", "choices": []},
    ]
    today = home.local(now).date()
    facts = {"questions": asked, "buildings": [], "opens_on": today, "by": zhou, "now": now}
    for name in ("年度满意度调查", "夏季停车调查"):
        house.surveys.append(actions.make_survey(home, title=name, closes_on=today + timedelta(days=14), **facts))
    house.units = list(units.values())
    more = [factories.unit(home, f"5-1-{floor}02") for floor in ("04", "05", "06")]
    for grade, unit in zip([5, 5, 4, 3, 2, 4], [*house.units[1:], *more], strict=True):
        answers = [grade, grade % 3, "电梯等得久" if grade > 2 else ""]
        actions.answer_survey(house.surveys[0], unit, answers=answers, by=None, now=now)


def _letters(house, receive, now, **facts):
    """Add cases by letter whose answer is to be written, a draft, numbered and delivered."""
    chen, at = house.people["chen"], now - timedelta(hours=1)
    told = {"text": "尊敬的吴刚：\n\n您好！来函收悉，报纸已补送。\n\n谢谢您的批评指正！", "addressee": "吴刚"}
    by_letter = {"channel": Channel.LETTER, "category": "mail", "summary": "报纸没有送到", **facts}
    for name in ("letter_owed", "letter_draft", "letter_issued", "letter_sent"):
        case = receive(name, ago=timedelta(hours=2), **by_letter)
        actions.resolve(case, by=chen, now=at, remedy="已补送三天的报纸。")
        if name != "letter_owed":
            actions.write_letter(case, by=chen, now=at, **told)
        if name in ("letter_issued", "letter_sent"):
            letter = actions.issue_letter(case, by=chen, now=at)
        if name == "letter_sent":
            actions.deliver_letter(case, by=chen, now=at, delivery="posted", tracking_no="EX1234567")
            actions.reprint_letter(case, letter=letter, by=chen, now=now)


def _asleep(house, now):
    """Add a community whose sweep does not run, as a case shows that should have risen. Residents see none of it."""
    place = factories.community("BH", "北湖苑", name_en="North Lake Court", is_public=False)
    house.people["xu"] = factories.staff("xu", "徐岚", Role.SUPERVISOR, community=place)
    factories.case(place, by=None, now=now - timedelta(days=5), summary="三号楼门禁失灵", category="facilities")


def _signed(house, now):
    """Sign yesterday, with a line about each late case, and last week; what is later is left to be signed."""
    home, zhou = house.community, house.people["zhou"]
    yesterday = home.local(now).date() - timedelta(days=1)
    day = closing.Day(home, yesterday, user=zhou, now=now)
    late = next(check for check in day.checks if check.key == "late")
    lines = [(late, row, "等配件到货,已与业主约好") for row in late.rows]
    actions.explain(home, date=yesterday, lines=lines, by=zhou, now=now)
    words = "今日平稳,雨后地库渗水较多,明早开例会。"
    actions.sign_day(home, date=yesterday, summary=words, exceptions="系统停电,次日补登", by=zhou, now=now)
    last_week = figures.period_of("week", home.local(now).date()).before
    actions.sign_report(home, last_week, text="本周渗水类报修偏多,已排查三栋立管。", by=zhou, now=now)


def _register(house, units, people, now):
    """Bai with all that an entry may have: contacts, a car, a number, a copy of a paper; and Bai once more."""
    home, by = house.community, {"by": house.people["chen"], "now": now}
    bai, unit, today = people["bai"], units["5-1-0301"], home.local(now).date()
    register.correct_person(
        bai, name="白雪", phone="13700002210", title="女士", note="午间请勿按门铃。", reason="本人来电", **by
    )
    firm = register.register_person(home, name="远航科技有限公司", phone="", kind="company", **by)
    office = factories.unit(home, "12-0903")
    register.move_in(office, firm, kind="owner", share=Decimal(60), starts_on=today, **by)
    register.move_in(office, bai, kind="staff", company=firm, starts_on=today - timedelta(days=9), ends_on=today, **by)
    contact = {"role": "emergency", "tell": ["emergency", "case"], **by}
    register.add_contact(unit, bai, name="白母", phone="13900001111", note="住同城", **contact)
    register.add_contact(units["3-2-1201"], people["lin"], person=bai, **contact)
    register.add_vehicle(unit, bai, kind="car", plate="浙A12345", colour="白色", starts_on=today, **by)
    register.record_identity(bai, kind="id_card", number="11010519491231002X", **by)
    seen = photos.reencode(residents.picture("card.jpg", size=(800, 500)))
    day = today + timedelta(days=9)
    register.keep_identity_copy(bai, pictures=[(seen, photos.store(seen))], delete_on=day, **by)
    again = register.register_person(home, name="白雪", phone="13700002210", **by)
    register.move_in(unit, again, kind="household", starts_on=today, **by)
    house.subjects |= {"bai": bai, "again": again}


def _privacy(house, units, people, now):
    """Somebody whose data is sealed and may be read, and somebody whose erasure waits for a second person."""
    home, chen, zhou, guo = house.community, *(house.people[name] for name in ("chen", "zhou", "guo"))
    gone = factories.resident(units["12-0902"], "石榴", "13611112222")
    case = factories.case(
        home, by=chen, category="mail", now=now - timedelta(days=3), reporter=gone, summary="报箱钥匙"
    )
    actions.resolve(case, by=chen, now=case.received_at, remedy="已配好钥匙")
    factories.told(case, by=chen, now=case.received_at, text="钥匙已配好,请来取。")
    actions.archive(case, by=zhou, now=case.received_at)
    subject = subjects.Subject(home, person=gone)
    for kind, confirm in (("erase", actions.confirm_erasure), ("read", actions.confirm_read)):
        asked = actions.ask_data(subject, kind=kind, reason="本人来访要求", path="/people/", by=zhou, now=now)
        confirm(asked, *([subject] if kind == "erase" else []), by=guo, now=now)
    waits = subjects.Subject(home, person=people["wu"])
    actions.ask_data(waits, kind="erase", reason="已搬离,要求删除", path="/people/", by=zhou, now=now)
    house.subjects |= {"lin": people["lin"], "sealed": gone, "waits": people["wu"]}
    actions.keep_intake(chen, home, {"summary": "灯"}, now=now - timedelta(days=30))
    actions.apply_retention(now=now)


def _moves(house, units, now):
    """A lift, a move of each kind, and a slip in each state that somebody looks at."""
    home, (chen, zhou, ma, tang) = house.community, (house.people[name] for name in ("chen", "zhou", "ma", "tang"))
    flat = units["3-2-1201"]
    goods = register.add_lift(home, building=flat.building, section=flat.section, name="货梯", by=tang, now=now)
    rule, day = moving.rule_of(home), home.local(now).date()

    def book(kind, **facts):
        slot = moving.next_free(rule, goods, now)
        edges = {"begins": home.local(slot.lower).isoformat(), "ends": home.local(slot.upper).isoformat()}
        facts = {"mover_company": "顺达搬家", "mover_phone": "13700003333", "plate_no": "浙A12345", **facts}
        edges = {name: value[:16].replace("T", " ") for name, value in edges.items()}
        house.bookings[kind] = factories.booking(flat, by=chen, lift=goods, now=now, kind=kind, **edges, **facts)

    book("in", protects_floor=True, route="北门停车，经 2 单元大堂")
    book("out", relation="lessee", applicant_name="租客何先生")
    book("bulky")
    register.confirm_move(house.bookings["in"], by=chen, now=now)
    register.cancel_move(house.bookings["bulky"], by=chen, now=now, reason="业主改期")
    things = [("沙发", 2, ""), ("餐椅", 4, ""), ("电视", 1, "屏幕已裂")]
    facts = {"items": things, "valid_on": day, "now": now, "plate_no": "浙A12345"}
    house.slips["waiting"] = factories.slip(flat, by=chen, **facts)
    house.slips["lessee"] = factories.slip(flat, by=chen, relation="lessee", **facts)
    for name in ("good", "used", "differs"):
        house.slips[name] = factories.released(flat, by=chen, decided_by=zhou, **facts)
    register.pass_gate(house.slips["used"], by=ma, now=now)
    register.note_difference(house.slips["differs"], by=ma, now=now, note="多出一台冰箱")


def _meters(house, units, now):
    """Water meters of all homes, one with an odd reading, one void, one replaced; a closed round and an open one."""
    home, chen, liu, zhou = house.community, *(house.people[name] for name in ("chen", "liu", "zhou"))
    month, begin = timedelta(days=30), now - timedelta(days=100)
    facts = {"resource": "water", "max_value": Decimal("99999.99"), "by": chen, "now": begin, "base": Decimal(100)}
    meters = [
        register.add_meter(home, serial=f"S{n}", unit=unit, **facts) for n, unit in enumerate(units.values(), start=1)
    ]
    meters.append(register.add_meter(home, serial="G1", place="地下室水泵房", **facts))

    def read(meter, value, at, **more):
        how = {"kind": "periodic", "source": "phone", "by": liu, "sure": True, **more}
        return register.record_reading(meter, value=Decimal(value), at=at, now=at, **how)

    closed = register.open_round(home, resource="water", period=begin.date(), by=chen, now=begin + timedelta(hours=1))
    for n, meter in enumerate(meters[:-1]):
        read(meter, 108 + n, begin + month)
    register.miss_reading(closed, meters[-1], reason="locked", by=liu, now=begin + month)
    register.close_round(closed, by=zhou, now=begin + month)
    walk = register.open_round(home, resource="water", period=now.date(), by=chen, now=now - timedelta(hours=6))
    dial = photos.reencode(residents.picture("dial.jpg", size=(400, 300)))
    read(meters[0], "310.5", now - timedelta(hours=5), picture=(dial, photos.store(dial)))
    wrong = read(meters[1], "120", now - timedelta(hours=4))
    register.void_reading(wrong, reason="看错一位", value=Decimal(118), by=zhou, now=now)
    register.miss_reading(walk, meters[2], reason="other", note="家中有狗，下午再来", by=liu, now=now)
    register.replace_meter(
        meters[3],
        last_value=Decimal(120),
        serial="S40",
        first_value=Decimal(0),
        max_value=Decimal("99999.99"),
        at=now - timedelta(hours=1),
        by=chen,
        now=now,
    )


def _keys(house, units, people, now):
    """Keys in every state of the cabinet, loans and cards; the slot of each is what the pages ask for them by."""
    home, chen, zhou = house.community, house.people["chen"], house.people["zhou"]
    begun = now - timedelta(days=2)

    def made(tag, slot, **facts):
        house.keys[tag] = factories.key_set(home, by=chen, tag=tag, slot=slot, now=begun, **facts)
        return house.keys[tag]

    deposited = made("K-01", "A1", unit=units["3-2-1201"], what="入户门", copies=4)
    asked = {"copies": 1, "borrower": "staff", "staff": house.people["liu"], "reason": "厨房水管爆裂", "by": chen}
    hours = timedelta(hours=1)
    waits = register.ask_for_keys(deposited, due_back_at=now + hours, now=now, **asked)
    used = register.ask_for_keys(deposited, due_back_at=now + hours, now=begun, **asked)
    register.approve_keys(used, by=zhou, now=begun)
    register.hand_over_keys(used, by=chen, now=begun)
    register.issue_keys(deposited, copies=1, person=people["lin"], by=chen, now=begun)
    plant = made("P-01", "B1", kind="plant_room", copies=3)
    late = factories.key_loan(plant, by=chen, now=begun)
    register.lose_keys(plant, copies=1, reason="清点时少一把", measure="已换锁", by=chen, now=begun)
    house.loans = {"waits": waits, "used": used, "late": late}
    today = home.local(now).date()
    facts = {"valid_from": today, "by": chen, "now": begun}
    lin = {"unit": units["3-2-1201"], "person": people["lin"]}
    house.cards = {
        "card": register.issue_credential(home, kind="resident_card", number="0012345678", **lin, **facts),
        "pass": register.issue_credential(
            home,
            kind="worker_pass",
            number="SG-01",
            name="欧阳建",
            employer="安居装饰",
            valid_to=today + timedelta(days=20),
            deposit=Decimal(50),
            **facts,
        ),
        "lost": register.issue_credential(home, kind="resident_card", number="0012345679", **lin, **facts),
    }
    register.lose_credential(house.cards["lost"], reason="遗失", by=chen, now=now)


def _home_visits(house, units, people, now):
    """A plan with a home that was visited and one where nobody opened, an appointment, and a need of each kind."""
    staff, home = house.people, house.community
    chen, liu, engineering = staff["chen"], staff["liu"], home.departments.get(code="engineering")
    plan = factories.visit_plan(home, by=staff["zhou"], now=now, staff=[liu])
    facts = {"plan": plan, "by": liu, "now": now}
    asked = [
        ("阳台地漏返味", engineering),
        ("楼道灯太暗", engineering),
        ("想要快递柜", home.departments.get(code="centre")),
    ]
    seen = photos.reencode(residents.picture("visit.jpg", size=(800, 600)))
    words = {"notes": "老人独居,儿子周末来。", "pictures": [(seen, photos.store(seen))]}
    visit = register.record_visit(
        units["3-2-1201"], outcome="done", person=people["lin"], needs=asked, **words, **facts
    )
    register.record_visit(
        units["3-2-1202"], outcome="nobody_home", card_left=True, retry_on=now.date() + timedelta(days=2), **facts
    )
    one, two, _three = visit.needs.select_related("visit__unit", "visit__person", "community").order_by("id")
    actions.open_case_from_need(one, category=home.categories.get(code="indoor"), by=chen, now=now)
    register.answer_need(two, answer="已换成声控灯。", by=liu, now=now)


def _boards(house, now):
    """A board on which a plate hangs and another waits to be approved, an occupant without one, and a printing."""
    home, chen, zhou = house.community, house.people["chen"], house.people["zhou"]
    firms = [
        factories.company(factories.unit(home, f"A-030{n}", floor=3), name)
        for n, name in enumerate(("远航科技有限公司", "晨曦律师事务所", "金石传媒有限公司"), start=1)
    ]
    facts = {"by": zhou, "now": now, "is_bilingual": True, "name": "A 座大堂水牌"}
    board = factories.board(home, firms[0].unit.building, **facts)
    first = factories.plate(board, firms[0], by=chen, now=now, display_name_en="Voyage Technology")
    factories.hung(first, by=chen, approved_by=zhou, now=now)
    register.print_board(board, by=chen, now=now)
    second = factories.plate(board, firms[1], slot=2, by=chen, now=now, display_name_en="Dawn Law Firm")
    register.approve_plate(second, by=zhou, now=now)
    factories.plate(board, firms[2], slot=3, by=chen, now=now, display_name_en="Goldstone Media")


def _handovers(house, units, people, now):
    """A move-in that is under way with a defect of each kind, one that is done, and a move-out."""
    home, chen, day = house.community, house.people["chen"], house.community.local(now).date()
    when = {"booked_for": now, "moves_on": day, "by": chen, "now": now}
    new = factories.unit(home, "7-1-0301")
    for resource in ("water", "electricity"):
        facts = {"resource": resource, "serial": f"{resource[0]}70301", "max_value": Decimal("9999.9"), "unit": new}
        register.add_meter(home, by=chen, now=now, **facts)
    moving = register.open_move_in(new, name="郑平", phone="13600001111", capacity="owner", **when)
    register.give_keys(moving, tag="7-0301", what="入户门", copies=2, by=chen, now=now)
    register.finish_task(moving, "keys", by=chen, now=now)
    register.excuse_task(moving, "cards", reason="证件机检修", by=chen, now=now)
    for text in ("客厅 窗：关不严", "厨房 地漏：堵塞"):
        register.note_defect(moving, text=text, by=chen, now=now)
    found = moving.defects.order_by("pk").last()
    actions.open_case_from_defect(found, promised_on=day + timedelta(days=2), by=chen, now=now)
    bai = people["bai"].occupancies.in_force().get(unit=units["5-1-0301"])
    leaving = register.open_move_out(bai, **when)
    done = register.open_move_in(factories.unit(home, "7-1-0302"), name="钱来", phone="", capacity="lessee", **when)
    for task in done.tasks.all():
        register.excuse_task(done, task.kind, reason="随租户同住人办理", by=chen, now=now)
    register.complete_handover(done, signed_name="钱来", signed_how="paper", by=chen, now=now)
    house.moves |= {"in": moving, "out": leaving, "done": done}


def move_page(name, kind="", who="chen", paper=""):
    """Return what begins at the page of a move, of one of its tasks, or at one of its papers."""

    def begin(house):
        move = house.moves[name]
        address = reverse(f"desk:{paper}", args=[move.pk]) if paper else move.get_absolute_url()
        return house.client(who), address + (f"{kind}/" if kind else "")

    return begin


def form_of(house, step, **facts):
    """Return (client, address) of a resident whose form has come to page `step`."""
    client = Client()
    check = residents.fill(client, house.community, **facts)
    client.post(residents.page(check, 2), {**residents.MATTER, "photo1": residents.picture()})
    return client, residents.page(check, step)


def survey(house, name, who=None, n=0, query=""):
    """Return (client or None, address) of a page of one of the surveys."""
    return house.client(who) if who else None, reverse(name, args=[house.surveys[n].pk]) + query


def survey_slip(house, n):
    """Return (client, address) of the survey that nobody, or somebody, of a home has answered."""
    token = surveying.token_of(house.surveys[0], house.units[n])
    return Client(), reverse("complaints:survey_answer", args=[token])


def by_code(house, name):
    """Return (client, address) of a resident who opened a case by its number and code."""
    client = Client()
    case = house.cases[name]
    code = tokens.code_of(house.link(name))
    answer = client.post(reverse("complaints:track_by_code"), {"number": case.number, "code": code})
    return client, answer.url


def _imports(house, now):
    """Imports at every stage: of several sheets, mapped, checked with rows refused, running, finished, taken back."""
    tang, home = house.people["tang"], house.community
    heading = "楼栋,单元,房号,楼层,建筑面积"
    bad = ["8,1,,1,88", "8,1,901,九,88", "8,1,902,9,八十八"]

    def uploaded(name, lines, target="units"):
        upload = ContentFile("\n".join(lines).encode(), name=f"{name}.csv")
        house.imports[name] = register.upload_register(home, target=target, upload=upload, by=tang, now=now)
        return house.imports[name]

    def mapped(name, lines, target="units"):
        run = uploaded(name, lines, target)
        chosen = mapping.guess(TARGETS[target], run.header)
        return register.map_columns(run, chosen=chosen, remember="旧系统", by=tang, now=now)

    def checked(name, lines):
        run = register.check_import(mapped(name, lines), by=tang, now=now)
        register.work_on_import(run.pk, now=now)
        return run

    def started(name, lines):
        return register.start_import(checked(name, lines), only_good=True, by=tang, now=now)

    def homes(building):
        return [heading, *(f"{building},1,{n}01,{n},88.50" for n in range(1, 6))]

    uploaded("uploaded", homes(8))
    mapped("words", ["房间,姓名,身份,入住日期", "3-2-1201,林晓梅,房东,2020-05-01"], "occupancies")
    checked("checked", [*homes(8), *bad])
    checked("nothing_new", [heading, "3,2,1201,,"])
    done = started("done", [*homes(16), *bad])
    register.work_on_import(done.pk, now=now)
    undone = started("undone", homes(17))
    register.work_on_import(undone.pk, now=now)
    factories.resident(Unit.objects.get(community=home, label="17-1-101"), "白雪", "13700002210")
    register.undo_import(undone, by=tang, now=now)
    register.work_on_import(undone.pk, now=now)
    broken = register.check_import(mapped("failed", [heading, '3,2,"1201,1,88']), by=tang, now=now)
    register.work_on_import(broken.pk, now=now)
    register.stop_import(started("stopped", homes(18)), by=tang, now=now)
    started("running", homes(19))
