"""What money may be for beside an order's payment: an account of the books, a payout, or it goes back."""

from __future__ import annotations

from typing import Any

from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post
from fulfilment.finance.ledger.by_hand import is_kept
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.ledger.postings import Posting, receipt_subject
from fulfilment.finance.reconciliation.models import Assignment, Disbursement, LearnedRule, PayBack, Receipt
from fulfilment.finance.reconciliation.payouts import arrived
from fulfilment.finance.reconciliation.taking import day_of, person, take
from shop.kernel.money import split
from shop.kernel.transactions import retrying

FULL_BP = 10_000


class NotByHand(ValueError):
    """This account is kept by other verbs; the message says which."""


def explain(
    *,
    money: Receipt | Disbursement,
    account: Account,
    amount_minor: int,
    vat_rate_bp: int = 0,
    rule: LearnedRule | None = None,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> Assignment:
    """A part of the money belongs to an account of the books: interest, rent, the bank's charges.

    amount_minor: gross; vat_rate_bp: VAT in it (basis points): input VAT of what left, VAT that we owe of what came.
    Raises NotEnoughLeft, NotByHand, ValueError.
    """
    if amount_minor <= 0:
        raise ValueError("an assignment is more than zero")
    if is_kept(account):
        raise NotByHand(f"{account} is kept by documents and other verbs")
    vat = vat_in(amount_minor, vat_rate_bp)

    def work() -> Assignment:
        take(money, amount_minor, by)
        assignment = Assignment.objects.create(
            **_side(money),
            kind=Assignment.ACCOUNT,
            ledger_account=account,
            amount_minor=amount_minor,
            vat_rate_bp=vat_rate_bp or None,
            vat_minor=vat,
            rule=rule,
            why=why[:300],
            by_itself=by_itself,
            by=person(by),
        )
        name = account.role or f"#{account.number}"
        facts: dict[str, Any] = {
            "account": name,
            "amount_minor": amount_minor,
            "vat_rate_bp": vat_rate_bp,
            "vat_minor": vat,
            "currency": money.currency,
        }
        if isinstance(money, Receipt):
            book(assignment, "receipt_explained", rules.receipt_explained(receipt_id=money.pk, **facts), by)
        else:
            lines = rules.disbursement_explained(disbursement_id=money.pk, **facts)
            book(assignment, "disbursement_explained", lines, by)
        return assignment

    return retrying(work)


def explain_payout(
    *,
    money: Receipt | Disbursement,
    payout: str,
    amount_minor: int,
    why: str = "",
    by_itself: bool = False,
    by: Any = None,
) -> Assignment:
    """A part of the money is a payout of the card provider (``payout``: its id); money that left is a negative one, by
    which the provider took what we owed it. Each payout has one line.

    Raises NotEnoughLeft, IntegrityError or ValueError when another line is that payout or it goes the other way.
    """
    if amount_minor <= 0 or not payout.strip():
        raise ValueError("a payout has an id and an amount above zero")

    def work() -> Assignment:
        take(money, amount_minor, by)
        assignment = Assignment.objects.create(
            **_side(money),
            kind=Assignment.PAYOUT,
            reference=payout.strip()[:80],
            amount_minor=amount_minor,
            why=why[:300],
            by_itself=by_itself,
            by=person(by),
        )
        facts: dict[str, Any] = {
            "payout": payout.strip(),
            "amount_minor": amount_minor,
            "currency": money.currency,
        }
        if isinstance(money, Receipt):
            lines = rules.payout_arrived(receipt_id=money.pk, **facts)
        else:
            lines = rules.payout_taken(disbursement_id=money.pk, **facts)
        book(assignment, "payout_arrived", lines, by)
        arrived(payout=assignment.reference, money=money)
        return assignment

    return retrying(work)


def give_back(
    *, receipt: Receipt, amount_minor: int, reason: str, why: str = "", iban: str = "", by: Any = None
) -> PayBack:
    """A part of a receipt is not ours: a transfer back to where it came from is wanted (see ``transfers``).

    The money leaves "unexplained" and waits on "transfers on their way". Raises NotEnoughLeft, ValueError without a
    reason.
    """
    if amount_minor <= 0:
        raise ValueError("what goes back is more than zero")
    if not reason.strip():
        raise ValueError("giving back says why")

    def work() -> PayBack:
        take(receipt, amount_minor, by)
        payback = PayBack.objects.create(
            receipt=receipt,
            amount_minor=amount_minor,
            currency=receipt.currency,
            payee=receipt.payer,
            iban=iban or receipt.payer_iban,
            reason=reason.strip()[:300],
            requested_by=person(by),
        )
        assignment = Assignment.objects.create(
            receipt=receipt,
            kind=Assignment.GIVE_BACK,
            payback=payback,
            amount_minor=amount_minor,
            why=why[:300],
            by=person(by),
        )
        lines = rules.receipt_explained(
            receipt_id=receipt.pk,
            account="money_transit",
            amount_minor=amount_minor,
            subject=receipt_subject(receipt.pk),
            currency=receipt.currency,
        )
        book(assignment, "receipt_explained", lines, by)
        return payback

    return retrying(work)


def note(*, money: Receipt | Disbursement, text: str, by: Any = None) -> None:
    """Keep a note on money nobody can explain yet: whom one asked, what they said. Empty text takes it away."""
    type(money).objects.filter(pk=money.pk).update(note=text.strip()[:500])
    money.note = text.strip()[:500]


def vat_in(gross_minor: int, rate_bp: int) -> int:
    """The VAT in a gross amount, in minor units, rounded like every division of the house."""
    if not 0 <= rate_bp < FULL_BP:
        raise ValueError("a VAT rate is from 0 to below 100 percent")
    return split(gross_minor, [FULL_BP, rate_bp])[1] if rate_bp else 0


def book(assignment: Assignment, kind: str, lines: list[Posting], by: Any) -> None:
    """Post what an assignment means, on the day of its money."""
    money = assignment.money
    post(
        source=assignment.source,
        kind=kind,
        lines=lines,
        booked_on=day_of(money),
        text=f"{money.party} {money.text}".strip(),
        document=money.reference[:60],
        by=by,
    )


def _side(money: Receipt | Disbursement) -> dict[str, Any]:
    return {"receipt": money} if isinstance(money, Receipt) else {"disbursement": money}
