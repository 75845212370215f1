"""The sums of an invoice by one rule: the ledger posts them, the XML states them, the PDF prints them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shop.kernel.money import BASIS_POINTS, split, vat_from_gross

from .model import AllowanceCharge, EInvoice, Line, VatCategory

RateKey = tuple[VatCategory, int]

#: How far a rate's VAT may be from basis times rate before its lines are levelled, in minor units. The
#: schematron refuses 100 (BR-S-09); half of that leaves room and is never reached with fewer than 84 parts of
#: one rate.
LEVEL_AT_MINOR = 50


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """One row of the VAT breakdown (BG-23). ``gross = net + vat``, all in minor units."""

    category: VatCategory
    rate_bp: int
    net_minor: int
    vat_minor: int

    @property
    def gross_minor(self) -> int:
        """What the customer pays at this rate."""
        return self.net_minor + self.vat_minor


@dataclass(frozen=True, slots=True)
class Totals:
    """Every sum of the document, in minor units."""

    line_vats: tuple[int, ...]  #: VAT per line, in the order of the lines
    part_vats: tuple[int, ...]  #: VAT per allowance or charge, in their order
    line_nets: tuple[int, ...]  #: BT-131
    part_nets: tuple[int, ...]  #: BT-92, BT-99
    rates: tuple[TaxTotal, ...]  #: highest rate first
    lines_net_minor: int  #: BT-106
    allowances_net_minor: int  #: BT-107
    charges_net_minor: int  #: BT-108
    net_minor: int  #: BT-109
    vat_minor: int  #: BT-110
    gross_minor: int  #: BT-112, to the cent what the customer was asked to pay
    prepaid_minor: int  #: BT-113
    due_minor: int  #: BT-115; negative when more was paid than asked


def totals(invoice: EInvoice) -> Totals:
    """Compute all sums of ``invoice``.

    VAT is taken out of each line's gross total, rounded to the cent, and summed per rate (money.md; EN 16931
    BR-CO-10, BR-S-08). Net is gross minus VAT, so gross is kept to the cent by construction. Should the
    rounding of very many equal lines pile up beyond LEVEL_AT_MINOR, the rate's VAT is taken out of its whole
    gross and divided over the lines by largest remainder.
    """
    vats = _vats(invoice)
    count = len(invoice.lines)
    line_vats, part_vats = tuple(vats[:count]), tuple(vats[count:])
    line_nets = tuple(line.gross_minor - vat for line, vat in zip(invoice.lines, line_vats, strict=True))
    parts = invoice.allowances_charges
    part_nets = tuple(part.gross_minor - vat for part, vat in zip(parts, part_vats, strict=True))
    rates = _rates(invoice, line_nets + part_nets, line_vats + part_vats)
    net, vat = sum(rate.net_minor for rate in rates), sum(rate.vat_minor for rate in rates)
    return Totals(
        line_vats=line_vats,
        part_vats=part_vats,
        line_nets=line_nets,
        part_nets=part_nets,
        rates=rates,
        lines_net_minor=sum(line_nets),
        allowances_net_minor=sum(n for p, n in zip(parts, part_nets, strict=True) if not p.is_charge),
        charges_net_minor=sum(n for p, n in zip(parts, part_nets, strict=True) if p.is_charge),
        net_minor=net,
        vat_minor=vat,
        gross_minor=net + vat,
        prepaid_minor=invoice.prepaid_minor,
        due_minor=net + vat - invoice.prepaid_minor,
    )


def spread(
    *, is_charge: bool, gross_minor: int, reason: str, over: Sequence[Line], reason_code: str = ""
) -> tuple[AllowanceCharge, ...]:
    """Divide a discount or charge on the whole order over the VAT rates of its lines, by their gross (largest
    remainder). For vouchers and the like; shipping has one rate, decided at checkout, and needs no spreading.

    gross_minor: the whole amount, positive. over: the lines, at least one. Returns one part per rate, none
    for a rate that gets nothing; the parts add up to ``gross_minor``.
    """
    weights: dict[RateKey, int] = defaultdict(int)
    for line in over:
        weights[line.category, line.rate_bp] += line.gross_minor
    amounts = split(gross_minor, list(weights.values()))
    return tuple(
        AllowanceCharge(
            is_charge=is_charge,
            gross_minor=amount,
            reason=reason,
            rate_bp=rate_bp,
            category=category,
            reason_code=reason_code,
        )
        for (category, rate_bp), amount in zip(weights, amounts, strict=True)
        if amount
    )


def share(line: Line, quantities: Sequence[int]) -> tuple[Line, ...]:
    """Divide a line over several documents (partial dispatches, partial credit notes) so that the parts'
    gross, discount and VAT add up to the line's.

    quantities: pieces per part; they must add up to the line's quantity.
    """
    if sum(quantities) != line.quantity or any(quantity < 0 for quantity in quantities):
        raise ValueError("the parts of a line must add up to its quantity")
    whole_vat = vat_from_gross(line.gross_minor, line.rate_bp) if line.vat_minor is None else line.vat_minor
    gross = split(line.gross_minor, quantities)
    discount = split(line.discount_minor, quantities)
    vat = split(whole_vat, gross)
    return tuple(
        replace(line, quantity=quantity, gross_minor=g, discount_minor=d, vat_minor=v)
        for quantity, g, d, v in zip(quantities, gross, discount, vat, strict=True)
        if quantity
    )


def _parts(invoice: EInvoice) -> tuple[Line | AllowanceCharge, ...]:
    """Everything with an amount and a rate: lines, then allowances and charges."""
    return (*invoice.lines, *invoice.allowances_charges)


def _vats(invoice: EInvoice) -> list[int]:
    """VAT of every line, then of every allowance and charge."""
    parts = _parts(invoice)
    vats = [_own_vat(part) for part in parts]
    groups: dict[RateKey, list[int]] = defaultdict(list)
    for index, part in enumerate(parts):
        groups[part.category, part.rate_bp].append(index)
    for (_, rate_bp), indexes in groups.items():
        _level(parts, indexes, rate_bp, vats)
    return vats


def _own_vat(part: Line | AllowanceCharge) -> int:
    if part.vat_minor is not None:
        return part.vat_minor
    return vat_from_gross(part.gross_minor, part.rate_bp)


def _level(
    parts: Sequence[Line | AllowanceCharge], indexes: list[int], rate_bp: int, vats: list[int]
) -> None:
    """Bring one rate's VAT back to what its whole gross contains when rounding has piled up."""
    signed = [_sign(parts[index]) for index in indexes]
    gross = sum(sign * parts[index].gross_minor for sign, index in zip(signed, indexes, strict=True))
    vat = sum(sign * vats[index] for sign, index in zip(signed, indexes, strict=True))
    if abs(vat * BASIS_POINTS - (gross - vat) * rate_bp) < LEVEL_AT_MINOR * BASIS_POINTS:
        return
    # Only lines move: what was decided before (vat_minor) and the few allowances and charges stay.
    free = [index for index in indexes if _sign(parts[index]) > 0 and parts[index].vat_minor is None]
    if not free:
        return
    fixed = vat - sum(vats[index] for index in free)
    levelled = split(vat_from_gross(gross, rate_bp) - fixed, [parts[index].gross_minor for index in free])
    for index, amount in zip(free, levelled, strict=True):
        vats[index] = amount


def _sign(part: Line | AllowanceCharge) -> int:
    return -1 if isinstance(part, AllowanceCharge) and not part.is_charge else 1


def _rates(invoice: EInvoice, nets: tuple[int, ...], vats: tuple[int, ...]) -> tuple[TaxTotal, ...]:
    """The VAT breakdown, highest rate first."""
    sums: dict[RateKey, tuple[int, int]] = {}
    for part, net, vat in zip(_parts(invoice), nets, vats, strict=True):
        had_net, had_vat = sums.get((part.category, part.rate_bp), (0, 0))
        sign = _sign(part)
        sums[part.category, part.rate_bp] = (had_net + sign * net, had_vat + sign * vat)
    ordered = sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    return tuple(TaxTotal(category, rate, net, vat) for (category, rate), (net, vat) in ordered)
