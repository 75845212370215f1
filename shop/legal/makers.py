"""Where a manufacturer is, as its postal address says: it ends in the name of a country."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale
from django.conf import settings

from checkout.vat_ids.rules import EU

#: How people write countries, beside the names of the CLDR.
ALSO = {
    "GB": ("UK", "Great Britain", "England", "Scotland", "Wales", "Northern Ireland", "Großbritannien"),
    "US": ("USA", "U.S.A.", "United States of America"),
    "CN": ("PR China", "P.R. China", "P. R. China", "People's Republic of China", "Volksrepublik China"),
    "KR": ("Korea", "Republic of Korea"),
    "TW": ("Taiwan R.O.C.", "Taiwan, R.O.C."),
}
_PARTS = re.compile(r"[,\n]")


def outside_the_eu(address: str) -> bool:
    """Whether the last line of a postal address, or what follows its last comma, is a country that is no member state.

    An address that names no country, or one that nobody knows, is taken for one inside: nothing is claimed of it.
    """
    parts = [part for part in (" ".join(one.split()) for one in _PARTS.split(address)) if part]
    return bool(parts) and parts[-1].rstrip(".").casefold() in _foreign()


@cache
def _foreign() -> frozenset[str]:
    """Names of countries outside the EU in every language of the shop, without capitals."""
    names = [
        str(name)
        for language, _name in settings.LANGUAGES
        for code, name in Locale.parse(language, sep="-").territories.items()
        if len(code) == 2 and code.isalpha() and code not in EU
    ]
    names += [name for code, others in ALSO.items() for name in others if code not in EU]
    return frozenset(name.rstrip(".").casefold() for name in names)
