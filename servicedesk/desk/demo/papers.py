"""What lies on the desk beside the cases: calls typed in, letters in the register, follow-ups that were promised."""

from datetime import timedelta

from complaints import actions
from complaints.models import Call, Case
from complaints.models.cases import CLOCKED

MISSED, FINISHED = Call.Kind.MISSED, Call.Kind.FINISHED


def lay_out(stage):
    """Enter the calls and letters of the last days and the follow-ups of two open cases, in the order of time."""
    community, now, clerk = stage.community, stage.now, stage.people["desk1"]

    def call(ago, kind, **facts):
        at = now - ago
        return actions.enter_call(community, by=clerk, now=at, at=at, kind=kind, **facts)

    lost = call(timedelta(hours=30), FINISHED, caller="外卖骑手", what="问 8 栋怎么走")
    actions.explain_call(lost, by=clerk, now=now - timedelta(hours=29), reason="问路，已告知")
    call(timedelta(hours=20), MISSED, phone="13800008801")
    call(timedelta(minutes=50), FINISHED, phone="13800008802", caller="周先生", what="问装修申请要带哪些材料")
    again = call(timedelta(minutes=35), FINISHED, phone="13800008803", what="问昨天报的事办得怎么样")
    newest = Case.objects.in_community(community).clocked().exclude(concerned__isnull=False).order_by("-id").first()
    actions.link_call(again, case=newest, by=clerk, now=now - timedelta(minutes=34))
    call(timedelta(minutes=12), MISSED, phone="13800008804")

    thanks = _letter(stage, clerk, timedelta(hours=46), sender="7 栋老年合唱队", subject="感谢借用活动室")
    actions.explain_letter(thanks, by=clerk, now=now - timedelta(hours=45), reason="感谢信，已回电致谢")
    _letter(
        stage,
        clerk,
        timedelta(hours=3),
        sender="2 栋业主小组",
        sender_ref="第 5 号",
        subject="请公示电梯维保记录",
        pages=3,
    )

    owed = list(Case.objects.in_community(community).owed_by(clerk).filter(status__in=CLOCKED).order_by("-id")[:2])
    for case, at in zip(owed, (now - timedelta(minutes=20), now + timedelta(hours=3)), strict=False):
        actions.set_follow_up(case, at=at, by=clerk, now=now - timedelta(minutes=30))


def _letter(stage, clerk, ago, **facts):
    at = stage.now - ago
    letter_on = stage.community.local(at).date() - timedelta(days=1)
    return actions.register_letter(stage.community, by=clerk, now=at, received_at=at, letter_on=letter_on, **facts)
