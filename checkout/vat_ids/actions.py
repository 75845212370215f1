"""Ask the register and keep what it says."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from shop.kernel import clock

from . import seller, vies
from .models import VatIdCheck
from .treatment import FRESH

SILENT = dt.timedelta(seconds=60)  #: how long nobody asks a member state that did not answer
GIVE_UP = dt.timedelta(days=7)  #: after which an order's open question is left to people
BATCH = 20


def check(*, vat_id: str, again: bool = False, timeout_s: float | None = None) -> VatIdCheck:
    """Ask about ``vat_id`` (clean, with country) and keep the answer; must run outside a transaction.

    A valid or invalid answer of the last day is used again unless ``again``; a member state that did not answer is left
    in peace for a minute, so that no shopper waits for it twice. timeout_s: seconds the whole question may take, the
    setting VIES_TIMEOUT_S when None. Never raises because of the register: no answer is a row as well.
    """
    known = None if again else _fresh(vat_id)
    if known is not None:
        return known
    requester = seller.vat_id()
    try:
        answer = vies.ask(
            vat_id,
            requester=requester,
            timeout_s=settings.VIES_TIMEOUT_S if timeout_s is None else timeout_s,
        )
    except vies.Unanswered as silence:
        return VatIdCheck.objects.create(
            vat_id=vat_id, requester=requester, outcome=VatIdCheck.UNANSWERED, detail=str(silence)[:300]
        )
    return VatIdCheck.objects.create(
        vat_id=vat_id,
        requester=requester,
        outcome=VatIdCheck.VALID if answer.is_valid else VatIdCheck.INVALID,
        consultation=answer.consultation,
        answered_name=answer.name,
        answered_address=answer.address,
        answer=answer.raw,
    )


def _fresh(vat_id: str) -> VatIdCheck | None:
    now = clock.now()
    answered = VatIdCheck.objects.filter(vat_id=vat_id, asked_at__gte=now - FRESH)
    latest = answered.exclude(outcome=VatIdCheck.UNANSWERED).first()
    if latest is not None:
        return latest
    silent = VatIdCheck.objects.filter(
        vat_id__startswith=vat_id[:2], outcome=VatIdCheck.UNANSWERED, asked_at__gte=now - SILENT
    )
    return silent.filter(vat_id=vat_id).first() or (_noted_silence(vat_id) if silent.exists() else None)


def _noted_silence(vat_id: str) -> VatIdCheck:
    """The state did not answer about somebody else a moment ago: the question is left for later, and that is noted."""
    return VatIdCheck.objects.create(
        vat_id=vat_id,
        requester=seller.vat_id(),
        outcome=VatIdCheck.UNANSWERED,
        detail="not asked: the member state did not answer a moment ago",
    )


def ask_again(limit: int = BATCH) -> int:
    """Ask about the VAT ids of orders whose question the register left open; returns how many it answered now.

    Staff see the answer beside the invoice and may correct it; nothing is corrected by itself.
    """
    if not vies.is_on():
        return 0
    now = clock.now()
    open_ones = VatIdCheck.objects.filter(
        outcome=VatIdCheck.UNANSWERED, asked_at__gte=now - GIVE_UP, orders__isnull=False
    )
    answered = VatIdCheck.objects.filter(asked_at__gte=now - GIVE_UP).exclude(outcome=VatIdCheck.UNANSWERED)
    waiting = (
        open_ones.exclude(vat_id__in=answered.values("vat_id")).order_by().values_list("vat_id", flat=True)
    )
    found, silent = 0, set()
    for vat_id in list(waiting.distinct()[:limit]):
        if vat_id[:2] in silent:  # its register is away: the next run asks, and this one notes nothing
            continue
        if check(vat_id=vat_id).outcome == VatIdCheck.UNANSWERED:
            silent.add(vat_id[:2])
        else:
            found += 1
    return found
