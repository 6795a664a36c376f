"""Every page of the desk, once in each state worth looking at. A new page is a line here; a test misses it if not."""

from datetime import timedelta

from django.conf import settings
from django.test import Client
from django.urls import reverse

from complaints import figures
from residents.urls import CARD_STEPS, KEY_STEPS, LOAN_STEPS
from residents.views.person import PANELS as PANELS_OF_THE_REGISTER
from servicedesk.core import clock
from tests.browser import money, rows
from tests.browser.visiting import Visit, send


def pick_caller(page):
    page.keyboard.type("3 1201")
    page.locator("#hits [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.locator("#caller h3").wait_for()
    page.keyboard.press("3")
    page.locator("#verdict q").wait_for()


def tick_all(page):
    page.locator("[data-bulk-all]").first.check()
    page.locator("[data-bulk-bar]").wait_for()


def tick_and_send(page):
    tick_all(page)
    with page.expect_navigation():
        page.locator("[data-bulk-bar] button:not([type=button])").first.click()


def open_phrases(page):
    page.locator(".note-form [name=note]").fill("；；")
    page.locator(".note-form .phrases [role=option]").first.wait_for()


def type_taboo(page):
    page.locator(".note-form [name=note]").fill("您急 什么,我 们在办。")
    page.locator(".note-form .taboo").wait_for()


def first_wording(one):
    """Return what begins at the page of the first row of a list of the polite desk."""

    def begin(house):
        row = getattr(house.community, WORDINGS[one]).first()
        return house.client("zhou"), reverse(f"complaints:{one}", args=[row.pk])

    return begin


def first_setting(kind, n=0):
    """Return what begins at the page of the n-th row of a list of the settings."""

    def begin(house):
        rows = getattr(house.community, SETTING_LISTS[kind]).order_by("id")
        return house.client("tang"), reverse(f"complaints:{kind}", args=[rows[n].pk])

    return begin


def send_out_of_date(page):
    page.evaluate("document.querySelector('[name=seen]').value = 'x'")
    send(SAVE, article="第二十条")(page)


def choose_level(page):
    page.locator("[name=straight_to_level]").select_option("2")
    send(SAVE)(page)


def one_home(query="", page="unit"):
    def begin(house):
        return house.client("chen"), reverse(f"desk:{page}", args=[house.units[0].pk]) + query

    return begin


def planned(name, who="chen", *, named=False):
    """Return what begins at a page of the plan of home visits, with a building of it where one is `named`."""

    def begin(house):
        query = f"?building={house.community.buildings.get(code='3').pk}" if named else ""
        return house.client(who), reverse(f"residents:{name}", args=[house.community.visit_plans.get().pk]) + query

    return begin


def home_to_visit(house):
    unit = house.community.units.get(label="5-1-0301")
    return house.client("liu"), reverse("residents:visit_home", args=[unit.pk])


def open_need(step):
    def begin(house):
        need = house.community.visit_needs.get(status="open")
        return house.client("chen"), f"{reverse('desk:needs')}?do={step}&need={need.pk}"

    return begin


def visited(who="chen", query=""):
    def begin(house):
        visit = house.community.home_visits.get(status="done")
        return house.client(who), reverse("desk:visit", args=[visit.pk]) + query

    return begin


def one_board(name, who="chen"):
    def begin(house):
        return house.client(who), reverse(f"residents:{name}", args=[house.community.boards.get().pk])

    return begin


def first_printing(house):
    printing = house.community.board_printings.get()
    return house.client("guo"), reverse("residents:board_printing", args=[printing.pk])


def one_plate(status, query=""):
    def begin(house):
        return house.client("zhou"), house.community.plates.get(status=status).get_absolute_url() + query

    return begin


def warranty_letter(house):
    claim = house.community.warranty_claims.get(status="refused")
    return house.client("zhou"), reverse("complaints:warranty_letter", args=[claim.pk])


def one_party(house):
    return house.client("tang"), reverse("complaints:party", args=[house.community.outside_parties.get().pk])


def problems_of(name, *, who="zhou", days_ago=0):
    def begin(house):
        month = figures.period_of("month", (clock.now() - timedelta(days=days_ago)).date())
        return house.client(who), reverse(f"complaints:problems_{name}", args=[month.starts_on])

    return begin


def one_problem(query="", status=""):
    def begin(house):
        key = str(house.community.problem_proposals.get(status=status).pk) if status else ""
        return house.client("zhou"), house.community.product_problems.get().get_absolute_url() + query + key

    return begin


def loose_letter(house):
    return house.client("chen"), house.community.incoming_letters.get(case=None).get_absolute_url()


def loose_call(house):
    return house.client("chen"), reverse("complaints:call", args=[house.community.calls.loose().first().pk])


def from_a_letter(house):
    letter = house.community.incoming_letters.get(case=None)
    return house.client("chen"), f"{reverse('desk:intake')}?letter={letter.pk}"


def type_too_long(page):
    page.evaluate("document.querySelectorAll('[maxlength]').forEach((box) => box.removeAttribute('maxlength'))")
    page.locator("[name^=why-late]").first.fill("长" * 501)
    with page.expect_navigation():
        page.locator("button[name=save]").click()


def paper_of(name):
    """Return what begins at the paper of the letter of a case."""

    def begin(house):
        letter = house.cases[name].letters.get()
        return house.client("chen"), reverse("complaints:letter_print", args=[house.cases[name].number, letter.pk])

    return begin


def open_palette(page):
    page.keyboard.press("Control+k")
    page.locator("#palette-q").fill("1201")
    page.locator("#palette [role=option]").first.wait_for()


def open_dialog(selector):
    def then(page):
        page.evaluate(f"document.querySelector('{selector}').showModal()")

    return then


def open_menus(page):
    for menu in page.locator("details > summary").all():
        if menu.is_visible():
            menu.click()
            menu.click()
    page.evaluate("document.querySelectorAll('main details').forEach((one) => (one.open = true))")


def send_without_a_session(page):
    """Send a line as a browser does whose page asks nobody before: without a script."""
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator(".note-form [name=note]").fill("业主明天上午在家")
    with page.expect_navigation():
        page.evaluate("document.querySelector('.note-form').submit()")


def wait_for(selector):
    """Return what fails unless `selector` is to be seen."""
    return lambda page: page.locator(selector).first.wait_for()


def send_without_a_line(page):
    page.watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.locator("#panel [name=reason]").fill("要换的阀门仓库没有")
    page.context.set_offline(True)
    page.locator("#panel button.primary").click()
    page.locator("[data-outbox-of] li").wait_for()


def locked(house):
    client = house.client("chen")
    client.post(reverse("core:lock"))
    return client, reverse("core:inbox")


def to_print(name, who):
    """Return what opens the page on which somebody asks for the work order of a job in hand."""

    def begin(house):
        address = reverse(f"complaints:{name}", args=[house.cases["in_hand"].number])
        return house.client(who), f"{address}?do=work_order"

    return begin


def form(step, **facts):
    return lambda house: rows.form_of(house, step, **facts)


def blank_form(house):
    client = Client()
    return client, client.get(reverse("complaints:public"), {"c": house.community.code}).url


def lost_form(house):
    return Client(), rows.form_of(house, 2)[1]


def token(text, name="complaints:track"):
    return lambda house: (None, reverse(name, args=[text]))


def surveyed(name, who="zhou", n=0):
    return lambda house: rows.survey(house, name, who, n)


def survey_sheet(house):
    building = house.units[0].building_id
    return rows.survey(house, "complaints:survey_sheet", "zhou", query=f"?building={building}")


def followed(name):
    return lambda house: rows.by_code(house, name)


def incident(name, which="running", who="zhou", query=""):
    return lambda house: (house.client(who), reverse(name, args=[house.incidents[which].pk]) + query)


def person(who, which):
    return lambda house: (house.client(who), reverse("complaints:person", args=[house.subjects[which].pk]))


def entry(who, which, query=""):
    return lambda house: (house.client(who), reverse("residents:person", args=[house.subjects[which].pk]) + query)


def merging(house):
    keys = [house.subjects[which].pk for which in ("bai", "again")]
    return house.client("zhou"), reverse("desk:merge_people", args=keys)


def period(key, query=""):
    return lambda house: (house.client("tang"), reverse("complaints:set_retention", args=[key]) + query)


def keys(tag, query="", who="chen"):
    return lambda house: (house.client(who), house.keys[tag].get_absolute_url() + query)


def loan(name, query="", who="zhou"):
    return lambda house: (house.client(who), house.loans[name].get_absolute_url() + query)


def card(name, query="", who="zhou"):
    return lambda house: (house.client(who), house.cards[name].get_absolute_url() + query)


def register_paper(name, of, which):
    """Return what begins at a paper of the register: the slip of a loan, the pass of a card."""
    return lambda house: (house.client("chen"), reverse(name, args=[getattr(house, of)[which].pk]))


# What can be done with the keys, loans and cards of the house: each shape of a form once.
KEY_STEPS_SEEN = {
    "K-01": ["", "ask_for_keys", "issue_keys", "take_back_keys"],
    "P-01": ["lend_keys", "lose_keys", "destroy_keys"],
}
LOAN_STEPS_SEEN = {
    "waits": ["", "approve_keys_by_phone"],
    "used": ["tell_owner", "take_back_loan"],
    "late": ["", "unmask_borrower"],
}
CARD_STEPS_SEEN = {"card": ["", "renew_credential", "replace_credential"], "lost": ["find_credential"]}


def nowhere(who=None):
    return lambda house: (house.client(who) if who else None, "/nowhere/")


SETTING_LISTS = {
    "policy": "policies",
    "category": "categories",
    "department": "departments",
    "visit_rule": "visit_rules",
    "warranty_term": "warranty_terms",
}
WORDINGS = {"phrase": "phrases", "taboo": "taboos", "template": "letter_templates"}


def closing(name, *, who="zhou", days_ago=0):
    """Return what opens a page about the close of a day, so many days ago."""

    def begin(house):
        day = house.community.local(clock.now()).date() - timedelta(days=days_ago)
        return house.client(who), reverse(f"complaints:{name}", args=[day])

    return begin


def report(span, *, who="zhou", ago=0, name="report"):
    """Return what opens the report of this week or month, or of one so many before."""

    def begin(house):
        period = figures.period_of(span, house.community.local(clock.now()).date())
        for _n in range(ago):
            period = period.before
        return house.client(who), reverse(f"complaints:{span}_{name}", args=[period.starts_on])

    return begin


def moved(name, which, who="chen", query="", rows="bookings"):
    """Return what opens a page of one of the moves or slips of the house."""
    return lambda house: (
        house.client(who),
        reverse(f"residents:{name}", args=[getattr(house, rows)[which].pk]) + query,
    )


def slip_of(name, which, who="chen", query=""):
    return moved(name, which, who, query, rows="slips")


def leave_out_the_number(page):
    page.locator("[name=col_number]").select_option("")
    send("main form:not([action]) button")(page)


def one_import(which, name="import_run", who="tang"):
    return lambda house: (house.client(who), reverse(f"residents:{name}", args=[house.imports[which].pk]))


COMMON_MATTER = {"summary": "楼道灯不亮", "place": "3 栋 2 单元大堂"}
CASE_STEPS = {
    "taken": ("hand_over", "resolve", "escalate", "reclassify", "merge", "ask_void", "unmask", "urge"),
    "web": ("name_concerned",),
    "handed": ("assign",),
    "in_hand": ("pause", "promise", "follow_up", "work_order"),
    "late": ("lower",),
    "asked_void": ("confirm_void",),
    "resolved": ("reply", "reopen"),
    "to_visit": ("visit",),
    "lead": ("tell_caller",),
    "linked": ("link_incident",),
    "hotline": ("register_external", "mark_external", "answer_external", "return_external"),
    "hotline_ended": ("evaluate_external",),
    "covered": ("send_warranty",),
    "claimed": ("answer_warranty", "note_warranty_call", "drop_warranty"),
    "claim_refused": ("decide_warranty", "mark_problem", "drop_problem"),
}
JOB_STEPS = {"in_hand": ("resolve", "note", "pause", "decline_job", "unmask"), "late": ("resolve",)}
STATUSES = [
    *("web", "late_web", "taken", "handed", "in_hand", "waiting", "resolved", "replied", "archived", "void", "merged"),
    *("late", "urgent", "major", "letter", "about", "asked_void"),
    *("to_visit", "tried", "visited", "refused", "rated", "rated_badly", "rainy"),
    *("lead", "caller_web", "caller_told", "closed", "again", "linked"),
    *("hotline", "hotline_ended", "covered", "claimed", "claim_refused"),
]
IMPORTS = ("uploaded", "words", "checked", "nothing_new", "done", "undone", "failed", "stopped", "running")
PRINT = "#panel button.primary"
PANEL, PANEL_MERGE = "#panel button.primary", "main button[name=merge]"
REGISTER_PANELS = [step for step, _label, _form in PANELS_OF_THE_REGISTER]
SAVE = "main form:not([action*=lang]) button.primary"
NO_DAY = {"then": send("#panel button.primary", day=""), "status": 422}
MOVE_PAGES = [
    Visit("residents:moves", "chen"),
    Visit("residents:moves", "guo"),
    Visit("residents:moves", "he", "empty"),
    Visit("residents:move_book", "chen"),
    Visit("residents:move_book", "chen", "error", then=send(SAVE), status=422),
    *(Visit("residents:move", "chen", which, begin=moved("move", which)) for which in ("in", "out", "bulky")),
    *(
        Visit("residents:move", "chen", step, begin=moved("move", "out", query=f"?do={step}"))
        for step in ("consent", "change", "cancel", "unmask")
    ),
    Visit("residents:move_change", "chen", "error", begin=moved("move", "in", query="?do=change"), **NO_DAY),
    Visit("residents:move_rules", "tang"),
    Visit("residents:move_rules", "sun", "empty"),
    Visit("residents:move_rules", "tang", "error", then=send("form[action*=lifts] button.btn:not(.small)"), status=422),
    Visit("residents:slips", "chen"),
    Visit("residents:slips", "he", "empty"),
    Visit("residents:slip_ask", "chen"),
    Visit("residents:slip_ask", "chen", "error", then=send(SAVE), status=422),
    *(
        Visit("residents:slip", who, which, begin=slip_of("slip", which, who))
        for who, which in [("zhou", "waiting"), ("chen", "lessee"), ("chen", "good"), ("chen", "used")]
    ),
    Visit("residents:slip", "zhou", "refuse", begin=slip_of("slip", "waiting", "zhou", "?do=refuse")),
    Visit("residents:slip_print", "chen", begin=slip_of("slip_print", "good")),
    Visit("residents:slips_week", "chen"),
    Visit("residents:slips_export", "chen"),
    Visit("residents:gate", "ma"),
    Visit("residents:gate", "ma", "error", then=send("main button.primary"), status=422),
    Visit("residents:gate_slip", "ma", "good", begin=slip_of("gate_slip", "good", "ma")),
    Visit("residents:gate_slip", "ma", "used", begin=slip_of("gate_slip", "used", "ma")),
    Visit("residents:gate_slip", "ma", "waiting", begin=slip_of("gate_slip", "waiting", "ma")),
    Visit("residents:gate_slip", "ma", "differs", begin=slip_of("gate_slip", "differs", "ma", "?differs=1")),
]

SAVE = "main form:not([action*=lang]) button.primary"


def meter(query="", *, who="zhou", serial="S1"):
    return lambda house: (house.client(who), house.community.meters.get(serial=serial).get_absolute_url() + query)


def reading_round(name="reading_round", *, who="zhou", query="", is_open=True):
    def begin(house):
        row = house.community.reading_rounds.get(closed_at__isnull=is_open)
        return house.client(who), reverse(f"residents:{name}", args=[row.pk]) + query

    return begin


def read_too_low(page):
    # The last one: where it begins at nothing, three is not too low.
    page.locator("input.num").last.fill("3")
    with page.expect_navigation():
        page.locator("input.num").last.press("Enter")


def read_without_a_line(page):
    page.watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.locator("[name=value]").first.fill("119")
    page.context.set_offline(True)
    page.locator("article button.primary").first.click()
    page.locator("[data-outbox-of] li").wait_for()


METERS = [
    Visit("residents:meters", "zhou"),
    Visit("residents:meters", "chen", query="?state=odd&resource=water"),
    Visit("residents:meters", "chen", "no match", query="?q=nothing"),
    Visit("residents:meters", "sun", "empty"),
    Visit("residents:meter_add", "chen"),
    Visit("residents:meter_add", "chen", "error", then=send(SAVE), status=422),
    Visit("residents:meter_rule", "zhou"),
    Visit("residents:meter_rule", "tang", "error", then=send(SAVE, looked_back="0"), status=422),
    Visit("residents:meter", "zhou", begin=meter()),
    Visit("residents:meter", "zhou", "voided", begin=meter(serial="S2")),
    Visit("residents:meter", "han", "replaced", begin=meter(who="han", serial="S4")),
    *(
        Visit("residents:meter", "chen", step, begin=meter(f"?do={step}", who="chen", serial="S3"))
        for step in ("read", "replace", "remove")
    ),
    Visit(
        "residents:meter",
        "chen",
        "read, error",
        begin=meter("?do=read", who="chen", serial="S3"),
        then=read_too_low,
        status=422,
    ),
    Visit("residents:rounds", "zhou"),
    Visit("residents:rounds", "sun", "empty"),
    Visit("residents:rounds", "chen", "error", then=send(SAVE, month=""), status=422),
    Visit("residents:reading_round", "zhou", begin=reading_round()),
    Visit("residents:reading_round", "chen", "export", begin=reading_round(who="chen", query="?export=1")),
    Visit("residents:reading_round", "guo", "closed", begin=reading_round(who="guo", is_open=False)),
    Visit(
        "residents:reading_round",
        "zhou",
        "refused",
        begin=reading_round(),
        then=send("form[action*=close] button"),
        status=409,
    ),
    Visit("residents:round_entry", "chen", begin=reading_round("round_entry", who="chen")),
    Visit(
        "residents:round_entry",
        "chen",
        "asks again",
        begin=reading_round("round_entry", who="chen"),
        then=read_too_low,
        status=422,
    ),
    Visit("residents:round_sheet", "zhou", begin=reading_round("round_sheet")),
    Visit("residents:route", "liu"),
    Visit("residents:route", "jin", "empty"),
    Visit("residents:route", "liu", "asks again", then=read_too_low, status=422),
    Visit("residents:route", "liu", "without a line", then=read_without_a_line),
]

STAFF_PAGES = [
    *MOVE_PAGES,
    Visit("core:home", "new", "no work yet"),
    Visit("core:inbox", "liu"),
    Visit("core:inbox", "jin", "empty"),
    Visit("core:roster", "zhou"),
    Visit("core:roster", "sun", "empty"),
    Visit("core:roster", "zhou", "error", then=send(SAVE), status=422),
    Visit("complaints:settings", "tang"),
    Visit("complaints:settings", "sun", "empty"),
    Visit("complaints:calendar", "tang"),
    Visit("complaints:calendar", "tang", "error", then=send("main form[action*=day] button.primary"), status=422),
    *(Visit(f"complaints:{kind}_list", "tang") for kind in SETTING_LISTS),
    Visit("complaints:visit_rule_list", "sun", "empty"),
    *(Visit(f"complaints:{kind}_add", "tang") for kind in SETTING_LISTS),
    *(Visit(f"complaints:{kind}", "tang", begin=first_setting(kind)) for kind in SETTING_LISTS),
    *(Visit(f"complaints:setting_{what}", "tang") for what in ("times", "repeats", "facts")),
    Visit("complaints:category_add", "tang", "error", then=send(SAVE), status=422),
    Visit("complaints:policy", "tang", "refused", begin=first_setting("policy"), then=send_out_of_date, status=409),
    Visit("complaints:policy", "tang", "preview", begin=first_setting("policy", 1), then=send(SAVE, amount="1")),
    Visit("complaints:category", "tang", "preview", begin=first_setting("category", 2), then=choose_level),
    Visit("residents:imports", "tang"),
    Visit("residents:imports", "zhou"),
    Visit("residents:imports", "sun", "empty"),
    Visit("residents:imports", "tang", "error", then=send("form[action*=upload] button.primary"), status=422),
    *(Visit("residents:import_run", "tang", which, begin=one_import(which)) for which in IMPORTS),
    Visit("residents:import_run", "zhou", "looked at", begin=one_import("checked", who="zhou")),
    Visit(
        "residents:import_run",
        "tang",
        "refused",
        begin=one_import("checked"),
        then=send("form[action*=start] button.primary"),
        status=409,
    ),
    Visit("residents:import_map", "tang", begin=one_import("uploaded", "import_map")),
    Visit("residents:import_map", "tang", "words", begin=one_import("words", "import_map")),
    Visit(
        "residents:import_map",
        "tang",
        "error",
        begin=one_import("uploaded", "import_map"),
        then=leave_out_the_number,
        status=422,
    ),
    Visit("core:history", "zhou"),
    Visit("core:history", "sun", "empty"),
    Visit("core:profile", "chen"),
    Visit("core:inbox", "chen", "locked", begin=locked, status=401),
    Visit(
        "core:unlock",
        "chen",
        "wrong password",
        begin=locked,
        then=send("form[action*=unlock] button", password="not-this-one"),
        status=422,
    ),
    Visit("complaints:case", "chen", "signed out elsewhere", case="taken", then=send_without_a_session, status=401),
    Visit("core:styleguide", "chen"),
    Visit("desk:intake", "chen"),
    Visit("desk:intake", "he", "empty"),
    Visit("desk:intake", "both", "two communities"),
    Visit("desk:intake", "chen", "a caller picked", then=pick_caller),
    Visit(
        "desk:intake",
        "chen",
        "follows",
        begin=lambda house: (house.client("chen"), f"{reverse('desk:intake')}?follows={house.cases['closed'].number}"),
    ),
    Visit("desk:intake", "chen", "error", then=send("form#intake .sticky-foot button.primary"), status=422),
    Visit("desk:intake", "chen", "declined without words", then=send("#intake [name=decline]"), status=422),
    Visit("desk:intake", "chen", "everything open", then=open_menus),
    Visit("desk:intake", "chen", "palette", then=open_palette),
    Visit("desk:intake", "chen", "keys", then=open_dialog("#keys")),
    Visit("desk:intake", "chen", "lock dialog", then=open_dialog("#lock")),
    Visit("desk:slip", "chen", case="taken"),
    Visit("desk:board", "zhou"),
    Visit("desk:board", "chen"),
    Visit("desk:board", "guo"),
    Visit("desk:board", "guo", query="?scope=all"),
    Visit("desk:board", "sun", "empty"),
    Visit("desk:board", "xu", "no sweep", then=wait_for("main .alert[data-kind=warn]")),
    Visit("desk:board", "zhou", "ticked", then=tick_all),
    Visit(
        "desk:bulk",
        "zhou",
        "error",
        begin=lambda house: (house.client("zhou"), reverse("desk:board")),
        then=tick_and_send,
        status=422,
    ),
    Visit("complaints:closeout", "zhou", begin=closing("closeout")),
    Visit("complaints:closeout", "guo", "to read", begin=closing("closeout", who="guo")),
    Visit("complaints:closeout", "sun", "empty", begin=closing("closeout", who="sun")),
    Visit(
        "complaints:closeout",
        "zhou",
        "a line too long",
        begin=closing("closeout"),
        then=type_too_long,
        status=422,
    ),
    Visit("complaints:closeout", "zhou", "signed", begin=closing("closeout", days_ago=1)),
    Visit("complaints:closeout_print", "zhou", begin=closing("closeout_print", days_ago=1)),
    Visit("complaints:closing_sheet", "chen"),
    Visit("complaints:closing_sheet", "sun", "empty"),
    Visit("complaints:unrecorded", "zhou"),
    Visit("complaints:unrecorded", "sun", "empty"),
    Visit("complaints:unrecorded", "zhou", "error", query="?first=2026-10-02&last=2026-10-01", status=422),
    Visit("complaints:reports", "zhou"),
    Visit("complaints:month_report", "zhou", "running", begin=report("month")),
    Visit("complaints:month_report", "guo", "running", begin=report("month", who="guo")),
    Visit("complaints:month_report", "sun", "empty", begin=report("month", who="sun")),
    Visit("complaints:week_report", "zhou", "signed", begin=report("week", ago=1)),
    Visit("complaints:week_report", "guo", "to be read", begin=report("week", ago=1, who="guo")),
    Visit("complaints:week_report", "zhou", "to be signed", begin=report("week", ago=2)),
    Visit(
        "complaints:week_report",
        "zhou",
        "error",
        begin=report("week", ago=2),
        then=send("form[action*=sign] button.primary"),
        status=422,
    ),
    Visit("complaints:month_print", "zhou", begin=report("month", name="print")),
    Visit("complaints:week_print", "zhou", "signed", begin=report("week", ago=1, name="print")),
    Visit("desk:units", "chen"),
    Visit("desk:units", "he", "empty"),
    Visit("desk:units", "chen", "no match", query="?room=99-909"),
    Visit("desk:unit", "chen", begin=one_home()),
    Visit("desk:unit", "chen", "people", begin=one_home("?tab=people")),
    Visit("desk:unit", "guo", "cases", begin=one_home("?tab=cases")),
    *(Visit("desk:unit", "chen", tab, begin=one_home(f"?tab={tab}")) for tab in ("keys", "moves", "visits", "papers")),
    Visit("desk:unit_file", "zhou", begin=one_home(page="unit_file")),
    Visit("desk:search", "chen", "empty"),
    Visit("desk:search", "chen", query="?q=1201"),
    Visit("desk:search", "chen", "no match", query="?q=9-9-0909"),
    Visit("desk:search", "liu", query="?q=1201"),
    Visit("complaints:list", "chen"),
    Visit("complaints:list", "zhou", query="?view=late"),
    Visit("complaints:list", "zhou", query="?view=all&q=1201"),
    Visit("complaints:list", "chen", "no match", query="?q=没有这样的事"),
    Visit("complaints:list", "he", "empty"),
    Visit("complaints:list", "guo"),
    Visit("complaints:list", "liu"),
    Visit("complaints:list", "zhou", "ticked", then=tick_all),
    *(Visit("complaints:case", "chen" if name == "about" else "zhou", case=name) for name in STATUSES),
    Visit("complaints:case", "chen", case="taken"),
    Visit("complaints:case", "liu", case="in_hand"),
    Visit("complaints:case", "chen", case="quoted", query="?do=answer_quote"),
    Visit("complaints:job", "liu", case="in_hand", query="?do=quote"),
    Visit("complaints:job", "liu", case="quoted", query="?do=answer_quote"),
    Visit("complaints:case", "chen", case="valid", query="?do=verify"),
    Visit("complaints:case", "chen", case="valid", query="?do=propose"),
    Visit("complaints:case", "chen", case="invalid", query="?do=propose"),
    Visit("complaints:case", "zhou", case="to_decline", query="?do=decide"),
    Visit("complaints:case", "zhou", case="reported", query="?do=note_report"),
    Visit("complaints:case", "chen", case="declined", query="?do=reply"),
    Visit("desk:approvals", "zhou"),
    Visit("desk:approvals", "sun", "empty"),
    *(
        Visit("complaints:case", "zhou", case=name, query=f"?do={step}")
        for name, steps in CASE_STEPS.items()
        for step in steps
    ),
    Visit(
        "complaints:case",
        "chen",
        "error",
        case="taken",
        query="?do=escalate",
        then=send("#panel button.primary"),
        status=422,
    ),
    Visit("complaints:work_order", "zhou", begin=to_print("case", "zhou"), then=send(PRINT)),
    Visit("complaints:job_print", "liu", begin=to_print("job", "liu"), then=send(PRINT)),
    Visit("complaints:callbacks", "zhou"),
    Visit("complaints:callbacks", "chen"),
    Visit("complaints:callbacks", "guo"),
    Visit("complaints:callbacks", "sun", "empty"),
    Visit("complaints:callback", "zhou", case="letter_told"),
    Visit("complaints:callback", "zhou", case="rated_badly"),
    Visit("complaints:callback", "zhou", "error", case="to_visit", then=send("#panel button.primary"), status=422),
    Visit("complaints:callback", "chen", "not theirs", case="to_visit", status=409),
    Visit("complaints:case", "chen", "phrases", case="taken", then=open_phrases),
    Visit("complaints:case", "chen", "words to avoid", case="taken", then=type_taboo),
    *(Visit(f"complaints:{one}s", who) for one in ("phrase", "taboo", "template") for who in ("chen", "zhou")),
    Visit("complaints:phrases", "sun", "empty"),
    *(Visit(f"complaints:{one}", "zhou", begin=first_wording(one)) for one in ("phrase", "taboo", "template")),
    Visit(
        "complaints:template",
        "zhou",
        "error",
        begin=first_wording("template"),
        then=send("#form button.primary", closing="{123}"),
        status=422,
    ),
    Visit("complaints:calls", "chen"),
    Visit("complaints:calls", "sun", "empty"),
    Visit("complaints:calls", "chen", "error", then=send("form[action*=enter] button.primary"), status=422),
    Visit("complaints:call", "chen", begin=loose_call),
    Visit(
        "complaints:call", "chen", "error", begin=loose_call, then=send("#settle form[data-save] button"), status=422
    ),
    Visit("complaints:mine", "chen"),
    Visit("complaints:mine", "sun", "empty"),
    Visit("complaints:mail", "chen"),
    Visit("complaints:mail", "guo"),
    Visit("complaints:mail", "sun", "empty"),
    Visit("complaints:mail", "chen", query="?export=1"),
    Visit("complaints:mail", "chen", "error", then=send("form[action*=enter] button.primary"), status=422),
    Visit("complaints:mail_print", "chen"),
    Visit("complaints:incoming", "chen", begin=loose_letter),
    Visit(
        "complaints:incoming",
        "chen",
        "error",
        begin=loose_letter,
        then=send("aside form[action*=mail] button"),
        status=422,
    ),
    Visit("desk:intake", "chen", "from a letter", begin=from_a_letter),
    *(Visit("complaints:letter", "chen", case=f"letter_{name}") for name in ("owed", "draft", "issued", "sent")),
    Visit(
        "complaints:letter",
        "chen",
        "error",
        case="letter_issued",
        then=send("form[action*=deliver] button.primary"),
        status=422,
    ),
    *(Visit("complaints:letter_print", "chen", name, begin=paper_of(f"letter_{name}")) for name in ("draft", "sent")),
    Visit("complaints:case", "chen", case="letter_sent"),
    Visit("residents:people", "zhou"),
    Visit("residents:people", "li_na", query="?when=all&letter=B"),
    Visit("residents:people", "chen", "no match", query="?q=9-9-0909"),
    Visit("residents:people", "chen", "error", query="?building=x", status=422),
    Visit("residents:people", "he", "empty"),
    Visit("residents:add", "chen"),
    Visit("residents:add", "chen", "error", then=send(SAVE), status=422),
    *(
        Visit("residents:person", "zhou", do or "facts", begin=entry("zhou", "bai", f"?do={do}"))
        for do in ("", *REGISTER_PANELS)
    ),
    Visit("residents:person", "li_na", "looks", begin=entry("li_na", "bai")),
    Visit(
        "residents:move_in", "chen", "error", begin=entry("chen", "bai", "?do=move_in"), then=send(PANEL), status=422
    ),
    *(
        Visit(
            "residents:unmask",
            "zhou",
            what,
            begin=entry("zhou", "bai", f"?do=unmask&what={what}"),
            then=send(PANEL, reason="核对身份"),
        )
        for what in ("identity", "copies")
    ),
    Visit("desk:duplicates", "zhou"),
    Visit(
        "desk:duplicates",
        "zhou",
        "search",
        begin=lambda house: (
            house.client("zhou"),
            f"{reverse('desk:duplicates')}?keep={house.subjects['bai'].pk}&q=白雪",
        ),
    ),
    Visit("desk:duplicates", "sun", "empty"),
    Visit("desk:merge_people", "zhou", begin=merging),
    Visit("desk:merge_people", "zhou", "error", begin=merging, then=send(PANEL_MERGE), status=422),
    Visit("complaints:people", "zhou"),
    Visit("complaints:people", "guo", query="?q=1201"),
    Visit("complaints:people", "zhou", "no match", query="?q=9-9-0909"),
    Visit("complaints:people", "sun", "empty"),
    Visit("complaints:person", "zhou", begin=person("zhou", "lin")),
    Visit("complaints:person", "guo", "to decide", begin=person("guo", "waits")),
    Visit("complaints:person", "guo", "sealed", begin=person("guo", "sealed")),
    Visit(
        "complaints:person_ask",
        "zhou",
        "error",
        begin=person("zhou", "lin"),
        then=send("form[action*='/ask/'] button"),
        status=422,
    ),
    Visit("complaints:person_sealed", "zhou", begin=person("zhou", "sealed"), then=send("form[action*=sealed] button")),
    Visit("complaints:caller", "zhou", case="web"),
    Visit("complaints:retention", "tang"),
    Visit("complaints:retention", "sun", "empty"),
    Visit("complaints:set_retention", "tang", begin=period("cases")),
    Visit("complaints:set_retention", "tang", "error", begin=period("cases", "?days=3"), status=422),
    Visit("complaints:case_file", "zhou", case="archived"),
    Visit("complaints:case_file", "zhou", "printed", case="in_hand", then=send("form[action*=print] button")),
    Visit("complaints:courtesy_card", "chen"),
    Visit("complaints:courtesy_card", "chen", query="?size=a5"),
    Visit("complaints:incidents", "zhou"),
    Visit("complaints:incidents", "he", "empty"),
    Visit("complaints:new_incident", "chen"),
    Visit("complaints:new_incident", "chen", "error", then=send(SAVE), status=422),
    Visit("complaints:new_incident", "liu"),
    Visit("complaints:incident", "zhou", begin=incident("complaints:incident")),
    Visit("complaints:incident", "zhou", "over", begin=incident("complaints:incident", "over")),
    Visit("complaints:incident", "guo", "to read", begin=incident("complaints:incident", who="guo")),
    Visit("complaints:end_incident", "zhou", begin=incident("complaints:incident", query="?do=end")),
    Visit("complaints:move_incident_end", "zhou", begin=incident("complaints:incident", query="?do=move_end")),
    Visit("complaints:change_incident", "zhou", begin=incident("complaints:change_incident")),
    Visit("complaints:answer_callers", "zhou", begin=incident("complaints:answer_callers", "over")),
    Visit("complaints:warranty", "zhou"),
    Visit("complaints:warranty", "liu"),
    Visit("complaints:warranty", "he", "empty"),
    Visit("complaints:warranty_letter", "zhou", begin=warranty_letter),
    Visit("complaints:parties", "zhou"),
    Visit("complaints:parties", "sun", "empty"),
    Visit("complaints:party", "tang", begin=one_party),
    Visit("complaints:parties", "zhou", "error", then=send("#form button.primary"), status=422),
    Visit("complaints:acceptance", "zhou"),
    Visit("complaints:acceptance", "sun", "empty"),
    Visit("complaints:problems", "zhou"),
    Visit("complaints:problems", "he", "empty"),
    Visit("complaints:problems_of", "zhou", "sent", begin=problems_of("of", days_ago=40)),
    Visit("complaints:problems_of", "sun", "to be signed", begin=problems_of("of", who="sun", days_ago=40)),
    Visit(
        "complaints:problems_of",
        "sun",
        "error",
        begin=problems_of("of", who="sun", days_ago=40),
        then=send("#sign button.primary"),
        status=422,
    ),
    Visit("complaints:problems_print", "zhou", begin=problems_of("print")),
    Visit("complaints:problem", "zhou", begin=one_problem()),
    *(Visit("complaints:problem", "zhou", query, begin=one_problem(query)) for query in ("?do=propose", "?do=change")),
    Visit("complaints:problem", "zhou", "answer", begin=one_problem("?do=answer&proposal=", status="sent")),
    Visit("complaints:surveys", "zhou"),
    Visit("complaints:surveys", "sun", "empty"),
    Visit("complaints:survey_new", "zhou"),
    Visit("complaints:survey_new", "zhou", "error", then=send(SAVE), status=422),
    Visit("complaints:survey_change", "zhou", begin=surveyed("complaints:survey_change", n=1)),
    Visit("complaints:survey", "zhou", begin=surveyed("complaints:survey")),
    Visit("complaints:survey", "chen", "few answers", begin=surveyed("complaints:survey", "chen", n=1)),
    Visit("complaints:survey_enter", "zhou", begin=surveyed("complaints:survey_enter")),
    Visit(
        "complaints:survey_enter",
        "zhou",
        "error",
        begin=surveyed("complaints:survey_enter"),
        then=send(SAVE, room="3-2-1201"),
        status=422,
    ),
    Visit("complaints:survey_sheet", "zhou", begin=survey_sheet),
    Visit("residents:visits", "chen"),
    Visit("residents:visits", "sun", "empty"),
    Visit("residents:visit_plan_new", "zhou"),
    Visit("residents:visit_plan_new", "zhou", "error", then=send(SAVE), status=422),
    Visit("residents:visit_plan_change", "zhou", begin=planned("visit_plan_change")),
    Visit("residents:visit_plan", "chen", begin=planned("visit_plan")),
    Visit("residents:visit_plan", "guo", "a building", begin=planned("visit_plan", "guo", named=True)),
    Visit(
        "residents:visit_plan",
        "chen",
        "error",
        begin=planned("visit_plan"),
        then=send("#appoint button.btn", room="9-9-9999"),
        status=422,
    ),
    Visit("residents:visit_sheet", "chen", begin=planned("visit_sheet", named=True)),
    Visit("residents:visit_report", "guo", begin=planned("visit_report", "guo")),
    Visit("residents:visit_round", "liu"),
    Visit("residents:visit_round", "chen", "no such room", query="?room=99", status=422),
    Visit("residents:visit_round", "jin", "empty"),
    Visit("residents:visit_home", "liu", begin=home_to_visit),
    Visit("residents:visit_home", "liu", "error", begin=home_to_visit, then=send(SAVE), status=422),
    Visit("desk:needs", "chen"),
    Visit("desk:needs", "han", query="?show=all"),
    Visit("desk:needs", "jin", "empty"),
    Visit("desk:needs", "chen", "case", begin=open_need("case")),
    Visit("desk:needs", "chen", "error", begin=open_need("answer"), then=send("#panel button.primary"), status=422),
    Visit("desk:visit", "chen", begin=visited()),
    Visit("desk:visit", "liu", "more", begin=visited("liu", "?do=need")),
    Visit("residents:boards", "chen"),
    Visit("residents:boards", "sun", "empty"),
    Visit("residents:board_add", "zhou"),
    Visit("residents:board_add", "zhou", "error", then=send(SAVE), status=422),
    Visit("residents:board_change", "zhou", begin=one_board("board_change", "zhou")),
    Visit("residents:board", "zhou", begin=one_board("board", "zhou")),
    Visit("residents:board_print", "chen", begin=one_board("board_print")),
    Visit("residents:board_printing", "guo", begin=first_printing),
    Visit("residents:plate_request", "chen", begin=one_board("plate_request")),
    Visit("residents:plate_request", "chen", "error", begin=one_board("plate_request"), then=send(SAVE), status=422),
    Visit("residents:plate", "zhou", "to approve", begin=one_plate("requested")),
    Visit("residents:plate", "zhou", "hangs", begin=one_plate("mounted", "?do=ask_removal")),
    Visit("complaints:jobs", "liu"),
    Visit("complaints:jobs", "han"),
    Visit("complaints:jobs", "jin", "empty"),
    *(Visit("complaints:job", "liu", case=name) for name in ("handed", "in_hand", "waiting", "resolved", "late")),
    *(
        Visit("complaints:job", "liu", case=name, query=f"?do={step}")
        for name, steps in JOB_STEPS.items()
        for step in steps
    ),
    Visit("complaints:job", "han", case="handed", query="?do=assign"),
    Visit("complaints:job", "liu", "without a line", case="in_hand", query="?do=decline", then=send_without_a_line),
    *METERS,
    Visit("residents:keys", "chen"),
    Visit("residents:keys", "guo"),
    Visit("residents:keys", "he", "empty"),
    Visit("residents:keys", "chen", "nothing found", query="?q=9-9"),
    Visit("residents:cabinet", "chen"),
    Visit("residents:cabinet", "he", "empty"),
    Visit("residents:ledger", "chen"),
    Visit("residents:ledger", "he", "empty"),
    Visit("residents:receive_keys", "chen"),
    Visit("residents:receive_keys", "chen", "error", then=send(SAVE), status=422),
    Visit("residents:key_set", "guo", begin=keys("K-01", who="guo")),
    *(
        Visit("residents:key_set", "chen", f"{tag} {step}", begin=keys(tag, f"?do={step}"))
        for tag, steps in KEY_STEPS_SEEN.items()
        for step in steps
    ),
    Visit("residents:key_set", "chen", "error", begin=keys("P-01", "?do=lend_keys"), then=send(SAVE), status=422),
    *(
        Visit("residents:key_loan", "zhou", f"{name} {step}", begin=loan(name, f"?do={step}"))
        for name, steps in LOAN_STEPS_SEEN.items()
        for step in steps
    ),
    Visit("residents:key_loan", "zhou", "error", begin=loan("waits", "?do=decline_keys"), then=send(SAVE), status=422),
    Visit("residents:key_slip", "chen", begin=register_paper("residents:key_slip", "loans", "used")),
    Visit(
        "residents:key_receipt",
        "chen",
        begin=lambda house: (
            house.client("chen"),
            reverse("residents:key_receipt", args=[house.keys["K-01"].unit_id]),
        ),
    ),
    Visit("residents:cards", "chen"),
    Visit("residents:cards", "guo", query="?state=soon"),
    Visit("residents:cards", "he", "empty"),
    Visit("residents:issue_credential", "chen"),
    Visit("residents:issue_credential", "chen", "error", then=send(SAVE), status=422),
    *(
        Visit("residents:card", "zhou", f"{name} {step}", begin=card(name, f"?do={step}"))
        for name, steps in CARD_STEPS_SEEN.items()
        for step in steps
    ),
    Visit("residents:card", "zhou", "error", begin=card("card", "?do=lose_credential"), then=send(SAVE), status=422),
    Visit("residents:card_print", "chen", begin=register_paper("residents:card_print", "cards", "pass")),
    Visit("residents:gate_cards", "ma"),
    Visit("residents:gate_cards", "ma", "valid", query="?number=SG-01"),
    Visit("residents:gate_cards", "ma", "lost", query="?number=0012345679"),
    Visit("residents:gate_cards", "ma", "unknown", query="?number=1"),
    Visit("residents:gate_cards", "ma", "error", query="?number=", status=422),
    Visit("residents:gate_keys", "ma"),
    Visit("account_login"),
    Visit("account_login", None, "error", then=send(SAVE, login="chen", password="wrong-password"), status=200),
    Visit("account_logout", "chen"),
    Visit("account_change_password", "chen"),
    Visit("account_reauthenticate", "chen"),
    Visit("mfa_index", "chen"),
    Visit("mfa_activate_totp", "chen"),
    Visit("usersessions_list", "chen"),
    Visit("404", "chen", begin=nowhere("chen"), status=404),
    Visit("403", "li_na", begin=lambda house: (house.client("li_na"), reverse("desk:intake")), status=403),
]


def open_a_move(who, name, unit):
    def begin(house):
        key = house.moves[unit].unit_id if unit else house.community.units.get(label="3-2-1202").pk
        return house.client(who), f"{reverse(f'desk:{name}')}?unit={key}"

    return begin


def one_defect(n):
    def begin(house):
        row = house.moves["in"].defects.order_by("pk")[n]
        return house.client("chen"), reverse("desk:defect", args=[row.pk])

    return begin


MOVE_IN_TASKS = ("papers", "keys", "meters", "facilities", "agreements", "cards", "fees", "notices")
MOVE_OUT_TASKS = ("readings", "keys_back", "cards_back", "plate", "occupancy", "bills", "deposit")
MOVE_PAGES = [
    Visit("desk:moveins", "chen"),
    Visit("desk:moveins", "chen", query="?show=ended"),
    Visit("desk:moveins", "chen", "found", query="?q=1202"),
    Visit("desk:moveins", "liu"),
    Visit("desk:moveins", "he", "empty"),
    Visit("desk:moveouts", "guo"),
    Visit("desk:moveouts", "he", "empty"),
    Visit("desk:movein_new", "chen", begin=open_a_move("chen", "movein_new", "")),
    Visit(
        "desk:movein_new",
        "chen",
        "error",
        begin=open_a_move("chen", "movein_new", ""),
        then=send("main form .btn.primary", moves_on="1999-01-01"),
        status=422,
    ),
    Visit("desk:movein_new", "chen", "runs", begin=open_a_move("chen", "movein_new", "in")),
    Visit("desk:moveout_new", "chen", begin=open_a_move("chen", "moveout_new", "")),
    Visit("desk:movein", "chen", begin=rows.move_page("in")),
    Visit(
        "desk:movein",
        "chen",
        "refused",
        begin=rows.move_page("in"),
        then=send("form[action*=complete] .btn.primary"),
        status=409,
    ),
    Visit("desk:movein", "guo", "done", begin=rows.move_page("done", who="guo")),
    Visit("desk:movein", "liu", begin=rows.move_page("in", who="liu")),
    Visit("desk:moveout", "chen", begin=rows.move_page("out")),
    *(Visit("desk:movein_task", "chen", kind, begin=rows.move_page("in", kind)) for kind in MOVE_IN_TASKS),
    *(Visit("desk:moveout_task", "chen", kind, begin=rows.move_page("out", kind)) for kind in MOVE_OUT_TASKS),
    Visit("desk:movein_task", "liu", "facilities", begin=rows.move_page("in", "facilities", who="liu")),
    Visit("desk:movein_task", "guo", "facilities", begin=rows.move_page("in", "facilities", who="guo")),
    Visit(
        "desk:movein_task",
        "chen",
        "papers, refused",
        begin=rows.move_page("in", "papers"),
        then=send("main form .btn.primary"),
        status=409,
    ),
    *(
        Visit(f"desk:move_{paper}", "chen", begin=rows.move_page("in", paper=f"move_{paper}"))
        for paper in ("sheet", "keys", "handbook")
    ),
    Visit("desk:move_certificate", "chen", begin=rows.move_page("out", paper="move_certificate")),
    Visit("desk:defects", "chen"),
    Visit("desk:defects", "he", "empty"),
    Visit("desk:defect", "chen", "found", begin=one_defect(0)),
    Visit("desk:defect", "chen", "in hand", begin=one_defect(1)),
    Visit(
        "desk:defect",
        "chen",
        "error",
        begin=one_defect(0),
        then=send("form[action*=promise] .btn.primary", promised_on="1999-01-01"),
        status=422,
    ),
    Visit("desk:facilities", "zhou"),
    Visit("desk:facilities", "sun", "empty"),
    Visit("desk:facilities", "zhou", "error", then=send("main aside .btn.primary"), status=422),
]

RESIDENTS_PAGES = [
    Visit("complaints:home_public", None, "two communities"),
    Visit("complaints:home_public", query="?c=YH"),
    Visit("complaints:public", None, "two communities"),
    Visit("complaints:public", None, "closed", query="?c=XX", status=404),
    Visit("complaints:report_step", None, "1", begin=blank_form),
    Visit(
        "complaints:report_step", None, "1 error", begin=blank_form, then=send("#answers button.primary"), status=422
    ),
    Visit("complaints:report_step", None, "1 answered", begin=form(1)),
    Visit("complaints:report_step", None, "2 with a photo", begin=form(2)),
    Visit(
        "complaints:report_step",
        None,
        "2 error",
        begin=form(2),
        then=send("#answers button.primary", summary=""),
        status=422,
    ),
    Visit("complaints:report_step", None, "3", begin=form(3)),
    Visit(
        "complaints:report_step",
        None,
        "3 error",
        begin=form(3),
        then=send("#answers button.primary", phone="abc"),
        status=422,
    ),
    Visit(
        "complaints:report_step",
        None,
        "3 common",
        begin=form(3, scope="common", category="facilities", matter=COMMON_MATTER),
    ),
    Visit("complaints:report_step", None, "4", begin=form(4)),
    Visit("complaints:report_step", None, "gone", begin=lost_form, status=404),
    *(Visit("complaints:track", link=name) for name in STATUSES if name != "about"),
    Visit(
        "complaints:track",
        None,
        "not solved, error",
        link="replied",
        then=send("form[action*=reopen] button"),
        status=422,
    ),
    Visit(
        "complaints:track",
        None,
        "rating, error",
        link="to_visit",
        then=send("form[action*=rate] button"),
        status=422,
    ),
    Visit("complaints:survey_answer", begin=lambda house: rows.survey_slip(house, 0)),
    Visit("complaints:survey_answer", None, "answered", begin=lambda house: rows.survey_slip(house, 1)),
    Visit(
        "complaints:survey_answer",
        None,
        "error",
        begin=lambda house: rows.survey_slip(house, 0),
        then=send(SAVE),
        status=422,
    ),
    Visit("complaints:survey_answer", None, "unknown", begin=token("x" * 32, "complaints:survey_answer"), status=404),
    Visit("complaints:track", None, "unknown", begin=token("x" * 32), status=404),
    Visit("complaints:track_print", link="taken"),
    Visit("complaints:track_by_code"),
    Visit("complaints:track_by_code", None, "error", then=send("main form button.primary"), status=422),
    Visit(
        "complaints:track_by_code",
        None,
        "wrong",
        status=422,
        then=send("main form button.primary", number="YH260101-0001", code="7KQ4M2XD9F"),
    ),
    Visit("complaints:followed", None, "in hand", begin=followed("in_hand")),
    Visit("404", begin=nowhere(), status=404),
]
STAFF_PAGES += MOVE_PAGES + money.VISITS
RESIDENTS_PAGES += money.RESIDENTS
PAGES = STAFF_PAGES + RESIDENTS_PAGES

# Addresses that answer a GET and are not a page of their own.
REMEDY = ("propose", "send", "answer", "finish", "drop")
# Steps whose forms stand on the page of the thing, without a visit of their own.
REGISTER = [
    *("end_home", "change_end", "void_home", "edit", "add_contact", "end_contact", "add_vehicle", "end_vehicle"),
    *("record_identity", "keep_copy", "remove_copy", "agree_mail", "withdraw_mail"),
]
MOVING = ("confirm", "start", "finish", "miss", "protect", "cancel", "take_back", "consent", "unmask")
RELEASING = ("approve", "refuse", "void", "consent", "unmask")
NOT_PAGES = {
    "core:root": "leads on",
    "core:admin_login": "leads on, or says 403, which is visited",
    "core:healthz": "three words for machines",
    "core:alive": "yes or no, and no page",
    "desk:find": "lines of the finder, seen while a caller is picked",
    "desk:move_find": "lines of the finder",
    "desk:defect_file": "a picture",
    "desk:pick": "the card of a caller, seen while one is picked",
    **dict.fromkeys(
        [f"complaints:{way}_{part}" for way in ("person", "caller") for part in ("export", "correct")]
        + ["complaints:caller_ask", "complaints:caller_sealed", "complaints:data_request"],
        "takes a post, and shows a page that is visited where it is refused",
    ),
    "complaints:photo": "a picture",
    "residents:meter_photo": "a picture",
    "desk:visit_photo": "a picture, seen on the page of the visit",
    "residents:plate_photo": "a picture, seen on the page of the plate",
    "complaints:week_excel": "a workbook",
    "complaints:month_excel": "a workbook",
    "complaints:problems_excel": "a workbook",
    "complaints:problem_change": "leads on to the page of the problem",
    **{f"complaints:remedy_{step}": "leads on to the page of the problem" for step in REMEDY},
    **{
        f"residents:{step}": "leads on to the form on the page of the keys, the loan or the card"
        for step in [*KEY_STEPS, *LOAN_STEPS, *CARD_STEPS]
    },
    "residents:picture": "a picture, seen on the page of the person",
    **dict.fromkeys([f"residents:{step}" for step in REGISTER], "leads on to the form on the page of the person"),
    **dict.fromkeys(
        [f"residents:move_{step}" for step in MOVING] + [f"residents:slip_{step}" for step in RELEASING],
        "leads on to the page of the move or of the slip",
    ),
    "residents:lift_switch": "leads on to the rules of moves",
    "residents:gate_scan": "leads on to the slip at the gate",
    "residents:import_template": "a workbook",
    "residents:import_progress": "a piece of the page of the import",
    "residents:import_faults": "a table as a file",
    "complaints:report_photo": "a picture, seen on page 2 of the form",
    "complaints:track_photo": "a picture, seen on the tracking page",
    "complaints:followed_photo": "a picture, seen on the tracking page",
    "complaints:followed_print": "the same sheet as by the link",
}
NOT_PAGES |= money.NOT_PAGES
