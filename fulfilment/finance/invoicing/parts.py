"""Parts of order lines that always add up to the whole, to the cent, VAT included. Pure functions.

A line of q pieces is invoiced in parts as its parcels leave. The part from piece a to piece b gets cumulative(b) less
cumulative(a); whatever the order and size of the parts, they telescope to the line's own amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.kernel.money import split, vat_from_gross


@dataclass(frozen=True, slots=True)
class Part:
    """Amounts of some pieces of a line, in minor units. VAT is inside the gross."""

    quantity: int
    gross_minor: int
    vat_minor: int
    discount_minor: int


def part_of_line(
    *, quantity: int, done: int, now: int, gross_minor: int, rate_bp: int, discount_minor: int = 0
) -> Part:
    """The amounts of the next ``now`` pieces of a line of ``quantity`` pieces of which ``done`` were invoiced before.

    gross_minor: owed for the whole line after discounts. Raises ValueError when more would be invoiced than ordered.
    """
    if now < 1 or done < 0 or done + now > quantity:
        raise ValueError(f"{now} pieces after {done} of {quantity} cannot be invoiced")
    vat_minor = vat_from_gross(gross_minor, rate_bp)
    before, after = _share(gross_minor, quantity, done), _share(gross_minor, quantity, done + now)
    vat_before, vat_after = _share(vat_minor, gross_minor, before), _share(vat_minor, gross_minor, after)
    return Part(
        quantity=now,
        gross_minor=after - before,
        vat_minor=vat_after - vat_before,
        discount_minor=_share(discount_minor, quantity, done + now) - _share(discount_minor, quantity, done),
    )


def part_of_rest(
    *, rest_quantity: int, now: int, gross_minor: int, vat_minor: int, discount_minor: int
) -> Part:
    """The amounts of ``now`` pieces out of a rest of ``rest_quantity`` pieces; the last part takes what is left.

    Used by credit notes: the amounts are those of the line that no credit note has taken yet.
    """
    if now < 1 or now > rest_quantity:
        raise ValueError(f"{now} pieces of {rest_quantity} cannot be credited")
    gross = split(gross_minor, [now, rest_quantity - now])[0]
    return Part(
        quantity=now,
        gross_minor=gross,
        vat_minor=_share(vat_minor, gross_minor, gross),
        discount_minor=split(discount_minor, [now, rest_quantity - now])[0],
    )


@dataclass(frozen=True, slots=True)
class RateRest:
    """What is left to credit at one rate of an invoice, in minor units."""

    category: str
    rate_bp: int
    gross_minor: int
    vat_minor: int


def spread_amount(amount_minor: int, rests: Sequence[RateRest]) -> list[RateRest]:
    """Divide an amount (goodwill) over the rates of an invoice by what is left there; the last one takes the rest.

    Returns one part per rate that gets something. Raises ValueError for more than is left.
    """
    left = sum(rest.gross_minor for rest in rests)
    if not 0 < amount_minor <= left:
        raise ValueError(f"{amount_minor} of {left} cannot be credited")
    amounts = split(amount_minor, [rest.gross_minor for rest in rests])
    return [
        RateRest(rest.category, rest.rate_bp, amount, _share(rest.vat_minor, rest.gross_minor, amount))
        for rest, amount in zip(rests, amounts, strict=True)
        if amount
    ]


def _share(whole: int, of: int, part: int) -> int:
    """``part`` out of ``of`` of an amount, rounded by largest remainder: 0 at 0, the whole at the end."""
    return split(whole, [part, of - part])[0] if of else 0
