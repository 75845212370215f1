"""The staff pages of withdrawals: found, assigned, taken up, closed; junk is answered with words."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fulfilment.customer_service.withdrawals import actions
from fulfilment.customer_service.withdrawals.models import Withdrawal
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db
LIST = "/dashboard/service/withdrawals/"


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("service@example.org", "withdrawals.handle_withdrawals", "dashboard.enter"))
    return client


def declare(key: str = "one", **changes: Any) -> Withdrawal:
    said = {
        "name": "Erika Muster",
        "contract": "blaue Schuhe",
        "email": "erika@example.org",
        "language": "de",
    }
    return actions.receive(key=key, **{**said, **changes})


def test_the_list_finds_by_words_state_and_missing_order(desk: Client) -> None:
    order = make_order((make_variant(), 1))
    one, two = declare(contract=order.number), declare("two", name="Otto Beispiel")
    actions.acknowledge(withdrawal=two, by=None)

    def found(query: str) -> list[str]:
        return [row.number for row in desk.get(f"{LIST}{query}").context["page"]]

    assert found("") == [two.number, one.number]
    assert found("?q=otto") == [two.number]
    assert found(f"?q={order.number}") == [one.number]
    assert found("?state=received") == [one.number]
    assert found("?state=open&order=none") == [two.number]
    assert found("?state=closed") == []
    assert found("?sort=number") == [one.number, two.number]


@pytest.mark.parametrize("query", ["?state=quark", "?first=heute", "?q=" + "x" * 500, "?order=9"])
def test_nonsense_in_the_address_is_answered_with_words(desk: Client, query: str) -> None:
    assert desk.get(LIST + query).status_code == 400


@pytest.mark.parametrize("query", ["?page=-1", "?page=" + "9" * 40, "?sort=;drop", "?q=%27%22%3Cscript%3E"])
def test_odd_addresses_still_show_the_list(desk: Client, query: str) -> None:
    assert desk.get(LIST + query).status_code == 200


def test_the_file_holds_what_was_declared_and_runs_no_formula(desk: Client) -> None:
    found = declare(contract="=1+1")
    text = desk.get(f"{LIST}?format=csv").content.decode()
    assert found.number in text and "'=1+1" in text


def test_what_people_type_is_shown_and_never_run(desk: Client) -> None:
    found = declare(name="<script>alert(1)</script>", contract="<img src=x onerror=alert(1)>")
    for url in (LIST, f"{LIST}{found.number}/"):
        html = desk.get(url).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html
        assert "&lt;script&gt;alert" in html


def test_a_withdrawal_is_assigned_taken_up_and_closed(desk: Client) -> None:
    order = make_order((make_variant(), 1))
    found = declare(contract=f"{order.number}1")
    page = f"{LIST}{found.number}/"
    html = desk.get(page).content.decode()
    assert order.number in html and "ähnliche Nummer" in html
    assert desk.post(f"{page}assign/", {"number": order.number.lower()}).status_code == 302
    assert desk.post(f"{page}acknowledge/", {"note": "rufe an"}).status_code == 302
    assert desk.post(f"{page}close/", {"note": ""}).status_code == 400
    assert desk.post(f"{page}close/", {"note": "Geld ist zurück"}).status_code == 302
    found.refresh_from_db()
    assert (found.state, found.order) == ("closed", order)
    html = desk.get(page).content.decode()
    assert "rufe an" in html and "Geld ist zurück" in html


def test_doing_it_twice_says_that_somebody_was_faster(desk: Client) -> None:
    found = declare()
    page = f"{LIST}{found.number}/"
    desk.post(f"{page}acknowledge/")
    html = desk.post(f"{page}acknowledge/", follow=True).content.decode()
    assert "Inzwischen hat jemand anderes" in html


@pytest.mark.parametrize("number", ["K99999999", "", "x" * 500, "' or 1=1", "9" * 30])
def test_an_order_that_is_none_is_said_beside_the_field(desk: Client, number: str) -> None:
    found = declare()
    answer = desk.post(f"{LIST}{found.number}/assign/", {"number": number})
    assert answer.status_code == 400
    found.refresh_from_db()
    assert found.order is None


def test_pages_cost_the_same_however_much_there_is(desk: Client) -> None:
    order = make_order((make_variant(), 1))
    first = declare(contract=order.number)

    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(url).status_code == 200
        return len(seen)

    desk.get(LIST)
    before = [cost(LIST), cost(f"{LIST}{first.number}/")]
    for number in range(12):
        make_order((make_variant(), 1))
        declare(f"more-{number}", contract=order.number)
    assert [cost(LIST), cost(f"{LIST}{first.number}/")] == before
    assert max(before) <= 15


def test_without_the_permission_nothing_opens(client: Client) -> None:
    found = declare()
    client.force_login(make_staff("lager@example.org", "dashboard.enter"))
    page = f"{LIST}{found.number}/"
    assert client.get(LIST).status_code == client.get(page).status_code == 403
    for verb in ("assign", "acknowledge", "close"):
        assert client.post(f"{page}{verb}/", {"note": "x"}).status_code == 403
    assert client.get(f"{LIST}W99/").status_code == 403
