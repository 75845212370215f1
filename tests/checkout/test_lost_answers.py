"""The answer to the order button is lost after the order is there: the same browser finds it, nobody else does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout import views
from checkout.order.models import Order
from tests.checkout.test_steps import go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_variant

pytestmark = pytest.mark.django_db
SUMMARY = "checkout:summary"


@pytest.fixture
def lost(client: Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The order is there, and the process ended before the session was kept or anything was answered."""
    put_in_basket(client, make_variant())
    form = order_button(go_to_summary(client))
    cookies = client.cookies.copy()

    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(views, "_after", killed)
        with pytest.raises(SystemExit):
            client.post(reverse(SUMMARY), form)
    client.cookies = cookies
    assert Order.objects.count() == 1
    return form


def page_of_order() -> str:
    return reverse("orders:detail", kwargs={"number": Order.objects.get().number})


def test_the_button_sent_again_leads_to_the_one_order(client: Client, lost: dict[str, str]) -> None:
    answer = client.post(reverse(SUMMARY), lost)
    assert (answer.status_code, answer["Location"]) == (302, page_of_order())
    assert client.get(page_of_order()).status_code == 200
    assert Order.objects.count() == 1


def test_going_back_to_the_summary_leads_to_it_as_well(client: Client, lost: dict[str, str]) -> None:
    answer = client.get(reverse(SUMMARY))
    assert (answer.status_code, answer["Location"]) == (302, page_of_order())
    put_in_basket(client, make_variant())
    assert go_to_summary(client).status_code == 200, "the next basket is a new order"


@pytest.mark.parametrize("place", ["basket:summary", "checkout:contact", "checkout:payment"])
def test_whichever_page_comes_first_gives_the_order_back_and_says_so_once(
    place: str, client: Client, lost: dict[str, str]
) -> None:
    said = client.get(reverse(place), follow=True).content.decode()
    assert f"{Order.objects.get().number} ist bei uns angekommen." in said
    assert f'<a href="{page_of_order()}">Zur Bestellung</a>' in said
    assert said.count('data-toast="stays"') == 1, "it does not leave before it is read"
    assert client.get(page_of_order()).status_code == 200
    assert "ist bei uns angekommen" not in client.get(reverse("basket:summary")).content.decode()
    assert client.post(reverse(SUMMARY), lost)["Location"] == page_of_order(), "the old button as well"


def test_whoever_was_answered_is_told_nothing_more(client: Client) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse(SUMMARY), order_button(go_to_summary(client)))
    assert "ist bei uns angekommen" not in client.get(reverse("basket:summary")).content.decode()


@pytest.mark.parametrize("cookie", [None, "1", "1:forged"])
def test_another_browser_finds_nothing(cookie: str | None, lost: dict[str, str], settings: Any) -> None:
    other = Client()
    if cookie:
        other.cookies[settings.OSCAR_BASKET_COOKIE_OPEN] = cookie
    for answer in (other.post(reverse(SUMMARY), lost), other.get(reverse(SUMMARY))):
        assert answer.status_code == 302 and answer["Location"] == reverse("basket:summary")
    assert other.get(page_of_order()).status_code in (302, 404)


def test_after_an_hour_the_cookie_opens_nothing(client: Client, clock: Any, lost: dict[str, str]) -> None:
    clock.advance(minutes=61)
    assert client.post(reverse(SUMMARY), lost)["Location"] == reverse("basket:summary")
