"""The lists of the warehouse: constant queries, junk in the address, files, words when there is nothing."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfilment.warehouse.picking.models import PickList
from shop.customers.models import User
from tests.factories.orders import make_order
from tests.factories.people import make_staff
from tests.factories.stock import make_stockrecord
from tests.factories.warehouse import pick_everything, send_everything
from tests.fulfilment.warehouse.desk_pages import NAUGHTY, page, url
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


LISTS = ("pick-lists", "packing", "parcels", "stock", "bins")


@pytest.mark.parametrize("name", LISTS)
def test_junk_in_the_address_never_breaks_a_list(desk: Client, name: str) -> None:
    for key in ("q", "state", "show", "kind", "sort", "page", "format"):
        for text in NAUGHTY:
            assert desk.get(url(name), {key: text}).status_code in (200, 400), (key, text)
    assert desk.get(url(name), {"q": "\x00"}).status_code == 400


@pytest.mark.parametrize(
    "name", ["pick-list", "pick", "pack", "parcel", "packing-slip", "label", "sku", "bin"]
)
def test_things_that_are_not_there_are_not_found(desk: Client, name: str) -> None:
    for pk in (0, 99_999, 10**17, 10**30):
        address = url(name, 12345).replace("12345", str(pk))
        assert desk.get(address).status_code == 404, pk
    assert desk.get(url("order-parcels", "K-nothing")).status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_the_same_number_of_questions_for_few_and_many(
    desk: Client, staff: User, outbox: Outbox, name: str
) -> None:
    def fill(n: int) -> None:
        for step in range(n):
            serial = PickList.objects.count()
            record = make_stockrecord(f"SKU-{serial}", bins={f"A-{serial}": 5, f"B-{serial}": 5})
            order = make_order((record, 2))
            outbox.drain()
            found = PickList.objects.get(order=order)
            if step % 2:
                send_everything(found, by=staff)
            elif step % 4:
                pick_everything(found, by=staff)

    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(url(name)).status_code == 200
        return [query["sql"][:300] for query in seen]

    fill(4)
    desk.get(url(name))
    few = asked()
    fill(4)
    many = asked()
    assert len(many) == len(few) <= 12, "\n".join(many)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_leaves_as_csv_without_formulas(desk: Client, staff: User, outbox: Outbox, name: str) -> None:
    record = make_stockrecord("=SKU", bins={"A-01": 5}, title="=HYPERLINK(1)")
    order = make_order((record, 2), shipping_method="@home")
    outbox.drain()
    pick_everything(PickList.objects.get(order=order), by=staff)
    answer = desk.get(url(name), {"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) >= (1 if name == "parcels" else 2)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+"))]


def test_every_list_says_something_helpful_when_it_is_empty(desk: Client) -> None:
    for name in LISTS:
        answer = desk.get(url(name))
        assert answer.status_code == 200
        assert 'class="empty"' in answer.content.decode(), name
        assert "Nothing found" in page(desk.get(url(name), {"q": "zzz"}))


def test_the_sku_page_says_who_has_reserved_and_why_it_is_so_many(desk: Client, outbox: Outbox) -> None:
    order = make_order((make_stockrecord(bins={"A-01": 5}), 2))
    text = page(desk.get(url("sku", order.lines.get().stockrecord_id)))
    assert order.number in text and "+5" in text and "Every movement" in text


def test_nobody_enters_without_the_permission() -> None:
    visitor, clerk = Client(), Client()
    clerk.force_login(make_staff("finanz@example.org"))
    for name in (*LISTS, "receive", "new-bin"):
        assert visitor.get(url(name)).status_code == 302
        assert clerk.get(url(name)).status_code == 403
