"""Corrections: credit notes for pieces or as goodwill, and the cancellation of a whole invoice, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.finance.invoicing import accounts
from fulfilment.finance.invoicing.models import (
    CANCELLATION,
    CREDIT_NOTE,
    Allocation,
    Invoice,
    InvoiceLine,
    OrderAccount,
    OrderMoney,
)
from fulfilment.finance.invoicing.parts import Part, RateRest, spread_amount
from shop.kernel.money import split
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .issue import shipping_fact, tax_rows, write
from .push import push_credit
from .rests import SHIPPING_SKU, Reductions, credited_minor, next_of_line, rest_of_line, rests_per_rate
from .true_up import true_up


class CreditTooLarge(ValueError):
    """More would be credited than the invoice asked for; carries what is left (minor units)."""

    def __init__(self, wanted_minor: int, left_minor: int) -> None:
        super().__init__(f"{wanted_minor} wanted, {left_minor} left to credit")
        self.wanted_minor, self.left_minor = wanted_minor, left_minor


class GivenUp(ValueError):
    """Something of the invoice was written off, with its VAT: what is corrected twice would be taken back twice."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(
            _("A part of invoice %(number)s was written off. Take that back first, then correct the invoice.")
            % {"number": invoice.number}
        )


class AlreadyCancelled(ValueError):
    """The invoice was cancelled before, or only parts of it stand any more."""


def credit_note(
    *,
    invoice: Invoice,
    source: str,
    reason: str,
    quantities: Mapping[int, int] | None = None,
    amount_minor: int | None = None,
    with_shipping: bool = False,
    kept: Mapping[int, int] | None = None,
    less_reductions: bool = False,
    of_line: InvoiceLine | None = None,
    by: Any = None,
) -> Invoice:
    """Issue a credit note on ``invoice``: for pieces (invoice line id -> pieces), with shipping or not, or
    for an amount (gross, minor units) spread over the rates of the invoice.

    kept: invoice line id -> gross minor units of its pieces that are not credited, because they lost value by more than
    trying them (§ 357a (1) BGB). The tax is corrected by what is credited; what is kept stays turnover.
    less_reductions: of what an earlier credit note took without naming pieces (goodwill), each piece bears its share
    and is credited with what was paid for it. Without it, what no rate has left any more is refused.
    of_line: the amount reduces the price of this line of the invoice (§ 441 BGB): it is taken at its rate, no more than
    is left of it, and what comes back of the line later is worth so much less. Other lines bear nothing of it.

    source: the fact behind it (``return:17``), unique: a retry returns the credit note that is there. Credit notes of
    one invoice add up to it to the cent; the last one takes the rest. Raises ValueError for nothing to credit or
    without a reason, CreditTooLarge, AlreadyCancelled, GivenUp.
    """
    if not reason.strip():
        raise ValueError("a credit note says why")
    if amount_minor is None and not quantities and not with_shipping:
        raise ValueError("a credit note credits pieces, shipping or an amount")

    def work() -> Invoice:
        account = accounts.locked(invoice.order)
        known = Invoice.objects.filter(source=source).first()
        if known is not None:
            return known
        claim = Invoice.objects.get(pk=invoice.pk)
        _refuse_not_standing(claim)
        if amount_minor is None:
            earlier = Reductions(claim) if less_reductions else None
            lines, charges = _pieces(claim, quantities or {}, with_shipping, kept or {}, earlier)
        else:
            lines, charges = _goodwill(claim, amount_minor, of_line), []
        wanted = sum(line.gross_minor for line in lines) + sum(charge["gross_minor"] for charge in charges)
        left = claim.gross_minor - credited_minor(claim)
        # Pieces may come to 0.00 (their value is kept, or was given before): the note remembers that they are back.
        if not (1 if amount_minor is not None or not quantities else 0) <= wanted <= left:
            raise CreditTooLarge(wanted, left)
        _refuse_beyond_rate(claim, lines, charges)
        true_up(claim, lines, charges)
        note = write(
            order=_order(claim),
            account=account,
            kind=CREDIT_NOTE,
            source=source,
            lines=lines,
            charges=charges,
            delivered_on=claim.delivered_on,
            corrects=claim,
            reason=reason.strip(),
            by=by,
        )
        if note.gross_minor:
            _credit(account, note)
            accounts.settle(account=account, first=claim, by=by)
            push_credit(user_id=claim.user_id)
        return note

    return retrying(work)


def cancel_invoice(*, invoice: Invoice, reason: str, by: Any = None) -> Invoice:
    """Issue the cancellation of a whole invoice: once per invoice, a second call returns the same document.

    What was paid on it lies free on the order's account afterwards and is laid on its other invoices. Raises
    AlreadyCancelled when credit notes stand against it (then the rest is credited instead), GivenUp, ValueError without
    reason.
    """
    if not reason.strip():
        raise ValueError("a cancellation says why")

    def work() -> Invoice:
        account = accounts.locked(invoice.order)
        known = Invoice.objects.filter(corrects=invoice, kind=CANCELLATION).first()
        if known is not None:
            return known
        claim = Invoice.objects.get(pk=invoice.pk)
        document = write_cancellation(account=account, claim=claim, reason=reason.strip(), by=by)
        accounts.settle(account=account, by=by)
        push_credit(user_id=claim.user_id)
        return document

    result = retrying(work)
    invoice.refresh_from_db()
    return result


def write_cancellation(*, account: OrderAccount, claim: Invoice, reason: str, by: Any) -> Invoice:
    """Take back a standing invoice inside the caller's transaction, which holds ``account`` and settles it afterwards.

    Raises ValueError for what is no standing invoice, AlreadyCancelled when credit notes stand against it, GivenUp.
    """
    _refuse_not_standing(claim)
    if credited_minor(claim):
        raise AlreadyCancelled(f"{claim.number} has credit notes; credit what is left of it instead")
    accounts.free(account=account, invoice=claim, why="the invoice was cancelled", by=by)
    document = write(
        order=_order(claim),
        account=account,
        kind=CANCELLATION,
        source=f"cancel:{claim.pk}",
        lines=[_copy(line) for line in claim.lines.all()],
        charges=list(claim.charges),
        delivered_on=claim.delivered_on,
        corrects=claim,
        reason=reason,
        by=by,
    )
    _write_off_by(account, claim, document, by)
    return document


def _refuse_beyond_rate(claim: Invoice, lines: list[InvoiceLine], charges: list[dict[str, Any]]) -> None:
    """No rate gives back more than it has left: goodwill took of every rate, and VAT is corrected per rate."""
    left = {(rest.category, rest.rate_bp): rest.gross_minor for rest in rests_per_rate(claim)}
    for row in tax_rows(lines, charges):
        wanted, rest = row.net_minor + row.vat_minor, left.get((row.category, row.rate_bp), 0)
        if wanted > rest:
            raise CreditTooLarge(wanted, rest)


def _pieces(
    claim: Invoice,
    quantities: Mapping[int, int],
    with_shipping: bool,
    kept: Mapping[int, int],
    earlier: Reductions | None,
) -> tuple[list[InvoiceLine], list[dict[str, Any]]]:
    own = {line.pk: line for line in claim.lines.all()}
    foreign = sorted(set(quantities) - set(own))
    if foreign:
        raise ValueError(f"{claim.number} has no lines {foreign}")
    if set(kept) - set(quantities):
        raise ValueError("only of pieces that are credited something can be kept")
    lines: list[InvoiceLine] = []
    for pk in sorted(quantities):
        pieces, part = next_of_line(own[pk], quantities[pk])
        if part is None:
            raise CreditTooLarge(quantities[pk], pieces)
        reduced = earlier.take(own[pk], part) if earlier else (0, 0)
        lines.append(_credited(own[pk], len(lines) + 1, part, kept.get(pk, 0), reduced))
    charges = _shipping_back(claim, earlier) if with_shipping else []
    if charges and not lines:
        # EN 16931 wants a line on every document: the shipping charge becomes one.
        lines = [_free_line(claim, 1, charge["reason"], _rest_of_charge(charge)) for charge in charges]
        charges = []
    return lines, charges


def _credited(
    line: InvoiceLine, position: int, part: Part, lost_minor: int, reduced: tuple[int, int]
) -> InvoiceLine:
    """The line of a credit note for some pieces, less what is kept of them: it is printed as their reduction.

    ``lost_minor``: of value, gross; ``reduced``: gross and VAT that were credited for them before.
    """
    reduced_minor, reduced_vat = reduced
    worth, worth_vat = part.gross_minor - reduced_minor, part.vat_minor - reduced_vat
    if not 0 <= lost_minor <= worth:
        raise CreditTooLarge(lost_minor, worth)
    vat = split(worth_vat, [worth - lost_minor, lost_minor])[0] if worth else 0
    return _copy(
        line,
        position=position,
        quantity=part.quantity,
        gross_minor=worth - lost_minor,
        vat_minor=vat,
        discount_minor=part.discount_minor + lost_minor + reduced_minor,
        kept_minor=lost_minor + reduced_minor,
        kept_vat_minor=part.vat_minor - vat,
        reduced_minor=reduced_minor,
        reduced_vat_minor=reduced_vat,
    )


def _shipping_back(claim: Invoice, earlier: Reductions | None) -> list[dict[str, Any]]:
    notes = Invoice.objects.filter(corrects=claim, kind=CREDIT_NOTE)
    if any(note.charges or note.lines.filter(credits=None, sku=SHIPPING_SKU).exists() for note in notes):
        raise CreditTooLarge(1, 0)
    found = []
    for charge in claim.charges:
        gross, vat = earlier.of_charge(charge) if earlier else (charge["gross_minor"], charge["vat_minor"])
        if charge["is_charge"] and gross:
            found.append(shipping_fact(gross, charge["rate_bp"], charge["category"], claim.language, vat))
    return found


def _rest_of_charge(charge: Mapping[str, Any]) -> RateRest:
    return RateRest(charge["category"], charge["rate_bp"], charge["gross_minor"], charge["vat_minor"])


def _goodwill(claim: Invoice, amount_minor: int, of_line: InvoiceLine | None) -> list[InvoiceLine]:
    if of_line is not None:
        return [_reduction(claim, amount_minor, of_line)]
    left = claim.gross_minor - credited_minor(claim)
    if not 0 < amount_minor <= left:
        raise CreditTooLarge(amount_minor, left)
    with translation.override(claim.language):
        name = _("Price reduction on invoice %(number)s") % {"number": claim.number}
    shares = spread_amount(amount_minor, rests_per_rate(claim))
    return [_free_line(claim, at, name[:300], share, sku="") for at, share in enumerate(shares, start=1)]


def _reduction(claim: Invoice, amount_minor: int, of_line: InvoiceLine) -> InvoiceLine:
    """A line that takes the price of ``of_line`` down, with the VAT of what is left of it."""
    key = (str(of_line.category), of_line.rate_bp)
    at_rate = sum(one.gross_minor for one in rests_per_rate(claim) if (one.category, one.rate_bp) == key)
    pieces, gross, vat, _discount = rest_of_line(of_line)
    left = min(gross, at_rate)
    if not 0 < amount_minor <= left:
        raise CreditTooLarge(amount_minor, left)
    if (
        0 < gross - amount_minor < pieces
    ):  # a piece worth less than a cent gets no document, and what is left is lost
        raise CreditTooLarge(amount_minor, gross - pieces)
    with translation.override(claim.language):
        name = _("Price reduction: %(title)s") % {"title": of_line.name}
    [share] = spread_amount(amount_minor, [RateRest(*key, gross, vat)])
    line = _free_line(claim, 1, name[:300], share, sku="")
    line.reduces = of_line
    return line


def _free_line(
    claim: Invoice, position: int, name: str, share: RateRest, sku: str = SHIPPING_SKU
) -> InvoiceLine:
    return InvoiceLine(
        position=position,
        name=name,
        sku=sku,
        quantity=1,
        gross_minor=share.gross_minor,
        rate_bp=share.rate_bp,
        category=share.category,
        vat_minor=share.vat_minor,
    )


def _copy(line: InvoiceLine, **other: Any) -> InvoiceLine:
    """An unsaved line that credits ``line``."""
    values: dict[str, Any] = {
        name: getattr(line, name)
        for name in (
            "position", "order_line_id", "name", "sku", "ean", "attributes", "quantity", "gross_minor",
            "discount_minor", "discount_reason", "rate_bp", "category", "vat_minor",
        )
    }  # fmt: skip
    return InvoiceLine(credits=line, **{**values, **other})


def _credit(account: OrderAccount, note: Invoice) -> OrderMoney:
    money, _new = accounts.note_money(
        account=account,
        kind=OrderMoney.CREDIT,
        source=f"invoice:{note.number}",
        amount_minor=note.gross_minor,
        reference=note.number,
        booked_on=note.issued_on,
    )
    return money


def _write_off_by(account: OrderAccount, claim: Invoice, document: Invoice, by: Any) -> None:
    """Lay the cancellation on its invoice and close that for good; nobody is told that it was paid."""
    if document.gross_minor:
        money = _credit(account, document)
        Allocation.objects.create(invoice=claim, money=money, amount_minor=document.gross_minor)
        OrderMoney.objects.filter(pk=money.pk).update(
            allocated_minor=F("allocated_minor") + document.gross_minor
        )
        OrderAccount.objects.filter(pk=account.pk).update(
            allocated_minor=F("allocated_minor") + document.gross_minor
        )
        account.allocated_minor += document.gross_minor
    move(
        claim,
        to="cancelled",
        by=by,
        why=f"cancelled by {document.number}",
        paid_minor=claim.gross_minor,
        open_minor=0,
    )


def _refuse_not_standing(claim: Invoice) -> None:
    if not claim.is_claim:
        raise ValueError(f"{claim.number} is no invoice")
    if claim.state == "cancelled":
        raise AlreadyCancelled(f"{claim.number} was cancelled")
    if accounts.given_up_minor(claim):
        raise GivenUp(claim)


def _order(claim: Invoice) -> Order:
    return Order.objects.get(pk=claim.order_id)
