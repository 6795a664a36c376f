"""Who may come in where: one table, role × address. An address that is missing from it fails."""

import uuid
from datetime import date

import pytest
from django.urls import URLPattern, get_resolver, reverse

from complaints.models import Draft
from complaints.urls import (
    JOB_STEPS,
    LETTER_STEPS,
    PARTS,
    PERSON_PARTS,
    PERSON_WAYS,
    SETTING_PAGES,
    SETTINGS,
    STEPS,
    WAYS,
)
from residents.urls import CARD_STEPS, KEY_STEPS, LOAN_STEPS, MOVE_STEPS, SLIP_STEPS
from residents.views.person import STEPS as REGISTER_STEPS
from servicedesk.core.models import CalendarDay, DutyShift, Role, ServiceHours
from tests.billing.doors import DOORS
from tests.factories import MONDAY, case, on_duty, resident, staff, unit
from tests.test_house import OURS

pytestmark = pytest.mark.django_db

# The columns: everybody who may knock. "left" is a member of staff who was disabled.
HOLDERS = ("clerk", "supervisor", "deputy_gm", "head", "worker", "cashier", "finance", "admin")
ACTORS = ["anonymous", *HOLDERS, "none", "left"]

STAFF = {"clerk", "supervisor", "deputy_gm", "head", "worker"}
OFFICE = {"clerk", "supervisor", "deputy_gm"}
DESK = {"clerk", "supervisor"}
ANY = STAFF | {"cashier", "finance", "admin", "none"}
LOOKERS = {"supervisor", "admin"}
COURTESY = ("phrase", "taboo", "template")
EVERYBODY = ANY | {"anonymous", "left"}

# A Monday, and the first day of a month.
BOTH = date(2025, 9, 1)

# address: who comes in. Who does not is sent to sign in or told 401 (anonymous, left), or told 403 (signed in).
TABLE = {
    "core:root": EVERYBODY,
    "core:home": ANY,
    "core:inbox": ANY,
    "core:read_inbox": ANY,
    "core:open_message": ANY,
    "core:roster": {"supervisor", "admin"},
    "core:end_shift": {"supervisor", "admin"},
    "complaints:calendar": {"admin"},
    "complaints:set_day": {"admin"},
    "complaints:unset_day": {"admin"},
    "complaints:open_hours": {"admin"},
    "complaints:close_hours": {"admin"},
    "core:history": {"supervisor", "deputy_gm", "admin"},
    "core:admin_login": set(),  # only who has the admin, whatever their role: tests/core/test_admin.py
    "core:profile": ANY,
    "core:theme": ANY,
    "core:switch": ANY,
    "core:alive": ANY,
    "core:lock": ANY,
    "core:unlock": ANY,
    "core:elder": EVERYBODY,
    "core:styleguide": ANY,
    "core:healthz": EVERYBODY,
    "desk:intake": DESK,
    "desk:find": DESK,
    "desk:pick": DESK,
    "desk:preview": DESK,
    "desk:draft": DESK,
    "desk:forget_draft": DESK,
    "desk:unmask": DESK,
    "desk:slip": DESK,
    "desk:units": OFFICE,
    "desk:unit": OFFICE,
    "desk:unit_file": OFFICE,
    **dict.fromkeys([f"complaints:{view.__name__}" for view in STEPS], STAFF),
    **dict.fromkeys([f"complaints:{view.__name__}" for view in LETTER_STEPS], STAFF),
    "complaints:letter": STAFF,
    "complaints:letter_print": STAFF,
    **dict.fromkeys([f"complaints:job_{view.__name__}" for view in JOB_STEPS], STAFF),
    **{f"complaints:{way}{part and '_'}{part}": EVERYBODY for way in WAYS for part in [*PARTS, "photo"]},
    "complaints:home_public": EVERYBODY,
    "complaints:public": EVERYBODY,
    "complaints:report_step": EVERYBODY,
    "complaints:report_photo": EVERYBODY,
    "complaints:track_by_code": EVERYBODY,
    "complaints:closing_sheet": OFFICE,
    "complaints:closeout": {"supervisor", "deputy_gm"},
    "complaints:closeout_print": {"supervisor", "deputy_gm"},
    "complaints:sign_day": {"supervisor"},
    "complaints:unrecorded": {"supervisor", "deputy_gm"},
    "complaints:reports": {"supervisor", "deputy_gm"},
    **{
        f"complaints:{span}_{part}": {"supervisor", "deputy_gm"}
        - {"sign": {"deputy_gm"}, "read": {"supervisor"}}.get(part, set())
        for span in ("week", "month")
        for part in ("report", "sign", "read", "print", "excel")
    },
    "complaints:settings": {"admin"},
    **{f"complaints:setting_{what}": {"admin"} for what in SETTING_PAGES},
    **{f"complaints:{one}{end}": {"admin"} for one in SETTINGS.values() for end in ("", "_list", "_add", "_switch")},
    **{
        f"complaints:{way}{part and '_'}{part}": {"supervisor", "deputy_gm"}
        for way in PERSON_WAYS
        for part in PERSON_PARTS
    },
    "complaints:people": {"supervisor", "deputy_gm"},
    "complaints:data_request": {"supervisor", "deputy_gm"},
    "complaints:retention": {"admin"},
    "complaints:set_retention": {"admin"},
    "complaints:case_file": STAFF,
    "complaints:list": STAFF,
    "complaints:export": OFFICE,
    "complaints:callbacks": OFFICE,
    "complaints:callback": OFFICE,
    "complaints:save_callback": OFFICE,
    "complaints:rain": DESK,
    **{f"complaints:{one}s": OFFICE for one in COURTESY},
    **{f"complaints:{one}{end}": {"supervisor"} for one in COURTESY for end in ("", "_add", "_switch")},
    **dict.fromkeys(["complaints:mail", "complaints:mail_print", "complaints:mail_export"], OFFICE),
    **dict.fromkeys([f"complaints:{name}" for name in ("calls", "call_enter", "call", "call_begin")], DESK),
    "complaints:mine": OFFICE,
    "complaints:mail_enter": DESK,
    "complaints:incoming": OFFICE,
    "complaints:courtesy_card": OFFICE,
    "complaints:courtesy_check": STAFF,
    **dict.fromkeys(["complaints:incidents", "complaints:incident"], STAFF),
    **dict.fromkeys([f"complaints:{name}_incident" for name in ("new", "change", "end")], STAFF - {"deputy_gm"}),
    **dict.fromkeys(["complaints:move_incident_end", "complaints:answer_callers"], STAFF - {"deputy_gm"}),
    **dict.fromkeys(["complaints:warranty", "complaints:warranty_letter"], STAFF),
    **{f"complaints:{name}": {"supervisor", "admin"} for name in ("parties", "acceptance")},
    **{f"complaints:party{end}": {"supervisor", "admin"} for end in ("", "_add", "_switch")},
    **dict.fromkeys([f"complaints:problems{end}" for end in ("", "_of", "_print", "_excel")], OFFICE),
    "complaints:problem": OFFICE,
    **{f"complaints:{name}": {"supervisor", "deputy_gm"} for name in ("problems_sign", "remedy_send", "remedy_drop")},
    **dict.fromkeys([f"complaints:remedy_{end}" for end in ("propose", "answer", "finish")], DESK),
    "complaints:problem_change": DESK,
    "complaints:surveys": OFFICE,
    "complaints:survey_new": {"supervisor"},
    "complaints:survey_change": {"supervisor"},
    "complaints:survey": OFFICE,
    "complaints:survey_sheet": DESK,
    "complaints:survey_enter": DESK,
    "complaints:survey_answer": EVERYBODY,
    **dict.fromkeys([f"residents:visit_{name}" for name in ("plan", "sheet", "report")], OFFICE),
    **dict.fromkeys([f"residents:visit_{name}" for name in ("plan_new", "plan_change", "appoint")], DESK),
    **dict.fromkeys(["residents:visit_round", "residents:visit_home"], STAFF - {"deputy_gm"}),
    **dict.fromkeys(["desk:needs", "desk:visit", "desk:visit_photo"], STAFF),
    **dict.fromkeys([f"desk:{name}" for name in ("need_answer", "need_reopen")], STAFF - {"deputy_gm"}),
    **dict.fromkeys(["desk:visit_cancel", "desk:visit_need"], STAFF - {"deputy_gm"}),
    "desk:need_case": DESK,
    **dict.fromkeys(["residents:visits", "residents:boards", "residents:board", "residents:board_printing"], OFFICE),
    **{f"residents:{name}": {"supervisor"} for name in ("board_add", "board_change", "plate_approve")},
    **dict.fromkeys(["residents:plate", "residents:plate_photo"], OFFICE),
    **dict.fromkeys(["residents:board_print", "residents:plate_request"], DESK),
    **{f"residents:plate_{step}": DESK for step in ("make", "mount", "ask_removal", "keep", "remove", "withdraw")},
    "complaints:jobs": {"head", "worker"},
    "complaints:job": STAFF,
    "complaints:job_print": STAFF,
    **dict.fromkeys(["residents:meters", "residents:meter", "residents:rounds", "residents:reading_round"], STAFF),
    **dict.fromkeys(["residents:meter_photo", "residents:round_sheet", "residents:reading_void"], STAFF),
    **{f"residents:{name}": {"clerk", "head", "worker"} for name in ("meter_read", "round_entry")},
    **{f"residents:meter_{step}": {"clerk", "supervisor", "head"} for step in ("add", "replace", "remove")},
    "residents:meter_rule": {"supervisor", "admin"},
    "residents:round_missed": STAFF - {"deputy_gm"},
    "residents:round_close": {"clerk", "supervisor", "head"},
    "residents:round_export": OFFICE,
    "residents:reading_confirm": {"supervisor"},
    **{f"residents:route{end}": {"head", "worker"} for end in ("", "_read", "_missed")},
    **dict.fromkeys([f"residents:{name}" for name in ("keys", "cabinet", "ledger", "key_set", "key_loan")], OFFICE),
    **dict.fromkeys(
        [f"residents:{name}" for name in ("key_slip", "key_receipt", "cards", "card", "card_print")], OFFICE
    ),
    **dict.fromkeys([f"residents:{step}" for step in [*KEY_STEPS, *LOAN_STEPS, *CARD_STEPS]], DESK),
    **dict.fromkeys(["residents:receive_keys", "residents:issue_credential"], DESK),
    # The workers here are of engineering; those of security come in: tests/residents/test_cards.py.
    **dict.fromkeys(["residents:gate_cards", "residents:gate_keys"], OFFICE),
    **dict.fromkeys([f"residents:import{e}" for e in ("s", "_run", "_progress", "_faults", "_template")], LOOKERS),
    **{
        f"residents:import_{step}": {"admin"}
        for step in ("upload", "sheet", "map", "check", "start", "stop", "go_on", "undo")
    },
    "desk:board": OFFICE,
    "desk:bulk": OFFICE,
    "desk:approvals": {"supervisor", "deputy_gm"},
    "desk:undo": ANY,
    "desk:search": STAFF,
    **dict.fromkeys(["residents:moves", "residents:move", "residents:slips", "residents:slip"], OFFICE),
    **dict.fromkeys([f"residents:slip{end}" for end in ("_print", "s_week", "s_export")], OFFICE),
    **dict.fromkeys(["residents:move_book", "residents:slip_ask"], DESK),
    **dict.fromkeys([f"residents:move_{view.__name__}" for view in MOVE_STEPS], DESK),
    **dict.fromkeys([f"residents:slip_{view.__name__}" for view in SLIP_STEPS], DESK),
    **{f"residents:slip_{step}": {"supervisor", "deputy_gm"} for step in ("approve", "refuse")},
    **{f"residents:{name}": {"supervisor", "admin"} for name in ("move_rules", "lift_add", "lift_switch")},
    # The guards alone, who are workers of the security department: tests/residents/test_gate.py.
    **{f"residents:gate{end}": set() for end in ("", "_scan", "_slip", "_pass", "_differs", "_away", "_undo")},
    # The head and the worker of these tests are of engineering, who look at facilities and meters.
    **dict.fromkeys(
        [f"desk:{name}" for name in ("moveins", "movein", "moveouts", "moveout", "defects", "defect")], STAFF
    ),
    **dict.fromkeys([f"desk:{name}" for name in ("movein_task", "moveout_task", "defect_file")], STAFF),
    **dict.fromkeys([f"desk:move_{paper}" for paper in ("sheet", "keys", "handbook", "certificate")], STAFF),
    **dict.fromkeys([f"desk:{name}" for name in ("movein_new", "moveout_new", "move_find")], DESK),
    **dict.fromkeys([f"desk:move_{step}" for step in ("complete", "rebook", "cancel")], DESK),
    **dict.fromkeys(["desk:task_excuse", "desk:defect_promise", "desk:defect_inspect", "desk:defect_void"], DESK),
    **dict.fromkeys(["desk:task_reopen", "desk:move_defect", "desk:defect_photo"], STAFF - {"deputy_gm"}),
    **{key: {"supervisor", "admin"} for key in ["desk:facilities", "desk:facilities_fill", "desk:facility_switch"]},
    "complaints:case": STAFF,
    "residents:people": OFFICE | {"cashier"},
    "residents:person": OFFICE | {"cashier"},
    **dict.fromkeys(["residents:add", "residents:picture"], OFFICE),
    **dict.fromkeys([f"residents:{step.__name__}" for step in REGISTER_STEPS], OFFICE),
    **{f"desk:{name}": {"supervisor", "deputy_gm"} for name in ("duplicates", "merge_people")},
    **DOORS,
    "complaints:presence": STAFF,
    "complaints:photo": STAFF,
    **DOORS,
}


@pytest.fixture
def actors(yunhu):
    """One person for each column."""
    people = {
        role: staff(
            f"{role}_1",
            f"演员{role}",
            Role(role),
            community=yunhu,
            department="engineering" if role in ("head", "worker") else None,
        )
        for role in HOLDERS
    }
    people["none"] = staff("none_1", "新人")
    people["left"] = staff("left_1", "离职", Role.CLERK, community=yunhu, is_active=False)
    return people


@pytest.fixture
def places(yunhu, actors):
    """What stands in the addresses: things of this community that everybody in the office may see."""
    home = unit(yunhu)
    person = resident(home, "林晓梅", "13800001234")
    seen = case(yunhu, by=actors["clerk"], unit=home)
    return {
        "number": seen.number,
        "name": "x.jpg",
        "pk": 0,
        "token": "x" * 32,
        "key": uuid.uuid4(),
        "step": 1,
        "batch": "x",
        "person": person.pk,
        "keep": person.pk,
        "drop": 0,
        "date": MONDAY.date(),
        "starts_on": BOTH,
        "month": BOTH,
        "target": "units",
        "kind": "papers",
    }


def addresses():
    """Return {name: names of its arguments} of every address of ours."""
    found = {}

    def walk(patterns, namespace):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                if pattern.callback.__module__.split(".")[0] in OURS:
                    found[f"{namespace}{pattern.name}"] = list(pattern.pattern.converters)
            elif pattern.app_name != "admin":
                walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)

    walk(get_resolver().url_patterns, "")
    return found


def test_every_address_is_in_the_table():
    assert set(addresses()) - set(TABLE) == set()
    assert set(TABLE) - set(addresses()) == set()


@pytest.mark.parametrize("actor", ACTORS)
def test_who_comes_in(client, actors, places, actor):
    """A step on a case that this person may not take now is refused on the case's own page: that is inside."""
    if actor != "anonymous":
        client.force_login(actors[actor])
    wrong = []
    # What locks the session comes last.
    for name, arguments in sorted(addresses().items(), key=lambda address: "lock" in address[0]):
        url = reverse(name, kwargs={argument: places[argument] for argument in arguments})
        for method in (client.get, client.post):
            if actor != "anonymous" and "lock" in name:
                client.force_login(actors[actor])
            answer = method(url)
            assert answer.status_code < 500, name
            turned_away = answer.status_code in (401, 403) and places["number"] not in answer.text
            came_in = not turned_away and not sent_to_sign_in(answer)
            if answer.status_code != 405 and came_in != (actor in TABLE[name]):
                wrong.append((name, method.__name__, answer.status_code))
    assert wrong == []


def sent_to_sign_in(answer):
    return answer.status_code == 302 and "/accounts/login/" in answer["Location"]


def test_the_table_bites(client, actors, places):
    client.force_login(actors["cashier"])
    assert client.get(reverse("desk:intake")).status_code == 403


ABOUT_A_CASE = [name for name, arguments in sorted(addresses().items()) if "number" in arguments]


@pytest.mark.parametrize("name", ABOUT_A_CASE)
def test_a_case_of_another_community_is_nowhere(client, yunhu, actors, other, places, name):
    stranger = staff("stranger", "钱进", Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, community=other)
    arguments = {argument: places[argument] for argument in addresses()[name]}
    client.force_login(stranger)
    for method in (client.get, client.post):
        assert method(reverse(name, kwargs=arguments)).status_code in (404, 405), name


@pytest.mark.parametrize("model", [DutyShift, CalendarDay, ServiceHours])
def test_a_row_of_another_community_is_nowhere(client, yunhu, other, actors, model):
    doors = {
        DutyShift: ("core:end_shift", lambda: on_duty(other, actors["supervisor"])),
        CalendarDay: (
            "complaints:unset_day",
            lambda: CalendarDay.objects.create(community=other, date=MONDAY, kind="rest"),
        ),
        ServiceHours: ("complaints:close_hours", lambda: ServiceHours.objects.filter(community=other).first()),
    }
    name, make = doors[model]
    row = make()
    client.force_login(actors["admin"])
    assert client.post(reverse(name, args=[row.pk])).status_code == 404
    assert model.objects.filter(pk=row.pk).exists()


def test_every_post_needs_the_token_of_our_own_form(actors, places):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(actors["supervisor"])
    for name, arguments in addresses().items():
        answer = client.post(reverse(name, kwargs={argument: places[argument] for argument in arguments}))
        assert answer.status_code in (403, 405), f"{name} takes a post without a token"


def test_no_get_writes(client, actors, places, django_assert_num_queries):
    from django.db import connection

    client.force_login(actors["supervisor"])
    client.get(reverse("core:home"))

    written = []

    def watch(execute, sql, params, many, context):
        if sql.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE") and "django_session" not in sql:
            written.append(sql)
        return execute(sql, params, many, context)

    for name, arguments in addresses().items():
        if name == "complaints:public":
            continue  # begins a draft, which is the visitor's own
        with connection.execute_wrapper(watch):
            client.get(reverse(name, kwargs={argument: places[argument] for argument in arguments}))
    assert written == []
    assert Draft.objects.count() == 0
