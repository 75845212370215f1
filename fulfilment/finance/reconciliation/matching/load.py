"""What is open, read from the database as plain values: all of it for a run, or what may fit a few lines. A constant
number of queries either way (numbers in bundles)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from sys import intern
from typing import Any

from django.db.models import Q, QuerySet

from checkout.payment.models import OPEN_STATES, PREPAYMENT, Payment, Refund
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.invoicing.queries import by_credit_minor
from fulfilment.finance.reconciliation import claims
from fulfilment.finance.reconciliation.collective import on_their_way
from fulfilment.finance.reconciliation.ids import plain_id
from fulfilment.finance.reconciliation.models import Assignment, Disbursement, LearnedRule, PayBack, Receipt
from fulfilment.finance.reconciliation.payouts import open_payouts
from shop.kernel.clock import today

from .index import Index
from .items import Money, OpenItem, Rule
from .outgoing import RETURN_FEE_MOST_MINOR
from .reading import SERIES_DIGITS, misspellings, series_of, structured, tokens, words_of

BUNDLE = 2_000  #: numbers per query
FUZZY_TOKENS_MOST = 6  #: of a line whose misspellings are asked for
OF_ONE_MOST = 200  #: open items of the customers of a few lines
COMES_BACK_DAYS = 60  #: how long after it left a transfer may come back
RETURNS_DAYS = 500  #: how long ago money may have come that comes back (SEPA: 13 months)


def money_of(row: Receipt | Disbursement) -> Money:
    """What is left of a receipt or disbursement, as matching sees it. ``line`` should be loaded with it."""
    line = row.line
    came = isinstance(row, Receipt)
    return Money(
        key=f"{'receipt' if came else 'disbursement'}:{row.pk}",
        amount_minor=row.left_minor if came else -row.left_minor,
        currency=row.currency,
        text=row.text,
        end_to_end_id=line.end_to_end_id if line else "",
        structured_reference=line.structured_reference if line else "",
        party=row.party,
        iban=row.party_iban,
        day=row.booked_on.toordinal(),
        code=line.code if line else "",
        original_minor=abs(line.original_amount_minor or 0) if line else 0,
        original_currency=line.original_currency if line else "",
        charges_minor=line.charges_minor if line else 0,
        is_return=bool(line and (line.is_reversal or line.return_reason)),
        bank_reference=line.bank_reference if line else "",
        is_collective=bool(line and line.is_collective),
    )


def index_of_all() -> Index:
    """Everything that is open, for a run over many lines; ``complete`` it with each bundle of them."""
    return _index(
        [*_invoices(Invoice.objects.open()), *_prepayments(Q(state__in=OPEN_STATES)), *_others(None)],
        LearnedRule.objects.filter(kind=LearnedRule.PAYER),
        of_all=True,
    )


def complete(index: Index, moneys: Sequence[Money]) -> None:
    """Add what these lines name and is closed already, and receipts that may be coming back with them."""
    unknown = {
        token
        for money in moneys
        for token in _numbers_in(money)
        if len(token) > 5 and not index.numbered(token)
    }
    for bundle in _bundles(sorted(unknown)):
        _add_closed(index, bundle)
    _add_returns(index, moneys)


def index_for(moneys: Sequence[Money]) -> Index:
    """What may fit these few lines."""
    read = {token for money in moneys for token in _numbers_in(money)}
    near = {
        guess
        for money in moneys
        for token in [token for token in _numbers_in(money) if len(token) > 5][:FUZZY_TOKENS_MOST]
        for guess in misspellings(token)
    }
    payers = LearnedRule.objects.filter(
        kind=LearnedRule.PAYER, iban__in={money.iban for money in moneys if money.iban}
    )
    amounts = {abs(money.amount_minor) for money in moneys}
    users, mails = _customers(payers)
    wanted = Q(open_minor__in=amounts) | Q(buyer__name__in={money.party for money in moneys if money.party})
    if users or mails:
        wanted |= Q(user_id__in=users) | Q(buyer__email__in=mails)
    if by_letter := claims.invoices_of(sorted(token for token in read if series_of(token))):
        wanted |= Q(pk__in=by_letter)
    invoices = Invoice.objects.open()
    items = list(_invoices(invoices.filter(wanted).order_by("due_on", "pk")[:OF_ONE_MOST]))
    numbers = sorted(read | near)
    for bundle in _bundles(numbers):
        items += _invoices(invoices.filter(_by_numbers(bundle)).order_by("due_on", "pk")[:OF_ONE_MOST])
        items += _prepayments(Q(state__in=OPEN_STATES) & Q(order__number__in=bundle))
    items += _prepayments(Q(state__in=OPEN_STATES, amount_minor__in=amounts))
    items += _others(amounts)
    index = _index(items, payers)
    for bundle in _bundles(sorted(token for token in read if len(token) > 4)):
        _add_closed(index, bundle)
    _add_returns(index, moneys)
    return index


def customer_of(user_id: int | None, mail: str) -> str:
    """Whose an item is."""
    return f"user:{user_id}" if user_id else f"mail:{mail.lower()}" if mail else ""


def _index(items: list[OpenItem], payers: QuerySet[LearnedRule], *, of_all: bool = False) -> Index:
    _add_claims(items, of_all=of_all)
    by_iban: dict[str, set[str]] = {}
    for iban, customer in payers.values_list("iban", "customer"):
        by_iban.setdefault(iban, set()).add(customer)
    return Index(items, by_iban, _rules(), costs_first=claims.costs_first())


def _add_claims(items: list[OpenItem], *, of_all: bool) -> None:
    """Put what is asked for beside invoices onto them. Two queries."""
    invoices: dict[int, OpenItem] = {}
    for item in items:
        if item.kind == "invoice" and not item.closed:
            invoices.setdefault(
                int(item.target.partition(":")[2]), item
            )  # found twice: the index keeps the first
    if not invoices:
        return
    for pk, asked in claims.asked(None if of_all else invoices.keys()).items():
        if pk in invoices:
            item = invoices[pk]
            item.costs_minor, item.interest_minor = asked.costs_minor, asked.interest_minor
            item.letters = asked.letters


def _rules() -> Iterator[Rule]:
    rows = LearnedRule.objects.filter(kind=LearnedRule.ACCOUNT).select_related("ledger_account")
    for row in rows.order_by("pk"):
        assert row.ledger_account is not None, "the database holds that such a rule names an account"
        yield Rule(
            row.pk,
            words_of(row.pattern),
            row.direction,
            row.ledger_account.pk,
            str(row.ledger_account),
            row.vat_rate_bp,
            row.by_itself,
        )


def _numbers_in(money: Money) -> list[str]:
    read = tokens(f"{money.end_to_end_id} {money.text} {money.structured_reference}")
    number = structured(money.structured_reference)
    return [*read, number] if number else read


def _invoices(rows: QuerySet[Invoice]) -> Iterator[OpenItem]:
    facts = rows.values_list(
        "pk", "number", "order_number", "open_minor", "currency", "user_id", "buyer__name", "buyer__email",
        "due_on", "state",
    )  # fmt: skip
    for pk, number, order, open_minor, currency, user, name, mail, due, state in facts.iterator():
        closed = "" if open_minor else state
        customer = intern(customer_of(user, mail or ""))  # one for all that is theirs: there may be many
        numbers = (number, order)
        yield OpenItem(
            f"invoice:{pk}",
            numbers,
            open_minor,
            intern(currency),
            customer,
            name or "",
            due.toordinal(),
            closed,
            order,
        )


def _prepayments(wanted: Q) -> Iterator[OpenItem]:
    rows = Payment.objects.filter(wanted, method=PREPAYMENT).order_by("pk")
    rows = rows.annotate(by_credit=by_credit_minor("order_id"))
    facts = rows.values_list(
        "order_id", "order__number", "amount_minor", "currency", "order__user_id", "order__guest_email",
        "order__billing_address__first_name", "order__billing_address__last_name", "order__account__received_minor",
        "state", "created_at", "by_credit",
    )  # fmt: skip
    for (
        pk,
        number,
        amount,
        currency,
        user,
        mail,
        first,
        last,
        received,
        state,
        made,
        by_credit,
    ) in facts.iterator():
        left = amount + by_credit - (received or 0)
        closed = "" if state in OPEN_STATES and left > 0 else "cancelled" if state == "cancelled" else "paid"
        customer = customer_of(user, mail or "")
        yield OpenItem(
            f"order:{pk}", (number,), max(left, 0), currency, customer, f"{first or ''} {last or ''}".strip(),
            made.date().toordinal(), closed, number,
        )  # fmt: skip


def _others(amounts: set[int] | None) -> Iterator[OpenItem]:
    """Refunds and paybacks on their way, payouts that did not come, money typed by hand that no line has."""
    narrow: dict[str, Any] = {} if amounts is None else {"amount_minor__in": amounts}
    yield from _refunds(Refund.objects.by_bank().filter(**narrow).exclude(state="failed"))
    gone = _left().filter(payback__isnull=False).values("payback_id")
    backs = PayBack.objects.filter(**narrow).exclude(state="cancelled").exclude(pk__in=gone)
    for back in backs.order_by("pk"):
        numbers = (plain_id("payback", back.pk), back.reference)
        yield OpenItem(
            f"payback:{back.pk}", numbers, back.amount_minor, back.currency, "", back.payee, iban=back.iban
        )
    for one in on_their_way(amounts):
        yield OpenItem(f"together:{one.key}", (one.number,), one.amount_minor, one.currency, parts=one.parts)
    yield from _may_come_back(amounts)
    for kind, rows in (("receipt", Receipt.objects), ("disbursement", Disbursement.objects)):
        for row in rows.filter(line=None, **narrow).exclude(state="withdrawn").order_by("-pk")[:OF_ONE_MOST]:
            yield OpenItem(
                f"{kind}:{row.pk}", (row.reference,), row.amount_minor, row.currency, "", row.party,
                iban=row.party_iban, day=row.booked_on.toordinal(),
            )  # fmt: skip
    for psp_id, amount, currency in open_payouts(amounts):
        kind = "payout" if amount > 0 else "taken"
        yield OpenItem(f"{kind}:{psp_id}", (psp_id,), abs(amount), currency)


def _left() -> QuerySet[Assignment]:
    """Transfers of ours that a line of the bank has told, and that did not come back."""
    return Assignment.objects.filter(
        kind=Assignment.REFUND, undone_at=None, disbursement__isnull=False, came_back=False
    )


def _may_come_back(amounts: set[int] | None) -> Iterator[OpenItem]:
    """Transfers that left not long ago: their bank may send them back."""
    since = today() - dt.timedelta(days=COMES_BACK_DAYS)
    rows = _left().filter(disbursement__booked_on__gte=since)
    if amounts is not None:  # their banks may keep a little of what they send back
        near = [
            Q(amount_minor__gte=amount, amount_minor__lte=amount + RETURN_FEE_MOST_MINOR)
            for amount in amounts
        ]
        rows = rows.filter(reduce(or_, near, Q(pk__in=[])))
    facts = rows.order_by("pk").values_list(
        "pk", "refund_id", "payback_id", "amount_minor", "disbursement__currency", "disbursement__booked_on",
        "refund__payment__order__number",
    )  # fmt: skip
    for pk, refund, payback, amount, currency, day, order in facts.iterator():
        number = plain_id("refund", refund) if refund else plain_id("payback", payback)
        yield OpenItem(
            f"left:{pk}", (number,), amount, currency, order_number=order or "", day=day.toordinal()
        )


def _refunds(rows: QuerySet[Refund]) -> Iterator[OpenItem]:
    """Refunds by transfer that no line of the bank has told yet, also those that nobody noted as sent."""
    known = _left().filter(refund__isnull=False)
    waiting = rows.exclude(pk__in=known.values("refund_id")).select_related("payment__order__billing_address")
    for refund in waiting.order_by("pk"):
        order = refund.payment.order
        address = order.billing_address
        name = f"{address.first_name} {address.last_name}".strip() if address else ""
        numbers = (plain_id("refund", refund.pk), order.number)
        yield OpenItem(
            f"refund:{refund.pk}", numbers, refund.amount_minor, refund.currency, "", name,
            order_number=order.number,
        )  # fmt: skip


def _add_closed(index: Index, numbers: list[str]) -> None:
    """Invoices and orders with these numbers that ask for nothing any more: paid before, cancelled, written off."""
    closed = Invoice.objects.claims().filter(_by_numbers(numbers), open_minor=0)
    for item in _invoices(closed.order_by("-pk")[:BUNDLE]):
        index.add(item)
    for item in _prepayments(Q(state__in=("cancelled", "captured")) & Q(order__number__in=numbers)):
        index.add(item)


def _add_returns(index: Index, moneys: Sequence[Money]) -> None:
    """Receipts that may be coming back, when there is money that left."""
    amounts = {
        amount
        for money in moneys
        if money.amount_minor < 0
        for amount in (
            -money.amount_minor,
            -money.amount_minor - money.charges_minor,
            money.original_minor,
        )
        if amount > 0
    }
    since = today().toordinal() - RETURNS_DAYS
    for bundle in _bundles(sorted(amounts)):
        rows = (
            Receipt.objects.filter(amount_minor__in=bundle).exclude(state="withdrawn").select_related("line")
        )
        back = Assignment.objects.filter(kind=Assignment.RETURNED, undone_at=None, receipt__isnull=False)
        for row in rows.exclude(pk__in=back.values("receipt_id")).order_by("-pk")[:BUNDLE]:
            if row.booked_on.toordinal() < since:
                continue
            told = (row.line.end_to_end_id, row.text) if row.line else (row.text,)
            index.add(
                OpenItem(
                    f"money:{row.pk}", tuple(text for text in told if text), row.amount_minor, row.currency, "",
                    row.payer, iban=row.payer_iban, day=row.booked_on.toordinal(),
                )
            )  # fmt: skip


def _by_numbers(numbers: Iterable[str]) -> Q:
    """Invoices by canonical numbers: as orders write theirs, and as invoices write theirs (R2026-000123)."""
    digits = {token.removeprefix("R") for token in numbers if len(token.removeprefix("R")) == SERIES_DIGITS}
    series = [f"R{token[:4]}-{token[4:]}" for token in sorted(digits) if token.isdigit()]
    return Q(number__in=series) | Q(order_number__in=list(numbers))


def _customers(payers: QuerySet[LearnedRule]) -> tuple[list[int], list[str]]:
    users, mails = [], []
    for customer in payers.values_list("customer", flat=True):
        kind, _, name = customer.partition(":")
        if kind == "user" and name.isdigit():
            users.append(int(name))
        else:
            mails.append(name)
    return users, mails


def _bundles(values: Sequence[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(values), BUNDLE):
        yield list(values[at : at + BUNDLE])
