"""The last cent of VAT of a credit note: what goodwill took by the rate and pieces give by the line meet again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice, InvoiceLine

from .rests import Rate, rests_per_rate


def true_up(claim: Invoice, lines: list[InvoiceLine], charges: list[dict[str, Any]]) -> None:
    """Move the VAT of an unsaved credit note by the cents that rounding would leave at a rate of ``claim``.

    Once nothing more is to be credited at a rate, the VAT left there is that of what was kept for lost value; before,
    it lies between that and what is left of the price. Without goodwill the parts of lines are exact and nothing moves.
    """
    lost = _withheld(claim, lines)
    for rest in rests_per_rate(claim):
        key = (rest.category, rest.rate_bp)
        own = [line for line in lines if (line.category, line.rate_bp) == key]
        fees = [charge for charge in charges if (charge["category"], charge["rate_bp"]) == key]
        if not own and not fees:
            continue
        gross = rest.gross_minor - sum(line.gross_minor for line in own) - sum(c["gross_minor"] for c in fees)
        vat = rest.vat_minor - sum(line.vat_minor for line in own) - sum(c["vat_minor"] for c in fees)
        more = vat - vat_left(gross, vat, *lost[key])
        if more:
            _move(more, own, fees)


def vat_left(gross: int, vat: int, lost_gross: int, lost_vat: int) -> int:
    """What VAT may be left with ``gross`` when ``lost_gross`` of it stays with the shop."""
    if gross < lost_gross:  # goodwill gave of what had been kept
        return min(max(vat, 0), gross)
    return min(max(vat, lost_vat), lost_vat + gross - lost_gross)


def _move(more: int, own: list[InvoiceLine], fees: list[dict[str, Any]]) -> None:
    """Add ``more`` (minor units, may be negative) to a charge, else to the line whose earlier reduction bears it."""
    if fees:
        fees[0]["vat_minor"] += more
        return
    line = max(own, key=lambda one: (one.reduced_vat_minor >= more > 0, one.reduced_minor, one.gross_minor))
    line.vat_minor += more
    if line.reduced_minor and line.reduced_vat_minor >= more:
        line.reduced_vat_minor -= more
        line.kept_vat_minor -= more


def _withheld(claim: Invoice, lines: list[InvoiceLine]) -> dict[Rate, tuple[int, int]]:
    """Gross and VAT per rate that credit notes kept for lost value, with these lines."""
    sums: dict[Rate, list[int]] = defaultdict(lambda: [0, 0])
    earlier = InvoiceLine.objects.filter(invoice__corrects=claim, invoice__kind=CREDIT_NOTE)
    for line in [*earlier, *lines]:
        lost = sums[str(line.category), line.rate_bp]
        lost[0] += line.kept_minor - line.reduced_minor
        lost[1] += line.kept_vat_minor - line.reduced_vat_minor
    return defaultdict(lambda: (0, 0), {rate: (gross, vat) for rate, (gross, vat) in sums.items()})
