"""Who repairs under warranty for the garden: two parties, the acceptance of its buildings, and what was claimed."""

from datetime import date

from complaints import actions
from complaints.models import Category, Pause
from residents.models import Building
from servicedesk.desk.demo.story import Story, ahead, day, do

DEVELOPER, ROOFER = "云湖置业有限公司 售后维修部", "宏固防水工程有限公司"
PARTIES = [
    {
        "kind": "developer",
        "name": DEVELOPER,
        "contact": "姚工",
        "phone": "00080002001",
        "email": "shouhou@example.com",
    },
    {"kind": "contractor", "name": ROOFER, "contact": "侯经理", "phone": "00080002002", "email": ""},
]
# The last two buildings were finished later. Of 5 栋 the papers are still looked for.
YEARS_AGO = {"2": 8, "3": 8, "6": 8, "8": 1, "12": 1}
SYSTEMS = {"indoor": "fittings", "facilities": "fittings", "outage": "fittings"}


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
                text="12 栋 1503 入户水表接头渗水,属给排水管道,在保修期内,请安排维修并告知上门时间。",
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
                text="8 栋 2 单元屋面防水层开裂,1102 卫生间渗水,请三日内到场维修。",
            ),
            do(15, "pause", "eng2", reason=Pause.Reason.THIRD_PARTY, until=ahead(days=2), note="等防水单位进场"),
            do(day(2, "09:10"), "note_warranty_call", "desk1", note="致电侯经理,称人手不足,未定时间。"),
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
                text="8 栋 1 单元 802 厨房插座回路断线,属电气管线,在保修期内,请安排维修。",
            ),
            do(
                *(day(2, "15:30"), "refuse_warranty", "desk2"),
                answer="现场看过,认为是业主装修改线造成,不予保修。",
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
                text="12 栋大堂门禁电源箱进水,属设备安装,在保修期内,请安排维修。",
            ),
            do(
                *(120, "accept_warranty", "desk2"),
                answer="明天上午派人。",
                answered_by="姚工",
                until=day(5, "12:00"),
            ),
            do(day(5, "11:20"), "finish_warranty", "desk2", note="更换防水电源箱,加装挡雨板。"),
            do(20, "resolve", "eng2", remedy="开发商售后已更换防水电源箱,门禁测试正常。"),
            do(40, "reply", "desk2", text="您好,门禁电源箱已由开发商免费更换,进出都正常了。感谢您的来电!"),
            do(day(4, "10:30"), "close", "desk2", grade=5),
        ),
    ),
]
