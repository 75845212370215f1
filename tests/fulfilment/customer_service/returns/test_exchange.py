"""Another size: kept at once, sent when the old one is here; a cheaper one gives back (dearer: another file)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import ProtectedError, Sum
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from catalogue.models import Product
from catalogue.partner.models import StockRecord
from checkout.order import access
from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.returns import actions, exchange, exchange_end, verify
from fulfilment.customer_service.returns.models import Exchange, Settlement
from fulfilment.customer_service.returns.plan import TooMuchKept
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.stock import actions as stock
from shop.dashboard import order_verbs
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins
from tests.factories.stock import make_bin
from tests.factories.warehouse import send_everything

from .test_settlements import _verified, come_back, sent, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
KEY = "k" * 24


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


def other_size(order: Order, size: str = "43", *, price_minor: int = 9_990, pieces: int = 3) -> StockRecord:
    """The same model and colour in another size, in stock."""
    line = order.lines.get()
    old = line.stockrecord
    child = Product.objects.create(
        structure="child", parent=line.product.parent, colour=line.product.colour, size=size,
        weight_g=900, vat_class=line.product.vat_class,
    )  # fmt: skip
    record = StockRecord.objects.create(
        product=child, partner=old.partner, partner_sku=f"{old.partner_sku}-{size}", price_currency="EUR",
        price=price_minor / 100, num_in_stock=0, unit_cost_minor=4_000,
    )  # fmt: skip
    stock.receive(stockrecord=record, bin=make_bin("A-00"), quantity=pieces)
    record.refresh_from_db()
    return record


def swap(order: Order, record: StockRecord, pieces: int = 1, key: str = KEY, **more: Any) -> Exchange:
    return exchange.exchange(order=order, wanted={order.lines.get().pk: (record.pk, pieces)}, key=key, **more)


def test_the_size_is_kept_at_once_and_leaves_when_the_old_one_is_here(outbox: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order)
    made = swap(order, record)
    outbox.drain()
    record.refresh_from_db()
    made.made.refresh_from_db()
    assert record.num_allocated == 1 and made.made.on_hold and made.made.total_minor == 0
    returning = Return.objects.get(pk=made.returning_id)
    assert (
        returning.cause == f"replacement:{made.made.number}" and returning.authorisation.payer == "customer"
    )
    assert {mail.kind for mail in OutgoingMail.objects.filter(order=made.made)} == {"order_confirmed"}
    assert "bereit" in OutgoingMail.objects.get(order=made.made).text
    come_back(outbox, returning, {order.lines.get().partner_sku: 1})
    made.made.refresh_from_db()
    assert not made.made.on_hold and Exchange.objects.get().state == "sent"
    assert Settlement.objects.get().state == "nothing_due" and not Refund.objects.exists()
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    assert outbox.failures() == [] and not Invoice.objects.filter(kind=CREDIT_NOTE).exists()
    assert _verified() == []


def test_the_new_size_comes_back_too_and_is_worth_what_was_paid_for_the_first(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order, price_minor=8_990))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    made.made.refresh_from_db()
    again = dock.open_at_dock(order=made.made, by=make_staff())
    found = come_back(outbox, again, {made.made.lines.get().partner_sku: 1})
    own = made.made.lines.get().pk
    with pytest.raises(TooMuchKept) as caught:
        actions.plan_of(found, kept={own: 9_000})
    assert (caught.value.line_id, caught.value.value_minor) == (own, 8_990)
    plan = actions.plan_of(found, with_shipping=True)
    assert (found.waits_because, plan.missing, plan.credit_minor) == ("not_withdrawn", {}, 8_990 + 490)
    actions.carry_out(
        settlement=found, kept={}, kept_why="", with_shipping=True,
        seen_minor=(plan.credit_minor, plan.refund_minor), by=make_staff(),
    )  # fmt: skip
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == order.total_minor
    assert _verified() == []


def test_delivery_is_kept_while_the_customer_keeps_goods_that_came_for_others(outbox: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    made = swap(order, other_size(order))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {line.partner_sku: 1})
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    withdraw(order, {line.pk: 1})
    outbox.drain()
    found = come_back(
        outbox, Return.objects.filter(order=order).exclude(pk=made.returning_id).get(), {line.partner_sku: 1}
    )
    assert (found.state, found.with_shipping) == ("done", False), "the new size is still with the customer"
    assert list(Refund.objects.values_list("amount_minor", flat=True)) == [9_990]
    withdraw(made.made, key="two")
    outbox.drain()
    last = come_back(outbox, Return.objects.get(order=made.made), {made.made.lines.get().partner_sku: 1})
    assert (last.state, last.with_shipping) == ("proposed", True), "now nothing is left of it"
    assert _verified() == []


def test_delivery_is_kept_while_pieces_of_the_first_order_are(outbox: Any) -> None:
    order = sent(outbox, 2)
    made = swap(order, other_size(order))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    withdraw(made.made)
    outbox.drain()
    found = come_back(outbox, Return.objects.get(order=made.made), {made.made.lines.get().partner_sku: 1})
    assert not found.with_shipping and actions.plan_of(found).credit_minor == 9_990


def test_a_cheaper_size_gives_its_part_of_what_was_paid_back(outbox: Any) -> None:
    order = sent(outbox, 2)
    made = swap(order, other_size(order, price_minor=8_990), pieces=2)
    assert made.back_minor == 2_000 and not Refund.objects.exists()
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 2})
    note = Invoice.objects.get(kind=CREDIT_NOTE)
    assert (note.gross_minor, Refund.objects.get().amount_minor) == (2_000, 2_000)
    assert _verified() == []


def test_what_is_not_paid_yet_is_credited_and_not_sent_back(outbox: Any) -> None:
    order = sent(outbox, 1, method="invoice")
    made = swap(order, other_size(order, price_minor=8_990))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    assert Invoice.objects.claims().get(order=order).open_minor == order.total_minor - 1_000
    assert not Refund.objects.exists()


def test_goods_with_traces_leave_the_new_size_on_hold_for_a_person(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1}, grade="b")
    made.made.refresh_from_db()
    assert made.made.on_hold and Exchange.objects.get().state == "waiting"
    order_verbs.release(order=made.made, by=make_staff())
    made.made.refresh_from_db()
    assert not made.made.on_hold and Exchange.objects.get().state == "sent"
    assert not exchange_end.release(order=made.made, by=None) and _verified() == []


def test_what_never_comes_is_called_off_and_the_size_is_free_again(outbox: Any, clock: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order)
    made = swap(order, record)
    outbox.drain()
    assert exchange_end.call_off_late() == 0
    clock.advance(days=23)
    assert exchange_end.call_off_late() == 1 and exchange_end.call_off_late() == 0
    outbox.drain()
    record.refresh_from_db()
    made.made.refresh_from_db()
    assert record.num_allocated == 0 and made.made.status == "cancelled"
    assert Return.objects.get().state == "expired" and Exchange.objects.get().state == "called_off"
    assert exchange.options(order), "it can be tried again"


def test_a_double_click_is_one_exchange_and_sold_out_is_said(outbox: Any) -> None:
    order = sent(outbox, 2)
    record = other_size(order, pieces=1)
    assert swap(order, record).pk == swap(order, record).pk
    with pytest.raises(exchange.NotExchanged):
        swap(order, record, key="other")
    assert Exchange.objects.count() == 1


def test_what_is_announced_already_or_too_late_is_no_exchange(outbox: Any, clock: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order)
    withdraw(order)
    outbox.drain()
    with pytest.raises(exchange.NotExchanged):
        swap(order, record)
    assert Order.objects.count() == 1, "nothing was kept"
    dock.call_off(order_id=order.pk, cause=Return.objects.get().cause, why="test")
    from fulfilment.warehouse.dispatch.models import Parcel
    from shop.kernel.states import move

    move(Parcel.objects.get(order=order), to="delivered")
    clock.advance(days=30)  # fourteen, and more where the last one is no working day (§ 193 BGB)
    with pytest.raises(exchange.NotExchanged):
        swap(order, record)
    assert swap(order, record, by=make_staff(), by_staff=True).state == "waiting"


def test_exchanges_are_kept_and_verify_finds_one_that_left_too_early(outbox: Any) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    check = dict(verify.CHECKS)["exchanges keep their word"]
    assert check() == []
    with pytest.raises(ProtectedError):
        made.delete()
    Order.objects.filter(pk=made.made_id).update(on_hold=False)
    assert check() != []


def test_what_goes_back_is_what_the_page_said(outbox: Any) -> None:
    order = sent(outbox, 1)
    record = other_size(order, price_minor=8_990)
    StockRecord.objects.filter(pk=order.lines.get().stockrecord_id).update(price="89.90")
    with pytest.raises(exchange.NotExchanged):
        swap(order, record, seen_minor=1_000)
    assert swap(order, record, seen_minor=0).back_minor == 0


def test_a_form_belongs_to_its_order(outbox: Any) -> None:
    order, other = sent(outbox, 1), sent(outbox, 1)
    swap(order, other_size(order))
    with pytest.raises(exchange.NotExchanged):
        swap(other, other_size(other))
    assert Exchange.objects.get().order == order and other.replacements.count() == 0


def test_what_is_not_sold_any_more_is_not_called_cheaper(outbox: Any) -> None:
    order = sent(outbox, 1)
    other_size(order)
    StockRecord.objects.filter(pk=order.lines.get().stockrecord_id).update(price=None)
    with override("en"):
        ((option,),) = [exchange.options(order)]
        assert "costs more" not in option.sizes[0].refused and "ask us" in option.sizes[0].refused


def test_what_is_settled_holds_the_account_that_was_paid(
    outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sent(outbox, 1)
    made = swap(order, other_size(order))
    come_back(outbox, Return.objects.get(pk=made.returning_id), {order.lines.get().partner_sku: 1})
    send_everything(PickList.objects.get(order=made.made), by=make_staff())
    outbox.drain()
    held = []
    monkeypatch.setattr(actions, "accounts", SimpleNamespace(locked=lambda found: held.append(found.pk)))
    again = dock.open_at_dock(order=Order.objects.get(pk=made.made_id), by=make_staff())
    come_back(outbox, again, {made.made.lines.get().partner_sku: 1})
    assert held == [order.pk], "two returns of goods that one order paid for queue"


# ---- pages -----------------------------------------------------------------------------------------------------------


def test_the_customer_chooses_sees_and_confirms(outbox: Any, client: Client) -> None:
    order = sent(outbox, 1)
    record = other_size(order, price_minor=8_990)
    url = reverse("orders:exchange", args=[order.number])
    assert client.get(url).status_code == 404
    client.get(access.link(order, base=""))
    assert url in client.get(reverse("orders:detail", args=[order.number])).content.decode()
    assert "10,00" in client.get(url).content.decode()
    line = order.lines.get()
    chosen = {f"size-{line.pk}": str(record.pk), f"pieces-{line.pk}": "1"}
    seen = client.post(url, {**chosen, "step": "show"})
    assert "10,00" in seen.content.decode() and not Exchange.objects.exists()
    sure = {**chosen, "step": "do", "token": seen.context["token"]}
    assert (
        client.post(url, {**sure, "back": "0"}).status_code
        == client.post(url, {**sure, "back": "x"}).status_code
        == 409
    )
    assert not Exchange.objects.exists() and 'name="back" value="1000"' in seen.content.decode()
    done = client.post(url, {**sure, "back": "1000"}, follow=True)
    assert "bereit" in done.content.decode() and Exchange.objects.get().back_minor == 1_000
    assert client.post(url, sure).status_code == 302, "the second click hears of the first one's exchange"
    for bad in (
        {},
        {f"size-{line.pk}": "999999"},
        {**chosen, f"pieces-{line.pk}": "9"},
        {f"size-{line.pk}": "x"},
    ):
        assert client.post(url, {**bad, "step": "do", "token": KEY}).status_code == 422
    assert Refund.objects.aggregate(n=Sum("amount_minor"))["n"] is None


def test_staff_see_the_consequences_before(outbox: Any, client: Client) -> None:
    order = sent(outbox, 1)
    record = other_size(order)
    client.force_login(make_staff("service@example.org", "cases.handle_cases", "order.view_orders"))
    url = reverse("service:exchange", args=[order.number])
    line = order.lines.get()
    chosen = {f"size-{line.pk}": str(record.pk), f"pieces-{line.pk}": "1"}
    seen = client.post(url, {**chosen, "step": "show"})
    assert "Es bewegt sich kein Geld" in seen.content.decode() and not Exchange.objects.exists()
    done = client.post(url, {**chosen, "step": "do", "token": seen.context["token"]})
    assert done.status_code == 302 and Exchange.objects.get().made.number in done.url  # type: ignore[attr-defined]
    again = client.post(url, {**chosen, "step": "do", "token": seen.context["token"]})
    assert again.status_code == 302, "the second click hears of the first one's exchange"
    assert client.post(url, {"step": "do"}).status_code == 422
    assert client.get(reverse("service:exchange", args=["X1"])).status_code == 404
