from django.urls import path

from servicedesk.desk.views import approvals, board, intake, merging, search, units, visits

app_name = "desk"

urlpatterns = [
    path("desk/", intake.intake, name="intake"),
    path("desk/find/", intake.find, name="find"),
    path("desk/pick/", intake.pick, name="pick"),
    path("desk/preview/", intake.preview, name="preview"),
    path("desk/draft/", intake.draft, name="draft"),
    path("desk/draft/forget/", intake.forget_draft, name="forget_draft"),
    path("desk/unmask/<int:pk>/", intake.unmask, name="unmask"),
    path("desk/slip/<number:number>/", intake.slip, name="slip"),
    path("board/", board.board, name="board"),
    path("board/bulk/", board.bulk, name="bulk"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("undo/<word:batch>/", board.undo, name="undo"),
    path("units/", units.units, name="units"),
    path("units/<int:pk>/", units.unit, name="unit"),
    path("units/<int:pk>/file/", units.unit_file, name="unit_file"),
    path("residents/merge/", merging.duplicates, name="duplicates"),
    path("residents/merge/<int:keep>/<int:drop>/", merging.merge, name="merge_people"),
    path("visits/needs/", visits.needs, name="needs"),
    path("visits/needs/<int:pk>/answer/", visits.need_answer, name="need_answer"),
    path("visits/needs/<int:pk>/case/", visits.need_case, name="need_case"),
    path("visits/needs/<int:pk>/reopen/", visits.need_reopen, name="need_reopen"),
    path("visits/one/<int:pk>/", visits.visit, name="visit"),
    path("visits/one/<int:pk>/cancel/", visits.visit_cancel, name="visit_cancel"),
    path("visits/one/<int:pk>/need/", visits.visit_need, name="visit_need"),
    path("visits/one/<int:pk>/photos/<word:name>/", visits.visit_photo, name="visit_photo"),
    path("search/", search.search, name="search"),
]
