"""The walks that the desk was drawn from, each with the outcomes that it has to have (scenarios 1 to 8 and 12).

Parts of them that have a test of their own in test_walks.py are not walked again here.
"""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from complaints import actions
from complaints.models import CallerTold, Case, DayClose, MaterialUse, Reply, ReplyLetter, Status
from servicedesk.core import clock
from servicedesk.core.models import Event, Notification, Photo
from tests import factories
from tests.browser.looking import HAN, violations
from tests.browser.walking import go, photo, send
from tests.factories import MONDAY, at

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("set_clock")]
INTAKE = "/desk/"
PHONE = {"width": 360, "height": 740}
SAVE = "#intake .sticky-foot button.primary"


def pick(page, room):
    """Find who lives in `room` and choose the first of them, as the desk does while the phone is in the other hand."""
    page.keyboard.press("F2")
    page.keyboard.type(room)
    expect(page.locator("#hits [role=option][aria-selected=true]")).to_be_visible()
    page.keyboard.press("Enter")


# 1 and 2: the telephone rings -----------------------------------------------------------------------------------------


def test_what_is_known_of_a_home_is_seen_before_anything_is_saved(site, open_browser, yunhu, office, chen, lin):
    """Scenario 1: the known event and the open cases, the words to read back, the rule of the deadline, the undo."""
    unit = lin.occupancies.get().unit
    older = [factories.case(yunhu, by=chen, unit=unit, reporter=lin, summary=what) for what in ("灯不亮", "门禁坏")]
    factories.outage(yunhu, (unit.building, None, None), by=chen, words="泵房检修,预计十八点恢复。")
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    pick(page, "3 1201")
    for case in older:
        expect(page.locator("#caller")).to_contain_text(case.short_number)
    page.keyboard.press("3")
    expect(page.locator("#incidents")).to_contain_text("泵房检修,预计十八点恢复。")
    page.keyboard.insert_text("厨房水管漏水")
    expect(page.locator("#verdict q")).to_contain_text("厨房水管漏水")
    expect(page.locator("#verdict q")).to_contain_text("3-2-1201")
    expect(page.locator("#why")).to_contain_text("第十九条")
    page.locator("label:has([name=read_back])").click()
    with page.expect_navigation():
        page.keyboard.press("F8")
    case = Case.objects.latest("id")
    expect(page.locator(".undo")).to_contain_text(case.short_number)
    expect(page.locator("#id_q")).to_be_focused()
    send(page, ".undo form button")
    assert factories.fresh(case).status == Status.VOID
    assert [event.verb for event in Event.objects.about(case).order_by("id")][-2:] == ["received", "undone"]
    assert page.watch.wrong == []


def test_a_second_call_about_an_open_matter_is_joined_and_its_caller_is_still_told(
    site, open_browser, yunhu, office, chen, lin, wu
):
    """Scenario 2: joined at the intake, nobody's call is lost, and the second caller is owed an answer of their own."""
    unit = lin.occupancies.get().unit
    lead = factories.case(yunhu, by=chen, unit=unit, reporter=lin, category="mail", summary="报纸没有送到")
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    pick(page, "3 1201")
    page.locator(f"label[for=joins-{lead.pk}]").click()
    page.locator(f"[name=category][value='{lead.category_id}']").check(force=True)
    page.locator("#id_summary").fill("问报纸的事")
    page.locator("#id_reporter_name").fill("林建国")
    page.locator("label:has([name=read_back])").click()
    with page.expect_navigation():
        page.locator(SAVE).click()
    caller = Case.objects.latest("id")
    assert (caller.status, caller.merged_into, caller.reporter_name) == (Status.MERGED, lead, "林建国")
    go(page, site, f"{lead.get_absolute_url()}?do=resolve")
    page.locator("#panel [name=remedy]").fill("已补送")
    page.watch.expect(422)
    send(page, "#panel button.primary")
    expect(page.locator("#panel")).to_contain_text("复清楚")
    page.locator("#panel [name=read_back]").check()
    send(page, "#panel button.primary")
    go(page, site, f"{lead.get_absolute_url()}?do=reply")
    page.locator("#panel [name=text]").fill("报纸已补送,谢谢您。")
    send(page, "#panel button.primary")
    page.locator(f"a[href*='caller={caller.pk}']").click()
    page.locator("#panel [name=text]").fill("报纸已补送,谢谢您。")
    send(page, "#panel button.primary")
    assert CallerTold.objects.get().reply.person_told == "林建国"
    assert page.watch.wrong == []


# 3: a letter to the leader --------------------------------------------------------------------------------------------


def test_a_letter_goes_to_the_leader_at_once_and_is_answered_by_a_letter(
    site, open_browser, yunhu, office, chen, zhou, guo
):
    """Scenario 3: a number in the register, level 2 at once, a call is no answer, words to avoid, two clean papers."""
    actions.fill_courtesy(yunhu, by=None, now=MONDAY)
    page = open_browser(site, chen)
    go(page, site, INTAKE)
    page.locator("[name=channel][value=letter]").check(force=True)
    page.locator("[name=urgency][value=special_urgent]").check(force=True)
    mail = yunhu.categories.get(code="mail")
    page.locator(f"[name=category][value='{mail.pk}']").check(force=True)
    page.locator("#id_summary").fill("报纸连续三天没有送到")
    page.locator("#id_reporter_name").fill("吴刚")
    page.locator("details.card summary").first.click()
    page.locator("#id_no_phone_reason").fill("来函未写电话")
    page.locator("#id_letter_on").fill("2025-09-12")
    page.locator("[name=presented_to]").select_option(label=str(guo))
    with page.expect_navigation():
        page.locator(SAVE).click()
    case = Case.objects.get()
    assert (case.level, case.letter_no, str(case.incoming_letter.presented_to)) == (2, "SW2025-0001", str(guo))
    assert {guo, zhou} <= {note.recipient for note in Notification.objects.select_related("recipient")}

    actions.resolve(case, by=chen, now=clock.now(), remedy="已与邮局联系,补送三天的报纸。")
    go(page, site, case.get_absolute_url())
    page.locator("a.btn.primary[href*='/letter/']").click()
    text = page.locator("[name=text]")
    expect(text).to_have_value(re.compile("补送三天的报纸"))
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n;;zhj")
    expect(page.locator(".phrases [role=option]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.insert_text("别的我不管。")
    expect(page.locator(".taboo")).to_contain_text("我不管")
    text.fill(text.input_value().replace("别的我不管。", ""))
    send(page, "button[name=issue]")
    letter = ReplyLetter.objects.get()
    assert letter.number == "FW2025-0001"
    assert "请您不要着急" in letter.text
    assert len(page.pdf(prefer_css_page_size=True)) > 1000
    page.emulate_media(media="print")
    expect(page.locator("nav").first).to_be_hidden()
    page.emulate_media(media="screen")

    go(page, site, reverse("complaints:letter", args=[case.number]))
    page.locator("[name=delivery][value=handed]").check(force=True)
    page.locator("[name=received_by]").fill("吴刚")
    send(page, "form[action*=deliver] button.primary")
    assert factories.fresh(case).status == Status.REPLIED
    assert Reply.objects.get().letter == letter
    go(page, site, reverse("complaints:mail_print"))
    expect(page.locator("main")).to_contain_text("FW2025-0001")
    assert page.watch.wrong == []


# 5: down the list -----------------------------------------------------------------------------------------------------


def test_a_line_is_written_and_the_list_goes_on(site, open_browser, yunhu, office, chen):
    """Scenario 5: save and go to the next follows the list that one came from."""
    cases = [factories.case(yunhu, by=chen, summary=f"{n} 号灯不亮") for n in range(3)]
    page = open_browser(site, chen)
    go(page, site, f"{reverse('complaints:list')}?view=open&sort=received")
    with page.expect_navigation():
        page.locator(f"a[href$='/{cases[0].number}/']").first.click()
    for case, following in zip(cases, [*cases[1:], None], strict=True):
        assert page.url == site + case.get_absolute_url()
        page.locator("#id_note").fill("已联系业主")
        send(page, "button[name=go_on]")
        if following is None:
            expect(page).to_have_url(re.compile(r"/cases/\?view=open"))
    assert Event.objects.filter(verb="noted").count() == 3
    assert page.watch.wrong == []


# 7: the resident is asked ---------------------------------------------------------------------------------------------


def test_a_bad_rating_is_asked_about_and_what_is_not_solved_is_opened_again(
    site, open_browser, yunhu, office, chen, zhou, lin
):
    """Scenario 7: two stars and their words come to the return visits, and “not solved” opens the case again."""
    unit = lin.occupancies.get().unit
    case = factories.case(yunhu, by=chen, unit=unit, reporter=lin, category="mail", summary="报纸没有送到")
    token = actions.first_token(case)
    actions.resolve(case, by=chen, now=clock.now(), remedy="已补送")
    factories.told(factories.fresh(case), by=chen, now=clock.now(), text="报纸已补送。")
    resident = open_browser(site, **PHONE, java_script_enabled=False)
    go(resident, site, reverse("complaints:track", args=[token]))
    resident.locator("[name=overall][value='2']").check(force=True)
    resident.locator("#rate [name=words]").fill("只补了一天的")
    send(resident, "#rate button[type=submit]")
    desk = open_browser(site, zhou)
    go(desk, site, reverse("complaints:callbacks"))
    expect(desk.locator("main")).to_contain_text("报纸没有送到")
    resident.locator("form[action*=reopen] [name=note]").fill("还差两天的报纸")
    send(resident, "form[action*=reopen] button[type=submit]")
    again = factories.fresh(case)
    assert (again.status, again.cycle, again.level) == (Status.TAKEN, 2, 2)
    html = resident.content()
    for secret in ("林晓梅", "13800001234", "陈静"):
        assert secret not in html
    assert desk.watch.wrong == resident.watch.wrong == []


# 8: the worker's half -------------------------------------------------------------------------------------------------


def test_a_job_is_quoted_agreed_done_without_a_line_and_told_of_without_a_name(
    site, open_browser, yunhu, handed_case, chen, liu
):
    """Scenario 8: accepted, quoted, agreed to by the resident, finished offline with photo and material, once."""
    token = actions.first_token(handed_case)
    page, resident = open_browser(site, liu, **PHONE), open_browser(site, **PHONE)
    go(page, site, reverse("complaints:job", args=[handed_case.number]))
    send(page, "form[action*=accept] button")
    send(page, "form[action*=arrive] button")
    go(resident, site, reverse("complaints:track", args=[token]))
    expect(resident.locator("main")).to_contain_text("工程部已接单：刘")
    assert "刘强" not in resident.content()
    job = reverse("complaints:job", args=[handed_case.number])
    go(page, site, f"{job}?do=quote")
    page.locator("#panel [name=amount]").fill("120")
    page.locator("#panel [name=text]").fill("更换角阀两只")
    send(page, "#panel button.primary")
    resident.reload()
    expect(resident.locator("main")).to_contain_text("¥120.00")
    send(resident, "button[name=agree]")
    assert handed_case.quotes.get().answer == "agreed"
    go(page, site, f"{job}?do=finish")
    page.locator("[name=remedy]").fill("更换角阀,试水正常")
    page.locator("[name=materials]").fill("角阀 2 只")
    page.locator("[name=photo1]").set_input_files(photo("after.jpg"))
    page.watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.locator("#panel button.primary").click()
    expect(page.locator("[data-outbox-of] strong")).to_have_text("待上传 1")
    with page.expect_navigation(url=site + reverse("complaints:jobs")):
        page.context.set_offline(False)
    case = factories.fresh(handed_case)
    assert (case.status, case.remedy) == (Status.RESOLVED, "更换角阀,试水正常")
    assert Photo.objects.about(case).filter(stage=Photo.Stage.DONE).count() == 1
    assert MaterialUse.objects.filter(work__case=case).count() == 1


# 12: the day and the month are closed ---------------------------------------------------------------------------------


def test_a_day_with_something_late_and_something_begun_is_signed_only_when_both_are_explained(
    site, open_browser, yunhu, office, chen, zhou, set_clock
):
    """Scenario 12: both are named, neither is passed over, and the numbers of the reports lead to what they count."""
    late = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=6), read_back=True, summary="路灯不亮")
    set_clock(at("2025-09-15 17:20"))
    desk = open_browser(site, chen)
    go(desk, site, INTAKE)
    with desk.expect_response(lambda answer: "/desk/draft/" in answer.url):
        desk.locator("#id_summary").fill("电话断了的半句话")
    page = open_browser(site, zhou)
    page.watch.expect(409)
    go(page, site, reverse("complaints:closeout", args=[date(2025, 9, 15)]))
    expect(page.locator("#check-late")).to_contain_text(late.short_number)
    expect(page.locator("#check-drafts")).to_contain_text("陈静")
    page.locator("[name=summary]").fill("今日平稳。")
    send(page, "button[name=sign]")
    expect(page.locator("#refusal")).to_be_visible()
    assert not DayClose.objects.exists()
    for box in page.locator("[name^=why-]").all():
        box.fill("已联系,明早办结")
    expect(page.locator("[name=summary]")).to_have_value("今日平稳。")
    send(page, "button[name=sign]")
    assert DayClose.objects.get().signed_by == zhou
    assert page.watch.wrong == []


@pytest.mark.parametrize("span", ["week", "month"])
def test_a_report_leads_to_what_it_counts_in_english_and_in_the_dark(
    site, open_browser, yunhu, office, chen, zhou, span
):
    """Scenario 12: each number is a link to its cases, no word is left in Chinese, nothing is unreadable at night."""
    for n in range(3):
        factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=40 - n), summary=f"{n} 号灯不亮")
    page = open_browser(site, zhou, language="en", color_scheme="dark")
    go(page, site, reverse("complaints:reports"))
    folder = {"week": "weekly", "month": "monthly"}[span]
    addresses = [link.get_attribute("href") for link in page.locator(f"a[href*='/reports/{folder}/']").all()]
    assert addresses, "the reports that can be opened are listed"
    start = {"week": date(2025, 8, 4), "month": date(2025, 8, 1)}[span]
    go(page, site, reverse(f"complaints:{span}_report", args=[start]))
    number = page.locator("main a[href*='/cases/?']").first
    counted = int(re.sub(r"\D", "", number.inner_text()))
    assert counted == 3
    assert violations(page) == []
    ours = page.evaluate(
        "() => { const copy = document.body.cloneNode(true);"
        " copy.querySelectorAll('[data-user], [lang=zh-hans], script, template').forEach((el) => el.remove());"
        " return copy.innerText; }"
    )
    assert not HAN.search(ours)
    with page.expect_navigation():
        number.click()
    expect(page.locator("tbody tr[data-row]")).to_have_count(counted)
    assert page.watch.wrong == []
