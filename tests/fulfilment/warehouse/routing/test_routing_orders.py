"""Orders are sent from the site that the rules name: one pick list per site, the reason kept, goods that come later."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from checkout.order.models import Order
from checkout.shipping.models import DeliveryMethod
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.routing.actions import RoutingError, order_rules
from fulfilment.warehouse.routing.models import Routing, RoutingRule
from fulfilment.warehouse.routing.words import reason_text
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import PICK, SHOP_FLOOR, Bin, Site
from shop.kernel.clock import today
from shop.kernel.models import AppendOnlyError
from tests.factories.orders import make_order
from tests.factories.shopping import make_user
from tests.factories.stock import make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_site(code: str, postcode: str, *, position: int = 1, ships: bool = True) -> Site:
    return Site.objects.get_or_create(
        code=code,
        defaults={
            "name": code.title(),
            "postcode": postcode,
            "country": "DE",
            "position": position,
            "ships": ships,
        },
    )[0]


def put(record: Any, site: Site, quantity: int, *, kind: str = PICK) -> Bin:
    """Pieces in a bin of a site."""
    there = Bin.objects.get_or_create(code=f"{site.code}-{kind}", defaults={"kind": kind, "site": site})[0]
    stock.receive(stockrecord=record, bin=there, quantity=quantity)
    record.refresh_from_db()
    return there


@pytest.fixture
def sites(db: None) -> dict[str, Site]:
    """Hamburg, where the orders of these tests go, and Munich."""
    Site.objects.all().delete()
    return {"hamburg": make_site("hamburg", "20457", position=2), "munich": make_site("munich", "80331")}


def lists_of(order: Order) -> dict[str, PickList]:
    return {row.site.code: row for row in PickList.objects.filter(order=order).select_related("site")}


def pieces(pick_list: PickList) -> int:
    return sum(line.quantity for line in pick_list.lines.filter(bin__isnull=False))


def test_the_nearest_site_with_everything_sends_and_the_reason_is_kept(
    sites: dict[str, Site], outbox: Any
) -> None:
    shoe = make_stockrecord("SHOE")
    for site in sites.values():
        put(shoe, site, 5)
    order = make_order((shoe, 2))
    outbox.drain()
    assert set(lists_of(order)) == {"hamburg"}
    decision = Routing.objects.get(order=order)
    assert (decision.cause, decision.reasons) == (Routing.PLACED, ["nearest"])
    with translation.override("en"):
        assert reason_text(decision) == "Hamburg is the nearest, about 0 km away."
    assert picking.make_pick_list(order_id=order.pk) == lists_of(order)["hamburg"], "a repeat changes nothing"
    assert Routing.objects.count() == 1


def test_an_order_that_no_site_has_alone_gets_a_list_at_each(sites: dict[str, Site], outbox: Any) -> None:
    shoe, boot = make_stockrecord("SHOE"), make_stockrecord("BOOT")
    put(shoe, sites["hamburg"], 1)
    put(boot, sites["munich"], 1)
    order = make_order((shoe, 1), (boot, 1))
    outbox.drain()
    lists = lists_of(order)
    assert {code: pieces(row) for code, row in lists.items()} == {"hamburg": 1, "munich": 1}
    assert {row.packing_place.site.code for row in lists.values()} == {"hamburg", "munich"}
    assert Routing.objects.get().reasons[0] == "most"


def test_pieces_that_other_lists_will_take_are_not_counted(sites: dict[str, Site], outbox: Any) -> None:
    shoe = make_stockrecord("SHOE")
    put(shoe, sites["hamburg"], 1)
    put(shoe, sites["munich"], 1)
    first, second = make_order((shoe, 1)), make_order((shoe, 1))
    outbox.drain()
    assert set(lists_of(first)) == {"hamburg"}
    assert set(lists_of(second)) == {"munich"}


def test_a_site_whose_lots_have_too_few_days_left_is_no_sender(sites: dict[str, Site], outbox: Any) -> None:
    cream = make_stockrecord("CREAM")
    stock.set_handling(stockrecord=cream, tracking="lot", has_best_before=True, min_days_left=30)
    for site, days in ((sites["hamburg"], 5), (sites["munich"], 300)):
        there = Bin.objects.create(code=f"{site.code}-1", kind=PICK, site=site)
        ends = today() + dt.timedelta(days=days)
        stock.receive(stockrecord=cream, bin=there, quantity=5, lot=f"L{days}", best_before=ends)
    order = make_order((cream, 2))
    outbox.drain()
    assert {code: pieces(row) for code, row in lists_of(order).items()} == {"munich": 2}


def test_walks_to_a_doubtful_bin_take_nothing_of_what_lies_in_the_others(
    sites: dict[str, Site], outbox: Any
) -> None:
    shoe = make_stockrecord("SHOE", backorderable=True)
    doubted = put(shoe, sites["hamburg"], 2)
    make_order((shoe, 2))
    waiting = make_order((shoe, 2))
    outbox.drain()
    stock.mark_doubtful(stockrecord_id=shoe.pk, bin_id=doubted.pk)
    put(shoe, sites["hamburg"], 2, kind=SHOP_FLOOR)
    assert picking.plan_rest(pick_list=next(iter(lists_of(waiting).values()))) == 2


def test_a_site_that_sends_no_parcels_is_asked_only_by_those_who_fetch(
    sites: dict[str, Site], outbox: Any
) -> None:
    shoe = make_stockrecord("SHOE")
    store = make_site("store", "20095", ships=False)
    put(shoe, store, 5, kind=SHOP_FLOOR)
    put(shoe, sites["munich"], 5)
    sent = make_order((shoe, 1))
    code = DeliveryMethod.objects.order_by("pk").filter(kind="pickup").values_list("code", flat=True)[0]
    fetched = make_order((shoe, 1), shipping_code=code)
    outbox.drain()
    assert set(lists_of(sent)) == {"munich"}
    assert set(lists_of(fetched)) == {"store"}
    assert Routing.objects.get(order=fetched).reasons == ["pickup"]


def test_what_is_short_at_one_site_is_picked_at_another(sites: dict[str, Site], outbox: Any) -> None:
    picker = make_user(is_staff=True)
    shoe = make_stockrecord("SHOE")
    for site in sites.values():
        put(shoe, site, 2)
    order = make_order((shoe, 2))
    outbox.drain()
    here = lists_of(order)["hamburg"]
    picking.start(pick_list=here, by=picker)
    assert picking.report_short(line=here.lines.select_related("pick_list__order").get(), by=picker) == 2
    there = lists_of(order)["munich"]
    assert (pieces(there), there.state) == (2, "open")
    assert Routing.objects.filter(order=order).last().cause == Routing.SHORT  # type: ignore[union-attr]


def test_goods_that_come_later_are_found_at_any_site(sites: dict[str, Site], outbox: Any) -> None:
    shoe = make_stockrecord("SHOE", backorderable=True)
    order = make_order((shoe, 2))
    outbox.drain()
    [waiting] = lists_of(order).values()
    assert Routing.objects.get().reasons == ["nowhere"]
    with pytest.raises(picking.PickError, match="Nothing was found"):
        picking.plan_rest(pick_list=waiting)
    assert Routing.objects.count() == 1, "looking in vain decides nothing"
    put(shoe, sites["hamburg"], 2)
    assert picking.plan_rest(pick_list=waiting) == 2
    assert pieces(lists_of(order)["hamburg"]) == 2


def test_a_cancelled_order_that_is_confirmed_anew_gets_lists_again(
    sites: dict[str, Site], outbox: Any
) -> None:
    from checkout.order.actions import cancel, confirm

    shoe = make_stockrecord("SHOE")
    put(shoe, sites["hamburg"], 2)
    order = make_order((shoe, 1))
    outbox.drain()
    cancel(order=order, why="test")
    outbox.drain()
    assert {row.state for row in lists_of(order).values()} == {"cancelled"}
    confirm(order=order, why="test")
    outbox.drain()
    [again] = lists_of(order).values()
    assert (again.state, sum(line.quantity_open for line in again.lines.all())) == ("open", 1)


def test_decisions_are_never_changed(sites: dict[str, Site], outbox: Any) -> None:
    make_order((make_stockrecord("SHOE", backorderable=True), 1))
    outbox.drain()
    decision = Routing.objects.get()
    with pytest.raises(AppendOnlyError):
        decision.save()
    with pytest.raises(AppendOnlyError):
        decision.delete()


def test_the_rules_can_be_ordered_and_switched_off(sites: dict[str, Site], outbox: Any) -> None:
    boss = make_user(is_staff=True)
    order_rules(kinds=["least_split", "nearest", "complete"], enabled=["least_split"], by=boss)
    assert list(RoutingRule.objects.values_list("kind", "enabled")) == [
        ("least_split", True),
        ("nearest", False),
        ("complete", False),
    ]
    for wrong in (["nearest"], ["nearest", "nearest", "complete"], ["a", "b", "c"]):
        with pytest.raises(RoutingError):
            order_rules(kinds=wrong, enabled=[], by=boss)
    with pytest.raises(RoutingError):
        order_rules(kinds=["least_split", "nearest", "complete"], enabled=["fastest"], by=boss)


def test_routing_asks_the_same_number_of_questions_for_a_long_order(
    sites: dict[str, Site], outbox: Any
) -> None:
    asked = []
    for count in (1, 1, 4):  # the first one warms caches
        records = [make_stockrecord(f"SHOE-{len(asked)}-{n}") for n in range(count)]
        for record in records:
            put(record, sites["hamburg"], 1)
        order = make_order(*((record, 1) for record in records))
        with CaptureQueriesContext(connection) as queries:
            picking.make_pick_list(order_id=order.pk)
        asked.append(len(queries))
    assert asked[2] == asked[1]
