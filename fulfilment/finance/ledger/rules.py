"""The shop's bookkeeping: one pure function per event, event in, lines out. Reading this is reading the books.

Amounts are whole minor units. Accounts are named by role; the chart gives them numbers. The table behind it is
design/money.md; the worked examples an accountant can read are in tests/fulfilment/finance/ledger/test_rules.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .postings import Posting, order_subject, receipt_subject, swapped

HOME = "DE"
#: German rates with accounts of their own; every other rate goes to "other", every other country to "abroad".
HOME_RATES_BP = {1900: "19", 700: "7"}


@dataclass(frozen=True, slots=True)
class TaxShare:
    """What one country and VAT rate has of a document: net and VAT in minor units."""

    country: str
    rate_bp: int
    net_minor: int
    vat_minor: int


def card_captured(*, order_number: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """A card was charged: the provider owes us the money, the order's receivable is in credit until the invoice."""
    return [
        Posting(
            "psp_clearing", debit_minor=amount_minor, subject=order_subject(order_number), currency=currency
        ),
        Posting(
            "receivable", credit_minor=amount_minor, subject=order_subject(order_number), currency=currency
        ),
    ]


def invoice_issued(*, order_number: str, taxes: Iterable[TaxShare], currency: str = "EUR") -> list[Posting]:
    """An invoice: the order owes the gross; revenue net and VAT per country and rate."""
    shares = list(taxes)
    gross = sum(share.net_minor + share.vat_minor for share in shares)
    lines = [Posting("receivable", debit_minor=gross, subject=order_subject(order_number), currency=currency)]
    for share in shares:
        suffix = _suffix(share)
        facts = {"vat_country": share.country, "vat_rate_bp": share.rate_bp, "currency": currency}
        lines.append(Posting(f"revenue_{suffix}", credit_minor=share.net_minor, **facts))  # type: ignore[arg-type]
        if share.rate_bp:
            lines.append(
                Posting(
                    f"vat_{suffix}",
                    credit_minor=share.vat_minor,
                    tax_base_minor=share.net_minor,
                    **facts,  # type: ignore[arg-type]
                )
            )
    return [line for line in lines if line.debit_minor or line.credit_minor]


def credit_note_issued(
    *, order_number: str, taxes: Iterable[TaxShare], currency: str = "EUR"
) -> list[Posting]:
    """A credit note or cancellation: revenue and VAT go back, the order owes less. ``taxes`` are positive."""
    return swapped(invoice_issued(order_number=order_number, taxes=taxes, currency=currency))


def refund_succeeded(
    *, order_number: str, amount_minor: int, by_card: bool = True, currency: str = "EUR"
) -> list[Posting]:
    """Money went back to the customer: through the card provider, or from the bank account."""
    source = "psp_clearing" if by_card else "bank"
    return [
        Posting(
            "receivable", debit_minor=amount_minor, subject=order_subject(order_number), currency=currency
        ),
        Posting(source, credit_minor=amount_minor, subject=order_subject(order_number), currency=currency),
    ]


def payment_disputed(
    *, order_number: str, amount_minor: int, fee_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """The customer's bank took the money back: the order owes again, and the provider charges a fee."""
    subject = order_subject(order_number)
    lines = [
        Posting("receivable", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("cost_of_disputes", debit_minor=fee_minor, subject=subject, currency=currency),
        Posting("psp_clearing", credit_minor=amount_minor + fee_minor, subject=subject, currency=currency),
    ]
    return [line for line in lines if line.debit_minor or line.credit_minor]


def dispute_won(*, order_number: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """The money of a dispute came back: the provider owes it to us, the order no more; the fee is gone."""
    subject = order_subject(order_number)
    return [
        Posting("psp_clearing", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("receivable", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def receipt_recorded(*, receipt_id: int, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """Money is on the bank account; until it is assigned it counts as unexplained."""
    subject = receipt_subject(receipt_id)
    return [
        Posting("bank", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("unexplained", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def receipt_assigned(
    *, receipt_id: int, order_number: str, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """The receipt (or a part of it) belongs to an order: together with receipt_recorded it is bank to receivable."""
    return [
        Posting(
            "unexplained", debit_minor=amount_minor, subject=receipt_subject(receipt_id), currency=currency
        ),
        Posting(
            "receivable", credit_minor=amount_minor, subject=order_subject(order_number), currency=currency
        ),
    ]


def rounding_difference(*, order_number: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """A few cents short, within tolerance: the shop bears them."""
    subject = order_subject(order_number)
    return [
        Posting("rounding", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("receivable", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def dunning_costs_paid(
    *, receipt_id: int, order_number: str, fee_minor: int, interest_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Dunning fee and interest count as income when they are paid; a memo claim until then. Damages carry no VAT."""
    subject = order_subject(order_number)
    lines = [
        Posting(
            "unexplained",
            debit_minor=fee_minor + interest_minor,
            subject=receipt_subject(receipt_id),
            currency=currency,
        ),
        Posting("dunning_income", credit_minor=fee_minor, subject=subject, currency=currency),
        Posting("interest_income", credit_minor=interest_minor, subject=subject, currency=currency),
    ]
    return [line for line in lines if line.debit_minor or line.credit_minor]


def goods_dispatched(*, order_number: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """A parcel left: what the goods cost us moves from stock to cost of goods."""
    subject = order_subject(order_number)
    return [
        Posting("cost_of_goods", debit_minor=cost_minor, subject=subject, currency=currency),
        Posting("stock", credit_minor=cost_minor, subject=subject, currency=currency),
    ]


def goods_received(*, subject: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """Goods came from a supplier: the stock is worth more, and an invoice over them will follow.

    ``subject``: what they came with (``receipt:...``); the supplier's invoice clears it one day.
    """
    return [
        Posting("stock", debit_minor=cost_minor, subject=subject, currency=currency),
        Posting("received_not_invoiced", credit_minor=cost_minor, subject=subject, currency=currency),
    ]


def stock_opened(*, subject: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """Goods were there when the books began: the stock is worth it, and nobody will send an invoice."""
    return [
        Posting("stock", debit_minor=cost_minor, subject=subject, currency=currency),
        Posting("opening_balance", credit_minor=cost_minor, subject=subject, currency=currency),
    ]


def goods_returned(*, order_number: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """Goods came back from a customer and are in the house again, wherever they lie: the cost of goods goes back."""
    return swapped(goods_dispatched(order_number=order_number, cost_minor=cost_minor, currency=currency))


def goods_scrapped(*, subject: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """Goods were thrown away: what they cost us is lost."""
    return [
        Posting("stock_write_off", debit_minor=cost_minor, subject=subject, currency=currency),
        Posting("stock", credit_minor=cost_minor, subject=subject, currency=currency),
    ]


def stock_difference(*, subject: str, value_minor: int, currency: str = "EUR") -> list[Posting]:
    """A count or a transfer found another number than the books. ``value_minor``: what the difference cost us;
    negative: pieces are missing, positive: more were found than there should be."""
    lost = [
        Posting("stock_differences", debit_minor=abs(value_minor), subject=subject, currency=currency),
        Posting("stock", credit_minor=abs(value_minor), subject=subject, currency=currency),
    ]
    return lost if value_minor < 0 else swapped(lost)


def money_unmatched(*, reference: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """The card provider holds money that belongs to nothing we know: visible, until somebody explains it."""
    subject = f"psp:{reference}"[:60]
    return [
        Posting("psp_clearing", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("unexplained", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def _suffix(share: TaxShare) -> str:
    if not share.rate_bp:
        return "0"
    if share.country != HOME:
        return "abroad"
    return HOME_RATES_BP.get(share.rate_bp, "other")
