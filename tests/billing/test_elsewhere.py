"""Another community's row is nowhere: every address of fees that names one row answers 404, and writes nothing."""

import pytest
from django.urls import reverse

from billing import actions
from billing.access import by_code
from billing.urls import (
    DEPOSIT_STEPS,
    DISCOUNT_STEPS,
    FEE_STEPS,
    LINE_STEPS,
    REQUEST_STEPS,
    STEPS_AGAINST_ARREARS,
    urlpatterns,
)
from tests.billing.world import World, changed, everything
from tests.factories import MONDAY

# Which row stands in the address, by the names of the addresses.
NAMES = {
    "unit": ["unit_fees", "unit_enrol", "take", "take_preview", "arrears_of"],
    "occupancy": ["give_code"],
    "run": ["run", "run_progress", "run_stop", "run_go_on", "run_left_out", "run_print"],
    "bill": ["bill", "bill_replace", "request_void", "request_waiver", "p_bill"],
    "receipt": ["request_reversal", "receipt", "receipt_printed", "receipt_print", "receipt_mail", "p_receipt"],
    "payment": ["request_refund"],
    "settlement": ["settlement"],
    "deposit": [
        "request_deduction",
        "request_deposit_refund",
        "deposit",
        "deposit_slip",
        "deposit_settlement",
        "deposit_photo",
    ],
    "request": ["request", "request_slip"],
    "statement": [
        "statement",
        "statement_columns",
        "statement_heading",
        "statement_faults",
        "take_statement",
        "give_up_statement",
    ],
    "line": ["statement_line", *LINE_STEPS],
    "fee": ["fee", "tariff_new"],
    "tariff": ["tariff", "tariff_void"],
    "cost": ["cost", "cost_void"],
    "enrolment": ["enrolment", "end_enrolment"],
    "discount": ["discount", "discount_photo"],
    "shift": ["shift", "close_shift", "close_for_other", "shift_print"],
    "rule": ["rule", "set_rule"],
    "dispute": ["dispute", "end_dispute"],
    "clause": ["clause", "end_clause", "void_clause"],
    "letter": ["demand_letter", "deliver_letter", "demand_paper", "demand_bundle"],
}
STEPS = {
    "deposit": DEPOSIT_STEPS,
    "request": REQUEST_STEPS,
    "discount": DISCOUNT_STEPS,
    "fee": FEE_STEPS,
    "unit": [step.__name__ for step in STEPS_AGAINST_ARREARS],
}
ROW_OF = {name: row for table in (NAMES, STEPS) for row, names in table.items() for name in names}
# What only has to be there, so that the row is looked for.
TYPED = {
    "version": 0,
    "reason": "核对",
    "note": "核对",
    "amount": "5",
    "evidence": "x",
    "kind": "phone",
    "do": "record",
}


def with_a_key():
    return {one.name: one.pattern.converters for one in urlpatterns if "pk" in one.pattern.converters}


def address(name, pk):
    others = {"name": "x.jpg"} if "name" in with_a_key()[name] else {}
    return reverse(f"billing:{name}", kwargs={"pk": pk, **others})


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)


def sign_in(client, world):
    """Let the browser be that of somebody who may do everything, and the phone of a resident with a code as well."""
    client.force_login(world.by)
    access = by_code(actions.give_access(world.rows["occupancy"], by=world.by, now=MONDAY), MONDAY)
    actions.use_access(access, now=MONDAY)
    session = client.session
    session["bills"] = access.pk
    session.save()


def test_every_address_with_a_key_is_in_the_table():
    assert set(with_a_key()) == set(ROW_OF)


@pytest.mark.django_db
def test_a_row_of_another_community_is_nowhere_and_stays_as_it_is(client, yunhu, other):
    here, there = World(yunhu), World(other)
    sign_in(client, here)
    before, wrong = everything(), []
    for name, row in ROW_OF.items():
        for method in (client.get, client.post):
            answer = method(address(name, there.rows[row].pk), TYPED)
            # A door that takes the one method only says so before it looks.
            if answer.status_code not in (404, 405):
                wrong.append((name, method.__name__, answer.status_code))
    assert wrong == []
    assert changed(before) == []


@pytest.mark.django_db
def test_the_same_addresses_show_what_is_ones_own(client, yunhu):
    """The table can fail: of what is here nothing is nowhere."""
    here = World(yunhu)
    sign_in(client, here)
    missing = []
    for name, row in ROW_OF.items():
        if name.endswith("_photo"):
            continue
        answers = {client.get(address(name, here.rows[row].pk)).status_code}
        if answers == {405}:
            answers = {client.post(address(name, here.rows[row].pk)).status_code}
        if answers & {404}:
            missing.append(name)
    assert missing == []
