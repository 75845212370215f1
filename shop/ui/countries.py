"""Countries by name, as the reader calls them."""

from __future__ import annotations

from babel import Locale
from django.utils.translation import get_language


def country_name(code: str) -> str:
    """The country of an ISO 3166 code in the reader's language; the code when it is not known."""
    return str(Locale.parse(get_language() or "de", sep="-").territories.get(code, code))
