"""Defects of handovers beside the cases that mend them. Reads only; the verbs are in `complaints.actions.defects`."""

from complaints.models import Category, DefectCase, Kind
from complaints.models.cases import CLOCKED
from residents.models import Defect

# What mends a home, as in a community that begins; without it the first category of repairs.
INDOOR = "indoor"


def category_for(community):
    """Return the category under which defects of homes are mended, or None where no repair is known. One query."""
    rows = Category.objects.filter(community=community, kind=Kind.REPAIR).order_by("digit", "pk")
    found = list(rows.select_related("department"))
    return next((row for row in found if row.code == INDOOR), found[0] if found else None)


def link_of(defect):
    """Return the DefectCase of a defect with its case, or None. One query."""
    return DefectCase.objects.select_related("case__community", "case__department").filter(defect=defect).first()


def waiting_for_inspection(defects):
    """Return those of `defects` whose case is resolved, or has ended, and which nobody has accepted since."""
    done = DefectCase.objects.exclude(case__status__in=CLOCKED).values("defect")
    return defects.filter(status__in=(Defect.Status.IN_HAND, Defect.Status.REJECTED), pk__in=done)
