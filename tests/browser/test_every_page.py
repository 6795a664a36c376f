"""Every page in both languages at the width of a desk and of a phone: whole, quiet, accessible, in one language."""

import pytest

from tests.browser import looking
from tests.browser.pages import PAGES, RESIDENTS_PAGES, STAFF_PAGES
from tests.browser.visiting import Visit

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
        page.watch.expect(answer.status)
        answers = []
        page.on("response", lambda response: answers.append(response.status))
        wanted.then(page)
        assert wanted.status == 200 or wanted.status in answers, f"{address} answered {answers}"
    return page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("wanted", PAGES, ids=str)
def test_a_page_is_whole(house, open_browser, wanted, language):
    page = visit(house, open_browser, wanted, language=language, width=DESK)
    wrong = looking.bones(page, language) + looking.violations(page)
    wrong += looking.stray_chinese(page) if language == "en" else looking.stray_english(page)
    if wanted in STAFF_PAGES:
        wrong += looking.violations_in_the_dark(page)
    is_of_the_hand = wanted in RESIDENTS_PAGES or "/m/" in page.url
    wrong += looking.too_wide(page, SMALLEST if is_of_the_hand else PHONE)
    page.set_viewport_size({"width": PHONE, "height": 740})
    wrong += [f"on a phone: {line}" for line in looking.violations(page)]
    found = page.watch.wrong + wrong
    assert not found, "\n".join(found)


def test_the_checks_bite(house, open_browser):
    """A page with everything wrong with it is found out."""
    page = visit(house, open_browser, Visit("core:profile", "chen"), language="en", width=DESK)
    page.evaluate("""() => {
      document.querySelector("main").insertAdjacentHTML("beforeend", `<h1>再来一个</h1><img src="/nowhere.png">
        <p class="wide-load">wide</p><a href="/x" aria-label="多余">x</a><b data-user>林晓梅</b>`);
      document.querySelector(".wide-load").style.width = "3000px";
    }""")
    page.wait_for_load_state("networkidle")
    assert any("axe image-alt" in line for line in looking.violations(page))
    assert "2 h1" in looking.bones(page, "en")[0]
    assert looking.bones(page, "zh-hans")[0] == "lang is en"
    assert looking.stray_chinese(page) == ["Chinese: 再来一个", "Chinese: 多余"]
    assert "English: wide" in looking.stray_english(page)
    assert looking.too_wide(page, PHONE)[0].startswith("3")
    assert any("404" in line and "nowhere.png" in line for line in page.watch.wrong)
