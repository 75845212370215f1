"""Reads of reconciliation: what a receipt may pay, and what is not explained yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.models import OPEN_STATES, PREPAYMENT, Payment
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import by_credit_minor
from fulfilment.finance.ledger.queries import balance_minor

from . import claims
from .matching.reading import canonical, series_of, tokens
from .models import Assignment, Receipt

MOST_SUGGESTIONS = 12
MOST_TOKENS = 40
BY_NUMBER, BY_AMOUNT, BY_PAYER, BY_SEARCH = 100, 20, 10, 1


@dataclass
class Suggestion:
    """An open item that a receipt may pay, with the reasons in words. ``target``: "invoice:5" or "order:7"."""

    target: str
    number: str
    order_number: str
    customer: str
    open_minor: int
    currency: str
    due_on: Any = None
    score: int = 0
    reasons: list[str] = field(default_factory=list)
    amount_minor: int = 0  #: proposed part of the receipt
    beside_minor: int = 0  #: costs and interest that letters asked for beside it
    letters: tuple[str, ...] = ()  #: numbers of those letters

    @property
    def whole_minor(self) -> int:
        """With costs and interest."""
        return self.open_minor + self.beside_minor


def suggestions(
    *,
    text: str = "",
    amount_minor: int | None = None,
    payer: str = "",
    search: str = "",
    currency: str = "EUR",
) -> list[Suggestion]:
    """Open items a receipt may pay, best first: number in the text, exact amount, payer's name, or searched for.

    Proposed amounts are filled in for items named by their number or, failing that, for the only exact amount, with the
    costs and interest that letters asked for beside them. Constant number of queries.
    """
    read = number_tokens(text)
    letters = [token for token in tokens(text) if series_of(token)]
    found: dict[str, Suggestion] = {}
    invoices = _open_invoices(read, letters, amount_minor, payer, search, currency)
    asked = claims.asked([invoice.pk for invoice in invoices]) if invoices else {}
    for invoice in invoices:
        item = Suggestion(
            f"invoice:{invoice.pk}",
            invoice.number,
            invoice.order_number,
            str(invoice.buyer.get("name", "")),
            invoice.open_minor,
            invoice.currency,
            invoice.due_on,
        )
        if invoice.pk in asked:
            beside = asked[invoice.pk]
            item.beside_minor, item.letters = beside.costs_minor + beside.interest_minor, beside.letters
        found[item.target] = _scored(item, {*read, *letters}, amount_minor, payer, search)
    for payment in _waiting_prepayments(read, amount_minor, search, currency):
        item = Suggestion(
            f"order:{payment.order_id}",
            "",
            payment.order.number,
            _customer(payment.order),
            payment.amount_minor - _received(payment),
            payment.currency,
        )
        if item.open_minor > 0:
            found[item.target] = _scored(item, read, amount_minor, payer, search)
    ordered = sorted(found.values(), key=lambda item: (-item.score, str(item.due_on or ""), item.target))
    return _proposed(ordered[:MOST_SUGGESTIONS], amount_minor)


def number_tokens(text: str) -> set[str]:
    """Everything in a transfer's text that may be a number of ours, also when the bank put blanks into it."""
    upper = text.upper()
    words = re.findall(r"[A-Z0-9][A-Z0-9-]{3,}", upper)
    joined = re.findall(r"R\s*\d{4}\s*-?\s*\d{6}", upper)
    plain = [re.sub(r"\D", "", number) for number in joined]
    return {*words[:MOST_TOKENS], *(f"R{digits[:4]}-{digits[4:]}" for digits in plain[:MOST_TOKENS])}


def receipts(*, search: str = "", state: str = "") -> QuerySet[Receipt]:
    """Receipts, newest first. state: a state or ``unexplained``."""
    found: QuerySet[Receipt] = Receipt.objects.all()
    if state == "unexplained":
        found = found.filter(state__in=("open", "partly_assigned"))
    elif state:
        found = found.filter(state=state)
    if search:
        found = found.filter(
            Q(payer__icontains=search)
            | Q(text__icontains=search)
            | Q(reference__icontains=search)
            | Q(
                pk__in=Assignment.objects.filter(account__order_number__icontains=search).values("receipt_id")
            )
        )
    return found.order_by("-booked_on", "-pk")


def unexplained_minor(currency: str = "EUR") -> int:
    """Money that nobody has explained yet, by the books, in minor units. One query."""
    return -balance_minor("unexplained", currency=currency)


def open_receipts_minor(currency: str = "EUR") -> int:
    """What is left of all receipts, in minor units. One query."""
    sums = (
        Receipt.objects.filter(currency=currency)
        .exclude(state="withdrawn")
        .aggregate(amount=Sum("amount_minor"), assigned=Sum("assigned_minor"))
    )
    return int(sums["amount"] or 0) - int(sums["assigned"] or 0)


def _open_invoices(
    read: set[str], letters: list[str], amount_minor: int | None, payer: str, search: str, currency: str
) -> list[Invoice]:
    wanted = Q(number__in=read) | Q(order_number__in=read) if read else Q(pk__in=[])
    if letters:
        wanted |= Q(pk__in=claims.invoices_of(letters))
    if amount_minor:
        wanted |= Q(open_minor=amount_minor)
    if payer.strip():
        wanted |= Q(buyer__name__iexact=payer.strip())
    if search.strip():
        term = search.strip()
        wanted |= Q(number__icontains=term) | Q(order_number__icontains=term) | Q(buyer__name__icontains=term)
    found = Invoice.objects.open().filter(wanted, currency=currency).order_by("due_on", "pk")
    return list(found[: MOST_SUGGESTIONS * 4])


def _waiting_prepayments(
    read: set[str], amount_minor: int | None, search: str, currency: str
) -> list[Payment]:
    # Money for an order that has expired is still that order's: it revives it or goes back.
    wanted = Q(order__number__in=read, state__in=(*OPEN_STATES, "cancelled")) if read else Q(pk__in=[])
    if amount_minor:
        wanted |= Q(amount_minor=amount_minor, state__in=OPEN_STATES)
    if search.strip():
        wanted |= Q(order__number__icontains=search.strip(), state__in=OPEN_STATES)
    found = (
        Payment.objects.filter(wanted, method=PREPAYMENT, currency=currency)
        .select_related("order__user", "order__billing_address", "order__account")
        .annotate(by_credit=by_credit_minor("order_id"))
    )
    return list(found.order_by("pk")[: MOST_SUGGESTIONS * 4])


def _scored(
    item: Suggestion, read: set[str], amount_minor: int | None, payer: str, search: str
) -> Suggestion:
    if item.number and item.number in read:
        item.score += BY_NUMBER + 1
        item.reasons.append(_("invoice number in the text"))
    elif any(canonical(letter) in read for letter in item.letters):
        item.score += BY_NUMBER
        item.reasons.append(_("number of a letter in the text"))
    elif item.order_number in read:
        item.score += BY_NUMBER
        item.reasons.append(_("order number in the text"))
    if amount_minor and amount_minor in (item.open_minor, item.whole_minor):
        item.score += BY_AMOUNT
        exactly = amount_minor == item.open_minor
        item.reasons.append(_("exactly the open amount") if exactly else _("exactly with costs and interest"))
    if payer.strip() and payer.strip().casefold() == item.customer.casefold():
        item.score += BY_PAYER
        item.reasons.append(_("payer's name"))
    if search.strip() and not item.reasons:
        item.score += BY_SEARCH
        item.reasons.append(_("found by your search"))
    return item


def _proposed(items: list[Suggestion], amount_minor: int | None) -> list[Suggestion]:
    """Fill in what each sure item gets of the receipt: all of them themselves, then costs and interest in their order;
    the last sure one takes what exceeds them all."""
    sure = [item for item in items if item.score >= BY_NUMBER]
    exact = [item for item in items if amount_minor and amount_minor in (item.open_minor, item.whole_minor)]
    if not sure and len(exact) == 1:
        sure = exact
    left = amount_minor or 0
    for item in sure:
        item.amount_minor = min(left, item.open_minor)
        left -= item.amount_minor
    for item in sure:
        beside = min(left, item.beside_minor)
        item.amount_minor += beside
        left -= beside
    if sure and left > 0:
        sure[-1].amount_minor += left
    return items


def _received(payment: Payment) -> int:
    account = getattr(payment.order, "account", None)
    return account.received_minor - payment.by_credit if account else 0  # type: ignore[attr-defined]


def _customer(order: Order) -> str:
    address = order.billing_address
    return f"{address.first_name} {address.last_name}".strip() if address else str(order.email or "")
