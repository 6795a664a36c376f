"""The two communities: hours, holidays, departments, deadline policies, categories."""

from django.db import transaction

from complaints import actions
from complaints.actions import set_visit_rules
from complaints.models import Category, DeadlinePolicy, Kind
from servicedesk.core.calendar import load_holidays
from servicedesk.core.models import Community, Department, ServiceHours

GARDEN = "YH"
TOWER = "ZA"
OPENS, CLOSES = 510, 1080
SATURDAY_CLOSES = 720

DEPARTMENTS = [
    ("centre", "客服中心", "Service centre"),
    ("engineering", "工程部", "Engineering"),
    ("security", "秩序维护部", "Security"),
    ("cleaning", "保洁部", "Cleaning"),
    ("greening", "绿化部", "Greening"),
]

# The desk's digit, code, Chinese and English name, department, usual kind, what to ask, usual matters, further facts.
# One to seven are the general matters of 范文三 第三讲.
CATEGORIES = [
    (
        "noise",
        "装修噪音",
        "Renovation noise",
        "security",
        Kind.COMPLAINT,
        ["现在还在响吗", "是哪一户、哪一层", "从几点开始的", "家里有没有老人、病人或考生"],
        ["中午还在用电钻", "夜间施工", "周末敲墙", "搬运材料占用电梯"],
        {},
    ),
    (
        "facilities",
        "公共设施",
        "Shared facilities",
        "engineering",
        Kind.REPAIR,
        ["具体在什么位置", "有没有人受伤或被困", "影响几户"],
        ["楼道灯不亮", "单元门关不严", "门禁刷不开", "健身器材松动"],
        {"arrive_minutes": 60, "scope": "common"},
    ),
    (
        "indoor",
        "室内维修",
        "Repairs at home",
        "engineering",
        Kind.REPAIR,
        ["水还在流吗，总阀关了没有", "几点家里有人", "楼下有没有渗到"],
        ["厨房水管漏水", "马桶堵了", "跳闸停电", "水龙头关不紧"],
        {"arrive_minutes": 30, "scope": "home"},
    ),
    (
        "mail",
        "邮件报纸",
        "Mail and newspapers",
        "centre",
        Kind.INQUIRY,
        ["是信件、报纸还是包裹", "寄件单号是多少", "通知单上的日期"],
        ["包裹找不到", "报纸没送到", "挂号信代收"],
        {},
    ),
    (
        "cleaning",
        "清洁绿化",
        "Cleaning and greenery",
        "cleaning",
        Kind.COMPLAINT,
        ["在哪个位置", "什么时候开始的", "要不要拍张照片"],
        ["垃圾没有清运", "楼道有异味", "草坪枯黄", "树枝挡住窗户"],
        {},
    ),
    (
        "pests",
        "鼠虫害",
        "Pests",
        "cleaning",
        Kind.REPAIR,
        ["是老鼠、蟑螂还是白蚁", "在哪里看到的", "家里有没有小孩或宠物"],
        ["垃圾房有老鼠", "下水道返蟑螂", "窗框有白蚁"],
        {},
    ),
    (
        "service",
        "服务",
        "Our service",
        "centre",
        Kind.COMPLAINT,
        ["是哪位同事、什么时间", "希望我们怎么处理"],
        ["态度生硬", "电话没人接", "答应的事没做"],
        {},
    ),
    (
        "other",
        "其他",
        "Something else",
        "centre",
        Kind.INQUIRY,
        ["具体想了解或反映什么"],
        ["办理门禁卡", "车位月租", "装修申请", "物业费账单"],
        {},
    ),
    (
        "favours",
        "索要钱物",
        "Asked for money or favours",
        "centre",
        Kind.COMPLAINT,
        ["是谁、在什么时间和地点", "要了什么", "有没有凭证"],
        ["上门维修要红包", "放行要收费", "要烟要酒"],
        {"straight_to_level": 3},
    ),
    (
        "outage",
        "停水停电与电梯",
        "Water, power and lifts",
        "engineering",
        Kind.REPAIR,
        ["有没有人困在电梯里", "是整栋还是一户", "从几点开始"],
        ["整栋停水", "电梯停运", "整层跳闸"],
        {"arrive_minutes": 15, "scope": "common"},
    ),
]


@transaction.atomic
def build(now):
    """Make both communities without people and return them: the residential garden, the office tower."""
    garden = Community.objects.create(
        code=GARDEN,
        name="云湖花园",
        name_en="Cloud Lake Garden",
        phone="000-8000 1201",
        outside_holder="总公司监察室 转 8006",
        outside_email="jiancha@example.com",
    )
    tower = Community.objects.create(
        code=TOWER,
        name="钟岸大厦",
        name_en="Bell Bank Tower",
        phone="000-8000 1801",
        outside_holder="总公司监察室 转 8006",
    )
    hours = [(garden, day, CLOSES) for day in range(7)]
    hours += [(tower, day, CLOSES) for day in range(5)] + [(tower, 5, SATURDAY_CLOSES)]
    ServiceHours.objects.bulk_create(
        ServiceHours(community=community, weekday=day, opens=OPENS, closes=closes) for community, day, closes in hours
    )
    year = garden.local(now).year
    for community in (garden, tower):
        load_holidays(community, year - 1, year + 1)
        _furnish(community)
        actions.fill_courtesy(community, by=None, now=now)
        actions.fill_warranty(community, by=None, now=now)
    return garden, tower


def _furnish(community):
    departments = {
        code: Department.objects.create(
            community=community, code=code, name=name, name_en=name_en, is_centre=code == "centre"
        )
        for code, name, name_en in DEPARTMENTS
    }
    DeadlinePolicy.objects.create(
        community=community, code="same_day", name="当日办结", article="客服中心文明服务制度 第十九条", count="same_day"
    )
    DeadlinePolicy.objects.create(
        community=community,
        code="three_days",
        name="三日内办结",
        article="客服中心文明服务制度 第十九条、投诉处理暂行规定 第六条",
        count="natural_days",
        amount=3,
    )
    day_and_night = DeadlinePolicy.objects.create(
        community=community,
        code="around_the_clock",
        name="二十四小时内恢复",
        article="本中心抢修约定",
        count="wall_hours",
        amount=24,
        can_pause=False,
    )
    Category.objects.bulk_create(
        Category(
            community=community,
            digit=digit,
            code=code,
            name=name,
            name_en=name_en,
            department=departments[department],
            kind=kind,
            policy=day_and_night if code == "outage" else None,
            probes=probes,
            phrases=phrases,
            **facts,
        )
        for digit, (code, name, name_en, department, kind, probes, phrases, facts) in enumerate(CATEGORIES, start=1)
    )
    set_visit_rules(community)
