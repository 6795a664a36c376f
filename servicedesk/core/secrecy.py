"""Encrypting the few things that nobody with a copy of the database may read, and finding them all the same.

Fernet (AES-128-CBC with HMAC-SHA256) under keys derived from `settings.ID_KEYS`: the first writes, all of them read.
"""

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from servicedesk.core.errors import Refused


class Unreadable(Refused):
    """Something was encrypted with a key that this installation does not have any more."""

    def __init__(self):
        super().__init__(_("This cannot be read: the key it was encrypted with is missing. Tell the administrator."))


def encrypt(text):
    """Return `text` encrypted with the newest key, another token each time. Raises Refused where there is no key."""
    if not settings.ID_KEYS:
        raise Refused(
            _("Identity numbers cannot be kept yet: the installation has no key for them. Tell the administrator.")
        )
    return _fernet(settings.ID_KEYS[0]).encrypt(text.encode()).decode()


def decrypt(token):
    """Return the text of a token of `encrypt`. Raises Unreadable where its key is missing."""
    try:
        return MultiFernet([_fernet(key) for key in settings.ID_KEYS]).decrypt(token.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise Unreadable from error


def digests(text):
    """Return the keyed digests of `text`, that of the newest key first; empty where there is no key.

    Who has the database and no key cannot even try numbers out.
    """
    return [hmac.digest(_derived(key, "digest"), text.encode(), "sha256").hex() for key in settings.ID_KEYS]


def _fernet(key):
    return Fernet(base64.urlsafe_b64encode(_derived(key, "cipher")))


def _derived(key, use):
    """Return 32 bytes for one use of a key, so that what encrypts never signs."""
    return hmac.digest(key.encode(), f"servicedesk identity {use}".encode(), "sha256")
