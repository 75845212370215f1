"""The way to the contract, as a guest's browser walks it, in a bounded number of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout.basket.models import Line  # type: ignore[attr-defined]
from checkout.order.models import Order
from checkout.payment.models import CustomerCredit, MethodRule, Payment
from tests.factories.offers import make_voucher
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db

CONTACT = {
    "email": "erika@example.org",
    "billing-first_name": "Erika",
    "billing-last_name": "Beispiel",
    "billing-line1": "Musterweg 1",
    "billing-postcode": "20457",
    "billing-line4": "Hamburg",
    "billing-country": "DE",
}


def put_in_basket(client: Client, *records: StockRecord, quantity: int = 1) -> None:
    for record in records:
        answer = client.post(reverse("basket:add"), {"product_id": record.product_id, "quantity": quantity})
        assert answer.status_code in (200, 302), answer.content[:300]


def go_to_summary(client: Client, method: str = "prepayment", **changes: str) -> Any:
    assert client.post(reverse("checkout:contact"), CONTACT | changes).status_code == 302
    assert client.post(reverse("checkout:delivery"), {"delivery": "home"}).status_code == 302
    answer = client.post(reverse("checkout:payment"), {"payment": method})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return client.get(reverse("checkout:summary"))


def order_button(page: Any) -> dict[str, str]:
    """What the order form sends."""
    quote = page.context["quote"]
    return {
        "total_minor": str(quote.totals.total_minor),
        "basket": str(quote.basket.pk),
        "seen": page.context["seen"],
    }


def test_a_guest_orders_by_prepayment_and_sees_where_to_pay(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=8_990))
    page = go_to_summary(client)
    text = page.content.decode()
    assert "zahlungspflichtig bestellen" in text
    assert text.index("94,80") < text.index(
        "zahlungspflichtig bestellen"
    )  # the total stands above the button
    answer = client.post(reverse("checkout:summary"), order_button(page), follow=True)
    order = Order.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("orders:detail", kwargs={"number": order.number})
    assert order.number in answer.content.decode()
    assert order.accepted_summary.sha256 == order.accepted_summary.digest(order.accepted_summary.html)
    assert "94,80" in order.accepted_summary.html


def test_the_summary_speaks_the_language_of_the_page(client: Client) -> None:
    """Material and countries too: what is agreed is kept as it was read."""
    record = make_variant()
    product = record.product.own_or_parent
    product.material, product.texts = "Kalbleder", {**product.texts, "en": {"material": "Calfskin"}}
    product.save()
    put_in_basket(client, record)
    german = go_to_summary(client).context["facts"]
    assert "Hamburg, Deutschland" in german and "Kalbleder" in german
    english = client.get("/en" + reverse("checkout:summary")).context["facts"]
    assert "Hamburg, Germany" in english and "Calfskin" in english and "Kalbleder" not in english


def test_the_carrier_gets_a_contact_only_from_those_who_tick_the_box(client: Client) -> None:
    """Off by default, for one order, with the time and the words that were accepted (Art. 7 GDPR)."""
    record = make_variant(stock=5)
    put_in_basket(client, record)
    client.post(reverse("checkout:contact"), CONTACT)
    box = client.get(reverse("checkout:delivery")).context["consent"]["carrier_contact"]
    assert "checked" not in str(box)
    page = go_to_summary(client)
    assert "Paket anzukündigen" not in page.content.decode()
    client.post(reverse("checkout:summary"), order_button(page))
    assert Order.objects.get().carrier_contact_agreed_at is None
    other = Client()
    put_in_basket(other, record)
    assert go_to_summary(other).status_code == 200
    other.post(reverse("checkout:delivery"), {"delivery": "home", "carrier_contact": "on"})
    other.post(reverse("checkout:payment"), {"payment": "prepayment"})
    page = other.get(reverse("checkout:summary"))
    other.post(reverse("checkout:summary"), order_button(page))
    order = Order.objects.order_by("-pk")[0]
    assert order.carrier_contact_agreed_at is not None
    assert "Paket anzukündigen" in order.accepted_summary.html
    assert other.session["checkout"]["carrier_contact"] is False, "agreed for one order only"


def test_a_guest_orders_with_a_voucher(client: Client) -> None:
    voucher = make_voucher("MOIN", percent=10)
    put_in_basket(client, make_variant(price_minor=8_990))
    client.post(reverse("basket:voucher_add"), {"code": "MOIN"})
    client.post(reverse("checkout:summary"), order_button(go_to_summary(client)))
    order = Order.objects.get()
    assert order.total_minor == 8_091 + 490
    voucher.refresh_from_db()
    assert voucher.num_orders == 1


def test_the_summary_names_nothing_but_the_obligation_on_its_button(client: Client) -> None:
    put_in_basket(client, make_variant())
    text = go_to_summary(client).content.decode()
    button = text[text.index("button--order") :]
    assert (
        button[button.index(">") + 1 : button.index("</button>")].strip().lower()
        == "zahlungspflichtig bestellen"
    )


def test_a_second_click_on_the_order_button_leads_to_the_same_order(client: Client) -> None:
    put_in_basket(client, make_variant())
    form = order_button(go_to_summary(client))
    first = client.post(reverse("checkout:summary"), form)
    assert client.post(reverse("checkout:summary"), form).url == first.url
    assert Order.objects.count() == 1


def test_a_changed_price_is_asked_again_before_ordering(client: Client) -> None:
    shoe = make_variant(price_minor=8_990)
    put_in_basket(client, shoe)
    form = order_button(go_to_summary(client))
    StockRecord.objects.filter(pk=shoe.pk).update(price="99.90")
    answer = client.post(reverse("checkout:summary"), form)
    assert answer.status_code == 302
    assert answer.url == reverse("checkout:summary")
    assert not Order.objects.exists()


def test_goods_swapped_in_another_tab_at_the_same_price_are_asked_again(client: Client) -> None:
    seen, other = make_variant(price_minor=8_990), make_variant(price_minor=8_990)
    put_in_basket(client, seen)
    form = order_button(go_to_summary(client))
    put_in_basket(client, other)
    line = Line.objects.get(stockrecord=seen)
    client.post(reverse("basket:remove", kwargs={"line_id": line.pk}))
    answer = client.post(reverse("checkout:summary"), form, follow=True)
    assert not Order.objects.exists()
    assert answer.redirect_chain[-1][0] == reverse("checkout:summary")
    client.post(reverse("checkout:summary"), order_button(answer))
    assert Order.objects.get().lines.get().stockrecord == other


@pytest.mark.parametrize("change", ["no price", "taken out of the shop"])
def test_what_is_no_longer_offered_cannot_be_ordered(change: str, client: Client) -> None:
    shoe = make_variant(price_minor=8_990)
    put_in_basket(client, shoe, make_variant())
    page = go_to_summary(client)
    if change == "no price":
        StockRecord.objects.filter(pk=shoe.pk).update(price=None)
    else:
        type(shoe.product).objects.filter(pk=shoe.product_id).update(is_public=False)
    changed = client.get(reverse("checkout:summary"))
    form = order_button(page)
    assert changed.url == reverse("basket:summary")
    assert client.post(reverse("checkout:summary"), form).url == reverse("basket:summary")
    assert not Order.objects.exists()


def test_the_last_piece_sold_to_another_keeps_the_rest_of_the_basket(client: Client) -> None:
    last, other = make_variant(stock=1), make_variant()
    put_in_basket(client, last, other)
    form = order_button(go_to_summary(client))
    StockRecord.objects.filter(pk=last.pk).update(num_allocated=1)
    answer = client.post(reverse("checkout:summary"), form, follow=True)
    assert not Order.objects.exists()
    assert last.product.own_or_parent.title in answer.content.decode()
    assert len(answer.context["lines"]) == 2


def test_nothing_typed_is_lost_when_a_field_is_wrong(client: Client) -> None:
    put_in_basket(client, make_variant())
    answer = client.post(reverse("checkout:contact"), CONTACT | {"billing-postcode": "ABC"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Musterweg 1" in text
    assert "ABC" in text


@pytest.mark.parametrize("step", ["contact", "delivery", "payment", "summary"])
def test_every_step_leads_back_to_what_is_missing(step: str, client: Client) -> None:
    assert client.get(reverse(f"checkout:{step}")).url == reverse("basket:summary")
    put_in_basket(client, make_variant())
    if step != "contact":
        assert client.get(reverse(f"checkout:{step}")).url == reverse("checkout:contact")


def test_purchase_on_account_is_refused_to_a_guest_with_words_that_lead_on(client: Client) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:contact"), CONTACT)
    client.post(reverse("checkout:delivery"), {"delivery": "home"})
    page = client.post(reverse("checkout:payment"), {"payment": "invoice"})
    assert page.status_code == 422
    offers = {offer.method: offer for offer in page.context["offers"]}
    assert not offers["invoice"].allowed
    assert offers["invoice"].reason
    assert offers["card"].allowed


def test_purchase_on_account_follows_rules_that_are_data(client: Client) -> None:
    user = make_user()
    CustomerCredit.objects.create(user=user, paid_orders=1)
    client.force_login(user)
    put_in_basket(client, make_variant(price_minor=10_000))
    assert go_to_summary(client, "invoice").status_code == 200
    MethodRule.objects.filter(method="invoice").update(exposure_limit_minor=5_000)
    answer = client.get(reverse("checkout:summary"))
    assert answer.url == reverse("checkout:payment")


def test_a_session_that_expired_in_the_middle_leads_back_with_the_basket_kept(client: Client) -> None:
    put_in_basket(client, make_variant())
    go_to_summary(client)
    client.cookies.pop("sessionid", None)
    answer = client.get(reverse("checkout:summary"))
    assert answer.url in (reverse("checkout:contact"), reverse("basket:summary"))


@pytest.mark.parametrize(
    "form",
    [
        {"total_minor": "9" * 40, "basket": "9" * 40},
        {"total_minor": "-1", "basket": "-1"},
        {"total_minor": "abc", "basket": "' OR 1=1"},
        {"total_minor": "²", "basket": "²"},  # a digit for isdigit(), none for int()
        {"total_minor": "", "basket": "٣"},
        {},
    ],
)
def test_junk_in_the_order_form_orders_nothing(form: dict[str, str], client: Client) -> None:
    put_in_basket(client, make_variant())
    go_to_summary(client)
    assert client.post(reverse("checkout:summary"), form).status_code == 302
    assert not Order.objects.exists()


def test_somebody_elses_order_is_not_there(client: Client) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:summary"), order_button(go_to_summary(client)))
    order = Order.objects.get()
    stranger = Client()
    assert stranger.get(reverse("orders:detail", kwargs={"number": order.number})).status_code == 302
    stranger.force_login(make_user())
    for name in ("orders:detail", "checkout:pay", "checkout:return"):
        assert stranger.get(reverse(name, kwargs={"number": order.number})).status_code == 404
    assert (
        stranger.post(reverse("checkout:pay-otherwise", kwargs={"number": order.number})).status_code == 404
    )


def count(client: Client, deed: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        deed()
    return len(queries)


def test_placing_an_order_takes_at_most_forty_queries_for_one_and_for_twenty_lines() -> None:
    taken = []
    for lines in (1, 1, 2, 20):  # the first fills what is remembered between requests
        client = Client()
        put_in_basket(client, *[make_variant() for _ in range(lines)])
        form = order_button(go_to_summary(client))
        taken.append(count(client, lambda c=client, f=form: c.post(reverse("checkout:summary"), f)))  # type: ignore[misc]
    assert taken[1] <= taken[2] == taken[3], taken  # a single article needs no savepoint to be promised
    assert max(taken) <= 40, taken


@pytest.mark.parametrize("step", ["contact", "delivery", "payment", "summary"])
def test_every_step_takes_the_same_few_queries_for_one_and_twenty_lines(step: str) -> None:
    taken = []
    for lines in (1, 20):
        client = Client()
        put_in_basket(client, *[make_variant() for _ in range(lines)])
        go_to_summary(client)
        client.get(reverse(f"checkout:{step}"))
        taken.append(count(client, lambda c=client: c.get(reverse(f"checkout:{step}"))))  # type: ignore[misc]
    assert taken[0] == taken[1]
    assert taken[0] <= 14, taken


def test_the_payment_row_takes_its_amount_from_us_never_from_the_browser(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=8_990))
    form = order_button(go_to_summary(client))
    client.post(reverse("checkout:summary"), form | {"amount": "1", "amount_minor": "1"})
    assert Payment.objects.get().amount_minor == 8_990 + 490
