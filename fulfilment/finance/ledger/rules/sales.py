"""Documents: what the customer owes, revenue and VAT per country and rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fulfilment.finance.ledger.postings import Posting, order_subject, swapped

HOME = "DE"
#: German rates with accounts of their own; every other rate goes to "other", every other country to "abroad".
HOME_RATES_BP = {1900: "19", 700: "7"}
#: Sales without VAT that the VAT return asks for apart, by category of EN 16931.
UNTAXED = {"K": "eu", "AE": "reverse_charge"}


@dataclass(frozen=True, slots=True)
class TaxShare:
    """What one country and VAT rate has of a document: net and VAT in minor units.

    category: VAT category of EN 16931 (UNTDID 5305): "S" taxed, "K" intra-community supply, "AE" reverse charge,
    "G" export, "Z" and "E" other sales without VAT.
    """

    country: str
    rate_bp: int
    net_minor: int
    vat_minor: int
    category: str = "S"


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


def _suffix(share: TaxShare) -> str:
    if not share.rate_bp:
        return UNTAXED.get(share.category, "0")
    if share.country != HOME:
        return "abroad"
    return HOME_RATES_BP.get(share.rate_bp, "other")


def written_off(*, order_number: str, taxes: Iterable[TaxShare], currency: str = "EUR") -> list[Posting]:
    """A claim that will not be paid, approved: the net is lost, the VAT on it is corrected (§ 17 (2) Nr. 1 UStG).

    taxes: what is written off per country and rate, positive minor units.
    """
    shares = list(taxes)
    gross = sum(share.net_minor + share.vat_minor for share in shares)
    lines: list[Posting] = []
    for share in shares:
        facts = {"vat_country": share.country, "vat_rate_bp": share.rate_bp, "currency": currency}
        subject = order_subject(order_number)
        suffix = _suffix(share)
        loss = suffix if share.rate_bp else "0"
        lines.append(Posting(f"bad_debt_{loss}", debit_minor=share.net_minor, subject=subject, **facts))  # type: ignore[arg-type]
        if share.rate_bp:
            lines.append(
                Posting(
                    f"vat_{suffix}",
                    debit_minor=share.vat_minor,
                    tax_base_minor=-share.net_minor,
                    **facts,  # type: ignore[arg-type]
                )
            )
    lines.append(
        Posting("receivable", credit_minor=gross, subject=order_subject(order_number), currency=currency)
    )
    return [line for line in lines if line.debit_minor or line.credit_minor]


def write_off_recovered(
    *, order_number: str, taxes: Iterable[TaxShare], currency: str = "EUR"
) -> list[Posting]:
    """Money for a claim that was written off: the claim stands again in this amount, and so does its VAT
    (§ 17 (2) Nr. 1 sentence 2 UStG); the net is income of its own. The money itself is booked as any receipt."""
    return [
        replace(line, role="bad_debt_recovered") if line.role.startswith("bad_debt_") else line
        for line in swapped(written_off(order_number=order_number, taxes=taxes, currency=currency))
    ]


def cash_sale(*, subject: str, taxes: Iterable[TaxShare], currency: str = "EUR") -> list[Posting]:
    """A sale at the till: cash against revenue and VAT, nobody owes anything. ``subject``: the receipt of the till."""
    return [
        replace(line, role="cash", subject=subject) if line.role == "receivable" else line
        for line in invoice_issued(order_number="", taxes=taxes, currency=currency)
    ]


def gift_card_sold(
    *, card: str, amount_minor: int, paid_by: str = "psp_clearing", currency: str = "EUR"
) -> list[Posting]:
    """A gift card was sold: a debt of ours, no revenue yet. VAT arises when it is used, because nobody knows at what
    rate (multi-purpose voucher, § 3 (15) UStG). ``paid_by``: role of the account the money is on."""
    return [
        Posting(paid_by, debit_minor=amount_minor, subject=gift_card_subject(card), currency=currency),
        Posting("gift_cards", credit_minor=amount_minor, subject=gift_card_subject(card), currency=currency),
    ]


def gift_card_used(
    *, card: str, order_number: str, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """A gift card pays for an order."""
    subject = order_subject(order_number)
    return [
        Posting("gift_cards", debit_minor=amount_minor, subject=gift_card_subject(card), currency=currency),
        Posting("receivable", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def gift_card_subject(card: str) -> str:
    """The sub-account of a gift card."""
    return f"gift-card:{card}"[:60]
