"""Reads of what the register said."""

from __future__ import annotations

from .models import VatIdCheck

SHOWN = 20


def checks_of(vat_id: str) -> list[VatIdCheck]:
    """The last questions about a VAT id, newest first. One query, none for an empty id."""
    return list(VatIdCheck.objects.filter(vat_id=vat_id)[:SHOWN]) if vat_id else []


def latest_answer(vat_id: str) -> VatIdCheck | None:
    """The newest answer that says valid or not; None when there is none. One query."""
    if not vat_id:
        return None
    return VatIdCheck.objects.filter(vat_id=vat_id).exclude(outcome=VatIdCheck.UNANSWERED).first()
