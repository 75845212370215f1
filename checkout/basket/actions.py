"""Verbs of the basket. A basket holds wishes: nothing is reserved before the order, but nothing is promised that is
not there either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from oscar.apps.voucher.models import Voucher

from catalogue.models import Product
from checkout.vouchers.personal import may_use
from checkout.vouchers.usage import availability
from shop.kernel.transactions import retrying

from .held import NOBODY, Reader, held_text
from .kept_products import bring_lines
from .models import Basket
from .offers import apply_offers

MAX_PER_LINE = 99  #: pieces of one variant; more is a case for an offer by mail
MAX_LINES = 100
MAX_VOUCHERS = 3


class Refused(ValueError):
    """The wish cannot be met; the message is for the shopper, and nothing was changed."""


@dataclass(frozen=True)
class Added:
    """What was put in the basket."""

    title: str
    quantity: int
    in_basket: int
    pieces: int = 0  #: of all articles, now


def add(*, basket: Any, variant_id: int, quantity: int, by: Any = None, reader: Reader = NOBODY) -> Added:
    """Put pieces of a variant in the basket. Raises Product.DoesNotExist for what is not on offer and Refused when
    fewer pieces are there than would then be in the basket; ``reader``: whose own unpaid orders are then named."""
    return retrying(lambda: put(basket=basket, variant_id=variant_id, quantity=quantity, reader=reader))


def at_least(*, basket: Any, variant_id: int, quantity: int, by: Any = None) -> int:
    """See that no fewer than so many pieces of a variant are in the basket, so that a repeat changes nothing. Returns
    how many were put in. Raises as ``add()`` does."""

    def work() -> int:
        hold(basket)
        lines = basket.lines.filter(product_id=variant_id) if basket.pk else ()
        missing = quantity - sum(line.quantity for line in lines)
        return put(basket=basket, variant_id=variant_id, quantity=missing).quantity if missing > 0 else 0

    return retrying(work)


def put(*, basket: Any, variant_id: int, quantity: int, reader: Reader = NOBODY) -> Added:
    """``add()`` as a part of a larger transaction."""
    product = offered(variant_id)
    record = product.stockrecords.all()[0]
    hold(basket)
    lines = list(basket.lines.all()) if basket.pk else []
    if basket.pk:
        basket.bring_lines(lines)  # Oscar looks at their currency
    present = sum(line.quantity for line in lines if line.product_id == product.pk)
    pieces = sum(line.quantity for line in lines)
    _check(record, quantity, present, reader)
    if pieces + quantity > settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD or len(lines) >= MAX_LINES:
        raise Refused(_("This basket is full. Please place an order with what is in it first."))
    basket.add_product(product, quantity)
    return Added(product.title_local, quantity, present + quantity, pieces + quantity)


def offered(variant_id: int) -> Product:
    """A variant that is for sale, with its stock. Raises Product.DoesNotExist. Two queries."""
    found: Product = (
        Product.objects.filter(is_public=True, stockrecords__price__isnull=False)
        .exclude(parent__is_public=False)
        .select_related("parent", "colour")
        .prefetch_related("stockrecords")
        .get(pk=variant_id)
    )
    return found


def change_quantity(*, basket: Any, line_id: int, quantity: int, by: Any = None) -> None:
    """Set the pieces of a line; 0 removes it. Raises Refused, and LookupError for a line of another basket."""
    line = _line(basket, line_id)
    if quantity == 0:
        remove(basket=basket, line_id=line_id, by=by)
        return
    if quantity > line.quantity:
        _check(line.stockrecord, quantity, 0)
    elif quantity < 0:
        raise Refused(_("Please give a number of pieces from 0 to %(most)d.") % {"most": MAX_PER_LINE})
    basket.lines.filter(pk=line.pk).update(quantity=quantity)
    basket.reset_offer_applications()


def remove(*, basket: Any, line_id: int, by: Any = None) -> tuple[int, int, str]:
    """Take a line out; returns variant id, quantity and title, with which it can be put back.

    Raises LookupError for a line of another basket.
    """
    line = _line(basket, line_id)
    basket.lines.filter(pk=line.pk).delete()
    basket.reset_offer_applications()
    return line.product_id, line.quantity, line.product.title_local


def add_voucher(*, basket: Any, code: str, user: Any, by: Any = None) -> bool:
    """Put a voucher on the basket. Returns whether it takes something off already; raises Refused with the reason."""
    cleaned = code.strip().upper()[:128]
    if not cleaned:
        raise Refused(_("Please enter the code of your voucher."))
    voucher = Voucher.objects.select_related("personal").filter(code=cleaned).first()
    if voucher is None:
        raise Refused(_("We do not know a voucher with the code “%(code)s”.") % {"code": cleaned[:40]})
    if not voucher.is_active():
        raise Refused(_("The voucher “%(code)s” is not valid today.") % {"code": cleaned})
    usable, reason = availability(voucher, user)
    if not usable:
        raise Refused(reason)
    if not may_use(voucher, user):
        raise Refused(_("This voucher belongs to a customer's account. Please sign in with it."))
    bring_lines(basket)
    lines = list(basket.all_lines())
    if not lines:
        raise Refused(_("Your basket is empty; a voucher needs something to be taken off from."))
    brought = hasattr(lines[0], "voucher_count")
    there = (lines[0].voucher_count or 0) if brought else basket.vouchers.count()
    is_there = bool(there) and basket.vouchers.filter(pk=voucher.pk).exists()
    if not is_there:
        if there >= MAX_VOUCHERS:
            raise Refused(_("A basket takes no more than %(most)d vouchers.") % {"most": MAX_VOUCHERS})
        _put_on(basket, voucher)
        for line in lines:
            line.voucher_count = there + 1  # what came with them was counted before
    apply_offers(basket, user, kept=True)
    return any(found["voucher"].pk == voucher.pk for found in basket.voucher_discounts) or any(
        found["voucher"] and found["voucher"].pk == voucher.pk for found in basket.shipping_discounts
    )


def _put_on(basket: Any, voucher: Any) -> None:
    """Write it down; twice in one moment is once."""
    through = basket.vouchers.through
    through.objects.bulk_create([through(basket=basket, voucher=voucher)], ignore_conflicts=True)


def remove_voucher(*, basket: Any, code: str, by: Any = None) -> None:
    """Take a voucher off the basket; one that is not on it changes nothing."""
    voucher = basket.vouchers.filter(code=code.strip().upper()[:128]).first() if basket.pk else None
    if voucher:
        basket.vouchers.remove(voucher)
        basket.reset_offer_applications()


def hold(basket: Any) -> None:
    """Let no other click change this basket until the transaction ends: an update of its row locks it everywhere.

    Raises Refused for a basket that became an order in another window.
    """
    rows = Basket.objects.filter(pk=basket.pk)
    if basket.pk is not None and not rows.filter(status=Basket.OPEN).update(status=Basket.OPEN):
        raise Refused(_("This basket was ordered in another window. Please reload the page."))


def _line(basket: Any, line_id: int) -> Any:
    found = None
    if basket.pk:
        rows = basket.lines.select_related("stockrecord", "product__parent", "product__colour")
        found = rows.filter(pk=line_id).first()
    if found is None:
        raise LookupError(line_id)
    return found


def _check(record: Any, quantity: int, present: int, reader: Reader = NOBODY) -> None:
    """Refuse more than is there, and numbers that no household orders."""
    if quantity < 1 or quantity + present > MAX_PER_LINE:
        raise Refused(_("Please give a number of pieces from 1 to %(most)d.") % {"most": MAX_PER_LINE})
    if record.backorderable or quantity + present <= record.available:
        return
    waiting = held_text(record.pk, reader)
    if not record.available:
        raise Refused(" ".join(filter(None, (_("This one has just been sold out."), waiting))))
    text = ngettext("Only one piece is left", "Only %(left)d pieces are left", record.available)
    text %= {"left": record.available}
    if present:
        text += _(", and %(n)d of them are in your basket already") % {"n": present}
    raise Refused(" ".join(filter(None, (f"{text}.", waiting))))
