from datetime import timedelta

from django import template
from django.urls import reverse

from servicedesk.core.templatetags.desk_tags import deadline_cell

register = template.Library()


@register.inclusion_tag("components/deadline.html")
def case_deadline(case, now):
    """The deadline of a case in words: time left, time over, or when it was met. No query."""
    soon = timedelta(minutes=case.community.soon_minutes)
    done_at = case.resolved_at or case.replied_at
    ended = case.is_ended and done_at is None
    return {"deadline": deadline_cell(None if ended else case.due_at, now=now, done_at=done_at, soon=soon)}


@register.simple_tag
def step_url(step, case):
    """The address of one step on a case."""
    return reverse(f"complaints:{step}", args=[case.number])
