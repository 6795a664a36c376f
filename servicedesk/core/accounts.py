"""How staff sign in: names and passwords, limits for a pair of name and address, second factor where money is."""

import time

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class OfficeArgon2Hasher(Argon2PasswordHasher):
    """Argon2id at the OWASP minimum: 24 ms and 19 MiB a login, so that a whole shift can sign in at once."""

    time_cost = 2
    memory_cost = 19456
    parallelism = 1


class Adapter(DefaultAccountAdapter):
    """No sign-up: an administrator makes the accounts. Failures count for the pair of user name and address."""

    def is_open_for_signup(self, request):
        return False

    def _get_login_attempts_cache_key(self, request, **credentials):
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"


def unlock(request, password):
    """Open the locked session of `request` if `password` is right; return whether it was.

    A wrong one counts like a failed sign-in; past the limit a right one is refused too, until fifteen minutes are over.
    """
    try:
        if not get_adapter(request).reauthenticate(request.user, password):
            return False
    except ValidationError:
        return False
    request.session["locked"] = False
    request.session["seen"] = int(time.time())
    return True


class LocalWordsValidator:
    """Refuse passwords built on words that anybody at a property office would try first."""

    words = ("wuye", "servicedesk", "kefu", "password", "qwerty", "xiaoqu")

    def validate(self, password, user=None):
        plain = password.lower()
        if any(word in plain for word in self.words):
            raise ValidationError(_("This password has a word in it that is easily guessed here."), code="local_word")

    def get_help_text(self):
        return _("Your password cannot have a word of this trade in it.")
