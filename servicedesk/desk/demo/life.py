"""The week is played in the order of time: every step is the action that the desk would call, at its own moment.

A story that names a moment still to come stops there, so that at nine in the morning fewer things have happened today
than at six in the evening.
"""

import uuid
from datetime import timedelta

from django.db.models import Min

from complaints import actions, letters, reports
from complaints.actions.replying import SAME_WAY
from complaints.models import Case, Category, Channel, LetterTemplate, Pause, Severity, Urgency
from residents.models import Building, Occupancy, Unit
from servicedesk.core import notifications
from servicedesk.core.models import Department, Event, Notification
from servicedesk.desk.demo import garden_stories, papers, staff, tower_stories
from servicedesk.desk.demo.places import GARDEN, TOWER

STORIES = {GARDEN: garden_stories.STORIES, TOWER: tower_stories.STORIES}
# Submissions are numbered in this space, so that the same story always has the same one.
SPACE = uuid.UUID("5e7f1c52-9f7e-4b0f-8d0a-3c2b7f6a1201")
READ_AFTER = timedelta(days=1)
# The axes of judging a case anew: what a step does not name stays as it is.
AXES = ("kind", "severity", "urgency", "category")
# What residents do by the link names no actor.
RESIDENTS = {"resident_urge", "add_resident_note"}


class Stage:
    """One community at the moment at which the demo ends, with the people and things that stories name."""

    def __init__(self, community, people, album, now):
        self.community, self.people, self.album, self.now = community, people, album, now
        self.categories = {c.code: c for c in Category.objects.filter(community=community).select_related("department")}
        self.departments = {d.code: d for d in Department.objects.filter(community=community)}
        self.cases = {}

    def plan(self, story):
        """Return (moment, step number) for all of a story that has happened by now; number 0 is its coming in."""
        at = story.came(self)
        planned = [(at, 0)]
        for number, step in enumerate(story.then, start=1):
            at = max(at, step.when(self)) if callable(step.when) else at + timedelta(minutes=step.when)
            planned.append((at, number))
        return [(at, number) for at, number in planned if at <= self.now]

    def receive(self, story, now):
        facts = dict(story.facts)
        by = self.people.get(story.by)
        unit = self._unit(story.room)
        building = facts.pop("building", None)
        category = self.categories[story.category]
        teller = self._teller(unit, facts.pop("teller", None)) if "anonymous_reason" not in facts else None
        channel = facts.pop("channel", Channel.PHONE if by else Channel.WEB)
        promised = facts.pop("promised", None)
        case, _token = actions.receive_case(
            self.community,
            by=by,
            now=now,
            channel=channel,
            kind=facts.pop("kind", category.kind),
            category=category,
            summary=story.matter,
            submission=uuid.uuid5(SPACE, f"{self.community.code}:{story.matter}"),
            reporter=teller if by else None,
            reporter_name=facts.pop("name", teller.name if teller else ""),
            reporter_phone=facts.pop("phone", teller.phone if teller else ""),
            unit=unit,
            building=Building.objects.get(community=self.community, code=building) if building else None,
            severity=Severity.MAJOR if facts.pop("major", False) else Severity.GENERAL,
            urgency=Urgency.SPECIAL_URGENT if facts.pop("urgent", False) else Urgency.ORDINARY,
            promised_reply_at=promised(self) if promised else None,
            read_back=bool(by) and channel == Channel.PHONE,
            concerns=[self.people[name] for name in facts.pop("about", ())],
            pictures=self._pictures(facts.pop("pictures", ())),
            letter_on=self.community.local(now).date() - timedelta(days=2) if channel == Channel.LETTER else None,
            intake_seconds=24 + len(story.matter) if by else None,
            **facts,
        )
        self.cases[story.key or story.matter] = case.pk

    def act(self, story, step, now):
        case = self._case(story.key or story.matter)
        by = self.people.get(step.who)
        facts = {name: self._fact(name, value) for name, value in step.facts.items()}
        if step.verb == "undo":
            last = Event.objects.about(case).filter(by=by).first()
            actions.undo(last, by=by, now=now)
            return
        if step.verb == "leave":
            staff.part_with(by)
            actions.release_left(now=now)
            return
        if step.verb == "reply":
            facts.setdefault("channel", min(SAME_WAY[case.channel]))
            facts.setdefault("person_told", case.reporter_name or "来访人")
            if facts["channel"] == Channel.LETTER:
                self._answer_by_letter(case, by, now)
                return
        if step.verb == "reclassify":
            facts = {name: facts.get(name, getattr(case, name)) for name in AXES} | {"note": facts["note"]}
        # Reopening is the one verb that both sides share: by the resident it names nobody.
        actor = {} if step.verb in RESIDENTS else {"by": by}
        getattr(actions, step.verb)(case, now=now, **actor, **facts)

    def _answer_by_letter(self, case, by, now):
        template = LetterTemplate.objects.filter(community=self.community).first()
        text = letters.draft(template, case, incoming=reports.incoming_of(case))
        actions.write_letter(case, by=by, now=now, text=text, addressee=case.reporter_name, template=template)
        letter = actions.issue_letter(case, by=by, now=now)
        handed = {"delivery": letter.Delivery.HANDED, "received_by": case.reporter_name}
        actions.deliver_letter(case, by=by, now=now, **handed)

    def _fact(self, name, value):
        if name == "pictures":
            return self._pictures(value)
        if name in ("until", "at"):
            return value(self)
        people = dict.fromkeys(["worker", "user"], self.people)
        known = (people | {"department": self.departments, "category": self.categories}).get(name)
        if known is not None:
            return known[value]
        return self._case(value) if name == "into" else value

    def _case(self, key):
        return Case.objects.select_related("community", "department", "category", "policy").get(pk=self.cases[key])

    def _unit(self, room):
        return Unit.objects.select_related("building").get(community=self.community, label=room) if room else None

    def _teller(self, unit, name):
        if unit is None:
            return None
        people = Occupancy.objects.filter(unit=unit).exclude(person__phone="").with_people().order_by("id")
        return (people.filter(person__name=name) if name else people)[0].person

    def _pictures(self, subjects):
        return [self.album.take(subject) for subject in subjects]


def rooms():
    """Return the rooms that stories name."""
    return {story.room for stories in STORIES.values() for story in stories}


def play(garden, tower, people, album, now):
    """Play the stories of both communities up to `now`, with the sweeps in between; then let old messages be read."""
    stages = {code: Stage(community, people, album, now) for code, community in ((GARDEN, garden), (TOWER, tower))}
    agenda = [
        (at, order, number, stages[code], story)
        for code, stories in STORIES.items()
        for order, story in enumerate(stories)
        for at, number in stages[code].plan(story)
    ]
    for at, _order, number, stage, story in sorted(agenda, key=lambda entry: entry[:3]):
        let_time_pass(at)
        if number == 0:
            stage.receive(story, at)
        else:
            stage.act(story, story.then[number - 1], at)
    papers.lay_out(stages[GARDEN])
    let_time_pass(now)
    for person in people.values():
        read = Notification.objects.inbox_of(person, now).filter(created_at__lt=now - READ_AFTER)
        notifications.mark_read(person, now=now, ids=list(read.values_list("pk", flat=True)) or [0])


def let_time_pass(until):
    """Run the sweeps at every minute up to `until` at which they find something to do."""
    last = None
    while True:
        steps = Case.objects.filter(next_escalation_at__lte=until).aggregate(at=Min("next_escalation_at"))["at"]
        ends = Pause.objects.filter(ended_at=None, until__lte=until).aggregate(at=Min("until"))["at"]
        missed = Case.objects.follow_up_missed(until).aggregate(at=Min("next_follow_up_at"))["at"]
        if steps is None and ends is None and missed is None:
            return
        at = min(moment for moment in (steps, ends, missed) if moment is not None)
        at = min(until, at.replace(second=0, microsecond=0) + timedelta(minutes=1))
        if at == last:
            raise RuntimeError("A sweep left something behind that was due.")
        last = at
        actions.resume_waiting(now=at)
        actions.remind_follow_ups(now=at)
        actions.escalate_overdue(now=at)
