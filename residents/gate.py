"""What a slip is worth at the gate now, and who stands there. Reads only."""

import hashlib
import hmac
import unicodedata

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from residents.models import ReleaseSlip
from servicedesk.core.models import NumberSeries, Role

# Who keeps the gate: whoever works in the department that every community knows by this code.
GUARDS = ((Role.HEAD, "security"), (Role.WORKER, "security"))
SIGN, SERIES = "FX", "release"


class Verdict(models.TextChoices):
    """What the guard reads in big letters."""

    GOOD = "good", _("Let it out")
    WAITING = "waiting", _("Not approved yet")
    TOO_EARLY = "too_early", _("Not valid yet")
    USED = "used", _("Used already")
    EXPIRED = "expired", _("Expired")
    REFUSED = "refused", _("Refused")
    VOID = "void", _("Void")


_OF_STATUS = {
    ReleaseSlip.Status.ASKED: Verdict.WAITING,
    ReleaseSlip.Status.USED: Verdict.USED,
    ReleaseSlip.Status.EXPIRED: Verdict.EXPIRED,
    ReleaseSlip.Status.REFUSED: Verdict.REFUSED,
    ReleaseSlip.Status.VOID: Verdict.VOID,
}


def verdict(slip, now):
    """Return the Verdict on `slip` at `now`. No query."""
    today = slip.community.local(now).date()
    status = slip.status_on(today)
    if status != ReleaseSlip.Status.APPROVED:
        return _OF_STATUS[status]
    return Verdict.TOO_EARLY if today < slip.valid_on else Verdict.GOOD


def token_of(community_id, number):
    """Return the secret of a slip's QR code: 128 bits that only this installation can compute, so that a slip can be
    printed again while the database keeps a digest alone."""
    key = f"release-slip:{settings.SECRET_KEY}".encode()
    return hmac.new(key, f"{community_id}:{number}".encode(), hashlib.sha256).hexdigest()[:32]


def number_of(typed, today):
    """Return the whole number for what a guard typed: `12` and `FX2026-0012` are the same in 2026."""
    typed = "".join(unicodedata.normalize("NFKC", typed).upper().split())
    if typed.isascii() and typed.isdigit() and len(typed) <= 6:
        return f"{SIGN}{today.year}-{int(typed):04}"
    return typed


def first_slip_gap(community):
    """Return the first number of the slips of `community` that is missing, None where all are there. Reads every
    number of its slips."""
    borne = set(ReleaseSlip.objects.filter(community=community).values_list("number", flat=True))
    series = NumberSeries.objects.filter(community=community, key__startswith=f"{SERIES}-").order_by("key")
    for key, last in series.values_list("key", "last"):
        year = key.rpartition("-")[2]
        for sequence in range(1, last + 1):
            if (number := f"{SIGN}{year}-{sequence:04}") not in borne:
                return number
    return None
