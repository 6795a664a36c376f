from django.urls import path

from residents.views import person, register

app_name = "residents"

urlpatterns = [
    path("residents/", register.people, name="people"),
    path("residents/new/", register.add, name="add"),
    path("residents/<int:pk>/", person.person, name="person"),
    path("residents/<int:pk>/papers/<word:name>", person.picture, name="picture"),
    *(path(f"residents/<int:pk>/{view.__name__}/", view, name=view.__name__) for view in person.STEPS),
]
