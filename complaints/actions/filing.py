"""The archive: a case that ended is found by all its papers, and who printed its file is on record."""

from django.db import transaction

from complaints import filing
from complaints.models import Case
from complaints.models.cases import TO_FILE
from complaints.permissions import demand
from servicedesk.core import bulk, events, search

CHUNK = 500


def file_ended(*, now):
    """Make every case that ended since findable by its replies, letters, slips, work and visits; return how many.

    In chunks of 500, each its own transaction; two at once do each case once.
    """
    filed = 0
    while count := _file_chunk(now):
        filed += count
    return filed


@transaction.atomic
def _file_chunk(now):
    rows = Case.objects.filter(TO_FILE).select_for_update(skip_locked=True, of=("self",), no_key=True)
    known = {case.pk: case for case in rows.order_by("id").only("terms", "remedy", "void_reason")[:CHUNK]}
    words = filing.words_of(list(known))
    texts = {
        key: sorted({*case.terms, *search.terms(case.remedy, case.void_reason, *words[key])})
        for key, case in known.items()
    }
    bulk.write_arrays(Case, "terms", texts)
    return Case.objects.filter(pk__in=known).update(filed_at=now)


@transaction.atomic
def print_file(case, *, by, now):
    """Record that the whole file of a case was printed. One INSERT."""
    demand(by, "print_file", case)
    events.log(case, "file_printed", by=by, now=now, data={"version": case.version})
