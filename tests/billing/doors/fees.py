"""Who may come in where: fees, tariffs, enrolments, shared costs and discounts. See tests/test_roles.py."""

from billing.urls import FEE_STEPS

SETTERS = {"finance", "admin"}
READERS = SETTERS | {"supervisor", "deputy_gm"}

ASKERS = {"cashier", "finance", "clerk"}
DECIDERS = {"supervisor", "deputy_gm"}

DOORS = {
    "billing:fees": READERS,
    "billing:fee": READERS,
    "billing:tariff": READERS,
    "billing:cost": READERS,
    "billing:enrolment": READERS,
    "billing:unit_fees": READERS,
    "billing:unit_enrol": SETTERS,
    "billing:fee_new": SETTERS,
    "billing:tariff_new": SETTERS,
    "billing:tariff_void": SETTERS,
    "billing:cost_void": SETTERS,
    "billing:end_enrolment": SETTERS,
    **dict.fromkeys([f"billing:{step}" for step in FEE_STEPS], SETTERS),
    "billing:discounts": ASKERS | DECIDERS,
    "billing:discount": ASKERS | DECIDERS,
    "billing:discount_photo": ASKERS | DECIDERS,
    "billing:discount_new": ASKERS,
    "billing:approve_discount": DECIDERS,
    "billing:refuse_discount": DECIDERS,
    "billing:withdraw_discount": ASKERS,
    "billing:end_discount": DECIDERS | {"finance"},
}
