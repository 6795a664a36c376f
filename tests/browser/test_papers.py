"""What comes out of the printer: the size and the number of sheets, and black on white whatever the screen shows."""

import re

import pytest
from django.urls import reverse

from complaints import actions
from servicedesk.core import clock
from tests import factories
from tests.browser.pages import (
    PRINT,
    Visit,
    closing,
    first_printing,
    planned,
    reading_round,
    register_paper,
    report,
    send,
    slip_of,
)
from tests.browser.rows import move_page
from tests.browser.test_every_page import visit
from tests.browser.test_weight import STAFF

pytestmark = pytest.mark.browser
SLIP, A5, A4, A4_ACROSS = (241, 140), (210, 148), (210, 297), (297, 210)
PASS = (86, 54)
# As much as the desk can be told of one matter.
LONG = {
    "summary": "厨房水管漏水" * 33 + "很急",
    "wish": "今天下午六点以前上门,请带配件",
    "place": "12 栋 3 单元 1201 厨房",
}


def pages_of(pdf):
    """Return the (width, height) in millimetres of every page of a PDF as Chromium writes it."""
    text = pdf.decode("latin-1")
    count = len(re.findall(r"/Type\s*/Page\b", text))
    boxes = re.findall(r"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", text)
    assert len(boxes) == count, "a page inherits its size"
    return [tuple(round(float(side) / 72 * 25.4) for side in box) for box in boxes]


def paper(page):
    return pages_of(page.pdf(prefer_css_page_size=True))


def long_case(house, **facts):
    """A job that Liu has, with 200 characters of matter."""
    chen, liu = house.people["chen"], house.people["liu"]
    now = clock.now()
    case = factories.case(house.community, by=chen, now=now, **LONG, **facts)
    engineering = house.community.departments.get(code="engineering")
    actions.hand_over(case, department=engineering, by=chen, now=now, worker=liu)
    return case


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("size", "sheet"), [("slip", SLIP), ("a5", A5)])
def test_a_work_order_with_a_matter_of_200_characters_is_one_sheet(house, open_browser, size, sheet, language):
    case = long_case(house)
    assert len(case.summary) == 200
    page = open_browser(house.url, house.client("chen"), language=language)
    page.goto(house.url + reverse("complaints:case", args=[case.number]) + "?do=work_order")
    page.check(f"#panel [name=size][value={size}]")
    send(PRINT)(page)
    assert paper(page) == [sheet]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("query", "sheet"), [("", SLIP), ("?size=a5", A5)])
def test_a_slip_with_a_matter_of_200_characters_is_one_sheet(house, open_browser, query, sheet, language):
    case = long_case(house)
    page = open_browser(house.url, house.client("chen"), language=language)
    page.goto(house.url + reverse("desk:slip", args=[case.number]) + query)
    assert paper(page) == [sheet]


def test_what_does_not_fit_goes_on_with_sheets_of_the_same_size(house, open_browser):
    case = long_case(house, description="从昨晚开始漏水,厨房和客厅都有。" * 100)
    order, slip = open_browser(house.url, house.client("liu"), width=360), open_browser(house.url, house.client("chen"))
    order.goto(house.url + reverse("complaints:job", args=[case.number]) + "?do=work_order")
    send(PRINT)(order)
    slip.goto(house.url + reverse("desk:slip", args=[case.number]) + "?size=a5")
    for page, size in ((order, SLIP), (slip, A5)):
        sheets = page.locator(".sheet").count()
        assert sheets > 1
        assert paper(page) == [size] * sheets
        assert page.locator(".sheet h2").count() == sheets - 1, "each later sheet says whose it is"


@pytest.mark.parametrize(("lines", "sheets"), [(4, 1), (40, 2)])
def test_a_letter_is_a4_and_goes_on_where_it_is_long(house, open_browser, lines, sheets):
    case, chen, now = house.cases["letter_draft"], house.people["chen"], clock.now()
    text = "尊敬的吴刚：\n" + "您反映的问题我们已经处理，谢谢您的批评指正。\n" * lines
    letter = actions.write_letter(factories.fresh(case), by=chen, now=now, text=text, addressee="吴刚")
    page = open_browser(house.url, house.client("chen"))
    page.goto(house.url + reverse("complaints:letter_print", args=[case.number, letter.pk]))
    assert paper(page) == [A4] * sheets


# Paper, its size, and how many sheets there are at the most in a house with a hundred cases.
PAPERS = [
    (Visit("desk:slip", "chen", case="taken"), SLIP, 1),
    (Visit("complaints:track_print", link="taken"), None, 1),
    (Visit("desk:board", "zhou"), A4_ACROSS, 4),
    # Without the long ones that the tests above have added.
    (Visit("complaints:list", "zhou", query="?kind=complaint"), A4_ACROSS, 5),
    (Visit("complaints:mail_print", "chen"), A4_ACROSS, 1),
    (Visit("complaints:courtesy_card", "chen"), A4, 1),
    (Visit("complaints:courtesy_card", "chen", query="?size=a5"), A5, 1),
    (Visit("residents:key_slip", "chen", begin=register_paper("residents:key_slip", "loans", "used")), A5, 1),
    (Visit("residents:card_print", "chen", begin=register_paper("residents:card_print", "cards", "pass")), PASS, 1),
    (Visit("residents:cabinet", "chen"), A4_ACROSS, 1),
    (Visit("complaints:closing_sheet", "chen"), A4, 6),
    (Visit("complaints:closing_sheet", "sun"), A4, 1),
    (Visit("complaints:closeout_print", "zhou", begin=closing("closeout_print", days_ago=1)), A4, 2),
    (Visit("residents:slip_print", "chen", begin=slip_of("slip_print", "good")), A5, 1),
    (Visit("residents:slips_week", "chen"), A4_ACROSS, 1),
    (Visit("residents:round_sheet", "zhou", begin=reading_round("round_sheet")), A4, 1),
    (Visit("complaints:week_print", "zhou", begin=report("week", ago=1, name="print")), A4, 3),
    (Visit("residents:visit_sheet", "chen", begin=planned("visit_sheet", named=True)), A4, 1),
    (Visit("residents:visit_report", "guo", begin=planned("visit_report", "guo")), A4, 1),
    (Visit("residents:board_printing", "guo", begin=first_printing), A4, 1),
    (Visit("complaints:month_print", "zhou", begin=report("month", name="print")), A4, 3),
    (Visit("desk:move_sheet", "chen", begin=move_page("in", paper="move_sheet")), A4, 2),
    (Visit("desk:move_keys", "chen", begin=move_page("in", paper="move_keys")), A5, 1),
    (Visit("desk:move_handbook", "chen", begin=move_page("in", paper="move_handbook")), A5, 1),
    (Visit("desk:move_certificate", "chen", begin=move_page("out", paper="move_certificate")), A4, 1),
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("wanted", "size", "most"), PAPERS, ids=str)
def test_a_paper_has_its_size_and_few_sheets_and_is_white(house, open_browser, wanted, size, most, language):
    page = visit(house, open_browser, wanted, language=language, width=1366)
    sheets = paper(page)
    assert len(set(sheets)) == 1
    assert size is None or sheets[0] == size
    assert len(sheets) <= most
    assert not_for_paper(page) == []


@pytest.mark.parametrize("wanted", [page for page in STAFF if page not in [paper[0] for paper in PAPERS]], ids=str)
def test_a_page_that_is_printed_is_white_and_has_no_navigation(house, open_browser, wanted):
    page = visit(house, open_browser, wanted, language="zh-hans", width=1366)
    assert not_for_paper(page) == []


def not_for_paper(page):
    """Return what is wrong with a page on paper when the dark theme is on: colours, and what can only be clicked."""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print", color_scheme="dark")
    wrong = page.locator("nav:visible, .bar:visible, .sticky-foot:visible, .bulk-bar:visible, .print-bar:visible")
    found = [element.get_attribute("class") for element in wrong.all()]
    ground, ink = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    found += [] if ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)") else [f"ground {ground}"]
    return found + ([] if ink in ("rgb(0, 0, 0)", "rgb(26, 31, 38)") else [f"ink {ink}"])
