"""The phrase list under a text box: by keys, by mouse, with a Chinese input method, and never in the way."""

import pytest
from playwright.sync_api import expect

from complaints import actions
from tests.factories import MONDAY

pytestmark = pytest.mark.browser


@pytest.fixture
def box(site, open_browser, yunhu, chen, taken_case):
    actions.fill_courtesy(yunhu, by=None, now=MONDAY)
    page = open_browser(site, chen)
    page.goto(site + taken_case.get_absolute_url())
    note = page.locator("#id_note")
    note.click()
    return note


@pytest.mark.parametrize("typed", [";;zhj", "；；zhj", ";；着急"])
def test_a_shortcut_and_enter_put_the_phrase_where_the_caret_is(box, typed):
    box.page.keyboard.insert_text("好的。")
    box.page.keyboard.type(typed)
    expect(box.page.locator(".phrases [role=option]:visible")).to_have_count(1)
    box.page.keyboard.press("Enter")
    expect(box).to_have_value("好的。请您不要着急！")
    expect(box.page.locator(".phrases")).to_be_hidden()
    expect(box).to_be_focused()


def test_the_letters_of_an_input_method_narrow_the_list_and_its_enter_is_its_own(box):
    page = box.page
    page.keyboard.type(";;")
    method = page.context.new_cdp_session(page)
    for letters in ("l", "l'd"):
        caret = {"selectionStart": len(letters), "selectionEnd": len(letters)}
        method.send("Input.imeSetComposition", {"text": letters, **caret})
    expect(page.locator(".phrases [role=option]:visible")).to_have_count(1)
    key = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    method.send("Input.dispatchKeyEvent", key)
    method.send("Input.insertText", {"text": "ld"})
    expect(box).to_have_value(";;ld")
    page.keyboard.press("Enter")
    expect(box).to_have_value("感谢您的来电！")


def test_escape_and_words_that_no_phrase_has_leave_the_box_alone(box):
    page, phrases = box.page, box.page.locator(".phrases")
    page.keyboard.type(";;xx")
    expect(phrases).to_be_visible()
    page.keyboard.press("Escape")
    expect(phrases).to_be_hidden()
    page.keyboard.type("y")
    expect(phrases).to_be_hidden()
    page.keyboard.press("Enter")
    expect(box).to_have_value(";;xxy\n")


def test_the_button_opens_the_list_and_a_click_takes_from_it(box):
    box.page.locator(".note-form [data-phrases-for]").click()
    box.page.locator(".phrases [role=option]", has_text="请稍等").click()
    expect(box).to_have_value("请稍等！")


def test_words_to_avoid_are_named_beneath_the_box_while_it_is_written_and_go_with_them(box):
    box.page.keyboard.insert_text("急 什 么")
    expect(box.page.locator(".taboo")).to_contain_text("请您不要着急")
    box.fill("请您不要着急")
    expect(box.page.locator(".taboo")).to_have_count(0)
