"""The demo: two invented communities and one week of life in them, ending now.

Reference data is written as rows; everything that happens to a case goes through the real actions, at the time at
which it happens, with the sweeps running in between. Names, telephones and events are made up.
"""

from datetime import timedelta

from django.db import transaction

from complaints import actions
from complaints.models import Case
from servicedesk.core import clock, events
from servicedesk.core.models import Community
from servicedesk.desk.demo import (
    callers,
    drawings,
    files,
    handovers,
    inhabitants,
    key_cabinet,
    life,
    meters,
    money,
    outside,
    places,
    polls,
    register,
    removals,
    rights,
    staff,
)


def load(*, now=None):
    """Load the demo and return how many cases it made; 0 where it is loaded already. All of it or nothing.

    Costs about twenty seconds and one long transaction, so it is for an installation that nobody works in yet.
    """
    now = now or clock.now()
    if Community.objects.filter(code=places.GARDEN).exists():
        return 0
    album = drawings.Album()
    try:
        with transaction.atomic():
            garden, tower = places.build(now)
            people = staff.hire(garden, tower, now)
            inhabitants.settle(garden, tower, life.rooms(), now)
            register.know(garden, people, now)
            outside.know(garden, people, now - timedelta(days=30))
            life.play(garden, tower, people, album, now)
            outside.gather(garden, people, now)
            polls.ask(garden, people, now)
            key_cabinet.fill(garden, people, now)
            rights.claim(garden, people, now)
            removals.carry(garden, people, now)
            files.bring(garden, people, now)
            meters.read(garden, people, now)
            callers.call_on(garden, people, now)
            callers.put_up_plates(garden, tower, people, now)
            handovers.hand_over(garden, people, now)
            money.charge(garden, people, now)
            actions.file_ended(now=now)
            events.seal_events()
    except BaseException:
        album.burn()
        raise
    return Case.objects.filter(community__in=[garden, tower]).count()
