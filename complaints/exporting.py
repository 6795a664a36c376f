"""What stands in a list that leaves the desk: the columns of the register, telephone numbers always masked."""

from django.utils.translation import gettext as _

from complaints import listing
from complaints.models import Channel, Kind, Severity, Urgency, Validity
from complaints.models.cases import TAGS
from servicedesk.core.masking import mask_phone, mask_runs

MOST_ROWS = 10_000
CHUNK = 500


def keys_of(asked):
    """Return the keys of the rows that an export of `asked` holds, newest first; one more than allowed at most.

    One query. The keys are what is counted, logged and written, so that the three agree.
    """
    return list(asked.rows.order_by("-id").values_list("pk", flat=True)[: MOST_ROWS + 1])


def header():
    """Return the names of the columns in the active language."""
    return [
        _("Number"),
        _("Kind"),
        _("Came by"),
        _("Received"),
        _("Category"),
        _("Where"),
        _("Matter"),
        _("What is wanted"),
        _("Who"),
        _("Telephone"),
        _("Status"),
        _("Severity"),
        _("Urgency"),
        _("Validity"),
        _("Level"),
        _("Due"),
        _("Late"),
        _("Resolved"),
        _("Replied"),
        _("Department"),
        _("First responsible"),
        _("Assigned to"),
        _("Urged"),
        _("Cycle"),
    ]


def rows(keys, community, now):
    """Return an iterator over the rows of `keys`, in that order. One query, and one for each 500 rows.

    All words are looked up here, in the active language, because a streamed answer is written after it has ended.
    """
    categories = dict(community.categories.values_list("pk", "name"))
    words = {choices: {value: str(label) for value, label in choices.choices} for choices in _CHOICES}
    tags = {status: str(label) for status, (_key, label) in TAGS.items()}
    return _rows(keys, community, now, categories, words, tags, _("yes"), _("no"))


_CHOICES = (Kind, Channel, Severity, Urgency, Validity)


def _rows(keys, community, now, categories, words, tags, yes, no):
    for start in range(0, len(keys), CHUNK):
        for case in listing.load(keys[start : start + CHUNK], community):
            yield [
                case.number,
                words[Kind][case.kind],
                words[Channel][case.channel],
                community.local(case.received_at),
                categories[case.category_id],
                mask_runs(case.place_shown),
                mask_runs(case.summary),
                mask_runs(case.wish),
                mask_runs(case.reporter_name),
                mask_phone(case.reporter_phone),
                tags[case.status],
                words[Severity][case.severity],
                words[Urgency][case.urgency],
                words[Validity][case.validity],
                case.level,
                _local(case.due_at, community),
                yes if case.is_late(now) else no,
                _local(case.resolved_at, community),
                _local(case.replied_at, community),
                case.department_name,
                case.first_name or "",
                case.worker_name or "",
                case.urges,
                case.cycle,
            ]


def _local(moment, community):
    return community.local(moment) if moment else None


def about(user, community, now, reason, asked, count):
    """Return what the second sheet says: who took the list, when, what for, what it holds."""
    filters = ", ".join(chip["label"] for chip in asked.chips)
    return [
        (_("Community"), community.name),
        (_("Taken out by"), str(user)),
        (_("At"), community.local(now)),
        (_("What for"), reason),
        (_("View"), str(asked.view.label)),
        (_("Filters in use"), filters),
        (_("Cases"), count),
    ]
