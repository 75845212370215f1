"""The orders room: found, understood on one page, cancelled with its consequences, held, confirmed again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalogue.partner.models import StockRecord
from checkout.order.models import Order
from checkout.payment.actions import receive_transfer
from checkout.payment.models import CustomerCredit, Payment, Refund
from checkout.payment.stripe_client import ProviderDown
from fulfilment.warehouse.picking.models import PickList
from shop.dashboard import order_verbs
from shop.dashboard.models import StaffAction
from shop.kernel.models import AppendOnlyError
from shop.notifications.models import OutgoingMail
from shop.notifications.verify import each_confirmed_order_has_one_confirmation_mail
from tests.factories.people import make_staff
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.stock import make_bin, make_stockrecord
from tests.factories.warehouse import send_everything

pytestmark = pytest.mark.django_db
NAUGHTY = [
    "'; DROP TABLE order_order;--",
    "%",
    "\\",
    "😀" * 30,
    "<script>alert(1)</script>",
    "9" * 99,
    "Ω≈ç√ ‮",
]


def page(order: Order, name: str = "order") -> str:
    return reverse(f"dashboard:{name}", args=[order.number])


def paid_order(record: StockRecord | None = None, pieces: int = 2) -> Order:
    """An order by prepayment whose money has arrived."""
    order = place_order((record or make_variant(price_minor=5_000), pieces), method="prepayment")
    receive_transfer(payment=Payment.objects.get(order=order), amount_minor=order.total_minor, reference="t1")
    order.refresh_from_db()
    return order


def found(client: Client, **query: str) -> set[str]:
    answer = client.get(reverse("dashboard:orders"), query)
    assert answer.status_code == 200
    return {order.number for order in answer.context["page"]}


def test_orders_are_found_by_number_address_name_and_sku(service: Client) -> None:
    order = place_order((make_variant(sku="ELB-42"), 1), email="Hanna@example.org")
    place_order((make_variant(sku="MOOR-1"), 1), email="otto@example.org")
    for words in (order.number, "hanna", "beispiel ELB-42", "elb"):
        assert order.number in found(service, q=words), words
    assert found(service, q="elb") == {order.number}
    assert found(service, q="gibt es nicht") == set()


def test_filters_stay_and_narrow_the_list(service: Client, clock: Any) -> None:
    clock.stop()
    unpaid = place_order((make_variant(), 1), method="prepayment")
    paid = paid_order()
    assert found(service, state="awaiting_payment") == {unpaid.number}
    assert found(service, payment="card") == set()
    order_verbs.hold(order=paid, why="address", by=None)
    assert found(service, hold="yes") == {paid.number}
    order_verbs.release(order=paid, by=None)
    assert found(service, state="late") == set()
    clock.advance(days=2)
    assert found(service, state="late") == {paid.number}
    backwards = {"first": "2026-02-01", "last": "2026-01-01"}
    assert service.get(reverse("dashboard:orders"), backwards).status_code == 400


def test_the_list_as_a_file_runs_no_formula(service: Client) -> None:
    order = place_order((make_variant(), 1))
    order.billing_address.first_name = "=cmd()"
    order.billing_address.save()
    sheet = service.get(reverse("dashboard:orders"), {"format": "csv"}).content.decode()
    assert order.number in sheet
    assert "'=cmd()" in sheet


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_words_find_nothing_and_break_nothing(text: str, service: Client) -> None:
    assert service.get(reverse("dashboard:orders"), {"q": text[:100]}).status_code == 200
    query = {
        "q": text,
        "state": text,
        "payment": text,
        "hold": text,
        "page": text,
        "sort": text,
        "first": text,
    }
    assert service.get(reverse("dashboard:orders"), query).status_code == 400


def test_an_order_of_nobody_is_not_found(service: Client) -> None:
    assert service.get(reverse("dashboard:order", args=["K0"])).status_code == 404
    assert service.post(reverse("dashboard:order-cancel", args=["K0"]), {"reason": "x"}).status_code == 404


def test_the_page_tells_the_whole_story(service: Client, outbox: Any) -> None:
    record = make_stockrecord(bins={"A-01": 5})
    make_bin("PACK", kind="packing")
    order = paid_order(record)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=make_staff("lager@example.org"))
    outbox.drain()
    answer = service.get(page(order))
    text = answer.content.decode()
    times = [event["at"] for event in answer.context["timeline"]]
    assert times == sorted(times)
    assert {"basket", "euro", "scan", "truck", "link", "mail", "invoice"} <= {
        event["icon"] for event in answer.context["timeline"]
    }
    assert "warehouse." in text or "picking." in text
    invoice, parcel = order.invoices.get(), order.parcels.get()
    assert invoice.number in text
    assert parcel.number in text
    assert order.correlation_id in text
    mails = OutgoingMail.objects.filter(order=order)
    assert len(mails) >= 2
    for mail in mails:
        assert reverse("notifications:detail", args=[mail.pk]) in text


def test_the_page_costs_the_same_for_one_and_twenty_lines(service: Client, outbox: Any) -> None:
    small = place_order((make_variant(), 1), method="prepayment")
    large = place_order(*[(make_variant(), 1) for _ in range(20)], method="prepayment")
    outbox.drain()
    service.get(page(small))
    with CaptureQueriesContext(connection) as one:
        service.get(page(small))
    with CaptureQueriesContext(connection) as twenty:
        service.get(page(large))
    assert len(twenty) == len(one) <= 25


def test_the_list_costs_the_same_for_one_and_thirty_orders(service: Client) -> None:
    place_order((make_variant(), 1), method="prepayment")
    service.get(reverse("dashboard:orders"))
    with CaptureQueriesContext(connection) as one:
        service.get(reverse("dashboard:orders"))
    for _ in range(29):
        place_order((make_variant(), 1), method="prepayment")
    with CaptureQueriesContext(connection) as many:
        service.get(reverse("dashboard:orders"))
    assert len(many) == len(one) <= 10


def test_cancelling_says_first_what_will_happen(service: Client) -> None:
    order = paid_order()
    answer = service.get(page(order, "order-cancel"))
    consequences = answer.context["consequences"]
    assert consequences.pieces_freed == 2
    assert consequences.refund_transfer_minor == order.total_minor
    assert "104,90" in answer.content.decode()
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_cancelling_frees_the_stock_and_sends_the_money_back(service: Client) -> None:
    record = make_variant(price_minor=5_000)
    order = paid_order(record)
    assert service.post(page(order, "order-cancel"), {"reason": "customer called"}).status_code == 302
    order.refresh_from_db()
    record.refresh_from_db()
    assert (order.status, record.num_allocated) == ("cancelled", 0)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.requested_by.email) == (order.total_minor, "service@example.org")
    assert "customer called" in service.get(page(order)).content.decode()


def test_cancelling_needs_a_reason_and_works_once(service: Client) -> None:
    order = paid_order()
    assert service.post(page(order, "order-cancel"), {"reason": ""}).status_code == 400
    service.post(page(order, "order-cancel"), {"reason": "x"})
    service.post(page(order, "order-cancel"), {"reason": "x"})
    assert Refund.objects.count() == 1


def test_an_order_waiting_for_money_is_closed_at_the_provider_first(
    service: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place_order((make_variant(), 1))

    def down(**_: Any) -> bool:
        raise ProviderDown("no route")

    with monkeypatch.context() as patch:
        patch.setattr(order_verbs, "close_unpaid", down)
        assert service.post(page(order, "order-cancel"), {"reason": "x"}).status_code == 409
    order.refresh_from_db()
    assert order.status == "awaiting_payment"
    assert service.post(page(order, "order-cancel"), {"reason": "x"}).status_code == 302
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert Payment.objects.get(order=order).state == "cancelled"


def test_an_order_that_was_paid_meanwhile_is_not_cancelled(
    service: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = place_order((make_variant(), 1))
    monkeypatch.setattr(order_verbs, "close_unpaid", lambda **_: False)
    answer = service.post(page(order, "order-cancel"), {"reason": "x"})
    assert answer.status_code == 409
    assert answer.context["problem"]


def test_what_has_left_the_house_is_not_cancelled(service: Client) -> None:
    order = paid_order()
    order.lines.update(quantity_dispatched=1)
    assert service.get(page(order, "order-cancel")).status_code == 302
    service.post(page(order, "order-cancel"), {"reason": "x"})
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert (
        reverse("dashboard:order-cancel", args=[order.number])
        not in service.get(page(order)).content.decode()
    )


def test_a_hold_stops_the_order_with_a_reason_until_it_is_released(service: Client) -> None:
    order = paid_order()
    assert service.post(page(order, "order-hold"), {"reason": ""}).status_code == 400
    service.post(page(order, "order-hold"), {"reason": "address <b>unclear</b>"})
    order.refresh_from_db()
    assert order.on_hold
    text = service.get(page(order)).content.decode()
    assert "address &lt;b&gt;unclear&lt;/b&gt;" in text
    service.post(page(order, "order-release"))
    order.refresh_from_db()
    assert not order.on_hold
    deeds = StaffAction.objects.filter(subject_id=order.pk)
    assert [deed.what for deed in deeds] == ["hold", "release_hold"]
    assert deeds[0].by.email == "service@example.org"


def test_what_staff_did_is_never_changed_or_deleted(service: Client) -> None:
    order = paid_order()
    order_verbs.hold(order=order, why="x", by=None)
    deed = StaffAction.objects.get()
    with pytest.raises(AppendOnlyError):
        deed.save()
    with pytest.raises(AppendOnlyError):
        deed.delete()


def test_the_confirmation_goes_out_again_as_a_copy_and_the_books_of_mail_still_add_up(
    service: Client, outbox: Any
) -> None:
    order = paid_order()
    outbox.drain()
    first = OutgoingMail.objects.get(order=order, kind="order_confirmed")
    OutgoingMail.objects.filter(pk=first.pk).update(state=OutgoingMail.DONE)
    for _ in range(2):  # a second click sends nothing more
        assert service.post(page(order, "order-resend")).status_code == 302
    copies = OutgoingMail.objects.filter(order=order, kind="order_confirmed").exclude(pk=first.pk)
    assert [copy.subject for copy in copies] == [first.subject]
    assert each_confirmed_order_has_one_confirmation_mail() == []


def test_a_confirmation_that_failed_is_tried_again_instead_of_copied(service: Client, outbox: Any) -> None:
    order = paid_order()
    outbox.drain()
    OutgoingMail.objects.filter(order=order).update(state=OutgoingMail.DEAD, attempts=12)
    service.post(page(order, "order-resend"))
    mail = OutgoingMail.objects.get(order=order, kind="order_confirmed")
    assert mail.state == OutgoingMail.PENDING


def test_an_order_without_a_contract_has_nothing_to_confirm(service: Client) -> None:
    order = place_order((make_variant(), 1))
    service.post(page(order, "order-resend"))
    assert not OutgoingMail.objects.filter(kind="order_confirmed").exists()


def test_accounting_looks_but_does_not_touch(as_role: Callable[[str], Client]) -> None:
    order = paid_order()
    client = as_role("finance")
    text = client.get(page(order)).content.decode()
    assert page(order, "order-cancel") not in text
    assert client.post(page(order, "order-cancel"), {"reason": "x"}).status_code == 403


def test_purchase_on_account_is_released_and_blocked_with_a_reason(as_role: Callable[[str], Client]) -> None:
    client, person = as_role("finance"), make_user("anna@example.org", first_name="Anna")
    url = reverse("dashboard:customer", args=[person.pk])
    assert client.get(url).status_code == 200
    assert client.post(f"{url}release/", {"reason": ""}).status_code == 400
    client.post(f"{url}release/", {"reason": "long known"})
    assert CustomerCredit.objects.get(user=person).released
    client.post(f"{url}block/", {"reason": "two returns unpaid"})
    credit = CustomerCredit.objects.get(user=person)
    assert (credit.blocked, credit.block_reason, credit.released) == (True, "two returns unpaid", True)
    client.post(f"{url}unblock/", {"reason": "settled"})
    assert not CustomerCredit.objects.get(user=person).blocked
    text = client.get(url).content.decode()
    assert "long known" in text
    assert "settled" in text
    assert as_role("service").post(f"{url}release/", {"reason": "x"}).status_code == 403


def test_staff_are_no_customers_and_customers_are_found(service: Client) -> None:
    anna = make_user("anna@example.org", first_name="Anna", last_name="Petersen")
    staff = make_staff("lager@example.org")
    answer = service.get(reverse("dashboard:customers"), {"q": "anna petersen"})
    assert [person.pk for person in answer.context["page"]] == [anna.pk]
    assert service.get(reverse("dashboard:customer", args=[staff.pk])).status_code == 404
    assert service.get("/dashboard/customers/" + "9" * 30 + "/").status_code == 404
