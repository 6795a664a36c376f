"""The settings (S35): an administrator sets the desk in a browser, and sees what moves before it is saved."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Category, Concern, DeadlinePolicy, RepeatRule, VisitRule, WarrantyTerm
from servicedesk.core.calendar import calendar_of
from servicedesk.core.models import CalendarDay, Community, Department, Event
from tests import factories
from tests.factories import at, case, cleared, fresh

pytestmark = pytest.mark.django_db

# A Thursday afternoon: what came in on Monday morning is due this evening, what came in on Sunday is late.
NOW = at("2025-09-18 15:00")


@pytest.fixture(autouse=True)
def thursday(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def admin(client, tang):
    client.force_login(tang)
    return client


def form_of(client, url):
    """Return what the form at `url` would send as it stands."""
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: "on" if value is True else value for name, value in values.items() if value not in (None, False)}
    return {**sent, "seen": client.get(url).context["seen"]}


def change(client, url, **typed):
    """Send the form at `url` with `typed`, None for what is left out, and return the answer."""
    sent = {**form_of(client, url), **typed}
    return client.post(url, {name: value for name, value in sent.items() if value is not None})


def confirm(client, preview):
    """Press “Save” on a preview and return the answer."""
    sent = {"sure": preview.context["sure"]}
    for name, value in preview.context["sent"]:
        sent.setdefault(name, []).append(value)
    return client.post(preview.request["PATH_INFO"], sent)


def policy(community, code="three_days"):
    return DeadlinePolicy.objects.get(community=community, code=code)


def url_of(row):
    names = {DeadlinePolicy: "policy", Category: "category", Department: "department", VisitRule: "visit_rule"}
    names[WarrantyTerm] = "warranty_term"
    return reverse(f"complaints:{names[type(row)]}", args=[row.pk])


def test_the_first_page_says_what_holds_now_and_who_changed_it_last(admin, yunhu):
    change(admin, reverse("complaints:setting_facts"), phone="8888 1234")
    page = admin.get(reverse("complaints:settings"))
    cards = {str(card["title"]): card for card in page.context["cards"]}
    assert len(cards) == 10
    assert "8888 1234" in page.text
    assert "08:30–18:00" in page.text
    assert [card["event"].by_name for card in cards.values() if card["event"]] == ["唐宁"]


VISITS = {"name": "抽查", "source": "本中心约定", "position": "3", "share": "50", "within": "2", "unit": "days"}


WARRANTY = {"length": "2", "source": "采购合同第八条", "answer_days": "3", "remind_days": "2"}


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("policy", {"code": "two_hours", "name": "两小时", "count": "wall_hours", "amount": "2", "end": "close"}),
        ("department", {"code": "garden", "name": "绿化部"}),
        ("warranty_term", {"code": "lift", "name": "电梯", "unit": "years", **WARRANTY}),
        ("visit_rule", {"code": "spot", **VISITS, "words": "漏水\n\n漏水\n跳闸", "categories": ["indoor"]}),
    ],
)
def test_what_is_added_stands_on_its_list_and_in_history(admin, yunhu, tang, kind, typed):
    assert admin.post(reverse(f"complaints:{kind}_add"), typed).status_code == 302
    assert typed["name"] in admin.get(reverse(f"complaints:{kind}_list")).text
    event = Event.objects.get(verb=f"{kind}_added")
    assert (event.by, event.community, event.subject.code) == (tang, yunhu, typed["code"])
    if kind == "visit_rule":
        assert (event.subject.words, event.subject.categories) == (["漏水", "跳闸"], ["indoor"])


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"unit": "seasons"}, "season_from"),
        ({"unit": "seasons", "season_from": "11-31", "season_to": "03-15"}, "season_from"),
        ({"unit": "years", "length": "0"}, "length"),
        ({"unit": "years", "code": "roof"}, "code"),
    ],
)
def test_a_warranty_period_that_cannot_be_is_said_beside_its_field(admin, yunhu, typed, field):
    facts = {"code": "roof", "name": "屋面", "unit": "years", **WARRANTY}
    assert admin.post(reverse("complaints:warranty_term_add"), facts).status_code == 302
    answer = admin.post(reverse("complaints:warranty_term_add"), {**facts, "code": "lift", **typed})
    assert (answer.status_code, list(answer.context["form"].errors)[:1]) == (422, [field])


def category_sent(community, **more):
    department = community.departments.get(code="cleaning").pk
    facts = {"code": "waste", "digit": "6", "name": "垃圾", "department": department, "kind": "complaint"}
    return {**facts, "scope": "any", "straight_to_level": "2", "probes": "在哪里\n多久了", **more}


def test_a_category_that_is_added_decides_what_comes_in_next(admin, yunhu, chen, zhou):
    assert admin.post(reverse("complaints:category_add"), category_sent(yunhu)).status_code == 302
    made = case(yunhu, by=chen, category="waste", now=NOW)
    assert (made.department.code, made.level, made.category.probes) == ("cleaning", 2, ["在哪里", "多久了"])


BAD_POLICIES = [
    {"amount": "0"},
    {"amount": "10001"},
    {"amount": "2.5"},
    {"amount": "-1"},
    {"amount": "many"},
    {"amount": ""},
    {"amount": "NaN"},
    {"count": "wall_hours", "amount": "10001"},
    {"count": "service_hours", "amount": "0"},
    {"count": "same_day", "end": "same_time"},
    {"count": "moons"},
    {"name": " "},
    {"name": "长" * 121},
]


def test_a_policy_that_cannot_be_counted_is_refused_with_everything_kept(admin, yunhu):
    row = policy(yunhu)
    sent = {**form_of(admin, url_of(row)), "article": "第二十条"}
    for typed in BAD_POLICIES:
        answer = admin.post(url_of(row), sent | typed)
        assert answer.status_code == 422, typed
        assert "第二十条" in answer.text, typed
    assert (fresh_row(row).amount, fresh_row(row).article) == (3, row.article)


def fresh_row(row):
    return type(row).objects.get(pk=row.pk)


BAD_CATEGORIES = [
    ({"code": "noise"}, "code"),
    ({"code": "a b"}, "code"),
    ({"digit": "1"}, "digit"),
    ({"digit": "0"}, "digit"),
    ({"name": ""}, "name"),
    ({"arrive_minutes": "-1"}, "arrive_minutes"),
    ({"arrive_minutes": "99999999999"}, "arrive_minutes"),
    ({"straight_to_level": "4"}, "straight_to_level"),
    ({"department": "0"}, "department"),
    ({"probes": "长" * 81}, "probes"),
    ({"phrases": "\n".join(map(str, range(31)))}, "phrases"),
]


def test_a_category_that_cannot_be_says_why_at_the_box_and_keeps_the_rest(admin, yunhu):
    before = Category.objects.count()
    for typed, field in BAD_CATEGORIES:
        answer = admin.post(reverse("complaints:category_add"), category_sent(yunhu, name_en="Waste", **typed))
        assert answer.status_code == 422, typed
        assert answer.context["form"].errors.keys() == {field}
        assert "Waste" in answer.text
    assert Category.objects.count() == before


OUT_OF_BOUNDS = [
    ("times", {"take_minutes": "0"}),
    ("times", {"take_minutes": "1441"}),
    ("times", {"default_close": "00:00"}),
    ("times", {"reopen_days": "366"}),
    ("repeats", {"repeat_days": "367"}),
    ("facts", {"name": ""}),
    ("facts", {"outside_email": "nobody"}),
]


def test_times_and_facts_out_of_bounds_are_refused(admin, yunhu):
    for what, typed in OUT_OF_BOUNDS:
        assert change(admin, reverse(f"complaints:setting_{what}"), **typed).status_code == 422, typed
    assert not Event.objects.filter(verb="community_changed").exists()


IMPOSSIBLE = [
    (DeadlinePolicy, {"amount": Decimal("2.5")}),
    (DeadlinePolicy, {"count": "same_day", "end": "same_time"}),
    (DeadlinePolicy, {"count": "wall_hours", "amount": 0}),
    (DeadlinePolicy, {"is_active": False}),
    (Category, {"arrive_minutes": 0}),
    (Community, {"take_minutes": 0}),
    (Community, {"reopen_days": 366}),
    (Department, {"is_active": False}),
]


def test_the_database_refuses_what_the_forms_refuse(yunhu):
    for model, facts in IMPOSSIBLE:
        rows = model.objects.filter(is_centre=True) if model is Department else model.objects.all()
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**facts)


# What moves -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(yunhu, office, chen, zhou, liu):
    """Open cases of every kind that a deadline is counted for, received in the days before Thursday afternoon."""
    engineering = yunhu.departments.get(code="engineering")
    cases = {
        "due tonight": case(yunhu, by=chen, now=at("2025-09-15 09:00")),
        "late": case(yunhu, by=chen, now=at("2025-09-14 10:00")),
        "just late": case(yunhu, by=chen, now=at("2025-09-18 09:00"), category="mail"),
        "after hours": case(yunhu, by=chen, now=at("2025-09-17 19:30")),
        "urgent": case(yunhu, by=chen, now=at("2025-09-17 19:30"), urgency="special_urgent"),
        "web": case(yunhu, by=None, now=at("2025-09-18 14:40")),
        "promised": case(
            yunhu, by=chen, now=at("2025-09-17 09:00"), severity="major", promised_reply_at=at("2025-09-19 10:00")
        ),
    }
    for name in ("paused", "resolved"):
        one = cases[name] = cleared(case(yunhu, by=chen, now=at("2025-09-16 09:00")))
        actions.hand_over(one, department=engineering, by=chen, now=at("2025-09-16 09:10"))
        actions.accept(one, by=liu, now=at("2025-09-16 09:20"))
    until = at("2025-09-19 10:00")
    actions.pause(cases["paused"], reason="material", until=until, by=liu, now=at("2025-09-17 15:00"))
    actions.resolve(cases["resolved"], remedy="已修好", by=liu, now=at("2025-09-18 11:00"))
    actions.escalate_overdue(now=NOW)
    return cases


def test_nothing_is_written_before_it_is_saved(admin, many, yunhu):
    row, events = policy(yunhu), Event.objects.count()
    known = calendar_of(Community.objects.get(pk=yunhu.pk))
    answer = change(admin, url_of(row), amount="4")
    assert answer.status_code == 200
    assert (fresh_row(row).amount, Event.objects.count()) == (3, events)
    assert Community.objects.get(pk=yunhu.pk).calendar_version == yunhu.calendar_version
    CalendarDay.objects.create(community=yunhu, date=datetime.date(2025, 9, 25), kind="rest", is_closed=True)
    Community.objects.filter(pk=yunhu.pk).update(calendar_version=yunhu.calendar_version + 1)
    assert calendar_of(Community.objects.get(pk=yunhu.pk)).days != known.days, "the preview's calendar is forgotten"


def test_an_administrator_reads_numbers_and_no_words_of_a_case(admin, many, yunhu):
    answer = change(admin, url_of(policy(yunhu)), amount="1")
    assert many["due tonight"].short_number in answer.text
    for words in ("厨房水管漏水", "林晓梅", "13800001234", "3-2-1201"):
        assert words not in answer.text


CHANGES = {
    "one day more": ("three_days", {"amount": "4"}),
    "one day": ("three_days", {"amount": "1"}),
    "working days": ("three_days", {"count": "working_days", "amount": "3"}),
    "at 24:00": ("three_days", {"end": "midnight"}),
    "rolled forward": ("three_days", {"amount": "5", "roll_forward": "on"}),
    "hours of service": ("three_days", {"count": "service_hours", "amount": "8.5"}),
    "hours of the clock": ("three_days", {"count": "wall_hours", "amount": "30"}),
    "after hours at once": ("three_days", {"after_hours_next_day": None}),
    "the same day later": ("same_day", {"count": "natural_days", "amount": "1"}),
    "no close kept": ("times", {"keeps_close": None}),
    "taken sooner": ("times", {"take_minutes": "15"}),
    "taken later": ("times", {"take_minutes": "60"}),
    "a day off": ("day", {"date": "2025-09-19", "kind": "rest", "is_closed": "on"}),
    "no hours on Friday": ("hours", 4),
    "an early close": ("day", {"date": "2025-09-18", "kind": "work", "opens": "08:30", "closes": "14:00"}),
}


def preview_of(client, community, what, typed):
    """Return the answer to a change of the settings: the page that says what moves."""
    if what == "day":
        return client.post(reverse("complaints:set_day"), typed)
    if what == "hours":
        return client.post(reverse("complaints:close_hours", args=[community.service_hours.get(weekday=typed).pk]))
    address = reverse("complaints:setting_times") if what == "times" else url_of(policy(community, what))
    return change(client, address, **typed)


def test_what_the_preview_says_is_what_saving_moves(admin, many, yunhu):
    for name, (what, typed) in CHANGES.items():
        factories.forget_calendars()
        with transaction.atomic():
            compare(admin, preview_of(admin, yunhu, what, typed), name)
            transaction.set_rollback(True)


def compare(client, preview, name):
    """Save what `preview` is about, have it counted, and hold the cases against what the page said."""
    assert preview.status_code == 200, f"{name} moves something"
    said = preview.context["moves"]
    before = {one.pk: one for one in Case.objects.all()}
    assert confirm(client, preview).status_code == 302
    assert actions.recount_deadlines(now=NOW) == said.moved, name
    after = {one.pk: one for one in Case.objects.all()}
    moved = [(before[pk], one) for pk, one in after.items() if due(one) != due(before[pk])]
    was_and_is = [(was.is_late(NOW), one.is_late(NOW)) for was, one in moved]
    assert (said.open, said.earlier, said.later) == (
        len(before),
        sum(due(one) < due(was) for was, one in moved),
        sum(due(one) > due(was) for was, one in moved),
    ), name
    assert (said.late_at_once, said.late_no_more) == tuple(map(was_and_is.count, [(False, True), (True, False)])), name
    shown = {(example.number, example.was, example.until) for example in said.examples}
    assert shown == {(one.short_number, due(was), due(one)) for was, one in moved}, name
    climbing = sum(one.next_escalation_at != before[pk].next_escalation_at for pk, one in after.items())
    assert said.climbing == climbing, name
    assert actions.escalate_overdue(now=NOW) == said.rising, name
    assert all(one.clock_started_at == before[pk].clock_started_at for pk, one in after.items()), "no clock restarts"
    assert all(one.level >= before[pk].level for pk, one in after.items()), "a level that was reached stays"


def due(one):
    return one.due_at if one.is_clocked else one.reply_due_at


def test_what_is_no_longer_late_says_so_in_its_history(admin, many, yunhu, tang):
    late = many["late"]
    was = fresh(late)
    assert was.is_late(NOW)
    confirm(admin, change(admin, url_of(policy(yunhu)), amount="7"))
    actions.recount_deadlines(now=NOW)
    assert not fresh(late).is_late(NOW)
    assert fresh(late).level == was.level == 3
    told = Event.objects.about(late).get(verb="recounted")
    assert told.data["due_was"] == was.due_at.isoformat()
    changed = Event.objects.get(verb="policy_changed")
    assert (changed.by, changed.data["was"], changed.data["now"]) == (tang, {"amount": "3"}, {"amount": "7"})


def test_a_stopped_clock_keeps_its_deadline_and_its_late_mark(admin, many, yunhu):
    resolved = fresh(many["resolved"])
    confirm(admin, change(admin, url_of(policy(yunhu)), amount="1"))
    actions.recount_deadlines(now=NOW)
    assert fresh(resolved).due_at == resolved.due_at
    assert fresh(resolved).is_late(NOW) == resolved.is_late(NOW)


def test_a_deadline_that_stays_is_explained_by_the_rule_that_holds(admin, yunhu, chen):
    monday = case(yunhu, by=chen, now=at("2025-09-15 09:00"))
    assert change(admin, url_of(policy(yunhu)), count="working_days").status_code == 302
    actions.recount_deadlines(now=NOW)
    rules = {fact["count"] for fact in fresh(monday).explanation if fact["fact"] == "policy"}
    assert (fresh(monday).due_at, rules) == (monday.due_at, {"working_days"})


def test_a_page_says_until_the_open_cases_are_counted_again(admin, many, yunhu):
    confirm(admin, change(admin, url_of(policy(yunhu)), amount="4"))
    assert admin.get(reverse("complaints:settings")).context["is_counting"]
    actions.recount_deadlines(now=NOW)
    assert not admin.get(reverse("complaints:settings")).context["is_counting"]


def test_what_cannot_be_counted_without_hours_is_said_and_keeps_its_deadline(admin, many, yunhu):
    last = yunhu.service_hours.get(weekday=0)
    yunhu.service_hours.exclude(pk=last.pk).delete()
    preview = admin.post(reverse("complaints:close_hours", args=[last.pk]))
    said, was = preview.context["moves"], {one.pk: due(one) for one in Case.objects.all()}
    assert said.uncountable > 0
    assert confirm(admin, preview).status_code == 302
    assert actions.recount_deadlines(now=NOW) == said.moved
    same = [one for one in Case.objects.all() if one.counted_with == yunhu.calendar_version]
    assert len(same) == said.uncountable
    assert all(due(one) == was[one.pk] for one in same)


def test_what_moves_nothing_is_saved_at_once(admin, many, yunhu):
    assert change(admin, url_of(policy(yunhu)), name="三天办结", can_pause=None).status_code == 302
    assert (fresh_row(policy(yunhu)).name, policy(yunhu).can_pause) == ("三天办结", False)
    assert Community.objects.get(pk=yunhu.pk).calendar_version == yunhu.calendar_version


def test_back_from_the_preview_everything_typed_is_there(admin, many, yunhu):
    preview = change(admin, url_of(policy(yunhu)), amount="4", article="第二十条")
    sent = dict(preview.context["sent"])
    back = admin.post(preview.request["PATH_INFO"], {**sent, "sure": preview.context["sure"], "back": "1"})
    assert back.status_code == 200
    assert (back.context["form"]["amount"].value(), back.context["form"]["article"].value()) == ("4", "第二十条")
    assert policy(yunhu).amount == 3


def test_a_case_about_who_asks_is_in_no_number(admin, many, yunhu, tang):
    total = change(admin, url_of(policy(yunhu)), amount="4").context["moves"]
    Concern.objects.create(case=many["due tonight"], user=tang)
    without = change(admin, url_of(policy(yunhu)), amount="4").context["moves"]
    assert (without.open, without.later) == (total.open - 1, total.later - 1)
    assert many["due tonight"].short_number not in {one.number for one in without.examples}
    listed = dict(admin.get(reverse("complaints:policy_list")).context["lines"])
    assert listed[policy(yunhu)][3][1][0] == Case.objects.filter(policy=policy(yunhu)).count() - 1


def test_a_preview_takes_as_many_queries_for_many_cases_as_for_few(admin, yunhu, chen):
    counts = []
    for number in (1, 9):
        for _ in range(number):
            case(yunhu, by=chen, now=at("2025-09-17 09:00"))
        sent = {**form_of(admin, url_of(policy(yunhu))), "amount": "4"}
        with CaptureQueriesContext(connection) as captured:
            assert admin.post(url_of(policy(yunhu)), sent).context["moves"].later in (1, 10)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# Two administrators ---------------------------------------------------------------------------------------------------


def test_who_saves_over_the_change_of_another_is_told_and_keeps_every_word(admin, yunhu, tang):
    sent = {**form_of(admin, url_of(policy(yunhu))), "article": "第二十条", "amount": "4"}
    change(admin, url_of(policy(yunhu)), amount="6")
    answer = admin.post(url_of(policy(yunhu)), sent)
    assert answer.status_code == 409
    assert "第二十条" in answer.text
    assert policy(yunhu).amount == 6
    assert admin.post(url_of(policy(yunhu)), {**sent, "seen": answer.context["seen"]}).status_code == 302
    assert policy(yunhu).amount == 4


def test_a_preview_that_is_out_of_date_is_counted_again_and_not_saved(admin, many, yunhu):
    preview = change(admin, url_of(policy(yunhu)), amount="4")
    day = {"date": "2025-09-19", "kind": "rest", "is_closed": "on"}
    confirm(admin, admin.post(reverse("complaints:set_day"), day))
    answer = confirm(admin, preview)
    assert answer.status_code == 409
    assert answer.context["refusal"] in answer.text
    assert policy(yunhu).amount == 3
    assert confirm(admin, answer).status_code == 302
    assert policy(yunhu).amount == 4


def test_the_same_preview_saved_twice_is_saved_once(admin, many, yunhu):
    preview = change(admin, url_of(policy(yunhu)), amount="4")
    assert confirm(admin, preview).status_code == 302
    actions.recount_deadlines(now=NOW)
    assert confirm(admin, preview).status_code == 302
    assert Event.objects.filter(verb="policy_changed").count() == 1


# Out of use, and what is given at receipt -----------------------------------------------------------------------------


def switch(client, row, on="0"):
    name = url_of(row) + "switch/"
    return client.post(name, {"on": on}, follow=True)


def test_what_is_used_is_not_taken_out_of_use(admin, yunhu, chen, zhou, many):
    own = DeadlinePolicy.objects.create(community=yunhu, code="own", name="专用", count="wall_hours", amount=24)
    Category.objects.filter(community=yunhu, code="mail").update(policy=own)
    cleaning = yunhu.departments.get(code="cleaning")
    for row in (policy(yunhu), own, yunhu.departments.get(code="centre"), cleaning):
        assert [message.level_tag for message in switch(admin, row).context["messages"]] == ["error"]
        assert fresh_row(row).is_active
    for category in Category.objects.filter(community=yunhu, department=cleaning):
        switch(admin, category)
    Category.objects.filter(community=yunhu, code="mail").update(policy=None)
    for row in (own, cleaning):
        switch(admin, row)
        assert not fresh_row(row).is_active
    with_case = case(yunhu, by=chen, category="noise")
    engineering = yunhu.departments.get(code="engineering")
    Category.objects.filter(department__in=[engineering, with_case.department]).update(is_active=False)
    Case.objects.filter(department=engineering).update(department=yunhu.departments.get(code="centre"))
    factories.outage(yunhu, by=zhou, now=NOW)
    for row in (with_case.department, engineering):
        assert [message.level_tag for message in switch(admin, row).context["messages"]] == ["error"]


def test_a_category_does_not_come_back_to_a_department_out_of_use(admin, yunhu):
    row = Category.objects.get(community=yunhu, code="cleaning")
    for one in (row, row.department):
        switch(admin, one)
    assert [message.level_tag for message in switch(admin, row, on="1").context["messages"]] == ["error"]
    assert not fresh_row(row).is_active


def test_switching_twice_by_the_same_button_is_switching_once(admin, yunhu):
    row = Category.objects.get(community=yunhu, code="cleaning")
    for _ in range(2):
        switch(admin, row)
    assert not fresh_row(row).is_active
    assert Event.objects.filter(verb="category_changed").count() == 1


def test_an_open_case_keeps_what_its_category_gave_it_and_the_page_says_how_many_do(admin, yunhu, chen, many):
    row = Category.objects.get(community=yunhu, code="indoor")
    own = DeadlinePolicy.objects.create(community=yunhu, code="own", name="专用", count="wall_hours", amount=24)
    before = {one.pk: (one.due_at, one.department_id, one.level) for one in Case.objects.all()}
    preview = change(admin, url_of(row), policy=own.pk, straight_to_level="2")
    assert preview.context["kept"] == Case.objects.open().filter(category=row).count() > 0
    assert confirm(admin, preview).status_code == 302
    assert actions.recount_deadlines(now=NOW) == 0
    assert {one.pk: (one.due_at, one.department_id, one.level) for one in Case.objects.all()} == before
    new = case(yunhu, by=chen, now=NOW)
    assert (new.policy, new.level, new.due_at) == (own, 2, NOW + datetime.timedelta(days=1))


def test_the_rule_for_repeats_is_made_when_it_is_first_changed(admin, yunhu):
    for days in ("20", "25"):
        assert change(admin, reverse("complaints:setting_repeats"), repeat_days=days).status_code == 302
    assert RepeatRule.objects.get(community=yunhu).repeat_days == 25
    assert Event.objects.filter(verb__startswith="repeat_rule").count() == 2


def test_the_key_of_a_group_is_not_in_history(admin, yunhu):
    row = yunhu.departments.get(code="engineering")
    change(admin, url_of(row), notify_url="https://hook.example/secret-key")
    assert fresh_row(row).notify_url.endswith("secret-key")
    assert "secret-key" not in str(Event.objects.get(verb="department_changed").data)


@pytest.mark.parametrize("kind", ["policy", "category", "department", "visit_rule", "warranty_term"])
def test_a_row_of_another_community_is_nowhere(admin, other, kind):
    models = {"policy": DeadlinePolicy, "category": Category, "department": Department, "visit_rule": VisitRule}
    models["warranty_term"] = WarrantyTerm
    actions.fill_warranty(other, by=None, now=factories.MONDAY)
    if kind == "visit_rule":
        actions.set_visit_rules(other)
    row = models[kind].objects.filter(community=other).first()
    assert admin.get(url_of(row)).status_code == 404
    assert admin.post(url_of(row), {"name": "x"}).status_code == 404
    assert admin.post(url_of(row) + "switch/", {"on": "0"}).status_code == 404
    assert url_of(row) not in admin.get(reverse(f"complaints:{kind}_list")).text
    assert fresh_row(row).is_active
