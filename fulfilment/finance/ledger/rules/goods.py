"""What happens to goods, at what they cost us."""

from __future__ import annotations

from fulfilment.finance.ledger.postings import Posting, order_subject, swapped


def goods_dispatched(*, order_number: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """A parcel left: what the goods cost us moves from stock to cost of goods."""
    subject = order_subject(order_number)
    return [
        Posting("cost_of_goods", debit_minor=cost_minor, subject=subject, currency=currency),
        Posting("stock", credit_minor=cost_minor, subject=subject, currency=currency),
    ]


def goods_replaced(*, order_number: str, cost_minor: int, currency: str = "EUR") -> list[Posting]:
    """A parcel left with goods sent once more, free of charge: no turnover stands against them, so what they cost us is
    an expense of warranty and not cost of goods sold."""
    subject = order_subject(order_number)
    return [
        Posting("warranty", debit_minor=cost_minor, subject=subject, currency=currency),
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


def goods_returned(
    *, order_number: str, cost_minor: int, replaced: bool = False, currency: str = "EUR"
) -> list[Posting]:
    """Goods came back from a customer and are in the house again, wherever they lie: the cost of goods goes back.
    ``replaced``: they had been sent free of charge; then the expense of warranty does."""
    rule = goods_replaced if replaced else goods_dispatched
    return swapped(rule(order_number=order_number, cost_minor=cost_minor, currency=currency))


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
