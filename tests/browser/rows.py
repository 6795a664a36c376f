"""A furnished house for pages that are only looked at: every status, level and kind of case, made by the actions."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.test import Client
from django.urls import reverse

from complaints import actions
from complaints.models import Channel, Pause, Severity, Urgency
from servicedesk.core import clock, events, photos, tokens
from servicedesk.core.models import Community, Membership, Role
from tests import factories
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
        "tang": factories.staff("tang", "唐宁", Role.ADMIN, community=home),
        "new": factories.staff("new", "新来", community=home),
        # At work where nothing has happened yet.
        "he": factories.staff("he", "何平", Role.CLERK, community=empty),
        "sun": factories.staff("sun", "孙立", Role.SUPERVISOR, Role.ADMIN, community=empty),
        "qian": factories.staff("qian", "钱进", Role.WORKER, community=empty, department="engineering"),
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
        actions.resolve(case, by=liu, now=at, remedy=remedy, pictures=[(seen, photos.store(seen))])
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
    receive("about", category="service", summary="接待人员态度生硬", concerns=[zhou])
    for number in range(MANY):
        receive(f"many_{number}", by=None, ago=timedelta(hours=6, minutes=number), summary=f"{number} 号车位灯不亮")
    actions.escalate_overdue(now=now)
    _asleep(house, now)
    house.cases = {name: factories.fresh(case) for name, case in house.cases.items()}


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


def form_of(house, step, **facts):
    """Return (client, address) of a resident whose form has come to page `step`."""
    client = Client()
    check = residents.fill(client, house.community, **facts)
    client.post(residents.page(check, 2), {**residents.MATTER, "photo1": residents.picture()})
    return client, residents.page(check, step)


def by_code(house, name):
    """Return (client, address) of a resident who opened a case by its number and code."""
    client = Client()
    case = house.cases[name]
    code = tokens.code_of(house.link(name))
    answer = client.post(reverse("complaints:track_by_code"), {"number": case.number, "code": code})
    return client, answer.url
