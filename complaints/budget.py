"""How often something may be done from one address, with one telephone or about one case, in a stretch of time.

Kept as slots in the cache that each end by themselves: taking one is a single `add`, which caches do atomically, so
that parallel tries cannot slip past, and no lock is needed.
"""

import ipaddress
import logging
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

# Given out when the cache does not answer: residents get through, and the budget counts again when it is back.
UNCOUNTED = "uncounted"


@dataclass(frozen=True)
class Budget:
    """At most `most` times within `seconds` for each key."""

    name: str
    most: int
    seconds: int

    def take(self, key):
        """Return a slot, or "" where all are taken. Neither telephone nor address stands in the cache, only a digest.

        Costs one write to the cache, and a read and another write where the key is known already.
        """
        secret = salted_hmac(f"budget:{self.name}", key).hexdigest()
        slots = [f"budget:{self.name}:{secret}:{n}" for n in range(self.most)]
        try:
            if cache.add(slots[0], 1, self.seconds):
                return slots[0]
            taken = cache.get_many(slots[1:])
            return next((slot for slot in slots[1:] if slot not in taken and cache.add(slot, 1, self.seconds)), "")
        except Exception:  # each cache has its own errors; all of them mean that nothing can be counted now
            logger.exception("The cache does not answer; the budget %s is not counted.", self.name)
            return UNCOUNTED

    def give_back(self, slot):
        """Free a slot that turned out not to count."""
        if slot != UNCOUNTED:
            cache.delete(slot)


def address_of(request):
    """Return the network address that a request came from; of IPv6 the half that one household shares."""
    address = get_adapter().get_client_ip(request)
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
