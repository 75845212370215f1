"""What credit notes have left of an invoice: by line, by rate; and what a piece bears of goodwill given before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, Sum

from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice, InvoiceLine
from fulfilment.finance.invoicing.parts import Part, RateRest, part_of_rest
from shop.kernel.money import split

SHIPPING_SKU = "SHIPPING"  #: on lines that credit a shipping charge alone
Rate = tuple[str, int]
Rest = tuple[int, int, int, int]  #: pieces, gross, VAT, discount


def credited_minor(invoice: Invoice) -> int:
    """Gross of all credit notes on an invoice, in minor units."""
    return credited_of([invoice]).get(invoice.pk, 0)


def credited_of(invoices: Iterable[Invoice]) -> dict[int, int]:
    """``credited_minor`` of many, by id; those without a credit note are left out. One query."""
    notes = Invoice.objects.filter(corrects__in=[one.pk for one in invoices], kind=CREDIT_NOTE)
    return dict(notes.order_by().values_list("corrects_id").annotate(Sum("gross_minor")))


def rest_of_line(line: InvoiceLine) -> tuple[int, int, int, int]:
    """Pieces, gross, VAT and discount (minor units) of an invoice line that no credit note has taken. What its price
    was reduced by is gone from it, and stands in its discount."""
    return rests_of([line])[line.pk]


def rests_of(lines: Iterable[InvoiceLine]) -> dict[int, Rest]:
    """``rest_of_line`` of many, by id. One query, however many they are."""
    rests = {row.pk: (row.quantity, row.gross_minor, row.vat_minor, row.discount_minor) for row in lines}
    for row in InvoiceLine.objects.filter(Q(credits__in=rests) | Q(reduces__in=rests)):
        for pk in rests.keys() & {row.credits_id, row.reduces_id} - {None}:
            quantity, gross, vat, discount = rests[pk]
            rests[pk] = (
                quantity - (row.quantity if row.credits_id == pk else 0),
                gross - row.gross_minor - row.kept_minor,
                vat - row.vat_minor - row.kept_vat_minor,
                discount
                - row.discount_minor
                + row.kept_minor
                + (row.gross_minor if row.reduces_id == pk else 0),
            )
    return rests


def next_of_line(line: InvoiceLine, pieces: int) -> tuple[int, Part | None]:
    """Pieces that no credit note has taken, and the amounts of the next ``pieces`` of them; None when it has fewer."""
    left, gross, vat, discount = rest_of_line(line)
    if pieces > left:
        return left, None
    return left, part_of_rest(
        rest_quantity=left, now=pieces, gross_minor=gross, vat_minor=vat, discount_minor=discount
    )


def rests_per_rate(invoice: Invoice) -> list[RateRest]:
    """Gross and VAT per rate of an invoice that no credit note has taken."""
    sums: dict[Rate, list[int]] = defaultdict(lambda: [0, 0])
    notes = Invoice.objects.filter(corrects=invoice, kind=CREDIT_NOTE)
    for sign, document in [(1, invoice), *((-1, note) for note in notes)]:
        for row in document.taxes:
            rest = sums[row["category"], row["rate_bp"]]
            rest[0] += sign * (row["net_minor"] + row["vat_minor"])
            rest[1] += sign * row["vat_minor"]
    return [
        RateRest(category, rate, gross, vat) for (category, rate), (gross, vat) in sums.items() if gross > 0
    ]


class Reductions:
    """Credit notes that named neither pieces nor an article (goodwill), shared over the pieces that come back later.

    A piece is worth what was paid for it: of what its rate was reduced by, it bears its share of the goods there, and
    the last piece the rest. What the goods cannot bear any more, the shipping charge of that rate does. ``take`` notes
    what it gave; use one object per credit note.
    """

    def __init__(self, claim: Invoice) -> None:
        self.gross: dict[Rate, int] = defaultdict(int)
        self.vat: dict[Rate, int] = defaultdict(int)
        self.goods: dict[Rate, int] = defaultdict(int)
        for line in InvoiceLine.objects.filter(invoice__corrects=claim, invoice__kind=CREDIT_NOTE):
            key = (str(line.category), line.rate_bp)
            if line.credits_id is None and line.reduces_id is None and line.sku != SHIPPING_SKU:
                self.gross[key] += line.gross_minor
                self.vat[key] += line.vat_minor
            self.gross[key] -= line.reduced_minor
            self.vat[key] -= line.reduced_vat_minor
        lines = list(claim.lines.all())
        rests = rests_of(lines)
        for line in lines:
            self.goods[str(line.category), line.rate_bp] += rests[line.pk][1]

    def take(self, line: InvoiceLine, part: Part) -> tuple[int, int]:
        """Gross and VAT (minor units) of ``part`` of a line that were credited before."""
        key = (str(line.category), line.rate_bp)
        open_minor, goods = self.gross[key], self.goods[key]
        bearable = min(open_minor, goods)
        reduced = split(bearable, [part.gross_minor, goods - part.gross_minor])[0] if bearable > 0 else 0
        if part.gross_minor and reduced == part.gross_minor and open_minor < goods:
            reduced -= (
                1  # a piece that rounds to nothing gets no document, and its share would be lost with it
            )
        vat = split(self.vat[key], [reduced, open_minor - reduced])[0] if reduced else 0
        # The VAT that is left lies between nothing and what is left of the price.
        vat = max(min(vat, part.vat_minor), part.vat_minor - (part.gross_minor - reduced), 0)
        self.goods[key] -= part.gross_minor
        self.gross[key] -= reduced
        self.vat[key] -= vat
        return reduced, vat

    def bears_all(self, line: InvoiceLine) -> bool:
        """Whether nothing is left of the line, or of the goods at its rate: all of it was given before."""
        key = (str(line.category), line.rate_bp)
        return rest_of_line(line)[1] <= 0 or self.gross[key] >= self.goods[key]

    def of_charge(self, charge: Mapping[str, Any]) -> tuple[int, int]:
        """Gross and VAT of a shipping charge that may go back: all of it, unless more was given than goods are left."""
        key = (str(charge["category"]), int(charge["rate_bp"]))
        gross, vat = int(charge["gross_minor"]), int(charge["vat_minor"])
        reduced = min(gross, max(0, self.gross[key] - self.goods[key]))
        if not reduced:
            return gross, vat
        return gross - reduced, split(vat, [gross - reduced, reduced])[0]
