"""A building comes, a family moves in, a lessee leaves, goods and keys go out: by whoever has read the screens alone
(scenario 10's import and scenario 11's move-in half).

What is pressed is named by the words that stand on it, and nothing is done but by pages; the beginning is furnished.
"""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import expect

from complaints.models import Case
from residents import actions, gate, tasks
from residents.actions import importing
from residents.models import (
    Credential,
    Defect,
    Handover,
    ImportRun,
    KeyLoan,
    KeyMove,
    MoveBooking,
    Occupancy,
    Reading,
    ReleaseSlip,
    Unit,
)
from servicedesk.core import clock
from servicedesk.core.models import Event, Photo
from tests import factories
from tests.browser.test_papers import A4, A5, paper
from tests.browser.walking import go, photo
from tests.factories import MONDAY, at

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]
PHONE = {"width": 360, "height": 740}
TUESDAY = at("2025-09-16 09:00")


def press(page, words):
    """Press the button of the page that says `words`, and wait for the page that follows."""
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=words).first.click()


def follow(page, words):
    with page.expect_navigation():
        page.locator("main").get_by_role("link", name=words).first.click()


def task(page, words):
    """Go to a task of the move that is open."""
    with page.expect_navigation():
        page.locator("ul.tasks").get_by_role("link", name=words, exact=True).click()


def choose(page, words):
    """Choose what is labelled `words`, by the label: the circle itself may be drawn by the style alone."""
    page.locator("main label").filter(has_text=words).first.click()


def field(page, words):
    """Return the field whose label begins with `words`; “(optional)” may stand behind them."""
    return page.locator("main").get_by_label(re.compile(f"^{words}"))


def from_menu(page, site, words):
    """Go where the menu says `words`, in its line or under “more”."""
    go(page, site, reverse("core:profile"))
    phone, more = page.locator("details.nav-phone > summary"), page.locator("nav.nav details.menu > summary")
    link = page.locator("nav a:visible").get_by_text(words, exact=True)
    if phone.is_visible():
        phone.click()
    elif not link.count():
        more.click()
    with page.expect_navigation():
        link.first.click()


def refused(page, *named, but=()):
    """Look at the summary of what is wrong: it names each of `named` and none of `but`."""
    summary = page.locator(".error-summary, [role=alert]:visible").first
    for words in named:
        expect(summary).to_contain_text(words)
    for words in but:
        expect(summary).not_to_contain_text(words)


# 10: a building comes -------------------------------------------------------------------------------------------------

GOOD = [["18", "1", f"{floor}0{n}", floor, "88.50"] for floor in range(1, 6) for n in range(1, 5)]
# The headings of the empty workbook that are filled in.
HEADINGS = ("楼栋", "单元", "房号", "楼层", "面积（㎡）")
BAD = [
    ["18", "1", "", 1, "88"],
    ["18", "1", "901", "九", "88"],
    ["18", "1", "902", 9, "-5"],
    ["18", "1", "903", 9, "0"],
    ["18", "1", "9" * 21, 9, "88"],
    ["", "1", "904", 9, "88"],
    ["18", "1", "905", 9, "八十八"],
]


@pytest.fixture
def worker(monkeypatch):
    """The worker behind the pages: asleep until the walk says `worker()`, or `worker(1)` for a chunk of nine rows."""
    told = []
    monkeypatch.setattr(tasks, "wake", lambda key, **options: told.append(key))
    monkeypatch.setattr(importing, "CHUNK", 9)

    def work(chunks=99):
        while chunks and actions.work_on_import(told[-1], now=clock.now(), seconds=-1):
            chunks -= 1

    return work


def filled(path):
    """Return the empty workbook at `path` filled in from its second line, as a browser sends it."""
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    headings = [cell.value for cell in book.worksheets[0][1]]
    places = [1 + headings.index(heading) for heading in HEADINGS]
    for line, row in enumerate([*GOOD, *BAD], start=2):
        for place, value in zip(places, row, strict=True):
            book.worksheets[0].cell(line, place, value)
    file = io.BytesIO()
    book.save(file)
    return {"name": "18栋房屋.xlsx", "mimeType": "application/octet-stream", "buffer": file.getvalue()}


def upload(page, file):
    choose(page, "房屋")
    page.locator("[name=upload]").set_input_files(file)
    press(page, "上传")
    press(page, "读取这张工作表")
    press(page, "保存并显示前几行")
    press(page, "检查全部行")


def test_a_building_with_seven_bad_rows_is_checked_then_imported_once_and_taken_back(
    site, open_browser, yunhu, tang, worker
):
    """Scenario 10: nothing before the check, the bad rows by line and cause, a bar that outlives a reload, and once."""
    page = open_browser(site, tang)
    from_menu(page, site, "导入")
    with page.expect_download() as template:
        page.locator("main").get_by_role("link", name="房屋", exact=True).click()
    file = filled(template.value.path())
    upload(page, file)
    expect(page.locator("#import-progress")).to_be_visible()
    worker()
    expect(page.locator("#import-state")).to_contain_text("将新增")
    faults = page.locator("table:has(#faults-title) tbody tr")
    expect(faults).to_have_count(7)
    with page.expect_download() as listed:
        page.get_by_role("link", name="下载全部（CSV）").click()
    rows = list(csv.reader(io.StringIO(listed.value.path().read_text(encoding="utf-8-sig"))))[1:]
    assert [row[0] for row in rows] == [str(2 + len(GOOD) + n) for n in range(7)]
    assert [row[0] for row in rows] == faults.locator("td:first-child").all_inner_texts()
    assert all(row[3] for row in rows)
    assert not Unit.objects.exists()

    late = page.context.new_page()
    late.goto(page.url)
    page.watch.expect(409)
    expect(page.get_by_role("radio", name="只导入合格的行")).to_be_checked()
    choose(page, "全部导入")
    press(page, "立即导入")
    refused(page, "只导入合格的行")
    choose(page, "只导入合格的行")
    press(page, "立即导入")
    worker(1)
    bar = page.locator("#import-progress progress")
    expect(bar).to_have_attribute("value", "33")
    page.reload()
    expect(bar).to_have_attribute("value", "33")
    page.evaluate(
        "window.said = []; new MutationObserver(() => said.push(live.textContent))"
        ".observe(live, {childList: true, characterData: true, subtree: true})"
    )
    worker(1)
    expect(bar).to_have_attribute("value", "66")
    worker()
    expect(page.locator("#import-state")).to_contain_text("已导入 20 行")
    assert {words for words in page.evaluate("said") if words} == {"已完成"}, "the end is said, and no percent"
    assert (Unit.objects.count(), Unit.objects.filter(building__code="18").count()) == (20, 20)

    choose(late, "只导入合格的行")
    press(late, "立即导入")
    refused(late, "已完成", "请重新查看")
    from_menu(page, site, "导入")
    upload(page, file)
    worker()
    expect(page.locator("#import-state")).to_contain_text("无需导入")
    expect(page.get_by_role("button", name="立即导入")).to_have_count(0)
    assert Unit.objects.count() == 20

    follow(page, "导入")
    first = ImportRun.objects.earliest("pk")
    with page.expect_navigation():
        page.locator(f"main a[href='{first.get_absolute_url()}']").click()
    page.get_by_text("撤回整次导入").click()
    press(page, re.compile("^撤回"))
    worker()
    expect(page.locator("#import-state")).to_contain_text("已撤回")
    assert not Unit.objects.exists()
    assert page.watch.wrong == []


# 11: a family moves in ------------------------------------------------------------------------------------------------


@pytest.fixture
def empty_home(yunhu, chen):
    """A home that nobody has lived in, with a meter for water and one for electricity."""
    home = factories.unit(yunhu, "18-1-501")
    for resource, serial in (("water", "W18501"), ("electricity", "E18501")):
        facts = {"resource": resource, "serial": serial, "max_value": Decimal("99999.99"), "unit": home}
        actions.add_meter(yunhu, by=chen, now=MONDAY, **facts)
    return home


def open_move_in(page, site, room, name, phone):
    """Find the home on the list of move-ins, and open one for somebody new."""
    from_menu(page, site, "迁入迁出")
    page.get_by_role("combobox", name="办理入驻").click()
    page.keyboard.type(room)
    expect(page.locator("#hits [role=option][aria-selected=true]")).to_be_visible()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    begin_move_in(page, name, phone)


def begin_move_in(page, name, phone):
    field(page, "姓名").fill(name)
    field(page, "电话").fill(phone)
    press(page, "办理入驻")
    expect(page.locator("#ring-title")).to_be_visible()


def do_fees(page):
    task(page, "费用说明")
    choose(page, "已说明收费标准")
    press(page, "保存并完成")


def do_cards(page):
    task(page, "证件")
    field(page, "证件号").fill("C18501")
    press(page, "发证并完成")


def do_papers(page):
    task(page, "资料与身份")
    for seen in page.locator("main label").filter(has_text=re.compile("^\\s*已验看\\s*$")).all():
        seen.click()
    press(page, "保存并完成")


def do_meters(page):
    task(page, "水电表底")
    for serial, value in (("W18501", "3.5"), ("E18501", "12")):
        meter = page.locator("main fieldset").filter(has_text=serial)
        meter.get_by_label("读数").fill(value)
        meter.locator("input[type=file]").set_input_files(photo(f"{serial}.jpg"))
    press(page, "保存并完成")


def do_notices(page):
    task(page, "入住告知")
    choose(page, "入住手册已交付并签收")
    press(page, "保存并完成")


def do_keys(page):
    task(page, "钥匙")
    field(page, "新钥匙标签").fill("A-18501")
    field(page, "开哪里").fill("入户门")
    field(page, "数量").fill("3")
    press(page, "发放并完成")


def do_facilities(page, mended=""):
    """Find one thing wrong, mended by a day where the desk promises it at once, and all the others in order."""
    task(page, "设施验收")
    window = page.locator("main .facility").filter(has_text="窗及五金").first
    window.get_by_text("问题", exact=True).click()
    window.get_by_role("textbox").first.fill("关不严")
    if mended:
        window.get_by_label("整改期限").fill(mended)
    press(page, "其余全部正常")
    press(page, "完成本项")


def do_agreements(page):
    task(page, "协议签署")
    choose(page, "今天全部签署")
    press(page, "保存并完成")


def test_a_family_moves_in_over_two_days_and_every_paper_is_printed(
    site, open_browser, yunhu, empty_home, office, chen, zhou, liu, set_clock
):
    """Scenario 11: odd order, five of eight, where to go on, the refusal by name, the defect's case, the papers."""
    page = open_browser(site, chen)
    open_move_in(page, site, "18 501", "郑平", "13600001111")
    for number, do in enumerate([do_fees, do_cards, do_papers, do_meters, do_notices], start=1):
        do(page)
        expect(page.locator("main")).to_contain_text(f"已完成 {number} / 8 项")
    assert page.watch.wrong == []
    page.close()

    set_clock(TUESDAY)
    page = open_browser(site, zhou)
    from_menu(page, site, "迁入迁出")
    row = page.locator("tr[data-row]").filter(has_text="郑平")
    expect(row).to_contain_text("5 / 8")
    expect(row.get_by_role("link", name="钥匙")).to_be_visible()
    follow(page, "18-1-501")
    expect(page.locator("main a.btn.primary").first).to_contain_text("钥匙")
    page.watch.expect(409)
    press(page, "办结")
    refused(page, "钥匙", "设施验收", "协议签署", but=["费用说明", "证件", "水电表底"])
    do_keys(page)

    worker = open_browser(site, liu, **PHONE)
    go(worker, site, reverse("desk:moveins"))
    follow(worker, "18-1-501")
    do_facilities(worker)
    follow(worker, "关不严")
    worker.locator("[name=photo]").set_input_files(photo("window.jpg"))
    press(worker, "添加")
    assert worker.watch.wrong == []

    page.reload()
    do_agreements(page)
    press(page, "办结")
    refused(page, "关不严", but=["协议签署"])
    follow(page, "关不严")
    field(page, "整改期限").fill("2025-09-18")
    press(page, "立单")
    case = Case.objects.get()
    expect(page.locator("main")).to_contain_text(case.short_number)
    follow(page, case.short_number)
    expect(page.locator("main")).to_contain_text("关不严")
    expect(page.locator("main")).to_contain_text("09-18")
    assert Photo.objects.about(case).count() == 1

    handover = Handover.objects.get()
    go(page, site, handover.get_absolute_url())
    handed_over = ["A-18501", "× 3", "W18501", "3.500", "E18501", "12.000", "已存档", "关不严", "2025-09-18"]
    for name, wanted, sheets in (
        ("设施交接单", handed_over, [A4, A4]),
        ("钥匙签收单", ["A-18501", "入户门", "郑平"], [A5]),
        ("入住手册签收", ["郑平", "2025-09-16", "2025-10-01"], [A5]),
    ):
        follow(page, name)
        for words in wanted:
            expect(page.locator("main")).to_contain_text(words)
        assert paper(page) == sheets
        go(page, site, handover.get_absolute_url())
    page.locator("#complete [name=photo]").set_input_files(photo("signed.jpg"))
    press(page, "办结")
    expect(page.locator("main")).to_contain_text("照片")
    handover.refresh_from_db()
    assert (handover.status, handover.completed_by, handover.signed_how) == ("completed", zhou, "photo")
    assert dict(Reading.objects.values_list("meter__serial", "kind")) == {"W18501": "base", "E18501": "base"}
    assert Photo.objects.about(Reading.objects.first()).exists()
    assert KeyMove.objects.get(action="issue").copies == 3
    assert Occupancy.objects.get().person.name == "郑平"
    go(page, site, reverse("desk:intake"))
    page.keyboard.press("F2")
    page.keyboard.type("zp")
    expect(page.locator("#hits [role=option]").first).to_contain_text("18-1-501")
    assert page.watch.wrong == []


def test_without_scripts_a_move_in_is_done_from_the_search_to_the_signature(
    site, open_browser, empty_home, office, chen
):
    """Scenario 11 where nothing but pages works: every task, on a phone."""
    page = open_browser(site, chen, **PHONE, java_script_enabled=False)
    from_menu(page, site, "迁入迁出")
    page.get_by_role("combobox", name="办理入驻").fill("501")
    press(page, "查找")
    follow(page, "18-1-501")
    begin_move_in(page, "郑平", "13600001111")
    do_facilities(page, mended="2025-09-18")
    for do in (do_agreements, do_keys, do_notices, do_meters, do_papers, do_cards, do_fees):
        do(page)
    press(page, "办结")
    handover = Handover.objects.get()
    assert (handover.status, Defect.objects.get().text) == ("completed", "客厅 窗及五金：关不严")
    assert Case.objects.get().promised_reply_at.date() == MONDAY.date() + timedelta(days=3)
    assert set(handover.tasks.values_list("status", flat=True)) == {"done"}
    assert page.watch.wrong == []


# A lessee moves out ---------------------------------------------------------------------------------------------------


@pytest.fixture
def sun(yunhu, home, lin, office, chen, zhou):
    """Sun rents 3-2-1201 of Lin: two keys, a card, a plate in the lobby, and a meter that was read in spring."""
    sun = factories.resident(home, "孙悦", "13300001111", Occupancy.Kind.LESSEE)
    facts = {"by": chen, "now": MONDAY}
    keys = factories.key_set(yunhu, by=chen, unit=home, tag="B-1201", what="入户门", kind="vacant")
    actions.issue_keys(keys, copies=2, person=sun, proof="id", owner_called=True, owner_said="同意", **facts)
    card = {"kind": "lessee_card", "number": "C1201", "valid_from": MONDAY.date(), "unit": home, "person": sun}
    actions.issue_credential(yunhu, **card, **facts)
    meter = {"unit": home, "resource": "water", "serial": "W1201", "max_value": Decimal("99999.99")}
    water = actions.add_meter(yunhu, **meter, **facts)
    actions.record_reading(water, value=Decimal(5), kind="base", at=at("2025-03-01 09:00"), source="desk", **facts)
    board = factories.board(yunhu, home.building, by=zhou)
    plate = factories.plate(board, sun.occupancies.get(), by=chen, is_private_agreed=True)
    factories.hung(plate, by=chen, approved_by=zhou)
    return sun


def found(page, site, typed):
    """Return what the intake finds for what is typed."""
    go(page, site, reverse("desk:intake"))
    page.keyboard.press("F2")
    with page.expect_response(lambda answer: "/desk/find/" in answer.url and answer.ok):
        page.keyboard.insert_text(typed)
    expect(page.locator("#hits li").first).to_be_visible()
    return page.locator("#hits").inner_text()


def test_a_lessee_leaves_when_all_is_back_or_excused_and_is_found_no_more(
    site, open_browser, home, sun, chen, set_clock
):
    """Scenario 11's other end: nothing closes before its tasks, the certificate prints, the owner is still found."""
    page = open_browser(site, chen)
    from_menu(page, site, "房屋")
    follow(page, "3-2-1201")
    page.get_by_text("办理", exact=True).click()
    follow(page, "迁出")
    field(page, "谁迁出").select_option(label="孙悦 租户")
    press(page, "办理迁出")
    page.watch.expect(409, 422)
    task(page, "收回钥匙")
    back, lost = page.get_by_role("group", name="B-1201").get_by_role("spinbutton").all()
    back.fill("1")
    lost.fill("1")
    press(page, "保存并完成")
    refused(page, "请写明")
    field(page, "遗失钥匙的处理").fill("换锁芯")
    press(page, "保存并完成")
    press(page, "办结")
    refused(page, "末次抄表", "收回证件", "水牌", "迁出日与人员", but=["收回钥匙"])
    task(page, "末次抄表")
    page.get_by_label("读数").fill("12.5")
    press(page, "保存并完成")
    task(page, "水牌")
    press(page, "安排拆除并完成")
    task(page, "收回证件")
    page.get_by_text("本项免办").click()
    field(page, "理由").fill("证件遗忘在外地,下周寄回")
    press(page, "按此原因免办")
    follow(page, "结清单")
    expect(page.get_by_role("heading", name="结清单")).to_be_visible()
    page.go_back()
    task(page, "迁出日与人员")
    press(page, "保存并完成")
    press(page, "办结")
    refused(page, "账单已结清", "押金已结清", but=["迁出日与人员"])
    for words in ("账单已结清", "押金已结清"):
        task(page, words)
        press(page, "保存并完成")
    press(page, "办结")
    follow(page, "结清单")
    expect(page.get_by_role("heading", name="迁出证明")).to_be_visible()
    for words in ("孙悦", "W1201", "12.50", "B-1201", "下周寄回", "2025-09-15"):
        expect(page.locator("main")).to_contain_text(words)
    assert paper(page) == [A4]
    card = Credential.objects.get()
    assert (card.status, card.valid_to) == (Credential.Status.ACTIVE, MONDAY.date()), "good until the last day is over"
    assert not KeyMove.objects.outstanding(home).exists()
    assert "孙悦" in found(page, site, "3 1201"), "the last day is a day in the home"
    assert page.watch.wrong == []

    set_clock(TUESDAY)
    call_command("expire_credentials")
    card.refresh_from_db()
    assert card.status == Credential.Status.EXPIRED
    page = open_browser(site, chen)
    lines = found(page, site, "3 1201")
    assert "林晓梅" in lines
    assert "孙悦" not in lines
    assert "孙悦" not in found(page, site, "孙悦").replace("“孙悦”", "")
    assert page.watch.wrong == []


# Goods leave by the gate ----------------------------------------------------------------------------------------------


def test_goods_leave_once_by_the_slip_that_another_approved(
    site, open_browser, yunhu, home, lin, chen, zhou, ma, set_clock
):
    """A booked move, a slip asked for and approved by two people, one tap at the gate, and a second that is told."""
    factories.lift(home)
    desk = open_browser(site, chen)
    from_menu(desk, site, "搬家放行")
    follow(desk, re.compile("预约 .*1 号梯 09-16"))
    field(desk, "房号").fill("3-2-1201")
    choose(desk, "迁出")
    field(desk, "申请人").fill("林晓梅")
    choose(desk, "业主")
    field(desk, "车牌").fill("浙A12345")
    press(desk, "预约")
    press(desk, "确认")
    assert MoveBooking.objects.get().status == "confirmed"
    follow(desk, "申请放行条")
    field(desk, "物品").fill("沙发 2\n电视 1台, 屏幕已裂")
    press(desk, "提交申请")
    slip = ReleaseSlip.objects.get()
    expect(desk.locator("main")).to_contain_text("须由他人审批")
    expect(desk.get_by_role("button", name="同意")).to_have_count(0)

    supervisor = open_browser(site, zhou)
    go(supervisor, site, reverse("core:inbox"))
    follow(supervisor, slip.number)
    press(supervisor, "同意")
    desk.reload()
    follow(desk, "打印放行条")
    expect(desk.locator("main")).to_contain_text("屏幕已裂")
    assert paper(desk) == [A5]
    assert desk.watch.wrong == supervisor.watch.wrong == []

    guard = open_browser(site, ma, **PHONE)
    look_up(guard, site, "1")
    expect(guard.locator(".gate-verdict")).to_contain_text("未到有效期")
    set_clock(at("2025-09-16 09:30"))
    guard = open_browser(site, ma, **PHONE)
    look_up(guard, site, "1")
    expect(guard.locator(".gate-verdict")).to_contain_text("可以放行")
    expect(guard.locator("main")).to_contain_text("浙A12345")
    press(guard, "放行")
    expect(guard.locator(".gate-verdict")).to_contain_text("已放行")
    go(guard, site, reverse("residents:gate_scan", args=[gate.token_of(yunhu.pk, slip.number)]))
    expect(guard.locator(".gate-verdict")).to_contain_text("已经用过")
    expect(guard.get_by_role("button", name=re.compile("^放行"))).to_have_count(0)
    guard.wait_for_load_state("networkidle")
    slip.refresh_from_db()
    turned_away = Event.objects.about(slip).filter(verb="slip_turned_away").order_by("id")
    assert [event.data["why"] for event in turned_away] == ["too_early", "used"]
    assert (slip.status, slip.gate_checked_by, slip.decided_by, slip.asked_by) == ("used", ma, zhou, chen)
    assert guard.watch.wrong == []


def look_up(page, site, number):
    from_menu(page, site, "门岗")
    field(page, "放行条编号").fill(number)
    press(page, "查验")


# Keys go out and come back --------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(yunhu, home, lin, office, chen):
    """Two keys of 3-2-1201 that Lin has left in trust."""
    return factories.key_set(yunhu, by=chen, unit=home, tag="K-01", what="入户门")


def test_a_lent_key_that_comes_back_late_is_shown_first_and_told_of(
    site, open_browser, yunhu, trusted, chen, zhou, set_clock
):
    """Lent on a call to the owner, its slip on A5, overdue in red with a word to the supervisor, back and settled."""
    page = open_browser(site, chen)
    from_menu(page, site, "钥匙")
    follow(page, "钥匙柜")
    follow(page, "K-01")
    follow(page, "借出")
    choose(page, "施工单位")
    page.locator("#panel [name=name]").fill("吴师傅")
    page.locator("#panel [name=reason]").fill("检修厨房水管")
    page.watch.expect(409, 422)
    press(page, re.compile("^借出"))
    refused(page, "业主")
    expect(page.locator("#panel [name=reason]")).to_have_value("检修厨房水管")
    choose(page, "已查看身份证")
    choose(page, "已致电业主")
    page.locator("#panel [name=owner_said]").fill("同意,修好锁门")
    press(page, re.compile("^借出"))
    loan = KeyLoan.objects.get()
    follow(page, "借条")
    expect(page.locator("main")).to_contain_text("吴师傅")
    assert paper(page) == [A5]
    assert page.watch.wrong == []

    set_clock(at("2025-09-15 14:00"))
    call_command("remind_keys")
    page = open_browser(site, zhou)
    go(page, site, reverse("core:inbox"))
    expect(page.locator("main")).to_contain_text("K-01")
    from_menu(page, site, "钥匙")
    expect(page.locator("tr[data-state=over]")).to_contain_text("吴师傅")
    follow(page, "收回钥匙")
    follow(page, "收回钥匙")
    press(page, "收回钥匙")
    loan.refresh_from_db()
    assert loan.status == "ended"
    assert loan.ended_at > loan.due_back_at
    from_menu(page, site, "钥匙")
    expect(page.locator("main")).to_contain_text("没有钥匙在外")
    assert page.watch.wrong == []


def test_keys_left_in_trust_are_used_in_an_emergency_when_another_approved_and_the_owner_is_told(
    site, open_browser, yunhu, trusted, chen, zhou, liu
):
    page = open_browser(site, chen)
    go(page, site, trusted.get_absolute_url())
    follow(page, "紧急启用")
    choose(page, "本公司员工")
    field(page, "哪位同事").select_option(label="刘强")
    page.locator("#panel [name=reason]").fill("1201 漏水到楼下,业主电话不通")
    press(page, re.compile("^紧急启用"))
    expect(page.get_by_role("link", name="交付钥匙")).to_have_count(0)
    expect(page.get_by_role("link", name="同意", exact=True)).to_have_count(0)

    supervisor = open_browser(site, zhou)
    from_menu(supervisor, site, "钥匙")
    follow(supervisor, "审批")
    follow(supervisor, re.compile("^同意"))
    press(supervisor, re.compile("^同意"))
    page.reload()
    follow(page, "交付钥匙")
    press(page, "交付钥匙")
    expect(page.locator(".alert").filter(has_text="须告知业主")).to_be_visible()
    from_menu(supervisor, site, "钥匙")
    expect(supervisor.locator("table:has(#untold)")).to_contain_text("K-01")
    follow(page, "已告知业主")
    choose(page, "电话")
    press(page, "已告知业主")
    follow(page, "收回钥匙")
    press(page, "收回钥匙")
    loan = KeyLoan.objects.get()
    assert (loan.status, loan.approved_by, loan.asked_by, loan.told_by) == ("ended", zhou, chen, chen)
    verbs = list(Event.objects.about(loan).order_by("id").values_list("verb", flat=True))
    assert verbs == ["key_asked", "key_approved", "key_handed_over", "key_owner_told", "key_settled"]
    assert page.watch.wrong == supervisor.watch.wrong == []
