"""The addresses of the register, subject by subject."""

from django.urls import path

from residents.views import (
    boards,
    credentials,
    gate,
    gate_cards,
    importing,
    key_loans,
    keys,
    meters,
    moving,
    person,
    register,
    releasing,
    rounds,
    route,
    visits,
)

app_name = "residents"

# What can be done with a set of keys, a loan of keys, a card: each an address behind that of the thing.
KEY_STEPS = [
    *("lend_keys", "ask_for_keys", "issue_keys", "take_back_keys"),
    *("receive_more_keys", "lose_keys", "find_keys", "destroy_keys"),
]
LOAN_STEPS = [
    *("approve_keys", "approve_keys_by_phone", "decline_keys", "hand_over_keys"),
    *("take_back_loan", "extend_loan", "lose_lent_keys", "tell_owner", "unmask_borrower"),
]
CARD_STEPS = [
    *("renew_credential", "lose_credential", "find_credential"),
    *("replace_credential", "return_credential", "void_credential"),
]
# One address for each step: moves/<pk>/<step>/, moves/slips/<pk>/<step>/.
MOVE_STEPS, SLIP_STEPS = moving.MOVE_STEPS, releasing.SLIP_STEPS

REGISTER = [
    path("residents/", register.people, name="people"),
    path("residents/new/", register.add, name="add"),
    path("residents/<int:pk>/", person.person, name="person"),
    path("residents/<int:pk>/papers/<word:name>", person.picture, name="picture"),
    *(path(f"residents/<int:pk>/{view.__name__}/", view, name=view.__name__) for view in person.STEPS),
]

METERS = [
    path("meters/", meters.meters, name="meters"),
    path("meters/add/", meters.meter_add, name="meter_add"),
    path("meters/rule/", meters.meter_rule, name="meter_rule"),
    path("meters/rounds/", rounds.rounds, name="rounds"),
    path("meters/rounds/<int:pk>/", rounds.reading_round, name="reading_round"),
    path("meters/rounds/<int:pk>/missed/", rounds.round_missed, name="round_missed"),
    path("meters/rounds/<int:pk>/close/", rounds.round_close, name="round_close"),
    path("meters/rounds/<int:pk>/entry/", rounds.round_entry, name="round_entry"),
    path("meters/rounds/<int:pk>/sheet/", rounds.round_sheet, name="round_sheet"),
    path("meters/rounds/<int:pk>/export/", rounds.round_export, name="round_export"),
    path("meters/readings/<int:pk>/void/", meters.reading_void, name="reading_void"),
    path("meters/readings/<int:pk>/confirm/", meters.reading_confirm, name="reading_confirm"),
    path("meters/<int:pk>/", meters.meter, name="meter"),
    path("meters/<int:pk>/read/", meters.meter_read, name="meter_read"),
    path("meters/<int:pk>/replace/", meters.meter_replace, name="meter_replace"),
    path("meters/<int:pk>/remove/", meters.meter_remove, name="meter_remove"),
    path("meters/<int:pk>/photo/<word:name>", meters.meter_photo, name="meter_photo"),
    path("m/meters/", route.route, name="route"),
    path("m/meters/<int:pk>/read/", route.route_read, name="route_read"),
    path("m/meters/<int:pk>/missed/", route.route_missed, name="route_missed"),
]

VISITS = [
    path("visits/", visits.plans, name="visits"),
    path("visits/new/", visits.plan_new, name="visit_plan_new"),
    path("visits/<int:pk>/", visits.plan_page, name="visit_plan"),
    path("visits/<int:pk>/change/", visits.plan_change, name="visit_plan_change"),
    path("visits/<int:pk>/appoint/", visits.appoint, name="visit_appoint"),
    path("visits/<int:pk>/sheet/", visits.visit_sheet, name="visit_sheet"),
    path("visits/<int:pk>/report/", visits.visit_report, name="visit_report"),
    path("m/visits/", visits.visit_round, name="visit_round"),
    path("m/visits/home/<int:pk>/", visits.visit_home, name="visit_home"),
]

SIGNS = [
    path("signs/", boards.boards, name="boards"),
    path("signs/new/", boards.board_add, name="board_add"),
    path("signs/<int:pk>/", boards.board, name="board"),
    path("signs/<int:pk>/change/", boards.board_change, name="board_change"),
    path("signs/<int:pk>/request/", boards.plate_request, name="plate_request"),
    path("signs/<int:pk>/print/", boards.board_print, name="board_print"),
    path("signs/printings/<int:pk>/", boards.board_printing, name="board_printing"),
    path("signs/plates/<int:pk>/", boards.plate, name="plate"),
    path("signs/plates/<int:pk>/approve/", boards.plate_approve, name="plate_approve"),
    path("signs/plates/<int:pk>/make/", boards.plate_make, name="plate_make"),
    path("signs/plates/<int:pk>/mount/", boards.plate_mount, name="plate_mount"),
    path("signs/plates/<int:pk>/ask-removal/", boards.plate_ask_removal, name="plate_ask_removal"),
    path("signs/plates/<int:pk>/keep/", boards.plate_keep, name="plate_keep"),
    path("signs/plates/<int:pk>/remove/", boards.plate_remove, name="plate_remove"),
    path("signs/plates/<int:pk>/withdraw/", boards.plate_withdraw, name="plate_withdraw"),
    path("signs/plates/<int:pk>/photos/<word:name>/", boards.plate_photo, name="plate_photo"),
]

MOVES = [
    path("moves/", moving.moves, name="moves"),
    path("moves/book/", moving.move_book, name="move_book"),
    path("moves/<int:pk>/", moving.move, name="move"),
    *(path(f"moves/<int:pk>/{v.__name__}/", v, name=f"move_{v.__name__}") for v in MOVE_STEPS),
    path("moves/rules/", moving.move_rules, name="move_rules"),
    path("moves/lifts/", moving.lift_add, name="lift_add"),
    path("moves/lifts/<int:pk>/", moving.lift_switch, name="lift_switch"),
    path("moves/slips/", releasing.slips, name="slips"),
    path("moves/slips/ask/", releasing.slip_ask, name="slip_ask"),
    path("moves/slips/week/", releasing.slips_week, name="slips_week"),
    path("moves/slips/export/", releasing.slips_export, name="slips_export"),
    path("moves/slips/<int:pk>/", releasing.slip, name="slip"),
    path("moves/slips/<int:pk>/print/", releasing.slip_print, name="slip_print"),
    *(path(f"moves/slips/<int:pk>/{v.__name__}/", v, name=f"slip_{v.__name__}") for v in SLIP_STEPS),
    path("m/gate/", gate.gate, name="gate"),
    path("m/gate/slip/<int:pk>/", gate.gate_slip, name="gate_slip"),
    path("m/gate/slip/<int:pk>/pass/", gate.gate_pass, name="gate_pass"),
    path("m/gate/slip/<int:pk>/differs/", gate.gate_differs, name="gate_differs"),
    path("m/gate/slip/<int:pk>/away/", gate.gate_away, name="gate_away"),
    path("m/gate/slip/<int:pk>/undo/", gate.gate_undo, name="gate_undo"),
    path("m/gate/<word:token>/", gate.gate_scan, name="gate_scan"),
]

KEYS = [
    path("keys/", keys.keys, name="keys"),
    path("keys/cabinet/", keys.cabinet, name="cabinet"),
    path("keys/ledger/", keys.ledger, name="ledger"),
    path("keys/new/", keys.receive_keys, name="receive_keys"),
    path("keys/<int:pk>/", keys.key_set, name="key_set"),
    *[path(f"keys/<int:pk>/{step}/", getattr(keys, step), name=step) for step in KEY_STEPS],
    path("keys/receipt/<int:pk>/", keys.key_receipt, name="key_receipt"),
    path("keys/loans/<int:pk>/", key_loans.key_loan, name="key_loan"),
    *[path(f"keys/loans/<int:pk>/{step}/", getattr(key_loans, step), name=step) for step in LOAN_STEPS],
    path("keys/loans/<int:pk>/slip/", key_loans.key_slip, name="key_slip"),
    path("cards/", credentials.cards, name="cards"),
    path("cards/new/", credentials.issue_credential, name="issue_credential"),
    path("cards/<int:pk>/", credentials.card, name="card"),
    *[path(f"cards/<int:pk>/{step}/", getattr(credentials, step), name=step) for step in CARD_STEPS],
    path("cards/<int:pk>/print/", credentials.card_print, name="card_print"),
    path("m/cards/", gate_cards.gate_cards, name="gate_cards"),
    path("m/keys/", gate_cards.gate_keys, name="gate_keys"),
]

IMPORTS = [
    path("import/", importing.imports, name="imports"),
    path("import/upload/", importing.upload, name="import_upload"),
    path("import/template/<slug:target>/", importing.template, name="import_template"),
    path("import/<int:pk>/", importing.run, name="import_run"),
    path("import/<int:pk>/sheet/", importing.sheet, name="import_sheet"),
    path("import/<int:pk>/map/", importing.map_columns, name="import_map"),
    path("import/<int:pk>/check/", importing.check, name="import_check"),
    path("import/<int:pk>/start/", importing.start, name="import_start"),
    path("import/<int:pk>/stop/", importing.stop, name="import_stop"),
    path("import/<int:pk>/go-on/", importing.go_on, name="import_go_on"),
    path("import/<int:pk>/undo/", importing.undo, name="import_undo"),
    path("import/<int:pk>/progress/", importing.progress, name="import_progress"),
    path("import/<int:pk>/faults/", importing.fault_list, name="import_faults"),
]

urlpatterns = [*REGISTER, *METERS, *VISITS, *SIGNS, *MOVES, *KEYS, *IMPORTS]
