from django.urls import path

from complaints.views import (
    calendar,
    callbacks,
    calls,
    case,
    closing,
    courtesy,
    filing,
    incidents,
    jobs,
    letters,
    lists,
    mail,
    mine,
    periods,
    privacy,
    problems,
    public,
    settings,
    surveys,
    tracking,
    warranty,
)

app_name = "complaints"

# One address for each step on a case page: cases/<number>/<step>/.
STEPS = [
    case.take,
    case.start,
    case.accept,
    case.arrive,
    case.resume,
    case.visit,
    case.archive,
    case.read_back,
    case.verify,
    case.propose,
    case.decide,
    case.withdraw,
    case.note_report,
    case.quote,
    case.answer_quote,
    case.hand_over,
    case.assign,
    case.decline_job,
    case.pause,
    case.resolve,
    case.reply,
    case.tell_caller,
    case.reopen,
    case.escalate,
    case.lower,
    case.promise,
    case.follow_up,
    case.reclassify,
    case.urge,
    case.note,
    case.merge,
    case.link_incident,
    case.register_external,
    case.mark_external,
    case.answer_external,
    case.return_external,
    case.evaluate_external,
    problems.mark_problem,
    problems.drop_problem,
    warranty.send_warranty,
    warranty.answer_warranty,
    warranty.finish_warranty,
    warranty.note_warranty_call,
    warranty.decide_warranty,
    warranty.drop_warranty,
    case.ask_void,
    case.confirm_void,
    case.name_concerned,
    case.unmask,
    case.work_order,
    case.new_code,
    filing.print_file,
]

# One address for each step of a letter of reply: cases/<number>/letter/<step>/.
LETTER_STEPS = [letters.letter_write, letters.letter_deliver, letters.letter_void, letters.letter_reprint]

# One address for each step of a job on a phone: m/orders/<number>/<step>/.
JOB_STEPS = [
    jobs.accept,
    jobs.arrive,
    jobs.resume,
    jobs.finish,
    jobs.quote,
    jobs.agree,
    jobs.call,
    jobs.word,
    jobs.assign,
    jobs.pause,
    jobs.decline,
]

# The lists of the polite desk: the folder of each, what one of its rows is called.
COURTESY = [("phrases", "", "phrase"), ("taboos", "taboos/", "taboo"), ("templates", "letters/", "template")]

# The lists of the settings, by the folder of each.
SETTINGS = {
    "policies": "policy",
    "categories": "category",
    "departments": "department",
    "visits": "visit_rule",
    "warranties": "warranty_term",
}
SETTING_PAGES = ("times", "repeats", "facts")

# A request is followed by its link, or by its number once the code was typed; both ways have the same parts.
# A token may be anything: it is hashed before it is looked up, and a link that a chat has mangled leads to the page
# that says what to do, as every unknown one does.
WAYS = {"track": "t/<str:token>/", "followed": "p/track/<number:number>/"}
PARTS = {
    "": tracking.page,
    "note": tracking.note,
    "urge": tracking.urge,
    "rate": tracking.rate,
    "reopen": tracking.reopen,
    "quote": tracking.quote,
    "again": tracking.again,
    "print": tracking.receipt,
}

# A week and a month have the same parts.
REPORT_PARTS = {
    "": ("report", periods.report),
    "sign": ("sign", periods.sign),
    "read": ("read", periods.read),
    "print": ("print", periods.on_paper),
    "excel": ("excel", periods.excel),
}

# A person is known by an entry in the register, or by a case; both ways have the same parts.
PERSON_WAYS = {"person": "people/<int:pk>/data/", "caller": "people/of/<number:number>/data/"}
PERSON_PARTS = {
    "": privacy.person,
    "export": privacy.export,
    "correct": privacy.correct,
    "ask": privacy.ask,
    "sealed": privacy.sealed,
}

urlpatterns = [
    path("cases/", lists.page, name="list"),
    path("cases/export/", lists.export, name="export"),
    path("cases/<number:number>/", case.page, name="case"),
    path("cases/<number:number>/presence/", case.ping, name="presence"),
    path("cases/<number:number>/file/", filing.case_file, name="case_file"),
    path("cases/<number:number>/photo/<word:name>", case.photo, name="photo"),
    *(path(f"cases/<number:number>/{view.__name__.replace('_', '-')}/", view, name=view.__name__) for view in STEPS),
    path("people/", privacy.people, name="people"),
    *(
        path(f"{root}{part and part + '/'}", view, name=f"{way}{part and '_'}{part}")
        for way, root in PERSON_WAYS.items()
        for part, view in PERSON_PARTS.items()
    ),
    path("people/requests/<int:pk>/", privacy.decide, name="data_request"),
    path("settings/retention/", privacy.periods, name="retention"),
    path("settings/retention/<word:key>/", privacy.set_period, name="set_retention"),
    path("callbacks/", callbacks.page, name="callbacks"),
    path("callbacks/rain/", callbacks.rain, name="rain"),
    path("callbacks/<number:number>/", callbacks.one, name="callback"),
    path("callbacks/<number:number>/save/", callbacks.save, name="save_callback"),
    path("cases/<number:number>/letter/", letters.letter, name="letter"),
    path("cases/<number:number>/letter/<int:pk>/", letters.letter_print, name="letter_print"),
    *(
        path(f"cases/<number:number>/letter/{view.__name__.removeprefix('letter_')}/", view, name=view.__name__)
        for view in LETTER_STEPS
    ),
    path("calls/", calls.calls, name="calls"),
    path("calls/enter/", calls.enter, name="call_enter"),
    path("calls/<int:pk>/", calls.call, name="call"),
    path("calls/<int:pk>/begin/", calls.begin, name="call_begin"),
    path("mine/", mine.mine, name="mine"),
    path("mail/", mail.register, name="mail"),
    path("mail/enter/", mail.enter, name="mail_enter"),
    path("mail/print/", mail.printed, name="mail_print"),
    path("mail/export/", mail.export, name="mail_export"),
    path("mail/<int:pk>/", mail.incoming, name="incoming"),
    *(
        path(f"phrases/{folder}{part}", view, {"kind": kind}, name=f"{one}{end}")
        for kind, folder, one in COURTESY
        for part, view, end in [
            ("", courtesy.page, "s"),
            ("add/", courtesy.add, "_add"),
            ("<int:pk>/", courtesy.edit, ""),
            ("<int:pk>/switch/", courtesy.switch, "_switch"),
        ]
    ),
    path("phrases/card/", courtesy.card, name="courtesy_card"),
    path("phrases/check/", courtesy.check, name="courtesy_check"),
    path("settings/", settings.index, name="settings"),
    path("settings/calendar/", calendar.calendar, name="calendar"),
    path("settings/calendar/day/", calendar.set_day, name="set_day"),
    path("settings/calendar/day/<int:pk>/unset/", calendar.unset_day, name="unset_day"),
    path("settings/calendar/hours/", calendar.open_hours, name="open_hours"),
    path("settings/calendar/hours/<int:pk>/close/", calendar.close_hours, name="close_hours"),
    *(path(f"settings/{what}/", settings.single, {"what": what}, name=f"setting_{what}") for what in SETTING_PAGES),
    *(
        path(f"settings/{folder}/{part}", view, {"kind": kind}, name=f"{kind}{end}")
        for folder, kind in SETTINGS.items()
        for part, view, end in [
            ("", settings.rows, "_list"),
            ("add/", settings.add, "_add"),
            ("<int:pk>/", settings.edit, ""),
            ("<int:pk>/switch/", settings.switch, "_switch"),
        ]
    ),
    path("board/closing-sheet/", closing.closing_sheet, name="closing_sheet"),
    path("board/closeout/<day:date>/", closing.closeout, name="closeout"),
    path("board/closeout/<day:date>/sign/", closing.sign_day, name="sign_day"),
    path("board/closeout/<day:date>/print/", closing.closeout_print, name="closeout_print"),
    path("audit/unrecorded/", closing.unrecorded, name="unrecorded"),
    path("reports/", periods.reports, name="reports"),
    *(
        path(f"reports/{folder}/<{span}:starts_on>/{part}{part and '/'}", view, {"span": span}, name=f"{span}_{name}")
        for span, folder in {"week": "weekly", "month": "monthly"}.items()
        for part, (name, view) in REPORT_PARTS.items()
    ),
    path("incidents/", incidents.listed, name="incidents"),
    path("incidents/new/", incidents.new, name="new_incident"),
    path("incidents/<int:pk>/", incidents.page, name="incident"),
    path("incidents/<int:pk>/change/", incidents.change, name="change_incident"),
    path("incidents/<int:pk>/move-end/", incidents.move_end, name="move_incident_end"),
    path("incidents/<int:pk>/end/", incidents.end, name="end_incident"),
    path("incidents/<int:pk>/answer/", incidents.answer, name="answer_callers"),
    path("warranty/", warranty.page, name="warranty"),
    path("warranty/<int:pk>/letter/", warranty.letter, name="warranty_letter"),
    path("warranty/parties/", warranty.parties, name="parties"),
    path("warranty/parties/add/", warranty.party_add, name="party_add"),
    path("warranty/parties/<int:pk>/", warranty.party, name="party"),
    path("warranty/parties/<int:pk>/switch/", warranty.party_switch, name="party_switch"),
    path("warranty/buildings/", warranty.acceptance, name="acceptance"),
    path("problems/", problems.problems_now, name="problems"),
    path("problems/<month:starts_on>/", problems.month, name="problems_of"),
    path("problems/<month:starts_on>/sign/", problems.sign, name="problems_sign"),
    path("problems/<month:starts_on>/print/", problems.on_paper, name="problems_print"),
    path("problems/<month:starts_on>/excel/", problems.excel, name="problems_excel"),
    path("problems/theme/<int:pk>/", problems.page, name="problem"),
    path("problems/theme/<int:pk>/change/", problems.change, name="problem_change"),
    path("problems/theme/<int:pk>/propose/", problems.propose, name="remedy_propose"),
    path("problems/proposals/<int:pk>/send/", problems.remedy_send, name="remedy_send"),
    path("problems/proposals/<int:pk>/answer/", problems.remedy_answer, name="remedy_answer"),
    path("problems/proposals/<int:pk>/finish/", problems.remedy_finish, name="remedy_finish"),
    path("problems/proposals/<int:pk>/drop/", problems.remedy_drop, name="remedy_drop"),
    path("surveys/", surveys.index, name="surveys"),
    path("surveys/new/", surveys.new, name="survey_new"),
    path("surveys/<int:pk>/", surveys.page, name="survey"),
    path("surveys/<int:pk>/change/", surveys.change, name="survey_change"),
    path("surveys/<int:pk>/sheet/", surveys.sheet, name="survey_sheet"),
    path("surveys/<int:pk>/enter/", surveys.enter, name="survey_enter"),
    path("p/survey/<str:token>/", surveys.answer, name="survey_answer"),
    path("m/", jobs.jobs, name="jobs"),
    path("m/orders/<number:number>/", jobs.job, name="job"),
    *(path(f"m/orders/<number:number>/{v.__name__}/", v, name=f"job_{v.__name__}") for v in JOB_STEPS),
    path("m/orders/<number:number>/print/", jobs.work_order, name="job_print"),
    path("p/", public.home, name="home_public"),
    path("p/report/", public.start, name="public"),
    path("p/report/<uuid:key>/<int:step>/", public.step, name="report_step"),
    path("p/report/<uuid:key>/photo/<word:name>", public.photo, name="report_photo"),
    path("p/track/", tracking.by_code, name="track_by_code"),
    *(
        path(f"{root}{part}{part and '/'}", view, name=f"{way}{part and '_'}{part}")
        for way, root in WAYS.items()
        for part, view in PARTS.items()
    ),
    *(path(f"{root}photo/<word:name>", tracking.photo, name=f"{way}_photo") for way, root in WAYS.items()),
]
