"""Seam of Oscar: writes the rows of an order. Web, till, phone and API all pass through it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from oscar.apps.order import utils
from oscar.apps.voucher.models import Voucher, VoucherApplication

from checkout.vouchers.personal import may_use
from checkout.vouchers.usage import availability, claim_uses
from shop.kernel.clock import now
from shop.kernel.money import net_from_gross, to_decimal

from .lines import new_line
from .models import Line, Order, OrderDiscount

if TYPE_CHECKING:
    from .actions.place import Placement


class OrderNumberGenerator(utils.OrderNumberGenerator):
    """Oscar would derive the number from the basket and so reveal how many baskets there were."""

    def order_number(self, basket: Any) -> str:
        """A number of our own series."""
        from .numbers import new_order_number

        return new_order_number()


class OrderCreator(utils.OrderCreator):
    """Writes order, lines and discounts in a constant number of statements, whatever the number of lines."""

    def place_order(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: Oscar's own way oversells and pays outside the transaction."""
        raise NotImplementedError("orders are placed by checkout.order.actions.place()")

    def write(self, placement: Placement, *, number: str, correlation_id: str) -> tuple[Order, list[Line]]:
        """Write the rows inside the caller's transaction; stock and payment are the caller's part."""
        billing, shipping = placement.billing_address, placement.shipping_address
        billing.save()
        if shipping is not None:
            shipping.save()
        sums, currency = placement.totals, placement.totals.currency
        order = Order.objects.create(
            number=number,
            basket_id=placement.basket.pk,
            placement_key=f"basket:{placement.basket.pk}",
            user=placement.user,
            taken_by=placement.taken_by,
            guest_email="" if placement.user else placement.contact.email,
            phone=placement.contact.phone,
            carrier_contact_agreed_at=placement.contact.carrier_agreed_at,
            language=placement.contact.language,
            company=placement.contact.company,
            vat_id=placement.contact.vat_id,
            buyer_reference=placement.contact.buyer_reference,
            vat_check_id=placement.contact.vat_check_id,
            billing_address=billing,
            shipping_address=shipping,
            currency=currency,
            total_incl_tax=to_decimal(sums.total_minor, currency),
            total_excl_tax=to_decimal(sums.total_minor - sums.vat_minor, currency),
            shipping_incl_tax=to_decimal(sums.shipping_minor, currency),
            shipping_excl_tax=to_decimal(
                net_from_gross(sums.shipping_minor, sums.shipping_rate_bp), currency
            ),
            shipping_rate_bp=sums.shipping_rate_bp,
            shipping_vat_category=sums.untaxed,
            shipping_method=placement.delivery_name,
            shipping_code=placement.delivery_code,
            vat_country=sums.country,
            payment_method=placement.payment_method,
            correlation_id=correlation_id,
            site_id=settings.SITE_ID,
            date_placed=now(),
        )
        lines = Line.objects.bulk_create(self._lines(placement, order))
        self._discounts(placement, order)
        return order, lines

    def _lines(self, placement: Placement, order: Order) -> list[Line]:
        wanted = {line.pk: line for line in placement.basket.all_lines()}
        rows = []
        for part in placement.totals.lines:
            basket_line = wanted[part.line_id]
            rows.append(
                new_line(
                    order=order,
                    product=basket_line.product,
                    stockrecord=basket_line.stockrecord,
                    quantity=part.quantity,
                    gross_minor=part.gross_minor,
                    before_minor=part.before_minor,
                    unit_minor=part.unit_gross_minor,
                    vat_class=part.vat_class,
                    vat_rate_bp=part.vat_rate_bp,
                    vat_category=placement.totals.untaxed,
                )
            )
        return rows

    def _discounts(self, placement: Placement, order: Order) -> None:
        # Oscar asks the user whether they are signed in; a guest is nobody, not None
        buyer = placement.user or AnonymousUser()
        locked: dict[int, Voucher] = {}
        taken_off: dict[int, Decimal] = defaultdict(Decimal)
        given: list[OrderDiscount] = []
        for application in placement.basket.offer_applications:
            voucher = application.get("voucher")
            if voucher:
                if voucher.pk not in locked:
                    locked[voucher.pk] = self._voucher(placement, voucher.pk, buyer)
                application["voucher"] = voucher = locked[voucher.pk]
                taken_off[voucher.pk] += application["discount"]
            given.append(
                OrderDiscount(
                    order=order,
                    offer_id=application["offer"].pk,
                    offer_name=application["offer"].name,
                    voucher_id=voucher.pk if voucher else None,
                    voucher_code=voucher.code if voucher else "",
                    frequency=application["freq"],
                    amount=application["discount"],
                )
            )
        for pk, voucher in locked.items():
            self._use(voucher, order, taken_off[pk])
        if given:
            OrderDiscount.objects.bulk_create(given)
            if not claim_uses(order, given):
                raise _price_changed(placement)

    def _voucher(self, placement: Placement, pk: int, buyer: Any) -> Voucher:
        """The voucher, held until the order stands: of two orders with a voucher for one, the second is asked again."""
        rows = Voucher.objects.select_for_update(of=("self",)).select_related("personal")
        voucher = rows.get(pk=pk)
        if not may_use(voucher, buyer) or not availability(voucher, buyer)[0]:
            raise _price_changed(placement)
        return voucher

    def _use(self, voucher: Voucher, order: Order, amount: Decimal) -> None:
        """Note that the order used the voucher, which is held, and what it took off: what Oscar writes in three saves
        of the whole row."""
        VoucherApplication.objects.create(voucher=voucher, order=order, user=order.user)
        Voucher.objects.filter(pk=voucher.pk).update(
            num_orders=F("num_orders") + 1, total_discount=F("total_discount") + amount
        )


def _price_changed(placement: Placement) -> Exception:
    """A voucher or an offer went to another order of the same moment: without it the total is another."""
    from .actions.place import PriceChanged

    sums = placement.totals
    return PriceChanged(sums.total_minor, sums.total_minor + sums.discount_minor)
