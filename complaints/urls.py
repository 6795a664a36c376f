from django.urls import path

from complaints.views import case

app_name = "complaints"

# One address for each step on a case page: cases/<number>/<step>/.
STEPS = [
    case.take,
    case.start,
    case.accept,
    case.arrive,
    case.resume,
    case.archive,
    case.read_back,
    case.hand_over,
    case.assign,
    case.decline_job,
    case.pause,
    case.resolve,
    case.reply,
    case.reopen,
    case.escalate,
    case.lower,
    case.promise,
    case.follow_up,
    case.reclassify,
    case.urge,
    case.note,
    case.merge,
    case.ask_void,
    case.confirm_void,
    case.unmask,
    case.new_code,
]

urlpatterns = [
    path("cases/<str:number>/", case.page, name="case"),
    path("cases/<str:number>/presence/", case.ping, name="presence"),
    path("cases/<str:number>/photo/<str:name>", case.photo, name="photo"),
    *(path(f"cases/<str:number>/{view.__name__.replace('_', '-')}/", view, name=view.__name__) for view in STEPS),
]
