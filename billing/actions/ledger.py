"""What an act on money writes into the books."""

from django.contrib.contenttypes.models import ContentType

from billing.models import LedgerEntry, LedgerLine


def post(kind, *, about, lines, by, now):
    """Write one LedgerEntry about a row of money and return it, or None where nothing moved.

    `lines` are {Account: yuan}, a debit above nothing and a credit below; they have to add up to nothing, or the
    transaction fails when it ends (I3). Two INSERTs.
    """
    moved = {account: amount for account, amount in lines.items() if amount}
    if not moved:
        return None
    entry = LedgerEntry.objects.create(
        community_id=about.community_id,
        kind=kind,
        subject_type=ContentType.objects.get_for_model(about),
        subject_id=about.pk,
        day=about.community.local(now).date(),
        at=now,
        by=by,
    )
    LedgerLine.objects.bulk_create(
        LedgerLine(entry=entry, account=account, amount=amount) for account, amount in moved.items()
    )
    return entry
