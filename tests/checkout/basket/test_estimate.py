"""The estimate of delivery on the basket page is what the checkout then charges; a place that is none is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout import session
from tests.checkout.basket.test_later import add, told
from tests.checkout.test_steps import CONTACT, put_in_basket
from tests.checkout.vat_ids.test_checkout import FRENCH, LYON
from tests.factories.range import make_product, variants
from tests.factories.shopping import make_user, make_variant
from tests.support.vies import Register

pytestmark = pytest.mark.django_db
VIENNA = {"billing-country": "AT", "billing-postcode": "1010", "billing-line4": "Wien"}


def estimated(client: Client) -> Any:
    return client.get("/basket/").context["estimate"]


def charged(client: Client) -> list[tuple[str, int, int]]:
    """Each way of delivery with its charge, and the total of the summary when it is chosen."""
    found = []
    for way in client.get(reverse("checkout:delivery")).context["quote"].options:
        client.post(reverse("checkout:delivery"), {"delivery": way.code})
        quote = client.get(reverse("checkout:payment")).context["quote"]
        found.append((way.code, way.gross_minor, quote.totals.total_minor))
    return found


def said(estimate: Any) -> list[tuple[str, int, int]]:
    return [(way.code, way.gross_minor, total) for way, total in estimate.ways]


def test_delivery_is_reckoned_by_country_and_postcode_before_any_address(client: Client) -> None:
    add(client, variants(make_product(price_minor=5_000))[0])
    assert client.get("/basket/").context["estimate"].ways == []
    page = client.post("/basket/estimate/", {"country": "AT", "postcode": "1010"}, follow=True)
    found = page.context["estimate"]
    assert found.place == "1010, Österreich"
    assert [(way.code, way.gross_minor, total) for way, total in found.ways] == [("home", 990, 5_990)]
    billing = client.get("/checkout/").context["billing"]
    assert (billing["country"].value(), billing["postcode"].value()) == ("AT", "1010")


@pytest.mark.parametrize(
    "form",
    [{}, {"country": "XX"}, {"country": "AT", "postcode": "2045"}, {"country": "DE", "postcode": "ABC"}],
)
def test_a_place_that_is_none_is_refused_in_words(client: Client, form: dict[str, str]) -> None:
    add(client, variants(make_product())[0])
    page = client.post("/basket/estimate/", form, follow=True)
    if form.get("postcode") == "2045":
        assert page.context["estimate"].place
    else:
        assert told(page) and page.context["estimate"].place == ""


@pytest.mark.parametrize("place", [{}, VIENNA])
def test_the_estimate_is_what_the_checkout_charges(client: Client, place: dict[str, str]) -> None:
    put_in_basket(client, make_variant(price_minor=4_000))
    client.post(reverse("checkout:contact"), CONTACT | place)
    assert said(estimated(client)) == charged(client) != []


def test_a_proved_firm_abroad_sees_what_it_will_be_charged_without_vat(
    client: Client, register: Register
) -> None:
    register.valid = {FRENCH}
    put_in_basket(client, make_variant(price_minor=4_000))
    client.post(reverse("checkout:contact"), CONTACT | LYON)
    before = said(estimated(client))
    assert before == charged(client) != []
    client.post("/basket/estimate/", {"country": "FR", "postcode": "75001"})
    assert said(estimated(client)) == before, "another place in the same country costs the same"


def test_an_address_given_at_the_checkout_takes_the_place_of_what_was_asked_before(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=4_000))
    client.post("/basket/estimate/", {"country": "AT", "postcode": "1010"})
    client.post(reverse("checkout:contact"), CONTACT)
    found = estimated(client)
    assert found.place == "20457, Deutschland" and said(found) == charged(client)


def test_asking_for_another_country_than_that_of_the_address_says_so(client: Client) -> None:
    put_in_basket(client, make_variant(price_minor=4_000))
    client.post(reverse("checkout:contact"), CONTACT)
    assert estimated(client).given == ""
    page = client.post("/basket/estimate/", {"country": "AT", "postcode": "1010"}, follow=True)
    found = page.context["estimate"]
    assert (found.place, found.given) == ("1010, Österreich", "20457, Deutschland")
    assert "Die Kasse rechnet mit der Anschrift" in page.content.decode()


def test_what_a_members_page_carried_is_not_shown_to_others(client: Client) -> None:
    """The session of somebody else goes on with a draft that is a member's: not even its postcode is told."""
    add(client, variants(make_product())[0])
    kept = client.session
    kept[session.KEY] = {"billing": {"country": "AT", "postcode": "1010"}, "email": "erika@example.org"}
    kept[session.DRAFT_OF] = make_user().pk
    kept.save()
    assert estimated(client).place == ""


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        (
            {"country": "AT", "postcode": "ABC"},
            "postcode",
            "Das ist keine Postleitzahl des gewählten Landes.",
        ),
        ({"country": "XX", "postcode": "1010"}, "country", "In dieses Land liefern wir nicht."),
    ],
)
def test_a_wrong_place_is_named_beside_its_field_and_nothing_typed_is_lost(
    client: Client, form: dict[str, str], field: str, words: str
) -> None:
    add(client, variants(make_product())[0])
    page = client.post("/basket/estimate/", form, follow=True)
    shown = page.context["estimate"].form
    assert words in " ".join(shown.errors[field]) and words in told(page)
    assert shown["postcode"].value() == form["postcode"]
    assert '<details class="estimate" open>' in page.content.decode()
    assert not estimated(client).form.errors, "said once"


def test_countries_are_named_and_sorted_in_the_language_of_the_page(client: Client) -> None:
    add(client, variants(make_product())[0])

    def names(url: str) -> list[str]:
        form = client.get(url).context["estimate"].form
        return [name for _code, name in form.fields["country"].choices]

    german, english = names("/basket/"), names("/en/basket/")
    assert german[0] == "Deutschland" and english[0] == "Germany", "home first"
    assert german.index("Niederlande") < german.index("Österreich") < german.index("Polen") < len(german) - 2
    assert english[1] == "Austria" and english.index("France") < english.index("Spain")
    client.post("/basket/estimate/", {"country": "AT", "postcode": "1010"})
    assert client.get("/en/basket/").context["estimate"].place == "1010, Austria"
