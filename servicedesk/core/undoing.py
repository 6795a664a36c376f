"""The address of an undo button: the events to undo, signed, so that nobody can name other people's."""

from django.core import signing
from django.urls import reverse
from django.utils.http import urlencode

SALT = "undo"


def undo_url(event_ids, home=""):
    """Return the address that undoes these events in one go and leads to `home` then."""
    address = reverse("desk:undo", args=[signing.dumps(list(event_ids), salt=SALT, compress=True)])
    return f"{address}?{urlencode({'next': home})}" if home else address
