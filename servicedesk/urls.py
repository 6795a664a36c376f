from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("servicedesk.core.urls")),
    path("", include("servicedesk.desk.urls")),
    path("", include("complaints.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("office-admin/", admin.site.urls),
]
