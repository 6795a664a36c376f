"""The route where there is no line: what is read waits in the phone and goes off once, what is odd again knowingly."""

from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from residents import actions
from residents.models import Reading
from servicedesk.core import clock
from servicedesk.core.models import Photo
from tests.browser.walking import go, photo
from tests.factories import MONDAY
from tests.residents.test_meters import MONTH, meter, months

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]


@pytest.fixture
def two(yunhu, home, liu, chen):
    """Two meters that are to be read in a round that is open."""
    made = [meter(yunhu, unit=home), meter(yunhu, "A200", place="屋顶水箱")]
    for one in made:
        months(one, liu, "10", "20", "30", begin=MONDAY - 3 * MONTH)
    actions.open_round(yunhu, resource="water", period=MONDAY.date(), by=chen, now=clock.now())
    return made


def read(page, place, value):
    card = page.locator("article", has_text=place)
    card.locator("[name=value]").fill(value)
    card.locator("[name=photo]").set_input_files(photo("dial.jpg"))
    card.locator("button.primary").click()


def test_what_is_read_without_a_line_waits_and_goes_off_once_and_the_odd_one_is_sent_again_knowingly(
    site, open_browser, two, liu
):
    page = open_browser(site, liu, width=360, height=740)
    go(page, site, reverse("residents:route"))
    page.watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.watch.expect(422)
    page.context.set_offline(True)
    read(page, "3-2-1201", "39.5")
    read(page, "屋顶水箱", "3900")
    items = page.locator("[data-outbox-of] li")
    expect(items).to_have_count(2)
    expect(items.nth(1)).to_contain_text("屋顶水箱")
    assert Reading.objects.count() == 6
    page.context.set_offline(False)
    expect(items).to_have_count(1)
    expect(items).to_contain_text("3900")
    assert Reading.objects.newest().first().value == Decimal("39.5")
    with page.expect_navigation(url=f"{site}{reverse('residents:route')}?resource=water"):
        items.get_by_text("重新发送").click()
    assert Reading.objects.get(value=3900).is_odd
    assert Reading.objects.count() == 8
    assert Photo.objects.count() == 2
