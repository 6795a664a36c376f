from django.urls import path

from servicedesk.core import views

app_name = "core"

urlpatterns = [
    path("", views.root, name="root"),
    path("home/", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_inbox, name="read_inbox"),
    path("inbox/<int:pk>/read/", views.open_message, name="open_message"),
    path("roster/", views.roster, name="roster"),
    path("roster/<int:pk>/end/", views.end_shift, name="end_shift"),
    path("audit/history/", views.history, name="history"),
    # Stands before the admin's own address of the same path, see the project's urls.
    path("office-admin/login/", views.admin_login, name="admin_login"),
    path("profile/", views.profile, name="profile"),
    path("profile/theme/", views.theme, name="theme"),
    path("community/", views.switch, name="switch"),
    path("alive/", views.alive, name="alive"),
    path("lock/", views.lock, name="lock"),
    path("unlock/", views.unlock, name="unlock"),
    path("elder/", views.elder, name="elder"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("healthz", views.healthz, name="healthz"),
]
