"""Water meters of one building and three common ones: two months read and closed, this month's round nearly walked."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from residents import actions
from residents.models import Building, MissedReading, Reading, Resource, Unit

HOUSE = "2"
COMMON = [("地下室水泵房", Resource.WATER), ("中心花园绿化", Resource.WATER), ("楼道照明总表", Resource.ELECTRICITY)]
DIAL = Decimal("99999.99")
READ_AT = time(9, 30)
# What a home uses in a month, in hundredths of a cubic metre; one had a pipe leak, one is not at home.
USUAL, LEAK = (640, 1180, 915, 1420, 780, 1035), 6450
LEAKING, ABSENT, LEFT = 7, 13, 20


def read(community, people, now):
    """Put the meters in, and read them each month up to `now`."""
    months = _months(community.local(now).date(), 3)
    moments = [datetime.combine(month.replace(day=15), READ_AT, community.tz) for month in months]
    meters = _hang(community, people["desk1"], moments[0] - timedelta(days=31))
    homes = [meter for meter in meters if meter.resource == Resource.WATER]
    _by_table(community, homes, moments[0] - timedelta(days=30), people, month=0)
    for n, (month, at) in enumerate(zip(months[:-1], moments, strict=False), start=1):
        begun = {"by": people["desk1"], "now": at - timedelta(hours=1)}
        walk = actions.open_round(community, resource=Resource.WATER, period=month, **begun)
        _by_table(community, homes, at, people, month=n)
        actions.close_round(walk, by=people["sup1"], now=at + timedelta(hours=8))
    _walk(community, homes, months[-1], people, now)


def _months(today, count):
    """Return the first days of the last `count` months, the oldest first, this one last."""
    months = [today.replace(day=1)]
    while len(months) < count:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    return months


def _hang(community, by, now):
    homes = Unit.objects.filter(community=community, building__code=HOUSE).select_related("building").order_by("id")
    facts = {"max_value": DIAL, "by": by, "now": now}
    meters = [
        actions.add_meter(community, resource=Resource.WATER, serial=f"S{2300 + n}", unit=home, **facts)
        for n, home in enumerate(homes)
    ]
    house = Building.objects.get(community=community, code=HOUSE)
    for n, (place, resource) in enumerate(COMMON):
        multiplier = Decimal(40) if resource == Resource.ELECTRICITY else Decimal(1)
        how = {"resource": resource, "place": place, "building": house, "multiplier": multiplier}
        meters.append(actions.add_meter(community, serial=f"G{n + 1:03}", **how, **facts))
    return meters


def _shows(n, month):
    """Return what the n-th meter shows `month` months after its base reading."""
    return Decimal(12_000 + 731 * n + sum(USUAL[(n + m) % len(USUAL)] for m in range(month))) / 100


def _by_table(community, meters, at, people, *, month):
    rows = [actions.Given(line=n, serial=meter.serial, at=at, value=_shows(n, month)) for n, meter in enumerate(meters)]
    now = at + timedelta(hours=2)
    actions.record_many(community, rows, resource=Resource.WATER, by=people["eng1"], now=now)


def _walk(community, meters, month, people, now):
    """Let eng1 walk this month's round: a leak, a home where nobody is in, and a few meters left for later."""
    begun = now - timedelta(hours=5)
    walk = actions.open_round(community, resource=Resource.WATER, period=month, by=people["desk1"], now=begun)
    for n, meter in enumerate(meters[:LEFT]):
        at = begun + timedelta(minutes=10 + 6 * n)
        if n == ABSENT:
            reason = MissedReading.Reason.NOBODY_IN
            actions.miss_reading(walk, meter, reason=reason, note="下午再来", by=people["eng1"], now=at)
            continue
        value = _shows(n, 3) + (Decimal(LEAK) / 100 if n == LEAKING else 0)
        actions.record_reading(
            meter,
            value=value,
            kind=Reading.Kind.PERIODIC,
            at=at,
            by=people["eng1"],
            now=at,
            source=Reading.Source.PHONE,
            sure=True,
        )
