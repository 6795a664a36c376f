"""Addresses of fees, in the order of the menu."""

app_name = "billing"
urlpatterns = []
