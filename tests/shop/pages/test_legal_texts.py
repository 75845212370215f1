"""Legal texts: defaults to fill in, every published version kept, and each order shows the ones it was placed under."""

from __future__ import annotations

import importlib
import re
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from checkout.order.models import AcceptedSummary, Order
from fulfilment.finance.invoicing.models import MerchantProfile
from shop.pages.actions import write_home, write_page
from shop.pages.legal_texts import keep_all, write_defaults
from shop.pages.models import ContentPage, LegalVersion
from shop.pages.texts import BLANKS, KEYS, LANGUAGES, default_text
from tests.checkout.test_steps import go_to_summary, put_in_basket
from tests.factories.orders import make_country
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db


def write_terms(
    body: str = "<p>Fassung eins</p>", keys: tuple[str, ...] = ("terms", "withdrawal", "privacy")
) -> None:
    write_home(texts={language: {"title": "Kontor"} for language in LANGUAGES})
    for key in keys:
        texts = {
            language: {"slug": f"{key}-x", "title": f"{key} {language}", "body": body}
            for language in LANGUAGES
        }
        write_page(key=key, texts=texts)


def order_now(client: Client) -> Order | None:
    """Walk to the summary and press the button; None when it did not become an order."""
    summary = client.get("/checkout/summary/")
    press(client, summary)
    return Order.objects.order_by("-pk").first()


def press(client: Client, summary: Any) -> Any:
    quote = summary.context["quote"]
    sent = {
        "total_minor": quote.totals.total_minor,
        "seen": summary.context["seen"],
        "basket": quote.basket.pk,
    }
    return client.post("/checkout/summary/", sent)


@pytest.fixture
def at_the_button(client: Client) -> Client:
    """A browser on the page with the order button."""
    make_country()
    ensure_vat()
    write_terms()
    put_in_basket(client, make_variant())
    go_to_summary(client)
    return client


def test_every_default_text_is_there_in_both_languages_and_says_what_is_to_be_filled_in() -> None:
    for key in KEYS:
        for language in LANGUAGES:
            text = default_text(key, language, {})
            place = LANGUAGES.index(language)
            blanks = [words[place] for words in BLANKS.values()]
            found = text.body.split("[[")[1:]
            assert all(part.partition("]]")[0] in blanks for part in found), (key, language)
            assert "{" not in text.body
    assert default_text("imprint", "de", {}).has_blanks
    full = dict.fromkeys(BLANKS, "x & <y>")
    assert not any(default_text(key, "de", full).has_blanks for key in KEYS)
    assert "x &amp; &lt;y&gt;" in default_text("imprint", "de", full).body


#: What the default text on shipping and payment has to tell in each language: costs, times, ways to pay.
ON_SHIPPING = {
    "de": (r"\d,\d\d €", "Versandkosten", r"\d bis \d Werktage", "kostenlos", "Karte", "Vorkasse", "Rechnung"),
    "en": (r"€\d\.\d\d", "Shipping costs", r"\d to \d working days", "free", "Card", "Payment in advance", "Invoice"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_default_text_on_shipping_and_payment_names_costs_times_and_ways_to_pay(language: str) -> None:
    body = default_text("shipping", language, {}).body
    assert [words for words in ON_SHIPPING[language] if not re.search(words, body)] == []
    for row in re.findall(r"<tr><td>.*?</tr>", body):
        place, time, cost = re.findall(r"<td>(.*?)</td>", row)
        assert place and re.search(r"Werktag|working day", time), row
        assert re.search(r"\d €|€\d|kostenlos|free", cost), row


def test_missing_pages_are_written_once_and_those_with_blanks_wait_as_drafts() -> None:
    MerchantProfile.objects.update_or_create(
        pk=1, defaults={"name": "Laden GmbH", "street": "Kai 1", "postcode": "20457", "city": "Hamburg"}
    )
    out = StringIO()
    call_command("legal_texts", stdout=out)
    assert "terms: published" in out.getvalue()
    assert "imprint: draft" in out.getvalue()
    pages = ContentPage.objects.filter(key="imprint")
    assert [page.live for page in pages] == [False, False]
    assert "Laden GmbH" in ContentPage.objects.get(slug="agb").body
    ContentPage.objects.filter(slug="agb").update(body="<p>Unsere</p>")
    assert write_defaults() == {}
    assert ContentPage.objects.get(slug="agb").body == "<p>Unsere</p>"


def test_the_model_withdrawal_form_is_linked_at_the_foot_of_every_page_once_it_is_there(
    client: Client,
) -> None:
    MerchantProfile.objects.update_or_create(pk=1, defaults=dict.fromkeys(("name", "street", "city"), "x"))
    write_defaults()
    for language, slug in (("", "widerrufsformular"), ("/en", "withdrawal-form")):
        page = ContentPage.objects.get(slug=slug)
        page.save_revision().publish()
        foot = client.get(f"{language}/").content.decode().partition("<footer")[2]
        assert f'href="{page.url}">{page.title}</a>' in foot
        assert page.title in client.get(page.url).content.decode()


def test_a_form_that_was_written_before_it_had_a_key_is_named_with_its_draft() -> None:
    write_defaults()
    pages = ContentPage.objects.filter(key="withdrawal-form")
    assert pages.count() == 2
    for page in pages:
        page.key = ""
        page.save()
        page.save_revision()
    own = ContentPage.objects.filter(key="imprint").update(key="")
    named = importlib.import_module("shop.pages.migrations.0007_the_model_withdrawal_form_is_linked")
    named.name_them(apps, None)
    assert ContentPage.objects.filter(key="withdrawal-form").count() == 2
    for page in ContentPage.objects.filter(key="withdrawal-form"):
        assert page.get_latest_revision_as_object().key == "withdrawal-form"
    assert own and not ContentPage.objects.filter(key="imprint").exists(), "other pages stay as they are"


def test_each_wording_is_kept_once_and_never_changes() -> None:
    write_terms(keys=("terms",))
    write_terms(keys=("terms",))
    assert LegalVersion.objects.filter(key="terms", language="de").count() == 1
    write_terms("<p>Fassung zwei</p>", keys=("terms",))
    kept = LegalVersion.objects.filter(key="terms", language="de")
    assert ["eins" in one.html for one in kept] == [False, True]
    for change in (lambda: kept.update(html="x"), lambda: kept._raw_delete(kept.db)):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            change()
    assert keep_all() == 2 and LegalVersion.objects.count() == 4


def test_an_order_keeps_the_texts_it_was_placed_under_and_shows_them_after_they_changed(
    at_the_button: Client,
) -> None:
    order = order_now(at_the_button)
    assert order is not None
    kept = AcceptedSummary.objects.get(order=order)
    assert [text["key"] for text in kept.texts] == ["terms", "withdrawal", "privacy"]
    assert all(text["sha256"] in kept.html for text in kept.texts)
    write_terms("<p>Fassung zwei</p>")
    html = at_the_button.get(f"/orders/{order.number}/agreed/").content.decode()
    assert html.count("Fassung eins") == 3 and "Fassung zwei" not in html
    assert "Musterweg" in html or order.billing_address.line1 in html
    assert f"/orders/{order.number}/agreed/" in at_the_button.get(f"/orders/{order.number}/").content.decode()


@pytest.mark.parametrize("is_remembered", [False, True])
def test_a_text_published_between_looking_and_ordering_is_shown_first(
    at_the_button: Client, is_remembered: bool, settings: Any
) -> None:
    if is_remembered:  # and nobody asks within an hour whether it still holds
        settings.PARTS_KEPT_S, settings.SHARED_CHECKED_S = 60, 3600
    summary = at_the_button.get("/checkout/summary/")
    write_terms("<p>Fassung zwei</p>", keys=("terms",))
    answer = press(at_the_button, summary)
    assert (answer.status_code, answer["Location"]) == (302, "/checkout/summary/")
    assert not Order.objects.exists()
    assert order_now(at_the_button) is not None


def test_strangers_do_not_see_what_was_agreed_and_staff_do(at_the_button: Client, client: Client) -> None:
    order = order_now(at_the_button)
    assert order is not None
    other = Client()
    assert other.get(f"/orders/{order.number}/agreed/").status_code == 404
    assert other.get("/orders/K-0/agreed/").status_code == 404
    boss = make_user("boss@example.org", is_staff=True)
    boss.is_superuser = True
    boss.save()
    other.force_login(boss)
    html = other.get(f"/dashboard/orders/{order.number}/agreed/").content.decode()
    assert html.count("Fassung eins") == 3
    assert other.get("/dashboard/orders/K-0/agreed/").status_code == 404


def test_an_order_without_a_kept_summary_says_so(client: Client) -> None:
    from tests.factories.orders import make_order

    make_country()
    user = make_user("anna@example.org")
    order = make_order((make_variant(), 1), user=user)
    client.force_login(user)
    html = client.get(f"/orders/{order.number}/agreed/").content.decode()
    assert "keine Zusammenfassung" in html


def test_showing_the_texts_costs_the_same_for_one_as_for_three(at_the_button: Client) -> None:
    order = order_now(at_the_button)
    assert order is not None

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert at_the_button.get(f"/orders/{order.number}/agreed/").status_code == 200
        return len(seen)

    cost()
    three = cost()
    kept = AcceptedSummary.objects.get(order=order)
    AcceptedSummary.objects.filter(pk=kept.pk).update(texts=kept.texts[:1])
    assert cost() == three
