"""Text as SEPA carries it: Latin letters without accents, digits and some signs.

Source: EPC217-08 ("SEPA requirements for an extended character set"), basic Latin set of the SEPA guidelines; umlauts
as German banks write them (Anlage 3 of the DFÜ-Abkommen).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from shop.kernel.late import late
from shop.kernel.text import clean_line

if TYPE_CHECKING:
    import text_unidecode
else:
    text_unidecode = late("text_unidecode")

GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ẞ": "SS"}
)
#: Signs outside the set that have a reading inside it.
SIGNS = str.maketrans({"&": "+", "_": "-", "[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "@": "(at)"})
REFUSED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
NAME_CHARS, TEXT_CHARS, ID_CHARS = 70, 140, 35


def plain(text: str, most: int) -> str:
    """``text`` in SEPA's letters, one line, at most ``most`` characters; "" when nothing of it can be written.

    It begins with no slash and has no two in a row: banks read those as codes (rule of the SEPA guidelines).
    """
    line = clean_line(unicodedata.normalize("NFC", text))
    latin = text_unidecode.unidecode(line.translate(GERMAN)).translate(SIGNS)
    kept = " ".join(REFUSED.sub(" ", latin).split())
    kept = re.sub(r"/{2,}", "/", kept).strip("/ ")
    kept = kept[:most].rstrip("/ ")
    return kept if any(char.isalnum() for char in kept) else ""
