"""The list: saved views, filters that are links, pages that stand still while cases come in, and nobody else's rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.http import urlencode

from complaints import actions, listing
from complaints.models import Case, Category, Channel, Concern
from servicedesk.core import kept
from servicedesk.core.models import Role
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY, at

URL = "/cases/"


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    return time_machine


def listed(client, user, **query):
    client.force_login(user)
    answer = client.get(f"{URL}?{urlencode(query)}")
    assert answer.status_code == 200
    return answer


def rows(answer):
    return [line["case"].pk for line in answer.context["lines"]]


def pks(*cases):
    return [case.pk for case in cases]


@pytest.fixture
def several(yunhu, office, chen):
    """Five cases of the desk, the last one newest."""
    return [factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9 - n), summary=f"事 {n}") for n in range(5)]


# From one case to the next --------------------------------------------------------------------------------------------


def test_a_line_is_saved_and_the_list_goes_on_where_one_came_from(client, chen, several):
    listed(client, chen, view="open", sort="-received")
    first, second, last = several[4], several[3], several[0]

    def save(case):
        address = reverse("complaints:note", args=[case.number])
        version = factories.fresh(case).version
        return client.post(address, {"version": version, "note": "已联系", "go_on": "1"})

    assert "在办" in client.get(first.get_absolute_url()).text
    assert save(first).url == second.get_absolute_url()
    for left in (several[2], factories.fresh(second)):
        actions.merge(left, into=several[1], by=chen, now=MONDAY)
    assert save(second).url == several[1].get_absolute_url(), "what is in the list no more is passed over"
    assert save(last).url == "/cases/?view=open&sort=-received", "behind the last one is the list"


def test_without_a_list_there_is_no_next_one(client, chen, several):
    client.force_login(chen)
    assert 'name="go_on"' not in client.get(several[0].get_absolute_url()).text


# Who sees what --------------------------------------------------------------------------------------------------------


def test_clerks_and_supervisors_see_the_communitys_cases(client, chen, zhou, several):
    for user in (chen, zhou):
        assert set(rows(listed(client, user, view="all"))) == set(pks(*several))


def test_a_head_sees_the_departments_and_a_worker_the_own_and_the_unassigned(
    client, han, liu, yunhu, chen, office, several
):
    colleague = factories.staff("zhao", "赵磊", Role.WORKER, community=yunhu, department="engineering")
    noise = factories.case(yunhu, by=chen, category="noise")
    theirs = factories.case(yunhu, by=chen)
    actions.hand_over(
        theirs, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY, worker=colleague
    )
    assert set(rows(listed(client, han, view="all"))) == {*pks(*several), theirs.pk}
    assert set(rows(listed(client, liu, view="all"))) == set(pks(*several))
    assert noise.pk not in rows(listed(client, han, view="all", department=noise.department_id))


def test_the_deputy_gms_list_begins_at_level_three_and_can_be_widened(client, guo, yunhu, chen, several):
    top = factories.case(yunhu, by=chen, category="favours")
    assert rows(listed(client, guo, view="all")) == [top.pk]
    assert len(rows(listed(client, guo, view="all", scope="all"))) == 6
    # To widen is the deputy GM's alone; for others the word has no effect and stays out of their links.
    assert "scope" not in listed(client, chen, view="all", scope="all").context["asked"].address()


@pytest.mark.parametrize("who", ["li_na", "tang"])
def test_who_sees_no_case_has_no_list(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(URL).status_code == 403


def test_another_communitys_cases_are_in_no_list(client, chen, other, several):
    far = factories.case(other, by=factories.staff("far", "远", Role.CLERK, community=other))
    assert far.pk not in rows(listed(client, chen, view="all"))
    assert rows(listed(client, chen, view="all", q=far.number)) == []
    assert rows(listed(client, chen, view="all", category=far.category_id)) != [far.pk]


def test_staff_complained_about_find_the_case_in_no_list_and_no_count(client, zhou, several):
    Concern.objects.create(case=several[2], user=zhou)
    for view in listing.VIEWS:
        answer = listed(client, zhou, view=view)
        assert several[2].pk not in rows(answer)
        assert several[2].short_number not in answer.content.decode()
    counts = {str(item["label"]): item["count"] for item in answer.context["views"]}
    assert counts[str(listing.VIEWS["open"].label)] == 4
    assert rows(listed(client, zhou, view="all", q=several[2].number)) == []


# Views, filters, orders -----------------------------------------------------------------------------------------------


def test_each_view_holds_what_it_says(client, chen, zhou, liu, yunhu, office):
    engineering = yunhu.departments.get(code="engineering")
    new = factories.case(yunhu, by=None)
    late = factories.case(yunhu, by=zhou, now=MONDAY - timedelta(days=9))
    soon = factories.case(yunhu, by=zhou, now=at("2025-09-14 17:00"), category="service")
    Case.objects.filter(pk=soon.pk).update(due_at=MONDAY + timedelta(minutes=30))
    mine = factories.case(yunhu, by=chen)
    handed = factories.case(yunhu, by=zhou)
    actions.hand_over(handed, department=engineering, by=zhou, now=MONDAY)
    paused, done, told = (factories.case(yunhu, by=zhou) for _n in range(3))
    for case in (paused, done, told):
        actions.hand_over(case, department=engineering, by=zhou, now=MONDAY, worker=liu)
        case.refresh_from_db()
        actions.accept(case, by=liu, now=MONDAY)
    actions.pause(paused, reason="material", until=MONDAY + timedelta(days=1), by=liu, now=MONDAY)
    for case in (done, told):
        actions.resolve(case, by=liu, now=MONDAY, remedy="好了")
    actions.reply(told, channel="phone", text="已修好", person_told="林女士", by=zhou, now=MONDAY)
    letter = factories.case(yunhu, by=zhou, channel=Channel.LETTER)
    void = factories.case(yunhu, by=zhou)
    actions.ask_void(void, by=zhou, now=MONDAY, reason="重复")
    gone = factories.case(yunhu, by=zhou)
    actions.merge(gone, into=letter, by=zhou, now=MONDAY)
    everything = {new, late, soon, mine, handed, paused, done, told, letter, void, gone}
    expected = {
        "open": everything - {gone},
        "mine": {mine},
        "unassigned": {new, handed},
        "late": {late},
        "soon": {soon},
        "decide": {void},
        "reply": {done},
        "waiting": {paused},
        "visit": {told},
        "letters": {letter},
        "all": everything,
    }
    for view, cases in expected.items():
        answer = listed(client, chen, view=view)
        assert set(rows(answer)) == {case.pk for case in cases}, view
        assert len(answer.context["lines"]) == len(cases)
        counted = next(item for item in answer.context["views"] if item["current"])["count"]
        assert counted in (None, len(cases)), view


def test_every_filter_narrows_to_what_it_names(client, chen, zhou, yunhu, office):
    indoor = factories.case(yunhu, by=chen, summary="卧室跳闸", now=at("2025-09-10 23:30"))
    noise = factories.case(yunhu, by=zhou, category="noise", channel=Channel.VISIT, summary="电锤扰民")
    top = factories.case(yunhu, by=zhou, category="favours", summary="索要红包", now=at("2025-09-11 00:30"))
    waits = factories.case(yunhu, by=None, summary="门禁失灵", now=at("2025-09-10 23:50"))
    expected = {
        ("kind", "complaint"): {noise, top},
        ("category", indoor.category_id): {indoor, waits},
        ("department", noise.department_id): {noise},
        ("level", 3): {top},
        ("tag", "new"): {waits},
        ("tag", "work"): {indoor, noise, top},
        ("tag", "void"): set(),
        ("channel", "visit"): {noise},
        ("first", chen.pk): {indoor},
        ("q", "跳闸"): {indoor},
        ("q", "电锤 扰民"): {noise},
        ("received_to", "2025-09-10"): {indoor, waits},
        ("received_from", "2025-09-11"): {top, noise},
    }
    for (name, value), cases in expected.items():
        answer = listed(client, chen, view="all", **{name: value})
        assert set(rows(answer)) == {case.pk for case in cases}, (name, value)
        assert len(answer.context["asked"].chips) == 1
    both = listed(client, chen, view="all", kind="complaint", channel="visit")
    assert rows(both) == [noise.pk]
    # Each chip leads to the same list without it.
    without = [client.get(URL + chip["remove_url"]) for chip in both.context["asked"].chips]
    assert [set(rows(answer)) for answer in without] == [{noise.pk}, {noise.pk, top.pk}]


@pytest.mark.parametrize(
    "typed",
    ["YH-BX250914-0001", "yh-bx250914-0001", "BX250914-0001", "0001", "1", "3-2-1201", "1201", "13800001234", "1234"],
)
def test_words_find_a_case_by_number_room_and_telephone(client, chen, yunhu, office, home, typed):
    case = factories.case(yunhu, by=chen, unit=home, now=at("2025-09-14 10:00"))
    factories.case(yunhu, by=chen, now=at("2025-09-14 10:01"), reporter_phone="13911112222")
    assert case.number == "YH-BX250914-0001"
    assert rows(listed(client, chen, view="all", q=typed)) == [case.pk]


def test_words_too_short_to_search_for_are_a_sentence_and_no_filter(client, chen, several):
    answer = listed(client, chen, view="all", q="水")
    assert answer.context["form"].errors["q"]
    assert len(rows(answer)) == 5


def test_sorting_goes_both_ways_and_only_open_rows_go_by_deadline(client, chen, several):
    assert rows(listed(client, chen, view="open", sort="due")) == pks(*several)
    assert rows(listed(client, chen, view="open", sort="-due")) == pks(*several[::-1])
    assert rows(listed(client, chen, view="all", sort="received")) == pks(*several)
    assert rows(listed(client, chen, view="all", sort="-received")) == pks(*several[::-1])
    answer = listed(client, chen, view="all", sort="due")
    assert answer.context["asked"].order_name == "newest"
    assert "due" not in answer.context["sort_links"]


def test_the_highest_level_comes_first_when_asked(client, chen, yunhu, several):
    actions.escalate(several[1], by=chen, now=MONDAY, note="拖不得")
    assert rows(listed(client, chen, view="open", sort="-level"))[0] == several[1].pk
    assert rows(listed(client, chen, view="all", sort="level"))[-1] == several[1].pk


def test_cases_without_a_deadline_stand_last_either_way_and_on_their_own_page(client, chen, several):
    bare = [several[0].pk, several[3].pk]
    Case.objects.filter(pk__in=bare).update(is_imported=True, due_at=None, next_escalation_at=None)
    left = [case.pk for case in several if case.pk not in bare]
    assert rows(listed(client, chen, view="open", sort="due")) == left + bare
    assert rows(listed(client, chen, view="open", sort="-due")) == left[::-1] + bare[::-1]
    all_rows = Case.objects.all()
    for name, expected in [("due", left + bare), ("-due", left[::-1] + bare[::-1])]:
        assert walked(all_rows, listing.ORDERS[name], several[0].community, size=2) == expected


# Pages ----------------------------------------------------------------------------------------------------------------


def walked(cases, order, community, *, size, few=False):
    """Walk to the end and back to the beginning; return the keys of the way out, after both ways have agreed."""
    out, pages, cursor = [], [], ""
    while True:
        page = listing.walk(cases, order, community, after=cursor, size=size, few=few)
        out += [case.pk for case in page.cases]
        pages.append([case.pk for case in page.cases])
        if not page.older:
            break
        cursor = page.older
    back = [pages[-1]]
    while page.newer:
        page = listing.walk(cases, order, community, before=page.newer, size=size, few=few)
        back.insert(0, [case.pk for case in page.cases])
    assert back == pages
    return out


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("name", list(listing.ORDERS))
def test_every_order_walks_each_row_once_and_back_again_even_where_values_are_equal(yunhu, chen, office, name, few):
    cases = [factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=n // 3)) for n in range(9)]
    order = listing.ORDERS[name]
    keys = walked(Case.objects.all(), order, yunhu, size=2, few=few)
    assert sorted(keys) == sorted(case.pk for case in cases)
    values = [getattr(Case.objects.get(pk=key), order.column) for key in keys]
    assert values == sorted(values, reverse=order.descending)


def all_pages(client, address):
    """Return the rows of each page of a list, following its links to the end, and whether its word is rare."""
    found, answer = [], client.get(address)
    while True:
        found.append(rows(answer))
        if not answer.context["older_url"]:
            return found, answer.context["asked"].is_rare
        answer = client.get(URL + answer.context["older_url"])


@pytest.mark.parametrize("view", ["open", "all"])
def test_a_word_of_few_cases_lists_the_same_pages_as_a_word_of_many(client, chen, yunhu, office, monkeypatch, view):
    monkeypatch.setattr(listing.walk, "__kwdefaults__", {**listing.walk.__kwdefaults__, "size": 2})
    cases = [factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=n // 2), summary="漏水") for n in range(4)]
    factories.case(yunhu, by=chen, summary="灯坏")
    Case.objects.filter(pk=cases[3].pk).update(is_imported=True, due_at=None, next_escalation_at=None)
    client.force_login(chen)
    for order in listing.ORDERS:
        address = f"{URL}?view={view}&sort={order}&q=漏水"
        monkeypatch.setattr(listing, "MOST_SORTED", 3)
        walked, is_rare = all_pages(client, address)
        assert (sorted(pk for page in walked for pk in page), is_rare) == (pks(*cases), False)
        monkeypatch.setattr(listing, "MOST_SORTED", 4)
        for window in (1, 3, 10_000):
            monkeypatch.setattr(listing, "WINDOW", window)
            assert all_pages(client, address) == (walked, True), (order, window)


def test_only_rows_with_a_rare_word_are_found_first_and_sorted_afterwards(client, chen, several, monkeypatch):
    def keys_asked_for():
        with CaptureQueriesContext(connection) as captured:
            listed(client, chen, view="all", q="灯坏")
        return next(q["sql"] for q in captured if "ORDER BY" in q["sql"] and "LIMIT 51" in q["sql"])

    assert "COALESCE" in keys_asked_for().partition("ORDER BY")[2]
    Case.objects.filter(pk=several[0].pk).update(terms=["灯坏"])
    monkeypatch.setattr(listing, "MOST_SORTED", 0)
    assert "COALESCE" not in keys_asked_for().partition("ORDER BY")[2]


def test_a_case_that_comes_in_meanwhile_moves_nothing(client, chen, yunhu, office, monkeypatch):
    monkeypatch.setattr(listing.walk, "__kwdefaults__", {**listing.walk.__kwdefaults__, "size": 3})
    cases = [factories.case(yunhu, by=chen, summary=f"事 {n}") for n in range(7)]
    first = listed(client, chen, view="all")
    assert rows(first) == pks(*cases[:3:-1])
    newest = [factories.case(yunhu, by=chen) for _n in range(2)]
    second = client.get(URL + first.context["older_url"])
    assert rows(second) == pks(*cases[3:0:-1])
    third = client.get(URL + second.context["older_url"])
    assert (rows(third), third.context["older_url"]) == (pks(cases[0]), "")
    back = client.get(URL + second.context["newer_url"])
    assert rows(back) == pks(*cases[:3:-1])
    assert rows(client.get(URL + back.context["newer_url"])) == pks(*newest[::-1], cases[6])


def test_the_links_of_a_page_keep_view_filters_and_order(client, chen, yunhu, office, monkeypatch):
    monkeypatch.setattr(listing.walk, "__kwdefaults__", {**listing.walk.__kwdefaults__, "size": 2})
    for n in range(3):
        factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=n))
    answer = listed(client, chen, view="open", kind="repair", sort="-due")
    for name in ("view=open", "kind=repair", "sort=-due"):
        assert name in answer.context["older_url"]
    assert len(rows(client.get(URL + answer.context["older_url"]))) == 1


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "1~2", "~", "~5", "9" * 30, "2025-13-45~1", "2025-09-15T09:00:00~1", "1; drop table", "\x00", "-1"],
)
@pytest.mark.parametrize("sort", ["newest", "due", "-level", "received"])
def test_a_cursor_that_is_none_shows_the_first_page(client, chen, several, cursor, sort):
    for name in ("after", "before"):
        answer = listed(client, chen, view="open", sort=sort, **{name: cursor})
        # Two of them do name a place: a level, and a row without a deadline.
        if (sort, cursor) not in {("-level", "1~2"), ("due", "~5")}:
            assert len(rows(answer)) == 5


FOREIGN = [
    "reporter_phone__startswith=138",
    "reporter__phone__startswith=138",
    "first_responsible__password__startswith=argon2",
    "status=void",
    "status__in=void",
    "community=2",
    "community__code=LY",
    "id__gt=99999",
    "pk=1",
    "terms__contains=x",
    "level__gte=3",
    "department__code=centre",
    "kind__in=praise",
    "order_by=reporter_phone",
    "ordering=?",
    "_connector=OR",
    "_negated=1",
    "view__key=late",
    "sort=reporter_phone",
    "sort=-reporter__phone",
    "sort=?",
    "view=__class__",
    "level=9",
    "department=0",
    "department=' or 1=1 --",
    "category=99999999999999999999",
    "first=None",
    "tag=__all__",
    "received_from=0001-01-01",
    "received_to=9999-12-31",
    "received_from=yesterday",
    "kind=%00",
    "scope=everything",
]


@pytest.mark.parametrize("query", FOREIGN)
def test_a_name_or_value_from_outside_the_lists_has_no_effect(client, chen, several, query):
    client.force_login(chen)
    plain = client.get(URL)
    asked = client.get(f"{URL}?{query}")
    assert asked.status_code == 200
    assert rows(asked) == rows(plain) == pks(*several)


def test_no_name_of_the_query_string_reaches_the_orm(client, chen, several):
    """Every column and every relation, with every lookup, as a name of the address: the same rows each time."""
    client.force_login(chen)
    plain = rows(client.get(URL))
    fields = [field.name for field in Case._meta.get_fields()]
    lookups = ["", "__in", "__isnull", "__gt", "__startswith", "__regex", "__pk"]
    own = set(listing.FILTERS) | {"kind", "category", "department", "level", "channel"}
    names = [field + lookup for field in fields for lookup in lookups if field + lookup not in own]
    assert len(names) > 300
    for start in range(0, len(names), 60):
        query = urlencode(dict.fromkeys(names[start : start + 60], "1"))
        assert rows(client.get(f"{URL}?{query}")) == plain


def test_what_a_list_line_shows_needs_no_query_of_its_own(client, chen, yunhu, office, home, liu):
    made = 0
    client.force_login(chen)
    client.get(URL)
    template = factories.case(yunhu, by=chen, unit=home)
    for count in (10, 200):
        for n in range(made, count):
            template.pk, template.number, template.submission = None, f"YH-BX250101-{n:04}", None
            template.token_digest = ""
            template.department = yunhu.departments.all()[n % 4]
            template.assigned_to = liu if n % 2 else None
            template._state.adding = True
            template.save(force_insert=True)
        made = count
        kept.forget()
        with pinned("case list, nothing kept"):
            client.get(URL)
        with pinned("case list"):
            client.get(URL)
        with pinned("case list, filtered"):
            client.get(f"{URL}?view=all&kind=repair&level=1&first={chen.pk}&q=水管&received_from=2025-01-01")
    answer = client.get(URL)
    assert len(rows(answer)) == listing.PAGE
    with pinned("case list, second page"):
        client.get(URL + answer.context["older_url"])


def test_a_desk_with_a_thousand_open_cases_is_counted_and_a_fuller_one_is_not(yunhu, chen, monkeypatch, several):
    assert listing.counts(chen, yunhu, MONDAY)["open"] == 5
    monkeypatch.setattr(listing, "MOST_COUNTED", 4)
    kept.forget()
    assert listing.counts(chen, yunhu, MONDAY) == {}


def test_the_bulk_bar_is_the_offices_alone(client, chen, han, several):
    assert reverse("desk:bulk") in listed(client, chen).content.decode()
    assert 'name="pick"' not in listed(client, han).content.decode()


def test_categories_of_another_community_are_no_choice(client, chen, other, several):
    foreign = Category.objects.filter(community=other).first()
    assert f'value="{foreign.pk}"' not in listed(client, chen, view="all").content.decode()


def test_the_names_that_filters_offer_are_read_once_in_half_a_minute(yunhu, time_machine):
    from complaints.forms import lists

    time_machine.move_to(MONDAY, tick=False)
    before = len(lists.choices_of(yunhu).departments)
    yunhu.departments.create(code="lifts", name="电梯部")
    time_machine.shift(lists.KEPT_SECONDS - 0.1)
    assert len(lists.choices_of(yunhu).departments) == before
    time_machine.shift(0.2)
    assert len(lists.choices_of(yunhu).departments) == before + 1
