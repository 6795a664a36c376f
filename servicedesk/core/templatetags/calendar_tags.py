"""Hours of the service calendar as people write them."""

from django import template

register = template.Library()


@register.filter
def clock(minute):
    """Return a minute of the day as 08:30; 1440 is 24:00, None a dash."""
    return "–" if minute is None else f"{minute // 60:02}:{minute % 60:02}"
