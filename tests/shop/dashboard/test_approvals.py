"""The pages of approvals: who asks sees the outcome, who may decides with words, limits are data with a history."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from checkout.order.models import Order
from checkout.payment import approval as refunds
from checkout.payment.actions.capture import capture
from checkout.payment.actions.refunds import refundable_minor
from checkout.payment.models import Payment, Refund
from fulfilment.finance.invoicing.actions import credit_note, issue_for_parcel
from shop.approvals.models import Approval, ApprovalLimit
from shop.dashboard.order_money import may_refund
from shop.kernel.clock import today
from tests.factories.people import make_staff
from tests.factories.shopping import make_variant, place_order

pytestmark = pytest.mark.django_db
SERVICE = ("dashboard.enter", "order.view_orders", "order.manage_orders", "payment.refund_payments")
SEES = "approvals.view_approvals"


@pytest.fixture(autouse=True)
def _english() -> Any:
    with override("en"):
        yield


def browser(email: str, *permissions: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff(email, *permissions))
    return client


@pytest.fixture
def clerk() -> Client:
    return browser("clerk@example.org", *SERVICE, SEES)


@pytest.fixture
def boss() -> Client:
    return browser("boss@example.org", *SERVICE, SEES, "payment.approve_refunds", "approvals.change_limits")


def paid(price_minor: int = 60_000) -> tuple[Order, Payment]:
    order = place_order((make_variant(price_minor=price_minor), 1), shipping_minor=0)
    payment = Payment.objects.get(order=order)
    capture(payment=payment, reference="pi_test", why="test")
    order.refresh_from_db()
    return order, payment


def give_back(client: Client, order: Order, euros: str, **other: Any) -> Any:
    url = reverse("dashboard:order-refund", args=[order.number])
    page = client.get(url)
    assert page.status_code == 200
    form = page.context["form"]
    data = {"amount": euros, "reason_code": "goodwill", "reason": "came late",
            "token": form.initial["token"], "seen": form.initial["seen"]} | other  # fmt: skip
    return client.post(url, data, follow=True)


def test_below_the_limit_it_goes_back_at_once(clerk: Client) -> None:
    order, payment = paid()
    answer = give_back(clerk, order, "200.00")
    assert "on their way back" in answer.content.decode()
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason, refund.requested_by.email) == (
        20_000,
        "came late",
        "clerk@example.org",
    )  # type: ignore[union-attr]
    assert not Approval.objects.exists()
    assert may_refund(order)


def test_above_the_limit_it_waits_and_another_person_does_it(clerk: Client, boss: Client) -> None:
    order, payment = paid()
    answer = give_back(clerk, order, "300.00")
    assert "need a second person" in answer.content.decode()
    assert not Refund.objects.exists()
    approval = Approval.objects.get()
    url = reverse("dashboard:approval", args=[approval.pk])
    assert "Somebody else has to decide" in clerk.get(url).content.decode()
    assert clerk.post(url, {"step": "approve", "words": ""}).status_code == 409
    assert "go back to the customer by card" in boss.get(url).content.decode()
    assert boss.post(url, {"step": "approve", "words": "fine"}).status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.requested_by.email) == (30_000, "clerk@example.org")  # type: ignore[union-attr]
    page = clerk.get(url).content.decode()
    assert "The money is on its way back." in page and "fine" in page
    again = boss.post(url, {"step": "decline", "words": "no"})
    assert again.status_code == 409 and "decided meanwhile" in again.content.decode()


def test_many_small_ones_are_one_large_one(clerk: Client) -> None:
    order, _payment = paid()
    give_back(clerk, order, "200.00")
    give_back(clerk, order, "100.00")
    assert Refund.objects.count() == 1
    assert Approval.objects.get().amount_minor == 10_000


def test_a_double_click_is_one_refund_and_a_second_clerk_looks_again(clerk: Client) -> None:
    order, payment = paid()
    url = reverse("dashboard:order-refund", args=[order.number])
    form = clerk.get(url).context["form"]
    data = {"amount": "50", "reason_code": "goodwill", "reason": "late", "token": form.initial["token"],
            "seen": form.initial["seen"]}  # fmt: skip
    clerk.post(url, data)
    clerk.post(url, data)
    assert Refund.objects.count() == 1
    other = browser("other@example.org", *SERVICE, SEES)
    answer = other.post(url, data | {"token": "00000000-0000-4000-8000-000000000001"})
    assert answer.status_code == 409 and "look again" in answer.content.decode()
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "0"}, {"amount": "x"}, {"reason": " "}, {"token": "x"}, {"seen": ""}, {"reason_code": "y"}],
)
def test_nonsense_is_said_and_nothing_is_done(clerk: Client, wrong: dict[str, str]) -> None:
    order, _payment = paid()
    answer = give_back(clerk, order, "10", **wrong)
    assert answer.status_code == 400
    assert not Refund.objects.exists()


def test_more_than_is_left_is_refused(clerk: Client) -> None:
    order, _payment = paid(10_000)
    answer = give_back(clerk, order, "100.01")
    assert answer.status_code == 409 and "At most" in answer.content.decode()


def test_what_was_sent_meanwhile_stops_the_approval_in_words(clerk: Client, boss: Client) -> None:
    order, payment = paid()
    give_back(clerk, order, "550.00")
    give_back(boss, order, "100.00")
    approval = Approval.objects.get()
    url = reverse("dashboard:approval", args=[approval.pk])
    answer = boss.post(url, {"step": "approve", "words": ""})
    assert answer.status_code == 409 and "Only €500.00 are left" in answer.content.decode()
    approval.refresh_from_db()
    assert approval.state == "waiting"


def test_a_cancellation_with_much_money_waits_and_the_order_is_held(clerk: Client, boss: Client) -> None:
    order, payment = paid()
    url = reverse("dashboard:order-cancel", args=[order.number])
    assert "needs a second person" in clerk.get(url).content.decode()
    clerk.post(url, {"reason": "customer called"})
    order.refresh_from_db()
    assert (order.status, order.on_hold) == ("confirmed", True)
    approval = Approval.objects.get()
    assert (
        boss.post(reverse("dashboard:approval", args=[approval.pk]), {"step": "approve"}).status_code == 302
    )
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert refundable_minor(Payment.objects.get(pk=payment.pk)) == 0


def ask_to_cancel(client: Client, order: Order) -> Approval:
    client.post(reverse("dashboard:order-cancel", args=[order.number]), {"reason": "customer called"})
    order.refresh_from_db()
    return Approval.objects.latest("pk")


def test_a_declined_cancellation_says_why_the_order_is_held_and_can_be_asked_again(
    clerk: Client, boss: Client
) -> None:
    order, _payment = paid()
    first = ask_to_cancel(clerk, order)
    url = reverse("dashboard:order", args=[order.number])
    assert "Waits for a second person; asked for by clerk@example.org" in clerk.get(url).content.decode()
    boss.post(reverse("dashboard:approval", args=[first.pk]), {"step": "decline", "words": "She wants it"})
    order.refresh_from_db()
    assert order.on_hold
    page = clerk.get(url).content.decode()
    assert "boss@example.org" in order.hold_reason and "She wants it" in order.hold_reason
    assert order.hold_reason in page
    assert "Release the hold and the warehouse goes on" in page
    assert "Waits for a second person" not in page
    again = ask_to_cancel(clerk, order)
    assert again.pk != first.pk and "She wants it" not in order.hold_reason
    assert "Release the hold and the warehouse goes on" not in clerk.get(url).content.decode()
    clerk.post(reverse("dashboard:approval", args=[again.pk]), {"step": "withdraw"})
    order.refresh_from_db()
    assert (order.status, order.on_hold, order.hold_reason) == ("confirmed", False, "")


def test_a_hold_for_another_reason_outlives_the_request(clerk: Client, boss: Client) -> None:
    order, _payment = paid()
    Order.objects.filter(pk=order.pk).update(on_hold=True, hold_reason="address unclear")
    request = ask_to_cancel(clerk, order)
    assert order.hold_reason == "address unclear"
    clerk.post(reverse("dashboard:approval", args=[request.pk]), {"step": "withdraw"})
    order.refresh_from_db()
    assert (order.on_hold, order.hold_reason) == (True, "address unclear")


def test_who_asked_sees_on_order_refund_and_start_page_that_it_was_declined(
    clerk: Client, boss: Client
) -> None:
    order, _payment = paid()
    give_back(clerk, order, "300.00")
    url = reverse("dashboard:approval", args=[Approval.objects.get().pk])
    boss.post(url, {"step": "decline", "words": "Ask for pictures first"})
    for name, args in (("order", [order.number]), ("order-refund", [order.number]), ("index", [])):
        page = clerk.get(reverse(f"dashboard:{name}", args=args)).content.decode()
        assert "Ask for pictures first" in page, name
        assert url in page, name
    assert "Ask for pictures first" not in boss.get(reverse("dashboard:index")).content.decode()


def test_more_money_than_was_approved_is_declined_before_it_is_asked_for_anew(
    clerk: Client, boss: Client
) -> None:
    order, _payment = paid()
    request = ask_to_cancel(clerk, order)
    Approval.objects.update(amount_minor=59_999)
    answer = boss.post(reverse("dashboard:approval", args=[request.pk]), {"step": "approve"})
    assert answer.status_code == 409 and "decline this one" in answer.content.decode()
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_declining_needs_words_and_withdrawing_is_for_who_asked(clerk: Client, boss: Client) -> None:
    order, _payment = paid()
    give_back(clerk, order, "300.00")
    url = reverse("dashboard:approval", args=[Approval.objects.get().pk])
    assert boss.post(url, {"step": "decline", "words": " "}).status_code == 409
    assert boss.post(url, {"step": "withdraw"}).status_code == 409
    assert boss.post(url, {"step": "nonsense"}).status_code == 409
    assert clerk.post(url, {"step": "withdraw", "words": "my fault"}).status_code == 302
    assert Approval.objects.get().state == "withdrawn"
    assert not Refund.objects.exists()


def test_the_list_shows_what_waits_first_late_ones_and_a_file(
    clerk: Client, boss: Client, clock: Any
) -> None:
    for number in range(3):
        order, _payment = paid()
        give_back(clerk, order, "300.00")
    newest = Approval.objects.order_by("-pk")[0]
    clerk.post(reverse("dashboard:approval", args=[newest.pk]), {"step": "withdraw"})
    url = reverse("dashboard:approvals")
    page = boss.get(url)
    assert [row.state for row, _title in page.context["rows"]] == ["waiting", "waiting", "withdrawn"]
    clock.advance(hours=25)
    assert len(boss.get(url, {"state": "late"}).context["rows"]) == 2
    assert len(boss.get(url, {"who": "mine"}).context["rows"]) == 0
    assert len(clerk.get(url, {"who": "mine", "kind": "refund", "q": "late"}).context["rows"]) == 3
    assert boss.get(url, {"state": "nonsense"}).status_code == 400
    text = boss.get(url, {"format": "csv"}).content.decode()
    assert text.count("came late") == 3


def test_the_list_costs_the_same_however_long_it_is(clerk: Client, boss: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            boss.get(reverse("dashboard:approvals"))
        return len(seen)

    order, _payment = paid()
    give_back(clerk, order, "300.00")
    cost()
    few = cost()
    for _ in range(4):
        order, _payment = paid()
        give_back(clerk, order, "300.00")
    assert cost() == few


def test_limits_per_role_are_data_with_a_history(clerk: Client, boss: Client) -> None:
    url = reverse("dashboard:approval-limits")
    assert clerk.get(url).status_code == 403
    assert boss.post(url, {"kind": "refund", "role": "", "limit": "50"}).status_code == 302
    assert ApprovalLimit.objects.get().limit_minor == 5_000
    order, _payment = paid()
    give_back(clerk, order, "60.00")
    assert Approval.objects.count() == 1
    assert "€50.00" in boss.get(url).content.decode()
    assert boss.post(url, {"kind": "refund", "role": "", "limit": "-1"}).status_code == 400
    assert boss.post(url, {"kind": "x", "role": "", "limit": "1"}).status_code == 400
    boss.post(url, {"kind": "refund", "role": "", "limit": ""})
    assert not ApprovalLimit.objects.exists()
    assert "limit taken away" in boss.get(url).content.decode()
    assert ApprovalLimit.history.count() == 2


def test_what_the_house_does_itself_needs_nobody(clerk: Client) -> None:
    order, payment = paid()
    assert not refunds.second_person_needed(order=order, amount_minor=60_000, by=None)


def test_money_that_a_bank_took_in_a_dispute_does_not_go_back_as_well(clerk: Client, boss: Client) -> None:
    order, payment = paid()
    give_back(clerk, order, "300.00")
    Payment.objects.filter(pk=payment.pk).update(state="disputed")
    answer = boss.post(reverse("dashboard:approval", args=[Approval.objects.get().pk]), {"step": "approve"})
    assert answer.status_code == 409
    assert not Refund.objects.exists()
    page = clerk.get(reverse("dashboard:order-cancel", args=[order.number])).content.decode()
    assert "No money goes back" in page


def test_what_was_paid_ahead_is_no_credit_to_give_back(clerk: Client, outbox: Any) -> None:
    order, _payment = paid(10_000)
    outbox.drain()
    url = reverse("dashboard:order-refund", args=[order.number])
    page = clerk.get(url)
    assert (page.context["free_minor"], page.context["suggested_minor"]) == (0, 0)
    assert "without a credit note its invoices ask for this money again" in page.content.decode()
    invoice = issue_for_parcel(
        parcel_id=1, order_id=order.pk, quantities={order.lines.get().pk: 1}, dispatched_on=today()
    )
    assert clerk.get(url).context["free_minor"] == 0
    credit_note(invoice=invoice, source="t:1", reason="late", amount_minor=2_500)
    assert clerk.get(url).context["suggested_minor"] == 2_500
