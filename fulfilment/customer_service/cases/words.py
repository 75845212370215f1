"""Words of a text as the search knows them: letters and digits only, capitals and ß folded, the same in every database
whatever its locale takes for a letter."""

from __future__ import annotations

import re

WORD = re.compile(r"\w+")


def folded(text: str) -> str:
    """The words of a text in their order, folded, one space between them."""
    return " ".join(WORD.findall(text.casefold()))
