from datetime import date, timedelta

import pytest

from servicedesk.core.holidays import china
from servicedesk.core.models import CalendarDay
from servicedesk.core.worktime import Day, DayKind


def test_the_first_to_the_eighth_of_october_2025_are_statutory_rest_days():
    days, _ = china(2025, 2025)
    october = {day: special for day, special in days.items() if day.month == 10}
    off = {day for day, special in october.items() if special.kind is DayKind.STATUTORY}
    assert off == {date(2025, 10, 1) + timedelta(days=n) for n in range(8)}


def test_days_around_the_holiday_are_made_up_on_two_weekend_days():
    days, _ = china(2025, 2025)
    for day in (date(2025, 9, 28), date(2025, 10, 11)):
        assert day.weekday() in (5, 6)
        assert days[day].kind is DayKind.WORK


def test_a_make_up_day_brings_no_hours_of_its_own():
    days, _ = china(2025, 2026)
    assert {special.windows for special in days.values()} == {None}


def test_a_holiday_is_named_in_chinese_and_english():
    days, _ = china(2025, 2025)
    assert days[date(2025, 10, 1)] == Day(DayKind.STATUTORY, name="国庆节 National Day")
    assert days[date(2025, 10, 6)].name == "中秋 Mid-autumn Festival"
    assert days[date(2025, 1, 26)] == Day(DayKind.WORK, name="春节 Spring Festival")


def test_every_name_fits_the_column_it_is_kept_in():
    days, _ = china(2004, 2026)
    assert max(len(special.name) for special in days.values()) <= CalendarDay._meta.get_field("name").max_length


def test_only_the_years_asked_for_come_back_in_order():
    days, known_until = china(2024, 2025)
    assert {day.year for day in days} == {2024, 2025}
    assert list(days) == sorted(days)
    assert known_until == date(2025, 12, 31)


def test_a_year_that_is_not_published_is_left_out_and_the_last_known_date_says_so():
    known, _ = china(2026, 2026)
    days, known_until = china(2026, 2199)
    assert set(known) <= set(days)
    assert known_until == max(days).replace(month=12, day=31)
    assert known_until.year < 2199


def test_nothing_is_known_of_years_before_the_first_notice():
    assert china(1999, 2003) == ({}, date(1998, 12, 31))


def test_years_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="first year"):
        china(2026, 2025)
