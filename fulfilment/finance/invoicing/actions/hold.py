"""Nobody asks for money while a complaint or return is open: dunning leaves held invoices alone and says why."""

from __future__ import annotations

from typing import Any

from fulfilment.finance.invoicing.models import Invoice


def hold(*, invoice: Invoice, why: str, by: Any = None) -> None:
    """Hold an invoice back from dunning, with a reason people see. ValueError without one."""
    if not why.strip():
        raise ValueError("a hold needs a reason")
    Invoice.objects.filter(pk=invoice.pk).update(held=True, held_reason=why.strip()[:300])
    invoice.held, invoice.held_reason = True, why.strip()[:300]


def release_hold(*, invoice: Invoice, by: Any = None) -> None:
    """Dunning may go on with the invoice."""
    Invoice.objects.filter(pk=invoice.pk).update(held=False, held_reason="")
    invoice.held, invoice.held_reason = False, ""
