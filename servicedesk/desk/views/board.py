"""The escalation board: what is late, what will be, who has it; and one step for many cases, with one undo."""

from django.contrib import messages
from django.core import signing
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from complaints import actions, listing
from complaints.forms.lists import BulkForm, choices_of
from complaints.models import Case
from servicedesk.core import clock
from servicedesk.core.models import Department, Event, Role, User
from servicedesk.core.roles import any_staff, role_required, roles_in
from servicedesk.core.undoing import SALT, undo_url
from servicedesk.core.views import back_to
from servicedesk.desk import reports
from servicedesk.desk.forms.board import BoardFilterForm

OFFICE = (Role.CLERK, Role.SUPERVISOR, Role.DEPUTY_GM)
# Who reads and signs the close of a day.
SIGNERS = {Role.SUPERVISOR, Role.DEPUTY_GM}
# Four weeks of requests look the same a little later.
HEAT_SECONDS = 600


@require_GET
@role_required(*OFFICE)
def board(request):
    """The whole board, or, for a page that looks again by itself, the parts of it that change."""
    now, community, user = clock.now(), request.community, request.user
    choices = choices_of(community)
    form = BoardFilterForm(request.GET, departments=choices.departments)
    form.is_valid()
    facts = {name: value for name, value in form.cleaned_data.items() if value}
    starts_at_top = listing.starts_at_the_top(user, community)
    wide = starts_at_top and request.GET.get("scope") == "all"
    kept = {**facts, **({"scope": "all"} if wide else {})}
    with timezone.override(community.tz):
        seen = reports.board(
            user, community, now=now, names=dict(choices.departments + choices.former_departments), wide=wide, **facts
        )
        context = {
            "now": now,
            "form": form,
            "board": seen,
            "tiles": _tiles(seen, kept),
            "address": request.path + (f"?{urlencode(kept)}" if kept else ""),
            "starts_at_top": starts_at_top,
            "wide": wide,
            "today": community.local(now).date() if roles_in(user, community.pk) & SIGNERS else None,
            "late_url": reports.list_url(**kept, view="late"),
            "soon_url": reports.list_url(**kept, view="soon"),
            "decide_url": reverse("desk:approvals") if seen.waiting else reports.list_url(**kept, view="decide"),
        }
        if request.htmx:
            return render(request, "desk/board.html#live", context)
        context |= {
            # Drawn once in a while: the page asks for it only when it is not kept.
            "heat": lambda: reports.heat(user, community, now=now, wide=wide),
            "heat_seconds": HEAT_SECONDS,
            "bulk_form": BulkForm(choices=choices, user=user, community=community),
        }
        return render(request, "desk/board.html", context)


def _tiles(seen, kept):
    """Return the tiles, each a link to the list that its number adds up to."""
    total, today = seen.total, seen.today
    return [
        {
            "label": _("Late"),
            "value": total["late"],
            "delta": f"+{total['late_today']}" if total["late_today"] else "",
            "note": _("of them late since midnight: %(n)s") % {"n": total["late_today"]},
            "url": reports.list_url(**kept, view="late"),
            "state": "over" if total["late"] else "ok",
        },
        {
            "label": _("Nobody has it"),
            "value": total["unowned"],
            "note": _("of them late: %(n)s") % {"n": total["unowned_late"]},
            "url": reports.list_url(**kept, view="unassigned"),
            "state": "over" if total["unowned_late"] else "soon" if total["unowned"] else "",
        },
        {
            "label": _("Soon late"),
            "value": total["soon"],
            "url": reports.list_url(**kept, view="soon"),
            "state": "soon" if total["soon"] else "",
        },
        _tile_of_decisions(seen, kept),
        {
            "label": _("Reply owed"),
            "value": total["reply"],
            "note": _("of them late: %(n)s") % {"n": total["reply_late"]},
            "url": reports.list_url(**kept, view="reply"),
            "state": "over" if total["reply_late"] else "",
        },
        {
            "label": _("New today"),
            "value": today.received,
            "url": reports.list_url(
                **kept, view="all", received_from=f"{timezone.localdate(seen.now):%Y-%m-%d}", sort="-received"
            ),
        },
        {
            "label": _("Done the same day"),
            "value": None if today.share is None else f"{today.share:.0%}",
            "note": _("%(done)s of %(all)s") % {"done": today.resolved, "all": today.valid},
        },
    ]


def _tile_of_decisions(seen, kept):
    """Return the tile of what waits for a decision. For who decides it is the whole queue of approvals, with reports on
    what was urgent; for everybody else, and narrowed, the cases of the list."""
    total, waiting = seen.total, seen.waiting
    if waiting is None:
        words = _("%(approve)s to approve, %(void)s to void")
        note = words % {"approve": total["to_approve"], "void": total["to_void"]}
        url = reports.list_url(**kept, view="decide")
        return {"label": _("To decide"), "value": total["to_decide"], "note": note, "url": url}
    words = _("%(approve)s to approve, %(read)s reports to read, %(void)s to void")
    note = words % {"approve": waiting.proposals, "read": waiting.reports, "void": waiting.voids}
    return {"label": _("To decide"), "value": waiting.total, "note": note, "url": reverse("desk:approvals")}


@require_http_methods(["GET", "POST"])
@role_required(*OFFICE)
def bulk(request):
    """Take one step on every ticked case; what refuses is named by its number, the rest can be undone in one go."""
    if request.method == "GET":
        return redirect("desk:board")
    now = clock.now()
    choices = choices_of(request.community)
    form = BulkForm(request.POST, choices=choices, user=request.user, community=request.community)
    cases = _ticked(request)
    if form.is_valid() and not cases:
        form.add_error("pick", form.fields["pick"].error_messages["required"])
    if not form.is_valid():
        context = {"form": form, "cases": cases, "next": back_to(request, reverse("desk:board"))}
        return render(request, "desk/bulk.html", context, status=422)
    step, facts = form.cleaned_data["do"], _facts(form.cleaned_data)
    outcome = actions.act_on_many(cases, step, by=request.user, now=now, **facts)
    target = back_to(request, reverse("desk:board"))
    if outcome.done:
        said = _done_words(step, facts, len(outcome.done))
        messages.success(request, said, extra_tags=f"undo:{undo_url(outcome.events, target)}")
    _name_refused(request, outcome)
    return redirect(target)


def _ticked(request):
    """Return the ticked cases that this person sees, as actions take them. One query."""
    return list(
        Case.objects.visible_to(request.user)
        .in_community(request.community)
        .filter(number__in=request.POST.getlist("pick")[: BulkForm.MOST])
        .select_related("community", "department", "category", "policy", "first_responsible", "assigned_to", "unit")
        .by_due()
    )


def _facts(cleaned):
    facts = {"note": cleaned["note"]}
    if cleaned["do"] == BulkForm.ASSIGN:
        facts["worker"] = User.objects.get(pk=cleaned["worker"])
    if cleaned["do"] == BulkForm.HAND_OVER:
        facts["department"] = Department.objects.get(pk=cleaned["department"])
    return facts


def _done_words(step, facts, n):
    words = {
        BulkForm.ASSIGN: ngettext("%(n)s case assigned to %(who)s.", "%(n)s cases assigned to %(who)s.", n),
        BulkForm.HAND_OVER: ngettext("%(n)s case handed to %(who)s.", "%(n)s cases handed to %(who)s.", n),
        BulkForm.URGE: ngettext("%(n)s case urged.", "%(n)s cases urged.", n),
        BulkForm.ESCALATE: ngettext("%(n)s case raised one level.", "%(n)s cases raised one level.", n),
    }
    return words[step] % {"n": n, "who": facts.get("worker") or facts.get("department") or ""}


def _name_refused(request, outcome):
    for case, sentence in outcome.refused:
        messages.warning(request, f"{case.short_number}: {sentence}")


@require_POST
@any_staff
def undo(request, batch):
    """Undo what this person did in one go, within ten minutes and while nobody else has acted (ruling 11)."""
    try:
        keys = signing.loads(batch, salt=SALT)
    except signing.BadSignature as error:
        raise Http404 from error
    events = Event.objects.filter(pk__in=keys, by=request.user)
    if not events:
        raise Http404
    outcome = actions.undo_many(events, by=request.user, now=clock.now())
    if n := len({case.pk for case in outcome.done}):
        messages.success(request, ngettext("Undone for %(n)s case.", "Undone for %(n)s cases.", n) % {"n": n})
    _name_refused(request, outcome)
    return redirect(back_to(request, reverse("core:home")))
