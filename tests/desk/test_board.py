"""The board: what is late, what will be, who has it; live, in numbers that add up, and never more than one may see."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Concern
from servicedesk.core import kept
from servicedesk.core.models import Role
from servicedesk.desk import reports
from tests import factories
from tests.counting import pinned
from tests.factories import MONDAY, at

URL = "/board/"
# The case of the fixtures is due on Thursday at the close of service.
DUE = at("2025-09-18 18:00")


@pytest.fixture
def now(time_machine):
    """Set the clock: `now(moment)`."""
    return lambda moment: time_machine.move_to(moment, tick=False)


def open_board(client, user, path=URL, **headers):
    client.force_login(user)
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer


def seen(answer, section):
    return [line["case"].pk for line in getattr(answer.context["board"], section)]


def test_a_case_is_late_only_strictly_after_its_deadline(client, zhou, taken_case, now):
    assert taken_case.due_at == DUE
    now(DUE)
    answer = open_board(client, zhou)
    assert (answer.context["board"].total["late"], seen(answer, "late")) == (0, [])
    now(DUE + timedelta(microseconds=1))
    kept.forget()
    answer = open_board(client, zhou)
    assert (answer.context["board"].total["late"], seen(answer, "late")) == (1, [taken_case.pk])


def test_what_is_due_within_the_communitys_soon_minutes_is_soon_late(client, zhou, yunhu, taken_case, now):
    now(DUE - timedelta(minutes=yunhu.soon_minutes, seconds=1))
    assert seen(open_board(client, zhou), "soon") == []
    now(DUE - timedelta(minutes=yunhu.soon_minutes - 1))
    answer = open_board(client, zhou)
    assert (seen(answer, "soon"), answer.context["board"].total["soon"]) == ([taken_case.pk], 1)


def test_what_nobody_has_stands_above_every_other_breach_however_late(client, zhou, yunhu, office, chen, now):
    long_late = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9))
    fresh = factories.case(yunhu, by=None, now=at("2025-09-15 08:30"))
    handed = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=1))
    actions.hand_over(handed, department=yunhu.departments.get(code="security"), by=chen, now=MONDAY)
    now(at("2025-09-18 20:00"))
    answer = open_board(client, zhou)
    assert seen(answer, "unowned") == [handed.pk, fresh.pk]
    assert seen(answer, "late") == [long_late.pk]
    page = answer.content.decode()
    assert page.index(handed.number) < page.index(fresh.number) < page.index(f"case-{long_late.number}")


def test_a_case_nobody_takes_is_loud_after_the_take_minutes_though_it_is_not_late(client, zhou, yunhu, office, now):
    case = factories.case(yunhu, by=None, now=MONDAY)
    now(MONDAY + timedelta(minutes=yunhu.take_minutes - 1))
    assert seen(open_board(client, zhou), "unowned") == []
    now(MONDAY + timedelta(minutes=yunhu.take_minutes + 1))
    answer = open_board(client, zhou)
    assert seen(answer, "unowned") == [case.pk]
    assert answer.context["board"].total["late"] == 0
    # The sweep has not run: the page shows what should hold and writes nothing.
    assert Case.objects.get(pk=case.pk).level == 1


def test_late_cases_go_by_the_length_of_their_lateness(client, zhou, yunhu, office, chen, now):
    cases = [factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=days)) for days in (5, 9, 7)]
    now(MONDAY)
    assert seen(open_board(client, zhou), "late") == [cases[1].pk, cases[2].pk, cases[0].pk]


def test_an_imported_case_without_a_deadline_is_open_and_never_late(client, zhou, yunhu, office, chen, now):
    case = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=400))
    Case.objects.filter(pk=case.pk).update(is_imported=True, due_at=None, next_escalation_at=None)
    now(MONDAY)
    board = open_board(client, zhou).context["board"]
    assert (board.total["total"], board.total["late"], board.total["soon"]) == (1, 0, 0)
    assert (board.late, board.unowned) == ([], [])
    client.force_login(zhou)
    assert case.short_number in client.get(reverse("complaints:list")).content.decode()


def test_the_tiles_count_what_the_lists_they_lead_to_hold(client, zhou, yunhu, office, chen, liu, now):
    for days in (9, 5, 1, 0):
        factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=days))
    factories.case(yunhu, by=None, now=MONDAY - timedelta(days=6))
    void = factories.case(yunhu, by=chen, now=MONDAY)
    actions.ask_void(void, by=chen, now=MONDAY, reason="重复")
    done = factories.case(yunhu, by=chen, now=MONDAY)
    actions.hand_over(done, department=yunhu.departments.get(code="engineering"), by=chen, now=MONDAY, worker=liu)
    actions.resolve(factories.fresh(done), by=liu, now=MONDAY, remedy="好了")
    now(MONDAY + timedelta(hours=1))
    tiles = open_board(client, zhou).context["tiles"]
    for tile in tiles[:6]:
        answer = client.get(tile["url"])
        held = answer.context["items"] if tile["url"] == "/approvals/" else answer.context["lines"]
        assert len(held) == tile["value"], tile
    assert [tile["value"] for tile in tiles] == [3, 1, 0, 1, 1, 3, "33%"]


def tile_of_decisions(client, user, query=""):
    """The tile, and how many things the page holds that it leads to."""
    tile = open_board(client, user, URL + query).context["tiles"][3]
    path = tile["url"].partition("?")[0]
    return path, tile["value"], len(client.get(tile["url"]).context["items" if path == "/approvals/" else "lines"])


def test_what_waits_for_a_decision_counts_urgent_reports_for_who_decides(client, yunhu, office, chen, zhou, guo, now):
    urgent = factories.case(yunhu, by=chen, category="noise", urgency="special_urgent")
    actions.hand_over(urgent, department=yunhu.departments.get(code="security"), by=chen, now=MONDAY)
    void = factories.case(yunhu, by=chen)
    actions.ask_void(void, by=chen, now=MONDAY, reason="重复")
    about = factories.case(yunhu, by=chen, category="noise", urgency="special_urgent", concerns=[zhou])
    actions.hand_over(about, department=yunhu.departments.get(code="security"), by=chen, now=MONDAY)
    now(MONDAY)
    assert tile_of_decisions(client, zhou) == ("/approvals/", 2, 2), "not what is about them"
    assert tile_of_decisions(client, guo, "?scope=all") == ("/approvals/", 3, 3)
    assert tile_of_decisions(client, zhou, "?kind=repair") == ("/cases/", 1, 1), "the queue is not narrowed"
    assert tile_of_decisions(client, chen) == ("/cases/", 1, 1), "who does not decide is not led to a closed door"


def test_the_share_of_the_day_is_a_dash_where_nothing_came_in(client, zhou, taken_case, now):
    now(MONDAY + timedelta(days=1))
    assert open_board(client, zhou).context["tiles"][-1]["value"] is None


def test_the_table_and_the_ageing_add_up_to_all_that_is_open(client, zhou, yunhu, office, chen, now):
    for hours in (1, 5, 30, 100):
        factories.case(yunhu, by=chen, now=MONDAY - timedelta(hours=hours))
    factories.case(yunhu, by=chen, now=MONDAY, category="noise")
    now(MONDAY)
    board = open_board(client, zhou).context["board"]
    assert [bucket["count"] for bucket in board.ageing] == [2, 1, 1, 1]
    assert {line.name: [level["count"] for level in line.levels] for line in board.departments} == {
        "工程部": [4, 0, 0],
        "秩序部": [1, 0, 0],
    }
    for line in board.departments:
        assert len(client.get(line.url).context["lines"]) == line.total
        assert len(client.get(line.late_url).context["lines"]) == line.late


def test_what_went_up_is_shown_with_its_reason_and_its_holder(client, zhou, yunhu, office, chen, now):
    case = factories.case(yunhu, by=chen, now=MONDAY)
    actions.escalate(case, by=chen, now=MONDAY, note="业主情绪激动")
    now(MONDAY)
    risen = open_board(client, zhou).context["board"].risen
    assert [(line.case.pk, line.case.level, line.holder) for line in risen] == [(case.pk, 2, "周敏")]


def test_the_deputy_gm_sees_level_three_until_he_widens(client, guo, yunhu, office, chen, now):
    low = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9))
    high = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=8), category="favours")
    now(MONDAY)
    answer = open_board(client, guo)
    assert seen(answer, "late") == [high.pk]
    assert answer.context["board"].total["total"] == 1
    wide = open_board(client, guo, f"{URL}?scope=all")
    assert seen(wide, "late") == [high.pk, low.pk]
    # What the board says of itself keeps the scope: the poll and the links.
    assert wide.context["address"].endswith("scope=all")
    assert "scope=all" in wide.context["tiles"][0]["url"]


def test_a_deputy_gm_who_supervises_sees_all_levels(client, guo, yunhu, office, chen, now):
    guo.memberships.create(community=yunhu, role=Role.SUPERVISOR)
    case = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9))
    now(MONDAY)
    assert seen(open_board(client, guo), "late") == [case.pk]


def test_the_filters_are_in_the_address_and_narrow_every_number(client, zhou, yunhu, office, chen, now):
    noise = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9), category="noise")
    factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9))
    now(MONDAY)
    answer = open_board(client, zhou, f"{URL}?department={noise.department_id}&kind=complaint")
    assert seen(answer, "late") == [noise.pk]
    assert answer.context["board"].total["total"] == 1
    assert len(client.get(answer.context["late_url"]).context["lines"]) == 1


@pytest.mark.parametrize("query", ["?department=x", "?kind=1' or 1=1", "?status__in=void", "?department__code=centre"])
def test_a_filter_that_is_none_changes_nothing(client, zhou, taken_case, now, query):
    now(MONDAY)
    assert open_board(client, zhou, URL + query).context["board"].total["total"] == 1


def test_nobody_sees_another_communitys_cases_nor_counts_them(client, zhou, yunhu, other, now):
    clerk = factories.staff("far", "远", Role.CLERK, community=other)
    case = factories.case(other, by=clerk, now=MONDAY - timedelta(days=9))
    now(MONDAY)
    answer = open_board(client, zhou)
    assert answer.context["board"].total["total"] == 0
    assert case.number not in answer.content.decode()


def test_staff_complained_about_find_the_case_in_no_number(client, zhou, yunhu, office, chen, now):
    case = factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9))
    actions.ask_void(case, by=chen, now=MONDAY, reason="重复")
    Concern.objects.create(case=case, user=zhou)
    now(MONDAY)
    kept.forget()
    answer = open_board(client, zhou)
    assert not any(answer.context["board"].total[name] for name in ("total", "late", "to_decide", "older_72"))
    assert answer.context["heat"]().most is None
    assert case.short_number not in answer.content.decode()


@pytest.mark.parametrize("who", ["han", "liu", "li_na", "tang"])
def test_only_the_office_has_a_board(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(URL).status_code == 403


def test_the_page_that_looks_again_gets_only_what_changes_and_says_it_in_words(client, zhou, taken_case, now):
    now(DUE + timedelta(minutes=1))
    page = open_board(client, zhou, URL, HX_Request="true").content.decode()
    assert "<html" not in page
    assert 'data-title-count="1"' in page
    assert "data-say=" in page
    for part in ("tiles", "overdue", "soon", "side"):
        assert f'id="{part}" hx-swap-oob="true"' in page
    # Ticks outlive the swap, and so does the focus: by the ids of box and link.
    assert f'id="pick-{taken_case.number}" hx-preserve="true"' in page
    assert f'id="case-{taken_case.number}"' in page
    # What somebody types into the bar meanwhile is not among the parts.
    assert 'name="note"' not in page


def test_the_hours_are_counted_in_the_communitys_own_time(client, zhou, yunhu, office, chen, now):
    for _n in range(2):
        factories.case(yunhu, by=chen, now=at("2025-09-15 09:40"))
    factories.case(yunhu, by=chen, now=at("2025-09-14 23:30"))
    now(at("2025-09-15 12:00"))
    heat = open_board(client, zhou).context["heat"]()
    assert (heat.most[1], heat.most[2]) == (9, 2)
    assert heat.week[0]["values"][heat.hours.index(9)] == 2
    assert heat.week[6]["values"][heat.hours.index(23)] == 1


def test_the_number_of_queries_does_not_grow_with_the_cases(client, zhou, yunhu, office, chen, now):
    now(MONDAY)
    made = 0
    for rows in (10, 60):
        for n in range(made, rows):
            factories.case(yunhu, by=chen if n % 3 else None, now=MONDAY - timedelta(days=9, minutes=n))
        made = rows
        client.force_login(zhou)
        client.get("/")
        kept.forget()
        with pinned("board, nothing kept"):
            client.get(URL)
        with pinned("board"):
            client.get(URL)
        with pinned("board, looking again"):
            client.get(URL, headers={"HX-Request": "true"})


def test_the_counts_come_from_one_grouped_query_over_open_rows(zhou, yunhu, office, chen, django_assert_num_queries):
    factories.case(yunhu, by=chen, now=MONDAY - timedelta(days=9), category="favours")
    names = dict(yunhu.departments.values_list("pk", "name"))
    reports.board(zhou, yunhu, now=MONDAY, names=names)
    kept.forget()
    with django_assert_num_queries(9) as captured:
        board = reports.board(zhou, yunhu, now=MONDAY, names=names)
    assert board.total["total"] == 1
    counting = [query["sql"] for query in captured if "GROUP BY" in query["sql"]]
    assert len(counting) == 1
    assert "NOT (\"complaints_case\".\"status\" IN ('archived', 'void', 'merged'))" in counting[0]


def test_the_board_is_counted_anew_when_something_happened_and_with_each_minute(zhou, yunhu, office, chen):
    names = dict(yunhu.departments.values_list("pk", "name"))

    def seen(now):
        board = reports.board(zhou, yunhu, now=now, names=names)
        return board.total["total"], len(board.late), len(board.unowned)

    due = factories.case(yunhu, by=chen, now=MONDAY).due_at
    assert seen(due) == (1, 0, 0)
    factories.case(yunhu, by=chen, now=MONDAY)
    assert seen(due) == (2, 0, 0), "an event came in between"
    assert seen(due + timedelta(minutes=1)) == (2, 2, 0), "the next minute has begun"


def test_where_thousands_are_open_the_numbers_are_a_few_seconds_old_and_the_lists_are_of_now(
    zhou, yunhu, office, chen, monkeypatch, now
):
    monkeypatch.setattr(reports, "MANY_OPEN", 1)
    names, later = dict(yunhu.departments.values_list("pk", "name")), MONDAY + timedelta(days=9)

    def seen():
        board = reports.board(zhou, yunhu, now=later, names=names)
        return board.total["total"], len(board.late)

    for _ in range(2):
        factories.case(yunhu, by=chen, now=MONDAY)
    now(later)
    assert seen() == (2, 2)
    factories.case(yunhu, by=chen, now=MONDAY)
    assert seen() == (2, 3)
    now(later + timedelta(seconds=reports.NUMBERS_SECONDS + 1))
    factories.case(yunhu, by=chen, now=MONDAY)
    assert seen() == (4, 4)


def test_between_two_events_the_board_reads_its_lines_and_counts_nothing(
    zhou, yunhu, office, chen, django_assert_num_queries
):
    actions.escalate(factories.case(yunhu, by=chen, now=MONDAY), by=chen, now=MONDAY, note="x")
    names, later = dict(yunhu.departments.values_list("pk", "name")), MONDAY + timedelta(days=9)
    reports.board(zhou, yunhu, now=later, names=names)
    with django_assert_num_queries(4) as captured:
        reports.board(zhou, yunhu, now=later, names=names)
    assert not any("COUNT" in query["sql"] for query in captured)


def test_a_cache_that_does_not_answer_stops_neither_the_board_nor_the_list(
    client, zhou, yunhu, office, chen, monkeypatch, now
):
    def broken(*args, **kwargs):
        raise ConnectionError

    factories.case(yunhu, by=chen, now=MONDAY)
    now(MONDAY)
    client.force_login(zhou)
    for verb in ("get", "set"):
        monkeypatch.setattr(caches["shared"], verb, broken)
    answer = client.get(URL)
    assert answer.context["board"].total["total"] == 1
    assert client.get(reverse("complaints:list")).status_code == 200


def test_what_one_person_sees_on_the_board_is_not_kept_for_another(zhou, guo, yunhu, office, chen):
    factories.case(yunhu, by=chen, now=MONDAY)
    names = dict(yunhu.departments.values_list("pk", "name"))
    totals = [reports.board(who, yunhu, now=MONDAY, names=names).total["total"] for who in (zhou, guo, zhou)]
    assert totals == [1, 0, 1], "the deputy general manager's board begins at level 3"


def test_a_board_whose_sweep_does_not_run_says_so(client, yunhu, office, zhou, chen, time_machine):
    late = factories.case(yunhu, by=chen)
    client.force_login(zhou)
    for minutes, told in ((1, False), (3, True)):
        time_machine.move_to(late.due_at + timedelta(minutes=minutes), tick=False)
        assert client.get(reverse("desk:board")).context["board"].is_behind == told
    actions.escalate_overdue(now=late.due_at + timedelta(minutes=3))
    assert not client.get(reverse("desk:board")).context["board"].is_behind
