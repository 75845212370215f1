"""VAT in manual entries: a choice per line, from which the VAT line is made. Nobody types a VAT line by hand.

A line with a choice is gross: its VAT is taken out and posted to the VAT account with country, rate and base, so that
the VAT figures stay explained. § 15 UStG (input VAT), § 13 UStG (output VAT).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from shop.kernel.money import vat_from_gross

from .models import ASSET, EXPENSE, REVENUE, Account
from .postings import Posting
from .rules import HOME


@dataclass(frozen=True, slots=True)
class VatKey:
    """One choice: its account by role, its rate in basis points, and the kinds of account it goes with."""

    code: str
    label: Any
    role: str
    rate_bp: int
    kinds: tuple[str, ...]


KEYS = {
    key.code: key
    for key in (
        VatKey("output_19", _("VAT 19 %"), "vat_19", 1900, (REVENUE, EXPENSE)),
        VatKey("output_7", _("VAT 7 %"), "vat_7", 700, (REVENUE, EXPENSE)),
        VatKey("input_19", _("Input VAT 19 %"), "input_vat", 1900, (EXPENSE, ASSET)),
        VatKey("input_7", _("Input VAT 7 %"), "input_vat", 700, (EXPENSE, ASSET)),
    )
}
CHOICES = [("", _("no VAT")), *((key.code, key.label) for key in KEYS.values())]
#: Accounts that mean a rate: nothing else is posted to them.
FIXED = {"revenue_19": "output_19", "revenue_7": "output_7"}
#: Assets that are money or a claim: no VAT in them.
WITHOUT = {"bank", "cash", "psp_clearing", "money_transit", "receivable", "stock"}


def fits(key: VatKey, account: Account) -> bool:
    """Whether the choice makes sense with this account."""
    return account.kind in key.kinds and account.role not in WITHOUT


def split(account: str, key: VatKey | None, *, debit_minor: int, credit_minor: int) -> list[Posting]:
    """The postings of one line: itself, or net and VAT of it. ``account``: as ``Posting.role``."""
    if key is None:
        return [Posting(account, debit_minor=debit_minor, credit_minor=credit_minor)]
    gross = debit_minor or credit_minor
    vat = vat_from_gross(gross, key.rate_bp)
    natural = bool(debit_minor) == (key.role == "input_vat")  # input VAT in debit, output VAT in credit
    facts: dict[str, Any] = {"vat_country": HOME, "vat_rate_bp": key.rate_bp}
    base = gross - vat if natural else vat - gross
    lines = [Posting(account, debit_minor=gross - vat, **facts)]
    if vat:
        lines.append(Posting(key.role, debit_minor=vat, tax_base_minor=base, **facts))
    if debit_minor:
        return lines
    return [replace(line, debit_minor=0, credit_minor=line.debit_minor) for line in lines]
