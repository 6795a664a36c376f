"""Addresses of fees, in the order of the menu."""

from django.urls import path

from billing.views import (
    access,
    arrears,
    bills,
    books,
    cashier,
    deposits,
    discounts,
    fees,
    figures,
    lines,
    messages,
    receipts,
    requests,
    runs,
    shifts,
    statements,
)

app_name = "billing"

FIGURES = [
    path("billing/figures/", figures.figures_now, name="figures"),
    path("billing/figures/<month:month>/", figures.figures_of, name="figures_of"),
    path("billing/figures/<month:month>/close/", figures.close, name="close_month"),
    path("billing/figures/<month:month>/excel/", figures.excel, name="figures_excel"),
]
RUNS = [
    path("billing/runs/", runs.runs, name="runs"),
    path("billing/runs/new/", runs.run_new, name="run_new"),
    path("billing/runs/<int:pk>/", runs.run, name="run"),
    path("billing/runs/<int:pk>/progress/", runs.run_progress, name="run_progress"),
    path("billing/runs/<int:pk>/stop/", runs.run_stop, name="run_stop"),
    path("billing/runs/<int:pk>/go-on/", runs.run_go_on, name="run_go_on"),
    path("billing/runs/<int:pk>/left-out/", runs.run_left_out, name="run_left_out"),
    path("billing/runs/<int:pk>/print/", runs.run_print, name="run_print"),
    path("billing/left-out/", runs.exemptions, name="exemptions"),
    path("billing/bills/", bills.bills, name="bills"),
    path("billing/bills/new/", bills.bill_new, name="bill_new"),
    path("billing/bills/notices/", bills.notices, name="notices"),
    path("billing/bills/take-over/", bills.balances_bill, name="balances_bill"),
    path("billing/bills/<int:pk>/", bills.bill, name="bill"),
    path("billing/bills/<int:pk>/replace/", bills.bill_replace, name="bill_replace"),
]
REQUEST_STEPS = ["approve_request", "refuse_request", "withdraw_request", "pay_out"]
DEPOSIT_STEPS = ["tell_payer", "set_refund_day", "void_deposit"]
REQUESTS = [
    path("billing/requests/", requests.requests, name="requests"),
    path("billing/requests/void/<int:pk>/", requests.request_void, name="request_void"),
    path("billing/requests/waiver/<int:pk>/", requests.request_waiver, name="request_waiver"),
    path("billing/requests/reversal/<int:pk>/", requests.request_reversal, name="request_reversal"),
    path("billing/requests/refund/<int:pk>/", requests.request_refund, name="request_refund"),
    path("billing/requests/deduction/<int:pk>/", requests.request_deduction, name="request_deduction"),
    path("billing/requests/deposit-refund/<int:pk>/", requests.request_deposit_refund, name="request_deposit_refund"),
    path("billing/requests/<int:pk>/", requests.request, name="request"),
    path("billing/requests/<int:pk>/slip/", requests.request_slip, name="request_slip"),
    *[path(f"billing/requests/<int:pk>/{step}/", getattr(requests, step), name=step) for step in REQUEST_STEPS],
]
DEPOSITS = [
    path("billing/deposits/", deposits.deposits, name="deposits"),
    path("billing/deposits/new/", deposits.deposit_new, name="deposit_new"),
    path("billing/deposits/rules/", deposits.deposit_rules_page, name="deposit_rules"),
    path("billing/deposits/rules/pack/", deposits.take_rules, name="take_rules"),
    path("billing/deposits/<int:pk>/", deposits.deposit, name="deposit"),
    *[path(f"billing/deposits/<int:pk>/{step}/", getattr(deposits, step), name=step) for step in DEPOSIT_STEPS],
    path("billing/deposits/<int:pk>/photos/<str:name>/", deposits.deposit_photo, name="deposit_photo"),
    path("billing/deposits/<int:pk>/slip/", deposits.deposit_slip, name="deposit_slip"),
    path("billing/deposits/<int:pk>/settlement/", deposits.deposit_settlement, name="deposit_settlement"),
]
BOOKS = [path("billing/check/", books.check, name="check")]
FEE_STEPS = ["enrol", "enter_cost", "rename_fee", "switch_fee"]
FEES = [
    path("billing/fees/", fees.fees, name="fees"),
    path("billing/fees/new/", fees.fee_new, name="fee_new"),
    path("billing/fees/<int:pk>/", fees.fee, name="fee"),
    path("billing/fees/<int:pk>/price/", fees.tariff_new, name="tariff_new"),
    *(path(f"billing/fees/<int:pk>/{step}/", getattr(fees, step), name=step) for step in FEE_STEPS),
    path("billing/tariffs/<int:pk>/", fees.tariff, name="tariff"),
    path("billing/tariffs/<int:pk>/void/", fees.tariff_void, name="tariff_void"),
    path("billing/costs/<int:pk>/", fees.cost, name="cost"),
    path("billing/costs/<int:pk>/void/", fees.cost_void, name="cost_void"),
    path("billing/units/<int:pk>/fees/", fees.unit_fees, name="unit_fees"),
    path("billing/units/<int:pk>/fees/enrol/", fees.unit_enrol, name="unit_enrol"),
    path("billing/enrolments/<int:pk>/", fees.enrolment, name="enrolment"),
    path("billing/enrolments/<int:pk>/end_enrolment/", fees.end_enrolment, name="end_enrolment"),
]
DISCOUNT_STEPS = ["approve_discount", "refuse_discount", "withdraw_discount", "end_discount"]
DISCOUNTS = [
    path("billing/discounts/", discounts.discounts, name="discounts"),
    path("billing/discounts/new/", discounts.discount_new, name="discount_new"),
    path("billing/discounts/<int:pk>/", discounts.discount, name="discount"),
    path("billing/discounts/<int:pk>/photos/<str:name>/", discounts.discount_photo, name="discount_photo"),
    *(path(f"billing/discounts/<int:pk>/{step}/", getattr(discounts, step), name=step) for step in DISCOUNT_STEPS),
]

CASHIER = [
    path("cashier/", cashier.cashier, name="cashier"),
    path("cashier/<int:pk>/", cashier.take, name="take"),
    path("cashier/<int:pk>/preview/", cashier.preview, name="take_preview"),
    path("cashier/settlements/<int:pk>/", cashier.settlement, name="settlement"),
    path("cashier/receipts/", receipts.receipts, name="receipts"),
    path("cashier/receipts/<int:pk>/", receipts.receipt, name="receipt"),
    path("cashier/receipts/<int:pk>/printed/", receipts.receipt_printed, name="receipt_printed"),
    path("cashier/receipts/<int:pk>/print/", receipts.receipt_print, name="receipt_print"),
    path("cashier/shift/", shifts.my_shift, name="my_shift"),
    path("cashier/shifts/", shifts.shifts, name="shifts"),
    path("cashier/shifts/<int:pk>/", shifts.shift, name="shift"),
    path("cashier/shifts/<int:pk>/close_shift/", shifts.close_shift, name="close_shift"),
    path("cashier/shifts/<int:pk>/close_for_other/", shifts.close_for_other, name="close_for_other"),
    path("cashier/shifts/<int:pk>/print/", shifts.shift_print, name="shift_print"),
    path("cashier/day/<day:date>/", shifts.cash_day, name="cash_day"),
    path("cashier/day/<day:date>/print/", shifts.cash_day_print, name="cash_day_print"),
]
LINE_STEPS = ["take_line", "link_line", "set_line_aside", "bring_line_back"]
STATEMENTS = [
    path("cashier/statements/", statements.statements, name="statements"),
    path("cashier/statements/upload/", statements.statement_upload, name="statement_upload"),
    path("cashier/statements/waiting/", lines.statement_waiting, name="statement_waiting"),
    path("cashier/statements/<int:pk>/", statements.statement, name="statement"),
    path("cashier/statements/<int:pk>/columns/", statements.statement_columns, name="statement_columns"),
    path("cashier/statements/<int:pk>/heading/", statements.statement_heading, name="statement_heading"),
    path("cashier/statements/<int:pk>/faults/", statements.statement_faults, name="statement_faults"),
    path("cashier/statements/<int:pk>/take_statement/", statements.take_statement, name="take_statement"),
    path("cashier/statements/<int:pk>/give_up/", statements.give_up_statement, name="give_up_statement"),
    path("cashier/statements/lines/<int:pk>/", lines.statement_line, name="statement_line"),
    *(path(f"cashier/statements/lines/<int:pk>/{step}/", getattr(lines, step), name=step) for step in LINE_STEPS),
]
STEPS_AGAINST_ARREARS = [
    arrears.record_step,
    arrears.promise_payment,
    arrears.withdraw_promise,
    arrears.skip_step,
    arrears.write_letter,
    arrears.dispute_bill,
    arrears.pause_arrears,
    arrears.resume_arrears,
    arrears.issue_late_charge,
]
ARREARS = [
    path("billing/arrears/", arrears.arrears, name="arrears"),
    path("billing/arrears/file/", arrears.arrears_file, name="arrears_file"),
    path("billing/arrears/notices/", arrears.notices, name="arrears_notices"),
    path("billing/arrears/ladder/", arrears.ladder, name="ladder"),
    path("billing/arrears/ladder/make/", arrears.make_ladder, name="make_ladder"),
    path("billing/arrears/ladder/<int:pk>/", arrears.rule, name="rule"),
    path("billing/arrears/ladder/<int:pk>/set_rule/", arrears.set_rule, name="set_rule"),
    path("billing/arrears/clauses/new/", arrears.new_clause, name="new_clause"),
    path("billing/arrears/clauses/<int:pk>/", arrears.clause, name="clause"),
    path("billing/arrears/clauses/<int:pk>/end_clause/", arrears.end_clause, name="end_clause"),
    path("billing/arrears/clauses/<int:pk>/void_clause/", arrears.void_clause, name="void_clause"),
    path("billing/arrears/disputes/<int:pk>/", arrears.dispute, name="dispute"),
    path("billing/arrears/disputes/<int:pk>/end_dispute/", arrears.end_dispute, name="end_dispute"),
    path("billing/arrears/letters/<int:pk>/", arrears.demand_letter, name="demand_letter"),
    path("billing/arrears/letters/<int:pk>/deliver_letter/", arrears.deliver_letter, name="deliver_letter"),
    path("billing/arrears/letters/<int:pk>/paper/", arrears.demand_paper, name="demand_paper"),
    path("billing/arrears/letters/<int:pk>/bundle/", arrears.demand_bundle, name="demand_bundle"),
    path("billing/arrears/<int:pk>/", arrears.arrears_of, name="arrears_of"),
    *(path(f"billing/arrears/<int:pk>/{step.__name__}/", step, name=step.__name__) for step in STEPS_AGAINST_ARREARS),
]
MESSAGES = [
    path("billing/arrears/messages/", messages.mails, name="mails"),
    path("cashier/receipts/<int:pk>/mail/", messages.receipt_mail, name="receipt_mail"),
]
PHONE = [
    path("billing/codes/<int:pk>/", access.give, name="give_code"),
    path("p/bills/", access.enter, name="p_enter"),
    path("p/bills/list/", access.bills, name="p_bills"),
    path("p/bills/<int:pk>/", access.bill, name="p_bill"),
    path("p/bills/receipts/<int:pk>/", access.receipt, name="p_receipt"),
    path("p/bills/mail/", access.mail, name="p_mail"),
    path("p/bills/mail/stop/", access.mail_stop, name="p_mail_stop"),
    path("p/bills/leave/", access.leave, name="p_leave"),
]

urlpatterns = [
    *FIGURES,
    *RUNS,
    *REQUESTS,
    *DEPOSITS,
    *BOOKS,
    *FEES,
    *DISCOUNTS,
    *CASHIER,
    *STATEMENTS,
    *ARREARS,
    *MESSAGES,
    *PHONE,
]
