from django.urls import include, path

from bench import views

urlpatterns = [
    path("bench/floor/<int:pk>/", views.floor, name="floor"),
    path("", include("servicedesk.urls")),
]
