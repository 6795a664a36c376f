"""How a letter of reply comes from a template: words in braces are filled in from the case."""

import re

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from complaints.models import Proposal, Status

PARTS = ("salutation", "opening", "done", "closing")
# What may stand in braces, with what it means.
PLACEHOLDERS = {
    "name": _("who wrote to us"),
    "letter_on": _("date of their letter"),
    "register_no": _("number of their letter in the register"),
    "received": _("day on which it came"),
    "matter": _("the matter"),
    "place": _("the room or place"),
    "number": _("number of the case"),
    "department": _("department"),
    "remedy": _("what was done"),
    "resolved": _("day on which it was done"),
    "first": _("first responsible"),
    "phone": _("desk telephone"),
    "centre": _("name of the community"),
}
_BRACES = re.compile(r"\{([^{}\n]*)\}")


def unknown_in(text):
    """Return the words in braces that nothing stands for, in braces, each once."""
    return list(dict.fromkeys(match[0] for match in _BRACES.finditer(text) if match[1] not in PLACEHOLDERS))


def draft(template, case, *, incoming=None, blank="……"):
    """Return the text of a letter about `case` from `template`: its four parts, a blank line between them.

    What is not known stands as `blank`, so that it is seen. Dates are written out as a letter has them. No query
    where the people and places of `case` are loaded, but one for what is refused.
    """
    known = _known(case, incoming)
    parts = (getattr(template, name) for name in PARTS)
    return "\n\n".join(_BRACES.sub(lambda match: known.get(match[1]) or blank, part) for part in parts)


def _known(case, incoming):
    local = case.community.local
    # Who was joined to another case is told what was done in that one.
    done = case.merged_into or case
    return {
        "name": case.reporter_name,
        "letter_on": _day(incoming.letter_on if incoming else case.letter_on),
        "register_no": incoming.number if incoming else case.letter_no,
        "received": _day(local(case.received_at).date()),
        "matter": case.summary.rstrip("。.!！"),
        "place": case.where,
        "number": case.number,
        "department": str(done.department),
        "remedy": done.remedy or _refusal(done),
        "resolved": _day(local(done.resolved_at).date() if done.resolved_at else None),
        "first": str(done.first_responsible or ""),
        "phone": case.community.phone,
        "centre": case.community.name,
    }


def _refusal(case):
    """Return the polite words of a refusal that was approved, "" where nothing is refused."""
    if case.status != Status.DECLINED:
        return ""
    return case.proposals.filter(cycle=case.cycle, outcome=Proposal.Outcome.DECLINE).last().answer


def _day(day):
    # The letter is in the language of its template, whatever the language of the page.
    with override("zh-hans"):
        return date_format(day, "Y年n月j日") if day else ""
