"""The polite desk writes: the lists of a community, and how often a phrase is used."""

import json
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import StrIndex
from django.utils.translation import gettext_lazy as _

from complaints.models import LetterTemplate, Phrase, Taboo
from servicedesk.core import events
from servicedesk.core.errors import Refused
from servicedesk.core.models import Community

# The 20 phrases and 30 words to avoid of the house rules (S3 第十二条, 第十四条); what is better instead is ours.
DEFAULTS = Path(__file__).resolve().parent.parent / "defaults" / "courtesy.json"
NAMES = {Phrase: "phrase", Taboo: "taboo", LetterTemplate: "letter_template"}


@transaction.atomic
def fill_courtesy(community, *, by, now):
    """Give `community` the lists of the house rules and a letter of reply, each where it has none; return how many
    rows. At most seven statements."""
    defaults = json.loads(DEFAULTS.read_text())
    made = []
    if not Phrase.objects.filter(community=community).exists():
        made += Phrase.objects.bulk_create(
            Phrase(community=community, place=place, code=code, text=text, text_en=text_en)
            for place, (code, text, text_en) in enumerate(defaults["phrases"], start=1)
        )
    if not Taboo.objects.filter(community=community).exists():
        made += Taboo.objects.bulk_create(
            Taboo(community=community, place=place, text=text, kin=kin, suggestion=suggestion)
            for place, (text, kin, suggestion) in enumerate(defaults["taboos"], start=1)
        )
    if not LetterTemplate.objects.filter(community=community).exists():
        made += LetterTemplate.objects.bulk_create([LetterTemplate(community=community, **defaults["letter"])])
    if made:
        events.log(community, "courtesy_filled", by=by, now=now, data={"rows": len(made)})
    return len(made)


@transaction.atomic
def add_wording(model, community, *, by, now, **facts):
    """Add one row to a list (Phrase, Taboo or LetterTemplate) and return it. Raises Refused where it stands there."""
    row = model(community=community, **facts)
    if model is not LetterTemplate:
        # Two who add at once wait for each other, so that each gets a number of its own.
        Community.objects.select_for_update(no_key=True).get(pk=community.pk)
        highest = model.objects.filter(community=community).aggregate(last=Max("place"))["last"] or 0
        row.place = highest + 1
    _save(row, force_insert=True)
    events.log(row, f"{NAMES[model]}_added", by=by, now=now, data=_shown(facts))
    return row


@transaction.atomic
def change_wording(row, *, by, now, **facts):
    """Write what a supervisor changed in one row; what stood there before is in the event."""
    was = {name: getattr(row, name) for name in facts}
    changed = {name: value for name, value in facts.items() if value != was[name]}
    if not changed:
        return
    for name, value in changed.items():
        setattr(row, name, value)
    _save(row, update_fields=list(changed))
    data = {"was": _shown({name: was[name] for name in changed}), "now": _shown(changed)}
    events.log(row, f"{NAMES[type(row)]}_changed", by=by, now=now, data=data)


def _save(row, **how):
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError as error:
        raise Refused(
            _("This stands on the list already, perhaps switched off: the words, the shortcut or the category.")
        ) from error


def _shown(facts):
    return {name: value if isinstance(value, str | bool | list) else str(value or "") for name, value in facts.items()}


@transaction.atomic
def count_phrases(community, text):
    """Count one use of each phrase of `community` that stands in `text` as it is on the list. Two statements at most.

    Call it after the row of the case was written. Rows are locked in the order of their keys, so that two texts with
    the same phrases wait for each other and never lock up.
    """
    standing = Phrase.objects.filter(community=community).in_use().alias(at=StrIndex(Value(text), F("text")))
    keys = list(standing.filter(at__gt=0).select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    if keys:
        Phrase.objects.filter(pk__in=keys).update(uses=F("uses") + 1)
