"""The pages of transfers, as the sender's and the receiver's browsers see them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock
from fulfilment.warehouse.transfers import actions
from fulfilment.warehouse.transfers.models import Transfer
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_site, make_stockrecord

pytestmark = pytest.mark.django_db


@pytest.fixture
def shoe() -> StockRecord:
    return make_stockrecord("SHOE-1", bins={"A-01": 10}, gtin="4006381333931")


@pytest.fixture
def draft(shoe: StockRecord, staff: User) -> Transfer:
    store = make_site("store", name="Laden")
    make_bin("S-01", site=store)
    return actions.begin(source=stock.default_site(), target=store, by=staff)


@pytest.fixture
def sent(draft: Transfer, shoe: StockRecord, staff: User) -> Transfer:
    actions.add(transfer=draft, bin=make_bin("A-01"), stockrecord=shoe, quantity=4, by=staff)
    actions.dispatch(transfer=draft, by=staff)
    return draft


def post(desk: Client, name: str, *args: int, follow: bool = True, **data: Any) -> Any:
    return desk.post(reverse(f"warehouse:{name}", args=args), data, follow=follow)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_transfer_is_made_by_scan_and_sent_off(desk: Client, shoe: StockRecord) -> None:
    home, store = stock.default_site(), make_site("store", name="Laden")
    page = post(desk, "transfer-new", source=home.pk, target=store.pk, note="Saturday")
    made = Transfer.objects.get()
    assert page.redirect_chain[-1][0] == reverse("warehouse:transfer-collect", args=[made.pk])
    page = post(desk, "transfer-collect", made.pk, bin="a-01", code="4006381333931", quantity=4, key="k1")
    assert "4 × SHOE-1 is on the list" in text(page)
    assert 'value="A-01"' in text(page)
    page = post(desk, "transfer-collect", made.pk, bin="A-01", code="SHOE-1", quantity=4, key="k1")
    assert "nothing was booked twice" in text(page)
    page = desk.get(reverse("warehouse:transfer-page", args=[made.pk]))
    assert "4 pieces leave their bins in Hauptlager and are on their way to Laden" in text(page)
    page = post(desk, "transfer-dispatch", made.pk)
    assert "4 pieces are on their way to Laden." in text(page)
    assert post(desk, "transfer-dispatch", made.pk).status_code == 409


def test_it_arrives_by_scan_and_says_what_is_still_expected(desk: Client, sent: Transfer) -> None:
    page = post(desk, "transfer-receive", sent.pk, bin="S-01", code="SHOE-1", quantity=3, key="k1")
    assert "3 × SHOE-1 received into S-01. 1 piece is still expected." in text(page)
    page = post(desk, "transfer-receive", sent.pk, bin="S-01", code="SHOE-1", quantity=2, key="k2")
    assert page.status_code == 409
    assert "If there really are more, say why." in text(page)
    assert 'name="surplus_why"' in text(page)
    data = {"bin": "S-01", "code": "SHOE-1", "quantity": 2, "key": "k2", "surplus_why": "one more in the box"}
    page = post(desk, "transfer-receive", sent.pk, **data)
    assert "All of it has arrived." in text(page)
    assert BinStock.objects.get(bin__code="S-01").quantity == 5


def test_one_field_takes_the_bin_and_then_the_article(
    desk: Client, draft: Transfer, shoe: StockRecord
) -> None:
    page = post(desk, "transfer-collect", draft.pk, code="SHOE-1", quantity=1)
    assert page.status_code == 400
    assert "Please scan the bin first." in text(page)
    page = post(desk, "transfer-collect", draft.pk, code="a-01", quantity=1)
    assert "Bin A-01. Now scan the article." in text(page)
    assert 'value="A-01"' in text(page)
    assert draft.lines.count() == 0


def test_a_bin_of_the_wrong_site_is_refused_when_it_is_scanned(
    desk: Client, draft: Transfer, shoe: StockRecord, staff: User
) -> None:
    page = post(desk, "transfer-collect", draft.pk, code="S-01", quantity=1)
    assert page.status_code == 409 and "not in Hauptlager, from which this transfer leaves" in text(page)
    assert 'data-scan-result="bad"' in text(page)
    actions.add(transfer=draft, bin=make_bin("A-01"), stockrecord=shoe, quantity=4, by=staff)
    actions.dispatch(transfer=draft, by=staff)
    page = post(desk, "transfer-receive", draft.pk, code="A-01", quantity=1)
    assert page.status_code == 409 and "not in Laden, where this transfer arrives" in text(page)
    assert 'data-scan-result="bad"' in text(page)


def test_closing_says_what_will_be_booked_and_asks_why(desk: Client, sent: Transfer) -> None:
    page = desk.get(reverse("warehouse:transfer-close", args=[sent.pk]))
    assert "4 pieces are missing. They are taken out of stock" in text(page)
    assert "120.00" in text(page)
    line = sent.lines.get()
    assert post(desk, "transfer-close", sent.pk).status_code == 400
    page = post(desk, "transfer-close", sent.pk, **{f"why_{line.pk}": "van burnt down"})
    assert "4 pieces are missing, taken out of stock, and told to the accounts." in text(page)
    assert "van burnt down" in text(page)
    assert post(desk, "transfer-close", sent.pk, follow=False).status_code in (302, 409)


def test_it_goes_back_to_the_sender(desk: Client, sent: Transfer) -> None:
    assert post(desk, "transfer-send-back", sent.pk, why="").status_code == 400
    page = post(desk, "transfer-send-back", sent.pk, why="wrong van")
    assert "4 pieces lie in their bins again." in text(page)
    assert post(desk, "transfer-send-back", sent.pk, why="again").status_code == 409


def test_a_draft_loses_lines_and_is_cancelled(desk: Client, draft: Transfer, shoe: StockRecord) -> None:
    post(desk, "transfer-collect", draft.pk, bin="A-01", code="SHOE-1", quantity=4)
    line = draft.lines.get()
    assert "SHOE-1 is off the list." in text(post(desk, "transfer-take-off", draft.pk, line.pk))
    assert post(desk, "transfer-take-off", draft.pk, line.pk).status_code == 200
    assert post(desk, "transfer-dispatch", draft.pk).status_code == 409
    assert "nothing was moved" in text(post(desk, "transfer-cancel", draft.pk, why="not needed"))
    page = desk.get(reverse("warehouse:transfer-collect", args=[draft.pk]))
    assert page.status_code == 302


def test_the_list_filters_sorts_and_exports(desk: Client, sent: Transfer) -> None:
    address = reverse("warehouse:transfers")
    for query in ("", f"?q={sent.number}", "?q=shoe-1", "?state=dispatched", "?sort=-pieces", "?page=99"):
        assert sent.number in text(desk.get(address + query)), query
    assert sent.number not in text(desk.get(address + "?state=draft"))
    assert "No transfer fits" in text(desk.get(address + "?differences=on"))
    assert desk.get(address + "?state=nonsense").status_code == 400
    rows = desk.get(address + "?format=csv").content.decode("utf-8-sig").splitlines()
    assert rows[1].startswith(f"{sent.number};")


def test_the_paper_carries_the_number(desk: Client, sent: Transfer) -> None:
    answer = desk.get(reverse("warehouse:transfer-paper", args=[sent.pk]))
    assert answer["Content-Type"] == "application/pdf"
    with pikepdf.open(BytesIO(answer.content)) as paper:
        assert len(paper.pages) == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("transfer-collect", {"bin": "A-01", "code": "SHOE-1", "quantity": "0"}),
        ("transfer-collect", {"bin": "A-01", "code": "SHOE-1", "quantity": "-1"}),
        ("transfer-collect", {"bin": "A-01", "code": "SHOE-1", "quantity": "1000000000"}),
        ("transfer-collect", {"bin": "A-01", "code": "unknown", "quantity": "1"}),
        ("transfer-collect", {"bin": "S-01", "code": "SHOE-1", "quantity": "1"}),
        ("transfer-collect", {"bin": "A-01", "code": "SHOE-1", "quantity": "1", "lot": "L-9"}),
        ("transfer-collect", {"bin": "A\x00", "code": "\x00", "quantity": "x"}),
        ("transfer-receive", {"bin": "S-01", "code": "SHOE-1", "quantity": "1"}),
        ("transfer-cancel", {"why": "x" * 300}),
        ("transfer-cancel", {}),
    ],
)
def test_bad_input_is_refused_and_nothing_moves(
    desk: Client, draft: Transfer, name: str, data: dict[str, str]
) -> None:
    assert post(desk, name, draft.pk, **data).status_code in (400, 409)
    assert draft.lines.count() == 0


def test_who_may_not_move_may_look(sent: Transfer) -> None:
    desk = Client()
    desk.force_login(make_staff("fibu@example.org", "transfers.view_transfers"))
    page = desk.get(reverse("warehouse:transfer-page", args=[sent.pk]))
    assert page.status_code == 200
    assert "Receive" not in text(page)
    assert post(desk, "transfer-close", sent.pk).status_code == 403


def test_a_list_of_many_transfers_costs_as_much_as_one(
    desk: Client, sent: Transfer, shoe: StockRecord, staff: User, django_assert_max_num_queries: Any
) -> None:
    for _n in range(15):
        actions.begin(source=stock.default_site(), target=sent.target, by=staff)
    with django_assert_max_num_queries(12):
        desk.get(reverse("warehouse:transfers"))


def test_a_page_of_many_lines_costs_as_much_as_one(
    desk: Client, draft: Transfer, staff: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(15):
        record = make_stockrecord(f"MORE-{n}", bins={f"M-{n:02}": 3})
        actions.add(transfer=draft, bin=make_bin(f"M-{n:02}"), stockrecord=record, quantity=2, by=staff)
    with django_assert_max_num_queries(22):
        desk.get(reverse("warehouse:transfer-page", args=[draft.pk]))
