"""A dearer size: kept at once, its difference paid first, invoiced when it leaves, and given back with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from checkout.order import access
from checkout.order.actions import cancel
from checkout.order.models import Order
from checkout.payment.actions.capture import capture
from checkout.payment.models import Payment, Refund
from checkout.payment.tasks import expire
from fulfilment.customer_service.returns import actions, exchange, exchange_end
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.customer_service.returns.plan import TooMuchKept
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.finance.ledger.models import Entry
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.invariants import verify
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.shortages import pay
from tests.factories.warehouse import send_everything

from .test_exchange import other_size, swap
from .test_settlements import come_back, sent

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def breaches() -> list[str]:
    """Of all rooms but the mails', which wait for a worker when the clock is put on."""
    return [b for finding in verify() if finding.room != "notifications" for b in finding.breaches]


def dearer(outbox: Any, pieces: int = 1, **options: Any) -> tuple[Order, Exchange]:
    """An order of which ``pieces`` are exchanged for a size that costs 10.01 more each; nothing is paid yet."""
    order = sent(outbox, pieces)
    made = swap(order, other_size(order, price_minor=10_991), pieces, **options)
    return order, made


def paid(outbox: Any, made: Exchange) -> None:
    pay(made.made)
    outbox.drain()
    assert outbox.failures() == []
    made.refresh_from_db()
    made.made.refresh_from_db()


def here(outbox: Any, order: Order, made: Exchange, pieces: int = 1, grade: str = "a") -> Settlement:
    returning = Return.objects.get(pk=made.returning_id)
    return come_back(outbox, returning, {order.lines.get().partner_sku: pieces}, grade=grade)


def leave(outbox: Any, made: Exchange) -> None:
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    assert outbox.failures() == []
    made.made.refresh_from_db()


def test_the_difference_is_paid_first_and_invoiced_with_its_vat_when_the_size_leaves(outbox: Any) -> None:
    order, made = dearer(outbox, 2)
    outbox.drain()
    record = made.made.lines.get().stockrecord
    assert (made.made.status, made.made.total_minor, made.more_minor) == ("awaiting_payment", 2_002, 2_002)
    assert record.num_allocated == 2 and made.made.on_hold
    asked = OutgoingMail.objects.get(order=made.made)
    assert asked.kind == "order_pay_link" and "20,02" in asked.text
    assert not hasattr(Return.objects.get(pk=made.returning_id), "authorisation"), "told when it is paid"
    paid(outbox, made)
    assert (made.made.status, made.made.on_hold, made.state) == ("confirmed", True, "waiting")
    assert Return.objects.get(pk=made.returning_id).authorisation.payer == "customer"
    assert "20,02" in OutgoingMail.objects.get(order=made.made, kind="order_confirmed").text
    here(outbox, order, made, 2)
    leave(outbox, made)
    invoice = Invoice.objects.get(order=made.made)
    line = invoice.lines.get()
    assert (invoice.gross_minor, invoice.open_minor, invoice.vat_minor) == (2_002, 0, 320)
    assert (line.gross_minor, line.discount_minor) == (2_002, 19_980)
    assert Invoice.objects.claims().get(order=order).number in line.discount_reason
    assert not Invoice.objects.filter(kind=CREDIT_NOTE).exists() and not Refund.objects.exists()
    assert breaches() == []


def test_nobody_pays_so_the_exchange_lapses_and_the_size_is_free(outbox: Any, clock: Any) -> None:
    order, made = dearer(outbox)
    outbox.drain()
    clock.advance(minutes=31)
    assert expire() == 1
    outbox.drain()
    record = made.made.lines.get().stockrecord
    record.refresh_from_db()
    made.refresh_from_db()
    assert (made.state, record.num_allocated) == ("called_off", 0)
    assert Return.objects.get().state == "expired" and exchange.options(order)
    assert "behalten" in OutgoingMail.objects.get(order=made.made, kind="order_cancelled").text
    # money that comes late goes back as a whole: the exchange is over, the old piece stays where it is
    payment = Payment.objects.get(order=made.made)
    Payment.objects.filter(pk=payment.pk).update(state="created", intent_id="pi_late")
    payment.refresh_from_db()
    capture(payment=payment, reference="pi_late", why="paid by card")
    outbox.drain()
    made.made.refresh_from_db()
    assert (made.made.status, Refund.objects.get().amount_minor) == ("cancelled", 1_001)
    assert breaches() == []


def test_the_old_piece_never_comes_so_the_difference_goes_back(outbox: Any, clock: Any) -> None:
    order, made = dearer(outbox)
    outbox.drain()
    paid(outbox, made)
    clock.advance(days=23)
    assert exchange_end.call_off_late() == 1
    outbox.drain()
    made.refresh_from_db()
    made.made.refresh_from_db()
    assert (made.state, made.made.status) == ("called_off", "cancelled")
    assert Refund.objects.get().amount_minor == 1_001 and exchange.options(order)
    assert breaches() == []


@pytest.mark.parametrize("kept", [0, 9_990, 10_500])
def test_the_new_piece_comes_back_and_all_that_was_paid_for_it_goes_back(outbox: Any, kept: int) -> None:
    order, made = dearer(outbox, 2)
    outbox.drain()
    paid(outbox, made)
    here(outbox, order, made, 2)
    leave(outbox, made)
    own = made.made.lines.get()
    again = dock.open_at_dock(order=made.made, by=make_staff())
    found = come_back(outbox, again, {own.partner_sku: 1})
    with pytest.raises(TooMuchKept) as caught:
        actions.plan_of(found, kept={own.pk: 10_992})
    assert (caught.value.line_id, caught.value.value_minor) == (own.pk, 10_991)
    plan = actions.plan_of(found, kept={own.pk: kept})
    assert (plan.credit_minor, plan.refund_minor, plan.missing) == (10_991 - kept, 10_991 - kept, {})
    done = actions.carry_out(
        settlement=found, kept={own.pk: kept}, kept_why="worn", with_shipping=False,
        seen_minor=(plan.credit_minor, plan.refund_minor), by=make_staff("boss@example.org", is_superuser=True),
    )  # fmt: skip
    assert done.settlement is not None
    outbox.drain()
    assert Refund.objects.aggregate(sum=Sum("amount_minor"))["sum"] == 10_991 - kept
    last = come_back(outbox, dock.open_at_dock(order=made.made, by=make_staff()), {own.partner_sku: 1})
    rest = actions.plan_of(last, with_shipping=True)
    assert rest.credit_minor == 10_991 + 490
    boss = make_staff("boss2@example.org", is_superuser=True)
    actions.carry_out(
        settlement=last, kept={}, kept_why="", with_shipping=True,
        seen_minor=(rest.credit_minor, rest.refund_minor), by=boss,
    )  # fmt: skip
    outbox.drain()
    credited = Invoice.objects.filter(kind=CREDIT_NOTE).aggregate(
        gross=Sum("gross_minor"), vat=Sum("vat_minor")
    )
    claims = Invoice.objects.claims().aggregate(gross=Sum("gross_minor"), vat=Sum("vat_minor"))
    assert credited["gross"] == claims["gross"] - kept
    if not kept:
        assert credited == claims, "credit notes add up to the invoices, with the tax"
    assert Refund.objects.aggregate(sum=Sum("amount_minor"))["sum"] == claims["gross"] - kept
    assert outbox.failures() == [] and breaches() == []


def test_an_old_piece_that_is_here_before_the_money_waits_for_it(outbox: Any, clock: Any) -> None:
    order, made = dearer(outbox)
    outbox.drain()
    settlement = here(outbox, order, made)
    made.refresh_from_db()
    assert (settlement.state, settlement.waits_because, made.state) == ("proposed", "exchange", "waiting")
    with pytest.raises(exchange_end.NotReleased):
        exchange_end.release(order=made.made, by=make_staff(is_superuser=True), why="good customer")
    clock.advance(minutes=31)
    assert expire() == 1
    outbox.drain()
    settlement.refresh_from_db()
    assert (settlement.state, settlement.waits_because) == ("proposed", "cancelled")
    assert actions.plan_of(settlement).credit_minor == 9_990
    assert breaches() == []


def test_traces_leave_it_to_a_person_who_cancels_and_the_difference_goes_back(outbox: Any) -> None:
    order, made = dearer(outbox)
    outbox.drain()
    paid(outbox, made)
    settlement = here(outbox, order, made, grade="b")
    made.refresh_from_db()
    assert (settlement.state, made.state) == ("proposed", "waiting")
    cancel(order=made.made, by=make_staff(), why="worn")
    outbox.drain()
    assert Refund.objects.get().amount_minor == 1_001
    made.refresh_from_db()
    assert made.state == "called_off" and breaches() == []


def test_what_a_page_said_that_is_to_be_paid_holds_and_a_double_click_pays_once(outbox: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order, price_minor=10_991)
    with pytest.raises(exchange.NotExchanged):
        swap(order, record, seen_more_minor=1_000)
    made = swap(order, record, seen_minor=0, seen_more_minor=1_001)
    assert swap(order, record).pk == made.pk and Payment.objects.filter(order=made.made).count() == 1


def test_a_few_cents_are_transferred_and_staff_give_two_days(outbox: Any) -> None:
    order = sent(outbox, 2)
    few = swap(order, other_size(order, price_minor=10_000))
    payment = Payment.objects.get(order=few.made)
    assert (payment.method, payment.amount_minor) == ("prepayment", 10)
    more = swap(
        order, other_size(order, "44", price_minor=10_991), key="x" * 24, by_staff=True, by=make_staff()
    )
    payment = Payment.objects.get(order=more.made)
    assert payment.method == "card" and payment.expires_at is not None
    assert payment.expires_at - payment.created_at > dt.timedelta(hours=47)
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="order_pay_link").count() == 2 and breaches() == []


def test_turnover_and_cost_are_those_of_the_dearer_size(outbox: Any) -> None:
    order, made = dearer(outbox)
    outbox.drain()
    paid(outbox, made)
    here(outbox, order, made)
    leave(outbox, made)
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert "goods_replaced" not in kinds, "it was sold, not given under warranty"


# ---- pages -----------------------------------------------------------------------------------------------------------


def chosen(order: Order, made_of: Any) -> dict[str, str]:
    line = order.lines.get()
    return {f"size-{line.pk}": str(made_of.pk), f"pieces-{line.pk}": "1"}


def test_the_customer_is_told_the_difference_before_and_led_to_the_pay_page(
    outbox: Any, client: Client
) -> None:
    order = sent(outbox, 1)
    want = chosen(order, other_size(order, price_minor=10_991))
    url = reverse("orders:exchange", args=[order.number])
    client.get(access.link(order, base=""))
    assert "10,01" in client.get(url).content.decode(), "it stands beside the size"
    seen = client.post(url, {**want, "step": "show"})
    words = seen.content.decode()
    assert "Aufpreis bezahlen" in words and 'name="more" value="1001"' in words and "von selbst" in words
    sure = {**want, "step": "do", "token": seen.context["token"], "back": "0"}
    assert [client.post(url, {**sure, "more": text}).status_code for text in ("0", "-1", "x")] == [409] * 3
    assert not Exchange.objects.exists()
    done = client.post(url, {**sure, "more": "1001"})
    made = Exchange.objects.get().made
    assert done.status_code == 302 and made.number in done.url  # type: ignore[attr-defined]
    page = client.get(reverse("orders:detail", args=[made.number])).content.decode()
    assert "Ihr Umtausch" in page and reverse("checkout:pay", args=[made.number]) in page
    first = client.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert "Aufpreis zu bezahlen" in first and reverse("orders:detail", args=[made.number]) in first
    client.post(reverse("checkout:pay-otherwise", args=[made.number]), {"payment": "prepayment"})
    outbox.drain()
    assert OutgoingMail.objects.filter(order=made, kind="order_pay_link").count() == 2, "card, then transfer"
    assert "IBAN" in client.get(reverse("orders:detail", args=[made.number])).content.decode()
    assert client.get(reverse("orders:exchange", args=[made.number])).status_code == 200


def test_staff_see_what_is_asked_for_and_that_it_waits(outbox: Any, client: Client) -> None:
    order = sent(outbox, 1)
    want = chosen(order, other_size(order, price_minor=10_991))
    client.force_login(make_staff("service@example.org", "cases.handle_cases", "order.view_orders"))
    url = reverse("service:exchange", args=[order.number])
    seen = client.post(url, {**want, "step": "show"})
    assert "10,01" in seen.content.decode() and "48 Stunden" in seen.content.decode()
    sure = {**want, "step": "do", "token": seen.context["token"], "back": "0", "more": "1001"}
    page = client.post(url, sure, follow=True).content.decode()
    assert "Link zum Bezahlen" in page and "günstigere Stücke" in page
