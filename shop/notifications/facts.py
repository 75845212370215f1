"""Parts of letters that several kinds share: what was bought, where it goes, where to pay."""

from __future__ import annotations

import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from stdnum import iban as iban_rules

from checkout.order.models import Line, Order
from checkout.payment.models import WAYS
from checkout.shipping.pickup import store
from fulfilment.finance.invoicing import epc_qr
from fulfilment.finance.invoicing.letterhead import country_name, day, money, percent
from fulfilment.finance.invoicing.merchant import profile
from shop.kernel.few_use import segno
from shop.kernel.money import vat_from_gross
from shop.kernel.text import clean_line
from shop.ui.numbers import charge_text

from .legal import keep
from .letter import Addresses, Attachment, Block, Facts, Goods, Item, Picture

QR_ID = "transfer"  #: content id of the code inside the mail
QR_SIZE = 168  #: shown size in CSS pixels


def shop_name() -> str:
    """How the shop calls itself."""
    merchant = profile()
    return merchant.trading_name or merchant.name


def method_name(code: str) -> str:
    """The method of payment in words."""
    return str(dict(WAYS).get(code, code))


def greeting(order: Order) -> str:
    """How a letter about an order begins; by name where we know one."""
    return hello(order.billing_address.name if order.billing_address else "")


def hello(name: str) -> str:
    """``Guten Tag Erika Muster,``: the same for everybody, so that nobody is addressed wrongly."""
    name = clean_line(name)
    return _("Dear %(name)s,") % {"name": name} if name else _("Hello,")


def detail_of(line: Line) -> str:
    """The article number; colour and size are in the title."""
    return _("article no. %(sku)s") % {"sku": line.partner_sku} if line.partner_sku else ""


def goods(order: Order, lines: Iterable[Line], language: str) -> Goods:
    """All lines with amounts, shipping, total and the VAT inside, per rate."""
    rows = list(lines)
    reductions = sum(line.gross_before_discount_minor - line.gross_minor for line in rows)
    items = [
        Item(
            line.title,
            detail_of(line),
            line.quantity,
            money(line.gross_before_discount_minor, order.currency, language),
        )
        for line in rows
    ]
    before = sum(line.gross_before_discount_minor for line in rows)
    sums = [(_("Goods"), money(before, order.currency, language))]
    if reductions:
        sums.append((_("Discount"), money(-reductions, order.currency, language)))
    cancelled = sum(line.cancelled_minor for line in rows)
    if cancelled:
        sums.append((_("Cancelled"), money(-cancelled, order.currency, language)))
    charge = order.shipping_minor
    said = money(charge, order.currency, language) if charge else charge_text(0, order.currency)
    sums.append((order.shipping_method or _("Shipping"), said))
    sums.append((_("Total"), money(order.total_minor, order.currency, language)))
    return Goods(
        items=items,
        sums=sums,
        notes=[*vat_notes(order, rows, language), *_left_out(rows)],
        title=_("Your order"),
    )


def _left_out(lines: Iterable[Line]) -> list[str]:
    """What cannot be withdrawn from, with the reason (Art. 246a § 1 (3) EGBGB, on a durable medium)."""
    return [f"{line.title}: {line.excluded_because}" for line in lines if line.excluded_because]


def vat_notes(order: Order, lines: Iterable[Line], language: str) -> list[str]:
    """The VAT contained in the total, one sentence per rate (taken out of the gross sum of the rate)."""
    if any(line.vat_category == "K" for line in order.lines.all()):
        return [
            _("Tax-free intra-community supply to the firm with the VAT id %(vat_id)s.")
            % {"vat_id": order.vat_id}
        ]
    by_rate: dict[int, int] = defaultdict(int)
    for line in lines:
        by_rate[line.vat_rate_bp] += line.owed_minor
    if order.shipping_minor:
        by_rate[order.shipping_rate_bp] += order.shipping_minor
    return [
        _("The total contains %(amount)s VAT (%(rate)s).")
        % {
            "amount": money(vat_from_gross(gross, rate), order.currency, language),
            "rate": percent(rate, language),
        }
        for rate, gross in sorted(by_rate.items(), reverse=True)
        if gross
    ]


def listed(order: Order) -> Goods:
    """What was ordered, without amounts."""
    return Goods(items=[Item(line.title, detail_of(line), line.quantity) for line in order.lines.all()])


def dispatched_goods(order: Order, quantities: Mapping[int, int], *, handed_over: bool = False) -> Goods:
    """What is in a parcel: order line id -> pieces."""
    lines = [line for line in order.lines.all() if line.pk in quantities]
    return Goods(
        items=[Item(line.title, detail_of(line), quantities[line.pk]) for line in lines],
        title=_("Your goods") if handed_over else _("In this parcel"),
    )


def address_rows(address: Any, language: str) -> list[str]:
    """A postal address line by line, the country in the reader's language."""
    if address is None:
        return []
    place = f"{address.postcode} {address.line4}".strip()
    country = country_name(address.country_id, language) if address.country_id else ""
    rows = [address.name, address.line2, address.line1, address.line3, place, country]
    return [clean_line(row) for row in rows if row and row.strip()]


def _store() -> list[str]:
    """Where orders are fetched, line by line; empty where the warehouse knows of no store."""
    found = store()
    return [clean_line(row) for row in found.address] if found else []


def addresses(order: Order) -> Addresses:
    """Where the goods and the invoice go; of an order to be fetched, the store. One query then."""
    goes_to = address_rows(order.shipping_address, order.language) or [order.shipping_method, *_store()]
    firm = [clean_line(order.company)] if order.company else []
    return Addresses(
        [
            (_("Delivery"), goes_to),
            (_("Invoice address"), firm + address_rows(order.billing_address, order.language)),
        ]
    )


def bank(
    *, amount_minor: int, currency: str, reference: str, until: dt.date | None, language: str
) -> tuple[list[Block], list[Attachment]]:
    """Where to transfer an amount to, with the code for banking apps. Returns blocks and the code as attachment."""
    merchant = profile()
    amount = money(amount_minor, currency, language)
    rows = [
        (_("Payee"), merchant.name),
        ("IBAN", iban_rules.format(merchant.iban)),
        ("BIC", merchant.bic),
        (_("Bank"), merchant.bank_name),
        (_("Amount"), amount),
        (_("Reference"), reference),
        (_("Please pay by"), day(until, language) if until else ""),
    ]
    facts = Facts(
        [(name, value) for name, value in rows if value],
        title=_("Bank details"),
        strong=frozenset({"IBAN", _("Amount"), _("Reference")}),
    )
    code = _qr(merchant, amount_minor, currency, reference)
    if not code:
        return [facts], []
    alt = _("QR code for the transfer of %(amount)s, reference %(reference)s") % {
        "amount": amount,
        "reference": reference,
    }
    picture = Picture(
        QR_ID, alt, QR_SIZE, _("Scan this code with your banking app: everything is filled in.")
    )
    name = _("transfer-%(reference)s.png") % {"reference": reference}
    return [facts, picture], [Attachment(name, "image/png", f"kept:{keep(code, 'image/png')}", QR_ID)]


def _qr(merchant: Any, amount_minor: int, currency: str, reference: str) -> bytes:
    """The EPC code as PNG; b"" where there is none (another currency, an account that is no IBAN)."""
    if currency != "EUR":
        return b""
    try:
        text = epc_qr.payload(
            name=merchant.name,
            iban=merchant.iban,
            bic=merchant.bic,
            amount_minor=amount_minor,
            reference=reference,
        )
    except ValueError:  # the merchant's IBAN is not entered yet, or the amount is out of the code's range
        return b""
    out = io.BytesIO()
    segno.make(text, error="m", boost_error=False, micro=False, encoding="utf-8").save(
        out, kind="png", scale=6, border=4
    )
    return out.getvalue()
