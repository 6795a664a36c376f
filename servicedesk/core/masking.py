"""Personal data as it may be shown: masked by default (PIPL 51, ruling 13)."""

import re

# What stands where a person's words stood, in both languages: data is not translated. The database knows it, too.
ERASED = "个人信息已删除 (personal data erased)"
_LONG_RUN = re.compile(r"(?<!\d)(\d{17}[\dXx]|1\d{10})(?!\d)")


def mask_phone(phone):
    """Return a telephone number with its middle hidden: 138****1234. Short ones keep two digits at the end."""
    if len(phone) >= 11:
        return f"{phone[:-8]}****{phone[-4:]}"
    return f"{'*' * max(len(phone) - 2, 0)}{phone[-2:]}"


def mask_email(address):
    """Return an e-mail address of which the name is hidden but for its first character: z***@example.org."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}***@{host}" if address else ""


def mask_identity(number):
    """Return an identity number with its middle hidden: 1101**********4578. Short ones keep two at the end."""
    if len(number) >= 15:
        return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"
    return f"{'*' * max(len(number) - 2, 0)}{number[-2:]}"


def mask_name(name):
    """Return the first character of a name and stars for the rest: 王**."""
    return name[:1] + "**" if name else ""


def mask_room(room):
    """Return a room number with its last two characters hidden: 12**."""
    return room[:-2] + "**" if len(room) > 2 else "**"


def mask_runs(text):
    """Return `text` with telephone and identity numbers hidden, for logs."""
    return _LONG_RUN.sub(lambda match: match[0][:3] + "*" * (len(match[0]) - 5) + match[0][-2:], text)


def has_identity_number(text):
    """Return whether an 18-digit run that looks like an identity number stands in `text`."""
    return any(len(match) == 18 for match in _LONG_RUN.findall(text))
