"""Text search without an extension: words of a text as an array under a GIN index.

Han text gives its pairs of neighbouring characters, the rest its lower-case words and numbers; a query matches when
all its terms are in the array. A two-character Chinese word is thus one exact term, which trigrams cannot offer.
"""

import re
import unicodedata

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
MAX_TERMS = 2000


def terms(*texts):
    """Return the sorted, distinct search terms of all `texts`, at most 2,000."""
    found = set()
    for text in texts:
        text = unicodedata.normalize("NFKC", text or "").lower()
        for run in _HAN.findall(text):
            found.update(run[i : i + 2] for i in range(len(run) - 1))
        for word in _WORD.findall(text):
            found.add(word[:64])
            if not word.isalnum():
                found.update(part[:64] for part in re.split("[-_]", word))
    return sorted(found)[:MAX_TERMS]


def query_terms(query):
    """Return the terms that a text must have to match `query`; empty where the query is too short to search for."""
    query = unicodedata.normalize("NFKC", query).lower()
    found = {run[i : i + 2] for run in _HAN.findall(query) for i in range(len(run) - 1)}
    found.update(word[:64] for word in _WORD.findall(query))
    return sorted(found)
