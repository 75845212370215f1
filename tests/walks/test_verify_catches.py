"""``manage.py verify`` is worth its name only if every check fails when its rule is broken. Each is broken here, behind
the application's back. Rooms that break their own checks elsewhere are named with the file that does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from catalogue.partner.models import PricePeriod, Reservation, StockRecord
from checkout.order.models import Line, Order
from checkout.payment.models import Payment, Refund
from fulfilment.finance.dunning.models import (
    ClaimPayment,
    DunningClaim,
    DunningItem,
    DunningNotice,
    WriteOff,
)
from fulfilment.finance.reconciliation.models import Assignment, Receipt
from shop.kernel.clock import now, today
from shop.kernel.invariants import checks
from shop.kernel.models import Delivery, InboxMessage, Message, StateChange
from tests.factories.finance import invoice_for
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db

#: Rooms whose checks are broken in tests of their own.
ELSEWHERE = {
    "reviews": "tests/catalogue/test_reviews.py",
    "store_credit": "tests/checkout/store_credit/test_credit.py",
    "approvals": "tests/shop/approvals/test_approvals.py",
    "dashboard": "tests/shop/dashboard/test_merging.py",
    "audit": "tests/shop/audit/test_accesses.py",
    "pages": "tests/shop/pages/test_shared_pages.py",
    "customer": "tests/shop/customers/test_rights.py",
    "stock": "tests/fulfilment/warehouse/test_verify.py",
    "picking": "tests/fulfilment/warehouse/test_verify.py",
    "dispatch": "tests/fulfilment/warehouse/test_verify.py",
    "counting": "tests/fulfilment/warehouse/counting/test_counting.py",
    "transfers": "tests/fulfilment/warehouse/transfers/test_transfers.py",
    "receiving": "tests/fulfilment/warehouse/receiving/test_what_follows.py",
    "recalls": "tests/fulfilment/warehouse/recalls/test_recalls.py",
    "exports": "tests/fulfilment/finance/exports/test_exports.py",
    "sepa": "tests/fulfilment/finance/sepa/test_verify.py",
    "bank": "tests/fulfilment/finance/bank/test_verify.py",
    "psp": "tests/walks/test_stripe_money.py",
    "ledger": "tests/fulfilment/finance/test_verify.py",
    "invoicing": "tests/fulfilment/finance/test_verify.py",
    "reconciliation": "tests/fulfilment/finance/test_verify.py",
    "reports": "tests/fulfilment/finance/reports/test_balances.py",
    "notifications": "tests/shop/notifications/test_verify.py",
    "cases": "tests/fulfilment/customer_service/cases/test_cases.py",
    "returns": "tests/fulfilment/customer_service/returns/test_settlements.py",
    "changes": "tests/fulfilment/customer_service/changes/test_changes.py",
    "remedies": "tests/fulfilment/customer_service/remedies/test_replacement.py",
    "withdrawals": "tests/fulfilment/customer_service/test_withdrawals.py",
    "connect": "tests/shop/connect/test_pushing.py",
}


def captured() -> Payment:
    """An order on which a captured card payment stands."""
    order = place_order((make_variant(), 1))
    Payment.objects.filter(order=order).update(state="captured", intent_id=f"pi_{order.pk}")
    Order.objects.filter(pk=order.pk).update(status="confirmed")
    return Payment.objects.get(order=order)


def dead_delivery() -> None:
    place_order((make_variant(), 1), method="invoice")
    Delivery.objects.update(state="dead", last_error="test")


def overdue_delivery() -> None:
    place_order((make_variant(), 1), method="invoice")
    Delivery.objects.update(next_attempt_at=now() - dt.timedelta(hours=1))


def dead_inbox() -> None:
    InboxMessage.objects.create(source="stripe", external_id="evt_1", body="{}", state="dead")


def reserved_too_much() -> None:
    place_order((make_variant(), 1))
    StockRecord.objects.update(num_allocated=2)


def lost_reservation() -> None:
    place_order((make_variant(), 1))
    Reservation.objects.all().delete()


def negative_stock() -> None:
    shoe = make_variant(stock=1)
    StockRecord.objects.filter(pk=shoe.pk).update(backorderable=True, num_allocated=2)
    past_the_constraint = {
        "sqlite": ("PRAGMA ignore_check_constraints=ON", "PRAGMA ignore_check_constraints=OFF"),
        "postgresql": (
            "ALTER TABLE partner_stockrecord DROP CONSTRAINT partner_stock_promised_once",
            "SELECT 1",
        ),
    }
    before, after = past_the_constraint[connection.vendor]
    with connection.cursor() as cursor:  # as a repair by hand would go
        connection.check_constraints()  # PostgreSQL alters no table while checks are put off
        cursor.execute(before)
        cursor.execute("UPDATE partner_stockrecord SET backorderable=%s WHERE id=%s", [False, shoe.pk])
        cursor.execute(after)


def price_set_behind_the_history() -> None:
    StockRecord.objects.filter(pk=make_variant().pk).update(price=1)


def two_prices_at_once() -> None:
    moment = now()
    PricePeriod.objects.create(
        stockrecord=make_variant(),
        gross_minor=1_000,
        valid_from=moment - dt.timedelta(days=2),
        valid_to=moment + dt.timedelta(days=1),
    )


def reference_from_nowhere() -> None:
    StockRecord.objects.filter(pk=make_variant(price_minor=5_000).pk).update(reference_price_minor=9_000)


def price_history_without_its_guard() -> None:
    of_table = " ON partner_priceperiod" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER partner_price_no_update{of_table}")


def wrong_line() -> None:
    place_order((make_variant(), 1))
    Line.objects.update(gross_minor=1)


def unexplained_cancelled_pieces() -> None:
    place_order((make_variant(), 2))
    Line.objects.update(quantity_cancelled=1)


def substitute_from_nowhere() -> None:
    order = place_order((make_variant(), 1), (make_variant(), 1))
    first, second = order.lines.order_by("pk")
    Line.objects.filter(pk=second.pk).update(replaces=first)


def wrong_share_of_cancelled_pieces() -> None:
    from checkout.order.actions import cancel_pieces
    from checkout.order.models import Amendment

    order = place_order((make_variant(), 3), method="invoice")
    cancel_pieces(order=order, lines={order.lines.get().pk: 1}, source="t:1", why="test")
    Line.objects.update(cancelled_minor=1)
    Amendment.objects.update(amount_minor=1)


def answer_that_changed_nothing() -> None:
    from fulfilment.warehouse.shortages.models import ShortageQuestion

    order = place_order((make_variant(), 2), method="invoice")
    ShortageQuestion.objects.create(
        order=order, order_line=order.lines.get(), pieces=1, deadline=now(), state="answered", answer="refund"
    )


def told_twice() -> None:
    place_order((make_variant(), 1), method="invoice")
    told = Message.objects.get(name="OrderConfirmed")
    Message.objects.create(name=told.name, payload=told.payload)


def never_told() -> None:
    place_order((make_variant(), 1), method="invoice")
    Delivery.objects.all().delete()
    Message.objects.filter(name="OrderConfirmed").delete()


def never_confirmed() -> None:
    order = place_order((make_variant(), 1))
    Order.objects.filter(pk=order.pk).update(status="confirmed")
    assert not StateChange.objects.filter(thing_id=order.pk, new="confirmed").exists()


def captured_other_amount() -> None:
    Payment.objects.filter(pk=captured().pk).update(amount_minor=1)


def captured_on_cancelled() -> None:
    Order.objects.filter(pk=captured().order_id).update(status="cancelled")


def paid_twice() -> None:
    first = captured()
    Payment.objects.create(
        order=first.order, method="card", state="captured", amount_minor=first.amount_minor, intent_id="pi_2"
    )


def left_unpaid() -> None:
    order = place_order((make_variant(), 1))
    Order.objects.filter(pk=order.pk).update(status="in_fulfilment")


def refunded_too_much() -> None:
    payment = captured()
    for n in (1, 2):
        Refund.objects.create(
            payment=payment, amount_minor=payment.amount_minor, source=f"t:{n}", reason="test"
        )


def nameless_capture() -> None:
    Payment.objects.filter(pk=captured().pk).update(intent_id=None)


def wrong_notice() -> None:
    DunningNotice.objects.filter(pk=written_notice().pk).update(open_minor=1)


def written_notice() -> DunningNotice:
    from fulfilment.finance.dunning.actions import run
    from fulfilment.finance.dunning.calendar import business_day_from

    invoice = invoice_for(make_user("anna@example.org"))
    [notice] = run(day=business_day_from(invoice.due_on + dt.timedelta(days=10), "HH")).notices
    return notice


def paid_claim_without_payment() -> None:
    notice = written_notice()
    invoice = notice.items.get().invoice
    DunningClaim.objects.create(notice=notice, invoice=invoice, kind="fee", amount_minor=130, paid_minor=130)


def claim_paid_by_an_undone_assignment() -> None:
    notice = written_notice()
    invoice = notice.items.get().invoice
    claim = DunningClaim.objects.create(
        notice=notice, invoice=invoice, kind="fee", amount_minor=130, paid_minor=130
    )
    receipt = Receipt.objects.create(booked_on=today(), amount_minor=130, reference="1/1")
    assignment = Assignment.objects.create(
        receipt=receipt, account=invoice.account, amount_minor=130, undone_at=now()
    )
    ClaimPayment.objects.create(claim=claim, assignment=assignment, amount_minor=130, paid_on=today())


def write_off_not_on_its_account() -> None:
    WriteOff.objects.filter(pk=written_off().pk).update(amount_minor=1)


def recovered_from_nowhere() -> None:
    WriteOff.objects.filter(pk=written_off().pk).update(recovered_minor=1)


def written_off() -> WriteOff:
    from fulfilment.finance.dunning.actions import write_off

    invoice = invoice_for(make_user("ben@example.org"))
    return write_off(invoice=invoice, amount_minor=500, reason_code="too_small", reason="cents")


BROKEN: dict[str, list[Callable[[], Any]]] = {
    "outbox without dead or overdue deliveries": [dead_delivery, overdue_delivery],
    "inbox without dead messages": [dead_inbox],
    "reserved = open reservations": [reserved_too_much, lost_reservation],
    "stock is never negative": [negative_stock],
    "prices = price history": [price_set_behind_the_history],
    "one price at a time": [two_prices_at_once],
    "30-day prices are lawful": [reference_from_nowhere],
    "the price history refuses changes": [price_history_without_its_guard],
    "lines and delivery add up to the order": [wrong_line],
    "amendments explain cancelled pieces and substitutes": [
        unexplained_cancelled_pieces,
        substitute_from_nowhere,
        wrong_share_of_cancelled_pieces,
    ],
    "answers about missing pieces are in the order": [answer_that_changed_nothing],
    "each confirmed order was told exactly once": [told_twice, never_told, never_confirmed],
    "each captured payment has exactly one order with equal amount": [
        captured_other_amount,
        captured_on_cancelled,
    ],
    "no order is paid twice": [paid_twice],
    "prepaid orders were confirmed by their money": [left_unpaid],
    "refunds are never more than came in": [refunded_too_much],
    "captured card payments name their intent": [nameless_capture],
    "dunning notices are the sum of their items": [wrong_notice],
    "dunning claims are paid by their payments": [
        paid_claim_without_payment,
        claim_paid_by_an_undone_assignment,
    ],
    "write-offs lie on their accounts": [write_off_not_on_its_account],
    "recovered write-offs add up": [recovered_from_nowhere],
}
#: A UNIQUE constraint refuses to let this be broken; the test below shows that it does.
HELD_BY_THE_DATABASE = {"each invoice is asked once per dunning level"}


def findings(name: str) -> list[str]:
    return next(function() for _room, known, function in checks() if known == name)


@pytest.mark.parametrize(
    ("name", "damage"), [(name, damage) for name, damages in BROKEN.items() for damage in damages]
)
def test_each_check_is_quiet_before_and_speaks_after_the_damage(name: str, damage: Callable[[], Any]) -> None:
    assert findings(name) == []
    damage()
    assert findings(name)


def test_every_check_of_every_room_is_broken_somewhere() -> None:
    here = set(BROKEN) | HELD_BY_THE_DATABASE
    nowhere = [(room, name) for room, name, _ in checks() if name not in here and room not in ELSEWHERE]
    assert nowhere == [], "break it in BROKEN above and show that verify says so"
    assert [path for path in ELSEWHERE.values() if not Path(path).is_file()] == []


def test_the_database_itself_refuses_a_second_item_of_one_invoice_and_level() -> None:
    from django.db import IntegrityError

    item = written_notice().items.get()
    with pytest.raises(IntegrityError):
        DunningItem.objects.create(
            notice=item.notice, invoice=item.invoice, level=item.level, days_overdue=1, open_minor=1
        )


def test_the_command_prints_a_line_for_each_and_ends_with_one_when_something_is_wrong() -> None:
    wrong_line()
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify", stdout=out, stderr=StringIO(), no_color=True)
    assert end.value.code == 1
    assert len([line for line in out.getvalue().splitlines() if line.startswith(("ok", "FAIL"))]) == len(
        list(checks())
    )
    assert "FAIL order: lines and delivery add up to the order" in out.getvalue()
