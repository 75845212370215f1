"""Staff change an order: consequences first, a reason, limits, and the shopper told; by the shopper's own actions."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from checkout.order.models import Order
from checkout.payment.models import Payment, Refund
from fulfilment.customer_service.changes.models import ADDRESS, PIECES, STAFF, OrderChange
from fulfilment.customer_service.changes.states import LAPSED
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickList
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun
from shop.approvals.models import Approval
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from tests.factories.changes import changed, ordered
from tests.factories.people import make_staff
from tests.factories.shopping import make_user
from tests.factories.shortages import in_stock

pytestmark = pytest.mark.django_db


def page_of(order: Order) -> str:
    return reverse("dashboard:order-change", args=[order.number])


def text_of(answer: Any) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


def confirmed(client: Client, order: Order, reason: str = "Kundin rief an", **data: Any) -> Any:
    seen = client.post(page_of(order), {**data, "step": "preview"})
    assert seen.status_code == 200, text_of(seen)
    last = {
        **data,
        "step": "confirm",
        "reason": reason,
        "token": seen.context["token"],
        "seen": seen.context["seen"].after_minor,
    }
    return client.post(page_of(order), last, follow=True)


def breaches() -> list[str]:
    return [f"{f.room}: {f.name}: {b}" for f in verify() for b in f.breaches if f.room != "notifications"]


def approver() -> Any:
    return make_staff("leitung@example.org", "payment.approve_refunds", "approvals.view_approvals")


def test_staff_take_pieces_out_and_say_why(service: Client, outbox: Any) -> None:
    shoe = in_stock(5, price_minor=5_000)
    order = ordered(outbox, (shoe, 3))
    assert page_of(order) in service.get(reverse("dashboard:order", args=[order.number])).content.decode()
    assert service.get(page_of(order)).status_code == 200
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 1}
    text = text_of(service.post(page_of(order), {**wish, "step": "preview"}))
    for part in (
        "2 reservierte Stücke",
        "Ihre Picklisten folgen",
        "100,00",
        "Kartenverrechnung",
        f"E-Mail: {order.email}",
    ):
        assert part in text, part
    assert text_of(confirmed(service, order, reason=" ", **wish)).count("Grund")
    assert not OrderChange.objects.exists()

    answer = confirmed(service, order, **wish)
    assert f"Bestellung {order.number} ist geändert." in text_of(answer)
    story = text_of(service.get(reverse("dashboard:order", args=[order.number])))
    assert "Geändert, bevor gepickt wurde" in story and "Kundin rief an" in story
    row = OrderChange.objects.get()
    assert (row.kind, row.voice, row.why) == (PIECES, STAFF, "Kundin rief an")
    assert row.by is not None
    assert Refund.objects.get().requested_by == row.by
    outbox.drain()
    assert "Wir haben Ihre Bestellung" in OutgoingMail.objects.get(kind="order_amended").text
    assert breaches() == []


def test_more_than_one_person_may_give_back_waits_for_another(service: Client, outbox: Any) -> None:
    shoe = in_stock(9, price_minor=15_000)
    order = ordered(outbox, (shoe, 3))
    wish = {"kind": "pieces", f"line-{order.lines.get().pk}": 1}
    seen = service.post(page_of(order), {**wish, "step": "preview"})
    assert "braucht eine zweite Person" in text_of(seen)
    confirmed(service, order, **wish)
    order.refresh_from_db()
    request = Approval.objects.get(kind="order_change")
    assert (order.total_minor, order.on_hold, Refund.objects.count()) == (45_490, True, 0)
    assert request.amount_minor == 30_000
    shown = text_of(service.get(reverse("dashboard:order", args=[order.number])))
    assert " ".join(request.title.split()) in shown

    approvals.approve(approval=request, by=approver())
    order.refresh_from_db()
    assert (order.total_minor, order.on_hold, Refund.objects.get().amount_minor) == (15_490, False, 30_000)
    assert OrderChange.objects.get().by == request.requested_by
    outbox.drain()
    assert breaches() == []


def test_declined_the_order_goes_on_as_it_was(service: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(9, price_minor=15_000), 3))
    confirmed(service, order, kind="pieces", **{f"line-{order.lines.get().pk}": 1})
    approvals.decline(approval=Approval.objects.get(kind="order_change"), by=approver(), words="nein")
    order.refresh_from_db()
    assert (order.total_minor, order.on_hold) == (45_490, False)
    assert not OrderChange.objects.exists()


def test_what_the_customer_did_meanwhile_is_not_sent_back_twice(service: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(9, price_minor=15_000), 3))
    line = order.lines.get()
    confirmed(service, order, kind="pieces", **{f"line-{line.pk}": 1})
    changed(order, pieces={line.pk: 2}, key="k2")
    approvals.approve(approval=Approval.objects.get(kind="order_change"), by=approver())
    order.refresh_from_db()
    assert (order.total_minor, order.on_hold) == (15_490, False)
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [15_000, 15_000]
    outbox.drain()
    assert breaches() == []


def test_what_cannot_be_done_any_more_is_not_approved(service: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(9, price_minor=15_000), 3))
    confirmed(service, order, kind="pieces", **{f"line-{order.lines.get().pk}": 1})
    Order.objects.update(on_hold=False)
    picking.start(pick_list=PickList.objects.get(order=order), by=make_user(is_staff=True))
    request = Approval.objects.get(kind="order_change")
    with pytest.raises(CannotRun, match="packen"):
        approvals.approve(approval=request, by=approver())
    request.refresh_from_db()
    assert (request.state, Refund.objects.count()) == ("waiting", 0)


def test_staff_ask_the_customer_for_the_difference_and_may_drop_it(service: Client, outbox: Any) -> None:
    shoe = in_stock(9, price_minor=5_000)
    order = ordered(outbox, (shoe, 1))
    answer = confirmed(service, order, kind="pieces", **{f"line-{order.lines.get().pk}": 2})
    assert "per Mail gebeten, den Unterschied zu zahlen" in text_of(answer)
    assert Payment.objects.get(supplement=True).amount_minor == 5_000
    outbox.drain()
    assert "Bitte zahlen Sie den Unterschied" in OutgoingMail.objects.get(kind="order_amended").text
    assert "Diese Änderung verwerfen" in text_of(service.get(page_of(order)))
    assert "ist verworfen" in text_of(service.post(page_of(order), {"kind": "drop"}, follow=True))
    assert OrderChange.objects.get().state == LAPSED
    outbox.drain()
    order.refresh_from_db()
    assert not order.on_hold
    assert breaches() == []


def test_an_address_needs_the_right_to_correct_it(service: Client, outbox: Any, client: Client) -> None:
    order = ordered(outbox, (in_stock(5), 1))
    address = {
        "kind": "address", "first_name": "Erika", "last_name": "Beispiel", "line1": "Neuer Weg 5", "line2": "",
        "line4": "Hamburg", "postcode": "22765",
    }  # fmt: skip
    client.force_login(make_staff("ohne@example.org", "order.view_orders", "order.manage_orders"))
    assert "Neuer Weg" not in client.get(page_of(order)).content.decode()
    assert client.post(page_of(order), {**address, "step": "preview"}).status_code == 400
    confirmed(service, order, **address)
    order.shipping_address.refresh_from_db()
    assert order.shipping_address.line1 == "Neuer Weg 5"
    assert OrderChange.objects.get().kind == ADDRESS


def test_after_picking_began_staff_are_told_so(service: Client, outbox: Any) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    picking.start(pick_list=PickList.objects.get(order=order), by=make_user(is_staff=True))
    answer = service.get(page_of(order))
    assert "Jetzt nicht möglich" in text_of(answer)
    assert 'value="preview"' not in answer.content.decode()
    late = {"kind": "pieces", f"line-{order.lines.get().pk}": 1, "step": "preview"}
    assert service.post(page_of(order), late).status_code == 409


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"kind": "cancel", "step": "preview"}, 400),
        ({"kind": "pieces", "step": "preview"}, 422),
        ({"kind": "pieces", "step": "confirm", "line-{line}": "1"}, 400),
        ({"kind": "delivery", "step": "preview", "delivery": "rocket"}, 422),
    ],
)
def test_nonsense_is_answered_in_words(
    service: Client, outbox: Any, data: dict[str, str], status: int
) -> None:
    order = ordered(outbox, (in_stock(5), 2))
    line = order.lines.get()
    sent = {name.format(line=line.pk): value for name, value in data.items()}
    assert service.post(page_of(order), sent).status_code == status
    assert not OrderChange.objects.exists()
    assert service.get(reverse("dashboard:order-change", args=["K0"])).status_code == 404


def test_the_page_asks_the_database_the_same_for_many_lines(service: Client, outbox: Any) -> None:
    few = ordered(outbox, (in_stock(5), 1))
    many = ordered(outbox, *[(in_stock(5), 2) for _ in range(8)])
    service.get(page_of(few))
    counts = []
    for order in (few, many):
        with CaptureQueriesContext(connection) as seen:
            service.get(page_of(order))
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 30, counts
