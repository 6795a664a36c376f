"""The pages of the figures of fees."""

import datetime

from django.urls import reverse

from servicedesk.core import clock
from tests import factories
from tests.browser.visiting import Visit, send


def furnish(house, now):
    """Bills of the month before: paid by nobody."""
    home = house.community
    month = (home.local(now).date().replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
    water = factories.fee(home, "水费（居民）", kind="utility", name_en="Water")
    for n in range(1, 4):
        factories.bill(factories.unit(home, f"9-2-010{n}"), water, "88.50", month=month)
    house.money["last month"] = month


def month_of(house, who, ago=0):
    """Return what opens the figures of the month before, or of so many months before that."""
    month = house.money["last month"]
    for _n in range(ago):
        month = (month - datetime.timedelta(days=1)).replace(day=1)
    return house.client(who), reverse("billing:figures_of", args=[month])


CLOSE = "aside form button.primary"
VISITS = [
    Visit("billing:figures_of", "qian", begin=lambda house: month_of(house, "qian")),
    Visit("billing:figures_of", "zhou", begin=lambda house: month_of(house, "zhou")),
    Visit("billing:figures_of", "qian", "empty", begin=lambda house: month_of(house, "qian", ago=7)),
    Visit(
        "billing:figures_of",
        "qian",
        "running",
        begin=lambda house: (
            house.client("qian"),
            reverse("billing:figures_of", args=[house.community.local(clock.now()).date().replace(day=1)]),
        ),
    ),
    Visit(
        "billing:close_month",
        "qian",
        "refused",
        # Nothing was ever billed for it, so there is something to do first.
        begin=lambda house: month_of(house, "qian", ago=7),
        then=send(CLOSE, note="三户面积待核"),
        status=409,
    ),
]
NOT_PAGES = {
    "billing:figures": "leads on to the month before",
    "billing:figures_excel": "a workbook",
}
