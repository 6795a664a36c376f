"""Cells made fit to keep, fast: nearly all of a hundred thousand rows need nothing done."""

from servicedesk.core.text import tidy


def plain(text):
    """Return `tidy(text)`; text that plainly needs no tidying is spared its cost."""
    if text.isascii() and text.isprintable() and "  " not in text and "_x" not in text:
        return text.strip(" ")
    return tidy(text)
