"""What is done before anybody has begun to pick: all or single articles are cancelled, an address is corrected."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import Reservation
from checkout.order.models import AddressCorrection, Order, ShippingAddress
from checkout.payment.models import Payment, Refund
from fulfilment.customer_service.changes.models import OrderChange
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.warehouse.picking.models import PickList
from shop.approvals import actions as approvals
from shop.approvals.models import Approval, ApprovalLimit
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.credit import give_credit
from tests.factories.people import make_staff
from tests.factories.shopping import make_user, place_order
from tests.factories.shortages import in_stock, pay
from tests.factories.warehouse import pick_everything
from tests.fulfilment.customer_service.remedies.test_replacement import act, breaches, form_url

pytestmark = pytest.mark.django_db
WHY = {"reason": "our_mistake", "words": "Am Telefon gesagt"}


@pytest.fixture
def clerk() -> Any:
    return make_staff(
        "service@example.org",
        *("remedies.use_remedies", "order.view_orders", "order.manage_orders", "cases.view_cases"),
        *("order.correct_addresses", "payment.refund_payments"),
    )


@pytest.fixture
def boss() -> Any:
    return make_staff("boss@example.org", "payment.approve_refunds", "remedies.approve_remedies")


def paid(outbox: Any, *pieces: int) -> Order:
    order = place_order(*((in_stock(5), count) for count in pieces))
    pay(order)
    outbox.drain()
    order.refresh_from_db()
    return order


def test_a_paid_order_is_cancelled_from_the_screen(desk: Client, outbox: Any) -> None:
    order = paid(outbox, 2)
    case = make_case(key="c", order=order)
    seen = desk.post(form_url(order, "cancel"), {**WHY, "step": "show"}).context["effects"]
    text = " ".join(seen.sentences)
    assert seen.amount_minor == order.total_minor and "2" in text and order.email in text
    assert [row.debit_minor for row in seen.later_rows if row.debit_minor] == [order.total_minor]
    assert order.status == "confirmed" and not Refund.objects.exists(), "only shown so far"
    page = act(desk, order, "cancel", **WHY, case=case.number).content.decode()
    order.refresh_from_db()
    assert order.status == "cancelled" and order.number in page
    refund = Refund.objects.get()
    assert refund.amount_minor == Payment.objects.get().amount_minor and refund.requested_by is not None
    assert not Reservation.objects.filter(order_id=order.pk, state="open").exists()
    assert order.number in case.messages.filter(side="note").get().body
    assert OrderChange.objects.get().key == f"remedy:{Remedy.objects.get().pk}"
    outbox.drain()
    assert OutgoingMail.objects.filter(order=order, kind="order_cancelled").count() == 1
    assert breaches() == []
    assert desk.post(form_url(order, "cancel"), {**WHY, "step": "show"}).status_code == 409


def test_single_articles_are_cancelled_and_their_money_goes_back(desk: Client, outbox: Any) -> None:
    order = paid(outbox, 2, 1)
    first, second = order.lines.order_by("pk")
    before = order.total_minor
    act(desk, order, "cancel_pieces", **WHY, **{f"pieces-{first.pk}": 1})
    order.refresh_from_db()
    first.refresh_from_db()
    assert (first.quantity_cancelled, order.status) == (1, "confirmed")
    assert Refund.objects.get().amount_minor == before - order.total_minor > 0
    outbox.drain()
    assert breaches() == []
    everything = {f"pieces-{first.pk}": 1, f"pieces-{second.pk}": 1}
    whole = desk.post(form_url(order, "cancel_pieces"), {**WHY, **everything, "step": "show"})
    assert whole.status_code == 409 and "stornieren" in whole.content.decode()
    none = desk.post(form_url(order, "cancel_pieces"), {**WHY, "step": "show"})
    assert none.status_code == 422


def test_an_order_that_waits_for_its_money_is_cancelled_too(desk: Client, outbox: Any) -> None:
    order = place_order((in_stock(5), 1), method="prepayment")
    act(desk, order, "cancel", **WHY)
    order.refresh_from_db()
    assert order.status == "cancelled" and not Refund.objects.exists()
    outbox.drain()
    assert breaches() == []


def test_once_somebody_picks_the_screen_says_what_is_possible_instead(desk: Client, outbox: Any) -> None:
    order = paid(outbox, 1)
    pick_everything(PickList.objects.get(order=order), by=make_staff())
    for code in ("cancel", "cancel_pieces"):
        assert desk.post(form_url(order, code), {**WHY, "step": "show"}).status_code in (409, 422)
    text = desk.get(reverse("service:act", args=[order.number])).content.decode()
    assert reverse("dashboard:order-cancel", args=[order.number]) in text
    act(desk, order, "address", **WHY, **_address(order, line1="Neuer Wall 1"))
    assert AddressCorrection.objects.get().new["line1"] == "Neuer Wall 1"


def test_what_sends_back_too_much_waits_for_a_second_person_and_nobody_picks_it(
    desk: Client, clerk: Any, boss: Any, outbox: Any
) -> None:
    ApprovalLimit.objects.create(kind="refund", role="", limit_minor=1_000)
    order = paid(outbox, 1)
    case = make_case(key="c", order=order)
    act(desk, order, "cancel", **WHY, case=case.number)
    asked = Approval.objects.get()
    order.refresh_from_db()
    assert (asked.kind, asked.amount_minor) == ("desk_money", order.total_minor)
    assert order.status == "confirmed" and order.on_hold and not Refund.objects.exists()
    assert asked.title in case.messages.filter(side="note").get().body
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=asked, by=clerk)
    approvals.decline(approval=asked, by=boss, words="Nein")
    order.refresh_from_db()
    assert not order.on_hold and order.status == "confirmed"
    assert "Nein" in desk.get(reverse("service:act", args=[order.number])).content.decode()
    act(desk, order, "cancel", **WHY)
    approvals.approve(approval=Approval.objects.get(state="waiting"), by=boss)
    order.refresh_from_db()
    assert order.status == "cancelled" and not order.on_hold
    assert Refund.objects.get().amount_minor == asked.amount_minor
    assert Remedy.objects.get().approved_by == boss
    outbox.drain()
    assert breaches() == []


def test_a_change_that_somebody_was_faster_with_is_looked_at_again(desk: Client, outbox: Any) -> None:
    order = paid(outbox, 2)
    line = order.lines.get()
    first = desk.post(form_url(order, "cancel"), {**WHY, "step": "show"})
    act(desk, order, "cancel_pieces", **WHY, **{f"pieces-{line.pk}": 1})
    hidden = dict(first.context["carried"])
    late = desk.post(
        form_url(order, "cancel"),
        {**hidden, "step": "do", "seen": first.context["seen"], "token": first.context["token"]},
    )
    assert late.status_code == 409 and Remedy.objects.count() == 1


def _address(order: Order, **other: str) -> dict[str, str]:
    address = ShippingAddress.objects.get(order=order)
    names = ("first_name", "last_name", "line2", "line1", "postcode", "line4")
    return {name: str(getattr(address, name) or "") for name in names} | other


def test_an_address_is_corrected_before_picking_and_the_customer_is_told(desk: Client, outbox: Any) -> None:
    order = paid(outbox, 1)
    case = make_case(key="c", order=order)
    form = desk.get(form_url(order, "address")).context["form"]
    assert form.fields["line1"].initial == order.shipping_address.line1
    wrong = desk.post(form_url(order, "address"), {**WHY, **_address(order, postcode="1"), "step": "show"})
    assert wrong.status_code == 422 and "postcode" in wrong.context["form"].errors
    same = desk.post(form_url(order, "address"), {**WHY, **_address(order), "step": "show"})
    assert same.status_code == 409
    act(desk, order, "address", **WHY, **_address(order, line1="Neuer Wall 1"), case=case.number)
    address = ShippingAddress.objects.get(order=order)
    assert (address.line1, AddressCorrection.objects.get().why) == ("Neuer Wall 1", WHY["words"])
    assert "Neuer Wall 1" in case.messages.filter(side="note").get().body
    outbox.drain()
    assert OutgoingMail.objects.filter(order=order, kind="order_amended").count() == 1
    assert breaches() == []


def half_paid(method: str = "prepayment") -> Order:
    """400.00, of which 300.00 are paid with credit and the rest is waited for."""
    user = make_user()
    give_credit(user, 30_000)
    record = in_stock(5, price_minor=40_000)
    return place_order((record, 1), user=user, method=method, shipping_minor=0, credit_minor=30_000)


def test_cancelling_what_credit_paid_in_part_says_so_and_asks_a_second_person(
    desk: Client, boss: Any, outbox: Any
) -> None:
    order = half_paid()
    outbox.drain()
    page = desk.post(form_url(order, "cancel"), {**WHY, "step": "show"})
    seen, text = page.context["effects"], page.content.decode()
    assert seen.amount_minor == 30_000
    assert "300,00\xa0€ werden sofort Guthaben des Kunden" in text
    assert "Bezahlt ist nichts" not in text
    assert [row.account[:4] for row in seen.rows if row.credit_minor] == ["1706"]
    assert seen.later_rows == []
    own = desk.get(reverse("dashboard:order-cancel", args=[order.number])).content.decode()
    assert "300,00" in own and "werden sofort wieder Guthaben des Kunden" in own
    act(desk, order, "cancel", **WHY)
    order.refresh_from_db()
    assert order.status == "awaiting_payment"
    approvals.approve(approval=Approval.objects.get(), by=boss)
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert Refund.objects.get(payment__order=order).amount_minor == 30_000


def test_no_second_person_cancels_while_a_card_is_charged(desk: Client, boss: Any, outbox: Any) -> None:
    order = half_paid("card")
    outbox.drain()
    act(desk, order, "cancel", **WHY)
    Payment.objects.filter(order=order, method="card").update(intent_id="pi_now")
    with pytest.raises(approvals.CannotRun, match="zahlt gerade mit Karte"):
        approvals.approve(approval=Approval.objects.get(), by=boss)
    order.refresh_from_db()
    assert order.status == "awaiting_payment"
