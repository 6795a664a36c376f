"""Every page in both languages at the width of a desk and of a phone: whole, quiet, accessible, in one language."""

import pytest

from tests.browser import looking
from tests.browser.pages import PAGES, RESIDENTS_PAGES, STAFF_PAGES

pytestmark = pytest.mark.browser
DESK, PHONE, SMALLEST = 1366, 360, 320


def visit(house, open_browser, wanted, **screen):
    """Open the page of a Visit, bring it into its state and return it. Fails where it answers another status."""
    client, address = wanted.start(house)
    page = open_browser(house.url, client, **screen)
    page.watch.expect(wanted.status)
    answer = page.goto(house.url + address)
    assert wanted.then or answer.status == wanted.status, f"{address} answered {answer.status}"
    if wanted.then:
        answers = []
        page.on("response", lambda response: answers.append(response.status))
        page.watch.expect(answer.status)
        wanted.then(page)
        assert wanted.status == 200 or wanted.status in answers, f"{address} answered {answers}"
    return page


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("wanted", PAGES, ids=str)
def test_a_page_is_whole(house, open_browser, wanted, language, width):
    page = visit(house, open_browser, wanted, language=language, width=width)
    wrong = looking.bones(page, language) + looking.violations(page)
    if width == PHONE:
        is_of_the_hand = wanted in RESIDENTS_PAGES or "/m/" in page.url
        wrong += looking.too_wide(page, SMALLEST if is_of_the_hand else PHONE)
    elif wanted in STAFF_PAGES:
        wrong += looking.violations_in_the_dark(page)
    assert page.watch.wrong + wrong == []


@pytest.mark.parametrize("wanted", PAGES, ids=str)
def test_an_english_page_has_no_chinese_of_its_own(house, open_browser, wanted):
    page = visit(house, open_browser, wanted, language="en")
    assert looking.stray_chinese(page) == []


@pytest.mark.parametrize("wanted", PAGES, ids=str)
def test_a_chinese_page_has_no_english_words(house, open_browser, wanted):
    page = visit(house, open_browser, wanted, language="zh-hans")
    assert looking.stray_english(page) == []
