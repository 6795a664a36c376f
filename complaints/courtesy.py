"""The polite desk reads: which phrases are offered, and which words of a text are on the list of those to avoid.

What is found is a hint. It stands beside the text and never keeps anybody from saving it.
"""

import unicodedata
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints.models import Phrase, Taboo
from servicedesk.core import kept

KEPT_SECONDS = 30
# 您 is 你 to whoever hears it, and what is said after a sentence softens none.
_SAME = str.maketrans({"您": "你", **dict.fromkeys("呀啊吧呢嘛啦哦", None)})


@dataclass(frozen=True)
class Wording:
    """One row of the list of words to avoid, made ready for looking: its wordings without blanks and marks."""

    place: int
    text: str
    suggestion: str
    needles: tuple


@dataclass(frozen=True)
class Hit:
    """Words to avoid that stand in a text: as they were typed, their number on the list, what to say instead."""

    text: str
    place: int
    suggestion: str

    @property
    def sentence(self):
        """The hint in the active language."""
        found = _("“%(text)s” is on the list of words to avoid.") % {"text": self.text}
        better = _("Better: “%(text)s”") % {"text": self.suggestion} if self.suggestion else ""
        return f"{found} {better}".strip()


@dataclass(frozen=True)
class Offer:
    """A phrase as the list under a text box shows it: what is put in, and the same in the other language."""

    code: str
    text: str
    other: str


def wordings(rows):
    """Return the Wordings of (place, text, kin, suggestion) rows."""
    return [
        Wording(place, text, suggestion, tuple(filter(None, (_letters(said)[0] for said in (text, *kin)))))
        for place, text, kin, suggestion in rows
    ]


def find(text, looked_for):
    """Return a Hit for each of the Wordings `looked_for` that stands in `text`, in their order in the text.

    Blanks, marks, full-width characters, capitals, 您 for 你 and softening endings make no difference. Of two that
    overlap the longer counts. A single character or a Latin word is only found where it stands alone, so that 喂 is
    not found in 喂猫. Reads nothing.
    """
    letters, places, edges = _letters(text)
    spans = []
    for wording in looked_for:
        for needle in wording.needles:
            alone = len(needle) == 1 or needle.isascii()
            at = letters.find(needle)
            while at >= 0:
                end = at + len(needle)
                if not alone or (at in edges and end in edges):
                    spans.append((at, end, wording))
                at = letters.find(needle, at + 1)
    spans.sort(key=lambda span: (span[0] - span[1], span[0]))
    taken, hits = [], []
    for start, end, wording in spans:
        if any(start < other_end and other_start < end for other_start, other_end, _wording in taken):
            continue
        taken.append((start, end, wording))
        hits.append((start, Hit(text[places[start] : places[end - 1] + 1], wording.place, wording.suggestion)))
    return [hit for _start, hit in sorted(hits, key=lambda found: found[0])]


def _letters(text):
    """Return the bare letters of `text`, where each of them stood, and between which of them something else stands."""
    letters, places, edges = [], [], {0}
    for at, character in enumerate(text):
        for letter in unicodedata.normalize("NFKC", character).casefold():
            if not letter.isalnum():
                edges.add(len(letters))
            elif letter := letter.translate(_SAME):
                letters.append(letter)
                places.append(at)
    edges.add(len(letters))
    return "".join(letters), places, edges


def look_at(community, *texts):
    """Return the Hits in `texts`, which residents read or are to read. One query, none while the list is kept."""
    looked_for = kept.for_a_while("taboos", community.pk, seconds=KEPT_SECONDS, make=lambda: _taboos(community))
    return [hit for text in texts for hit in find(text, looked_for)]


def _taboos(community):
    return wordings(
        Taboo.objects.filter(community=community).in_use().values_list("place", "text", "kin", "suggestion")
    )


def phrases_of(community, category_id=None):
    """Return the Offers of `community` for a text box, in the language of the page, those of other categories left
    out. Half a minute old at the most; one query, none while they are kept."""
    rows = kept.for_a_while("phrases", community.pk, seconds=KEPT_SECONDS, make=lambda: _phrases(community))
    english = get_language() == "en"
    return [
        Offer(code, text_en, text) if english and text_en else Offer(code, text, text_en)
        for code, text, text_en, category in rows
        if category is None or category == category_id
    ]


def _phrases(community):
    rows = Phrase.objects.filter(community=community).in_use()
    return list(rows.values_list("code", "text", "text_en", "category"))
