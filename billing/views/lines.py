"""Lines of statements that wait (待匹配): whose they may be, and the steps of a person who knows."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from billing import actions, cashing, matching
from billing.actions import MATCHERS
from billing.actions.rights import MONEY
from billing.forms import statements as forms
from billing.models import Bill, Deposit, Shift, Statement, StatementLine
from billing.views.cashier import still_owed
from residents import finder
from residents.models import Unit
from residents.words import VERBS
from servicedesk.core import clock
from servicedesk.core.doors import door_to, part_of
from servicedesk.core.errors import Refused
from servicedesk.core.models import Event, Role
from servicedesk.core.roles import has_role, role_required
from servicedesk.core.text import clean_text

Status = StatementLine.Status
FORMS = {
    "take_line": forms.TakeLineForm,
    "link_line": forms.LinkLineForm,
    "set_line_aside": forms.SetLineAsideForm,
    "bring_line_back": forms.BringLineBackForm,
}


@require_GET
@role_required(*MONEY)
def statement_waiting(request):
    """What came in and is no payment yet, the oldest first, each line with whose money it may be."""
    rows = StatementLine.objects.filter(community=request.community).waiting().select_related("statement")
    typed = request.GET.get("statement", "")
    chosen = None
    if typed.isascii() and typed.isdigit() and len(typed) < 19:
        chosen = get_object_or_404(Statement, community=request.community, pk=typed)
        rows = rows.filter(statement=chosen)
    part, now = part_of(rows.order_by("at", "pk"), request), clock.now()
    found = matching.found_for(part.rows, today=request.community.local(now).date())
    for one in found:
        one.submission = uuid.uuid4()
    context = {"part": part, "found": found, "chosen": chosen, "now": now, **_rights(request)}
    with timezone.override(request.community.tz):
        return render(request, "billing/statements/waiting.html", context)


def _rights(request):
    """Return what the one who asks may do: match lines, and take their money, which needs an open shift."""
    may_take = has_role(request.user, request.community.pk, Role.CASHIER)
    shifts = Shift.objects.open().filter(community=request.community, cashier=request.user)
    return {
        "may_match": has_role(request.user, request.community.pk, *MATCHERS),
        "may_take": may_take,
        "has_shift": may_take and shifts.exists(),
    }


def _find(request, pk):
    rows = StatementLine.objects.filter(community=request.community)
    line = get_object_or_404(rows.select_related("statement", "payment__receipt__unit", "decided_by"), pk=pk)
    line.community = request.community
    return line


@require_GET
@role_required(*MONEY)
def statement_line(request, pk):
    """One line: what the statement says, whose it may be, and the steps; another home is found by its room."""
    return _page(request, _find(request, pk), clock.now())


def _page(request, line, now, *, form=None, step="", status=200):
    rights = _rights(request)
    events = Event.objects.about(line).order_by("pk")
    context = {
        "line": line,
        "now": now,
        "bound": form,
        "step": step,
        "lost_words": _lost_words(line, form, step),
        "entries": [
            {"at": one.at, "who": one.by_name, "title": VERBS.get(one.verb, one.verb), "text": one.note}
            for one in events
        ],
        **rights,
    }
    with timezone.override(request.community.tz):
        if line.is_waiting:
            context |= _whose(request, line, now, form, step) | _forms(line, now, rights, form, step)
            if rights["may_match"] and context.get("keeps_rest"):
                context["take_form"].initial["keep_rest"] = True
        elif rights["may_match"] and line.amount > 0:
            context["back_form"] = form if step == "bring_line_back" else forms.BringLineBackForm(thing=line, now=now)
        return render(request, "billing/statements/line.html", context, status=status)


def _lost_words(line, form, step):
    """Return what was typed for a step that is not possible any more, so that it can be copied."""
    place = {"set_line_aside": line.is_waiting, "bring_line_back": not line.is_waiting}
    return "" if form is None or place.get(step, True) else form.data.get("note", "")


def _whose(request, line, now, form, step):
    """Return the home that was chosen with what it owes, or the homes that the line may be of."""
    today = request.community.local(now).date()
    key = form.data.get("unit", "") if step == "take_line" else request.GET.get("unit", "")
    if unit := _unit(request, key):
        account = cashing.account_of(unit, today)
        if step == "take_line":
            return {"unit": unit, "account": account, "ticked": still_owed(account, form.data.getlist("chosen"))}
        chosen = matching.chosen_of([one.thing for one in account.lines if one.is_bill], line.amount)
        rest = line.amount > sum(one.balance for one in chosen)
        ticked = [f"b{one.pk}:{one.balance}" for one in chosen]
        return {"unit": unit, "account": account, "ticked": ticked, "keeps_rest": rest}
    query = clean_text(request.GET.get("q", ""))[:120]
    found = matching.found_for([line], today=today)[0]
    hits = finder.find(request.community, query, today=today) if query else None
    if hits is not None:
        hits = list({hit.unit.pk: hit for hit in hits}.values())
    return {"found": found, "query": query, "hits": hits, "submission": uuid.uuid4()}


def _unit(request, typed):
    """Return the home of a key that was sent, None without one; another community's is nowhere."""
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        raise Http404
    unit = get_object_or_404(Unit.objects.select_related("building", "section"), community=request.community, pk=typed)
    unit.community = request.community
    return unit


def _forms(line, now, rights, form, step):
    """Return the forms of the steps that may be taken, the one that came back with its words."""
    if not rights["may_match"]:
        return {}
    made = {name: form if name == step else kind(thing=line, now=now) for name, kind in FORMS.items()}
    return {
        "take_form": made["take_line"],
        "link_form": made["link_line"],
        "aside_form": made["set_line_aside"],
        "payments": list(matching.linkable(line)[: matching.MOST_PAYMENTS]),
    }


def _back(request, line):
    """Lead back to the list where the step was taken there."""
    return redirect("billing:statement_waiting") if request.POST.get("back") == "waiting" else redirect(line)


@door_to(
    FORMS["take_line"],
    find=_find,
    page=_page,
    done=gettext_lazy("The money is taken; its receipt is made."),
    roles=(Role.CASHIER,),
)
def take_line(request, line, facts, now):
    unit = _unit(request, str(facts["unit"]))
    ticked = {kind: [one.pk for one in facts["chosen"] if one.kind == kind] for kind in "bd"}
    bills = list(Bill.objects.filter(unit=unit, pk__in=ticked["b"]).order_by("due_on", "pk"))
    deposits = list(Deposit.objects.filter(unit=unit, pk__in=ticked["d"]))
    if len(bills) + len(deposits) != len(facts["chosen"]):
        raise Refused(_("One of these bills is not of %(unit)s. Reload the page and choose again.") % {"unit": unit})
    receipt = actions.take_line(
        line,
        unit=unit,
        bills=bills,
        deposits=deposits,
        owed=sum(one.seen for one in facts["chosen"]),
        keep_rest=facts["keep_rest"],
        submission=facts["submission"],
        payer=matching.payer_of(line, unit, bills, today=request.community.local(now).date()),
        by=request.user,
        now=now,
    )
    text = _("Receipt %(number)s for %(amount)s yuan of %(unit)s.")
    messages.success(request, text % {"number": receipt.number, "amount": receipt.amount, "unit": unit})
    return _back(request, line)


@door_to(
    FORMS["link_line"],
    find=_find,
    page=_page,
    done=gettext_lazy("The line is that payment. Nothing was posted."),
    roles=MATCHERS,
)
def link_line(request, line, facts, now):
    actions.link_line(line, by=request.user, now=now, **facts)
    return _back(request, line)


@door_to(FORMS["set_line_aside"], find=_find, page=_page, done=gettext_lazy("The line is set aside."), roles=MATCHERS)
def set_line_aside(request, line, facts, now):
    actions.set_line_aside(line, by=request.user, now=now, **facts)


@door_to(FORMS["bring_line_back"], find=_find, page=_page, done=gettext_lazy("The line waits again."), roles=MATCHERS)
def bring_line_back(request, line, facts, now):
    actions.bring_line_back(line, by=request.user, now=now, **facts)
