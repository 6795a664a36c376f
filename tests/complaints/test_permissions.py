"""Who may take which step on a case: the table of roles, row by row, through the door.

The cast: Chen is first responsible, Fang another clerk, Zhou supervises, Guo is the deputy GM, Han heads engineering,
Liu has the job, Hu is his colleague without it, Ma works in security, Li Na takes the money, Tang administers.
"""

import pytest
from django.urls import reverse

from complaints import actions
from complaints.models import Case, Concern, ExternalCase, Status, WarrantyClaim
from complaints.permissions import STEPS
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Membership, Role
from tests import factories
from tests.factories import MONDAY, at, fresh

pytestmark = pytest.mark.django_db

CAST = ["chen", "fang", "zhou", "guo", "han", "liu", "hu", "ma", "li_na", "tang"]
DESK = {"chen", "fang", "zhou"}
OFFICE = DESK | {"guo"}
# Hu sees no job that somebody else has; Ma, Li Na and Tang see nothing of it at all.
SEEING = OFFICE | {"han", "liu"}


@pytest.fixture
def fang(yunhu):
    return factories.staff("fang", "方圆", Role.CLERK, community=yunhu)


@pytest.fixture
def hu(yunhu):
    return factories.staff("hu", "胡军", Role.WORKER, community=yunhu, department="engineering")


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def cast(request):
    return {name: request.getfixturevalue(name) for name in CAST}


class Stage:
    """Cases in the states from which steps are taken."""

    def __init__(self, community, cast):
        self.community, self.cast = community, cast

    def web(self):
        return factories.case(self.community, by=None)

    def taken(self, category="indoor", **facts):
        return factories.case(self.community, by=self.cast["chen"], category=category, **facts)

    def own(self):
        """A matter of the centre itself."""
        return self.taken("mail")

    def handed(self, worker="liu"):
        case = self.taken()
        engineering = self.community.departments.get(code="engineering")
        worker = self.cast[worker] if worker else None
        actions.hand_over(case, department=engineering, worker=worker, by=self.cast["chen"], now=MONDAY)
        return fresh(case)

    def free(self):
        return self.handed(worker=None)

    def in_hand(self):
        case = self.handed()
        actions.accept(case, by=self.cast["liu"], now=MONDAY)
        return fresh(case)

    def waiting(self):
        case = self.in_hand()
        actions.pause(case, reason="material", until=at("2025-09-15 12:00"), by=self.cast["liu"], now=MONDAY)
        return fresh(case)

    def resolved(self):
        case = self.in_hand()
        actions.resolve(case, by=self.cast["liu"], now=MONDAY, remedy="更换水管接头")
        return fresh(case)

    def replied(self):
        case = self.resolved()
        actions.reply(case, channel="phone", text="已修好", person_told="林女士", by=self.cast["chen"], now=MONDAY)
        return fresh(case)

    def settled_at_the_desk(self):
        """What Chen has done herself."""
        return self._told(self.own())

    def major(self):
        """A major complaint that Chen has settled: somebody above asks."""
        return self._told(self.taken("service", severity="major", reason="影响多户"))

    def _told(self, case):
        actions.resolve(factories.cleared(case), by=self.cast["chen"], now=MONDAY, remedy="已处理")
        factories.told(case, by=self.cast["chen"])
        return fresh(case)

    def joined(self):
        """A case that is answered, with a caller who was joined to it and has not been told."""
        case, caller = self.in_hand(), self.taken()
        actions.merge(caller, into=case, by=self.cast["chen"], now=MONDAY)
        actions.resolve(fresh(case), by=self.cast["liu"], now=MONDAY, remedy="更换水管接头")
        return fresh(case)

    def archived(self):
        case = self.replied()
        actions.archive(case, by=self.cast["chen"], now=MONDAY)
        return fresh(case)

    def at_level(self, level):
        case = self.in_hand()
        for _ in range(level - 1):
            actions.escalate(case, by=self.cast["chen"], now=MONDAY, note="需要协调")
        return fresh(case)

    def complaint(self, **facts):
        return self.taken("noise", **facts)

    def verified(self):
        case = self.complaint()
        actions.verify(case, validity="valid", by=self.cast["chen"], now=MONDAY, note="核实属实")
        return fresh(case)

    def proposed(self, by="chen"):
        case = self.verified()
        security = self.community.departments.get(code="security")
        actions.propose(case, outcome="handle", text="上门劝止", department=security, by=self.cast[by], now=MONDAY)
        return fresh(case)

    def reported(self, by="chen"):
        case = self.complaint(urgency="special_urgent")
        security = self.community.departments.get(code="security")
        actions.hand_over(case, department=security, by=self.cast[by], now=MONDAY)
        return fresh(case)

    def quoted(self):
        case = self.in_hand()
        actions.quote(case, amount=120, text="更换角阀", by=self.cast["liu"], now=MONDAY)
        return fresh(case)

    def asked_for(self, answered=False):
        """A case that an authority asks for."""
        case, number = self.in_hand(), ExternalCase.objects.count()
        facts = {"source_org": "街道", "external_no": str(number)}
        slip = actions.register_external(case, by=self.cast["chen"], now=MONDAY, **facts)
        if answered:
            actions.answer_external(fresh(case), external=slip, reply_text="已办", by=self.cast["chen"], now=MONDAY)
        return fresh(case)

    def claimed(self, then=""):
        """A case for which a repair unit was asked under warranty: it refused, agreed, or did not answer in time."""
        case, by, number = self.in_hand(), self.cast["zhou"], WarrantyClaim.objects.count()
        claim = factories.claim(case, factories.party(self.community, name=f"开发商 {number}", by=by), by=by)
        if then == "refused":
            actions.refuse_warranty(case, claim=claim, answer="拒修", by=by, now=MONDAY)
        if then == "accepted":
            until = at("2025-09-16 10:00")
            actions.accept_warranty(case, claim=claim, answer="明日上门", until=until, by=by, now=MONDAY)
        if then == "late":
            actions.remind_warranty(now=at("2025-09-18 18:01"))
        return fresh(case)

    def marked(self):
        """A case that shows a product or after-sales problem."""
        case = self.in_hand()
        actions.mark_problem(case, theme="水表接头渗水", by=self.cast["chen"], now=MONDAY)
        return fresh(case)

    def void_asked(self, by="fang"):
        case = self.in_hand()
        actions.ask_void(case, by=self.cast[by], now=MONDAY, reason="重复登记")
        return fresh(case)


def facts_of(step, case):
    """Return what a person types for a step."""
    words = {"note": "原因", "reason": "原因"}
    if step.endswith("_external"):
        slip = {"external": case.external_cases.values_list("pk", flat=True).first() or ""}
        new = {"source_org": "12345", "external_no": str(ExternalCase.objects.count())}
        when = {"received_at": "2025-09-15T08:50", "what": "signed_at", "at": "2025-09-15T08:55"}
        return {**slip, **new, **when, "reply_text": "已办", **words}
    if step == "send_warranty":
        by = Membership.objects.get(role=Role.SUPERVISOR).user
        party = factories.party(case.community, name=case.number, by=by)
        term = case.community.warranty_terms.first()
        return {"party": party.pk, "term": term.pk, "sent_how": "phone", "text": "请维修", **words}
    if step == "link_incident":
        return {"incident": factories.outage(case.community, by=case.first_responsible).pk, **words}
    return {
        "tell_caller": {"caller": case.merged_cases.values_list("pk", flat=True).first() or "", "channel": "phone"}
        | {"text": "已修好", "person_told": "吴刚"},
        "hand_over": {"department": case.community.departments.get(code="security").pk, **words},
        "verify": {"validity": "valid", **words},
        "propose": {
            "outcome": "handle",
            "text": "上门劝止",
            "department": case.community.departments.get(code="security").pk,
        },
        "decide": {"approve": "1", **words},
        "note_report": {"approve": "1", **words},
        "quote": {"amount": "120", "text": "更换角阀"},
        "answer_quote": {"answer": "agreed", "answered_by": "林女士", "channel": "phone"},
        "mark_problem": {"theme": "门窗关不严"},
        "drop_problem": {"finding": case.problem_findings.values_list("pk", flat=True).first() or "", **words},
        "answer_warranty": {"outcome": "refused", "answer": "拒修"},
        "decide_warranty": {"outcome": "insist", "decision": "在保修期内"},
        "assign": {"worker": Membership.objects.get(user__username="hu").user_id},
        "pause": {"reason": "material", "until": "2025-09-15T14:00"},
        "resolve": {"remedy": "已修好", "read_back": "on"},
        "reply": {"channel": "phone", "text": "已修好", "person_told": "林女士"},
        "lower": {"to_level": 1, **words},
        "promise": {"until": "2025-09-15T15:00"},
        "reclassify": {
            "kind": "repair",
            "category": case.category_id,
            "urgency": "special_urgent",
            "severity": "general",
        }
        | words,
        "visit": {"grade": 4, "channel": "phone"},
        "confirm_void": {"confirm": "1", **words},
        "name_concerned": {"user": case.community.memberships.get(user__username="hu").user_id, **words},
        "follow_up": {"at": "2025-09-15T16:00"},
        "work_order": {"size": "slip"},
    }.get(step, words)


# step, the state it is tried in, who may.
TABLE = [
    ("take", Stage.web, DESK),
    ("accept", Stage.handed, {"liu", "han", "zhou"}),
    ("accept", Stage.free, {"liu", "hu", "han"}),
    ("start", Stage.own, {"chen", "zhou"}),
    ("arrive", Stage.in_hand, {"liu", "han", "zhou"}),
    ("verify", Stage.complaint, DESK),
    ("verify", Stage.reported, DESK),
    ("propose", Stage.verified, DESK),
    ("decide", Stage.proposed, {"zhou", "guo"}),
    ("decide", lambda stage: stage.proposed(by="zhou"), {"guo"}),
    ("withdraw", Stage.proposed, {"chen"}),
    ("note_report", Stage.reported, {"zhou", "guo"}),
    ("note_report", lambda stage: stage.reported(by="zhou"), {"guo"}),
    ("quote", Stage.in_hand, {"liu", "han", "zhou"}),
    ("answer_quote", Stage.quoted, DESK | {"liu", "han"}),
    ("hand_over", Stage.taken, DESK),
    ("hand_over", Stage.in_hand, DESK | {"han", "liu"}),
    ("assign", Stage.handed, {"han", "zhou"}),
    ("decline_job", Stage.in_hand, {"han", "liu"}),
    ("pause", Stage.in_hand, {"chen", "liu", "han", "zhou"}),
    ("resume", Stage.waiting, {"chen", "liu", "han", "zhou"}),
    ("resolve", Stage.in_hand, {"liu", "han", "zhou"}),
    ("resolve", Stage.own, {"chen", "zhou"}),
    ("reply", Stage.resolved, {"chen", "zhou", "guo"}),
    ("visit", Stage.replied, DESK),
    ("visit", Stage.settled_at_the_desk, {"fang", "zhou"}),
    ("visit", Stage.major, {"zhou", "guo"}),
    ("tell_caller", Stage.joined, {"chen", "zhou", "guo"}),
    ("archive", Stage.replied, DESK),
    ("reopen", Stage.replied, OFFICE),
    ("reclassify", Stage.taken, DESK),
    ("reclassify", Stage.in_hand, {"zhou"}),
    ("escalate", Stage.in_hand, SEEING),
    ("lower", lambda stage: stage.at_level(2), {"zhou"}),
    ("lower", lambda stage: stage.at_level(3), {"guo"}),
    ("promise", lambda stage: stage.at_level(1), {"chen"}),
    ("promise", lambda stage: stage.at_level(2), {"zhou"}),
    ("promise", lambda stage: stage.at_level(3), {"guo"}),
    ("urge", Stage.in_hand, OFFICE),
    ("note", Stage.in_hand, SEEING),
    ("link_incident", Stage.in_hand, DESK | {"han"}),
    ("register_external", Stage.in_hand, DESK),
    ("mark_external", Stage.asked_for, OFFICE),
    ("answer_external", Stage.asked_for, OFFICE),
    ("return_external", Stage.asked_for, OFFICE),
    ("evaluate_external", lambda stage: stage.asked_for(answered=True), OFFICE),
    ("mark_problem", Stage.in_hand, OFFICE),
    ("drop_problem", Stage.marked, OFFICE),
    ("send_warranty", Stage.in_hand, DESK | {"han"}),
    ("answer_warranty", Stage.claimed, SEEING),
    ("finish_warranty", lambda stage: stage.claimed("accepted"), SEEING),
    ("note_warranty_call", lambda stage: stage.claimed("late"), SEEING),
    ("decide_warranty", lambda stage: stage.claimed("refused"), {"zhou", "guo"}),
    ("drop_warranty", Stage.claimed, SEEING),
    ("ask_void", Stage.in_hand, DESK),
    ("confirm_void", Stage.void_asked, {"zhou", "guo"}),
    ("confirm_void", lambda stage: stage.void_asked(by="zhou"), {"guo"}),
    ("name_concerned", Stage.in_hand, OFFICE),
    ("unmask", Stage.in_hand, OFFICE | {"liu"}),
    ("unmask", Stage.archived, OFFICE),
    ("work_order", Stage.in_hand, OFFICE | {"han", "liu"}),
    ("new_code", Stage.in_hand, DESK),
    ("print_file", Stage.in_hand, OFFICE | {"han"}),
    ("read_back", Stage.in_hand, SEEING),
    ("follow_up", Stage.in_hand, OFFICE),
]


def names(rows):
    return [f"{step} {n}" for n, (step, _state, _who) in enumerate(rows)]


def comes_through(client, person, step, case):
    client.force_login(person)
    data = {"version": case.version, **facts_of(step, case)}
    answer = client.post(reverse(f"complaints:{step}", args=[case.number]), data)
    assert answer.status_code in (200, 302, 403, 404), (step, answer.status_code)
    return answer.status_code in (200, 302)


@pytest.mark.parametrize(("step", "state", "who"), TABLE, ids=names(TABLE))
def test_a_step_is_taken_by_those_of_the_table_and_by_nobody_else(client, yunhu, cast, step, state, who):
    stage = Stage(yunhu, cast)
    assert {name for name, person in cast.items() if comes_through(client, person, step, state(stage))} == who


def test_every_step_of_the_case_page_stands_in_the_table():
    assert {step for step, _state, _who in TABLE} >= set(STEPS) - {"merge"}


@pytest.mark.parametrize("name", CAST)
def test_only_the_desk_joins_cases(client, yunhu, cast, name):
    stage = Stage(yunhu, cast)
    one, other = stage.taken(), stage.taken()
    client.force_login(cast[name])
    url = reverse("complaints:merge", args=[one.number])
    client.post(url, {"version": one.version, "into": other.short_number})
    assert (fresh(one).status == Status.MERGED) == (name in DESK)


def test_a_clerk_assigns_only_where_the_department_has_no_head(client, yunhu, cast):
    stage = Stage(yunhu, cast)
    assert not comes_through(client, cast["fang"], "assign", stage.handed())
    Membership.objects.filter(user=cast["han"]).update(is_active=False)
    assert comes_through(client, cast["fang"], "assign", stage.handed())


@pytest.mark.parametrize("step", sorted({step for step, _state, _who in TABLE}))
def test_nobody_takes_a_step_on_a_case_that_is_about_them(client, yunhu, cast, step):
    """Ruling 12, for each of those whom the table lets in."""
    _step, state, who = next(row for row in TABLE if row[0] == step)
    stage = Stage(yunhu, cast)
    for name in sorted(who):
        case = state(stage)
        Concern.objects.create(case=case, user=cast[name])
        before = fresh(case).version
        assert not comes_through(client, cast[name], step, case), name
        assert fresh(case).version == before


def test_an_action_asks_again_where_a_page_was_open_before_the_case_came_to_be_about_somebody(yunhu, cast):
    case = Stage(yunhu, cast).taken()
    Concern.objects.create(case=case, user=cast["zhou"])
    with pytest.raises(NotAllowed):
        actions.escalate(case, by=cast["zhou"], now=MONDAY, note="原因")


# What the state says ------------------------------------------------------------------------------------------------

ENDED_STEPS = ["escalate", "lower", "urge", "promise", "ask_void", "confirm_void", "pause", "assign", "reclassify"]


@pytest.mark.parametrize("step", ENDED_STEPS)
def test_a_step_that_leads_nowhere_from_an_archived_case_is_refused_and_changes_nothing(yunhu, cast, client, step):
    case = Stage(yunhu, cast).archived()
    client.force_login(cast["zhou"] if step != "promise" else cast["chen"])
    answer = client.post(reverse(f"complaints:{step}", args=[case.number]), {"version": 99, **facts_of(step, case)})
    assert answer.status_code in (403, 409, 422), answer.status_code
    assert fresh(case).version == case.version


def test_a_department_that_passes_a_job_on_says_why(yunhu, cast):
    case = Stage(yunhu, cast).in_hand()
    security = yunhu.departments.get(code="security")
    with pytest.raises(Refused, match=r"."):
        actions.hand_over(case, department=security, by=cast["han"], now=MONDAY)
    actions.hand_over(case, department=security, by=cast["han"], now=MONDAY, note="归秩序维护部管")
    assert fresh(case).department == security


# Who sees which cases ----------------------------------------------------------------------------------------------

SEEN = [
    ("a matter at the desk", Stage.own, OFFICE),
    ("a job that nobody has", Stage.free, OFFICE | {"han", "liu", "hu"}),
    ("a job of Liu's", Stage.in_hand, SEEING),
]


@pytest.mark.parametrize(("what", "state", "who"), SEEN, ids=[what for what, _state, _who in SEEN])
def test_who_sees_what(yunhu, cast, what, state, who):
    case = state(Stage(yunhu, cast))
    seen = {name for name, person in cast.items() if Case.objects.visible_to(person).filter(pk=case.pk).exists()}
    assert seen == who
