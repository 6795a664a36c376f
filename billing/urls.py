"""Addresses of fees, in the order of the menu."""

from django.urls import path

from billing.views import access

app_name = "billing"
urlpatterns = [
    # The resident's phone -----------------------------------------------------------------------------------------
    path("billing/codes/<int:pk>/", access.give, name="give_code"),
    path("p/bills/", access.enter, name="p_enter"),
    path("p/bills/list/", access.bills, name="p_bills"),
    path("p/bills/<int:pk>/", access.bill, name="p_bill"),
    path("p/bills/receipts/<int:pk>/", access.receipt, name="p_receipt"),
    path("p/bills/leave/", access.leave, name="p_leave"),
]
