from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from servicedesk.core.roles import public

urlpatterns = [
    path("", include("servicedesk.core.urls")),
    path("", include("servicedesk.desk.urls")),
    path("", include("complaints.urls")),
    path("", include("residents.urls")),
    path("", include("billing.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/setlang/", public("the language of a page that anybody may read")(set_language), name="set_language"),
    path("office-admin/", admin.site.urls),
]
