"""The account of one customer: every document and every payment of their orders with the balance after it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.finance.invoicing import letterhead as head
from fulfilment.finance.invoicing.einvoice import Party
from fulfilment.finance.invoicing.facts import seller_facts
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.ledger.postings import order_subject
from shop.customers.models import User
from shop.kernel import clock, pdf

from .models import CustomerStatement

ORDERS_AT_ONCE = 5_000  #: per statement; only a trader has more


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose account it is. key: "user:5", or "mail:a@b.de" for somebody without an account with us."""

    key: str
    name: str
    email: str
    language: str
    user_id: int | None = None

    @property
    def letter_language(self) -> str:
        """The language of their letters: theirs where we have it, else English."""
        return self.language if self.language in ("de", "en") else "en"

    @property
    def orders(self) -> QuerySet[Order]:
        """Their orders."""
        if self.user_id:
            return Order.objects.filter(user_id=self.user_id)
        return Order.objects.filter(user_id=None, guest_email__iexact=self.email)


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the account, in minor units; ``amount_minor`` positive: the customer owes more."""

    day: dt.date
    entry_id: int
    kind: str
    document: str
    order_number: str
    amount_minor: int
    balance_minor: int


def customer(key: str) -> Customer | None:
    """The customer behind a key, None when there is none. One or two queries."""
    kind, _colon, rest = key.partition(":")
    if kind == "user" and rest.isascii() and rest.isdigit() and len(rest) < 19:
        user = User.objects.filter(pk=int(rest)).first()
        if user is None:
            return None
        name = f"{user.first_name} {user.last_name}".strip() or user.email
        last = Order.objects.filter(user_id=user.pk).order_by("-date_placed").first()
        return Customer(key, name, user.email, last.language if last else "de", user.pk)
    if kind != "mail" or not rest:
        return None
    order = Order.objects.filter(user_id=None, guest_email__iexact=rest).order_by("-date_placed").first()
    if order is None:
        return None
    buyer = Invoice.objects.filter(order=order).values_list("buyer", flat=True).first() or {}
    return Customer(key, buyer.get("name") or rest, rest, order.language)


def movements(
    of: Customer, *, first: dt.date | None = None, last: dt.date | None = None, currency: str = "EUR"
) -> tuple[int, list[Movement]]:
    """What was carried forward to ``first``, and every line within the days. Two queries, and one more for each
    ``ORDERS_AT_ONCE`` orders."""
    numbers = list(of.orders.order_by("pk").values_list("number", flat=True))
    lines: list[EntryLine] = []
    for at in range(0, len(numbers), ORDERS_AT_ONCE):
        lines += _lines(numbers[at : at + ORDERS_AT_ONCE], last, currency)
    lines.sort(key=lambda line: (line.entry.booked_on, line.entry_id, line.pk))
    opening, found = 0, []
    balance = 0
    for line in lines:
        balance += line.amount_minor
        if first and line.entry.booked_on < first:
            opening = balance
            continue
        found.append(
            Movement(
                day=line.entry.booked_on,
                entry_id=line.entry_id,
                kind=str(line.entry.get_kind_display()),
                document=line.entry.document,
                order_number=line.subject.partition(":")[2],
                amount_minor=line.amount_minor,
                balance_minor=balance,
            )
        )
    return opening, found


def _lines(numbers: list[str], last: dt.date | None, currency: str) -> QuerySet[EntryLine]:
    """What was posted to the receivable of these orders until a day, with the entries."""
    lines = EntryLine.objects.filter(
        account__role="receivable",
        subject__in=[order_subject(number) for number in numbers],
        entry__posted_at__isnull=False,
        currency=currency,
    ).select_related("entry")
    return lines.filter(entry__booked_on__lte=last) if last else lines


def statement_pdf(of: Customer, *, first: dt.date | None, last: dt.date) -> bytes:
    """The customer's statement as a letter in their language: documents, payments, balance. PDF/A-3b."""
    data, _balance = printed(of, first=first, last=last)
    return letter_pdf(data, of.letter_language)


def sent_pdf(statement_id: int) -> bytes:
    """The letter of a statement that was sent, as it was then."""
    statement = CustomerStatement.objects.get(pk=statement_id)
    return letter_pdf(statement.printed, statement.language)


def letter_pdf(data: dict[str, Any], lang: str) -> bytes:
    """The letter of what ``printed`` gave."""
    return pdf.render(pdf.DOCUMENTS / "customer_statement.typ", data, standard="a-3b", lang=lang)


def printed(of: Customer, *, first: dt.date | None, last: dt.date) -> tuple[dict[str, Any], int]:
    """What the letter prints, in the customer's language, and the balance it ends with (minor units)."""
    lang = of.letter_language
    with translation.override(lang):
        opening, rows = movements(of, first=first, last=last)
        data = _letter(of, opening, rows, first, last, lang)
    return data, rows[-1].balance_minor if rows else opening


def _letter(
    of: Customer, opening: int, rows: list[Movement], first: dt.date | None, last: dt.date, lang: str
) -> dict[str, Any]:
    balance = rows[-1].balance_minor if rows else opening
    seller = Party(**seller_facts())
    recipient = _recipient(of)
    title = _("Statement of account")
    return {
        "labels": head.labels(),
        "letter": head.letter(
            seller=seller,
            recipient=recipient,
            title=title,
            running=title,
            info=[
                (_("Date"), head.day(clock.today(), lang)),
                (_("Period"), _period(first, last, lang)),
                (_("Customer number"), str(of.user_id or "")),
                (_("Email"), seller.email),
            ],
            payment=None,
            lang=lang,
        ),
        "opening": _("This is your account with us, with every document and every payment:"),
        "columns": [_("Date"), _("Document"), _("Order"), _("Amount"), _("Balance")],
        "rows": [
            *([["", _("Carried forward"), "", "", head.money(opening, "EUR", lang)]] if opening else []),
            *(_printed(row, lang) for row in rows),
        ],
        "total": [_closing_words(balance), head.money(abs(balance), "EUR", lang)],
    }


def _period(first: dt.date | None, last: dt.date, lang: str) -> str:
    until = head.short_day(last, lang)
    return f"{head.short_day(first, lang)} – {until}" if first else _("until %(day)s") % {"day": until}


def _printed(row: Movement, lang: str) -> list[str]:
    words = f"{row.kind} {row.document if row.document != row.order_number else ''}".strip()
    return [
        head.short_day(row.day, lang),
        head.shortened(words, 60),
        row.order_number,
        head.money(row.amount_minor, "EUR", lang),
        head.money(row.balance_minor, "EUR", lang),
    ]


def _closing_words(balance: int) -> str:
    if balance > 0:
        return _("Still to be paid")
    return _("In your favour") if balance < 0 else _("Everything is settled")


def _recipient(of: Customer) -> Party:
    """The buyer's facts of the newest document, else the name alone."""
    buyer = (
        Invoice.objects.filter(order__in=of.orders).order_by("-pk").values_list("buyer", flat=True).first()
    )
    return Party(**(buyer or {"name": of.name, "street": "", "postcode": "", "city": "", "country": "DE"}))
