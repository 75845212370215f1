"""A wrong address, VAT id or tax on an invoice: it is cancelled and a new one stands in its place, in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from catalogue.partner.vat import UnknownVatRate, rate_bp
from checkout.order.models import Line as OrderLine
from checkout.order.models import Order
from checkout.vat_ids import seller
from checkout.vat_ids.models import VatIdCheck
from checkout.vat_ids.treatment import untaxed_category
from fulfilment.finance.invoicing import accounts, retax
from fulfilment.finance.invoicing.models import INVOICE_KIND, Invoice, InvoiceLine, OrderAccount
from shop.kernel.states import move
from shop.kernel.transactions import retrying

from .correct import GivenUp, write_cancellation
from .issue import InPlaceOf, write
from .push import push_credit

#: Parts of the buyer that a correction may change, by the names of ``Party``.
BUYER_PARTS = ("name", "contact", "street", "extra", "postcode", "city", "country", "vat_id", "email")


class NotReplaced(ValueError):
    """The invoice stays as it is; the text says why, for the person who tried."""


@dataclass(frozen=True)
class Correction:
    """What the new invoice says otherwise.

    buyer: parts of BUYER_PARTS; what is not named stays. tax: AS_IT_WAS, WITHOUT_VAT or WITH_VAT of ``retax``. check:
    the register's answer about the VAT id, kept with the new invoice. keeps_due: the day it is due stays.
    """

    buyer: Mapping[str, str]
    buyer_reference: str = ""
    tax: str = retax.AS_IT_WAS
    check: VatIdCheck | None = None
    keeps_due: bool = False


@dataclass(frozen=True)
class Replaced:
    """Both documents."""

    cancellation: Invoice
    invoice: Invoice


def replace_invoice(*, invoice: Invoice, correction: Correction, reason: str, by: Any = None) -> Replaced:
    """Cancel ``invoice`` and issue it anew with ``correction``, in one transaction; what was paid moves over.

    The same goods and, unless the tax changes, the same amounts: the ledger is the same afterwards. A retry with the
    same buyer returns what is there. The new term of payment begins with the new invoice, unless ``keeps_due``. Raises
    NotReplaced in words: nothing changed, cancelled, credit notes stand against it, or goods may not go without VAT.
    """
    if not reason.strip():
        raise NotReplaced(_("Please say why the invoice is corrected."))

    def work() -> Replaced:
        account = accounts.locked(invoice.order)
        claim = Invoice.objects.get(pk=invoice.pk)
        buyer = _buyer(claim, correction)
        known = Invoice.objects.filter(replaces=claim).first()
        if known is not None and known.buyer == buyer:
            return Replaced(claim.corrections.get(kind="cancellation"), known)
        _refuse(claim, buyer, correction)
        return _replace(account, claim, buyer, correction, reason.strip(), by)

    done = retrying(work)
    invoice.refresh_from_db()
    return done


def _replace(
    account: OrderAccount, claim: Invoice, buyer: dict[str, str], correction: Correction, reason: str, by: Any
) -> Replaced:
    held, why = claim.held, claim.held_reason
    cancellation = write_cancellation(account=account, claim=claim, reason=reason, by=by)
    check = correction.check
    new = write(
        order=Order.objects.get(pk=claim.order_id),
        account=account,
        kind=INVOICE_KIND,
        source=f"replace:{claim.pk}",
        **_content(claim, correction.tax),
        delivered_on=claim.delivered_on,
        in_place_of=InPlaceOf(
            claim,
            buyer,
            correction.buyer_reference,
            check.pk if check else claim.vat_check_id,
            claim.due_on if correction.keeps_due else None,
        ),
        reason=reason,
        by=by,
    )
    if held:  # an open complaint is about the goods, not about the paper
        Invoice.objects.filter(pk=new.pk).update(held=True, held_reason=why)
    accounts.settle(account=account, first=new, by=by)
    if not new.gross_minor:
        move(new, to="paid", by=by, why="nothing to pay")
    push_credit(user_id=claim.user_id)
    new.refresh_from_db()
    return Replaced(cancellation, new)


def _buyer(claim: Invoice, correction: Correction) -> dict[str, str]:
    unknown = set(correction.buyer) - set(BUYER_PARTS)
    if unknown:
        raise ValueError(f"no part of a buyer: {', '.join(sorted(unknown))}")
    return {**claim.buyer, **correction.buyer}


def _refuse(claim: Invoice, buyer: dict[str, str], correction: Correction) -> None:
    if not claim.is_claim:
        raise NotReplaced(_("Only an invoice can be corrected this way."))
    if claim.state == "cancelled":
        raise NotReplaced(_("Invoice %(number)s was cancelled already.") % {"number": claim.number})
    if accounts.given_up_minor(claim):
        raise NotReplaced(str(GivenUp(claim)))
    if claim.corrections.exists():
        raise NotReplaced(_("The invoice has credit notes; credit what is left of it instead."))
    if not buyer.get("name", "").strip():
        raise NotReplaced(_("An invoice needs the name of who owes it."))
    same = {part: buyer.get(part, "") for part in BUYER_PARTS} == {
        part: claim.buyer.get(part, "") for part in BUYER_PARTS
    }
    if (
        same
        and correction.buyer_reference == claim.buyer_reference
        and not _tax_changes(claim, correction.tax)
    ):
        raise NotReplaced(_("Nothing was changed."))
    if _untaxed_after(claim, correction.tax):
        _refuse_untaxed(claim, buyer, correction)


def _tax_changes(claim: Invoice, tax: str) -> bool:
    untaxed = _is_untaxed(claim)
    return (tax == retax.WITHOUT_VAT and not untaxed) or (tax == retax.WITH_VAT and untaxed)


def _untaxed_after(claim: Invoice, tax: str) -> bool:
    return tax == retax.WITHOUT_VAT or (tax == retax.AS_IT_WAS and _is_untaxed(claim))


def _is_untaxed(claim: Invoice) -> bool:
    return any(row["category"] in retax.UNTAXED for row in claim.taxes)


def _refuse_untaxed(claim: Invoice, buyer: dict[str, str], correction: Correction) -> None:
    """Without VAT only on proof of the VAT id that the new invoice carries, given for this order: an answer of long
    before says nothing of the day of the supply (§ 6a (1) no. 4 UStG)."""
    if correction.tax == retax.AS_IT_WAS and buyer.get("vat_id") == claim.buyer.get("vat_id"):
        return  # nothing that the proof says is touched
    order = Order.objects.select_related("shipping_address").get(pk=claim.order_id)
    check = correction.check
    category = untaxed_category(
        destination=str(order.shipping_address.country_id) if order.shipping_address else "",
        vat_id=buyer.get("vat_id", ""),
        check=check,
        seller_vat_id=seller.vat_id(),
        now=max(check.asked_at, order.date_placed) if check else claim.created_at,
    )
    if not category:
        raise NotReplaced(
            _(
                "Without VAT only when the goods went to another country of the EU and the EU's register confirms the "
                "buyer's VAT id of another country. Choose “with VAT”, or ask the register again."
            )
        )


def _content(claim: Invoice, tax: str) -> dict[str, Any]:
    """Lines and charges under the new tax."""
    lines = list(claim.lines.all())
    ids = [line.order_line_id for line in lines if line.order_line_id]
    classes = dict(OrderLine.objects.filter(pk__in=ids).values_list("pk", "vat_class"))
    country = claim.vat_country or settings.KONTOR_HOME_COUNTRY

    def rate_of(line: InvoiceLine) -> int:
        vat_class = classes.get(line.order_line_id or 0, "standard")
        try:
            return rate_bp(vat_class, country, claim.delivered_on or claim.issued_on)
        except UnknownVatRate:
            raise NotReplaced(_("No VAT rate is on file for %(country)s.") % {"country": country}) from None

    main = max(lines, key=lambda line: line.gross_minor)
    shipping_rate = rate_of(main) if tax == retax.WITH_VAT else 0
    return {
        "lines": retax.lines_anew(lines, tax, rate_of),
        "charges": retax.charges_anew(claim.charges, tax, shipping_rate),
    }
