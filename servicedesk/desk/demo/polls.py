"""The yearly satisfaction survey, half answered."""

from datetime import timedelta

from complaints import actions
from complaints.models import Survey

QUESTIONS = [
    {"kind": Survey.Kind.GRADE.value, "text": "您对客服前台的服务满意吗？", "choices": []},
    {"kind": Survey.Kind.GRADE.value, "text": "您对维修的速度和质量满意吗？", "choices": []},
    {"kind": Survey.Kind.GRADE.value, "text": "您对楼道和园区的保洁满意吗？", "choices": []},
    {
        "kind": Survey.Kind.CHOICE.value,
        "text": "您希望今年先改进哪一项？",
        "choices": ["电梯等候", "停车秩序", "绿化养护", "门禁设备", "儿童设施"],
    },
    {"kind": Survey.Kind.TEXT.value, "text": "您还有什么想对我们说的？", "choices": []},
]
# Few write anything, and nobody what a neighbour wrote.
SAID = {
    1: "电梯早高峰太慢，能不能分层停靠",
    4: "前台小姑娘很耐心",
    9: "东门的灯晚上不亮",
    15: "希望儿童区换成软地面",
    21: "刘师傅修水管又快又干净",
    30: "外卖车开太快，老人害怕",
    38: "都挺好",
}
EVERY = 6


def ask(community, people, now):
    """Make the survey as of six days ago and let every sixth home answer it since."""
    opened = now - timedelta(days=6)
    day = community.local(opened).date()
    survey = actions.make_survey(
        community,
        title=f"{day:%Y} 年度业户满意度调查",
        questions=QUESTIONS,
        buildings=[],
        opens_on=day,
        closes_on=day + timedelta(days=20),
        by=people["sup1"],
        now=opened,
    )
    for n, unit in enumerate(survey.units().order_by("id")[::EVERY]):
        answers = [
            5 - n % 2,
            (5, 4, 4, 3, 2)[n % 5],
            (5, 5, 4, 3)[n % 4],
            (0, 1, 0, 2, 1, 3, 4)[n % 7],
            SAID.get(n, ""),
        ]
        by = people["desk2"] if n % 4 == 3 else None
        actions.answer_survey(survey, unit, answers=answers, by=by, now=opened + timedelta(minutes=90 * n + 60))
