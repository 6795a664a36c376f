"""What may have been hidden, not recorded or recorded late (漏记核对; 第十九条): read for a period, for one reader."""

from dataclasses import dataclass
from itertools import islice

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncDate

from complaints import closing, reports
from complaints.models import Case
from complaints.models.cases import LATE_ENTRY
from servicedesk.core.calendar import calendar_of
from servicedesk.core.reports import late_to_seal
from servicedesk.core.worktime import ONE_DAY

MOST_GAPS, MOST_LATE = 50, 100


@dataclass(frozen=True)
class Missing:
    """A number that stands on no case, with the cases before and after it in its series, as far as one may see them."""

    name: str
    before: Case | None
    after: Case | None


@dataclass(frozen=True)
class Found:
    """All that was found: `more_gaps` and `late_total` say what is not shown."""

    missing: list
    more_gaps: bool
    late: list
    late_total: int
    imports: list
    unsealed: int
    broken: object


def look(user, community, first, last, *, now):
    """Return the Found of the days from `first` to `last`, for `user`. About ten queries: the numbers of these months,
    the late entries from their index, the imports, and the chain since the last signed day."""
    calendar = calendar_of(community)
    begins, ends = calendar.midnight(first), calendar.midnight(last + ONE_DAY)
    gaps = list(islice(reports.gaps(community, first, last), MOST_GAPS + 1))
    seen = Case.objects.visible_to(user).in_community(community)
    recorded = seen.filter(recorded_at__gte=begins, recorded_at__lt=ends)
    late = recorded.filter(LATE_ENTRY).order_by("-recorded_at")
    return Found(
        missing=_with_neighbours(seen, community, gaps[:MOST_GAPS]),
        more_gaps=len(gaps) > MOST_GAPS,
        late=list(late.select_related("recorded_by", "community", "unit", "building")[:MOST_LATE]),
        late_total=late.count(),
        imports=list(
            recorded.filter(is_imported=True)
            .values("source", day=TruncDate("recorded_at", tzinfo=community.tz))
            .annotate(n=Count("pk"), last=Max("recorded_at"))
            .order_by("-day", "source")
        ),
        unsealed=late_to_seal(community, now),
        broken=closing.first_break_since_last_close(community),
    )


def _with_neighbours(seen, community, gaps):
    """Return the Missing of each gap. One query, over the numbers of their days."""
    if not gaps:
        return []
    asked = Q()
    for day in {gap.day for gap in gaps}:
        asked |= reports.of_day(community, day)
    rows = {}
    for case in seen.filter(asked, is_imported=False).only("number"):
        head, _dash, sequence = case.number.rpartition("-")
        rows[(head[-6:], int(sequence))] = case
    keys = sorted(rows)
    found = []
    for gap in gaps:
        own, kept = (gap.day, gap.sequence), reports.is_kept(gap.sequence)
        # The two series of a day do not border on each other.
        near = [key for key in keys if key[0] == gap.day and reports.is_kept(key[1]) == kept]
        found.append(
            Missing(
                name=f"{community.code}-{gap.name}",
                before=rows.get(max((key for key in near if key < own), default=None)),
                after=rows.get(min((key for key in near if key > own), default=None)),
            )
        )
    return found
