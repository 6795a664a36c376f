"""China's public holidays, from the yearly notices of the State Council as the chinesecalendar package has them."""

from datetime import date

from chinese_calendar.constants import Holiday, holidays, workdays

from servicedesk.core.worktime import Day, DayKind


def china(year_from: int, year_to: int) -> tuple[dict[date, Day], date]:
    """The days off (STATUTORY) and make-up working days (WORK) of the years, both included, and the last known date.

    Every day off of a notice is a statutory rest day in the sense of the Civil Code, Article 203, also one exchanged
    for a weekend. Names are Chinese, then English. A year that the package does not know is left out: the date
    returned is the end of the last known year among those asked for, or the eve of `year_from` where none is known
    that early. Hours are the community's own. Raises ValueError if the years are the wrong way round.
    """
    if year_from > year_to:
        raise ValueError("The first year must not be after the last.")
    years = {day.year for day in holidays}
    last_year = max((year for year in years if year <= year_to), default=year_from - 1)
    kinds = ((DayKind.STATUTORY, holidays), (DayKind.WORK, workdays))
    days = {
        day: Day(kind, name=f"{Holiday(name).chinese} {name}")
        for kind, table in kinds
        for day, name in table.items()
        if year_from <= day.year <= year_to
    }
    return dict(sorted(days.items())), date(last_year, 12, 31)
