from datetime import timedelta

from django import template
from django.urls import reverse
from django.utils.translation import gettext

from servicedesk.core.templatetags.desk_tags import deadline_mark

register = template.Library()


@register.simple_tag
def case_deadline(case, now):
    """Return the mark of a case's deadline: time left, time over, or whether it was met; that of an authority where it
    is the earlier one. No query."""
    soon = timedelta(minutes=case.community.soon_minutes)
    if case.is_theirs_first:
        return deadline_mark(case.their_due_at, now, soon=soon, rule=gettext("authority"))
    done_at = case.resolved_at or case.declined_at or case.replied_at
    ended = case.is_ended and done_at is None
    return deadline_mark(None if ended else case.due_at, now, done_at=done_at, soon=soon)


@register.simple_tag
def step_url(step, case):
    """The address of one step on a case."""
    return reverse(f"complaints:{step}", args=[case.number])
