"""How a room is written and spoken: `3-2-1201`, `3 2 1201`, `32 1201`, `3栋2单元1201室`, `1201`."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-_/#.,、,]+|号?楼|栋|幢|座|单元|门|层|号|室|房")


def parts_of(text):
    """Return the parts of a spoken or typed room, lower case, in order: `3栋2单元1201室` → `["3", "2", "1201"]`."""
    text = unicodedata.normalize("NFKC", text).lower()
    return [part for part in _SEPARATORS.split(text) if part]


def key_of(text):
    """Return the key under which a typed room is looked up, for example `3-2-1201`."""
    return "-".join(parts_of(text))


def keys_of(building, section, number):
    """Return all keys by which a unit is found: whole, without the section, run together, the bare number."""
    building, section, number = ("-".join(parts_of(part)) for part in (building, section, number))
    keys = {number, f"{building}-{number}", f"{building}{number}"}
    if section:
        keys |= {
            f"{building}-{section}-{number}",
            f"{building}{section}-{number}",
            f"{building}{section}{number}",
            f"{section}-{number}",
        }
    return sorted(key[:100] for key in keys if key)


def label_of(building, section, number):
    """Return a room as the desk writes it: `3-2-1201`, or `3-1201` where the building has no sections."""
    return "-".join(part for part in (building, section, number) if part)
