"""A line to be posted, as a plain value: what rules return and ``actions.post`` writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CREDIT_PREFIX = "customer:"  #: of sub-accounts of store credit


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: the account by role, one positive amount in minor units, and whose sub-account it is."""

    role: str
    debit_minor: int = 0
    credit_minor: int = 0
    subject: str = ""
    currency: str = "EUR"
    vat_country: str = ""
    vat_rate_bp: int | None = None
    tax_base_minor: int | None = None


def swapped(lines: Iterable[Posting]) -> list[Posting]:
    """The mirror image: debit becomes credit and the tax base changes its sign."""
    return [
        Posting(
            role=line.role,
            debit_minor=line.credit_minor,
            credit_minor=line.debit_minor,
            subject=line.subject,
            currency=line.currency,
            vat_country=line.vat_country,
            vat_rate_bp=line.vat_rate_bp,
            tax_base_minor=None if line.tax_base_minor is None else -line.tax_base_minor,
        )
        for line in lines
    ]


def order_subject(order_number: str) -> str:
    """The sub-account of an order: what it owes, and what was paid for it."""
    return f"order:{order_number}"


def credit_subject(user_id: int) -> str:
    """The sub-account of a customer's store credit."""
    return f"{CREDIT_PREFIX}{user_id}"


def receipt_subject(receipt_id: int) -> str:
    """The sub-account of a bank receipt as long as nobody knows whose money it is."""
    return f"receipt:{receipt_id}"
