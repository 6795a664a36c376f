"""Addresses of fees, in the order of the menu."""

from django.urls import path

from billing.views import access, bills, figures, runs

app_name = "billing"

FIGURES = [
    path("billing/figures/", figures.figures_now, name="figures"),
    path("billing/figures/<month:month>/", figures.figures_of, name="figures_of"),
    path("billing/figures/<month:month>/close/", figures.close, name="close_month"),
    path("billing/figures/<month:month>/excel/", figures.excel, name="figures_excel"),
]
PHONE = [
    # The resident's phone -----------------------------------------------------------------------------------------
    path("billing/codes/<int:pk>/", access.give, name="give_code"),
    path("p/bills/", access.enter, name="p_enter"),
    path("p/bills/list/", access.bills, name="p_bills"),
    path("p/bills/<int:pk>/", access.bill, name="p_bill"),
    path("p/bills/receipts/<int:pk>/", access.receipt, name="p_receipt"),
    path("p/bills/leave/", access.leave, name="p_leave"),
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
    path("billing/bills/", bills.bills, name="bills"),
    path("billing/bills/new/", bills.bill_new, name="bill_new"),
    path("billing/bills/notices/", bills.notices, name="notices"),
    path("billing/bills/take-over/", bills.balances_bill, name="balances_bill"),
    path("billing/bills/<int:pk>/", bills.bill, name="bill"),
    path("billing/bills/<int:pk>/replace/", bills.bill_replace, name="bill_replace"),
]

urlpatterns = [*FIGURES, *PHONE, *RUNS]
