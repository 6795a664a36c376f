"""Secrets that let a resident follow a case without an account.

The link holds 128 random bits; the ten-character code for typing is derived from it, so that a page reached by the
link can show the code while the database keeps only digests of both.
"""

import hashlib
import hmac
import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_token():
    """Return a new link token, 22 characters that are safe in an address."""
    return secrets.token_urlsafe(16)


def code_of(token):
    """Return the ten-character code of a token, shown in two halves: 7KQ4M-2XD9F."""
    number = int.from_bytes(hmac.digest(b"case-code", token.encode(), "sha256")[:7]) >> 6
    characters = "".join(CROCKFORD[(number >> shift) & 31] for shift in range(45, -1, -5))
    return f"{characters[:5]}-{characters[5:]}"


def plain_code(typed):
    """Return a typed code without blanks and look-alikes, as it is hashed."""
    return "".join(c for c in typed.upper().translate(_LOOK_ALIKES) if c in CROCKFORD)


def digest(secret):
    """Return the SHA-256 digest under which a token or code is kept and found."""
    return hashlib.sha256(secret.encode()).hexdigest()
