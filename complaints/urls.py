from django.urls import path

from complaints.views import case

app_name = "complaints"

urlpatterns = [
    path("cases/<str:number>/", case.page, name="case"),
]
