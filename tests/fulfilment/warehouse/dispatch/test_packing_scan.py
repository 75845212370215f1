"""Packing by scan: each piece into the open carton, with words for every way it goes wrong."""

from __future__ import annotations

import contextlib
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from checkout.order import actions as orders
from checkout.order.models import Line, Order
from fulfilment.warehouse.dispatch import actions, packing
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Carton, PackScan, Parcel
from fulfilment.warehouse.picking.models import Batch, BatchBox, PickList
from fulfilment.warehouse.stock.actions import StockError
from fulfilment.warehouse.stock.models import Barcode, Handling
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def table(outbox: Outbox, staff: User) -> PickList:
    """Two pairs of SHOE (with a carton of two) and three tins of WAX lie at the packing place."""
    shoe = make_stockrecord("SHOE", bins={"A-01": 9}, gtin="4006381333931", weight_g=900)
    wax = make_stockrecord("WAX", bins={"A-02": 9}, weight_g=100)
    Barcode.objects.create(stockrecord=shoe, code="PACK-OF-2", pieces=2)
    Handling.objects.update_or_create(
        stockrecord=shoe, defaults={"length_mm": 330, "width_mm": 200, "height_mm": 120}
    )
    order = make_order((shoe, 2), (wax, 3))
    outbox.drain()
    return pick_everything(PickList.objects.get(order=order), by=staff)


def scan(table: PickList, code: str, by: User, quantity: int = 1, scan_id: uuid.UUID | None = None) -> str:
    return packing.scan(pick_list=table, code=code, quantity=quantity, scan_id=scan_id or uuid.uuid4(), by=by)


def inside(table: PickList) -> int:
    return packing.look(table).inside


@pytest.mark.parametrize("code", ["SHOE", "shoe", " 4006381333931 "])
def test_an_article_is_known_by_its_codes(table: PickList, staff: User, code: str) -> None:
    assert "Right: 1 × SHOE" in scan(table, code, staff)
    assert inside(table) == 1


def test_a_pack_counts_its_pieces(table: PickList, staff: User) -> None:
    assert "Right: 2 × SHOE" in scan(table, "PACK-OF-2", staff)
    with pytest.raises(DispatchError, match="Too many"):
        scan(table, "SHOE", staff)


def test_what_goes_wrong_is_said_and_changes_nothing(table: PickList, staff: User) -> None:
    make_stockrecord("OTHER", bins={"A-03": 1})
    for code, quantity, words in (
        ("OTHER", 1, "Wrong article: OTHER"),
        ("4711", 1, "Unknown code: 4711"),
        ("x\x00y", 1, "Unknown"),
        ("y" * 300, 1, "Unknown"),
        ("", 1, "Please scan"),
        ("SHOE", 3, "only 2 still wait"),
    ):
        with pytest.raises(DispatchError, match=words):
            scan(table, code, staff, quantity)
    for quantity in (0, -1, 10**9):
        with pytest.raises(StockError):
            scan(table, "SHOE", staff, quantity)
    assert inside(table) == 0


def test_a_scan_sent_twice_counts_once(table: PickList, staff: User) -> None:
    once = uuid.uuid4()
    scan(table, "WAX", staff, scan_id=once)
    assert "counted before" in scan(table, "WAX", staff, scan_id=once)
    assert inside(table) == 1


def test_a_scan_can_be_taken_back(table: PickList, staff: User) -> None:
    scan(table, "WAX", staff)
    scan(table, "SHOE", staff)
    assert "1 × SHOE" in packing.take_back(pick_list=table, by=staff)
    packing.take_back(pick_list=table, by=staff)
    with pytest.raises(DispatchError, match="empty"):
        packing.take_back(pick_list=table, by=staff)
    with pytest.raises(DispatchError, match="empty"):
        packing.close(pick_list=table, by=staff)


def test_what_was_scanned_becomes_the_parcel_and_the_rest_waits(table: PickList, staff: User) -> None:
    scan(table, "SHOE", staff)
    scan(table, "WAX", staff, 3)
    first = packing.close(pick_list=table, by=staff)
    assert {line.order_line.partner_sku: line.quantity for line in first.lines.all()} == {"SHOE": 1, "WAX": 3}
    assert first.weight_g == 900 + 300 + actions.CARTON_G
    assert inside(table) == 0 and packing.look(table).waiting == 1
    scan(table, "SHOE", staff)
    second = packing.close(pick_list=table, by=staff)
    assert second.sequence == 2
    table.refresh_from_db()
    assert table.state == "packed"


def test_packing_by_numbers_beside_a_scan_is_asked_to_look_again(table: PickList, staff: User) -> None:
    table.refresh_from_db()
    seen = table.revision
    scan(table, "SHOE", staff)
    line = Line.objects.get(partner_sku="SHOE")
    with pytest.raises(DispatchError, match="in the meantime"):
        actions.pack(pick_list=table, quantities={line.pk: 2}, by=staff, revision=seen)
    assert not Parcel.objects.exists()


def test_an_order_that_waits_for_an_answer_is_not_offered(table: PickList, staff: User, desk: Client) -> None:
    PickList.objects.filter(pk=table.pk).update(waits_for_answer=True)
    assert table.order.number not in desk.get(reverse("warehouse:packing")).content.decode()
    with pytest.raises(DispatchError, match="waits for the answer"):
        scan(table, "SHOE", staff)
    with pytest.raises(DispatchError, match="waits for the answer"):
        actions.pack(pick_list=table, quantities={Line.objects.first().pk: 1}, by=staff)
    page = desk.get(reverse("warehouse:pack", args=[table.pk])).content.decode()
    assert "waits for the answer" in page and "Pack into a parcel" not in page


def test_an_order_on_hold_takes_no_scan(table: PickList, staff: User) -> None:
    orders.hold(order=Order.objects.get(), by=staff, why="fraud check")
    with pytest.raises(DispatchError, match="fraud check"):
        scan(table, "SHOE", staff)


def test_the_table_finds_its_list_by_every_code(table: PickList, staff: User) -> None:
    batch = Batch.objects.create(number="B10001", site=table.site)
    BatchBox.objects.create(batch=batch, pick_list=table, box=3)
    number = table.order.number
    for code in (number, f" {number} ", f"list:{table.pk}", f"LIST:{table.pk}", "B10001-3", "b10001/3"):
        assert packing.find(code) == table, code
    scan(table, "WAX", staff)
    parcel = packing.close(pick_list=table, by=staff)
    assert packing.find(parcel.number) == table
    for code in ("", "list:", "list:999999999999999999", "B10001-4", "nonsense", "x\x00"):
        with pytest.raises(DispatchError):
            packing.find(code)


def test_a_carton_too_weak_is_refused_and_a_fitting_one_weighs_in(table: PickList, staff: User) -> None:
    weak = Carton.objects.create(
        code="S", length_mm=400, width_mm=300, height_mm=200, weight_g=150, max_weight_g=800
    )
    good = Carton.objects.create(
        code="M", length_mm=400, width_mm=300, height_mm=200, weight_g=150, max_weight_g=9000
    )
    scan(table, "SHOE", staff)
    with pytest.raises(DispatchError, match="too heavy for carton S"):
        packing.close(pick_list=table, by=staff, carton=weak)
    parcel = packing.close(pick_list=table, by=staff, carton=good)
    assert (parcel.carton, parcel.weight_g) == (good, 1050)


@pytest.mark.parametrize(
    ("weighed", "odd"), [(0, False), (1150, False), (1200, False), (1300, True), (900, True)]
)
def test_a_weight_that_is_off_is_pointed_out(
    table: PickList, staff: User, desk: Client, weighed: int, odd: bool
) -> None:
    scan(table, "SHOE", staff)
    answer = desk.post(
        reverse("warehouse:pack-close", args=[table.pk]), {"weight_g": weighed or ""}, follow=True
    )
    page = answer.content.decode()
    assert ("were expected" in page) is odd
    assert ("Its weight differs" in page) is odd
    assert actions.weighs_oddly(Parcel.objects.get()) is odd


class TestScreen:
    def url(self, table: PickList, name: str = "pack-scan") -> str:
        return reverse(f"warehouse:{name}", args=[table.pk])

    def send(self, desk: Client, table: PickList, code: str, **more: Any) -> Any:
        data = {"scan_id": uuid.uuid4(), "code": code, "quantity": 1} | more
        return desk.post(self.url(table), data, follow=True)

    def test_right_and_wrong_can_be_heard(self, table: PickList, desk: Client) -> None:
        good = self.send(desk, table, "SHOE")
        assert 'data-scan-result="good"' in good.content.decode() and good.status_code == 200
        bad = self.send(desk, table, "NONSENSE")
        assert 'data-scan-result="bad"' in bad.content.decode() and bad.status_code == 409

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"scan_id": "x", "code": "SHOE", "quantity": 1},
            {"scan_id": str(uuid.uuid4()), "code": "SHOE", "quantity": -1},
            {"scan_id": str(uuid.uuid4()), "code": "SHOE", "quantity": 10**9},
            {"scan_id": str(uuid.uuid4()), "code": "SHOE", "quantity": "two"},
            {"scan_id": str(uuid.uuid4()), "code": "S" * 201, "quantity": 1},
            {"scan_id": str(uuid.uuid4()), "code": "SHOE", "quantity": 1, "carton": "999999"},
        ],
    )
    def test_nonsense_is_a_message(self, table: PickList, desk: Client, data: dict[str, Any]) -> None:
        answer = desk.post(self.url(table), data)
        assert answer.status_code == 400 and 'data-scan-result="bad"' in answer.content.decode()
        assert not PackScan.objects.exists()

    def test_the_scanner_alone_packs_two_parcels(self, table: PickList, desk: Client) -> None:
        Carton.objects.create(
            code="M", length_mm=400, width_mm=300, height_mm=200, weight_g=150, max_weight_g=9000
        )
        number = table.order.number
        found = desk.post(reverse("warehouse:pack-find"), {"code": number})
        assert found.url == self.url(table)
        self.send(desk, table, "SHOE")
        chosen = self.send(desk, table, "M")
        carton = Carton.objects.get()
        assert f'name="carton" value="{carton.pk}"' in chosen.content.decode()
        self.send(desk, table, number, carton=carton.pk)
        first = Parcel.objects.get()
        assert first.carton == carton
        for code in ("SHOE", "WAX", "WAX", "WAX"):
            self.send(desk, table, code)
        self.send(desk, table, number)
        assert Parcel.objects.count() == 2
        table.refresh_from_db()
        assert table.state == "packed"

    def test_an_unknown_code_at_the_table_is_said(self, desk: Client) -> None:
        answer = desk.post(reverse("warehouse:pack-find"), {"code": "nonsense"})
        assert answer.status_code == 404 and "is no order, pick list or box" in answer.content.decode()

    def test_a_colleagues_pieces_in_the_carton_are_shown(
        self, table: PickList, desk: Client, admin_user: User
    ) -> None:
        scan(table, "SHOE", admin_user)
        assert "also pieces scanned by" in desk.get(self.url(table)).content.decode()

    def test_the_page_costs_the_same_however_much_lies_there(
        self, table: PickList, staff: User, desk: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _n in range(3):
            scan(table, "WAX", staff)
        with django_assert_max_num_queries(26):
            desk.get(self.url(table))


@pytest.mark.both_databases
def test_two_packers_never_scan_more_than_was_picked(
    fresh_database: None, outbox: Outbox, staff: User
) -> None:
    record = make_stockrecord("SHOE", bins={"A-01": 9})
    order = make_order((record, 5))
    outbox.drain()
    table = pick_everything(PickList.objects.get(order=order), by=staff)
    right: list[str] = []

    def work() -> None:
        for _n in range(4):
            with contextlib.suppress(DispatchError):
                right.append(scan(table, "SHOE", staff))
        connection.close()

    threads = [threading.Thread(target=work) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == 5 and inside(table) == 5
