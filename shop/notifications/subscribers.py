"""What the room hears. Each subscriber writes a row in the transaction of its delivery; nothing is sent here."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone, translation

from checkout.order.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderLinkRequested,
    OrderPlaced,
)
from checkout.order.models import Order, OrderLink
from checkout.order.queries import order_for_fulfilment
from checkout.payment.events import PaymentReminderDue, PrepaymentChosen, RefundSucceeded
from checkout.payment.models import CARD, PREPAYMENT, Payment
from checkout.shipping.models import DeliveryMethod
from checkout.vouchers.models import PersonalVoucher
from fulfilment.customer_service.cases.actions import note_mail as note_case_mail
from fulfilment.customer_service.cases.events import CaseAnswered, CaseOpened
from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.remedies.events import VoucherGiven
from fulfilment.customer_service.returns.events import ReturnExplained
from fulfilment.customer_service.returns.models import Authorisation
from fulfilment.customer_service.withdrawals.actions import note_receipt
from fulfilment.customer_service.withdrawals.events import WithdrawalReceived
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.dunning.events import DunningNoticeIssued
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.invoicing.events import InvoiceIssued
from fulfilment.finance.invoicing.models import CANCELLATION, Invoice
from fulfilment.finance.invoicing.queries import received_minor
from fulfilment.finance.reconciliation.events import PayerAsked
from fulfilment.finance.reconciliation.models import PayerQuestion
from fulfilment.finance.reports.events import StatementSent
from fulfilment.finance.reports.models import CustomerStatement
from fulfilment.warehouse.dispatch.events import ParcelDelivered, ParcelDispatched, ParcelLost, ParcelReturned
from fulfilment.warehouse.recalls.actions import note_mail
from fulfilment.warehouse.recalls.events import RecallNoticeSent
from fulfilment.warehouse.recalls.models import Notice
from fulfilment.warehouse.shortages.events import ShortageAsked
from fulfilment.warehouse.shortages.queries import questions as ask_questions
from shop.customers.events import AccountMailRequested
from shop.customers.models import User
from shop.kernel.outbox import subscribe

from . import actions, newsletter, order_changes, return_mails, shop_window
from .letters import accounts, money, orders, parcels, recalls, service, shortages, vouchers
from .telling import tell_customer

#: Hears too, in a file of its own.
ALSO = (newsletter, order_changes, return_mails, shop_window)


@subscribe(OrderPlaced, "notifications.order_placed")
def order_placed(event: OrderPlaced) -> None:
    """By prepayment: where to pay. By card on the phone: the link to pay. Other orders hear from us when they are
    confirmed, seconds later."""
    if event.payment_method == PREPAYMENT:
        _tell_where_to_pay(event.order_id)
    elif event.payment_method == CARD:
        _tell_how_to_pay(event.order_id)


@subscribe(PrepaymentChosen, "notifications.prepayment_chosen")
def prepayment_chosen(event: PrepaymentChosen) -> None:
    """Placed to be paid by card, now by prepayment: the same letter, once."""
    _tell_where_to_pay(event.order_id)


def _tell_where_to_pay(order_id: int) -> None:
    order = order_for_fulfilment(order_id)
    payment = Payment.objects.filter(order=order, method=PREPAYMENT).order_by("pk").last()
    if order.is_dearer_exchange:
        return_mails.tell_to_pay(order, payment)
        return
    until = timezone.localdate(payment.expires_at) if payment and payment.expires_at else None
    tell_customer(order, kind="order_placed", fact=order.pk, make=lambda: orders.placed(order, until))


def _tell_how_to_pay(order_id: int) -> None:
    """The link for an order taken by phone, or an exchange for a dearer size; who ordered in the shop is on the page
    already."""
    order = order_for_fulfilment(order_id)
    payment = Payment.objects.of_order(order).filter(method=CARD).order_by("pk").last()
    if order.is_dearer_exchange:
        return_mails.tell_to_pay(order, payment)
    if order.taken_by_id is None:
        return
    until = payment.expires_at if payment else None
    tell_customer(order, kind="order_pay_link", fact=order.pk, make=lambda: orders.pay_link(order, until))


@subscribe(OrderConfirmed, "notifications.order_confirmed")
def order_confirmed(event: OrderConfirmed) -> None:
    """The contract is concluded."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(order, kind="order_confirmed", fact=order.pk, make=lambda: orders.confirmed(order))


@subscribe(OrderCancelled, "notifications.order_cancelled")
def order_cancelled(event: OrderCancelled) -> None:
    """The order will not come. One that expired, was paid late after all and is cancelled again is told again."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="order_cancelled",
        fact=f"{order.pk}:confirmed" if event.was_confirmed else order.pk,
        make=lambda: return_mails.cancelled(order, was_confirmed=event.was_confirmed),
    )


@subscribe(ShortageAsked, "notifications.shortage_asked")
def shortage_asked(event: ShortageAsked) -> None:
    """Pieces are missing: the customer may choose. Asked anew when the question changed; not when it is decided."""
    question = ask_questions().get(pk=event.question_id)
    if not question.is_open or question.version != event.version:
        return
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="shortage_asked",
        fact=f"{question.pk}:{question.version}",
        make=lambda: shortages.asked(question, order),
    )


@subscribe(OrderLinkRequested, "notifications.order_link")
def order_link(event: OrderLinkRequested) -> None:
    """A one-time link to the order; whoever holds it may see the order, so staff do not see this mail's text."""
    asked = OrderLink.objects.get(pk=event.link_id)
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="order_link",
        fact=asked.pk,
        make=lambda: orders.order_link(order, asked),
        confidential=True,
    )


@subscribe(ParcelDispatched, "notifications.parcel_dispatched")
def parcel_dispatched(event: ParcelDispatched) -> None:
    """A parcel left."""
    order = order_for_fulfilment(event.order_id)
    quantities = {int(line["order_line_id"]): int(line["quantity"]) for line in event.lines}
    tell_customer(
        order,
        kind="parcel_dispatched",
        fact=event.parcel_id,
        make=lambda: orders.dispatched(
            order,
            quantities=quantities,
            carrier=event.carrier,
            carrier_name=carrier_name(event.carrier),
            tracking_number=event.tracking_number,
        ),
    )


@subscribe(ParcelDelivered, "notifications.parcel_delivered")
def parcel_delivered(event: ParcelDelivered) -> None:
    """A parcel arrived."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="parcel_delivered",
        fact=event.parcel_id,
        make=lambda: parcels.delivered(order, tracking_number=event.tracking_number),
    )


@subscribe(ParcelLost, "notifications.parcel_lost")
def parcel_lost(event: ParcelLost) -> None:
    """A parcel will not arrive."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="parcel_lost",
        fact=event.parcel_id,
        make=lambda: parcels.lost(order, tracking_number=event.tracking_number),
    )


@subscribe(ParcelReturned, "notifications.parcel_returned")
def parcel_returned(event: ParcelReturned) -> None:
    """A parcel comes back to us."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="parcel_returned",
        fact=event.parcel_id,
        make=lambda: parcels.returned(order, tracking_number=event.tracking_number),
    )


def carrier_name(code: str) -> str:
    """How a carrier is called: the code as merchants enter it; our own label has no name to show."""
    known = DeliveryMethod.objects.filter(carrier__iexact=code).values_list("carrier", flat=True).first()
    return "" if code == "own" else (known or code)


@subscribe(InvoiceIssued, "notifications.invoice_issued")
def invoice_issued(event: InvoiceIssued) -> None:
    """An invoice or its correction; the PDF is fetched when the mail is sent. Of an invoice that replaces another both
    documents come in one mail."""
    invoice = Invoice.objects.select_related("corrects", "replaces").get(pk=event.invoice_id)
    if invoice.kind == CANCELLATION and Invoice.objects.filter(replaces=invoice.corrects).exists():
        return
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order, kind="invoice_issued", fact=invoice.pk, make=lambda: money.invoice_issued(order, invoice)
    )


@subscribe(PaymentReminderDue, "notifications.payment_reminder")
def payment_reminder(event: PaymentReminderDue) -> None:
    """A prepayment is missing, or a part of it; silent when it came in the meantime."""
    payment = Payment.objects.get(pk=event.payment_id)
    missing = payment.amount_minor - received_minor(event.order_id)
    if payment.state != "created" or missing <= 0:
        return
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="payment_reminder",
        fact=payment.pk,
        make=lambda: money.prepayment_reminder(
            order, amount_minor=missing, until=dt.date.fromisoformat(event.expires_on)
        ),
    )


@subscribe(RefundSucceeded, "notifications.refund_succeeded")
def refund_succeeded(event: RefundSucceeded) -> None:
    """Money went back."""
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order,
        kind="refund_succeeded",
        fact=event.refund_id,
        make=lambda: money.refunded(
            order, amount_minor=event.amount_minor, currency=event.currency, method=event.method
        ),
    )


@subscribe(StatementSent, "notifications.customer_statement")
def customer_statement(event: StatementSent) -> None:
    """The account of a customer, as a letter attached."""
    statement = CustomerStatement.objects.get(pk=event.statement_id)
    with translation.override(event.language):
        actions.write(
            money.statement(statement),
            kind="customer_statement",
            source=f"customer_statement:{statement.pk}",
            recipient=event.email,
            language=event.language,
            order=None,
            user_id=event.user_id,
        )


@subscribe(PayerAsked, "notifications.payer_asked")
def payer_asked(event: PayerAsked) -> None:
    """What was this transfer for?"""
    question = PayerQuestion.objects.select_related("receipt__line").get(pk=event.question_id)
    with translation.override(question.language):
        actions.write(
            money.asked_about(question),
            kind="payer_asked",
            source=f"payer_asked:{question.pk}",
            recipient=question.email,
            language=question.language,
        )


@subscribe(DunningNoticeIssued, "notifications.dunning_notice")
def dunning_notice(event: DunningNoticeIssued) -> None:
    """A reminder or notice of open invoices, shown on the first of its orders."""
    notice = DunningNotice.objects.prefetch_related("items__invoice").get(pk=event.notice_id)
    order = Order.objects.filter(pk__in=event.order_ids).order_by("pk").first()
    with translation.override(event.language):
        actions.write(
            money.dunning(notice),
            kind="dunning_notice",
            source=f"dunning_notice:{notice.pk}",
            recipient=event.email,
            language=event.language,
            order=order,
            user_id=event.user_id,
        )


@subscribe(WithdrawalReceived, "notifications.withdrawal_received")
def withdrawal_received(event: WithdrawalReceived) -> None:
    """A withdrawal arrived: the receipt, with its content, date and time to the second."""
    withdrawal = Withdrawal.objects.select_related("order").get(pk=event.withdrawal_id)
    with translation.override(withdrawal.language):
        mail = actions.write(
            service.withdrawal_received(withdrawal),
            kind="withdrawal_received",
            source=f"withdrawal_received:{withdrawal.pk}",
            recipient=withdrawal.email,
            language=withdrawal.language,
            order=withdrawal.order,
        )
    note_receipt(withdrawal_id=withdrawal.pk, mail_id=mail.pk)


@subscribe(ReturnExplained, "notifications.return_explained")
def return_explained(event: ReturnExplained) -> None:
    """Something may come back: how to send it, with the slip for the parcel. Again when it is expected once more."""
    rows = Authorisation.objects.select_related("returning__order__billing_address", "returning__order__user")
    found = rows.prefetch_related("returning__items__order_line").get(returning=event.return_id)
    tell_customer(
        found.returning.order,
        kind="return_explained",
        fact=f"{found.pk}:{found.send_by.isoformat()}",
        make=lambda: service.return_explained(found),
    )


@subscribe(CaseOpened, "notifications.case_received")
def case_received(event: CaseOpened) -> None:
    """Somebody wants something from us: we say that it arrived, and where to follow it."""
    case = Case.objects.select_related("order").get(pk=event.case_id)
    with translation.override(case.language):
        actions.write(
            service.case_received(case),
            kind="case_received",
            source=f"case_received:{case.pk}",
            recipient=case.email,
            language=case.language,
            order=case.order,
            user_id=case.user_id,
        )


@subscribe(CaseAnswered, "notifications.case_answered")
def case_answered(event: CaseAnswered) -> None:
    """Staff answered: the words themselves are in the mail."""
    message = Message.objects.select_related("case__order").get(pk=event.message_id)
    case = message.case
    with translation.override(case.language):
        mail = actions.write(
            service.case_answered(case, message),
            kind="case_answered",
            source=f"case_answered:{message.pk}",
            recipient=case.email,
            language=case.language,
            order=case.order,
            user_id=case.user_id,
        )
    note_case_mail(message_id=message.pk, mail_id=mail.pk)


@subscribe(VoucherGiven, "notifications.voucher_given")
def voucher_given(event: VoucherGiven) -> None:
    """A voucher as a gesture: its code, what it is worth, until when."""
    given = PersonalVoucher.objects.select_related("voucher").get(pk=event.voucher_id)
    order = order_for_fulfilment(event.order_id)
    tell_customer(
        order, kind="voucher_given", fact=given.pk, make=lambda: vouchers.voucher_given(order, given)
    )


@subscribe(RecallNoticeSent, "notifications.recall_notice")
def recall_notice(event: RecallNoticeSent) -> None:
    """Goods of an order are called back: once per recall and order."""
    notice = Notice.objects.select_related("recall").get(pk=event.notice_id)
    order = order_for_fulfilment(event.order_id)
    mail = tell_customer(
        order, kind="recall_notice", fact=notice.pk, make=lambda: recalls.recall_notice(order, notice)
    )
    note_mail(notice_id=notice.pk, mail_id=mail.pk)


@subscribe(AccountMailRequested, "notifications.account_mail")
def account_mail(event: AccountMailRequested) -> None:
    """Mails of the account pages. They open accounts: staff do not see their text."""
    user = User.objects.filter(pk=event.user_id).first() if event.user_id else None
    with translation.override(event.language):
        actions.write(
            accounts.letter(event, user.get_full_name() if user else ""),
            kind="account",
            source=f"account:{event.key}",
            recipient=event.email,
            language=event.language,
            user_id=user.pk if user else None,
            confidential=True,
        )
