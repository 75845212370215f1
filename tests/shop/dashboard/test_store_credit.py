"""Store credit at the desk: goodwill and money back as credit at the customer's word, the file, a merged account."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from checkout.payment import approval
from checkout.payment.models import Payment, Refund
from checkout.store_credit import verify
from checkout.store_credit.queries import balance_minor
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from shop.dashboard import customer_merge as merging
from shop.notifications.models import OutgoingMail
from tests.factories.credit import card_pays, give_credit
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.shopping import make_user, make_variant, place_order
from tests.fulfilment.customer_service.remedies.test_replacement import act, breaches, form_url
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


@pytest.fixture
def desk(client: Client) -> Client:
    rights = "remedies.use_remedies order.view_orders payment.refund_payments customer.view_user"
    client.force_login(make_staff("service@example.org", *rights.split(), "approvals.view_approvals"))
    return client


def test_goodwill_becomes_credit_when_the_customer_wants_it(desk: Client, outbox: Any) -> None:
    user = make_user()
    order = sent(outbox, 1, user=user)
    text = desk.get(form_url(order, "goodwill")).content.decode()
    assert "ausdrücklich als Guthaben" in text
    wish = {"amount": "20,00", "reason": "faulty", "words": "Kratzer", "as_credit": "on"}
    shown = desk.post(form_url(order, "goodwill"), {**wish, "step": "show"}).content.decode()
    assert "werden sofort Guthaben des Kunden" in shown
    assert "1706" in shown
    act(desk, order, "goodwill", **wish)
    refund = Refund.objects.get(payment__order=order)
    assert (refund.way, refund.amount_minor, balance_minor(user)) == ("credit", 2_000, 2_000)
    outbox.drain()
    assert outbox.failures() == []
    assert breaches() == []
    mail = OutgoingMail.objects.get(kind="refund_succeeded")
    assert "gehören Ihnen als Guthaben" in mail.text


def test_a_guests_goodwill_offers_no_credit(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    assert "ausdrücklich als Guthaben" not in desk.get(form_url(order, "goodwill")).content.decode()


def test_staff_give_money_back_as_credit_and_the_pages_say_so(desk: Client, outbox: Any) -> None:
    user = make_user()
    order = place_order((make_variant(price_minor=5_000), 1), user=user, shipping_minor=0)
    card_pays(order)
    outbox.drain()
    url = reverse("dashboard:order-refund", args=[order.number])
    page = desk.get(url)
    form = page.context["form"]
    said = {
        "amount": "10,00", "reason_code": "goodwill", "reason": "Geste", "as_credit": "on",
        "token": str(form["token"].value()), "seen": str(form["seen"].value()),
    }  # fmt: skip
    assert desk.post(url, said).status_code == 302
    assert balance_minor(user) == 1_000
    outbox.drain()
    text = desk.get(reverse("dashboard:order", args=[order.number])).content.decode()
    assert "als Guthaben" in text
    story = desk.get(reverse("dashboard:order-why", args=[order.number])).content.decode()
    assert "Erstattung als Kundenguthaben" in story


def test_the_file_shows_the_balance_and_a_page_of_its_own_every_movement(desk: Client, outbox: Any) -> None:
    user = make_user()
    url = reverse("dashboard:customer-credit", args=[user.pk])
    assert "Kein Guthaben" in desk.get(url).content.decode()
    order = give_credit(user, 3_000)
    place_order((make_variant(price_minor=1_000), 1), user=user, shipping_minor=0, credit_minor=1_000)
    text = desk.get(reverse("dashboard:customer", args=[user.pk])).content.decode()
    assert "Kundenguthaben" in text
    assert "20,00" in text
    text = desk.get(url).content.decode()
    for words in ("30,00", "−10,00", order.number):
        assert words in text, words
    sheet = desk.get(url, {"format": "csv"}).content.decode()
    assert sheet.count("\n") == 3
    assert order.number in sheet
    assert desk.get(reverse("dashboard:customer-credit", args=[987654])).status_code == 404


def test_a_cancelled_order_says_before_what_becomes_credit_again(client: Client, outbox: Any) -> None:
    user = make_user()
    give_credit(user, 3_000)
    order = place_order((make_variant(price_minor=5_000), 1), user=user, shipping_minor=0, credit_minor=3_000)
    card_pays(order)
    outbox.drain()
    client.force_login(make_staff("chef@example.org", "order.view_orders", "order.manage_orders"))
    text = client.get(reverse("dashboard:order-cancel", args=[order.number])).content.decode()
    assert "werden sofort wieder Guthaben des Kunden" in text
    assert {one.method for one in Payment.objects.filter(order=order)} == {"credit", "card"}


@pytest.mark.parametrize("is_being_paid", [False, True])
def test_an_unpaid_order_that_gives_much_credit_back_is_cancelled_by_two(
    client: Client, outbox: Any, is_being_paid: bool
) -> None:
    user = make_user()
    give_credit(user, 30_000)
    order = place_order(
        (make_variant(price_minor=40_000), 1), user=user, shipping_minor=0, credit_minor=30_000
    )
    outbox.drain()
    if is_being_paid:
        Payment.objects.filter(order=order, method="card").update(intent_id="pi_now")
    client.force_login(make_staff("chef@example.org", "order.view_orders", "order.manage_orders"))
    client.post(reverse("dashboard:order-cancel", args=[order.number]), {"why": "Wunsch", "reason": "Wunsch"})
    order.refresh_from_db()
    assert (order.status, balance_minor(user)) == ("awaiting_payment", 0)
    boss = make_staff("boss@example.org", "payment.approve_refunds")
    if is_being_paid:
        with pytest.raises(approvals.CannotRun, match="zahlt gerade mit Karte"):
            approvals.approve(approval=Approval.objects.get(), by=boss)
        return
    approvals.approve(approval=Approval.objects.get(), by=boss)
    order.refresh_from_db()
    assert (order.status, balance_minor(user)) == ("cancelled", 30_000)


def test_merging_takes_the_credit_along(outbox: Any) -> None:
    kept, gone = make_user(), make_user()
    give_credit(gone, 3_000)
    outbox.drain()
    confirm_address(kept)
    seen = merging.preview(kept=kept, gone=gone)
    assert seen.store_credit_minor == 3_000
    merging.merge(kept=kept, gone=gone, seen=seen.seen, why="eine Person", confirmed=True, by=make_staff())
    outbox.drain()
    assert outbox.failures() == []
    assert (balance_minor(kept), balance_minor(gone)) == (3_000, 0)
    assert [text for _name, check in verify.CHECKS for text in check()] == []
    from fulfilment.finance.invoicing.verify import store_credit_is_what_we_owe

    assert store_credit_is_what_we_owe() == []


def confirm_address(user: Any) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def test_credit_for_an_account_that_is_gone_by_then_is_refused_in_words(outbox: Any) -> None:
    user = make_user()
    order = place_order((make_variant(price_minor=40_000), 1), user=user, shipping_minor=0)
    payment = card_pays(order)
    asked = approval.give_back(
        payment=payment, amount_minor=40_000, seen_minor=40_000, token="t", reason_code="goodwill",
        reason="Geste", as_credit=True, by=make_staff("service@example.org"),
    )  # fmt: skip
    assert asked.approval is not None
    Order.objects.filter(pk=order.pk).update(user=None, guest_email="erika@example.org")
    boss = make_staff("boss@example.org", "payment.approve_refunds")
    with pytest.raises(approvals.CannotRun, match="Konto des Kunden"):
        approvals.approve(approval=asked.approval, by=boss)
    assert not Refund.objects.exists()


def test_a_double_click_on_giving_back_half_card_half_credit_sends_once(desk: Client, outbox: Any) -> None:
    user = make_user()
    give_credit(user, 5_000)
    order = place_order(
        (make_variant(price_minor=10_000), 1), user=user, shipping_minor=0, credit_minor=5_000
    )
    card_pays(order)
    outbox.drain()
    url = reverse("dashboard:order-refund", args=[order.number])
    form = desk.get(url).context["form"]
    said = {
        "amount": "50,00", "reason_code": "goodwill", "reason": "Geste",
        "token": str(form["token"].value()), "seen": str(form["seen"].value()),
    }  # fmt: skip
    for _click in range(2):
        assert desk.post(url, said).status_code == 302
    back = Refund.objects.get(payment__order=order)
    assert (back.way, back.amount_minor, balance_minor(user)) == ("card", 5_000, 0)
