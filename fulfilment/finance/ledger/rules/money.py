"""Money that comes and goes: card provider, bank, receipts, disputes."""

from __future__ import annotations

from fulfilment.finance.ledger.postings import (
    Posting,
    credit_subject,
    order_subject,
    receipt_subject,
    swapped,
)

#: Accounts of VAT we owe, by rate in basis points; every other rate goes to "other".
VAT_OWED = {1900: "19", 700: "7"}


def card_captured(
    *,
    order_number: str,
    amount_minor: int,
    costs_minor: int = 0,
    interest_minor: int = 0,
    currency: str = "EUR",
) -> list[Posting]:
    """A card was charged: the provider owes us the money, the order's receivable is in credit until the invoice. What
    of it pays dunning costs and interest is income on the day it is paid; damages carry no VAT."""
    subject = order_subject(order_number)
    goods_minor = amount_minor - costs_minor - interest_minor
    lines = [
        Posting("psp_clearing", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("receivable", credit_minor=goods_minor, subject=subject, currency=currency),
        Posting("dunning_income", credit_minor=costs_minor, subject=subject, currency=currency),
        Posting("interest_income", credit_minor=interest_minor, subject=subject, currency=currency),
    ]
    return [line for line in lines if line.debit_minor or line.credit_minor]


def claims_given_back(
    *, order_number: str, costs_minor: int, interest_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Dunning costs and interest were paid that nobody owed (any more): the money is the order's, in credit."""
    subject = order_subject(order_number)
    lines = [
        Posting("dunning_income", debit_minor=costs_minor, subject=subject, currency=currency),
        Posting("interest_income", debit_minor=interest_minor, subject=subject, currency=currency),
        Posting("receivable", credit_minor=costs_minor + interest_minor, subject=subject, currency=currency),
    ]
    return [line for line in lines if line.debit_minor or line.credit_minor]


def refund_succeeded(
    *, order_number: str, amount_minor: int, by_card: bool = True, currency: str = "EUR"
) -> list[Posting]:
    """Money went back to the customer: through the card provider, or by a transfer, which is on its way until the
    bank's line tells that it left (``disbursement_explained`` with "money_transit")."""
    source = "psp_clearing" if by_card else "money_transit"
    return [
        Posting(
            "receivable", debit_minor=amount_minor, subject=order_subject(order_number), currency=currency
        ),
        Posting(source, credit_minor=amount_minor, subject=order_subject(order_number), currency=currency),
    ]


def refunded_to_credit(
    *, order_number: str, user_id: int, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Money that goes back stays with us as the customer's store credit, at their wish: a debt of another kind, to the
    customer instead of on the order. It is no revenue, and no VAT is at issue: at what rate it will be spent nobody
    knows (as with a multi-purpose voucher, § 3 (15) UStG)."""
    return [
        Posting(
            "receivable", debit_minor=amount_minor, subject=order_subject(order_number), currency=currency
        ),
        Posting(
            "store_credit", credit_minor=amount_minor, subject=credit_subject(user_id), currency=currency
        ),
    ]


def credit_spent(
    *, order_number: str, user_id: int, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Store credit pays for an order: we owe the customer less, and the order does. VAT comes with the invoice."""
    return swapped(
        refunded_to_credit(
            order_number=order_number, user_id=user_id, amount_minor=amount_minor, currency=currency
        )
    )


def credit_moved_along(
    *, from_user_id: int, to_user_id: int, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Two accounts of one customer became one, and their store credit with them: the debt stays as it is."""
    gone, kept = credit_subject(from_user_id), credit_subject(to_user_id)
    return [
        Posting("store_credit", debit_minor=amount_minor, subject=gone, currency=currency),
        Posting("store_credit", credit_minor=amount_minor, subject=kept, currency=currency),
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


def receipt_recorded(
    *, receipt_id: int, amount_minor: int, bank: str = "bank", currency: str = "EUR"
) -> list[Posting]:
    """Money is on the bank account; until it is assigned it counts as unexplained. ``bank``: a role, or "#1210"."""
    subject = receipt_subject(receipt_id)
    return [
        Posting(bank, debit_minor=amount_minor, subject=subject, currency=currency),
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


def money_unmatched(*, reference: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """The card provider holds money that belongs to nothing we know: visible, until somebody explains it."""
    subject = f"psp:{reference}"[:60]
    return [
        Posting("psp_clearing", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("unexplained", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def cash_difference(*, subject: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """The till was counted. amount_minor: negative: cash is missing; positive: there is more than there should be."""
    amount = abs(amount_minor)
    lost = [
        Posting("over_short", debit_minor=amount, subject=subject, currency=currency),
        Posting("cash", credit_minor=amount, subject=subject, currency=currency),
    ]
    return lost if amount_minor < 0 else swapped(lost)


def provider_fee(*, reference: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """The card provider kept a fee; negative: it gave one back. ``reference``: its balance transaction."""
    amount, subject = abs(amount_minor), psp_subject(reference)
    fee = [
        Posting("cost_of_payments", debit_minor=amount, subject=subject, currency=currency),
        Posting("psp_clearing", credit_minor=amount, subject=subject, currency=currency),
    ]
    return fee if amount_minor > 0 else swapped(fee)


def payout_arrived(
    *, receipt_id: int, payout: str, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """A receipt on the bank account is a payout of the card provider: together with receipt_recorded it is bank to
    clearing. ``payout``: the provider's id."""
    return [
        Posting(
            "unexplained", debit_minor=amount_minor, subject=receipt_subject(receipt_id), currency=currency
        ),
        Posting("psp_clearing", credit_minor=amount_minor, subject=psp_subject(payout), currency=currency),
    ]


def payout_taken(
    *, disbursement_id: int, payout: str, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Money that left the bank account is a negative payout: the card provider took what we owed it. Together with
    disbursement_recorded it is clearing to bank. ``payout``: the provider's id."""
    return disbursement_explained(
        disbursement_id=disbursement_id,
        account="psp_clearing",
        amount_minor=amount_minor,
        subject=psp_subject(payout),
        currency=currency,
    )


def receipt_explained(
    *,
    receipt_id: int,
    account: str,
    amount_minor: int,
    subject: str = "",
    vat_rate_bp: int = 0,
    vat_minor: int = 0,
    currency: str = "EUR",
) -> list[Posting]:
    """A receipt is something else than an order's money: interest, a supplier's refund, the tax office. ``account``: a
    role, or "#4711" for an account by its number. vat_minor: VAT that we owe on it, contained in amount_minor."""
    lines = [
        Posting(
            "unexplained", debit_minor=amount_minor, subject=receipt_subject(receipt_id), currency=currency
        ),
        Posting(account, credit_minor=amount_minor - vat_minor, subject=subject, currency=currency),
    ]
    if vat_minor:
        net = amount_minor - vat_minor
        lines.append(
            _vat(
                f"vat_{VAT_OWED.get(vat_rate_bp, 'other')}",
                vat_rate_bp,
                net,
                currency,
                credit_minor=vat_minor,
            )
        )
    return lines


def disbursement_recorded(
    *, disbursement_id: int, amount_minor: int, bank: str = "bank", currency: str = "EUR"
) -> list[Posting]:
    """Money left the bank account; until somebody says what for it counts as unexplained. ``bank``: see
    ``receipt_recorded``."""
    subject = disbursement_subject(disbursement_id)
    return [
        Posting("unexplained", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting(bank, credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def disbursement_explained(
    *,
    disbursement_id: int,
    account: str,
    amount_minor: int,
    subject: str = "",
    vat_rate_bp: int = 0,
    vat_minor: int = 0,
    currency: str = "EUR",
) -> list[Posting]:
    """What money that left was for. ``account``: "money_transit" for a refund sent by transfer, "bank_charges", any
    other role, or "#4711" for an account by its number. vat_minor: input VAT contained in amount_minor."""
    lines = [
        Posting(account, debit_minor=amount_minor - vat_minor, subject=subject, currency=currency),
        Posting(
            "unexplained",
            credit_minor=amount_minor,
            subject=disbursement_subject(disbursement_id),
            currency=currency,
        ),
    ]
    if vat_minor:
        net = amount_minor - vat_minor
        lines.append(_vat("input_vat", vat_rate_bp, net, currency, debit_minor=vat_minor))
    return lines


def payment_returned(
    *, receipt_id: int, disbursement_id: int, amount_minor: int, currency: str = "EUR"
) -> list[Posting]:
    """Money that came was taken back by the payer's bank: what came and what left explain each other."""
    return [
        Posting(
            "unexplained", debit_minor=amount_minor, subject=receipt_subject(receipt_id), currency=currency
        ),
        Posting(
            "unexplained",
            credit_minor=amount_minor,
            subject=disbursement_subject(disbursement_id),
            currency=currency,
        ),
    ]


def transfer_came_back(
    *, receipt_id: int, amount_minor: int, charges_minor: int = 0, subject: str = "", currency: str = "EUR"
) -> list[Posting]:
    """A transfer of ours that left was sent back by its bank, less charges that the shop bears: all of it is to be sent
    once more. amount_minor: what came; subject: the order, or the receipt it was to pay back."""
    lines = [
        Posting(
            "unexplained", debit_minor=amount_minor, subject=receipt_subject(receipt_id), currency=currency
        ),
        Posting("bank_charges", debit_minor=charges_minor, subject=subject, currency=currency),
        Posting(
            "money_transit", credit_minor=amount_minor + charges_minor, subject=subject, currency=currency
        ),
    ]
    return [line for line in lines if line.debit_minor or line.credit_minor]


def charges_withheld(*, order_number: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """Banks on the way kept a part of a customer's transfer and the shop bears it: the order owes it no more."""
    subject = order_subject(order_number)
    return [
        Posting("bank_charges", debit_minor=amount_minor, subject=subject, currency=currency),
        Posting("receivable", credit_minor=amount_minor, subject=subject, currency=currency),
    ]


def exchange_difference(*, order_number: str, amount_minor: int, currency: str = "EUR") -> list[Posting]:
    """Money in another currency was worth less (positive) or more (negative) than the claim it settles."""
    amount, subject = abs(amount_minor), order_subject(order_number)
    loss = [
        Posting("exchange_losses", debit_minor=amount, subject=subject, currency=currency),
        Posting("receivable", credit_minor=amount, subject=subject, currency=currency),
    ]
    gain = [
        Posting("receivable", debit_minor=amount, subject=subject, currency=currency),
        Posting("exchange_gains", credit_minor=amount, subject=subject, currency=currency),
    ]
    return loss if amount_minor > 0 else gain


def _vat(
    role: str, rate_bp: int, net_minor: int, currency: str, *, debit_minor: int = 0, credit_minor: int = 0
) -> Posting:
    return Posting(
        role,
        debit_minor=debit_minor,
        credit_minor=credit_minor,
        currency=currency,
        vat_country="DE",
        vat_rate_bp=rate_bp,
        tax_base_minor=net_minor,
    )


def psp_subject(reference: str) -> str:
    """The sub-account of the card provider's clearing: a payout, or one balance transaction."""
    return f"psp:{reference}"[:60]


def disbursement_subject(disbursement_id: int) -> str:
    """The sub-account of money that left the bank as long as nobody said what for."""
    return f"disbursement:{disbursement_id}"
