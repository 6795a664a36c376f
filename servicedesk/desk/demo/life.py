"""The week is played in the order of time: every step is the action that the desk would call, at its own moment.

A story that names a moment still to come stops there, so that at nine in the morning fewer things have happened today
than at six in the evening.
"""

import uuid
from datetime import datetime, time, timedelta

from django.db.models import Min

from complaints import actions, aftercare, closing, figures, letters, reports, warranty
from complaints.actions.replying import SAME_WAY
from complaints.models import (
    Case,
    Category,
    Channel,
    LetterTemplate,
    OutsideParty,
    Pause,
    Proposal,
    Severity,
    Urgency,
    Validity,
    WarrantyClaim,
    WarrantyTerm,
)
from residents.models import Building, Occupancy, Unit
from servicedesk.core import events, notifications
from servicedesk.core.models import Department, Event, Notification
from servicedesk.desk.demo import garden_stories, outside, papers, staff, tower_stories
from servicedesk.desk.demo.places import GARDEN, TOWER

STORIES = {GARDEN: [*garden_stories.STORIES, *outside.STORIES], TOWER: tower_stories.STORIES}
# Submissions are numbered in this space, so that the same story always has the same one.
SPACE = uuid.UUID("5e7f1c52-9f7e-4b0f-8d0a-3c2b7f6a1201")
# When a supervisor signs the day, and what is written about each kind of red row and each day of the week.
SIGNED_AT = time(17, 40)
WHY = {
    "unsettled": "已联系处理人，今日办结有困难，已与业主说明并另约时间。",
    "late": "配件未到货，已电话向业主致歉，明日上午由主管跟进。",
    "reply": "多次致电未接，明早九点再次回复。",
    "unrecorded": "已联系来电人，明早补登。",
    "drafts": "来电中断，已约定明早回拨补登。",
    "numbers": "已上报核查。",
    "chain": "已通知系统管理员。",
    "problems": "月报正在汇总，明日送出。",
    "warranty": "已再次致电保修单位并告知业主进展，明早由主管继续催办。",
}
SAID = ["", "渗水类报修偏多。", "装修噪音投诉集中在午间。", "", "", "周末值班已安排。", ""]
WEEK_SAID = "本周以室内维修为主，超时单均已说明原因；下周重点跟进渗水回访与装修午间巡查。"
READ_AFTER = timedelta(days=1)
# The axes of judging a case anew: what a step does not name stays as it is.
AXES = ("kind", "severity", "urgency", "category")
# Who proposes at the desk, and who decides on it.
DESK = {"desk1", "desk2", "desk3", "desk4", "sup1", "sup2"}
DECIDE = ("sup1", "sup2", "gm1")


# What is done about a known event, not about the case whose story it belongs to.
OF_INCIDENTS = {"move_incident_end", "end_incident", "answer_callers"}
# What residents do by the link names no actor.
RESIDENTS = {"resident_urge", "add_resident_note", "rate"}


class Stage:
    """One community at the moment at which the demo ends, with the people and things that stories name."""

    def __init__(self, community, people, album, now):
        self.community, self.people, self.album, self.now = community, people, album, now
        self.categories = {c.code: c for c in Category.objects.filter(community=community).select_related("department")}
        self.departments = {d.code: d for d in Department.objects.filter(community=community)}
        self.parties = {party.name: party for party in OutsideParty.objects.filter(community=community)}
        self.terms = {term.code: term for term in WarrantyTerm.objects.filter(community=community)}
        self.cases, self.incidents = {}, {}

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
        incident = facts.pop("incident", None)
        slip = {name: value(self) if callable(value) else value for name, value in facts.pop("slip", {}).items()}
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
            received_at=now - timedelta(minutes=facts.pop("typed_in_after", 0)),
            promised_reply_at=promised(self) if promised else None,
            read_back=bool(by) and channel == Channel.PHONE,
            concerns=[self.people[name] for name in facts.pop("about", ())],
            pictures=self._pictures(facts.pop("pictures", ())),
            letter_on=self.community.local(now).date() - timedelta(days=2) if channel == Channel.LETTER else None,
            incident=self.incidents[incident] if incident else None,
            external=slip or None,
            intake_seconds=24 + len(story.matter) if by else None,
            **facts,
        )
        self.cases[story.key or story.matter] = case.pk

    def act(self, story, step, now):
        case = self._case(story.key or story.matter)
        by = self.people.get(step.who)
        facts = {name: self._fact(name, value) for name, value in step.facts.items()}
        if step.verb.endswith("_external"):
            facts["external"] = case.external_cases.get()
        if step.verb == "send_warranty":
            facts |= {"party": self.parties[facts["party"]], "term": self.terms[facts["term"]]}
        elif "_warranty" in step.verb:
            facts["claim"] = warranty.open_claim(case)
        if step.verb == "link_incident":
            facts["incident"] = self.incidents[facts["incident"]]
        if step.verb == "undo":
            last = Event.objects.about(case).filter(by=by).first()
            actions.undo(last, by=by, now=now)
            return
        if step.verb == "open_incident":
            self._open_incident(by, now, **facts)
            return
        if step.verb in OF_INCIDENTS:
            incident = self.incidents[facts.pop("incident")]
            getattr(actions, step.verb)(incident, by=by, now=now, **facts)
            return
        if step.verb == "leave":
            staff.part_with(by)
            actions.release_left(now=now)
            return
        if step.verb == "close":
            self._close(case, by, now, **facts)
            return
        if step.verb == "visit":
            facts.setdefault("channel", actions.ways_to_visit(case)[0])
        if step.verb == "reply":
            facts.setdefault("channel", min(SAME_WAY[case.channel]))
            facts.setdefault("person_told", case.reporter_name or "来访人")
            if facts["channel"] == Channel.LETTER:
                self._answer_by_letter(case, by, now)
                return
        if step.verb in ("hand_over", "start", "resolve") and case.needs_approval:
            case = self._approve(case, step, facts, now)
            if step.verb == "hand_over":
                return
        if step.verb == "reclassify":
            facts = {name: facts.get(name, getattr(case, name)) for name in AXES} | {"note": facts["note"]}
        # Reopening is the one verb that both sides share: by the resident it names nobody.
        actor = {} if step.verb in RESIDENTS else {"by": by}
        getattr(actions, step.verb)(case, now=now, **actor, **facts)

    def _approve(self, case, step, facts, now):
        """Take an ordinary complaint through verification and approval, which are the same for all of them; the
        department of a hand-over is told by the approval. Return the case as it stands then."""
        desk = self.people[step.who if step.who in DESK else "desk1"]
        concerned = set(case.concerned.values_list("user__username", flat=True))
        decides = next(self.people[name] for name in DECIDE if name not in concerned | {desk.username})
        actions.verify(case, validity=Validity.VALID, by=desk, now=now, note="现场核实，情况属实。")
        actions.propose(
            case,
            outcome=Proposal.Outcome.HANDLE,
            text=facts.get("note") or "请部门到场处理，处理情况当日告知业主。",
            department=facts.get("department") or case.department,
            by=desk,
            now=now,
        )
        actions.approve(case, by=decides, now=now)
        return case

    def _close(self, case, by, now, **said):
        """Ask the resident where a visit is due, after which the clock archives the case; else archive it."""
        if aftercare.open_visit(case):
            actions.visit(case, channel=actions.ways_to_visit(case)[0], by=by, now=now, **said)
        else:
            actions.archive(case, by=by, now=now)

    def _open_incident(self, by, now, *, key, building, starts_at=None, **facts):
        where = Building.objects.get(community=self.community, code=building)
        facts |= {"starts_at": starts_at or now, "category": self.categories["outage"], "places": [(where, None, None)]}
        self.incidents[key] = actions.open_incident(self.community, by=by, now=now, **facts)

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
        if name in ("until", "at", "starts_at", "expected_end_at"):
            return value(self)
        people = dict.fromkeys(["worker", "user"], self.people)
        known = (people | {"department": self.departments, "category": self.categories}).get(name)
        if known is not None:
            return known[value]
        return self._case(value) if name in ("into", "caller") else value

    def _case(self, key):
        return Case.objects.select_related("community", "department", "category", "policy").get(pk=self.cases[key])

    def _unit(self, room):
        return Unit.objects.select_related("building").get(community=self.community, label=room) if room else None

    def _teller(self, unit, name):
        if unit is None:
            return None
        people = Occupancy.objects.in_force().filter(unit=unit).exclude(person__phone="").with_people().order_by("id")
        return (people.filter(person__name=name) if name else people)[0].person

    def _pictures(self, subjects):
        return [self.album.take(subject) for subject in subjects]


def rooms():
    """Return the rooms that stories name."""
    return {story.room for stories in STORIES.values() for story in stories}


def sign(stage, at):
    """Close the day of `at`: a supervisor explains what is red and signs; on a Monday the week before, too."""
    events.seal_events()
    community, by = stage.community, stage.people["sup1"]
    date = community.local(at).date()
    day = closing.Day(community, date, user=by, now=at)
    lines = [(check, row, WHY[check.key]) for check in day.checks if check.is_red for row in check.rows]
    actions.explain(community, date=date, lines=lines, by=by, now=at)
    summary = closing.sentence(closing.counts(closing.figures(day)))
    actions.sign_day(community, date=date, summary=f"{summary}{SAID[date.weekday()]}", exceptions="", by=by, now=at)
    if date.weekday() == 0:
        week = figures.period_of(figures.WEEK, date).before
        actions.sign_report(community, week, text=WEEK_SAID, by=by, now=at)


def signings(stage):
    """Return the moments at which the days of the week before yesterday were signed; yesterday still waits."""
    today = stage.community.local(stage.now).date()
    days = (today - timedelta(days=n) for n in range(2, 9))
    return [datetime.combine(day, SIGNED_AT, stage.community.tz) for day in days]


def play(garden, tower, people, album, now):
    """Play the stories of both communities up to `now`, with the sweeps in between; then let old messages be read."""
    stages = {code: Stage(community, people, album, now) for code, community in ((GARDEN, garden), (TOWER, tower))}
    agenda = [
        (at, order, number, stages[code], story)
        for code, stories in STORIES.items()
        for order, story in enumerate(stories)
        for at, number in stages[code].plan(story)
    ]
    agenda += [(at, -1, -1, stage, None) for stage in stages.values() for at in signings(stage)]
    for at, _order, number, stage, story in sorted(agenda, key=lambda entry: entry[:3]):
        let_time_pass(at)
        actions.archive_answered(now=at)
        if story is None:
            sign(stage, at)
        elif number == 0:
            stage.receive(story, at)
        else:
            stage.act(story, story.then[number - 1], at)
    papers.lay_out(stages[GARDEN])
    let_time_pass(now)
    actions.archive_answered(now=now)
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
        owed = WarrantyClaim.objects.filter(next_reminder_at__lte=until).aggregate(at=Min("next_reminder_at"))["at"]
        next_ones = [moment for moment in (steps, ends, missed, owed) if moment is not None]
        if not next_ones:
            return
        at = min(next_ones)
        at = min(until, at.replace(second=0, microsecond=0) + timedelta(minutes=1))
        if at == last:
            raise RuntimeError("A sweep left something behind that was due.")
        last = at
        actions.resume_waiting(now=at)
        actions.remind_follow_ups(now=at)
        actions.escalate_overdue(now=at)
        actions.remind_warranty(now=at)
