"""What hangs in the key cabinet of the garden, what is out of it, and the cards and passes of the gate."""

from datetime import timedelta
from decimal import Decimal

from residents import actions
from residents.models import Credential, KeyLoan, KeySet, Occupancy

Kind, Borrower, Card = KeySet.Kind, KeyLoan.Borrower, Credential.Kind
# Tag, kind, room of the list of homes or place, what it opens, how many.
SETS = [
    ("YS-001", Kind.RESIDENT_CUSTODY, 0, "入户门", 2),
    ("YS-002", Kind.RESIDENT_CUSTODY, 1, "入户门、信报箱", 2),
    ("YS-003", Kind.RESIDENT_CUSTODY, 2, "入户门", 1),
    ("WX-001", Kind.RETURN_FOR_REPAIR, 3, "入户门", 1),
    ("KZ-001", Kind.VACANT, 4, "入户门、单元门、信报箱", 5),
    ("GG-001", Kind.PUBLIC, "1 栋天台", "天台门", 2),
    ("GG-002", Kind.PUBLIC, "社区活动室", "大门、储物柜", 3),
    ("SB-001", Kind.PLANT_ROOM, "地下一层水泵房", "防火门", 3),
    ("SB-002", Kind.PLANT_ROOM, "配电房", "防火门、配电柜", 2),
    ("SB-003", Kind.PLANT_ROOM, "2 栋电梯机房", "机房门", 2),
]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def fill(community, people, now):
    """Register ten sets of keys, lend some, two of them overdue, use one in an emergency; issue some cards."""
    clerk = people["desk1"]
    today = community.local(now).date()
    owners = (
        Occupancy.objects.on(today)
        .known()
        .filter(unit__community=community, kind=Occupancy.Kind.OWNER, person__kind="person")
    )
    owned = list(owners.with_people().order_by("unit_id", "id")[:6])
    sets = {}
    for n, (tag, kind, where, what, copies) in enumerate(SETS, start=1):
        home = owned[where] if isinstance(where, int) else None
        place = {"unit": home.unit} if home else {"place": where}
        by_owner = {"person": home.person, "signature": "paper"} if home and kind != Kind.VACANT else {}
        sets[tag] = actions.receive_keys(
            community,
            tag=tag,
            kind=kind,
            what=what,
            slot=f"A{n:02d}",
            copies=copies,
            by=clerk,
            now=now - 20 * DAY,
            **place,
            **by_owner,
        )

    def lend(tag, ago, hours, reason, **who):
        at = now - ago
        due = at + timedelta(hours=hours)
        return actions.lend_keys(sets[tag], copies=1, due_back_at=due, reason=reason, by=clerk, now=at, **who)

    def company(name, phone):
        return {"borrower": Borrower.CONTRACTOR, "name": name, "phone": phone, "proof": "id"}

    lend("SB-003", 26 * HOUR, 8, "电梯季度保养", **company("恒安电梯 田师傅", "13800009901"))
    lend("GG-001", 7 * HOUR, 4, "检修天台避雷带", **company("宏远防雷 曾师傅", "13800009902"))
    lend("SB-001", HOUR, 3, "巡查水泵", borrower=Borrower.STAFF, staff=people["eng1"])
    lend("YS-001", 2 * HOUR, 6, "本人取用，下午送回", borrower=Borrower.OWNER, person=owned[0].person)
    back = lend("SB-002", 30 * HOUR, 2, "抄录电表", borrower=Borrower.STAFF, staff=people["eng2"])
    actions.take_back_loan(back, copies=1, by=clerk, now=now - 28 * HOUR)
    actions.lose_keys(
        sets["GG-002"],
        copies=1,
        reason="清点时少一把储物柜钥匙",
        measure="已换储物柜锁芯",
        by=clerk,
        now=now - 3 * DAY,
    )
    _in_an_emergency(sets, people, now)
    actions.remind_keys(now=now - HOUR)
    _issue(community, people, owned, now)


def _in_an_emergency(sets, people, now):
    """One use that was approved and of which the owner has not been told, and one that waits for a decision."""
    clerk, sup = people["desk1"], people["sup1"]
    facts = {"copies": 1, "borrower": Borrower.STAFF, "by": clerk}
    burst = actions.ask_for_keys(
        sets["YS-002"],
        reason="楼下反映天花板大量渗水，户内无人，业主电话不通",
        staff=people["eng1"],
        due_back_at=now + 2 * HOUR,
        now=now - timedelta(minutes=50),
        **facts,
    )
    actions.approve_keys(burst, by=sup, now=now - timedelta(minutes=45), note="由客服陪同入户")
    actions.hand_over_keys(burst, by=clerk, now=now - timedelta(minutes=40))
    actions.ask_for_keys(
        sets["YS-003"],
        reason="邻居闻到燃气味，户内无人应答",
        staff=people["guard1"],
        due_back_at=now + HOUR,
        now=now - timedelta(minutes=4),
        **facts,
    )


def _issue(community, people, owned, now):
    clerk, begun = people["desk2"], now - 20 * DAY
    first = community.local(begun).date()

    def issue(kind, number, **facts):
        return actions.issue_credential(
            community, kind=kind, number=number, valid_from=first, by=clerk, now=begun, **facts
        )

    for n, home in enumerate(owned, start=1):
        card = issue(Card.RESIDENT_CARD, f"00218{n:05d}", unit=home.unit, person=home.person, deposit=Decimal(20))
    actions.replace_credential(card, number="0021800099", reason="业主来电称遗失", by=clerk, now=now - DAY)
    works = {"employer": "锦和装饰", "unit": owned[4].unit, "deposit": Decimal(50)}
    issue(Card.WORKER_PASS, "SG-0031", name="罗木生", valid_to=first + 45 * DAY, **works)
    issue(Card.WORKER_PASS, "SG-0032", name="石大勇", valid_to=first + 45 * DAY, **works)
    issue(Card.WORKER_PASS, "SG-0027", name="江海波", valid_to=first + 15 * DAY, employer="锦和装饰")
    actions.expire_credentials(now=now - 4 * DAY)
    issue(Card.VISITOR, "FK-0008", name="许老师", employer="云湖小学", valid_to=first + 25 * DAY)
