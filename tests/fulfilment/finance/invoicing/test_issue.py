"""From the parcel to the invoice: number, amounts, what was paid before, the books."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from checkout.payment.models import CustomerCredit, MethodRule
from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.invoicing.einvoice import totals
from fulfilment.finance.invoicing.events import InvoiceIssued, InvoicePaid
from fulfilment.finance.invoicing.models import FactsAreFixed, Invoice, InvoiceLine
from fulfilment.finance.invoicing.queries import einvoice_for
from fulfilment.finance.ledger.models import Entry
from fulfilment.finance.ledger.queries import balance_minor
from tests.fulfilment.finance.orders import Wish, capture, dispatch, make_order, make_user, order_lines
from tests.support.helpers import Clock, Outbox

pytestmark = pytest.mark.django_db


def test_a_dispatched_parcel_gets_one_invoice_with_a_gapless_number(outbox: Outbox, clock: Clock) -> None:
    clock.on(dt.date(2026, 11, 22))
    for _ in range(3):
        dispatch(make_order())
    outbox.drain()
    numbers = list(Invoice.objects.order_by("pk").values_list("number", flat=True))
    assert numbers == ["R2026-000001", "R2026-000002", "R2026-000003"]
    assert outbox.failures() == []


def test_the_same_parcel_told_twice_changes_nothing() -> None:
    order = make_order()
    line = order_lines(order)[0]
    first = issue_for_parcel(
        parcel_id=7, order_id=order.pk, quantities={line.pk: 1}, dispatched_on=dt.date(2026, 11, 1)
    )
    again = issue_for_parcel(
        parcel_id=7, order_id=order.pk, quantities={line.pk: 1}, dispatched_on=dt.date(2026, 11, 1)
    )
    assert first.pk == again.pk
    assert Entry.objects.filter(kind="invoice_issued").count() == 1


def test_the_invoice_is_posted_gross_to_the_receivable_net_to_revenue_vat_apart(outbox: Outbox) -> None:
    order = make_order(Wish(1, 11_900), Wish(2, 2_140, 700), shipping_minor=595)
    dispatch(order)
    outbox.drain()
    assert balance_minor("receivable", subject=f"order:{order.number}") == 11_900 + 2_140 + 595
    assert balance_minor("revenue_19") == -(10_000 + 500)
    assert balance_minor("vat_19") == -(1_900 + 95)
    assert (balance_minor("revenue_7"), balance_minor("vat_7")) == (-2_000, -140)


def test_partial_dispatches_add_up_and_the_shipping_is_on_the_first_invoice(outbox: Outbox) -> None:
    order = make_order(Wish(3, 10_000), shipping_minor=490)
    line = order_lines(order)[0]
    for _ in range(3):
        dispatch(order, {line.pk: 1})
        outbox.drain()
    invoices = list(Invoice.objects.order_by("pk"))
    assert [invoice.gross_minor for invoice in invoices] == [3_333 + 490, 3_334, 3_333]
    assert sum(invoice.gross_minor for invoice in invoices) == order.total_minor
    assert [len(invoice.charges) for invoice in invoices] == [1, 0, 0]
    assert sum(part.vat_minor for part in InvoiceLine.objects.all()) == 1_597  # 100.00 gross at 19 %


def test_more_pieces_than_were_ordered_are_refused() -> None:
    order = make_order(Wish(2, 2_000))
    line = order_lines(order)[0]
    with pytest.raises(ValueError, match="cannot be invoiced"):
        issue_for_parcel(
            parcel_id=1, order_id=order.pk, quantities={line.pk: 3}, dispatched_on=dt.date(2026, 11, 1)
        )
    assert not Invoice.objects.exists()


def test_a_line_of_another_order_is_refused() -> None:
    order, other = make_order(), make_order()
    with pytest.raises(ValueError, match="has no lines"):
        issue_for_parcel(
            parcel_id=1,
            order_id=order.pk,
            quantities={order_lines(other)[0].pk: 1},
            dispatched_on=dt.date(2026, 11, 1),
        )


def test_a_failed_issue_uses_no_number(outbox: Outbox) -> None:
    order = make_order(Wish(2, 2_000))
    line = order_lines(order)[0]
    with pytest.raises(ValueError):
        issue_for_parcel(
            parcel_id=1, order_id=order.pk, quantities={line.pk: 3}, dispatched_on=dt.date(2026, 11, 1)
        )
    dispatch(order)
    outbox.drain()
    assert Invoice.objects.get().number.endswith("-000001")


def test_a_card_payment_before_the_invoice_makes_it_paid_on_the_day_of_issue(outbox: Outbox) -> None:
    order = make_order(method="card")
    capture(order)
    dispatch(order)
    outbox.drain()
    invoice = Invoice.objects.get()
    assert (invoice.state, invoice.open_minor, invoice.prepaid_minor) == ("paid", 0, 11_900)
    assert einvoice_for(invoice).payment.means == "48"  # type: ignore[union-attr]
    assert balance_minor("receivable") == 0
    assert balance_minor("psp_clearing") == 11_900
    assert [event.number for event in outbox.events(InvoicePaid)] == [invoice.number]


def test_a_card_payment_told_after_the_invoice_pays_it_too(outbox: Outbox) -> None:
    order = make_order(method="card")
    dispatch(order)
    outbox.drain()
    assert Invoice.objects.get().state == "issued"
    capture(order)
    outbox.drain()
    assert Invoice.objects.get().state == "paid"


def test_a_card_payment_covers_the_invoices_of_all_parcels(outbox: Outbox) -> None:
    order = make_order(Wish(3, 10_000), method="card")
    capture(order)
    for _ in range(3):
        dispatch(order, {order_lines(order)[0].pk: 1})
        outbox.drain()
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
    assert balance_minor("receivable") == 0


def test_the_due_date_of_a_purchase_on_account_comes_from_the_rule(outbox: Outbox, clock: Clock) -> None:
    clock.on(dt.date(2026, 11, 22))
    MethodRule.objects.update_or_create(method="invoice", defaults={"due_days": 30})
    dispatch(make_order())
    outbox.drain()
    assert Invoice.objects.get().due_on == dt.date(2026, 12, 22)


def test_the_document_says_what_the_ledger_says(outbox: Outbox) -> None:
    order = make_order(Wish(3, 9_999), Wish(2, 777, 700), Wish(1, 0), shipping_minor=495)
    first, second, third = order_lines(order)
    dispatch(order, {first.pk: 2, second.pk: 1, third.pk: 1})
    dispatch(order, {first.pk: 1, second.pk: 1})
    outbox.drain()
    for invoice in Invoice.objects.all():
        sums = totals(einvoice_for(invoice))
        assert (sums.net_minor, sums.vat_minor, sums.gross_minor) == (
            invoice.net_minor,
            invoice.vat_minor,
            invoice.gross_minor,
        )
        told = [(row["rate_bp"], row["net_minor"], row["vat_minor"]) for row in invoice.taxes]
        assert [(rate.rate_bp, rate.net_minor, rate.vat_minor) for rate in sums.rates] == told


def test_an_invoice_over_nothing_is_paid_at_once_and_moves_no_money(outbox: Outbox) -> None:
    dispatch(make_order(Wish(1, 0)))
    outbox.drain()
    assert (Invoice.objects.get().state, Entry.objects.count()) == ("paid", 0)


def test_vat_of_another_country_goes_to_its_own_accounts(outbox: Outbox) -> None:
    dispatch(make_order(Wish(1, 12_000, 2_000), country="FR"))
    outbox.drain()
    assert (balance_minor("revenue_abroad"), balance_minor("vat_abroad")) == (-10_000, -2_000)


def test_the_event_tells_number_amount_and_due_date(outbox: Outbox) -> None:
    dispatch(make_order())
    outbox.drain()
    invoice = Invoice.objects.get()
    [event] = outbox.events(InvoiceIssued)
    assert (event.number, event.gross_minor, event.due_on) == (
        invoice.number,
        11_900,
        invoice.due_on.isoformat(),
    )


def test_open_items_are_pushed_to_the_checkout(outbox: Outbox) -> None:
    user = make_user()
    dispatch(make_order(user=user))
    outbox.drain()
    credit = CustomerCredit.objects.get(user=user)
    assert (credit.open_items_minor, credit.paid_orders) == (11_900, 0)
    paid = make_order(user=user, method="card")
    capture(paid)
    dispatch(paid)
    outbox.drain()
    credit.refresh_from_db()
    assert (credit.open_items_minor, credit.paid_orders) == (11_900, 1)


def test_goods_with_known_cost_leave_the_stock_account(outbox: Outbox) -> None:
    dispatch(make_order(Wish(2, 5_000, unit_cost_minor=1_100)))
    outbox.drain()
    assert (balance_minor("cost_of_goods"), balance_minor("stock")) == (2_200, -2_200)


def test_facts_of_an_issued_invoice_cannot_be_saved_updated_or_deleted(outbox: Outbox) -> None:
    dispatch(make_order())
    outbox.drain()
    invoice = Invoice.objects.get()
    invoice.gross_minor = 1
    with pytest.raises(FactsAreFixed):
        invoice.save()
    with pytest.raises(ProtectedError):
        Invoice.objects.get().delete()
    for change in ({"buyer": {"name": "Other"}}, {"due_on": dt.date(2030, 1, 1)}, {"number": "R1"}):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            Invoice.objects.update(**change)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        InvoiceLine.objects.update(quantity=5)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM invoicing_invoiceline")


def test_what_happens_to_an_invoice_may_change(outbox: Outbox) -> None:
    dispatch(make_order())
    outbox.drain()
    invoice = Invoice.objects.get()
    invoice.held = True
    invoice.save()
    assert Invoice.objects.filter(held=True).count() == 1
