"""Known customers, ended sessions, time limits: the way to the contract for those it used to lose."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit, MethodRule
from checkout.shipping.models import DeliveryMethod
from checkout.templatetags.checkout_tags import working_days
from shop.customers.models import User
from tests.checkout.test_steps import CONTACT, go_to_summary, order_button, put_in_basket
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db
STEPS = ["contact", "delivery", "payment", "summary"]


@pytest.fixture
def person(client: Client) -> User:
    """A customer who ordered once, in this browser, by prepayment to another address."""
    person = make_user()
    client.force_login(person)
    put_in_basket(client, make_variant(price_minor=8_990))
    elsewhere = {
        name.replace("billing-", "shipping-"): text for name, text in CONTACT.items() if "billing" in name
    }
    form = {"other_delivery": "on", **elsewhere, "shipping-line1": "Lieferweg 7"}
    client.post(reverse("checkout:summary"), order_button(go_to_summary(client, **form)))
    assert Order.objects.count() == 1
    client.logout()
    client.force_login(person)
    return person


def test_a_known_customer_orders_in_two_steps_with_the_choices_of_the_last_time(
    client: Client, person: User
) -> None:
    put_in_basket(client, make_variant(price_minor=5_000))
    assert reverse("checkout:start") in client.get("/basket/").content.decode()
    page = client.get(reverse("checkout:start"), follow=True)
    assert [url for url, _status in page.redirect_chain] == [reverse("checkout:summary")]
    text = page.content.decode()
    assert "Lieferweg 7" in text and "Musterweg 1" in text and "zahlungspflichtig bestellen" in text
    assert "Ihrer letzten Bestellung" in text
    answer = client.post(reverse("checkout:summary"), order_button(page))
    order = Order.objects.order_by("-pk")[0]
    assert answer.url == reverse("orders:detail", kwargs={"number": order.number})
    assert (order.payment_method, order.shipping_address.line1) == ("prepayment", "Lieferweg 7")
    assert order.carrier_contact_agreed_at is None


def test_the_second_order_of_one_session_takes_two_steps_too(client: Client, person: User) -> None:
    for _order in range(2):
        put_in_basket(client, make_variant())
        page = client.get(reverse("checkout:start"), follow=True)
        assert [url for url, _status in page.redirect_chain] == [reverse("checkout:summary")]
        client.post(reverse("checkout:summary"), order_button(page))
    assert Order.objects.count() == 3


def test_who_gave_an_address_and_left_is_asked_for_nothing_that_the_last_order_says(
    client: Client, person: User
) -> None:
    put_in_basket(client, make_variant())
    client.post(reverse("checkout:contact"), CONTACT | {"billing-line1": "Getippte Str. 9"})
    page = client.get(reverse("checkout:start"), follow=True)
    text = page.content.decode()
    assert [url for url, _status in page.redirect_chain] == [reverse("checkout:summary")]
    assert "Getippte Str. 9" in text and "Lieferung und Zahlung sind die Ihrer letzten Bestellung" in text


@pytest.mark.parametrize(
    ("usual", "there"),
    [
        ({"is_default_for_shipping": True}, ["Neue Str. 1", "Musterweg 1"]),
        ({"is_default_for_billing": True}, ["Neue Str. 1", "Lieferweg 7"]),
        ({"is_default_for_shipping": True, "is_default_for_billing": True}, ["Neue Str. 1"]),
    ],
)
def test_who_moved_and_changed_the_address_book_gets_the_parcel_there(
    client: Client, person: User, usual: dict[str, bool], there: list[str]
) -> None:
    from oscar.apps.address.models import UserAddress

    UserAddress.objects.create(
        user=person, first_name="E", last_name="B", line1="Neue Str. 1", line4="Kiel", postcode="24103",
        country_id="DE", **usual,
    )  # fmt: skip
    put_in_basket(client, make_variant())
    page = client.get(reverse("checkout:start"), follow=True)
    text = page.content.decode()
    assert "die übliche Ihres Kontos" in text
    client.post(reverse("checkout:summary"), order_button(page))
    order = Order.objects.order_by("-pk")[0]
    streets = {order.shipping_address.line1, order.billing_address.line1}
    assert streets == set(there)
    assert (order.shipping_address.line1 == "Neue Str. 1") == ("is_default_for_shipping" in usual)


def test_changing_one_thing_leads_back_to_the_page_that_is_looked_over(client: Client, person: User) -> None:
    put_in_basket(client, make_variant())
    page = client.get(reverse("checkout:start"), follow=True)
    for step in ("contact", "delivery"):
        assert f"{reverse(f'checkout:{step}')}?back=summary" in page.content.decode()
    answer = client.post(f"{reverse('checkout:delivery')}?back=summary", {"delivery": "pickup"})
    assert answer.url == reverse("checkout:summary")
    answer = client.post(f"{reverse('checkout:contact')}?back=summary", CONTACT)
    assert answer.url == reverse("checkout:summary")


def test_what_is_not_offered_any_more_is_asked_again(client: Client, person: User) -> None:
    put_in_basket(client, make_variant())
    MethodRule.objects.filter(method="prepayment").update(enabled=False)
    assert client.get(reverse("checkout:start")).url == reverse("checkout:payment")
    DeliveryMethod.objects.filter(code="home").update(enabled=False)
    assert client.get(reverse("checkout:start")).url == reverse("checkout:delivery")


def test_a_way_to_pay_that_is_refused_this_time_is_asked_again(client: Client, person: User) -> None:
    Order.objects.update(payment_method="invoice")
    CustomerCredit.objects.create(user=person, paid_orders=1, blocked=True)
    put_in_basket(client, make_variant())
    assert client.get(reverse("checkout:start")).url == reverse("checkout:payment")


def test_strangers_begin_with_the_first_step_and_nothing_is_written(client: Client) -> None:
    assert client.get(reverse("checkout:start")).url == reverse("basket:summary")
    put_in_basket(client, make_variant())
    answer = client.get(reverse("checkout:start"))
    assert answer.url == reverse("checkout:contact")
    assert "sessionid" not in answer.cookies
    client.force_login(make_user())
    put_in_basket(client, make_variant())
    assert client.get(reverse("checkout:start")).url == reverse("checkout:contact")


def test_another_address_of_the_book_fills_the_form(client: Client, person: User) -> None:
    from oscar.apps.address.models import UserAddress

    for street in ("Erste Str. 1", "Zweite Str. 2"):
        UserAddress.objects.create(
            user=person,
            first_name="E",
            last_name="B",
            line1=street,
            line4="Kiel",
            postcode="24103",
            country_id="DE",
        )
    put_in_basket(client, make_variant())
    second = UserAddress.objects.get(line1="Zweite Str. 2")
    page = client.get(reverse("checkout:contact"), {"address": second.pk})
    assert page.context["billing"]["line1"].value() == "Zweite Str. 2"
    assert f'data-chosen="{second.pk}">' in page.content.decode(), (
        "what was typed before is not mixed into the chosen address"
    )
    strange = UserAddress.objects.create(
        user=make_user(),
        first_name="F",
        last_name="G",
        line1="Fremd 1",
        line4="Kiel",
        postcode="24103",
        country_id="DE",
    )
    for junk in (strange.pk, "abc", 10**30, "💶"):
        page = client.get(reverse("checkout:contact"), {"address": junk})
        assert page.status_code == 200 and "Fremd 1" not in page.content.decode()


def fields_of(page: Any) -> dict[str, str]:
    return {"carried": page.context["carried"]}


@pytest.mark.parametrize(
    ("step", "form"), [("delivery", {"delivery": "home"}), ("payment", {"payment": "prepayment"})]
)
def test_a_guest_whose_session_ended_goes_on_where_the_page_stood(
    client: Client, step: str, form: dict[str, str]
) -> None:
    put_in_basket(client, make_variant())
    go_to_summary(client)
    page = client.get(reverse(f"checkout:{step}"))
    client.session.flush()
    client.cookies.pop("sessionid", None)
    answer = client.post(reverse(f"checkout:{step}"), form | fields_of(page))
    assert answer.url == reverse("checkout:payment" if step == "delivery" else "checkout:summary")
    assert client.session["checkout"]["billing"]["line1"] == "Musterweg 1"


def test_a_member_who_was_signed_out_signs_in_and_finds_what_was_typed(client: Client) -> None:
    person = make_user()
    client.force_login(person)
    put_in_basket(client, make_variant())
    page = client.get(reverse("checkout:contact"))
    client.logout()
    form = CONTACT | fields_of(page) | {"billing-line1": "Getippte Str. 9", "company": "Reederei Beispiel"}
    answer = client.post(reverse("checkout:contact"), form, follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('account_login')}?next={reverse('checkout:contact')}"
    assert "aufbewahrt" in answer.content.decode()
    client.post(reverse("account_login"), {"login": person.email, "password": "test-password"})
    page = client.get(reverse("checkout:contact"))
    assert page.context["billing"]["line1"].value() == "Getippte Str. 9"
    assert page.context["firm"]["company"].value() == "Reederei Beispiel"


@pytest.mark.parametrize("step", ["contact", "delivery"])
def test_what_a_member_typed_is_shown_to_nobody_else_at_the_same_browser(client: Client, step: str) -> None:
    person, other = make_user(), make_user()
    client.force_login(person)
    put_in_basket(client, make_variant())
    go_to_summary(client, **{"billing-line1": "Meine Str. 3"})
    page = client.get(reverse(f"checkout:{step}"))
    client.logout()
    form = CONTACT | fields_of(page) | {"billing-line1": "Getippte Str. 9", "delivery": "home"}
    client.post(reverse(f"checkout:{step}"), form)
    put_in_basket(client, make_variant())
    private = ("Getippte Str. 9", "Meine Str. 3", person.email)
    text = client.get(reverse("checkout:contact")).content.decode()
    assert not [words for words in private if words in text], "nobody is signed in"
    client.post(reverse("account_login"), {"login": other.email, "password": "test-password"})
    text = client.get(reverse("checkout:contact")).content.decode()
    assert not [words for words in private if words in text]
    go_to_summary(client, **{"billing-line1": "Andere Str. 5"})
    assert "Andere Str. 5" in client.get(reverse("checkout:contact")).content.decode()


def test_what_a_page_carried_is_of_no_use_to_another_or_when_forged(client: Client) -> None:
    person = make_user()
    client.force_login(person)
    put_in_basket(client, make_variant())
    go_to_summary(client)
    carried = client.get(reverse("checkout:delivery")).context["carried"]
    other = Client()
    other.force_login(make_user())
    put_in_basket(other, make_variant())
    for text in (carried, carried[:-2], "abc", "", "💶"):
        answer = other.post(reverse("checkout:delivery"), {"delivery": "home", "carried": text})
        assert answer.url == reverse("checkout:contact")
    assert "checkout" not in other.session


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_named_in_title_heading_and_stepper(client: Client, step: str) -> None:
    put_in_basket(client, make_variant())
    go_to_summary(client)
    text = client.get(reverse(f"checkout:{step}")).content.decode()
    title = text[text.index("<title>") + 7 : text.index("</title>")]
    assert f"Schritt {STEPS.index(step) + 1} von 4" in title
    assert text.count("<h1") == 1 and text.count('aria-current="step"') == 1


WRONG = [
    ("contact", CONTACT | {"billing-postcode": "ABC"}, "id_billing-postcode"),
    ("delivery", {}, "delivery-1"),
    ("delivery", {"delivery": "brieftaube"}, "delivery-1"),
    ("payment", {}, "payment-1"),
    ("payment", {"payment": "muscheln"}, "payment-1"),
]


@pytest.mark.parametrize(("step", "form", "target"), WRONG)
def test_errors_are_summed_up_on_top_with_links_to_their_fields(
    client: Client, step: str, form: dict[str, str], target: str
) -> None:
    put_in_basket(client, make_variant())
    go_to_summary(client)
    answer = client.post(reverse(f"checkout:{step}"), form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert text[text.index("<title>") + 7 :].strip().startswith("Fehler:")
    summary = text[text.index('class="summary summary--bad"') :]
    assert 'role="alert"' in summary[:80] and "data-focus" in summary[:120]
    assert f'href="#{target}"' in summary and f'id="{target}"' in text


def test_a_session_lasts_longer_than_any_limit_that_would_need_a_warning() -> None:
    """WCAG 2.2.1 asks for no warning of a limit of more than 20 hours."""
    assert settings.SESSION_COOKIE_AGE >= 20 * 3600 and not settings.SESSION_EXPIRE_AT_BROWSER_CLOSE


@pytest.mark.parametrize(
    ("low", "high", "german", "english"),
    [
        (0, 0, "am selben Werktag", "the same working day"),
        (0, 1, "spätestens am nächsten Werktag", "by the next working day"),
        (0, 3, "innerhalb von 3 Werktagen", "within 3 working days"),
        (1, 1, "1 Werktag", "1 working day"),
        (2, 2, "2 Werktage", "2 working days"),
        (2, 3, "2 bis 3 Werktage", "2 to 3 working days"),
    ],
)
def test_working_days_are_said_as_people_say_them(low: int, high: int, german: str, english: str) -> None:
    for language, words in (("de", german), ("en", english)):
        with translation.override(language):
            assert working_days(low, high) == words


def test_the_summary_names_the_way_of_delivery_once_beside_its_charge(client: Client) -> None:
    put_in_basket(client, make_variant())
    page = go_to_summary(client)
    totals = page.content.decode().partition('<dl class="totals">')[2].partition("</dl>")[0]
    assert "<dt>Lieferung nach Hause</dt>" in totals and "Lieferung <" not in totals
    client.post(reverse("checkout:delivery"), {"delivery": "pickup"})
    text = client.get(reverse("checkout:summary")).content.decode()
    assert "<dt>Abholung im Laden</dt>" in text
    assert "<dt>Lieferzeit</dt><dd>Spätestens am nächsten Werktag" in text


def test_basket_home_and_each_step_say_what_they_are_to_search_engines_and_previews(client: Client) -> None:
    put_in_basket(client, make_variant())
    pages = [client.get(url) for url in ("/", "/basket/", reverse("checkout:contact"))]
    pages.append(go_to_summary(client))
    for page in pages:
        assert page.content.decode().count('<meta name="description" content="') == 1
