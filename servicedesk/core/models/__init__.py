"""The nouns every app stands on: communities, people, hours, numbers, history, notifications, photos."""

from servicedesk.core.models.calendar import CalendarDay, DutyShift, ServiceHours
from servicedesk.core.models.community import Community, Department, NumberSeries
from servicedesk.core.models.events import Event
from servicedesk.core.models.notifications import Notification
from servicedesk.core.models.people import Membership, Role, User
from servicedesk.core.models.photos import Photo

__all__ = [
    "CalendarDay",
    "Community",
    "Department",
    "DutyShift",
    "Event",
    "Membership",
    "Notification",
    "NumberSeries",
    "Photo",
    "Role",
    "ServiceHours",
    "User",
]
