"""Who repairs under warranty for the garden, what was claimed of them, and which problems come again and again."""

from datetime import date, timedelta

from complaints import actions, figures
from complaints.models import Case, Category, OutsideParty, Pause, ProductProblem
from residents.models import Building
from servicedesk.desk.demo.story import Story, ahead, day, do

DEVELOPER, ROOFER = "云湖置业有限公司 售后维修部", "宏固防水工程有限公司"
SALES = "云湖置业有限公司 销售部"
PARTIES = [
    {
        "kind": "developer",
        "name": DEVELOPER,
        "contact": "姚工",
        "phone": "00080002001",
        "email": "shouhou@example.com",
    },
    {"kind": "contractor", "name": ROOFER, "contact": "侯经理", "phone": "00080002002", "email": ""},
    {"kind": "sales", "name": SALES, "contact": "", "phone": "00080002003", "email": ""},
]
# The last two buildings were finished later. Of 5 栋 the papers are still looked for.
YEARS_AGO = {"2": 8, "3": 8, "6": 8, "8": 1, "12": 1}
SYSTEMS = {"indoor": "fittings", "facilities": "fittings", "outage": "fittings"}

# Theme: its kind, what it is, and the matters of stories that show it.
THEMES = {
    "入户水表和水管接头渗水": (
        "product",
        "同一批铜接头，交付一年左右开始渗水。",
        ["新装的入户水表接头渗水", "厨房混水阀第三次滴水"],
    ),
    "门窗五金松脱": ("after_sales", "猫眼、滑轮等五金件松脱，售后配件到货慢。", ["阳台推拉门脱轨", "防盗门猫眼脱落"]),
}
# Theme, to whom, what, how many days ago, and what came of it so far, a step every second day.
PROPOSALS = [
    ("入户水表和水管接头渗水", DEVELOPER, "对同批接头逐户排查，统一更换。", 3, []),
    ("入户水表和水管接头渗水", ROOFER, "吊顶拆除后的修补由施工单位一并承担。", 5, [("send", {"sent_how": "letter"})]),
    (
        "门窗五金松脱",
        DEVELOPER,
        "在小区常备五金配件，三日内上门。",
        40,
        [
            ("send", {"sent_how": "email"}),
            ("answer", {"answer": "later", "answer_text": "仓库调整后再定，预计下季度。"}),
        ],
    ),
    (
        "门窗五金松脱",
        SALES,
        "样板间五金型号与交付不一致，请书面说明。",
        45,
        [
            ("send", {"sent_how": "letter"}),
            ("answer", {"answer": "accepted", "answer_text": "同意出具说明并补差。"}),
            ("finish", {"result": "已张贴书面说明，十二户领取补差。"}),
        ],
    ),
]


def know(community, people, now):
    """Enter the parties of `community`, the acceptance of its buildings and the systems of its categories."""
    by, year = people["sup1"], community.local(now).year
    for facts in PARTIES:
        actions.add_party(community, by=by, now=now, **facts)
    buildings = Building.objects.filter(community=community, code__in=YEARS_AGO)
    days = [(building, date(year - YEARS_AGO[building.code], 6, 30)) for building in buildings]
    actions.set_acceptance(community, days=days, by=by, now=now)
    terms = {term.code: term for term in community.warranty_terms.all()}
    for category, term in SYSTEMS.items():
        Category.objects.filter(community=community, code=category).update(warranty=terms[term])


def gather(community, people, now):
    """Mark what shows two problems, propose what should be done about each, and sign the sheet of last month."""
    desk, by = people["desk1"], people["sup1"]
    for theme, (kind, description, matters) in THEMES.items():
        for matter in matters:
            case = Case.objects.select_related("community", "department").get(community=community, summary=matter)
            actions.mark_problem(case, theme=theme, kind=kind, by=desk, now=now)
        problem = ProductProblem.objects.get(community=community, theme=theme)
        facts = {"theme": theme, "kind": kind, "severity": problem.severity, "description": description}
        actions.change_problem(problem, by=by, now=now, **facts)
    parties = {party.name: party for party in OutsideParty.objects.filter(community=community)}
    for theme, name, text, days, steps in PROPOSALS:
        problem = ProductProblem.objects.get(community=community, theme=theme)
        at = now - timedelta(days=days)
        proposal = actions.propose_remedy(problem, party=parties[name], text=text, by=desk, now=at)
        for n, (step, facts) in enumerate(steps, start=1):
            getattr(actions, f"{step}_remedy")(proposal, by=by, now=at + timedelta(days=2 * n), **facts)
    last = figures.period_of(figures.MONTH, community.local(now).date()).before
    facts = {"text": "门窗五金请开发商统一排查，销售承诺请销售部书面答复。", "addressee": f"{DEVELOPER}、{SALES}"}
    actions.sign_problems(community, last, by=by, now=now, **facts)


STORIES = [
    Story(
        day(1, "10:35"),
        "indoor",
        "新装的入户水表接头渗水",
        "12-1503",
        "desk1",
        then=(
            do(6, "hand_over", "desk1", department="engineering"),
            do(15, "accept", "eng1"),
            do(
                *(20, "send_warranty", "desk1"),
                party=DEVELOPER,
                term="fittings",
                sent_how="email",
                text="12 栋 1503 入户水表接头渗水，属给排水管道，在保修期内，请安排维修并告知上门时间。",
            ),
        ),
    ),
    Story(
        day(6, "11:25"),
        "facilities",
        "顶层住户卫生间天花板渗水",
        "8-2-1102",
        "desk1",
        then=(
            do(8, "hand_over", "desk1", department="engineering"),
            do(20, "accept", "eng2"),
            do(
                *(30, "send_warranty", "desk1"),
                party=ROOFER,
                term="leak",
                sent_how="phone",
                text="8 栋 2 单元屋面防水层开裂,1102 卫生间渗水，请三日内到场维修。",
            ),
            do(15, "pause", "eng2", reason=Pause.Reason.THIRD_PARTY, until=ahead(days=2), note="等防水单位进场"),
            do(day(2, "09:10"), "note_warranty_call", "desk1", note="致电侯经理，称人手不足，未定时间。"),
        ),
    ),
    Story(
        day(3, "14:45"),
        "indoor",
        "厨房插座整排没电",
        "8-1-802",
        "desk2",
        then=(
            do(7, "hand_over", "desk2", department="engineering"),
            do(15, "accept", "eng1"),
            do(
                *(40, "send_warranty", "desk2"),
                party=DEVELOPER,
                term="fittings",
                sent_how="phone",
                text="8 栋 1 单元 802 厨房插座回路断线，属电气管线，在保修期内，请安排维修。",
            ),
            do(
                *(day(2, "15:30"), "refuse_warranty", "desk2"),
                answer="现场看过，认为是业主装修改线造成，不予保修。",
                answered_by="姚工",
            ),
        ),
    ),
    Story(
        day(6, "09:50"),
        "facilities",
        "单元门禁电源箱进水",
        "12-303",
        "desk2",
        then=(
            do(9, "hand_over", "desk2", department="engineering"),
            do(20, "accept", "eng2"),
            do(
                *(15, "send_warranty", "desk2"),
                party=DEVELOPER,
                term="fittings",
                sent_how="phone",
                text="12 栋大堂门禁电源箱进水，属设备安装，在保修期内，请安排维修。",
            ),
            do(
                *(120, "accept_warranty", "desk2"),
                answer="明天上午派人。",
                answered_by="姚工",
                until=day(5, "12:00"),
            ),
            do(day(5, "11:20"), "finish_warranty", "desk2", note="更换防水电源箱，加装挡雨板。"),
            do(20, "resolve", "eng2", remedy="开发商售后已更换防水电源箱，门禁测试正常。"),
            do(40, "reply", "desk2", text="您好，门禁电源箱已由开发商免费更换，进出都正常了。感谢您的来电！"),
            do(day(4, "10:30"), "close", "desk2", grade=5),
        ),
    ),
]
