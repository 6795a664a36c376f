"""What becomes of the words that somebody sends who is no longer signed in: they come back to be copied."""

from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.forms import HiddenInput, PasswordInput, Textarea, TextInput
from django.forms.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

# What a page sends beside the words of a form: addresses, the values of buttons, who signs in.
NOT_TYPED = {"csrfmiddlewaretoken", "next", "find", "print", "login", "username"}
# The fields that waited at the lock, see the view of it.
WAITED = "sent."


def give_back(request):
    """Return the answer to a POST of somebody who is not signed in: what they typed, and the way to sign in.

    Nothing is kept on the server, and no secret comes back. Who sent no words is led to sign in at once.
    """
    if request.htmx:
        return HttpResponse(status=401, headers={"HX-Trigger": "ended"})
    words = typed(request.POST)
    if not words and not request.FILES:
        return redirect_to_login(came_from(request))
    context = {"words": words, "came_from": came_from(request), "had_files": bool(request.FILES)}
    response = render(request, "core/ended.html", context, status=401)
    response["Cache-Control"] = "no-store"
    return response


def typed(sent):
    """Return the words among the fields that were `sent`, in their order: no choices, ticks, secrets and keys."""
    left_out = NOT_TYPED | _never_typed()
    found = []
    for name, values in sent.lists():
        name = name.removeprefix(WAITED)
        if name not in left_out and not name.startswith("_") and "password" not in name.lower():
            found += [value for value in values if value.strip()]
    return found


def _never_typed():
    """Return the names of fields that are hidden or secret in some form, or that no form has a text box for."""
    hidden, boxes, others = set(), set(), set()
    waiting = [BaseForm]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        for name, field in getattr(form, "base_fields", {}).items():
            if isinstance(field.widget, HiddenInput | PasswordInput):
                hidden.add(name)
            elif isinstance(field.widget, TextInput | Textarea):
                boxes.add(name)
            else:
                others.add(name)
    return hidden | (others - boxes)


def came_from(request):
    """Return the address of the page of this site that sent `request`: by its own word, the browser's, or itself."""
    for address in (request.POST.get("next"), request.headers.get("Referer")):
        if address and url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
            return urlsplit(address)._replace(scheme="", netloc="").geturl()
    return request.get_full_path()
