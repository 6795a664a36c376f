"""The pages of bills on a resident's phone, and the one on which the desk gives a code for them."""

import datetime

from django.test import Client
from django.urls import reverse

from billing import actions
from residents.models import Occupancy
from servicedesk.core import clock
from tests import factories
from tests.browser.visiting import Visit, send


def furnish(house, now):
    """Fang has bills: some overdue, one due later; Shao has none."""
    home = house.community
    service = factories.fee(home, "物业服务费（住宅）", name_en="Service fee")
    for name, room, who in (("fang", "9-1-0101", "方明"), ("shao", "9-1-0102", "邵华")):
        person = factories.resident(factories.unit(home, room), who, "13700009901")
        house.money[name] = Occupancy.objects.select_related("unit", "person").get(person=person)
    fang, today = house.money["fang"], home.local(now).date()
    month = today.replace(day=1)
    for n, days in enumerate((-40, -10, 20)):
        first = (month - datetime.timedelta(days=31 * (2 - n))).replace(day=1)
        due = today + datetime.timedelta(days=days)
        facts = {"due_on": due, "debtor_kind": "owner", "debtor": fang.person}
        house.money["bill of fang"] = factories.bill(fang.unit, service, month=first, **facts)
    house.money["giver of codes"] = house.people["chen"]


def looking(name, who="fang", bill=""):
    """Return what opens one of the pages behind a code."""

    def begin(house):
        code = actions.give_access(house.money[who], by=house.money["giver of codes"], now=clock.now())
        client = Client()
        client.post(reverse("billing:p_enter"), {"code": code})
        return client, reverse(name, args=[house.money[bill].pk] if bill else [])

    return begin


def giving(house):
    return house.client("chen"), reverse("billing:give_code", args=[house.money["fang"].pk])


GIVE = "main form:not([action]) button.primary"
VISITS = [
    Visit("billing:give_code", "chen", begin=giving),
    Visit("billing:give_code", "chen", "given", begin=giving, then=send(GIVE)),
    Visit("billing:give_code", "chen", "error", begin=giving, then=send(GIVE, email="lin@"), status=422),
]
RESIDENTS = [
    Visit("billing:p_enter"),
    Visit("billing:p_enter", None, "error", then=send("main button.primary", code="AAAAA-AAAAA"), status=422),
    Visit("billing:p_bills", None, begin=looking("billing:p_bills")),
    Visit("billing:p_bills", None, "empty", begin=looking("billing:p_bills", "shao")),
    Visit("billing:p_bill", None, begin=looking("billing:p_bill", bill="bill of fang")),
]
NOT_PAGES = {"billing:p_leave": "takes a post and leads to where a code is typed"}
