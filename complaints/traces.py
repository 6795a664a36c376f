"""What stands beside the row of a case: asked for with the row, so that a page that only looks looks for nothing else.

A step never relies on it: between the page and the step somebody else may have written.
"""

import functools

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef

from complaints.models import (
    Case,
    ExternalCase,
    ProblemFinding,
    Quote,
    Rating,
    ReturnVisit,
    WarrantyClaim,
    Work,
)
from servicedesk.core.models import Photo


def with_traces(cases):
    """Return `cases` with the facts that `has` reads. No query of its own."""
    return cases.annotate(**_traces(ContentType.objects.get_for_model(Case).pk))


@functools.cache
def _traces(subject_type):
    """Return the conditions by name. They are the same on every page, and to make them takes as long as a query."""
    of_case, slips = OuterRef("pk"), ExternalCase.objects
    photos = Photo.objects.kept().filter(subject_type=subject_type, subject_id=of_case)
    return {
        "has_kin": Exists(Case.objects.filter(merged_into=of_case)) | Exists(Case.objects.filter(follows=of_case)),
        "has_slips": Exists(slips.filter(case=of_case)) | Exists(slips.filter(case__merged_into=of_case)),
        "has_quotes": Exists(Quote.objects.filter(case=of_case)),
        "has_work": Exists(Work.objects.filter(case=of_case)),
        "has_visits": Exists(ReturnVisit.objects.filter(case=of_case)),
        "has_ratings": Exists(Rating.objects.filter(case=of_case)),
        "has_claims": Exists(WarrantyClaim.objects.filter(case=of_case)),
        "has_marks": Exists(ProblemFinding.objects.filter(case=of_case, dropped_at=None)),
        "has_photos": Exists(photos),
    }


def has(case, what):
    """Return whether `case` has `what`; also True where it was not loaded `with_traces`, so that it is looked for."""
    return getattr(case, f"has_{what}", True)
