from django.urls import path

from residents.views import meters, person, register, rounds, route

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
]
