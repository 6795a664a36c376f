"""What a page weighs, how large its targets are and how still it stands."""

import gzip

import pytest

from tests.browser.pages import Visit, blank_form, form
from tests.browser.test_every_page import visit

pytestmark = pytest.mark.browser
KB = 1024
STAFF = [
    Visit("desk:intake", "chen"),
    Visit("desk:board", "zhou"),
    Visit("complaints:list", "zhou"),
    Visit("complaints:case", "zhou", case="in_hand"),
    Visit("complaints:jobs", "liu"),
]
PUBLIC = [
    Visit("complaints:home_public", query="?c=YH"),
    Visit("complaints:report_step", None, "1", begin=blank_form),
    Visit("complaints:report_step", None, "2", begin=form(2)),
    Visit("complaints:report_step", None, "4", begin=form(4)),
    Visit("complaints:track", link="in_hand"),
    Visit("complaints:track_by_code"),
]
OF_THE_HAND = [*PUBLIC, Visit("complaints:jobs", "liu"), Visit("complaints:job", "liu", case="handed")]


def weigh(house, open_browser, wanted):
    """Return the compressed bytes of a page by what they are: document, stylesheet, script, font."""
    client, address = wanted.start(house)
    page = open_browser(house.url, client)
    bodies = {}

    def keep(response):
        kind = response.request.resource_type
        if kind in ("document", "stylesheet", "script", "font") and response.status == 200:
            bodies.setdefault(kind, []).append(response)

    page.on("response", keep)
    page.goto(house.url + address, wait_until="networkidle")
    return {kind: sum(len(gzip.compress(r.body())) for r in answers) for kind, answers in bodies.items()}


@pytest.mark.parametrize("wanted", PUBLIC, ids=str)
def test_a_page_for_residents_weighs_at_most_60_kb(house, open_browser, wanted):
    weight = weigh(house, open_browser, wanted)
    assert weight["document"] <= 15 * KB
    assert weight["stylesheet"] <= 20 * KB
    assert weight["script"] <= 20 * KB
    assert sum(weight.values()) <= 60 * KB
    assert "font" not in weight


@pytest.mark.parametrize("wanted", STAFF, ids=str)
def test_a_page_for_staff_weighs_at_most_120_kb_and_40_when_it_comes_again(house, open_browser, wanted):
    weight = weigh(house, open_browser, wanted)
    assert weight["script"] <= 35 * KB
    assert sum(weight.values()) <= 120 * KB
    # What does not change is kept by the browser; only the document comes again.
    assert weight["document"] <= 40 * KB
    assert "font" not in weight


TARGETS = """(selector) => [...document.querySelectorAll(selector)]
  .filter((el) => el.checkVisibility({visibilityProperty: true}) && !el.closest(".vh, .skip, [hidden]"))
  .map((el) => {
    // A box that is ticked through its label is as large as that.
    const label = el.matches("input[type=radio], input[type=checkbox]") && el.closest("label");
    const box = (label || el).getBoundingClientRect();
    return [Math.round(Math.min(box.width, box.height)), Math.round(box.height), (label || el).outerHTML.slice(0, 110)];
  })"""
ANYTHING = "button, input:not([type=hidden]), select, textarea, summary, a.btn, a.chip, .tabs a, .nav a"
MAIN = "main .btn:not(.small):not(.link), main .choice, main input[type=text], main input[type=tel], main textarea"


def too_small(page, selector, least, *, side=0):
    """Return the targets of which the smaller side (or with side=1 the height) is under `least` pixels."""
    return [(box[side], box[2]) for box in page.evaluate(TARGETS, selector) if box[side] < least]


@pytest.mark.parametrize("wanted", [*STAFF, *OF_THE_HAND[-1:], *PUBLIC], ids=str)
def test_no_target_is_under_24_pixels(house, open_browser, wanted):
    page = visit(house, open_browser, wanted, language="zh-hans", width=1366)
    assert too_small(page, ANYTHING, 24) == []


@pytest.mark.parametrize("wanted", STAFF[:-1], ids=str)
def test_the_buttons_and_boxes_of_the_desk_are_40_pixels_high(house, open_browser, wanted):
    page = visit(house, open_browser, wanted, language="zh-hans", width=1366)
    assert too_small(page, "main .btn:not(.small):not(.link), main input[type=text]", 40, side=1) == []


@pytest.mark.parametrize("wanted", OF_THE_HAND, ids=str)
def test_what_a_thumb_presses_is_48_pixels_high(house, open_browser, wanted):
    page = visit(house, open_browser, wanted, language="zh-hans", width=360)
    assert too_small(page, MAIN, 48, side=1) == []


@pytest.mark.parametrize("wanted", PUBLIC, ids=str)
def test_in_large_print_it_is_60_pixels_high_and_24_pixels_tall(house, open_browser, wanted):
    client, address = wanted.start(house)
    page = open_browser(house.url, client, width=360)
    page.context.add_cookies([{"name": "elder", "value": "on", "url": house.url}])
    page.goto(house.url + address)
    assert too_small(page, MAIN, 60, side=1) == []
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "24px"
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => (sum += one.hadRecentInput ? 0 : one.value)))
    .observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""


@pytest.mark.parametrize("wanted", [*STAFF, *PUBLIC], ids=str)
@pytest.mark.parametrize("width", [1366, 360])
def test_nothing_jumps_while_a_page_loads(house, open_browser, wanted, width):
    page = visit(house, open_browser, wanted, language="zh-hans", width=width)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SHIFTS) < 0.05
