from django.urls import path

from residents.views import meters, person, register, rounds, route
from residents.views import boards, visits

app_name = "residents"

urlpatterns = [
    path("residents/", register.people, name="people"),
    path("residents/new/", register.add, name="add"),
    path("residents/<int:pk>/", person.person, name="person"),
    path("residents/<int:pk>/papers/<word:name>", person.picture, name="picture"),
    *(path(f"residents/<int:pk>/{view.__name__}/", view, name=view.__name__) for view in person.STEPS),
    # Meters
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
    path("visits/", visits.plans, name="visits"),
    path("visits/new/", visits.plan_new, name="visit_plan_new"),
    path("visits/<int:pk>/", visits.plan_page, name="visit_plan"),
    path("visits/<int:pk>/change/", visits.plan_change, name="visit_plan_change"),
    path("visits/<int:pk>/appoint/", visits.appoint, name="visit_appoint"),
    path("visits/<int:pk>/sheet/", visits.visit_sheet, name="visit_sheet"),
    path("visits/<int:pk>/report/", visits.visit_report, name="visit_report"),
    path("m/visits/", visits.visit_round, name="visit_round"),
    path("m/visits/home/<int:pk>/", visits.visit_home, name="visit_home"),
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
from residents.views import gate, moving, releasing

app_name = "residents"

# Moves and goods release. One address for each step: moves/<pk>/<step>/, moves/slips/<pk>/<step>/.
MOVE_STEPS, SLIP_STEPS = moving.MOVE_STEPS, releasing.SLIP_STEPS
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

urlpatterns = [*MOVES]
