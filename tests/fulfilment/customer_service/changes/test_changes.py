"""What shoppers change before anybody picks: order, stock, walks and money agree to the cent, or nothing happened."""

from __future__ import annotations

from typing import Any

import pytest

from checkout.order.events import OrderCancelled
from checkout.order.models import Line, Order
from checkout.payment.models import Payment, Refund
from checkout.shipping.models import DeliveryCharge, DeliveryMethod
from fulfilment.customer_service.changes.actions import ChangeRefused, TooLate, change
from fulfilment.customer_service.changes.models import ADDRESS, CANCEL, DELIVERY, PIECES, OrderChange
from fulfilment.customer_service.changes.preview import preview
from fulfilment.customer_service.changes.rules import (
    REFUSE_PARCEL,
    WITHDRAW,
    WRITE,
    what_may_change,
)
from fulfilment.customer_service.changes.wishes import Wish
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.stock import actions as stock
from tests.factories.changes import changed, ordered, sibling
from tests.factories.shopping import make_user, make_variant
from tests.factories.shortages import in_stock
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.changes.told import breaches, planned, refunded

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


METHODS = ("card", "prepayment", "invoice")


@pytest.mark.parametrize("method", METHODS)
def test_fewer_pieces_are_free_again_and_what_was_paid_for_them_goes_back(outbox: Any, method: str) -> None:
    shoe, boot = in_stock(5, price_minor=3_333), in_stock(5, price_minor=5_000)
    order = ordered(outbox, (shoe, 3), (boot, 1), method=method)
    line = order.lines.get(stockrecord=shoe)
    total = order.total_minor
    wish = Wish(pieces={line.pk: 1})

    seen = preview(order=order, wish=wish)
    assert (seen.before_minor, seen.after_minor, seen.less_minor) == (total, total - 6_666, 6_666)
    assert seen.back_minor == (0 if method == "invoice" else 6_666)
    assert not OrderChange.objects.exists()
    assert not Refund.objects.exists()

    done = change(order=order, wish=wish, key="k1", seen_minor=seen.after_minor)
    assert (done.before_minor, done.after_minor, done.voice) == (total, total - 6_666, "customer")
    assert refunded(order) == seen.back_minor
    shoe.refresh_from_db()
    assert shoe.num_allocated == 1
    assert planned(order) == {shoe.partner_sku: 1, boot.partner_sku: 1}
    outbox.drain()
    assert outbox.failures() == []
    assert breaches() == []


def test_a_line_that_is_not_wanted_leaves_the_walk(outbox: Any) -> None:
    shoe, boot = in_stock(5), in_stock(5)
    order = ordered(outbox, (shoe, 2), (boot, 1))
    line = order.lines.get(stockrecord=shoe)
    changed(order, pieces={line.pk: 0})
    assert planned(order) == {boot.partner_sku: 1}
    send_everything(PickList.objects.get(order=order), by=make_user(is_staff=True))
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "completed"
    assert breaches() == []


@pytest.mark.parametrize("method", METHODS)
def test_the_whole_order_is_cancelled_and_everything_goes_back(outbox: Any, method: str) -> None:
    shoe = in_stock(5)
    order = ordered(outbox, (shoe, 2), method=method)
    total = order.total_minor
    assert preview(order=order, wish=Wish(CANCEL)).back_minor == (0 if method == "invoice" else total)
    changed(order, kind=CANCEL)
    outbox.drain()
    shoe.refresh_from_db()
    assert (order.status, shoe.num_allocated, planned(order)) == ("cancelled", 0, {})
    assert refunded(order) == (0 if method == "invoice" else total)
    assert len(outbox.events(OrderCancelled)) == 1
    assert breaches() == []


def test_the_same_form_changes_an_order_once(outbox: Any) -> None:
    shoe = in_stock(5)
    order = ordered(outbox, (shoe, 3))
    line = order.lines.get()
    first = changed(order, pieces={line.pk: 2})
    assert changed(order, pieces={line.pk: 2}) == first
    assert changed(order, pieces={line.pk: 1}) == first, "one form, one change, whatever it says later"
    assert refunded(order) == shoe.price_minor
    cancelled = changed(order, kind=CANCEL, key="k2")
    assert changed(order, kind=CANCEL, key="k2") == cancelled


def test_another_size_of_the_same_price_changes_nothing_in_the_money(outbox: Any) -> None:
    shoe = in_stock(5)
    other = sibling(shoe)
    order = ordered(outbox, (shoe, 2))
    line = order.lines.get()
    done = changed(order, pieces={line.pk: 2}, sizes={line.pk: other.pk})
    assert done.less_minor == 0
    assert not Refund.objects.exists()
    for record, promised in ((shoe, 0), (other, 2)):
        record.refresh_from_db()
        assert record.num_allocated == promised
    assert planned(order) == {other.partner_sku: 2}
    send_everything(PickList.objects.get(order=order), by=make_user(is_staff=True))
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "completed"
    assert breaches() == []


def test_a_cheaper_size_gives_the_difference_of_today_back(outbox: Any) -> None:
    shoe = in_stock(5, price_minor=8_000)
    other = sibling(shoe, price_minor=7_500)
    order = ordered(outbox, (shoe, 2))
    line = order.lines.get()
    Line.objects.filter(pk=line.pk).update(gross_minor=12_001, gross_before_discount_minor=16_000)
    Order.objects.filter(pk=order.pk).update(total_incl_tax="124.91", total_excl_tax="104.97")
    Payment.objects.filter(order=order).update(amount_minor=12_491)
    order.refresh_from_db()
    done = changed(order, pieces={line.pk: 1}, sizes={line.pk: other.pk})
    added = order.lines.get(stockrecord=other)
    assert added.gross_minor == 6_001 - 500, "what was agreed, less what the size costs less today"
    assert done.less_minor == 6_000 + 500
    assert refunded(order) == done.less_minor


def test_more_pieces_on_account_within_the_limit(outbox: Any) -> None:
    from checkout.payment.models import INVOICE, MethodRule

    shoe = in_stock(20, price_minor=5_000)
    order = ordered(outbox, (shoe, 1), method="invoice")
    line = order.lines.get()
    changed(order, pieces={line.pk: 3})
    assert Payment.objects.get(order=order).amount_minor == order.total_minor == 15_490
    assert planned(order) == {shoe.partner_sku: 3}
    MethodRule.objects.filter(method=INVOICE).update(exposure_limit_minor=18_000)
    with pytest.raises(ChangeRefused, match="exceed your limit"):
        changed(order, pieces={line.pk: 4}, key="k2")
    assert breaches() == []


def test_pieces_that_are_gone_change_nothing(outbox: Any) -> None:
    shoe = in_stock(3)
    order = ordered(outbox, (shoe, 2), method="invoice")
    line = order.lines.get()
    with pytest.raises(ChangeRefused, match="only 1 piece is left"):
        changed(order, pieces={line.pk: 6})
    order.refresh_from_db()
    assert (order.lines.count(), planned(order)) == (1, {shoe.partner_sku: 2})
    assert not OrderChange.objects.exists()


def test_after_picking_began_it_says_what_is_possible(outbox: Any) -> None:
    shoe = in_stock(5)
    order = ordered(outbox, (shoe, 2))
    assert all(may.allowed for may in what_may_change(order).values())
    picking.start(pick_list=PickList.objects.get(order=order), by=make_user(is_staff=True))
    order.refresh_from_db()
    for kind in (CANCEL, PIECES, ADDRESS, DELIVERY):
        may = what_may_change(order)[kind]
        assert not may.allowed
        assert "packing your order already" in may.reason
        assert may.instead == (WITHDRAW, REFUSE_PARCEL, WRITE)
        with pytest.raises(TooLate):
            changed(order, kind=kind, key=f"late-{kind}")
    assert not OrderChange.objects.exists()


def test_the_address_is_changed_within_the_country(outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 1))
    changed(order, kind=ADDRESS, address={"line1": "Neuer Weg 5", "postcode": "22765"})
    order.shipping_address.refresh_from_db()
    assert (order.shipping_address.line1, order.shipping_address.postcode) == ("Neuer Weg 5", "22765")
    assert order.billing_address.line1 == "Musterweg 1"
    with pytest.raises(ChangeRefused, match="country"):
        changed(order, kind=ADDRESS, address={"country": "AT"}, key="k2")
    with pytest.raises(ChangeRefused, match="Nothing was changed"):
        changed(order, kind=ADDRESS, address={"line1": "Neuer Weg 5"}, key="k3")
    outbox.drain()
    assert outbox.failures() == []
    assert breaches() == []


def express(gross_minor: int, free_from_minor: int | None = None) -> DeliveryMethod:
    method = DeliveryMethod.objects.create(code="express", kind="home", name="Express", carrier="Kurier")
    DeliveryCharge.objects.create(
        method=method,
        country="DE",
        weight_to_g=31_500,
        gross_minor=gross_minor,
        free_from_minor=free_from_minor,
    )
    return method


def test_another_way_to_deliver_costs_what_it_costs(outbox: Any) -> None:
    express(290)
    shoe = in_stock(5)
    order = ordered(outbox, (shoe, 1))
    done = changed(order, kind=DELIVERY, delivery="express")
    assert (done.less_minor, refunded(order), order.shipping_method) == (200, 200, "Express")
    assert PickList.objects.get(order=order).carrier == "Kurier"
    assert planned(order) == {shoe.partner_sku: 1}
    changed(order, kind=DELIVERY, delivery="pickup", key="k2")
    assert order.shipping_address is None
    assert refunded(order) == 490
    assert PickList.objects.exclude(state="cancelled").get(order=order).carrier == "pickup"
    outbox.drain()
    assert outbox.failures() == []
    assert breaches() == []


def test_free_delivery_that_was_agreed_is_not_lost_by_fewer_pieces(outbox: Any) -> None:
    express(1_290, free_from_minor=10_000)
    shoe = in_stock(5, price_minor=6_000)
    order = ordered(outbox, (shoe, 2), shipping_minor=0)
    line = order.lines.get()
    assert changed(order, pieces={line.pk: 1}).less_minor == 6_000
    assert changed(order, kind=DELIVERY, delivery="express", key="k2").less_minor == 0


@pytest.mark.parametrize(
    "wish",
    [
        {"pieces": {}},
        {"pieces": {10**12: 1}},
        {"kind": "nonsense"},
        {"kind": DELIVERY, "delivery": "rocket"},
        {"kind": ADDRESS, "address": {"line1": " \u202e "}},
        {"kind": ADDRESS, "address": {"line1": "x" * 300}},
    ],
)
def test_nonsense_is_refused_in_words(outbox: Any, wish: dict[str, Any]) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    with pytest.raises(ChangeRefused):
        changed(order, **wish)
    assert not OrderChange.objects.exists()


@pytest.mark.parametrize("pieces", [-1, 13, 10**9])
def test_too_many_or_too_few_pieces_are_refused_in_words(outbox: Any, pieces: int) -> None:
    order = ordered(outbox, (in_stock(50), 2), method="invoice")
    with pytest.raises(ChangeRefused):
        changed(order, pieces={order.lines.get().pk: pieces})


def test_a_price_that_changed_since_the_preview_is_asked_again(outbox: Any) -> None:
    from catalogue.partner.prices import set_price

    shoe = in_stock(9, price_minor=5_000)
    order = ordered(outbox, (shoe, 1), method="invoice")
    wish = Wish(pieces={order.lines.get().pk: 2})
    seen = preview(order=order, wish=wish).after_minor
    set_price(stockrecord=shoe, gross_minor=5_500)
    with pytest.raises(ChangeRefused, match="price has changed"):
        change(order=order, wish=wish, key="k1", seen_minor=seen)
    order.refresh_from_db()
    assert order.total_minor == 5_490


def test_verify_sees_a_change_that_its_amendments_do_not_explain(outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 3))
    done = changed(order, pieces={order.lines.get().pk: 2})
    outbox.drain()
    assert breaches() == []
    OrderChange.objects.filter(pk=done.pk).update(after_minor=done.after_minor + 1)
    assert [b for b in breaches() if b.startswith("changes: changes of orders are what")] != []
    OrderChange.objects.filter(pk=done.pk).update(after_minor=done.after_minor, kind=CANCEL)
    assert [b for b in breaches() if "belong to no change" in b] != []


def test_a_batch_that_is_planned_follows_the_change(outbox: Any) -> None:
    shoe = in_stock(9)
    other = sibling(shoe)
    order, neighbour = ordered(outbox, (shoe, 3)), ordered(outbox, (shoe, 1))
    [batch] = picking.plan_batches(wave=picking.Wave(stock.default_site(), "batch"))
    line = order.lines.get()
    changed(order, pieces={line.pk: 2}, sizes={line.pk: other.pk})
    assert planned(order) == {other.partner_sku: 2}
    assert {stop.batch_id for stop in PickLine.objects.filter(state="open")} == {batch.pk}
    picker = make_user(is_staff=True)
    assert picking.start_batch(batch=batch, by=picker) == []
    for stop in PickLine.objects.filter(state="open").select_related(
        "pick_list__order", "order_line", "bin", "batch"
    ):
        picking.scan(line=stop, code=stop.order_line.partner_sku, quantity=stop.quantity_open, by=picker)
    done = picking.finish_batch(batch=batch, by=picker)
    assert {one.order_id for one in done} == {order.pk, neighbour.pk}
    outbox.drain()
    assert breaches() == []


def test_pieces_at_two_sites_leave_the_site_that_is_not_needed(outbox: Any) -> None:
    from tests.factories.stock import make_bin, make_site

    stock.default_site()  # the first one, before there is another
    far = make_site("far", ships=True, position=99)
    shoe = in_stock(2)
    boot = make_variant(stock=0)
    stock.receive(stockrecord=boot, bin=make_bin("F-01", site=far, zone="F"), quantity=2)
    order = ordered(outbox, (shoe, 1), (boot, 1))
    sites = set(PickList.objects.filter(order=order).values_list("site__code", flat=True))
    assert len(sites) == 2, sites
    changed(order, pieces={order.lines.get(stockrecord=boot).pk: 0})
    alive = PickList.objects.filter(order=order).exclude(state="cancelled")
    assert [one.site.code for one in alive] != ["far"] and alive.count() == 1
    send_everything(alive.get(), by=make_user(is_staff=True))
    outbox.drain()
    order.refresh_from_db()
    assert order.status == "completed"
    assert breaches() == []
