"""The door of a step on a thing, and the pages of a list."""

import functools
from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from servicedesk.core import clock
from servicedesk.core.errors import Refused, Stale, waits_refused
from servicedesk.core.models import Role
from servicedesk.core.roles import role_required

DESK = (Role.CLERK, Role.SUPERVISOR)
OFFICE = (*DESK, Role.DEPUTY_GM)
PAGE = 50


def door_to(form_class, *, find, page, done, roles=DESK):
    """Make a door of a short function that takes one step on what `find` returns: the form is read in the community's
    own time; what is out of date, sent twice or refused comes back by `page` with every word that was typed. A GET
    leads to the form."""

    def decorate(take_step):
        name = take_step.__name__

        @require_http_methods(["GET", "POST"])
        @role_required(*roles)
        @functools.wraps(take_step)
        def view(request, pk):
            thing, now = find(request, pk), clock.now()
            if request.method == "GET":
                return redirect(f"{thing.get_absolute_url()}?do={name}#panel")
            with timezone.override(request.community.tz):
                form = form_class(request.POST, thing=thing, now=now)
                if not form.is_valid():
                    return page(request, thing, now, form=form, step=name, status=422)
                try:
                    if form.cleaned_data["version"] not in (None, thing.version):
                        raise Stale
                    with waits_refused():
                        answer = take_step(request, thing, form.facts, now)
                except Refused as refused:
                    return _come_back(request, pk, name, refused, now)
            messages.success(request, done)
            return answer or redirect(thing)

        def _come_back(request, pk, name, refused, now):
            thing = find(request, pk)
            typed = request.POST.copy()
            typed["version"] = thing.version
            form = form_class(typed, thing=thing, now=now)
            form.is_valid()
            form.add_error(None, str(refused))
            return page(request, thing, now, form=form, step=name, status=refused.status_code)

        return view

    return decorate


def make_or_show(request, form, make, *, template, done):
    """Lead to what `make` made of a form for something new, with the sentence `done` about it; or show the form on its
    page, with every word that was typed where it is wrong or refused."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                with waits_refused():
                    made = make(**form.facts)
            except Refused as refused:
                form.add_error(None, str(refused))
                status = refused.status_code
            else:
                messages.success(request, done % vars(made))
                return redirect(made)
    return render(request, template, {"form": form}, status=status)


@dataclass(frozen=True)
class Part:
    """One page of a list: its rows, and the addresses of the newer and the older one, or ""."""

    rows: list
    newer_url: str
    older_url: str


def part_of(rows, request, name="page"):
    """Return the Part of a list that the address asks for with `name`, of fifty rows. One query."""
    typed = request.GET.get(name, "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    first = (max(number, 1) - 1) * PAGE
    found = list(rows[first : first + PAGE + 1])

    def address(page):
        query = request.GET.copy()
        query[name] = page
        return f"?{query.urlencode()}"

    return Part(
        rows=found[:PAGE],
        newer_url=address(number - 1) if number > 1 else "",
        older_url=address(number + 1) if len(found) > PAGE else "",
    )


def panel_of(request, steps, forms, thing, now, *, form=None, step=""):
    """Return (step, its label, its form) of the panel that is open, or ("", "", None): the one that came back, or the
    one the address asks for with `do`. `steps` is what may be done now, as (name, label) pairs."""
    step = step or request.GET.get("do", "")
    labels = dict(steps)
    if step not in labels:
        return (step, "", form) if form else ("", "", None)
    return step, labels[step], form or forms[step](thing=thing, now=now, initial=request.GET.dict())
