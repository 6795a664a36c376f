"""Two files that the administrator brought: what homes owed when the books were taken over, and one that waits.

The second has rows that are refused, so that the list of what was noticed can be seen and the import be tried.
"""

from datetime import timedelta

from django.core.files.base import ContentFile

from residents import actions
from residents.imports import mapping
from residents.imports.registry import TARGETS
from residents.models import ImportRun, Unit

OWED = ("356.40", "712.80", "1069.20", "178.20", "0", "534.60")
HEADING = "房号,费用项目,欠费金额,截止日期"


def bring(garden, people, now):
    """Import the opening balances of some homes, and leave a list of new homes checked."""
    rooms = list(Unit.objects.filter(community=garden).order_by("label").values_list("label", flat=True)[: len(OWED)])
    day = (now - timedelta(days=30)).date().isoformat()
    owed = [HEADING, *(f"{room},物业服务费,{amount},{day}" for room, amount in zip(rooms, OWED, strict=True))]
    by, begun = people["admin1"], now - timedelta(days=6)
    balances = _checked(garden, ImportRun.Target.BALANCES, "期初欠费.csv", owed, by, begun)
    actions.start_import(balances, only_good=False, by=by, now=begun)
    actions.work_on_import(balances.pk, now=begun)
    homes = ["楼栋,单元,房号,楼层,建筑面积"]
    homes += [f"9,1,{floor}0{place},{floor},{86 + place}.50" for floor in range(1, 7) for place in (1, 2)]
    homes += ["9,1,701,7层,88㎡", "9,1,702,七,88.50", "9,1,,7,88.50", "9,1,801,8,八十八"]
    _checked(garden, ImportRun.Target.UNITS, "9栋房屋.csv", homes, by, now - timedelta(hours=2))


def _checked(garden, target, name, lines, by, now):
    """Return the run of a file that has been uploaded, mapped by its headings and checked."""
    upload = ContentFile("\n".join(lines).encode(), name=name)
    run = actions.upload_register(garden, target=target, upload=upload, by=by, now=now)
    actions.map_columns(run, chosen=mapping.guess(TARGETS[target], run.header), by=by, now=now)
    actions.check_import(run, by=by, now=now)
    actions.work_on_import(run.pk, now=now)
    return run
