"""The pages of counting: the counter's phone never shows what the books say."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.counting import actions
from fulfilment.warehouse.counting.judging import policy
from fulfilment.warehouse.counting.models import CountTask
from fulfilment.warehouse.stock.models import Barcode, BinStock, Movement
from shop.customers.models import User
from tests.factories.people import make_staff
from tests.factories.stock import make_bin, make_stockrecord

pytestmark = pytest.mark.django_db


@pytest.fixture
def shoe() -> StockRecord:
    return make_stockrecord("SHOE-1", bins={"A-01": 4711}, gtin="4006381333931", unit_cost_minor=3_000)


@pytest.fixture
def task(shoe: StockRecord, staff: User) -> CountTask:
    return actions.ask(bin=make_bin("A-01"), note="looks odd", by=staff)[0]


@pytest.fixture
def boss_desk(db: None) -> Client:
    names = ("counting.view_counts", "counting.approve_counts", "counting.change_policy")
    desk = Client()
    desk.force_login(make_staff("chef@example.org", *names, first_name="Cem", last_name="Chef"))
    return desk


def post(desk: Client, name: str, *args: int, **data: Any) -> Any:
    return desk.post(reverse(f"warehouse:{name}", args=args), data, follow=True)


def get(desk: Client, name: str, *args: int, query: str = "") -> Any:
    return desk.get(reverse(f"warehouse:{name}", args=args) + query)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_count_is_asked_for_once(desk: Client, shoe: StockRecord) -> None:
    page = post(desk, "count-ask", bin="A-01", note="looks odd")
    made = CountTask.objects.get()
    assert f"Count {made.number} is on the list." in text(page)
    assert f"Count {made.number} is on the list already." in text(post(desk, "count-ask", bin="a-01"))
    assert post(desk, "count-ask", bin="Z-99").status_code == 400
    assert "SHOE-1" in text(get(desk, "count-ask", query="?bin=A-01&code=SHOE-1"))


def test_the_whole_way_of_the_scanner_shows_no_figure_of_the_books(desk: Client, task: CountTask) -> None:
    pages = [get(desk, "count-task", task.pk), get(desk, "count-screen", task.pk), get(desk, "counts")]
    pages.append(post(desk, "count-start", task.pk, code="a-01"))
    pages.append(post(desk, "count-tally", task.pk, code="4006381333931", quantity=1, key="k1"))
    assert "SHOE-1: 1 piece counted." in text(pages[-1])
    pages.append(post(desk, "count-tally", task.pk, code="SHOE-1", quantity=37, key="k2"))
    assert "SHOE-1: 38 pieces counted." in text(pages[-1])
    pages.append(post(desk, "count-tally", task.pk, code="A-01", quantity=1))
    assert "has to be done a second time" in text(pages[-1])
    pages += [get(desk, "count-task", task.pk), get(desk, "count-screen", task.pk), get(desk, "counts")]
    for page in pages:
        assert page.status_code == 200
        assert "4711" not in text(page)
        assert "4,711" not in text(page)
        assert "4673" not in text(page)


def test_a_count_with_approval_from_the_phone_to_the_books(
    desk: Client, boss_desk: Client, task: CountTask, shoe: StockRecord
) -> None:
    post(desk, "count-start", task.pk, code="A-01")
    post(desk, "count-tally", task.pk, code="SHOE-1", quantity=4700)
    assert "booked" in text(post(desk, "count-finish", task.pk))
    task.refresh_from_db()
    # 11 of 4711 is within two per cent, 330 EUR are not within the value.
    assert task.state == "approval"
    page = get(desk, "count-task", task.pk)
    assert "another person looks at it" in text(page)
    assert "4711" not in text(page)
    assert post(desk, "count-approve", task.pk).status_code == 403
    page = get(boss_desk, "count-task", task.pk)
    assert "330.00" in text(page)
    assert "4711" in text(page)
    assert "Missing: stock differences to stock of goods" in text(page)
    page = post(boss_desk, "count-approve", task.pk)
    assert "is booked; stock and accounts are told." in text(page)
    assert post(boss_desk, "count-approve", task.pk).status_code == 409
    assert BinStock.objects.get(stockrecord=shoe).quantity == 4700


def test_an_approver_sends_it_back(desk: Client, boss_desk: Client, task: CountTask) -> None:
    post(desk, "count-start", task.pk)
    post(desk, "count-tally", task.pk, code="SHOE-1", quantity=4700)
    post(desk, "count-finish", task.pk)
    assert post(boss_desk, "count-refuse", task.pk, why="").status_code == 400
    assert "is counted again" in text(post(boss_desk, "count-refuse", task.pk, why="look again"))
    page = get(desk, "count-screen", task.pk)
    assert "Nobody else is here: I count again" in text(page)
    assert post(desk, "count-start", task.pk).status_code == 409
    assert post(desk, "count-start", task.pk, alone="1").status_code == 200
    page = post(desk, "count-finish", task.pk)
    assert page.status_code == 409
    assert "Not counted yet: SHOE-1" in text(page)
    assert "Nothing of it is there" in text(page)
    page = post(desk, "count-total", task.pk, task.lines.get().pk, counted="4711")
    assert "SHOE-1: 4711 pieces counted." in text(page)
    assert "done and booked" in text(post(desk, "count-finish", task.pk))


def test_a_count_is_cancelled_with_a_reason(desk: Client, boss_desk: Client, task: CountTask) -> None:
    assert post(desk, "count-cancel", task.pk, why="no").status_code == 403
    assert "nothing was booked" in text(post(boss_desk, "count-cancel", task.pk, why="bin is gone"))
    assert post(boss_desk, "count-cancel", task.pk, why="again").status_code == 409


def test_a_colleague_takes_over_and_lets_go(desk: Client, task: CountTask) -> None:
    post(desk, "count-start", task.pk)
    other = Client()
    other.force_login(make_staff("zoe@example.org", "counting.view_counts", "counting.count_bins"))
    page = post(other, "count-start", task.pk)
    assert page.status_code == 409
    assert "You can take it over." in text(page)
    assert "yours now" in text(post(other, "count-take-over", task.pk))
    assert post(desk, "count-tally", task.pk, code="SHOE-1", quantity=1).status_code == 409
    assert "it begins anew" in text(post(other, "count-let-go", task.pk))


@pytest.mark.parametrize(
    "data",
    [
        {"code": "SHOE-1", "quantity": "0"},
        {"code": "SHOE-1", "quantity": "-3"},
        {"code": "SHOE-1", "quantity": "1000000000"},
        {"code": "SHOE-1", "quantity": "many"},
        {"code": "nobody knows it", "quantity": "1"},
        {"code": "SHOE-1", "quantity": "1", "lot": "L-9"},
        {},
    ],
)
def test_bad_scans_get_words_and_count_nothing(desk: Client, task: CountTask, data: dict[str, str]) -> None:
    post(desk, "count-start", task.pk)
    page = post(desk, "count-tally", task.pk, **data)
    assert page.status_code == 400
    assert 'data-scan-result="bad"' in text(page)
    assert task.lines.count() == 0


def test_a_carton_counts_its_pieces(desk: Client, task: CountTask, shoe: StockRecord) -> None:
    Barcode.objects.create(stockrecord=shoe, code="CARTON-6", pieces=6)
    post(desk, "count-start", task.pk)
    assert "SHOE-1: 12 pieces counted." in text(
        post(desk, "count-tally", task.pk, code="carton-6", quantity=2)
    )
    assert post(desk, "count-tally", task.pk, code="CARTON-6", quantity=100_000).status_code == 400


def test_wrong_bin_foreign_line_and_foreign_address(desk: Client, task: CountTask) -> None:
    page = post(desk, "count-start", task.pk, code="B-07")
    assert page.status_code == 409
    assert "This is not the bin. Please go to A-01." in text(page)
    post(desk, "count-start", task.pk)
    post(desk, "count-tally", task.pk, code="SHOE-1", quantity=1)
    other, _new = actions.ask(bin=make_bin("B-01"))
    assert post(desk, "count-total", other.pk, task.lines.get().pk, counted="1").status_code == 404
    assert get(desk, "count-screen", 10**17).status_code == 404
    assert post(desk, "count-total", task.pk, task.lines.get().pk, counted="-1").status_code == 400


def test_the_list_filters_sorts_and_exports(desk: Client, task: CountTask, boss_desk: Client) -> None:
    for query in (
        "",
        f"?q={task.number}",
        "?q=a-0",
        "?state=open",
        "?cause=asked",
        "?sort=-bin",
        "?state=all",
    ):
        assert task.number in text(get(desk, "counts", query=query)), query
    assert "No count fits" in text(get(desk, "counts", query="?state=booked"))
    assert get(desk, "counts", query="?state=nonsense").status_code == 400
    rows = get(desk, "counts", query="?format=csv").content.decode("utf-8-sig").splitlines()
    assert rows[1].startswith(f"{task.number};A-01;")


def test_the_rules_are_data_and_say_what_is_due(boss_desk: Client, desk: Client, shoe: StockRecord) -> None:
    page = get(boss_desk, "count-rules")
    assert "1 bin" in text(page)
    fields = {
        name: getattr(policy(), name)
        for name in (
            "tolerance_pieces", "tolerance_percent", "bins_per_day", "a_days", "b_days",
            "c_days", "window_days", "a_percent", "b_percent",
        )
    }  # fmt: skip
    fields["approval_value"] = "100.00"
    assert post(boss_desk, "count-rules", **{**fields, "a_percent": 96}).status_code == 400
    assert post(boss_desk, "count-rules", **{**fields, "tolerance_percent": 101}).status_code == 400
    assert "The rules are saved" in text(post(boss_desk, "count-rules", **{**fields, "tolerance_pieces": 7}))
    assert policy().tolerance_pieces == 7
    assert get(desk, "count-rules").status_code == 403
    assert "1 count is on the list" in text(post(boss_desk, "count-plan"))
    assert "Nothing to plan" in text(post(boss_desk, "count-plan"))


def test_the_value_that_needs_approval_is_asked_in_euros(boss_desk: Client) -> None:
    html = text(get(boss_desk, "count-rules"))
    assert "Value in euros above which another person approves" in html and 'value="100.00"' in html
    assert "cents" not in html
    shown = get(boss_desk, "count-rules").context["form"]
    fields = {name: shown[name].value() for name in shown.fields} | {"approval_value": "249.90"}
    assert "The rules are saved" in text(post(boss_desk, "count-rules", **fields))
    assert policy().approval_value_minor == 24_990
    for nonsense in ("", "12.345", "-1", "much", "1e9999", "NaN", "99999999999"):
        answer = post(boss_desk, "count-rules", **fields | {"approval_value": nonsense})
        assert answer.status_code == 400, nonsense
        assert answer.context["form"].errors["approval_value"], nonsense
    assert policy().approval_value_minor == 24_990
    fields["approval_value"] = "0"
    assert "The rules are saved" in text(post(boss_desk, "count-rules", **fields))
    assert policy().approval_value_minor == 0
    with override("de"):
        address = reverse("warehouse:count-rules")
    for typed in ("1250,50", "1.250,50", "1.250,50 €", "1250.50"):
        assert boss_desk.post(address, fields | {"approval_value": "0"}).status_code == 302
        assert boss_desk.post(address, fields | {"approval_value": typed}).status_code == 302, typed
        assert policy().approval_value_minor == 125_050, typed
    assert 'value="1250,50"' in text(boss_desk.get(address))
    assert boss_desk.post(address, fields | {"approval_value": "0"}).status_code == 302
    with override("en"):
        assert post(boss_desk, "count-rules", **fields | {"approval_value": "1,250.50"}).status_code == 200
    assert policy().approval_value_minor == 125_050


def test_the_count_form_of_the_articles_page_keeps_the_rules(
    desk: Client, boss_desk: Client, shoe: StockRecord
) -> None:
    seen = Movement.objects.latest("pk").pk
    data = {"count-bin": "A-01", "count-counted": "4710", "count-seen": seen, "count-why": "one broken"}
    assert "difference of -1 booked" in text(post(desk, "count", shoe.pk, **data))
    page = post(desk, "count", shoe.pk, **data)
    assert page.status_code == 400
    assert "changed this bin while you counted" in text(page)
    data |= {"count-counted": "4000", "count-seen": Movement.objects.latest("pk").pk}
    page = post(desk, "count", shoe.pk, **data)
    assert "waits for another person" in text(page)
    assert BinStock.objects.get(stockrecord=shoe).quantity == 4710
    waiting = CountTask.objects.get(state="approval")
    assert "is booked" in text(post(boss_desk, "count-approve", waiting.pk))
    assert BinStock.objects.get(stockrecord=shoe).quantity == 4000


def test_lists_and_screens_cost_a_constant_number_of_queries(
    desk: Client, task: CountTask, django_assert_max_num_queries: Any
) -> None:
    for n in range(15):
        record = make_stockrecord(f"MORE-{n}", bins={"A-01": 1})
        actions.ask(bin=make_bin(f"M-{n:02}"))
        if n == 0:
            post(desk, "count-start", task.pk)
        post(desk, "count-tally", task.pk, code=record.partner_sku, quantity=1)
    with django_assert_max_num_queries(14):
        get(desk, "counts")
    with django_assert_max_num_queries(14):
        get(desk, "count-screen", task.pk)
    with django_assert_max_num_queries(16):
        get(desk, "count-task", task.pk)
