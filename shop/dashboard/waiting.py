"""What waits for a person, in every room, read by one query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalogue.partner.models import StockRecord
from catalogue.reviews.queries import to_moderate
from checkout.order.models import Order
from checkout.payment.models import CARD, OPEN_STATES, PREPAYMENT, Payment, Refund
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.cases.queue import late
from fulfilment.customer_service.cases.states import OUR_TURN
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.customer_service.withdrawals.clock import due
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.psp.queries import failed_refunds, open_money
from fulfilment.finance.reconciliation.models import Receipt
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.queries import lists_to_pack, open_losses
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving.queries import to_give_back
from shop.approvals.models import Approval
from shop.kernel import clock, counting
from shop.kernel.models import Delivery, InboxMessage
from shop.notifications.models import OutgoingMail

LATE_AFTER = dt.timedelta(hours=24)  #: an order confirmed longer ago and not begun is late
OVERDUE_AFTER = dt.timedelta(minutes=5)  #: a delivery due for longer is not being worked on
STUCK_AFTER = dt.timedelta(minutes=10)  #: a card payment open for longer needs a look


@dataclass(frozen=True)
class Waiting:
    """One kind of thing that waits: what is counted, who sees it, where it leads, how urgent it is when not zero."""

    code: str
    title: Any
    permission: str
    url_name: str
    rows: Callable[[], QuerySet[Any]]
    query: str = ""
    tone: str = "info"


def stuck_payments() -> QuerySet[Payment]:
    """Card payments open for longer than a shopper needs, of orders that still wait."""
    before = clock.now() - STUCK_AFTER
    return Payment.objects.filter(
        state__in=OPEN_STATES, method=CARD, created_at__lte=before, intent_id__isnull=False
    )


def overdue_deliveries() -> QuerySet[Delivery]:
    """Deliveries of the outbox that should have been tried a while ago: is a worker running?"""
    return Delivery.objects.filter(state=Delivery.PENDING, next_attempt_at__lte=clock.now() - OVERDUE_AFTER)


def failed_deliveries() -> QuerySet[Delivery]:
    """Deliveries of the outbox that were given up."""
    return Delivery.objects.filter(state=Delivery.DEAD)


WAITING = (
    Waiting(
        "late", _("Orders late"), "order.view_orders", "dashboard:orders",
        lambda: Order.objects.filter(
            status="confirmed", on_hold=False, date_placed__lte=clock.now() - LATE_AFTER),
        "state=late", "bad",
    ),
    Waiting(
        "on_hold", _("Orders on hold"), "order.manage_orders", "dashboard:orders",
        lambda: Order.objects.filter(on_hold=True).exclude(status__in=("completed", "cancelled")),
        "hold=yes", "warn",
    ),
    Waiting(
        "cases_late", _("Cases late"), "cases.view_cases", "service:cases",
        lambda: late(Case.objects.all()), "show=late", "bad",
    ),
    Waiting(
        "cases_free", _("Cases that nobody has"), "cases.view_cases", "service:cases",
        lambda: Case.objects.filter(assignee=None, state__in=OUR_TURN), "show=free", "warn",
    ),
    Waiting(
        "settlements", _("Money for returns to decide"), "returns.settle_money", "service:settlements",
        lambda: Settlement.objects.filter(state="proposed"), "state=proposed", "warn",
    ),
    Waiting(
        "withdrawals", _("Withdrawals to take up"), "withdrawals.handle_withdrawals", "service:withdrawals",
        lambda: Withdrawal.objects.filter(state="received"), "state=received", "warn",
    ),
    Waiting(
        "withdrawals_due", _("Refunds for withdrawals due"), "withdrawals.handle_withdrawals", "service:withdrawals",
        due, "refund=due&sort=refund", "bad",
    ),
    Waiting(
        "reviews", _("Reviews to read"), "reviews.moderate_reviews", "dashboard:reviews",
        to_moderate, "show=todo",
    ),
    Waiting(
        "unpaid", _("Orders waiting for money"), "order.view_orders", "dashboard:orders",
        lambda: Order.objects.filter(status="awaiting_payment"), "state=awaiting_payment",
    ),
    Waiting(
        "disputed", _("Payments disputed"), "payment.view_payments", "dashboard:orders",
        lambda: Payment.objects.filter(state="disputed"), "payment=disputed", "bad",
    ),
    Waiting(
        "to_pick", _("Orders to pick"), "picking.pick_orders", "warehouse:pick-lists",
        lambda: PickList.objects.filter(state="open", order__on_hold=False), "", "info",
    ),
    Waiting(
        "picking", _("Being picked"), "picking.pick_orders", "warehouse:pick-lists",
        lambda: PickList.objects.filter(state="picking"), "",
    ),
    Waiting(
        "to_pack", _("Picked, to pack"), "dispatch.dispatch_parcels", "warehouse:packing",
        lists_to_pack, "", "info",
    ),
    Waiting(
        "to_hand_over", _("Parcels to hand over"), "dispatch.dispatch_parcels", "warehouse:parcels",
        lambda: Parcel.objects.filter(state="packed"), "state=packed", "info",
    ),
    Waiting(
        "lost", _("Lost parcels to see to"), "dispatch.dispatch_parcels", "warehouse:parcels",
        open_losses, "state=open-loss", "bad",
    ),
    Waiting(
        "give_back", _("Rejected pieces to send back"), "receiving.view_returns", "warehouse:returns",
        to_give_back, "show=give-back", "warn",
    ),
    Waiting(
        "overdue", _("Invoices overdue"), "invoicing.view_invoices", "finance:invoices",
        lambda: Invoice.objects.overdue(clock.today()), "state=overdue", "warn",
    ),
    Waiting(
        "unexplained", _("Bank receipts unexplained"), "reconciliation.view_receipts", "finance:receipts",
        lambda: Receipt.objects.filter(state__in=("open", "partly_assigned")), "state=unexplained", "warn",
    ),
    Waiting(
        "prepayments", _("Prepayments expected"), "reconciliation.view_receipts", "dashboard:orders",
        lambda: Payment.objects.filter(method=PREPAYMENT, state="created"), "payment=prepayment&state=awaiting_payment",
    ),
    Waiting(
        "transfers", _("Refunds to transfer"), "sepa.view_transfers", "finance:transfers",
        lambda: Refund.objects.to_transfer(), "", "warn",
    ),
    Waiting(
        "came_back", _("Refunds that failed"), "payment.refund_payments", "finance:refunds",
        failed_refunds, "state=failed", "bad",
    ),
    Waiting(
        "unmatched", _("Card money without an order"), "psp.view_payouts", "finance:unmatched",
        open_money, "state=open", "warn",
    ),
    Waiting(
        "approvals", _("Requests for approval"), "approvals.view_approvals", "dashboard:approvals",
        lambda: Approval.objects.filter(state="waiting"), "state=waiting", "warn",
    ),
    Waiting(
        "sold_out", _("Variants sold out"), "catalogue.change_product", "dashboard:products",
        lambda: StockRecord.objects.filter(
            num_in_stock=0, backorderable=False, product__is_public=True), "stock=out",
    ),
    Waiting(
        "failed_mails", _("Mails failed"), "notifications.view_mails", "notifications:index",
        lambda: OutgoingMail.objects.filter(state=OutgoingMail.DEAD), "state=failed", "bad",
    ),
    Waiting(
        "dead", _("Deliveries given up"), "kernel.view_operations", "dashboard:operations",
        failed_deliveries, "", "bad",
    ),
    Waiting(
        "late_deliveries", _("Deliveries overdue"), "kernel.view_operations", "dashboard:operations",
        overdue_deliveries, "", "bad",
    ),
    Waiting(
        "inbox", _("Messages not understood"), "kernel.view_operations", "dashboard:operations",
        lambda: InboxMessage.objects.filter(state=InboxMessage.DEAD), "", "bad",
    ),
    Waiting(
        "stuck", _("Card payments stuck"), "kernel.view_operations", "dashboard:operations",
        stuck_payments, "", "warn",
    ),
    Waiting(
        "refunds", _("Refunds failed"), "kernel.view_operations", "dashboard:operations",
        lambda: Refund.objects.filter(state="failed"), "", "bad",
    ),
)  # fmt: skip


def counts(things: Iterable[Waiting]) -> dict[str, int]:
    """How many of each wait. One query, however many kinds."""
    return counting.counts((thing.code, thing.rows()) for thing in things)


def mine(user: Any) -> list[Waiting]:
    """The kinds of things that this person's role looks after."""
    return [thing for thing in WAITING if user.has_perm(thing.permission)]
