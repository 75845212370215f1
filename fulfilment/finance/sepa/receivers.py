"""Accounts that may be paid to: the IBAN right, its country in SEPA. And days on which banks move money."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.utils.translation import gettext as _
from stdnum import iban as rules
from stdnum.exceptions import ValidationError

from shop.kernel.public_holidays import financial_holidays

#: Countries whose IBANs are within SEPA. Source: EPC409-09, list of the geographical scope of the SEPA schemes.
COUNTRIES = frozenset({
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE",
    "SI", "SK", "SM", "VA",
})  # fmt: skip
SATURDAY = 5
DAYS_AHEAD_MOST = 30  #: banks keep a file for so long


def problem_of(iban: str) -> str:
    """Why nothing can be sent to this account, in words; "" when it can."""
    if not iban.strip():
        return _("The account (IBAN) is not known.")
    try:
        checked = rules.validate(iban)
    except ValidationError:
        return _("The IBAN is wrong: length or check digits do not fit.")
    if checked[:2] not in COUNTRIES:
        return _("The account is outside SEPA.")
    return ""


def compact(iban: str) -> str:
    """The IBAN without blanks, in capitals."""
    return str(rules.compact(iban)).upper()


def masked(iban: str) -> str:
    """The IBAN for lists: enough to recognise it, not enough to use it."""
    plain = compact(iban) if iban else ""
    return f"{plain[:4]} … {plain[-4:]}" if len(plain) > 8 else plain


def is_bank_day(day: dt.date) -> bool:
    """Whether euro transfers are settled on ``day``: TARGET's calendar (ECB)."""
    return day.weekday() < SATURDAY and day not in _closed(day.year)


def bank_day_from(day: dt.date) -> dt.date:
    """``day``, or the next on which euro transfers are settled."""
    while not is_bank_day(day):
        day += dt.timedelta(days=1)
    return day


@lru_cache(maxsize=16)
def _closed(year: int) -> frozenset[dt.date]:
    return frozenset(financial_holidays("ECB", years=year).keys())
