"""Arrears (欠费, S23): who owes since when, the ladder of each home, promises, disputes, letters, late charges."""

import datetime
import functools
import itertools

from django.contrib import messages
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, Sum
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing import actions, ageing, arithmetic
from billing.forms import arrears as forms
from billing.models import (
    ArrearsCase,
    Bill,
    DemandLetter,
    Dispute,
    DunningRule,
    DunningStep,
    Fee,
    LateClause,
    LimitationAlarm,
    Message,
    Payment,
    PromiseToPay,
    StepKind,
)
from billing.views.messages import lines, with_all
from billing.words import VERBS_OF_ARREARS
from complaints import courtesy
from complaints.models import Case
from residents.models import Occupancy, Person, Unit
from servicedesk.core import clock
from servicedesk.core.doors import OFFICE, door_to, make_or_show, panel_of, part_of
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import role_required, roles_in
from servicedesk.core.spreadsheets import XLSX_TYPE, xlsx_file

READERS = (Role.FINANCE, Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM, Role.CASHIER)
FINANCE, TALKERS = (Role.FINANCE,), (Role.FINANCE, Role.CLERK)
PAUSERS = (Role.FINANCE, Role.SUPERVISOR, Role.DEPUTY_GM)
# Rows of one Excel file, and homes of one printing.
MOST_ROWS, MOST_NOTICES = 20_000, 60
LAST = 30
FORMS = {
    "record_step": forms.RecordForm,
    "promise_payment": forms.PromiseForm,
    "withdraw_promise": forms.WithdrawPromiseForm,
    "skip_step": forms.SkipForm,
    "write_letter": forms.LetterForm,
    "dispute_bill": forms.DisputeForm,
    "pause_arrears": forms.PauseForm,
    "resume_arrears": forms.ResumeForm,
    "issue_late_charge": forms.LateForm,
}


def _holds(request, roles):
    """Return whether who asks holds one of `roles` here. No query of its own."""
    return bool(roles_in(request.user, request.community.pk) & set(roles))


# The list -------------------------------------------------------------------------------------------------------------


def _narrowed(request, wanted, today):
    """Return (what is owed of the building and fee, the same of the age and step that is asked for)."""
    rows = ageing.owed_in(request.community, building=wanted["building"], fee=wanted["fee"])
    found = rows.filter(ageing.of_age(wanted["age"], today)) if wanted["age"] else rows
    if wanted["show"] == "today":
        due = ArrearsCase.objects.filter(community=request.community).to_do(today)
        found = found.filter(unit__in=due.values("unit")).exclude(debtor_kind=Bill.DebtorKind.DEVELOPER)
    elif wanted["show"] == "claims":
        found = found.filter(claim_until__range=(today, today + datetime.timedelta(days=LimitationAlarm.BEFORE[0])))
    return rows, found


def _with_ladders(units):
    """Put who owes, the open ladder and the open promise beside each of the rows `units`; the developer climbs no
    ladder. Three queries."""
    keys = [row["unit"] for row in units]
    debtors = Person.objects.in_bulk([row["debtor"] for row in units if row["debtor"]])
    ladders = {one.unit_id: one for one in ArrearsCase.objects.open().with_mail().filter(unit__in=keys)}
    promises = {
        one.arrears.unit_id: one
        for one in PromiseToPay.objects.filter(status="open", arrears__in=ladders.values()).select_related("arrears")
    }
    for row in units:
        key = None if row["kind"] == Bill.DebtorKind.DEVELOPER else row["unit"]
        row["who"] = debtors.get(row["debtor"]) or Bill.DebtorKind(row["kind"]).label
        row |= {"ladder": ladders.get(key), "promise": promises.get(key)}
    return units


@require_GET
@role_required(*READERS)
def arrears(request):
    """Who owes: by age, building and fee, and each home and debtor with how far the ladder is."""
    now = clock.now()
    today = request.community.local(now).date()
    form = forms.FilterForm(request.GET, community=request.community)
    wanted = form.wanted
    rows, found = _narrowed(request, wanted, today)
    part = part_of(ageing.by_unit(found), request)
    _with_ladders(part.rows)

    def address(**changed):
        query = request.GET.copy()
        query.pop("page", None)
        for name, value in changed.items():
            query[name] = value
        return f"?{query.urlencode()}"

    buckets = ageing.by_age(rows, today)
    context = {
        "now": now,
        "today": today,
        "form": form,
        "wanted": wanted,
        "part": part,
        "all_url": address(age=""),
        "buckets": [
            {"label": f"{one.label} · ¥{one.total:,.2f}", "count": one.count, "url": address(age=one.key)}
            for one in buckets
        ],
        "total": sum(one.total for one in buckets),
        "overdue": sum(one.total for one in buckets[1:]),
        "buildings": [{**one, "url": address(building=one["unit__building"])} for one in ageing.by_building(found)],
        "fees": [{**one, "url": address(fee=one["fee"])} for one in ageing.by_fee(found)],
        "is_finance": _holds(request, FINANCE),
        "query": request.GET.urlencode(),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/arrears/list.html", context)


@require_POST
@role_required(*FINANCE)
def arrears_file(request):
    """The list as an Excel file: text stays text, and neither telephone nor identity number is in it (T21)."""
    now = clock.now()
    today = request.community.local(now).date()
    wanted = forms.FilterForm(request.GET, community=request.community).wanted
    _rows, found = _narrowed(request, wanted, today)
    units = _with_ladders(list(ageing.by_unit(found)[:MOST_ROWS]))
    header = [_("Room"), _("Owed by"), _("Bills"), _("Total in yuan"), _("Oldest due on"), _("Days overdue")]
    header += [_("Last step"), _("Next step"), _("Next step on"), _("Paused"), pgettext("money", "Promised by")]
    lines = [_line(row, today) for row in units]
    actions.log_arrears_file(request.community, count=len(lines), by=request.user, now=now)
    about = [(_("Community"), str(request.community)), (_("Made on"), today), (pgettext("money", "Rows"), len(lines))]
    file = xlsx_file(header, lines, title=_("Arrears"), about=about)
    return FileResponse(file, as_attachment=True, filename=f"arrears-{today}.xlsx", content_type=XLSX_TYPE)


def _line(row, today):
    ladder, promise = row["ladder"], row["promise"]
    return [
        row["unit__label"],
        str(row["who"]),
        row["bills"],
        row["total"],
        row["oldest"],
        max((today - row["oldest"]).days, 0),
        ladder.get_stage_display() if ladder else "",
        ladder.get_next_kind_display() if ladder else "",
        ladder.next_step_on if ladder else None,
        ladder.get_paused_reason_display() if ladder else "",
        promise.pay_on if promise else None,
    ]


# One home -------------------------------------------------------------------------------------------------------------


def _find(request, pk):
    """Return the arrears of a unit: the open ones, else the last, else ones that are nowhere saved."""
    unit = get_object_or_404(Unit.objects.select_related("community", "building"), pk=pk, community=request.community)
    rows = ArrearsCase.objects.filter(unit=unit).order_by("-pk")
    found = rows.open().first() or rows.first() or ArrearsCase(opened_on=clock.now().date())
    found.unit, found.community = unit, request.community
    return found


def _steps(request, thing, *, owes, is_promised, late_total):
    """Return what who asks may do now, as (name, label) pairs in the order of their use."""
    finance = _holds(request, FINANCE)
    if thing.pk is None or not thing.is_open:
        # What is not overdue may be disputed as well, and what was paid late still bears its charge.
        steps = [("dispute_bill", _("Disputed"))] if owes and _holds(request, TALKERS) else []
        return steps + ([("issue_late_charge", _("Bill the late charge"))] if finance and late_total else [])
    steps = []
    if _holds(request, TALKERS):
        promise = ("withdraw_promise", _("Take the promise back")), ("promise_payment", _("Record a promise"))
        steps += [("record_step", _("Record a step")), promise[0] if is_promised else promise[1]]
    if finance and not thing.is_paused:
        steps += [("write_letter", _("Write a demand letter"))]
    if _holds(request, TALKERS):
        steps.append(("dispute_bill", _("Disputed")))
    if _holds(request, PAUSERS) and thing.paused_reason not in actions.HELD:
        steps.append(("pause_arrears", _("Pause")))
    if finance:
        steps += [("resume_arrears", _("Go on"))] if thing.is_paused else []
        steps += [("skip_step", _("Leave a step out"))] if thing.next_kind else []
        steps += [("issue_late_charge", _("Bill the late charge"))] if late_total else []
    return steps


def _page(request, thing, now, *, form=None, step="", status=200):
    today = request.community.local(now).date()
    form_classes = FORMS if _holds(request, FINANCE) else {**FORMS, "record_step": forms.SpokenForm}
    with timezone.override(request.community.tz):
        clauses = list(LateClause.objects.in_force().filter(community=request.community))
        # What was paid late stands there as long as a late charge on it may still be billed.
        bears = Q(balance__gt=0) | (ageing.bearing(today) if clauses else Q())
        bills = ageing.with_disputes(Bill.objects.standing().filter(bears, unit=thing.unit))
        bills = list(bills.with_places().oldest_first())
        for bill in bills:
            bill.community = request.community
        late = ageing.late_of(bills, today, clauses=clauses)
        bills = [bill for bill in bills if bill.balance or (bill.pk in late and late[bill.pk].due)]
        history = _history(thing)
        is_promised = any(one.arrears_id == thing.pk and one.is_open for one in history["promises"])
        told = list(with_all(Message.objects.filter(unit=thing.unit))[:LAST])
        rows = [{"bill": bill, "days": (today - bill.due_on).days, "late": late.get(bill.pk)} for bill in bills]
        late_total = sum(late[bill.pk].due for bill in bills if bill.pk in late and not bill.is_disputed)
        owes = any(bill.balance for bill in bills)
        fees = Fee.objects.filter(community=request.community, kind=Fee.Kind.LATE, is_active=True)
        lacks_fee = bool(late_total) and not fees.exists()
        can_bill = 0 if lacks_fee else late_total
        steps = _steps(request, thing, owes=owes, is_promised=is_promised, late_total=can_bill)
        step, label, form = panel_of(request, steps, form_classes, thing, now, form=form, step=step)
        context = {
            "now": now,
            "today": today,
            "arrears": thing,
            "unit": thing.unit,
            "steps": steps,
            "step": step,
            "label": label,
            "form": form,
            "rows": rows,
            "total": sum(bill.balance for bill in bills),
            "late_total": late_total,
            "lacks_late_fee": lacks_fee,
            "prepaid": Payment.objects.filter(unit=thing.unit, prepaid_left__gt=0).aggregate(all=Sum("prepaid_left"))[
                "all"
            ],
            "has_clause": bool(clauses),
            "is_finance": _holds(request, FINANCE),
            "people": list(Occupancy.objects.on(today).known().filter(unit=thing.unit).with_people().order_by("id")),
            "sees_homes": _holds(request, OFFICE),
            "mails": lines(told),
            "is_on_its_way": any(one.arrears_id == thing.pk and one.is_on_its_way for one in told),
            **history,
        }
        return render(request, "billing/arrears/unit.html", context, status=status)


def _history(thing):
    """Return what was done about the arrears of a unit, newest first. Five queries."""
    of_unit = Q(arrears__unit=thing.unit)
    taken = list(DunningStep.objects.filter(of_unit).select_related("by", "letter")[:LAST])
    promises = list(PromiseToPay.objects.filter(of_unit).select_related("by")[:LAST])
    letters = list(DemandLetter.objects.filter(unit=thing.unit)[:LAST])
    disputes = list(Dispute.objects.filter(bill__unit=thing.unit).select_related("bill", "case")[:LAST])
    found = {"taken": taken, "promises": promises, "letters": letters, "disputes": disputes}
    return {**found, "events": _events(thing, promises, letters, disputes)}


def _events(thing, *lists):
    """Return the history of the arrears of a unit: of its ladders and of the promises, letters and disputes in `lists`.
    One query."""
    ladders = {thing.pk} | {one.arrears_id for rows in lists for one in rows if hasattr(one, "arrears_id")}
    keys = {ArrearsCase: ladders - {None}}
    for one in itertools.chain(*lists):
        keys.setdefault(type(one), set()).add(one.pk)
    about = Q(pk__in=[])
    for model, pks in keys.items():
        about |= Q(subject_type=ContentType.objects.get_for_model(model), subject_id__in=pks)
    return _told(Event.objects.filter(about).order_by("-at", "-pk")[:LAST])


def _told(found):
    """Return events as the history of a page: when, who, what, and what of it counts."""
    return [
        {"at": one.at, "who": one.by_name, "title": VERBS_OF_ARREARS.get(one.verb, one.verb), "text": _said(one)}
        for one in found
    ]


def _said(event):
    """Return what an event says besides its verb: the step, the reason or the outcome, yuan, numbers and days, and the
    note."""
    data = event.data
    parts = [StepKind(data["kind"]).label] if data.get("kind") in StepKind else []
    parts += [ArrearsCase.Pause(data["reason"]).label] if data.get("reason") in ArrearsCase.Pause else []
    parts += [Dispute.Outcome(data["outcome"]).label] if data.get("outcome") in Dispute.Outcome else []
    parts += [f"¥{data[name]}" for name in ("amount", "total") if name in data]
    parts += [data[name] for name in ("number", "bill", "pay_on", "on", "last_on") if name in data]
    return " · ".join(map(str, [*parts, *([event.note] if event.note else [])]))


@require_GET
@role_required(*READERS)
def arrears_of(request, pk):
    """The arrears of one home: the bills and their age, what was done, what is next and why."""
    return _page(request, _find(request, pk), clock.now())


def _door_to(step, done, roles):
    return door_to(FORMS[step], find=_find, page=_page, done=done, roles=roles)


@_door_to("record_step", gettext_lazy("On record. The next step follows from it."), TALKERS)
def record_step(request, thing, facts, now):
    actions.record_step(thing, by=request.user, now=now, **facts)


@_door_to("skip_step", gettext_lazy("Left out, with the reason."), FINANCE)
def skip_step(request, thing, facts, now):
    actions.skip_step(thing, by=request.user, now=now, **facts)


@_door_to("promise_payment", gettext_lazy("Promised. The ladder waits until that day."), TALKERS)
def promise_payment(request, thing, facts, now):
    actions.promise_payment(thing, by=request.user, now=now, **facts)


@_door_to("withdraw_promise", gettext_lazy("Taken back. Record the right one where there is one."), TALKERS)
def withdraw_promise(request, thing, facts, now):
    actions.withdraw_promise(thing, by=request.user, now=now, **facts)


@_door_to("pause_arrears", gettext_lazy("The ladder is paused."), PAUSERS)
def pause_arrears(request, thing, facts, now):
    actions.pause_arrears(thing, by=request.user, now=now, **facts)


@_door_to("resume_arrears", gettext_lazy("The ladder goes on."), FINANCE)
def resume_arrears(request, thing, facts, now):
    actions.resume_arrears(thing, by=request.user, now=now, **facts)


@_door_to(
    "dispute_bill",
    gettext_lazy("Disputed. No call, notice or letter is due meanwhile, and no late charge runs."),
    TALKERS,
)
def dispute_bill(request, thing, facts, now):
    actions.dispute_bill(thing, by=request.user, now=now, **facts)


@_door_to("write_letter", gettext_lazy("Written. Print it, and record its delivery with the proof."), FINANCE)
def write_letter(request, thing, facts, now):
    return redirect(actions.write_letter(thing, by=request.user, now=now, **facts))


@_door_to("issue_late_charge", gettext_lazy("Billed, with its arithmetic."), FINANCE)
def issue_late_charge(request, thing, facts, now):
    today = request.community.local(now).date()
    # Billed, it is due no more, so that a form that is sent twice bills once also where there is no ladder.
    arrears = thing if thing.pk else None
    actions.issue_late_charge(ageing.late_due(thing.unit, today), arrears=arrears, by=request.user, now=now)


# Disputes -------------------------------------------------------------------------------------------------------------


def _find_dispute(request, pk):
    rows = Dispute.objects.select_related("bill__unit", "bill__fee", "case", "by", "ended_by")
    found = get_object_or_404(rows, pk=pk, community=request.community)
    found.community = request.community
    return found


def _dispute_page(request, thing, now, *, form=None, step="", status=200):
    finance = _holds(request, FINANCE)
    steps = [("end_dispute", _("End the dispute"))] if thing.is_open and finance else []
    was_wrong = thing.outcome in (Dispute.Outcome.UPHELD, Dispute.Outcome.PARTLY)
    with timezone.override(request.community.tz):
        open_forms = {"end_dispute": forms.OutcomeForm}
        step, label, form = panel_of(request, steps, open_forms, thing, now, form=form, step=step)
        context = {"now": now, "dispute": thing, "steps": steps, "step": step, "label": label, "form": form}
        # What was wrong is not mended by saying so: the way to mend it is offered, until nothing is left to mend.
        context["is_to_mend"] = finance and was_wrong and not thing.bill.is_void and thing.bill.balance > 0
        return render(request, "billing/arrears/dispute.html", context, status=status)


@require_GET
@role_required(*READERS)
def dispute(request, pk):
    """One dispute: the bill, the number and state of its case, the outcome."""
    return _dispute_page(request, _find_dispute(request, pk), clock.now())


@door_to(forms.OutcomeForm, find=_find_dispute, page=_dispute_page, done=gettext_lazy("Ended."), roles=FINANCE)
def end_dispute(request, thing, facts, now):
    actions.end_dispute(thing, by=request.user, now=now, **facts)


# Demand letters -------------------------------------------------------------------------------------------------------


def _find_letter(request, pk):
    rows = DemandLetter.objects.select_related("unit__building", "debtor", "by", "delivery_noted_by", "arrears")
    found = get_object_or_404(rows, pk=pk, community=request.community)
    found.community = request.community
    return found


def _letter_page(request, thing, now, *, form=None, step="", status=200):
    may = _holds(request, FINANCE) and not thing.is_delivered
    steps = [("deliver_letter", _("Record the delivery"))] if may else []
    with timezone.override(request.community.tz):
        open_forms = {"deliver_letter": forms.DeliverForm}
        step, label, form = panel_of(request, steps, open_forms, thing, now, form=form, step=step)
        context = {"steps": steps, "step": step, "label": label, "form": form, **_letter(thing, now)}
        return render(request, "billing/arrears/letter.html", context, status=status)


def _letter(letter, now):
    lines = letter.lines.select_related("bill__fee")
    return {"now": now, "letter": letter, "lines": list(lines), "community": letter.community}


@require_GET
@role_required(*READERS)
def demand_letter(request, pk):
    """One demand letter: its bills, and whether its delivery is proved."""
    return _letter_page(request, _find_letter(request, pk), clock.now())


@door_to(
    forms.DeliverForm,
    find=_find_letter,
    page=_letter_page,
    done=gettext_lazy("On record. The claims begin their three years anew on that day."),
    roles=FINANCE,
)
def deliver_letter(request, thing, facts, now):
    actions.deliver_letter(thing, by=request.user, now=now, **facts)


@require_GET
@role_required(*FINANCE)
def demand_paper(request, pk):
    """The demand letter (催告函) on A4."""
    letter, now = _find_letter(request, pk), clock.now()
    with timezone.override(request.community.tz):
        return render(request, "billing/arrears/letter_print.html", _letter(letter, now))


@require_GET
@role_required(*FINANCE)
def demand_bundle(request, pk):
    """What a lawyer or a court needs in one file: the letter, its proof, the bills, what was done, and the cases of the
    home with their days and states, so that a debt which is really a dispute shows."""
    letter, now = _find_letter(request, pk), clock.now()
    # Without the words of a case, and without those about staff (ruling 12).
    cases = Case.objects.filter(unit=letter.unit, concerned=None, sealed_at=None).select_related("category")
    steps = DunningStep.objects.filter(arrears=letter.arrears).order_by("done_at", "pk")
    context = {
        **_letter(letter, now),
        "counted": [(line.bill, arithmetic.lines_of(line.bill)) for line in letter.lines.select_related("bill__fee")],
        "cases": list(cases.order_by("received_at")),
        "taken": list(steps.select_related("by")),
        "disputes": list(Dispute.objects.filter(bill__unit=letter.unit).select_related("bill", "case")),
    }
    with timezone.override(request.community.tz):
        return render(request, "billing/arrears/bundle.html", context)


# Posted notices -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@role_required(*FINANCE)
def notices(request):
    """Posted notices (催缴单) for the homes that were ticked: the text and how polite it is, three on a page of A4, and
    on record once they are posted."""
    now = clock.now()
    typed = request.POST if request.method == "POST" else None
    form = forms.NoticesForm(typed, community=request.community, initial={"unit": request.GET.getlist("unit")})
    asked = [key for key in (typed or request.GET).getlist("unit") if key.isascii() and key.isdigit() and len(key) < 19]
    today = request.community.local(now).date()
    owing = ageing.with_disputes(Bill.objects.overdue(today)).filter(community=request.community, is_disputed=False)
    owing = ageing.at_the_door(owing, today).filter(unit__in=asked)
    units = _with_ladders(list(ageing.by_unit(owing)[:MOST_NOTICES]))
    do, status = request.POST.get("do", ""), 200
    context = {"now": now, "today": today, "form": form, "units": units, "community": request.community}
    if typed is not None:
        if form.is_valid():
            text = form.cleaned_data["text"]
            context |= {"text": text, "hits": courtesy.look_at(request.community, text)}
            if do == "print":
                return _print_notices(request, context, units)
            if do == "record":
                if form.cleaned_data["evidence"]:
                    return _record_notices(request, form, units, now)
                form.add_error("evidence", _("Write who posted the notices, when, and where the pictures are."))
        status = 422 if form.errors else 200
    else:
        context |= {"text": form.initial["text"], "hits": []}
    with timezone.override(request.community.tz):
        return render(request, "billing/arrears/notices.html", context, status=status)


def _print_notices(request, context, units):
    # Three on a sheet.
    sheets = [units[first : first + 3] for first in range(0, len(units), 3)]
    with timezone.override(request.community.tz):
        return render(request, "billing/arrears/notices_print.html", {**context, "sheets": sheets})


def _record_notices(request, form, units, now):
    # Those that are printed, and no others.
    facts = {"units": [row["unit"] for row in units], "evidence": form.cleaned_data["evidence"]}
    count = actions.record_notices(request.community, by=request.user, now=now, **facts)
    messages.success(request, _("On record for %(count)s homes.") % {"count": count})
    return redirect("billing:arrears")


# The ladder and the clause --------------------------------------------------------------------------------------------


@require_GET
@role_required(*READERS)
def ladder(request):
    """The steps with their days and sources, and the clauses on late charges."""
    context = {
        "rules": list(DunningRule.objects.filter(community=request.community)),
        "clauses": list(LateClause.objects.filter(community=request.community).select_related("fee")),
        "is_finance": _holds(request, FINANCE),
    }
    return render(request, "billing/arrears/ladder.html", context)


@require_POST
@role_required(*FINANCE)
def make_ladder(request):
    """Give the community the usual ladder."""
    actions.make_ladder(request.community, by=request.user, now=clock.now())
    return redirect("billing:ladder")


def _find_rule(request, pk):
    found = get_object_or_404(DunningRule, pk=pk, community=request.community)
    found.community = request.community
    return found


def _rule_page(request, thing, now, *, form=None, step="", status=200):
    form = form or forms.RuleForm(thing=thing, now=now)
    context = {"rule": thing, "form": form, "step": "set_rule", "label": _("Save")}
    return render(request, "billing/arrears/rule.html", context, status=status)


@require_GET
@role_required(*FINANCE)
def rule(request, pk):
    """One step of the ladder: its day, and whether it is in use."""
    return _rule_page(request, _find_rule(request, pk), clock.now())


@door_to(forms.RuleForm, find=_find_rule, page=_rule_page, done=gettext_lazy("Saved."), roles=FINANCE)
def set_rule(request, thing, facts, now):
    actions.set_rule(thing, by=request.user, now=now, **facts)
    return redirect("billing:ladder")


@require_http_methods(["GET", "POST"])
@role_required(*FINANCE)
def new_clause(request):
    """Enter the contract's clause on late charges."""
    now = clock.now()
    form = forms.ClauseForm(request.POST or None, community=request.community)
    make = functools.partial(actions.add_clause, request.community, by=request.user, now=now)
    return make_or_show(request, form, make, template="billing/arrears/clause.html", done=_("The clause holds now."))


def _find_clause(request, pk):
    found = get_object_or_404(LateClause.objects.select_related("fee", "by"), pk=pk, community=request.community)
    found.community = request.community
    return found


def _clause_page(request, thing, now, *, form=None, step="", status=200):
    steps = []
    if _holds(request, FINANCE) and not thing.is_void:
        steps = [("end_clause", _("It ends")), ("void_clause", _("Entered by mistake"))]
    with timezone.override(request.community.tz):
        open_forms = {"end_clause": forms.EndClauseForm, "void_clause": forms.VoidClauseForm}
        step, label, form = panel_of(request, steps, open_forms, thing, now, form=form, step=step)
        context = {"now": now, "clause": thing, "steps": steps, "step": step, "label": label, "form": form}
        context["history"] = _told(Event.objects.about(thing)[:LAST])
        return render(request, "billing/arrears/clause_page.html", context, status=status)


@require_GET
@role_required(*READERS)
def clause(request, pk):
    """One clause on late charges: what it says, from when until when it holds, and whether it is void."""
    return _clause_page(request, _find_clause(request, pk), clock.now())


def _door_to_clause(form_class, done):
    return door_to(form_class, find=_find_clause, page=_clause_page, done=done, roles=FINANCE)


@_door_to_clause(forms.EndClauseForm, gettext_lazy("Saved. What falls due later bears no late charge by this clause."))
def end_clause(request, thing, facts, now):
    actions.end_clause(thing, by=request.user, now=now, **facts)


@_door_to_clause(forms.VoidClauseForm, gettext_lazy("Void. Nothing is charged by it any more."))
def void_clause(request, thing, facts, now):
    actions.void_clause(thing, by=request.user, now=now, **facts)
