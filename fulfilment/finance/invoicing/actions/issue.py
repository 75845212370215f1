"""Issuing: number, document, ledger entry and what was paid before, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from checkout.order.models import Line as OrderLine
from checkout.order.models import Order
from checkout.order.queries import order_for_fulfilment
from checkout.payment.models import INVOICE as ON_ACCOUNT
from checkout.payment.models import MethodRule
from fulfilment.finance.invoicing import accounts, facts
from fulfilment.finance.invoicing.events import InvoiceIssued
from fulfilment.finance.invoicing.models import (
    INVOICE_KIND,
    SERIES,
    Invoice,
    InvoiceLine,
    OrderAccount,
    OrderMoney,
)
from fulfilment.finance.invoicing.parts import part_of_line
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.actions import post
from shop.kernel import clock
from shop.kernel.money import vat_from_gross
from shop.kernel.numbers import next_gapless
from shop.kernel.outbox import record
from shop.kernel.states import move
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .push import push_credit

DEFAULT_DUE_DAYS = 14  #: when no rule says otherwise
SHIPPING_CODE = "DL"  #: UNTDID 7161: delivery


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Net and VAT of one category and rate, in minor units."""

    category: str
    rate_bp: int
    net_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class InPlaceOf:
    """A cancelled invoice, and what the one in its place says otherwise: the buyer, their reference, the proof."""

    cancelled: Invoice
    buyer: Mapping[str, str]
    buyer_reference: str
    vat_check_id: int | None
    due_on: dt.date | None = None  #: None: a term of payment of its own


def issue_for_parcel(
    *,
    parcel_id: int,
    order_id: int,
    quantities: Mapping[int, int],
    dispatched_on: dt.date,
    by: Any = None,
) -> Invoice:
    """Issue the invoice for one parcel; the shipping charge goes on the order's first invoice.

    quantities: order line id -> pieces in the parcel. Once per parcel: a retry returns the invoice that is there.
    Raises ValueError when more pieces would be invoiced than were ordered.
    """
    return retrying(lambda: _issue(f"parcel:{parcel_id}", order_id, quantities, dispatched_on, by))


def _issue(
    source: str, order_id: int, quantities: Mapping[int, int], delivered_on: dt.date, by: Any
) -> Invoice:
    order = order_for_fulfilment(order_id)
    account = accounts.locked(order)
    known = Invoice.objects.filter(source=source).first()
    if known is not None:
        return known
    standing = Invoice.objects.filter(order_id=order.pk, kind=INVOICE_KIND).exclude(state="cancelled")
    lines = invoice_lines(order, quantities, _invoiced_before(order))
    charges = [] if standing.exists() else _shipping(order)
    invoice = write(
        order=order,
        account=account,
        kind=INVOICE_KIND,
        source=source,
        lines=lines,
        charges=charges,
        delivered_on=delivered_on,
        by=by,
    )
    accounts.settle(account=account, first=invoice, by=by)
    if not invoice.gross_minor:
        move(invoice, to="paid", by=by, why="nothing to pay")
    push_credit(user_id=order.user_id)
    return invoice


def invoice_lines(
    order: Order, quantities: Mapping[int, int], before: Mapping[int, int]
) -> list[InvoiceLine]:
    """Unsaved invoice lines for some pieces of an order. before: pieces invoiced earlier, per order line id."""
    ordered = {line.pk: line for line in order.lines.all()}
    foreign = sorted(set(quantities) - set(ordered))
    if foreign:
        raise ValueError(f"order {order.number} has no lines {foreign}")
    country = order.shipping_address.country_id if order.shipping_address else order.vat_country
    taken_off = _invoiced_with(order)
    lines: list[InvoiceLine] = []
    for pk in sorted(quantities):
        line, discount = ordered[pk], _discount(ordered[pk])
        part = part_of_line(
            quantity=line.quantity,
            done=before.get(pk, 0),
            now=quantities[pk],
            gross_minor=line.gross_minor,
            rate_bp=line.vat_rate_bp,
            discount_minor=discount,
        )
        lines.append(
            InvoiceLine(
                position=len(lines) + 1,
                order_line_id=pk,
                name=line.title,
                sku=line.partner_sku,
                ean=_ean(line.upc),
                attributes=facts.line_attributes(line, order.language),
                quantity=part.quantity,
                gross_minor=part.gross_minor,
                discount_minor=part.discount_minor,
                discount_reason=taken_off,
                rate_bp=line.vat_rate_bp,
                category=facts.vat_category(line.vat_rate_bp, country, line.vat_category),
                vat_minor=part.vat_minor,
            )
        )
    return lines


def _invoiced_with(order: Order) -> str:
    """Why less than the price is asked of goods that go out for others: that was invoiced, with its VAT, before (as
    § 14 (5) UStG takes payments off that were). "" for any other order, where it is a discount."""
    if not order.is_dearer_exchange:
        return ""
    claims = Invoice.objects.filter(order_id=order.replaces_id, kind=INVOICE_KIND).exclude(state="cancelled")
    numbers = ", ".join(claims.order_by("pk").values_list("number", flat=True)[:3])
    with translation.override(order.language):
        return _("For the exchanged goods, invoiced with %(numbers)s") % {"numbers": numbers}


def write(
    *,
    order: Order,
    account: OrderAccount,
    kind: str,
    source: str,
    lines: list[InvoiceLine],
    charges: list[dict[str, Any]],
    delivered_on: dt.date | None,
    corrects: Invoice | None = None,
    in_place_of: InPlaceOf | None = None,
    reason: str = "",
    by: Any = None,
) -> Invoice:
    """Take the number, write the document with its lines, post it and tell it. The order's account is held.

    Amounts are those of ``lines`` and ``charges`` (gross with VAT inside, minor units, positive on every kind).
    corrects: the invoice that a credit note or cancellation takes back. in_place_of: for an invoice that replaces one.
    """
    taxes = tax_rows(lines, charges)
    net, vat = sum(row.net_minor for row in taxes), sum(row.vat_minor for row in taxes)
    today = clock.today()
    number = f"{SERIES[kind]}{today.year}-{next_gapless(SERIES[kind], today.year):06d}"
    is_claim = kind == INVOICE_KIND
    invoice = Invoice.objects.create(
        number=number,
        kind=kind,
        source=source,
        order=order,
        account=account,
        user_id=order.user_id,
        order_number=order.number,
        order_placed_on=timezone.localtime(order.date_placed).date(),
        corrects=corrects,
        currency=order.currency,
        net_minor=net,
        vat_minor=vat,
        gross_minor=net + vat,
        prepaid_minor=max(0, min(account.available_minor, net + vat)) if is_claim else 0,
        issued_on=today,
        delivered_on=delivered_on,
        due_on=(in_place_of and in_place_of.due_on) or (_due_on(order, today) if is_claim else today),
        payment_method=order.payment_method,
        language=order.language,
        vat_country=order.vat_country,
        notes=_paid_by_credit(account, order, net + vat) if is_claim else [],
        **_parties(order, number, corrects, in_place_of),
        taxes=[_tax_fact(row, order.vat_country) for row in taxes],
        charges=charges,
        reason=reason[:300],
        open_minor=net + vat if is_claim else 0,
    )
    for line in lines:
        line.invoice = invoice
    InvoiceLine.objects.bulk_create(lines)
    _post(invoice, taxes, by)
    record(
        InvoiceIssued(
            invoice.pk,
            invoice.number,
            order.pk,
            order.number,
            invoice.gross_minor,
            invoice.currency,
            invoice.due_on.isoformat(),
            kind,
        )
    )
    return invoice


def _paid_by_credit(account: OrderAccount, order: Order, gross_minor: int) -> list[str]:
    """A line of the document, in its language, when store credit pays a part of it or all."""
    rows = account.money.filter(kind=OrderMoney.BALANCE, amount_minor__gt=0, undone_at__isnull=True)
    amount = min(gross_minor, sum(row.available_minor for row in rows))
    if not amount:
        return []
    with translation.override(order.language):
        text = _("%(amount)s of it are paid with your store credit.")
        return [text % {"amount": money_text(amount, order.currency)}]


def _parties(
    order: Order, number: str, corrects: Invoice | None, in_place_of: InPlaceOf | None
) -> dict[str, Any]:
    """Who and how to pay: as of today, or as on the document that is corrected."""
    if corrects is not None:
        kept = ("seller", "buyer", "ship_to", "payment", "buyer_reference", "vat_check_id")
        return {name: getattr(corrects, name) for name in kept}
    today = {"seller": facts.seller_facts(), "payment": facts.payment_facts(order, number) or None}
    if in_place_of is not None:
        return today | {
            "buyer": dict(in_place_of.buyer),
            "ship_to": facts.went_to(in_place_of.cancelled, in_place_of.buyer),
            "buyer_reference": in_place_of.buyer_reference,
            "vat_check_id": in_place_of.vat_check_id,
            "replaces": in_place_of.cancelled,
        }
    return today | {
        "buyer": facts.buyer_facts(order),
        "ship_to": facts.ship_to_facts(order),
        "buyer_reference": order.buyer_reference,
        "vat_check_id": order.vat_check_id,
    }


def tax_rows(lines: Iterable[InvoiceLine], charges: Iterable[Mapping[str, Any]]) -> list[TaxRow]:
    """Net and VAT per category and rate, highest rate first; rounded per line, summed per rate (BR-S-08)."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        row = sums[str(line.category), line.rate_bp]
        row[0] += line.gross_minor - line.vat_minor
        row[1] += line.vat_minor
    for charge in charges:
        sign = 1 if charge["is_charge"] else -1
        row = sums[str(charge["category"]), charge["rate_bp"]]
        row[0] += sign * (charge["gross_minor"] - charge["vat_minor"])
        row[1] += sign * charge["vat_minor"]
    ordered = sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    return [TaxRow(category, rate, net, vat) for (category, rate), (net, vat) in ordered]


def shipping_fact(
    gross_minor: int, rate_bp: int, category: str, language: str, vat_minor: int
) -> dict[str, Any]:
    """The shipping charge by the names of ``AllowanceCharge``."""
    with translation.override(language):
        reason = _("Shipping")
    return {
        "is_charge": True,
        "gross_minor": gross_minor,
        "reason": reason,
        "rate_bp": rate_bp,
        "category": category,
        "reason_code": SHIPPING_CODE,
        "vat_minor": vat_minor,
    }


def _shipping(order: Order) -> list[dict[str, Any]]:
    if not order.shipping_minor:
        return []
    country = order.shipping_address.country_id if order.shipping_address else order.vat_country
    rate = order.shipping_rate_bp
    return [
        shipping_fact(
            order.shipping_minor,
            rate,
            facts.vat_category(rate, country, order.shipping_vat_category).value,
            order.language,
            vat_from_gross(order.shipping_minor, rate),
        )
    ]


def _invoiced_before(order: Order) -> dict[int, int]:
    """Pieces per order line on invoices that still stand."""
    rows = (
        InvoiceLine.objects.filter(
            invoice__order_id=order.pk, invoice__kind=INVOICE_KIND, order_line_id__isnull=False
        )
        .exclude(invoice__state="cancelled")
        .values_list("order_line_id")
        .annotate(pieces=Sum("quantity"))
    )
    return {int(pk): int(pieces) for pk, pieces in rows if pk is not None}


def _due_on(order: Order, today: dt.date) -> dt.date:
    if order.payment_method != ON_ACCOUNT:
        return today
    days = MethodRule.objects.filter(method=ON_ACCOUNT).values_list("due_days", flat=True).first()
    return today + dt.timedelta(days=DEFAULT_DUE_DAYS if days is None else days)


def _post(invoice: Invoice, taxes: list[TaxRow], by: Any) -> None:
    if not invoice.gross_minor:
        return  # a free document moves no money; it still has its number
    shares = [
        rules.TaxShare(invoice.vat_country, row.rate_bp, row.net_minor, row.vat_minor, row.category)
        for row in taxes
    ]
    rule = rules.invoice_issued if invoice.is_claim else rules.credit_note_issued
    post(
        source=f"invoice:{invoice.number}",
        kind="invoice_issued" if invoice.is_claim else "credit_note_issued",
        lines=rule(order_number=invoice.order_number, taxes=shares, currency=invoice.currency),
        booked_on=invoice.issued_on,
        text=f"{invoice.order_number} {invoice.buyer.get('name', '')}",
        document=invoice.number,
        by=by,
    )


def _tax_fact(row: TaxRow, country: str) -> dict[str, Any]:
    return {
        "country": country,
        "category": row.category,
        "rate_bp": row.rate_bp,
        "net_minor": row.net_minor,
        "vat_minor": row.vat_minor,
    }


def _discount(line: OrderLine) -> int:
    return max(0, line.gross_before_discount_minor - line.gross_minor)


def _ean(upc: str | None) -> str:
    code = upc or ""
    return code if code.isdigit() and len(code) in (8, 12, 13, 14) else ""
