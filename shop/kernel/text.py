"""Text from outside, made harmless for one line of a label, a mail header or a table."""

from __future__ import annotations

import unicodedata

#: Unicode categories that print nothing or turn the line around: control, format (direction), surrogate, private use.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = {"\u200d", "\u200c"}  #: needed inside some scripts and emoji


def clean_line(text: str) -> str:
    """The text as one line: line breaks become spaces, control and direction characters go, spaces are folded."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        if character in "\r\n\t\v\f\x85\u2028\u2029":
            kept.append(" ")
        elif character in _JOINERS or unicodedata.category(character) not in _DROPPED:
            kept.append(character)
    return " ".join("".join(kept).split())
