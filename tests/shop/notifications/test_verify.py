"""Each check holds for a healthy shop and is shown to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from checkout.order.models import Order
from shop.notifications import verify
from shop.notifications.models import OutgoingMail

Ordered = Callable[..., Order]


def test_a_missing_and_a_second_confirmation_are_found(ordered: Ordered) -> None:
    order = ordered()
    check = verify.each_confirmed_order_has_one_confirmation_mail
    assert check() == []
    OutgoingMail.objects.filter(order=order).update(kind="order_link")
    assert check() == [f"order {order.number}: 0 confirmation mails instead of one"]
    OutgoingMail.objects.filter(order=order).update(kind="order_confirmed")
    twin = OutgoingMail.objects.get(order=order)
    twin.pk, twin.source, twin.message_id = None, "twin", "<twin@example.org>"
    twin.save(force_insert=True)
    assert check() == [f"order {order.number}: 2 confirmation mails instead of one"]


def test_a_confirmation_that_is_still_on_its_way_is_no_finding(db: None) -> None:
    from tests.factories.orders import make_country
    from tests.factories.shopping import make_variant, place_order

    make_country()
    place_order((make_variant(), 1), method="invoice")
    assert verify.each_confirmed_order_has_one_confirmation_mail() == []


def test_dead_and_overdue_mails_are_found(ordered: Ordered, clock: Any) -> None:
    ordered()
    assert verify.no_mail_is_dead_or_overdue() == []
    clock.advance(minutes=16)
    (overdue,) = verify.no_mail_is_dead_or_overdue()
    assert "do worker and beat run?" in overdue
    OutgoingMail.objects.update(state="dead", last_error="554 no")
    (dead,) = verify.no_mail_is_dead_or_overdue()
    assert "554 no" in dead
