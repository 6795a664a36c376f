import datetime

import pytest
from django.template import Context, Template
from django.utils import translation

from servicedesk.core.templatetags import desk_tags

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
NOON = datetime.datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def draw(source, **context):
    return Template("{% load desk_tags %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0, "0 min"), (0.99, "59 min"), (17 + 1 / 3, "17 h 20 min"), (-1.2, "1 h 12 min"), (24, "1 d"), (41, "1 d 17 h")],
)
def test_a_duration_is_hours_and_minutes_under_a_day_and_days_from_then_on(hours, words):
    assert desk_tags.span(hours * HOUR) == words


def test_a_deadline_is_over_only_strictly_after_its_moment():
    assert desk_tags.deadline_cell(NOON, now=NOON).state == "soon"
    assert desk_tags.deadline_cell(NOON, now=NOON + datetime.timedelta(microseconds=1)).state == "over"


def test_a_deadline_turns_soon_as_many_hours_before_as_it_is_told():
    assert desk_tags.deadline_cell(NOON + 3 * HOUR, now=NOON).state == "ok"
    assert desk_tags.deadline_cell(NOON + 3 * HOUR, now=NOON, soon=3 * HOUR).state == "soon"


def test_an_answer_in_time_stops_the_clock_and_a_late_one_stays_late():
    assert desk_tags.deadline_cell(NOON, now=NOON + 9 * HOUR, done_at=NOON).state == "done"
    late = desk_tags.deadline_cell(NOON, now=NOON + 9 * HOUR, done_at=NOON + 2 * HOUR)
    assert (late.state, late.text) == ("over", "Done, 2 h late")


def test_a_deadline_speaks_in_words_and_not_by_colour_alone():
    page = draw("{% deadline_mark due now %}", due=NOON - 17 * HOUR, now=NOON)
    assert "Over by 17 h" in page
    assert 'datetime="2026-11-22T19:00+08:00"' in page


def test_a_moment_shows_the_year_only_when_it_is_another_one():
    now = NOON
    assert ">11-20 12:00<" in draw("{% when at now %}", at=NOON - 72 * HOUR, now=now)
    assert ">2025-11-23 12:00<" in draw("{% when at now %}", at=NOON.replace(year=2025), now=now)


def test_a_moment_beside_now_names_its_day():
    assert ">yesterday 13:00<" in draw("{% when at now %}", at=NOON - 23 * HOUR, now=NOON)
    assert ">tomorrow 00:00<" in draw("{% when at now %}", at=NOON + 12 * HOUR, now=NOON)


def test_no_data_is_a_dash_and_never_nought():
    assert desk_tags.money(None) == desk_tags.pct(None) == desk_tags.span(None) == "–"
    assert desk_tags.money("1260.5") == "1,260.50"


def test_the_parts_of_a_bar_fill_it_and_an_empty_one_does_not_fail():
    parts = desk_tags.shares([{"label": "a", "count": 3}, {"label": "b", "count": 1}])
    assert [(part["x"], part["width"]) for part in parts] == [("0.00", "75.00"), ("75.00", "25.00")]
    assert desk_tags.shares([{"label": "a", "count": 0}])[0]["width"] == "0.00"


def test_the_highest_number_of_a_heat_map_is_the_darkest_and_nought_the_lightest():
    [row] = desk_tags.heat_cells([{"label": "Mon", "values": [0, 1, 14]}])
    assert row["cells"] == [(0, 0, None), (1, 1, None), (14, 5, None)]


def test_text_in_a_qr_label_cannot_become_markup():
    assert "<script>" not in draw("{% qr_svg text label %}", text="x", label='"><script>')
