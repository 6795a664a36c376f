"""What hangs on some of the cases of the benchmark: visits, calls, letters, proposals, claims and problems."""

from datetime import timedelta

from bench import words
from complaints.models import (
    Call,
    IncomingLetter,
    Kind,
    OutsideParty,
    ProblemFinding,
    ProductProblem,
    Proposal,
    ReturnVisit,
    Status,
    WarrantyClaim,
)

# One of so many cases, about what a centre of forty thousand homes has.
OF_CALLS, OF_LOOSE_CALLS, OF_LETTERS, OF_PROBLEMS = 3, 4000, 100, 200
OF_CLAIMS, OF_ENDED_CLAIMS, OF_ASKED = 200, 300, 9
PARTIES = ["云湖置业", "安泰防水", "恒达电梯"]
THEMES = ["水表接头渗水", "阳台门密封条脱落", "外墙砖空鼓", "地漏返味", "单元门闭门器失效", "入户门锁芯卡滞"]
WEEK = timedelta(days=7)


class Papers:
    """Makes the rows of one community, chunk by chunk; the cases of a chunk are in the database by then."""

    def __init__(self, garden, now, clerks):
        self.garden, self.now, self.clerks = garden, now, clerks
        self.rule = garden.visit_rules.order_by("position").first()
        self.terms = list(garden.warranty_terms.order_by("pk"))
        facts = {"community": garden, "kind": OutsideParty.Kind.DEVELOPER, "email": "repairs@firm.example"}
        self.parties = [OutsideParty.objects.create(name=name, **facts) for name in PARTIES]
        self.problems = [ProductProblem.objects.create(community=garden, theme=theme) for theme in THEMES]

    def of(self, cases):
        """Yield lists of rows, each of one model."""
        yield [self._visit(case) for case in cases if case.status == Status.REPLIED]
        yield [self._asked(case) for case in cases if case.status == Status.ARCHIVED and case.pk % OF_ASKED == 0]
        yield [self._call(case) for case in cases if case.pk % OF_CALLS == 0]
        yield [self._loose_call(case) for case in cases if case.pk % OF_LOOSE_CALLS == 0]
        yield [self._letter(case) for case in cases if case.pk % OF_LETTERS == 0]
        yield [self._proposal(case) for case in cases if case.status == Status.PROPOSED]
        repairs = [case for case in cases if case.kind == Kind.REPAIR]
        at_work = (Status.HANDED, Status.IN_HAND, Status.WAITING)
        yield [self._claim(case) for case in repairs if case.status in at_work and case.pk % OF_CLAIMS == 0]
        ended = [case for case in repairs if case.status == Status.ARCHIVED and case.pk % OF_ENDED_CLAIMS == 0]
        yield [self._ended_claim(case) for case in ended]
        yield [self._finding(case) for case in cases if case.pk % OF_PROBLEMS == 0]

    def _one(self, rows, case):
        return rows[case.pk % len(rows)]

    def _visit(self, case, **facts):
        return ReturnVisit(
            community=self.garden, case=case, cycle=1, reason=ReturnVisit.Reason.RULE, rule=self.rule,
            solved_by=case.assigned_to, due_at=case.replied_at + timedelta(days=3), **facts,
        )  # fmt: skip

    def _asked(self, case):
        done = {"result": ReturnVisit.Result.SATISFIED, "grade": 5, "channel": "phone", "by": case.first_responsible}
        return self._visit(case, done_at=case.replied_at, **done)

    def _call(self, case):
        clerk = self._one(self.clerks, case)
        return Call(
            community=self.garden, kind=Call.Kind.FINISHED, at=case.received_at, phone=case.reporter_phone,
            caller=case.reporter_name, what=case.summary, answered_by=clerk, entered_by=clerk,
            entered_at=case.received_at, case=case, settled_by=clerk, settled_at=case.received_at,
        )  # fmt: skip

    def _loose_call(self, case):
        clerk, phone = self._one(self.clerks, case), f"100{case.pk:08}"
        moments = {"at": case.received_at, "entered_at": case.received_at}
        return Call(community=self.garden, kind=Call.Kind.MISSED, phone=phone, entered_by=clerk, **moments)

    def _letter(self, case):
        day = self.garden.local(case.received_at).date()
        return IncomingLetter(
            community=self.garden, number=f"SW-{case.pk}", sender=case.reporter_name or "业主委员会",
            subject=case.summary, letter_on=day, received_at=case.received_at, registered_at=case.received_at,
            registered_by=self._one(self.clerks, case), reply_due_on=day + WEEK, case=case,
        )  # fmt: skip

    def _proposal(self, case):
        return Proposal(
            case=case, cycle=1, outcome=Proposal.Outcome.HANDLE, text="，".join(words.PARTS[:3]),
            department=case.department, by=case.first_responsible, at=case.received_at,
        )  # fmt: skip

    def _claim(self, case, **facts):
        owed = {"next_reminder_at": self.now + WEEK} if not facts else {}
        return WarrantyClaim(
            community=self.garden, case=case, cycle=1, party=self._one(self.parties, case),
            term=self._one(self.terms, case), reason="交付不到两年", text=case.summary, sent_how="phone",
            sent_at=case.received_at, sent_by=case.first_responsible, due_at=case.received_at + WEEK, **owed, **facts,
        )  # fmt: skip

    def _ended_claim(self, case):
        done = {"answered_at": case.resolved_at, "answer": "已安排维修", "ended_at": case.resolved_at}
        return self._claim(case, status=WarrantyClaim.Status.DONE, **done)

    def _finding(self, case):
        by = self._one(self.clerks, case)
        return ProblemFinding(
            community=self.garden, problem=self._one(self.problems, case), case=case, by=by, at=case.received_at
        )
