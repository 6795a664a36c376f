"""The door of every step on a booking or a slip: who comes in, the form, the refusal that keeps every word."""

import functools

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from residents.forms.moving import StepForm
from residents.words import VERBS
from servicedesk.core import clock
from servicedesk.core.errors import Refused, Stale
from servicedesk.core.models import Event
from servicedesk.core.roles import role_required
from servicedesk.core.views import back_to

MOST_EVENTS = 50


def door_to(find, show, *roles, form_class=StepForm, done=None):
    """Make a door of a short function that takes one step on the row that `find(request, pk)` returns.

    What is refused comes back on the page that `show` renders, as the row is now and with every word that was typed.
    A GET leads to the page of the row.
    """

    def decorate(take_step):
        @require_http_methods(["GET", "POST"])
        @role_required(*roles)
        @functools.wraps(take_step)
        def view(request, pk):
            row, step = find(request, pk), take_step.__name__
            if request.method == "GET":
                return redirect(row)
            more = {"community": request.community} if form_class.has_choices else {}
            with timezone.override(request.community.tz):
                form = form_class(request.POST, **more)
                if not form.is_valid():
                    return show(request, row, bound=form, step=step, status=422)
                try:
                    if form.cleaned_data["version"] not in (None, row.version):
                        raise Stale
                    answer = take_step(request, row, form.facts, clock.now())
                except Refused as refused:
                    row = find(request, pk)
                    form.data = request.POST.copy()
                    form.data["version"] = row.version
                    return show(request, row, bound=form, step=step, refusal=str(refused), status=refused.status_code)
            if done:
                messages.success(request, done)
            return answer or redirect(back_to(request, row.get_absolute_url()))

        return view

    return decorate


def history_of(row):
    """Return what happened to a booking or a slip, the latest first, as its page shows it. One query."""
    return [
        {"at": event.at, "who": event.by_name, "title": VERBS.get(event.verb, event.verb), "text": event.note}
        for event in Event.objects.about(row)[:MOST_EVENTS]
    ]


def steps_of(request, row, steps, allowed, *, bound, step, refusal, initial):
    """Return what the page of `row` draws its steps and its history from: those of `steps` (name, label, form) that are
    allowed now, and the form of the open one, or the one that came back. One query."""
    panels = [{"step": name, "label": label, "form": form} for name, label, form in steps if name in allowed]
    step = step or request.GET.get("do", "")
    panel = next((one for one in panels if one["form"] and one["step"] == step), None)
    form = bound
    if panel and form is None:
        more = {"community": request.community} if panel["form"].has_choices else {}
        form = panel["form"](initial={"version": row.version, **initial}, **more)
    return {
        "row": row,
        "buttons": [one for one in panels if not one["form"]],
        "panels": [one for one in panels if one["form"]],
        "panel": panel,
        "form": form,
        "refusal": refusal,
        "entries": history_of(row),
    }
