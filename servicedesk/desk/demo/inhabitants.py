"""Buildings, units and who occupies them. Telephones are of the made-up run 1380000xxxx."""

import datetime
import random
from itertools import count

from django.db.backends.postgresql.psycopg_any import DateRange

from residents.actions import build_person, build_unit
from residents.models import Building, Occupancy, Person, Section, Unit
from servicedesk.core import bulk, events

# Building, its sections with their number of floors, homes on a floor. Nobody builds a number four here, and without
# a number one three homes answer to 1201 and no 201 of 1 栋 does.
BUILDINGS = [
    ("2", [("1", 6), ("2", 6)], 2),
    ("3", [("1", 11), ("2", 18)], 2),
    ("5", [("1", 18), ("2", 11)], 2),
    ("6", [("1", 6), ("2", 6)], 2),
    ("8", [("1", 11), ("2", 11)], 2),
    ("12", [("", 20)], 4),
]
OFFICE_FLOORS = range(2, 21)
OFFICES_ON_A_FLOOR = 4

SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤"
)
GIVEN = [
    *[
        "伟",
        "芳",
        "娜",
        "秀兰",
        "敏",
        "静",
        "丽",
        "强",
        "磊",
        "军",
        "洋",
        "勇",
        "艳",
        "杰",
        "娟",
        "涛",
        "明",
        "超",
        "秀英",
        "霞",
        "平",
        "刚",
        "桂英",
        "建华",
        "玉兰",
        "志强",
        "建军",
        "晓东",
        "雪梅",
        "海燕",
    ],
    *[
        "子涵",
        "雨桐",
        "浩然",
        "欣怡",
        "梓轩",
        "诗涵",
        "宇航",
        "佳琪",
        "俊杰",
        "思远",
        "文博",
        "晓琳",
        "国庆",
        "春生",
        "淑珍",
        "凤英",
        "家豪",
        "一鸣",
        "若曦",
        "启明",
    ],
]
FIRMS_FIRST = [
    "远航",
    "晨曦",
    "启明",
    "汇智",
    "云帆",
    "东海",
    "金石",
    "华锐",
    "新程",
    "博雅",
    "天泽",
    "正和",
    "嘉禾",
    "恒通",
    "百川",
    "青禾",
    "锦程",
    "宏图",
    "鼎新",
    "安达",
]
FIRMS_LAST = [
    "科技有限公司",
    "律师事务所",
    "贸易有限公司",
    "设计工作室",
    "咨询有限公司",
    "传媒有限公司",
    "财务顾问有限公司",
    "会计师事务所",
]

# The people whom the walks through the demo ask for: room, name, telephone, capacity.
KNOWN = {
    "3-2-1201": [
        ("王小梅", "13800002210", Occupancy.Kind.OWNER),
        ("李大伟", "13800002211", Occupancy.Kind.HOUSEHOLD),
    ],
    "12-1201": [("赵敏", "13800001201", Occupancy.Kind.OWNER)],
    "5-1-1201": [("何启明", "13800005121", Occupancy.Kind.OWNER)],
}
INSTRUCTIONS = {
    "王小梅": "家有新生儿，午间十二点到两点请勿按门铃。",
    "赵敏": "上班时间请打手机，晚上七点以后家里有人。",
}


def settle(garden, tower, lived_in, now):
    """Fill both communities with units and people, the same ones in every demo; nobody is missing in `lived_in`."""
    chance = random.Random(1201)
    phones = (f"1380000{number:04}" for number in count(3000, 3))
    _register(garden, _homes(garden), _households(chance, phones, lived_in), now)
    _register(tower, _offices(tower), _firms(chance, phones, lived_in), now)


def _homes(community):
    for code, sections, width in BUILDINGS:
        building = Building.objects.create(community=community, code=code, name=f"{code} 栋")
        for section_code, floors in sections:
            section = Section.objects.create(building=building, code=section_code) if section_code else None
            for floor in range(1, floors + 1):
                for door in range(1, width + 1):
                    area = 89 + 23 * (door % 2) + (8 if section is None else 0)
                    yield build_unit(building, section, f"{floor}{door:02}", floor=floor, area=area)


def _offices(community):
    building = Building.objects.create(community=community, code="A", name="A 座")
    for floor in OFFICE_FLOORS:
        for door in range(1, OFFICES_ON_A_FLOOR + 1):
            yield build_unit(building, None, f"{floor}{door:02}", floor=floor, area=120 + 40 * (door % 3))


def _households(chance, phones, lived_in):
    def of(unit):
        if unit.label in KNOWN:
            return [(name, phone, kind, Person.Kind.PERSON) for name, phone, kind in KNOWN[unit.label]]
        if chance.random() < 0.06 and unit.label not in lived_in:
            return []
        owner_lets = chance.random() < 0.2
        people = [(_name(chance), next(phones), Occupancy.Kind.OWNER, Person.Kind.PERSON)]
        if owner_lets:
            people.append((_name(chance), next(phones), Occupancy.Kind.LESSEE, Person.Kind.PERSON))
        elif chance.random() < 0.25:
            people.append((_name(chance), next(phones), Occupancy.Kind.HOUSEHOLD, Person.Kind.PERSON))
        return people

    return of


def _firms(chance, phones, lived_in):
    def of(unit):
        if chance.random() < 0.1 and unit.label not in lived_in:
            return []
        firm = chance.choice(FIRMS_FIRST) + chance.choice(FIRMS_LAST)
        return [
            (firm, "", Occupancy.Kind.LESSEE, Person.Kind.COMPANY),
            (_name(chance), next(phones), Occupancy.Kind.STAFF, Person.Kind.PERSON),
        ]

    return of


def _name(chance):
    return chance.choice(SURNAMES) + chance.choice(GIVEN)


def _register(community, units, occupants_of, now):
    since = now - datetime.timedelta(days=30)
    units = Unit.objects.bulk_create(units)
    entries = []
    for unit in units:
        moved_in = community.local(now).date() - datetime.timedelta(days=200 + unit.pk * 37 % 2000)
        for name, phone, capacity, kind in occupants_of(unit):
            person = build_person(community, name, phone, kind=kind, note=INSTRUCTIONS.get(name, ""))
            entries.append((unit, person, capacity, moved_in))
    Person.objects.bulk_create([person for _unit, person, _capacity, _day in entries])
    firms = {unit: person for unit, person, _capacity, _day in entries if person.kind == Person.Kind.COMPANY}
    bulk.copy_in(
        [
            Occupancy(
                unit=unit,
                person=person,
                kind=capacity,
                company=firms[unit] if capacity == Occupancy.Kind.STAFF else None,
                period=DateRange(day, None),
            )
            for unit, person, capacity, day in entries
        ]
    )
    history = [events.build(unit, "unit_registered", by=None, now=since) for unit in units]
    for unit, person, capacity, _day in entries:
        history.append(events.build(person, "person_registered", by=None, now=since))
        data = {"person": person.pk, "kind": str(capacity)}
        history.append(events.build(unit, "moved_in", by=None, now=since, data=data))
    bulk.copy_in(history)
