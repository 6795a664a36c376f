"""Money as rows keep it (ruling 14): yuan to the fen, bounded above, so that NaN is refused as well."""

from decimal import ROUND_HALF_UP, Decimal

from django.db import models

FEN = Decimal("0.01")
# The most that one bill or payment may be. A bound refuses NaN, too, which the database sorts above every number.
MOST = Decimal("9999999.99")
NOTHING = Decimal("0.00")


def amount_field(verbose, **options):
    """Return a field for one amount in yuan; the model that has it says its bounds by a CHECK."""
    return models.DecimalField(verbose, max_digits=9, decimal_places=2, **options)


def total_field(verbose, **options):
    """Return a field for the sum of many amounts in yuan."""
    return models.DecimalField(verbose, max_digits=14, decimal_places=2, **options)


def to_fen(amount):
    """Return `amount` in yuan rounded half up to the fen: the one place where money is rounded."""
    return Decimal(amount).quantize(FEN, ROUND_HALF_UP)
