"""E-mails to residents: the list and what stands of them on other pages, in every state worth looking at."""

import datetime

from django.test import Client
from django.urls import reverse

from billing import actions
from billing.models import ArrearsCase, DunningRule
from residents.actions import agree_to_mail
from residents.models import Occupancy
from servicedesk.core import clock
from servicedesk.core.models import Notification
from tests import factories
from tests.browser.money.access import looking
from tests.browser.visiting import Visit, send

DAY = datetime.timedelta(days=1)


def furnish(house, now):
    """Four homes are overdue: one was told, one waits, one could not be reached, one has paid meanwhile."""
    home = house.community
    today = home.local(now).date()
    DunningRule.objects.filter(community=home, kind="message").update(days=3, is_active=True)
    fee = factories.fee(home, "物业服务费（邮件样例）")
    homes = []
    for n, name in enumerate(("苏文", "彭亮", "魏红", "姜平"), 1):
        unit = factories.unit(home, f"7-1-0{n}01")
        person = factories.resident(unit, name, f"1370000880{n}")
        agree_to_mail(person, email=f"resident{n}@example.org", mail_receipts=n == 1, now=now)
        factories.bill(unit, fee, due_on=today - 5 * DAY, debtor_kind="owner", debtor=person)
        homes.append(unit)
    actions.advance_arrears(now=now)
    rows = {unit.pk: Notification.objects.filter(message__unit=unit) for unit in homes}
    rows[homes[0].pk].update(sent_at=now)
    rows[homes[2].pk].update(dead_at=now, attempts=9, last_error="SMTPRecipientsRefused: 550")
    rows[homes[3].pk].update(dead_at=now, last_error="paid")
    actions.advance_arrears(now=now + datetime.timedelta(minutes=1))
    told = Occupancy.objects.select_related("unit", "person").get(unit=homes[0])
    house.money |= {"told home": told, "homes told": ArrearsCase.objects.filter(unit__in=homes).order_by("unit_id")}


def _home(place, who="qian"):
    def begin(house):
        return house.client(who), reverse("billing:arrears_of", args=[house.money["homes told"][place].unit_id])

    return begin


def _agree(house):
    code = actions.give_access(house.money["told home"], by=house.money["giver of codes"], now=clock.now())
    client = Client()
    client.post(reverse("billing:p_enter"), {"code": code})
    return client, reverse("billing:p_mail")


MAIN = "main button.primary"
VISITS = [
    Visit("billing:mails", "qian"),
    Visit("billing:mails", "chen", "not delivered", query="?show=failed"),
    *(
        Visit("billing:arrears_of", state=f"e-mail {state}", begin=_home(place))
        for place, state in enumerate(("sent", "on its way", "not delivered"))
    ),
]
RESIDENTS = [
    Visit("billing:p_bills", None, "told by e-mail", begin=looking("billing:p_bills", "told home")),
    Visit("billing:p_mail", None, begin=_agree),
    Visit("billing:p_mail", None, "no address", begin=_agree, then=send(MAIN, email="lin@"), status=422),
]
NOT_PAGES = {
    "billing:p_mail_stop": "takes a post and leads to the bills",
    "billing:receipt_mail": "a button on the page of a receipt",
}
