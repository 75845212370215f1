"""Goods on their way and what else the screen does: returns, a stopped parcel, a block, a mail sent again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from checkout.order.models import Order
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import to_pack
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving.models import Return
from shop.approvals import actions as approvals
from shop.approvals.models import Approval, ApprovalLimit
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.factories.shopping import place_order
from tests.factories.shortages import in_stock, pay
from tests.factories.warehouse import pick_everything
from tests.fulfilment.customer_service.remedies.test_replacement import act, breaches, form_url
from tests.fulfilment.customer_service.returns.test_exchange import other_size, swap
from tests.fulfilment.customer_service.returns.test_exchange_end import accepted
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db
WHY = {"reason": "our_mistake", "words": "Bitte anhalten"}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(
        make_staff(
            "service@example.org",
            *("remedies.use_remedies", "order.view_orders", "order.manage_orders", "cases.view_cases"),
            *("receiving.settle_returns", "notifications.retry_mails", "order.correct_addresses"),
        )
    )
    return client


def packed(outbox: Any) -> tuple[Order, Parcel]:
    order = place_order((in_stock(5), 1))
    pay(order)
    outbox.drain()
    pick_list, person = PickList.objects.get(order=order), make_staff()
    pick_everything(pick_list, by=person)
    waiting = {row.order_line.pk: row.quantity for row in to_pack(pick_list)}
    return order, dispatch.pack(pick_list=pick_list, quantities=waiting, by=person)


def test_goods_may_come_back_under_a_number(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    case = make_case(key="c", order=order, quantities={line.pk: 1})
    page = desk.get(form_url(order, "return"), {"case": case.number})
    assert page.context["form"].fields[f"pieces-{line.pk}"].initial == 1
    done = act(desk, order, "return", **WHY, **{f"pieces-{line.pk}": 1}, case=case.number)
    made = Return.objects.get()
    assert made.number in done.content.decode() and made.state == "authorised"
    assert made.number in case.messages.filter(side="note").get().body
    again = desk.post(form_url(order, "return"), {**WHY, f"pieces-{line.pk}": 2, "step": "show"})
    assert again.status_code == 422, "one of the two is awaited already"
    act(desk, order, "return", **WHY, **{f"pieces-{line.pk}": 1})
    assert Return.objects.count() == 2 and "erwartet" in desk.get(form_url(order, "return")).content.decode()


def test_a_new_size_that_waits_for_the_old_one_ends_its_exchange_when_it_is_released(
    desk: Client, outbox: Any
) -> None:
    order = sent(outbox, 1)
    found = swap(order, other_size(order))
    outbox.drain()
    seen = desk.post(form_url(found.made, "release"), {**WHY, "step": "show"}).context["effects"]
    assert found.returning.number in " ".join(seen.sentences) and seen.amount_minor == 9_990
    act(desk, found.made, "release", **WHY)
    found.refresh_from_db()
    found.made.refresh_from_db()
    assert found.state == "sent" and not found.made.on_hold
    assert Remedy.objects.get().amount_minor == 9_990 and breaches() == []


def test_new_goods_above_the_limit_before_the_old_ones_are_here_wait_for_a_second_person(
    desk: Client, outbox: Any
) -> None:
    ApprovalLimit.objects.create(kind="replacement", role="", limit_minor=9_989)
    order = sent(outbox, 1)
    found = swap(order, other_size(order))
    outbox.drain()
    from_order = desk.post(reverse("dashboard:order-release", args=[found.made.number]))
    assert from_order.status_code == 302 and from_order.url == form_url(found.made, "release")
    act(desk, found.made, "release", **WHY)
    asked = Approval.objects.get()
    found.refresh_from_db()
    assert (asked.kind, asked.amount_minor, found.state) == ("replacement", 9_990, "waiting")
    boss = make_staff("boss@example.org", "remedies.approve_remedies")
    approvals.approve(approval=asked, by=boss)
    found.refresh_from_db()
    found.made.refresh_from_db()
    assert found.state == "sent" and not found.made.on_hold
    assert Remedy.objects.get().approved_by == boss and breaches() == []


def test_what_waits_for_a_second_person_is_not_sent_when_the_money_was_given_meanwhile(
    desk: Client, outbox: Any
) -> None:
    ApprovalLimit.objects.create(kind="replacement", role="", limit_minor=0)
    order = sent(outbox, 1)
    found = swap(order, other_size(order))
    outbox.drain()
    act(desk, found.made, "release", **WHY)
    accepted(outbox, found, "b")
    Settlement.objects.update(state="done")
    boss = make_staff("boss@example.org", "remedies.approve_remedies")
    with pytest.raises(approvals.CannotRun):
        approvals.approve(approval=Approval.objects.get(), by=boss)
    found.refresh_from_db()
    assert found.state == "waiting"


def test_a_packed_parcel_is_stopped_and_the_order_held_until_it_is_released(
    desk: Client, outbox: Any
) -> None:
    order, parcel = packed(outbox)
    act(desk, order, "stop_parcel", **WHY, parcel=parcel.pk)
    parcel.refresh_from_db()
    order.refresh_from_db()
    assert (parcel.state, order.on_hold, order.hold_reason) == ("unpacked", True, "Bitte anhalten")
    with pytest.raises(Exception, match=r"."):
        dispatch.dispatch(parcel=parcel, by=make_staff())
    assert (
        desk.post(form_url(order, "stop_parcel"), {**WHY, "parcel": parcel.pk, "step": "show"}).status_code
        == 422
    )
    act(desk, order, "release", **WHY)
    order.refresh_from_db()
    assert not order.on_hold
    outbox.drain()
    assert outbox.failures() == [] and breaches() == []


def test_what_has_left_is_not_stopped(desk: Client, outbox: Any) -> None:
    order, parcel = packed(outbox)
    first = desk.post(form_url(order, "stop_parcel"), {**WHY, "parcel": parcel.pk, "step": "show"})
    dispatch.dispatch(parcel=parcel, by=make_staff())
    late = desk.post(
        form_url(order, "stop_parcel"),
        {**dict(first.context["carried"]), "step": "do", "seen": first.context["seen"]},
    )
    assert late.status_code == 422 and not Remedy.objects.exists()
    order.refresh_from_db()
    assert not order.on_hold


def test_an_order_is_blocked_once(desk: Client, outbox: Any) -> None:
    order = place_order((in_stock(5), 1))
    pay(order)
    outbox.drain()
    act(desk, order, "hold", **WHY)
    order.refresh_from_db()
    assert order.on_hold
    assert desk.post(form_url(order, "hold"), {**WHY, "step": "show"}).status_code == 409
    text = desk.get(reverse("service:act", args=[order.number])).content.decode()
    story = desk.get(reverse("dashboard:order", args=[order.number])).context["timeline"]
    assert [event["text"] for event in story if event["title"] == "Bestellung sperren"] == ["Bitte anhalten"]
    assert "Bitte anhalten" in text and form_url(order, "address") in text


def test_a_mail_goes_out_again_word_for_word_with_its_files(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    first = OutgoingMail.objects.get(order=order, kind="invoice_issued")
    done = act(desk, order, "resend", **WHY, mail=first.pk)
    copy = OutgoingMail.objects.get(source__contains=":copy:")
    assert (copy.subject, copy.text, copy.recipient) == (first.subject, first.text, order.email)
    assert list(copy.attachments.values_list("source", "name")) == list(
        first.attachments.values_list("source", "name")
    )
    assert copy.subject in done.content.decode()
    confirmation = OutgoingMail.objects.get(order=order, kind="order_confirmed")
    act(desk, order, "resend", **WHY, mail=confirmation.pk)
    outbox.drain()
    assert breaches() == []
    other = sent(outbox, 1)
    foreign = OutgoingMail.objects.filter(order=other).first()
    answer = desk.post(form_url(order, "resend"), {**WHY, "mail": foreign.pk, "step": "show"})
    assert answer.status_code == 422


def test_a_role_sees_only_what_it_may_do(client: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    client.force_login(make_staff("finance@example.org", "remedies.use_remedies"))
    assert client.get(form_url(order, "hold")).status_code == 403
    assert client.post(form_url(order, "resend"), {**WHY, "step": "do"}).status_code == 403
    text = client.get(reverse("service:act", args=[order.number])).content.decode()
    assert "Ihre Rolle darf das nicht" in text and form_url(order, "address") not in text
