"""Text from outside, made harmless for one line of a label, a mail header or a table; and rich text as plain words."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from django.utils.html import strip_tags

#: Unicode categories that print nothing or turn the line around: control, format (direction), surrogate, private use.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
#: Where one of these begins or ends, a word ends too.
_BLOCK = re.compile(
    r"<(?=/?(?:address|blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|table|td|th|tr|ul)\b)", re.I
)
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


def without_marks(rich: object) -> str:
    """The words of stored rich text (HTML) on one line: tags go, entities become what they mean, once. "" for None.

    It is plain text, not HTML: whoever shows it escapes it, as templates do by themselves.
    """
    return " ".join(unescape(strip_tags(_BLOCK.sub(" <", str(rich or "")))).split())
