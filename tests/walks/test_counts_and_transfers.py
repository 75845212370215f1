"""Stories of the warehouse, through the pages as the people do it: goods for the store arrive one short, a shelf is
counted by two people and approved by a third. At the end every check of the house is asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock
from fulfilment.warehouse.transfers.models import Transfer
from shop.dashboard.roles import FINANCE, MANAGER, WAREHOUSE, sync_roles
from shop.kernel.invariants import verify
from tests.factories.orders import make_order
from tests.factories.people import make_user
from tests.factories.stock import make_bin, make_site, make_stockrecord
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db


class Desk:
    """Somebody's browser, by role."""

    def __init__(self, role: str, email: str) -> None:
        from django.contrib.auth.models import Group

        self.person = make_user(email, is_staff=True, first_name=email.split("@")[0].title())
        self.person.groups.add(Group.objects.get(name=role))
        self.client = Client()
        self.client.force_login(self.person)

    def get(self, name: str, *args: Any) -> str:
        answer = self.client.get(reverse(name, args=args))
        assert answer.status_code == 200, f"{name}: {answer.status_code}"
        return answer.content.decode()

    def post(self, name: str, *args: Any, **data: Any) -> str:
        answer = self.client.post(reverse(name, args=args), data, follow=True)
        assert answer.status_code == 200, f"{name}: {answer.status_code}"
        return answer.content.decode()


@pytest.fixture
def people(db: None) -> Any:
    """Two at the shelves, one who answers for it, one at the books; the words are those of the source."""
    sync_roles()
    with override("en"):
        yield {
            "lena": Desk(WAREHOUSE, "lena@example.org"),
            "zoe": Desk(WAREHOUSE, "zoe@example.org"),
            "boss": Desk(MANAGER, "boss@example.org"),
            "books": Desk(FINANCE, "books@example.org"),
        }


def broken(*, but: str = "") -> list[str]:
    found = [one for one in verify() if not one.holds and one.room != but]
    return [f"{one.room}, {one.name}: {one.breaches}" for one in found]


def test_goods_for_the_store_arrive_one_short(people: dict[str, Desk], outbox: Outbox) -> None:
    sender, receiver = people["lena"], people["zoe"]
    shoe = make_stockrecord("SHOE-1", bins={"A-01": 10}, gtin="4006381333931", unit_cost_minor=3_000)
    store = make_site("store", name="Laden")
    make_bin("S-01", site=store)
    outbox.drain()
    before = balance_minor("stock")
    sender.post("warehouse:transfer-new", source=stock.default_site().pk, target=store.pk)
    sent = Transfer.objects.get()
    sender.post("warehouse:transfer-collect", sent.pk, bin="A-01", code="4006381333931", quantity=4, key="1")
    assert "What is for sale stays the same" in sender.get("warehouse:transfer-page", sent.pk)
    sender.post("warehouse:transfer-dispatch", sent.pk)
    shoe.refresh_from_db()
    assert shoe.num_in_stock == 10
    receiver.post("warehouse:transfer-receive", sent.pk, bin="S-01", code="SHOE-1", quantity=2, key="2")
    receiver.post("warehouse:transfer-receive", sent.pk, bin="S-01", code="SHOE-1", quantity=1, key="3")
    assert "1 piece is missing" in receiver.get("warehouse:transfer-close", sent.pk)
    line = sent.lines.get()
    said = receiver.post("warehouse:transfer-close", sent.pk, **{f"why_{line.pk}": "box was open"})
    assert "told to the accounts" in said
    outbox.drain()
    shoe.refresh_from_db()
    assert shoe.num_in_stock == 9
    assert balance_minor("stock") == before - 3_000
    entry = Entry.objects.get(document=sent.number)
    assert reverse("warehouse:transfer-page", args=[sent.pk]) in people["books"].get(
        "finance:entry", entry.pk
    )
    assert "box was open" in people["books"].get("warehouse:transfer-page", sent.pk)
    assert broken() == []


def test_a_shelf_is_counted_twice_and_approved_by_a_third(people: dict[str, Desk], outbox: Outbox) -> None:
    lena, zoe, boss = people["lena"], people["zoe"], people["boss"]
    shoe = make_stockrecord("SHOE-1", bins={"A-01": 10}, gtin="4006381333931", unit_cost_minor=3_000)
    outbox.drain()
    before = balance_minor("stock")
    lena.post("warehouse:count-ask", bin="A-01", note="looks odd")
    task = CountTask.objects.get()
    lena.post("warehouse:count-start", task.pk, code="A-01")
    for n in range(5):
        lena.post("warehouse:count-tally", task.pk, code="4006381333931", quantity=1, key=f"l{n}")
    assert "a second time" in lena.post("warehouse:count-tally", task.pk, code="A-01", quantity=1)
    zoe.post("warehouse:count-start", task.pk, code="A-01")
    zoe.post("warehouse:count-tally", task.pk, code="SHOE-1", quantity=5, key="z")
    assert "Another person looks at it" in zoe.post("warehouse:count-finish", task.pk)
    assert BinStock.objects.get(stockrecord=shoe).quantity == 10
    assert "150.00" in boss.get("warehouse:count-task", task.pk)
    assert "is booked" in boss.post("warehouse:count-approve", task.pk)
    outbox.drain()
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, BinStock.objects.get(stockrecord=shoe).quantity) == (5, 5)
    assert balance_minor("stock") == before - 15_000
    entry = Entry.objects.get(document=task.number)
    assert reverse("warehouse:count-task", args=[task.pk]) in people["books"].get("finance:entry", entry.pk)
    assert broken() == []


def test_a_short_pick_has_its_empty_bin_counted(people: dict[str, Desk], outbox: Outbox) -> None:
    lena, zoe = people["lena"], people["zoe"]
    shoe = make_stockrecord("SHOE-1", bins={"A-01": 6, "B-01": 6}, unit_cost_minor=100)
    order = make_order((shoe, 2))
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    picking.start(pick_list=pick_list, by=lena.person)
    picking.report_short(line=pick_list.lines.get(), by=lena.person)
    outbox.drain()
    task = CountTask.objects.get(cause="short")
    assert task.bin.code == "A-01"
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, shoe.num_quarantine) == (6, 6)
    lena.post("warehouse:count-start", task.pk, code="A-01")
    assert "Nothing was scanned yet" in _refused(lena, "warehouse:count-finish", task.pk)
    lena.post("warehouse:count-finish", task.pk, empty="1")
    zoe.post("warehouse:count-start", task.pk, code="A-01")
    assert "booked" in zoe.post("warehouse:count-finish", task.pk, empty="1")
    outbox.drain()
    shoe.refresh_from_db()
    assert (shoe.num_in_stock, shoe.num_quarantine) == (6, 0)
    assert StockRecord.objects.get().available == 4
    assert broken(but="payment") == []  # the factory's order is confirmed without money


def _refused(desk: Desk, name: str, pk: int) -> str:
    answer = desk.client.post(reverse(name, args=[pk]))
    assert answer.status_code == 409
    return answer.content.decode()
