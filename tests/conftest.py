"""The cast, the same in every test: Lin lives in 3-2-1201, Wu next door; Chen is at the desk, Zhou supervises, Guo is
the deputy general manager, Liu mends under Han, Ma patrols, Li Na takes the money, Tang administers."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from servicedesk.core.models import Role
from tests import factories

# TRUNCATE is refused by the tables that only grow, and is what empties the database after a test with real commits.
GROWING = [
    "core_event",
    "complaints_call",
    "complaints_case",
    "complaints_dayclose",
    "complaints_explanation",
    "complaints_report",
    "complaints_cycle",
    "complaints_escalation",
    "complaints_incomingletter",
    "complaints_pause",
    "complaints_proposal",
    "complaints_quote",
    "complaints_work",
    "complaints_materialuse",
    "complaints_rating",
    "complaints_reply",
    "complaints_returnvisit",
    "complaints_incident",
    "complaints_surveyanswer",
    "complaints_callertold",
    "complaints_datarequest",
    "complaints_externalcase",
    "complaints_replyletter",
    "complaints_warrantyclaim",
    "complaints_outsideparty",
    "complaints_problemfinding",
    "complaints_problemproposal",
    "complaints_problemreport",
    "residents_contact",
    "residents_identitycopy",
    "residents_vehicle",
    "residents_meter",
    "residents_reading",
    "residents_readinground",
    "residents_missedreading",
    "residents_homevisit",
    "residents_visitneed",
    "residents_plate",
    "residents_boardprinting",
    "complaints_needcase",
    "residents_movebooking",
    "residents_releaseslip",
    "residents_releaseitem",
    "residents_keyset",
    "residents_keyloan",
    "residents_keymove",
    "residents_credential",
    "residents_importrun",
    "residents_openingbalance",
    *(f"billing_{name}" for name in ("allocation", "ledgerentry", "ledgerline", "refund", "runtariff", "tarifftier")),
    "billing_monthclose",
    "billing_statement",
    "billing_statementline",
    *(f"billing_{name}" for name in ("waiver", "bill", "billrun", "deposit", "discount", "enrolment", "exemption")),
    *(f"billing_{name}" for name in ("fee", "moneyrequest", "payment", "receipt", "sharedcost", "shift", "tariff")),
    *(f"billing_{name}" for name in ("dunningrule", "arrearscase", "dunningstep", "promisetopay", "dispute")),
    *(f"billing_{name}" for name in ("lateclause", "demandletter", "demandline", "limitationalarm")),
    *(f"residents_{name}" for name in ("handover", "handovertask", "handoveritem", "document", "agreement", "defect")),
]


def pytest_configure(config):
    """Serve static files from where they lie: no test needs them collected, hashed and compressed."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.WHITENOISE_AUTOREFRESH = True
    for name in ("default", "shared"):
        settings.CACHES[name] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker):
    """Make the test database whatever tests are asked for: pytest-django makes none for those that only hold a fixture
    of a wider scope, like the furnished house of tests/browser, and these would write into the real one."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
        with connection.cursor() as cursor:
            for table in GROWING:
                name = "event_no_truncate" if table == "core_event" else f"{table}_no_truncate"
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def nothing_remembered(settings, tmp_path):
    """No calendar, cache or file of one test reaches another."""
    factories.forget_calendars()
    cache.clear()
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATA_DIR = tmp_path


@pytest.fixture
def yunhu(db):
    """The community in which nearly everything happens."""
    return factories.community()


@pytest.fixture
def other(db):
    """A second community that nobody of the first may see."""
    return factories.community("LY", "柳岸家园")


@pytest.fixture
def home(yunhu):
    return factories.unit(yunhu, "3-2-1201")


@pytest.fixture
def lin(home):
    """Lin Xiaomei, owner of 3-2-1201."""
    return factories.resident(home, "林晓梅", "13800001234")


@pytest.fixture
def wu(yunhu):
    """Wu Gang, next door."""
    return factories.resident(factories.unit(yunhu, "3-2-1202"), "吴刚", "13900005678")


@pytest.fixture
def chen(yunhu):
    return factories.staff("chen", "陈静", Role.CLERK, community=yunhu)


@pytest.fixture
def zhou(yunhu):
    return factories.staff("zhou", "周敏", Role.SUPERVISOR, community=yunhu)


@pytest.fixture
def guo(yunhu):
    return factories.staff("guo", "郭建国", Role.DEPUTY_GM, community=yunhu)


@pytest.fixture
def han(yunhu):
    """Head of engineering."""
    return factories.staff("han", "韩涛", Role.HEAD, community=yunhu, department="engineering")


@pytest.fixture
def liu(yunhu):
    """A worker of engineering."""
    return factories.staff("liu", "刘强", Role.WORKER, community=yunhu, department="engineering")


@pytest.fixture
def ma(yunhu):
    """A worker of security."""
    return factories.staff("ma", "马超", Role.WORKER, community=yunhu, department="security")


@pytest.fixture
def li_na(yunhu):
    return factories.staff("li_na", "李娜", Role.CASHIER, community=yunhu)


@pytest.fixture
def qian(yunhu):
    """Finance."""
    return factories.staff("qian", "钱芳", Role.FINANCE, community=yunhu)


@pytest.fixture
def tang(yunhu):
    return factories.staff("tang", "唐宁", Role.ADMIN, community=yunhu)


@pytest.fixture
def stranger(other):
    """A clerk of the other community."""
    return factories.staff("stranger", "钱进", Role.CLERK, community=other)


@pytest.fixture
def office(chen, zhou, guo, han, liu):
    """Everybody a case may meet."""
    return {"clerk": chen, "supervisor": zhou, "deputy_gm": guo, "head": han, "worker": liu}


@pytest.fixture
def web_case(yunhu, office):
    """What Lin sent by the web form on Monday at nine; nobody has taken it."""
    return factories.case(yunhu, by=None)


@pytest.fixture
def taken_case(yunhu, office, chen):
    """What Chen took on the telephone on Monday at nine."""
    return factories.case(yunhu, by=chen)


@pytest.fixture
def handed_case(taken_case, yunhu, chen):
    from complaints import actions

    actions.hand_over(taken_case, department=yunhu.departments.get(code="engineering"), by=chen, now=factories.MONDAY)
    return factories.fresh(taken_case)


@pytest.fixture
def case_in_hand(handed_case, liu):
    from complaints import actions

    actions.accept(handed_case, by=liu, now=factories.MONDAY)
    return factories.fresh(handed_case)


@pytest.fixture
def resolved_case(case_in_hand, liu):
    from complaints import actions

    actions.resolve(case_in_hand, by=liu, now=factories.MONDAY, remedy="更换水管接头")
    return factories.fresh(case_in_hand)
