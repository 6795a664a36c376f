"""The page on which the facts of one thing of the register are typed in or changed."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from servicedesk.core.errors import Refused


def edit(request, form, *, thing, save, labels, urls):
    """Show `form`, or save what was typed in it and go where `save(form)` says; what is refused comes back as typed.

    `labels` are the title of a new thing and the name of its list, `urls` the list and where to go without saving. The
    form carries the version that its page was made from: where somebody else has changed the thing since, `save` fails.
    """
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            if thing is not None:
                thing.version = form.cleaned_data["version"] or 0
            try:
                target = save(form)
            except Refused as refused:
                form.add_error(None, str(refused))
                status = refused.status_code
            else:
                messages.success(request, _("Saved."))
                return redirect(target)
    context = {"form": form, "thing": thing, "labels": labels, "urls": urls}
    return render(request, "residents/edit.html", context, status=status)
