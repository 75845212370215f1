"""The board of the day: every step is counted once, late is late, and nobody sees more of others than they need."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fulfilment.warehouse.board import queries
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.queries import lists_to_pack, to_pack
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from shop.dashboard.waiting import WAITING
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_site, make_stockrecord
from tests.factories.warehouse import pick_everything, send_everything
from tests.support.helpers import Clock, Outbox

pytestmark = pytest.mark.django_db
NOON = timezone.make_aware(dt.datetime(2026, 11, 25, 12, 0))


def lists(outbox: Outbox, count: int, *, pieces: int = 2, stock: int = 100) -> list[PickList]:
    record = make_stockrecord(f"B-{count}-{stock}", bins={"A-01": stock})
    orders = [make_order((record, pieces)) for _ in range(count)]
    outbox.drain()
    return list(PickList.objects.filter(order__in=orders).order_by("pk"))


def test_each_step_is_counted_where_it_stands(outbox: Outbox, staff: User, clock: Clock) -> None:
    clock.stop(NOON)
    waiting, begun, picked, packed, gone = lists(outbox, 5)
    picking.start(pick_list=begun, by=staff)
    pick_everything(picked, by=staff)
    pick_everything(packed, by=staff)
    inside = {row.order_line.pk: row.quantity for row in to_pack(packed)}
    dispatch.pack(pick_list=packed, quantities=inside, by=staff)
    send_everything(gone, by=staff)
    found = queries.figures()
    assert (found.to_pick, found.picking, found.to_pack, found.packed, found.left_today) == (1, 1, 1, 1, 1)
    assert (found.late, found.short, found.on_hold, found.waiting_for_answer) == (0, 0, 0, 0)
    clock.advance(days=1)
    assert queries.figures().left_today == 0, "yesterday's parcels are not today's"
    assert waiting.state == "open"


def test_late_is_what_its_carrier_leaves_behind(outbox: Outbox, staff: User, clock: Clock) -> None:
    clock.stop(NOON)
    open_late, packed_late, in_time, sent = lists(outbox, 4)
    PickList.objects.exclude(pk=in_time.pk).update(due_at=NOON - dt.timedelta(hours=1))
    PickList.objects.filter(pk=in_time.pk).update(due_at=NOON + dt.timedelta(hours=1))
    pick_everything(packed_late, by=staff)
    inside = {row.order_line.pk: row.quantity for row in to_pack(packed_late)}
    dispatch.pack(pick_list=packed_late, quantities=inside, by=staff)
    send_everything(sent, by=staff)
    assert queries.figures().late == 2
    assert {row.pk for row in queries.late()} == {open_late.pk, packed_late.pk}


def test_short_is_what_is_planned_nowhere(outbox: Outbox, staff: User) -> None:
    record = make_stockrecord("S-1", bins={"A-01": 2, "A-02": 2})
    order = make_order((record, 3))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.start(pick_list=pick_list, by=staff)
    assert queries.figures().short == 0
    line = pick_list.lines.select_related("pick_list__order", "bin", "order_line").first()
    assert line is not None
    picking.report_short(line=line, by=staff)
    missing = 3 - sum(row.quantity for row in pick_list.lines.filter(state="open"))
    assert missing > 0, "the other bin cannot hold all"
    assert list(queries.short()) == [order]


def test_a_list_with_nothing_left_on_it_is_neither_to_pack_nor_late(
    outbox: Outbox, staff: User, clock: Clock
) -> None:
    """Nothing of it was found, and the customer let it be: nobody has anything to do with it any more."""
    clock.stop(NOON)
    full, empty = lists(outbox, 2)
    PickList.objects.update(due_at=NOON - dt.timedelta(hours=1))
    pick_everything(full, by=staff)
    picking.start(pick_list=empty, by=staff)
    line = empty.lines.select_related("pick_list__order", "bin", "order_line").get()
    picking.report_short(line=line, by=staff)
    picking.finish(pick_list=PickList.objects.get(pk=empty.pk), by=staff)
    found = queries.figures()
    assert (found.to_pack, found.waiting_for_answer, found.late) == (1, 1, 2), "it waits for the answer"
    PickList.objects.filter(pk=empty.pk).update(waits_for_answer=False)
    found = queries.figures()
    assert (found.to_pack, found.waiting_for_answer, found.late) == (1, 0, 1)
    assert [row.pk for row in queries.late()] == [full.pk]
    assert lists_to_pack().count() == 1
    (tile,) = [one for one in WAITING if one.code == "to_pack"]
    assert tile.rows().count() == 1


def test_picks_are_counted_per_hour_and_person(outbox: Outbox, clock: Clock) -> None:
    lena = make_staff("lena@example.org", first_name="Lena")
    kai = make_staff("kai@example.org", first_name="Kai")
    clock.stop(NOON)
    one, two, three = lists(outbox, 3)
    pick_everything(one, by=lena)
    clock.advance(hours=2)
    pick_everything(two, by=lena)
    pick_everything(three, by=kai)
    pace = queries.pace(me=lena, everybody=True)
    assert pace.hours == (12, 13, 14)
    assert pace.pieces == (2, 0, 4)
    assert pace.orders == (3, 0, 0)
    by_name = {person.name: person for person in pace.people}
    assert by_name["Lena"].by_hour == (2, 0, 2) and by_name["Lena"].per_hour == 2
    assert by_name["Kai"].by_hour == (0, 0, 2)
    alone = queries.pace(me=lena, everybody=False)
    assert [person.name for person in alone.people] == ["Lena"] and alone.pieces == (2, 0, 4)


def test_a_picker_is_not_shown_what_colleagues_do(desk: Client, outbox: Outbox) -> None:
    pick_everything(lists(outbox, 1)[0], by=make_staff("kai@example.org", first_name="Kaimauer"))
    assert "Kaimauer" not in desk.get(reverse("warehouse:board")).content.decode()
    chief = make_staff("chefin@example.org", "picking.pick_orders", "picking.see_people")
    desk.force_login(chief)
    answer = desk.get(reverse("warehouse:board"))
    assert "Kaimauer" in answer.content.decode()
    assert "Kaimauer" in desk.get(reverse("warehouse:board") + "?format=csv").content.decode()


def test_the_board_of_one_site_leaves_out_the_others(desk: Client, outbox: Outbox) -> None:
    first = lists(outbox, 2)[0]
    store = make_site("store")
    PickList.objects.filter(pk=first.pk).update(site=store)
    assert queries.figures(store.pk).to_pick == 1 and queries.figures().to_pick == 2
    assert desk.get(reverse("warehouse:board") + "?site=store").context["figures"].to_pick == 1
    assert desk.get(reverse("warehouse:board") + "?site=nobody").context["figures"].to_pick == 2


def test_the_board_asks_the_same_for_few_and_many(desk: Client, outbox: Outbox, staff: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries_:
            assert desk.get(reverse("warehouse:board")).status_code == 200
        return len(queries_)

    pick_everything(lists(outbox, 1)[0], by=staff)
    cost()  # what is remembered between requests
    few = cost()
    for pick_list in lists(outbox, 12, stock=200)[:6]:
        pick_everything(pick_list, by=make_staff(f"p{pick_list.pk}@example.org"))
    assert cost() == few <= 15


def test_the_board_refreshes_itself(desk: Client) -> None:
    html = desk.get(reverse("warehouse:board")).content.decode()
    assert 'hx-trigger="every 30s"' in html and 'http-equiv="refresh"' in html
