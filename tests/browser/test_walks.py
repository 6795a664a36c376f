"""What people do from end to end, in a browser: each walk makes its own rows, and the clock stands where it says."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from complaints import actions
from complaints.models import Case, Category, Channel, IntakeDraft, Status
from servicedesk.core import clock
from servicedesk.core.models import Event, Notification, Photo
from servicedesk.core.tokens import code_of
from tests import factories
from tests.browser.walking import Hands, go, late_by, photo, send
from tests.factories import PASSWORD, at

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]
INTAKE, BOARD = "/desk/", "/board/"
SAVE = "#intake .sticky-foot button.primary"


# Signed out elsewhere ------------------------------------------------------------------------------------------------


def test_a_session_that_ended_elsewhere_swallows_neither_the_page_nor_the_words(site, open_browser, chen, taken_case):
    page = open_browser(site, chen)
    go(page, site, taken_case.get_absolute_url())
    page.locator("#id_note").fill("业主说明天上午在家")
    Session.objects.all().delete()
    # The page itself may ask meanwhile and stand locked already: then the button lies behind the lock.
    page.locator(".note-form .form-actions button").dispatch_event("click")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#lock-error")).not_to_be_empty()
    expect(page.locator("#presence [name=login]")).to_have_count(0)
    other = page.context.new_page()
    go(other, site, "/accounts/login/")
    other.locator("[name=login]").fill("chen")
    other.locator("[name=password]").fill(PASSWORD)
    send(other)
    expect(page.locator("#lock")).to_be_hidden()
    expect(page.locator("#id_note")).to_have_value("业主说明天上午在家")
    send(page, ".note-form .form-actions button")
    assert Event.objects.about(taken_case).filter(note="业主说明天上午在家").count() == 1


def test_a_finder_that_finds_no_session_shows_the_lock_and_no_sign_in_page(site, open_browser, chen):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    Session.objects.all().delete()
    page.keyboard.press("F2")
    page.keyboard.type("8-1")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#hits [name=login]")).to_have_count(0)


def test_a_case_that_lies_open_shows_the_lock_when_the_session_has_ended(site, open_browser, chen, taken_case):
    page = open_browser(site, chen)
    page.clock.install()
    go(page, site, taken_case.get_absolute_url())
    Session.objects.all().delete()
    with page.expect_response(lambda answer: answer.url.endswith("/presence/")):
        page.clock.fast_forward("00:21")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#lock-error")).not_to_be_empty()


def test_a_draft_that_finds_no_session_shows_the_lock_and_keeps_the_words(site, open_browser, chen):
    page = open_browser(site, chen)
    page.clock.install()
    go(page, site, INTAKE)
    page.locator("#id_wish").focus()
    page.keyboard.type("今天上门")
    Session.objects.all().delete()
    with page.expect_response(lambda answer: answer.url.endswith(reverse("desk:draft"))):
        page.clock.fast_forward("00:06")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#lock-error")).not_to_be_empty()
    expect(page.locator("#id_wish")).to_have_value("今天上门")


def test_without_a_script_the_words_come_back_and_wait_beside_the_sign_in(site, open_browser, chen, taken_case):
    page = open_browser(site, chen, java_script_enabled=False)
    go(page, site, taken_case.get_absolute_url())
    page.locator("#id_note").fill("业主说明天上午在家")
    Session.objects.all().delete()
    send(page, ".note-form .form-actions button")
    assert page.locator("textarea[readonly]").input_value() == "业主说明天上午在家"
    with page.expect_popup() as opened:
        page.locator("main a.primary").click()
    other = opened.value
    other.locator("[name=login]").fill("chen")
    other.locator("[name=password]").fill(PASSWORD)
    send(other)
    assert other.url == site + taken_case.get_absolute_url()
    assert page.locator("textarea[readonly]").input_value() == "业主说明天上午在家"


# At the desk ----------------------------------------------------------------------------------------------------------


def test_a_room_that_nobody_knows_is_kept_as_the_place_by_one_enter(site, open_browser, chen):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    for typed, wait in [("8-1-909", True), ("地下车库", False)]:
        page.keyboard.press("F2")
        page.keyboard.insert_text(typed)
        if wait:
            expect(page.locator("#hits .none")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("[name=category]").first).to_be_focused()
        expect(page.locator("#id_q")).to_have_value(typed)


def test_the_tenth_category_shows_the_key_that_picks_it(site, open_browser, yunhu, chen):
    engineering = yunhu.departments.get(code="engineering")
    digits = set(yunhu.categories.values_list("digit", flat=True))
    for digit in set(range(1, 11)) - digits:
        Category.objects.create(
            community=yunhu,
            department=engineering,
            digit=digit,
            code=f"more{digit}",
            name=f"其他{digit}",
            kind="repair",
        )
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    shown = "el => getComputedStyle(el, '::before').content"
    assert page.locator("#id_category .choice span").nth(9).evaluate(shown) == '"0"'


def test_the_words_to_read_back_follow_the_matter_while_it_is_typed(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.locator("[name=category]").first.check(force=True)
    expect(page.locator("#verdict q")).to_contain_text("……")
    page.locator("#id_summary").press_sequentially("水管漏水")
    expect(page.locator("#verdict q")).to_contain_text("水管漏水")
    expect(page.locator("#id_summary")).to_be_focused()


def test_a_repair_is_logged_with_the_keyboard_alone_in_25_keys(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    hands = Hands(page)
    hands.press("F2")
    expect(page.locator("#id_q")).to_be_focused()
    hands.type("3 1201")
    expect(page.locator("#hits [role=option][aria-selected=true]")).to_contain_text("林晓梅")
    hands.press("Enter")
    expect(page.locator("#caller")).to_contain_text("138****1234")
    expect(page.locator("[name=category]").first).to_be_focused()
    hands.press("3")
    expect(page.locator("#id_summary")).to_be_focused()
    expect(page.locator("#verdict")).to_contain_text("工程部")
    hands.compose("cfsgls", "厨房水管漏水")
    with page.expect_navigation():
        hands.press("F8")
    expect(page.locator("#id_q")).to_be_focused()
    expect(page.locator("#id_summary")).to_have_value("")
    case = Case.objects.get()
    expect(page.locator(".undo")).to_contain_text(case.short_number)
    assert hands.keys <= 25
    assert (case.summary, case.category.code, case.reporter_name) == ("厨房水管漏水", "indoor", "林晓梅")
    assert (str(case.unit), case.channel, case.first_responsible) == (str(lin.occupancies.get().unit), "phone", chen)
    assert case.intake_seconds is not None
    assert page.watch.wrong == []


def test_a_repair_is_logged_with_six_clicks_beside_what_is_typed(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    hands = Hands(page)
    page.keyboard.type("3 1201")
    hands.click("#hits [role=option]")
    indoor = Category.objects.get(code="indoor")
    hands.click(f"label.choice:has([name=category][value='{indoor.pk}'])")
    expect(page.locator("#verdict q")).to_contain_text("3-2-1201")
    hands.click("#chips .chip")
    expect(page.locator("#id_summary")).to_have_value("漏水")
    hands.click("label:has([name=read_back])")
    with page.expect_navigation():
        hands.click(SAVE)
    assert hands.clicks <= 6
    case = Case.objects.get()
    assert case.summary == "漏水"
    assert case.read_back_at is not None


def test_a_saved_case_can_be_undone_and_leaves_its_number(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.keyboard.type("1201")
    page.locator("#hits [role=option]").first.click()
    page.keyboard.press("3")
    page.keyboard.insert_text("误登记")
    with page.expect_navigation():
        page.keyboard.press("F8")
    send(page, ".undo form button")
    assert Case.objects.get().status == Status.VOID
    assert Event.objects.about(Case.objects.get()).filter(verb="received").exists()


def test_letters_of_the_input_method_find_and_its_enter_picks_nobody(site, open_browser, chen, lin, wu):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    method = page.context.new_cdp_session(page)
    for letters in ("l", "lx", "l'x'm"):
        length = {"selectionStart": len(letters), "selectionEnd": len(letters)}
        method.send("Input.imeSetComposition", {"text": letters, **length})
    expect(page.locator("#hits [role=option]")).to_contain_text(["林晓梅"])
    # The Enter of the input method carries 229 in every browser.
    for kind in ("rawKeyDown", "keyUp"):
        key = {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
        method.send("Input.dispatchKeyEvent", key)
    method.send("Input.insertText", {"text": "林晓梅"})
    assert page.locator("#id_who").input_value() == ""
    expect(page.locator("#id_q")).to_be_focused()
    expect(page.locator("#id_q")).to_have_value("林晓梅")
    expect(page.locator("#hits [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#id_who")).to_have_value(re.compile("o[0-9]+"))


def test_an_enter_before_the_answer_picks_from_the_answer_to_what_was_typed(site, open_browser, chen, lin, wu):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.keyboard.type("3 1202")
    page.keyboard.press("Enter")
    expect(page.locator("#caller")).to_contain_text("吴刚")
    expect(page.locator("[name=category]").first).to_be_focused()


def test_enter_in_a_box_of_the_intake_sends_nothing(site, open_browser, chen, lin):
    """The Enter that ends a word in the input method is pressed once too often; F8 saves."""
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.locator("#id_summary").fill("写到一半")
    page.evaluate("window.sameplace = true")
    page.locator("#id_summary").press("Enter")
    page.locator("#id_wish").fill("今天上门")
    assert page.evaluate("window.sameplace")
    expect(page.locator("#id_summary")).to_have_value("写到一半")


def test_whoever_is_not_found_is_kept_as_the_place(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.keyboard.type("8-1-909")
    expect(page.locator("#hits .none")).to_be_visible()
    page.locator("label.choice:has([name=category])").nth(2).click()
    page.locator("#id_summary").fill("水表漏水")
    page.locator("#id_reporter_name").fill("赵敏")
    page.locator("#id_reporter_phone").fill("13600001111")
    with page.expect_navigation():
        page.keyboard.press("F8")
    case = Case.objects.get()
    assert (case.place, case.unit, case.reporter_name) == ("8-1-909", None, "赵敏")


def test_a_key_sends_the_form_it_belongs_to_once_and_no_other(site, open_browser, chen, taken_case):
    """The page has buttons for steps, a panel that F8 sends and a line that Ctrl+Enter sends."""
    page = open_browser(site, chen)
    panel, line = page.locator("#panel [name=note]"), page.locator(".note-form [name=note]")
    go(page, site, taken_case.get_absolute_url() + "?do=escalate")
    panel.fill("请主管出面")
    line.fill("业主明天在家")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    events = Event.objects.about(taken_case)
    assert events.get(note="业主明天在家")
    assert not events.filter(note="请主管出面").exists()
    go(page, site, taken_case.get_absolute_url() + "?do=escalate")
    panel.fill("请主管出面")
    line.fill("还没写完")
    with page.expect_navigation():
        page.keyboard.press("F8")
        page.keyboard.press("F8")
    assert events.get(note="请主管出面").verb == "escalated"
    assert not events.filter(note="还没写完").exists()
    assert factories.fresh(taken_case).status == Status.TAKEN


def test_f8_leaves_the_buttons_of_other_forms_alone_where_the_page_saves_nothing(site, open_browser, chen, web_case):
    page = open_browser(site, chen)
    go(page, site, web_case.get_absolute_url())
    page.locator(".note-form [name=note]").fill("还没写完")
    page.keyboard.press("F8")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note-form [name=note]")).to_be_empty()
    assert Event.objects.about(web_case).filter(note="还没写完").count() == 1
    assert factories.fresh(web_case).status == Status.RECEIVED


def test_a_click_on_a_message_opens_its_case_and_marks_it_as_read(site, open_browser, web_case, chen):
    page = open_browser(site, chen)
    go(page, site, reverse("core:inbox"))
    message = page.locator("[data-unread] a", has_text=web_case.short_number)
    with page.expect_navigation():
        message.click()
    assert page.url == site + web_case.get_absolute_url()
    mine = Notification.objects.inbox_of(chen, clock.now()).filter(subject_id=web_case.pk)
    assert mine.exists() and not mine.unread().exists()
    go(page, site, reverse("core:inbox"))
    expect(page.locator("[data-unread]")).to_have_count(0)


def test_the_desk_works_without_a_script(site, open_browser, chen, lin):
    page = open_browser(site, chen, java_script_enabled=False)
    go(page, site, INTAKE)
    page.locator("#id_q").fill("1201")
    page.locator("#id_summary").fill("厨房水管漏水")
    send(page, "button[name=find]")
    assert page.locator("#id_summary").input_value() == "厨房水管漏水"
    page.locator("label:has-text('林晓梅') input[name=who]").check()
    page.locator("label.choice:has([name=category])").nth(2).click()
    send(page, SAVE)
    case = Case.objects.get()
    assert (case.reporter_name, case.summary, case.category.code) == ("林晓梅", "厨房水管漏水", "indoor")


def test_what_was_typed_comes_back_after_the_session_is_gone(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.keyboard.type("3 1201")
    page.locator("#hits [role=option]").first.click()
    page.locator("#id_summary").fill("厨房水管漏水,已关总阀")
    # A draft is saved every five seconds.
    expect(page.locator("#draft-saved")).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=10_000)
    Session.objects.all().delete()
    page.keyboard.press("F8")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#id_summary")).to_have_value("厨房水管漏水,已关总阀")
    go(page, site, reverse("account_login"))
    page.locator("[name=login]").fill("chen")
    page.locator("[name=password]").fill(PASSWORD)
    send(page, "main form:has([name=password]) button")
    go(page, site, INTAKE)
    expect(page.locator("#id_summary")).to_have_value("厨房水管漏水,已关总阀")
    expect(page.locator("#caller")).to_contain_text("林晓梅")
    assert IntakeDraft.objects.get().answers["summary"] == "厨房水管漏水,已关总阀"
    with page.expect_navigation():
        page.keyboard.press("F8")
    page.locator("label.choice:has([name=category])").nth(2).click()
    with page.expect_navigation():
        page.keyboard.press("F8")
    assert Case.objects.get().reporter_name == "林晓梅"
    assert not IntakeDraft.objects.exists()


def test_what_a_draft_brought_back_into_the_finder_is_typed_over(site, open_browser, yunhu, chen, lin):
    actions.keep_intake(chen, yunhu, {"q": "3-2-9999"}, now=clock.now())
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    expect(page.locator("#id_q")).to_have_value("3-2-9999")
    page.keyboard.type("3 1201")
    expect(page.locator("#hits [role=option]").first).to_contain_text("林晓梅")
    expect(page.locator("#id_q")).to_have_value("3 1201")


def test_an_idle_desk_is_locked_in_place_and_loses_nothing(site, open_browser, chen, lin):
    page = open_browser(site, chen)
    page.watch.expect(401, 422)
    page.clock.install()
    go(page, site, INTAKE)
    page.locator("#id_summary").fill("写到一半")
    with page.expect_response(lambda answer: answer.url.endswith(reverse("core:lock"))):
        page.clock.fast_forward("31:00")
    lock = page.locator("#lock")
    expect(lock).to_be_visible()
    # Whoever takes the page past the dialog meets the lock of the server.
    inbox = page.context.request.get(site + reverse("core:inbox"))
    assert inbox.status == 401
    page.locator("#lock-password").fill("not-the-password")
    page.keyboard.press("Enter")
    expect(page.locator("#lock-error")).not_to_be_empty()
    expect(lock).to_be_visible()
    page.locator("#lock-password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(lock).to_be_hidden()
    expect(page.locator("#id_summary")).to_have_value("写到一半")
    expect(page.locator("#id_summary")).to_be_focused()
    assert page.context.request.get(site + reverse("core:inbox")).status == 200


def test_two_people_on_one_case_see_each_other_and_keep_their_words(site, open_browser, taken_case, chen, zhou):
    address = reverse("complaints:case", args=[taken_case.number])
    hers, theirs = open_browser(site, chen), open_browser(site, zhou)
    hers.watch.expect(409)
    go(hers, site, f"{address}?do=hand_over")
    hers.locator("#panel [name=department]").nth(1).check(force=True)
    hers.locator("#panel [name=note]").fill("请带 4 分接头,先关总阀")
    go(theirs, site, address)
    expect(theirs.locator("#presence")).to_contain_text("陈静")
    theirs.locator("form[action$='/note/'] [name=note]").fill("已电话安抚业主")
    send(theirs, "form[action$='/note/'] .form-actions button")
    with hers.expect_navigation():
        hers.locator("#panel button.primary").click()
    expect(hers.locator("#refusal")).to_contain_text("已电话安抚业主")
    expect(hers.locator("#panel [name=note]")).to_have_value("请带 4 分接头,先关总阀")
    assert factories.fresh(taken_case).status == Status.TAKEN
    expect(hers.locator("#presence")).to_contain_text("周敏")
    # Saved again, it is saved knowingly.
    send(hers, "#panel button.primary")
    case = factories.fresh(taken_case)
    assert (case.status, case.department.code) == (Status.HANDED, "engineering")
    assert Event.objects.about(case).get(verb="handed").note == "请带 4 分接头,先关总阀"


# The board ------------------------------------------------------------------------------------------------------------

# Counts what a screen reader is told, and proves that the page was not loaded anew.
LISTEN = """() => {
  window.sameplace = true;
  window.said = [];
  new MutationObserver(() => window.said.push(document.querySelector("#live").textContent))
    .observe(document.querySelector("#live"), {childList: true, characterData: true, subtree: true});
}"""


def test_the_board_turns_red_by_itself_and_keeps_focus_and_ticks(
    site, open_browser, office, zhou, guo, taken_case, set_clock
):
    set_clock(taken_case.due_at - timedelta(minutes=5))
    page = open_browser(site, zhou)
    go(page, site, BOARD)
    calm = page.locator("#favicon").get_attribute("href")
    row = page.locator(f"tr:has(#pick-{taken_case.number})")
    page.locator(f"#pick-{taken_case.number}").check()
    page.locator(f"#case-{taken_case.number}").focus()
    page.evaluate(LISTEN)
    assert not page.title().startswith("(")
    set_clock(late_by(taken_case))
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    assert page.locator("#favicon").get_attribute("href") != calm
    assert "alarm" in page.locator("#favicon").get_attribute("href")
    expect(row).to_have_attribute("data-state", "over")
    expect(page.locator(f"#case-{taken_case.number}")).to_be_focused()
    expect(page.locator(f"#pick-{taken_case.number}")).to_be_checked()
    # Once more without news: nothing is said twice.
    with page.expect_response(lambda answer: BOARD in answer.url):
        page.mouse.wheel(0, 1)
    assert page.evaluate("[window.sameplace, window.said.length]") == [True, 1]
    assert factories.fresh(taken_case).level == 2
    assert page.watch.wrong == []


def test_the_deputy_gm_sees_what_has_reached_level_3(site, open_browser, office, guo, taken_case, set_clock):
    page = open_browser(site, guo)
    go(page, site, BOARD)
    expect(page.locator(f"#case-{taken_case.number}")).to_have_count(0)
    moment = taken_case.due_at
    while factories.fresh(taken_case).level < 3:
        moment += timedelta(hours=4)
        set_clock(moment)
        assert moment < taken_case.due_at + timedelta(days=7), "the ladder never reached level 3"
    expect(page.locator(f"#case-{taken_case.number}").first).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1\) "))


def test_many_are_urged_at_once_and_that_is_undone_at_once(site, open_browser, office, yunhu, chen, zhou, set_clock):
    cases = [factories.case(yunhu, by=chen, summary=f"{n} 号灯不亮") for n in range(3)]
    set_clock(late_by(cases[0]))
    page = open_browser(site, zhou)
    go(page, site, BOARD)
    page.locator("[data-bulk-all]").first.check()
    expect(page.locator("[data-bulk-count]")).to_contain_text("3")
    send(page, "button[name=do][value=urge]")
    assert Event.objects.filter(verb="urged").count() == 3
    send(page, ".undo form button")
    assert Event.objects.filter(verb="undone").count() == 3
    assert page.watch.wrong == []


# The resident ---------------------------------------------------------------------------------------------------------


def begin_report(page, site, community):
    go(page, site, f"{reverse('complaints:public')}?c={community.code}")
    page.locator("[name=scope]").first.check(force=True)
    category = Category.objects.get(community=community, code="indoor")
    page.locator(f"[name=category][value='{category.pk}']").check(force=True)
    send(page, "#answers button.primary")


def test_a_resident_reports_at_320_pixels_without_a_script(site, open_browser, yunhu, office, home):
    page = open_browser(site, width=320, height=640, java_script_enabled=False)
    page.watch.expect(422)
    begin_report(page, site, yunhu)
    page.locator("[name=photo1]").set_input_files(photo("one.jpg"))
    page.locator("[name=photo2]").set_input_files(photo("two.jpg", (30, 90, 160)))
    send(page, "#answers button.primary")
    # The matter was left empty: the summary leads to its field, and the photos are there already.
    assert page.locator(".error-summary a").first.get_attribute("href") == "#id_summary"
    assert page.locator(".thumbs img").count() == 2
    page.locator("[name=summary]").fill("厨房水管漏水")
    send(page, "button[name=_switch][value=elder]")
    assert page.locator("[name=summary]").input_value() == "厨房水管漏水"
    assert "elder" in page.locator("body").get_attribute("class")
    send(page, "button[name=_switch][value=en]")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("[name=summary]").input_value() == "厨房水管漏水"
    assert page.locator(".thumbs img").count() == 2
    send(page, "button[name=_switch][value=zh-hans]")
    send(page, "#answers button.primary")
    page.locator("[name=room]").fill("3-2-1201")
    page.locator("[name=phone]").fill("138 0000 1234")
    page.locator("[name=name]").fill("林晓梅")
    send(page, "#answers button.primary")
    check = page.url
    # One answer is changed from the check page, which comes back.
    with page.expect_navigation():
        page.locator("main a[href$='/2/']").first.click()
    page.locator("[name=summary]").fill("厨房水管漏水,已关总阀")
    send(page, "#answers button.primary")
    assert page.url == check
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator("#answers button.primary").dblclick()
    page.wait_for_url(re.compile("/t/"))
    tracking = page.url
    go(page, "", check)
    assert page.url == tracking
    case = Case.objects.get()
    assert (case.summary, case.channel, case.status) == ("厨房水管漏水,已关总阀", Channel.WEB, Status.RECEIVED)
    assert Photo.objects.about(case).count() == 2
    words = page.locator("main").inner_text()
    assert case.short_number in words or case.short_number in page.locator("h1").inner_text()
    assert code_of(actions.first_token(case)) in words
    assert "8888 0000" in words
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    html = page.content()
    assert "林晓梅" not in html
    assert "13800001234" not in html.replace(" ", "")


def test_a_double_tap_and_the_way_back_make_one_case(site, open_browser, yunhu, office, home):
    page = open_browser(site, width=360, height=740)
    begin_report(page, site, yunhu)
    page.locator("[name=summary]").fill("门锁坏了")
    send(page, "#answers button.primary")
    page.locator("[name=room]").fill("3-2-1201")
    page.locator("[name=phone]").fill("13800001234")
    send(page, "#answers button.primary")
    page.locator("#answers button.primary").dblclick()
    page.wait_for_url(re.compile("/t/"))
    tracking = page.url
    page.go_back()
    if "/report/" in page.url:
        send(page, "#answers button.primary")
    page.wait_for_url(tracking)
    assert Case.objects.count() == 1
    assert page.watch.wrong == []


def test_wrong_codes_tell_nothing_and_the_sixth_try_waits(site, open_browser, web_case):
    page = open_browser(site, width=360, height=740)
    page.watch.expect(422, 429)
    answers = set()
    for code in ("AAAAA-BBBBB", "22222-33333", "44444-55555", "66666-77777", "88888-99999"):
        go(page, site, reverse("complaints:track_by_code"))
        page.locator("[name=number]").fill(web_case.number)
        page.locator("[name=code]").fill(code)
        send(page, "main form button.primary")
        answers.add(page.locator("main .alert, main .error-summary").first.inner_text())
    assert len(answers) == 1
    page.locator("[name=number]").fill(web_case.number)
    page.locator("[name=code]").fill(code_of(actions.first_token(web_case)))
    send(page, "main form button.primary")
    assert "15" in page.locator("main .alert, main .error-summary").first.inner_text()
    assert "/followed" not in page.url


def test_the_right_code_opens_the_page_to_urge_once_and_to_add_a_note(site, open_browser, yunhu, office, chen, lin):
    case = factories.case(yunhu, by=chen, unit=lin.occupancies.get().unit, reporter=lin)
    page = open_browser(site, width=360, height=740)
    go(page, site, reverse("complaints:track_by_code"))
    page.locator("[name=number]").fill(case.short_number.lower())
    page.locator("[name=code]").fill(code_of(actions.first_token(case)).lower().replace("-", " "))
    send(page, "main form button.primary")
    send(page, "form[action*=urge] button")
    assert Event.objects.about(case).filter(verb="resident_urged").count() == 1
    assert page.locator("form[action*=urge]").count() == 0
    # Whoever has the older page open is told from when it is possible again.
    page.watch.expect(409)
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    again = page.context.request.post(
        f"{page.url}urge/", form={"csrfmiddlewaretoken": token}, headers={"Referer": page.url}
    )
    assert again.status == 409
    assert Event.objects.about(case).filter(verb="resident_urged").count() == 1
    page.locator("summary.btn.wide").first.click()
    page.locator("form[action*=note] [name=note]").fill("晚上七点以后在家")
    page.locator("form[action*=note] [name=photo1]").set_input_files(photo("sink.jpg"))
    expect(page.locator(".file-note img").first).to_be_visible()
    send(page, "form[action*=note] button[type=submit]")
    assert Event.objects.about(case).get(verb="resident_noted").note == "晚上七点以后在家"
    assert Photo.objects.about(case).count() == 1
    html = page.content()
    for secret in ("林晓梅", "13800001234", "陈静", "3-2-1201"):
        assert secret not in html


# The worker -----------------------------------------------------------------------------------------------------------


def test_a_worker_takes_a_job_from_the_list_to_the_photo_on_a_phone(site, open_browser, handed_case, liu):
    page = open_browser(site, liu, width=360, height=740, has_touch=True)
    page.watch.expect(422)
    go(page, site, reverse("complaints:jobs"))
    send(page, "article form button")
    assert factories.fresh(handed_case).status == Status.IN_HAND
    send(page, "form[action$='/arrive/'] button")
    assert factories.fresh(handed_case).arrived_at is not None
    page.locator("a[href*='do=resolve']").click()
    page.locator("[name=remedy]").fill("更换水管接头,试水正常")
    send(page, "#panel button.primary")
    # A repair asks for a photo; the words are still there.
    expect(page.locator("[name=remedy]")).to_have_value("更换水管接头,试水正常")
    page.locator("[name=photo1]").set_input_files(photo("done.jpg"))
    send(page, "#panel button.primary")
    case = factories.fresh(handed_case)
    assert (case.status, case.remedy) == (Status.RESOLVED, "更换水管接头,试水正常")
    assert Photo.objects.about(case).filter(stage=Photo.Stage.DONE).count() == 1
    assert page.url == site + reverse("complaints:jobs")
    assert page.watch.wrong == []


def finish_without_a_line(page, site, case, liu):
    """Fill in the last step of a job and send it while there is no line; the page says that it waits."""
    actions.accept(factories.fresh(case), by=liu, now=clock.now())
    go(page, site, reverse("complaints:job", args=[case.number]) + "?do=finish")
    page.locator("[name=remedy]").fill("更换水管接头")
    page.locator("[name=photo1]").set_input_files(photo("done.jpg"))
    page.watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.locator("#panel button.primary").click()
    expect(page.locator("[data-outbox-of] strong")).to_have_text("待上传 1")
    expect(page.locator("[data-outbox-of] li")).to_contain_text("更换水管接头")
    assert factories.fresh(case).status == Status.IN_HAND


def test_a_step_without_a_line_waits_in_the_phone_and_goes_off_once_when_it_is_back(
    site, open_browser, handed_case, liu
):
    page = open_browser(site, liu, width=360, height=740)
    finish_without_a_line(page, site, handed_case, liu)
    with page.expect_navigation(url=site + reverse("complaints:jobs")):
        page.context.set_offline(False)
    expect(page.locator("[data-outbox-of]")).to_be_hidden()
    case = factories.fresh(handed_case)
    assert (case.status, case.remedy) == (Status.RESOLVED, "更换水管接头")
    assert Photo.objects.about(case).filter(stage=Photo.Stage.DONE).count() == 1
    assert page.watch.wrong == []


def test_a_step_that_waits_outlives_its_page(site, open_browser, handed_case, liu):
    page = open_browser(site, liu, width=360, height=740)
    finish_without_a_line(page, site, handed_case, liu)
    context = page.context
    page.close()
    context.set_offline(False)
    again = context.new_page()
    go(again, site, reverse("complaints:jobs"))
    expect(again.locator(".messages, #messages")).to_contain_text("已办结")
    assert factories.fresh(handed_case).status == Status.RESOLVED


def test_a_step_that_waits_is_neither_shown_to_the_next_at_the_phone_nor_sent_by_them(
    site, open_browser, handed_case, liu, han
):
    page = open_browser(site, liu, width=360, height=740)
    finish_without_a_line(page, site, handed_case, liu)
    context = page.context
    page.close()
    next_one = Client()
    next_one.force_login(han)
    context.add_cookies([{"name": name, "value": one.value, "url": site} for name, one in next_one.cookies.items()])
    context.set_offline(False)
    other = context.new_page()
    go(other, site, reverse("complaints:jobs"))
    other.wait_for_load_state("networkidle")
    expect(other.locator("[data-outbox-of]")).to_be_hidden()
    assert factories.fresh(handed_case).status == Status.IN_HAND


def test_a_step_that_comes_too_late_is_shown_with_its_words_and_the_reason(site, open_browser, handed_case, liu, zhou):
    page = open_browser(site, liu, width=360, height=740)
    finish_without_a_line(page, site, handed_case, liu)
    actions.resolve(factories.fresh(handed_case), by=zhou, now=clock.now(), remedy="住户来电说已好")
    page.watch.expect(409)
    page.context.set_offline(False)
    item = page.locator("[data-outbox-of] li")
    expect(item).to_contain_text("更换水管接头")
    expect(item.locator("button")).to_have_text(["重新发送", "不要了"])
    assert factories.fresh(handed_case).remedy == "住户来电说已好"
    assert not Photo.objects.about(handed_case).exists()
    item.get_by_text("不要了").click()
    expect(page.locator("[data-outbox-of]")).to_be_hidden()


def test_a_step_that_waited_while_others_wrote_is_sent_again_knowingly(site, open_browser, handed_case, liu, zhou):
    page = open_browser(site, liu, width=360, height=740)
    finish_without_a_line(page, site, handed_case, liu)
    actions.add_note(factories.fresh(handed_case), by=zhou, now=clock.now(), note="业主下午不在家")
    page.watch.expect(409)
    page.context.set_offline(False)
    again = page.locator("[data-outbox-of] li").get_by_text("重新发送")
    expect(again).to_be_visible()
    assert factories.fresh(handed_case).status == Status.IN_HAND
    with page.expect_navigation(url=site + reverse("complaints:jobs")):
        again.click()
    assert factories.fresh(handed_case).remedy == "更换水管接头"


# From the form to the answer ------------------------------------------------------------------------------------------


def test_a_request_travels_from_the_form_to_the_board_and_back_to_the_resident(
    site, open_browser, yunhu, home, office, chen, zhou, guo, set_clock
):
    resident = open_browser(site, width=360, height=740)
    begin_report(resident, site, yunhu)
    resident.locator("[name=summary]").fill("厨房水管漏水")
    send(resident, "#answers button.primary")
    resident.locator("[name=room]").fill("3-2-1201")
    resident.locator("[name=phone]").fill("13800001234")
    resident.locator("[name=name]").fill("林晓梅")
    send(resident, "#answers button.primary")
    send(resident, "#answers button.primary")
    tracking = resident.url
    case = Case.objects.get()

    desk = open_browser(site, chen)
    go(desk, site, reverse("complaints:list"))
    with desk.expect_navigation():
        desk.locator(f"a[href$='/{case.number}/']").first.click()
    send(desk, "form[action$='/take/'] button")
    with desk.expect_navigation():
        desk.locator("a[href*='do=hand_over']").first.click()
    engineering = yunhu.departments.get(code="engineering")
    desk.locator(f"#panel [name=department][value='{engineering.pk}']").check(force=True)
    send(desk, "#panel button.primary")
    case = factories.fresh(case)
    assert (case.status, case.first_responsible) == (Status.HANDED, chen)
    resident.reload()
    stages = resident.locator("main").inner_text()

    supervisor, deputy = open_browser(site, zhou), open_browser(site, guo)
    go(supervisor, site, BOARD)
    go(deputy, site, BOARD)
    set_clock(late_by(case))
    row = f"tr:has(#case-{case.number})"
    expect(supervisor.locator(row).first).to_have_attribute("data-state", "over")
    expect(supervisor).to_have_title(re.compile(r"^\([1-9]"))
    expect(deputy.locator(row)).to_have_count(0)
    moment = late_by(case)
    while factories.fresh(case).level < 3:
        moment += timedelta(hours=6)
        set_clock(moment)
        assert moment < late_by(case) + timedelta(days=7), "the ladder never reached level 3"
    expect(deputy.locator(row).first).to_be_visible()
    assert factories.fresh(case).holder == guo

    with supervisor.expect_navigation():
        supervisor.locator(f"#case-{case.number}").first.click()
    with supervisor.expect_navigation():
        supervisor.locator("a[href*='do=resolve']").first.click()
    supervisor.locator("#panel [name=remedy]").fill("更换水管接头,试水正常")
    send(supervisor, "#panel button.primary")
    assert factories.fresh(case).status == Status.RESOLVED

    go(desk, site, f"{reverse('complaints:case', args=[case.number])}?do=reply")
    desk.locator("#panel [name=text]").fill("水管已修好,请您放心使用。")
    send(desk, "#panel button.primary")
    assert factories.fresh(case).status == Status.REPLIED

    go(resident, "", tracking)
    told = resident.locator("main").inner_text()
    assert "水管已修好,请您放心使用。" in told
    assert told != stages
    for page in (resident, desk, supervisor, deputy):
        assert page.watch.wrong == []


def test_the_clock_of_a_walk_is_the_clock_of_the_server(site, open_browser, chen, set_clock):
    """The walks above prove nothing about time if the pages do not see the moved clock."""
    set_clock(at("2025-10-01 12:34"))
    cache.clear()
    page = open_browser(site, chen)
    go(page, site, BOARD)
    assert page.locator("#pulse time").inner_text().startswith("10-01 12:34")
