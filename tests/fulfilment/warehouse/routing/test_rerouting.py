"""Staff send what is open of a list from another site: told before what will happen, and afterwards what did."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.actions.rerouting import outlooks, reroute
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.routing.models import Routing, RoutingRule
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import Bin, Site
from shop.kernel.invariants import verify
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_site, make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def put(record: Any, site: Site, quantity: int) -> None:
    place = Bin.objects.get_or_create(code=f"{site.code}-1", defaults={"kind": "pick", "site": site})[0]
    stock.receive(stockrecord=record, bin=place, quantity=quantity)
    record.refresh_from_db()


@pytest.fixture
def boss(db: None) -> Any:
    return make_staff(
        "boss@example.org", "routing.reroute_orders", "routing.manage_rules", "picking.pick_orders"
    )


@pytest.fixture
def desk(boss: Any) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def here(outbox: Any) -> PickList:
    """Three shoes of an order for Hamburg, at the site in Hamburg; Munich has two of them, Berlin none."""
    shoe = make_stockrecord("SHOE")
    hamburg = make_site("hamburg", postcode="20457", position=1)
    put(shoe, hamburg, 3)
    put(shoe, make_site("munich", postcode="80331", position=2), 2)
    make_site("berlin", postcode="10115", position=3)
    order = make_order((shoe, 3))
    outbox.drain()
    return PickList.objects.get(order=order, site=hamburg)


def open_pieces(pick_list: PickList) -> int:
    return sum(line.quantity_open for line in pick_list.lines.all())


def at(pick_list: PickList, code: str) -> PickList:
    return PickList.objects.get(order=pick_list.order_id, site__code=code)


def breaches() -> list[str]:
    return [
        f"{f.name}: {b}" for f in verify() for b in f.breaches if f.room in ("picking", "stock", "routing")
    ]


def test_what_the_other_site_has_moves_and_the_rest_stays(here: PickList, boss: Any) -> None:
    looks = {look.site.code: (look.moves, look.stays, look.picked) for look in outlooks(here)}
    assert (looks["munich"], looks["berlin"]) == ((2, 1, 0), (0, 3, 0))
    done = reroute(pick_list=here, site=Site.objects.get(code="munich"), by=boss, why="a van goes there")
    assert (done.moves, done.stays) == (2, 1)
    assert (open_pieces(here), open_pieces(at(here, "munich"))) == (1, 2)
    decision = Routing.objects.filter(order=here.order_id).latest("pk")
    assert (decision.cause, decision.reasons, decision.why, decision.by) == (
        Routing.MOVED,
        ["staff"],
        "a van goes there",
        boss,
    )
    assert breaches() == []


def test_a_list_that_is_empty_afterwards_is_closed(here: PickList, boss: Any) -> None:
    shoe = here.lines.get().stockrecord
    put(shoe, Site.objects.get(code="munich"), 5)
    reroute(pick_list=here, site=Site.objects.get(code="munich"), by=boss, why="test")
    here.refresh_from_db()
    assert (here.state, here.lines.count()) == ("cancelled", 0)
    assert at(here, "munich").state == "open"
    assert breaches() == []
    back = at(here, "munich")
    reroute(pick_list=back, site=here.site, by=boss, why="and back")
    here.refresh_from_db()
    assert (here.state, open_pieces(here)) == ("open", 3)


def test_picked_pieces_stay_and_leave_from_here(here: PickList, boss: Any) -> None:
    picking.start(pick_list=here, by=boss)
    line = here.lines.select_related("pick_list__order", "order_line", "bin", "batch").get()
    picking.scan(line=line, code="SHOE", quantity=1, by=boss)
    here.refresh_from_db()
    done = reroute(pick_list=here, site=Site.objects.get(code="munich"), by=boss, why="test")
    assert (done.moves, done.stays, done.picked) == (2, 0, 1)
    line.refresh_from_db()
    here.refresh_from_db()
    assert (line.state, line.quantity, here.state) == ("picked", 1, "picking")
    picking.finish(pick_list=here, by=boss)


@pytest.mark.parametrize(
    ("code", "why", "words"),
    [
        ("munich", "  ", "say why"),
        ("berlin", "test", "none of these pieces"),
        ("hamburg", "test", "another site"),
        ("closed", "test", "another site"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    here: PickList, boss: Any, code: str, why: str, words: str
) -> None:
    make_site("closed", ships=False)
    with pytest.raises(picking.PickError, match=words):
        reroute(pick_list=here, site=Site.objects.get(code=code), by=boss, why=why)
    assert open_pieces(here) == 3
    assert Routing.objects.count() == 1


def test_a_finished_or_cancelled_list_is_refused(here: PickList, boss: Any) -> None:
    from checkout.order.actions import cancel

    cancel(order=here.order, why="test")
    picking.cancel(order_id=here.order_id, why="test")
    with pytest.raises(picking.PickError, match="finished"):
        reroute(pick_list=here, site=Site.objects.get(code="munich"), by=boss, why="test")


def test_the_page_says_before_and_after_what_happens(here: PickList, desk: Client) -> None:
    url = reverse("warehouse:reroute", args=[here.pk])
    page = desk.get(url).content.decode()
    assert "2 pieces are sent from there. 1 piece is not there and stays here." in page
    assert "Berlin" not in page.split("<form", 2)[-1].split("</form>")[0]
    munich = Site.objects.get(code="munich").pk
    assert desk.post(url, {"site": munich}).status_code == 400
    for wrong in ("0", "x", "999999999999", str(Site.objects.get(code="berlin").pk)):
        assert desk.post(url, {"site": wrong, "why": "test"}).status_code == 400
    done = desk.post(url, {"site": munich, "why": "test"}, follow=True).content.decode()
    assert "Munich: 2 pieces are sent from there." in done
    assert "Chosen by staff: Munich." in done


def test_the_rules_page_orders_and_switches(desk: Client) -> None:
    url = reverse("warehouse:routing-rules")
    assert "as few parcels as possible" in desk.get(url).content.decode()
    good = {"place-complete": "3", "place-nearest": "1", "place-least_split": "2", "asked-nearest": "1"}
    assert desk.post(url, good).status_code == 302
    assert list(RoutingRule.objects.values_list("kind", "enabled")) == [
        ("nearest", True),
        ("least_split", False),
        ("complete", False),
    ]
    for wrong in (
        {},
        {**good, "place-nearest": "3"},
        {**good, "place-nearest": "9"},
        {**good, "place-nearest": "-"},
    ):
        assert desk.post(url, wrong).status_code == 400
