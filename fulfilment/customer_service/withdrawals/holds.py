"""While a withdrawal is open nobody is asked for the money: its order's invoices are kept from dunning."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from fulfilment.finance.invoicing.actions import hold, release_hold
from fulfilment.finance.invoicing.models import Invoice

from .models import HeldInvoice, Withdrawal
from .states import OPEN_STATES


def hold_open_invoices(withdrawal: Withdrawal) -> None:
    """Hold what is open for the withdrawal's order. An invoice that is held already keeps its reason."""
    if withdrawal.order_id is None or not withdrawal.is_open:
        return
    for invoice in Invoice.objects.open().filter(order_id=withdrawal.order_id, held=False):
        _hold(withdrawal, invoice)


def hold_for_order(*, order_id: int) -> None:
    """An invoice was issued: when a withdrawal of its order is open, it is held too."""
    withdrawal = Withdrawal.objects.filter(order_id=order_id, state__in=OPEN_STATES).order_by("pk").first()
    if withdrawal is not None:
        hold_open_invoices(withdrawal)


def release(withdrawal: Withdrawal) -> None:
    """Let dunning go on with what this withdrawal held, unless staff hold it for another reason by now, or another
    withdrawal of the order is open: that one then holds it."""
    for held in withdrawal.held.select_related("invoice"):
        invoice = held.invoice
        if invoice.held and invoice.held_reason == held.reason:
            release_hold(invoice=invoice)
            _pass_on(withdrawal, invoice)
    withdrawal.held.all().delete()


def _pass_on(withdrawal: Withdrawal, invoice: Invoice) -> None:
    others = Withdrawal.objects.filter(order_id=invoice.order_id, state__in=OPEN_STATES)
    other = others.exclude(pk=withdrawal.pk).order_by("pk").first()
    if other is not None:
        _hold(other, invoice)


def _hold(withdrawal: Withdrawal, invoice: Invoice) -> None:
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, for staff
        reason = _("Withdrawal %(number)s is open") % {"number": withdrawal.number}
    hold(invoice=invoice, why=reason)
    HeldInvoice.objects.update_or_create(withdrawal=withdrawal, invoice=invoice, defaults={"reason": reason})
