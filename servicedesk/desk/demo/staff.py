"""Who works there: the ten demo logins and their colleagues, with roles, departments and a duty roster."""

from datetime import datetime, time, timedelta

from django.contrib.auth.hashers import make_password

from servicedesk import demo
from servicedesk.core import actions
from servicedesk.core.models import Membership, Role, User
from servicedesk.desk.demo.places import GARDEN, TOWER

# User name, full name, roles as (community, role, department).
PEOPLE = [
    ("desk1", "陈静", [(GARDEN, Role.CLERK, None), (TOWER, Role.CLERK, None)]),
    ("desk2", "孙悦", [(GARDEN, Role.CLERK, None)]),
    ("desk3", "何晓雯", [(TOWER, Role.CLERK, None)]),
    # Leaves within the week, see the stories.
    ("desk4", "方婷", [(GARDEN, Role.CLERK, None)]),
    ("sup1", "周敏", [(GARDEN, Role.SUPERVISOR, None), (TOWER, Role.SUPERVISOR, None)]),
    ("sup2", "沈立华", [(GARDEN, Role.SUPERVISOR, None), (TOWER, Role.SUPERVISOR, None)]),
    ("gm1", "郭建国", [(GARDEN, Role.DEPUTY_GM, None), (TOWER, Role.DEPUTY_GM, None)]),
    ("head1", "韩涛", [(GARDEN, Role.HEAD, "engineering"), (TOWER, Role.HEAD, "engineering")]),
    ("head2", "马振东", [(GARDEN, Role.HEAD, "security")]),
    ("eng1", "刘强", [(GARDEN, Role.WORKER, "engineering")]),
    ("eng2", "张磊", [(GARDEN, Role.WORKER, "engineering")]),
    ("eng3", "高峰", [(TOWER, Role.WORKER, "engineering")]),
    ("guard1", "马超", [(GARDEN, Role.WORKER, "security")]),
    ("guard2", "白雪松", [(GARDEN, Role.WORKER, "security"), (TOWER, Role.WORKER, "security")]),
    ("clean1", "郑秀英", [(GARDEN, Role.WORKER, "cleaning")]),
    ("clean2", "吴桂芳", [(TOWER, Role.WORKER, "cleaning")]),
    ("green1", "唐伯安", [(GARDEN, Role.WORKER, "greening")]),
    ("cash1", "李娜", [(GARDEN, Role.CASHIER, None), (TOWER, Role.CASHIER, None)]),
    ("fin1", "钱芳", [(GARDEN, Role.FINANCE, None), (TOWER, Role.FINANCE, None)]),
    ("admin1", "唐宁", [(GARDEN, Role.ADMIN, None), (TOWER, Role.ADMIN, None)]),
]
# Who is duty manager in turn; the deputy general manager takes the third day.
ROTA = ["sup1", "sup2", "gm1"]
SHIFT_STARTS = time(8, 30)
ROSTER_DAYS = 14
# A shift of the coming week that nobody has taken yet, so that the roster has a gap to warn of.
GAP_IN_DAYS = 5


def hire(garden, tower, now):
    """Make all accounts, roles and the roster of four weeks; return the people by user name."""
    communities = {GARDEN: garden, TOWER: tower}
    password = make_password(demo.PASSWORD)
    people = {}
    for username, name, roles in PEOPLE:
        user = User(username=username, name=name, surname=name[0], language="zh-hans", password=password)
        if username not in demo.LOGINS:
            user.set_unusable_password()
        if any(role == Role.ADMIN for _code, role, _department in roles):
            user.is_staff = user.is_superuser = True
        user.save(force_insert=True)
        people[username] = user
        for code, role, department in roles:
            community = communities[code]
            where = community.departments.get(code=department) if department else None
            Membership.objects.create(user=user, community=community, role=role, department=where)
    for community in (garden, tower):
        _fill_roster(community, people, now)
    return people


def part_with(user):
    """Take `user` out of use, as the administrator does for somebody who leaves."""
    user.is_active = False
    user.save(update_fields=["is_active"])


def _fill_roster(community, people, now):
    today = community.local(now).date()
    for day in range(-ROSTER_DAYS, ROSTER_DAYS + 1):
        if day == GAP_IN_DAYS and community.code == GARDEN:
            continue
        starts_at = datetime.combine(today + timedelta(days=day), SHIFT_STARTS, community.tz)
        actions.roster(
            community,
            user=people[ROTA[day % len(ROTA)]],
            starts_at=starts_at,
            ends_at=starts_at + timedelta(days=1),
            by=people["admin1"],
            now=now - timedelta(days=ROSTER_DAYS + 1),
        )
