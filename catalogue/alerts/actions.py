"""Verbs of alerts: ask, confirm, stop, tell whoever waits for what is back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError
from django.db.models import F, Q

from catalogue.models import Product
from catalogue.partner.models import StockRecord
from shop.kernel import outbox
from shop.kernel.clock import now
from shop.kernel.states import StaleState, move
from shop.kernel.transactions import retrying

from .events import ArticleIsBack, StockAlertAsked
from .models import StockAlert
from .states import STOPPED, TOLD, UNCONFIRMED, WAITING

CONFIRM_WITHIN = dt.timedelta(days=14)
KEPT_AFTER = dt.timedelta(days=30)  #: what is over is kept so long, to answer "why did I get this?"
MAIL_AGAIN_AFTER = dt.timedelta(hours=1)
MAILS_MAX = 3  #: with the link, for one wish: more would only fill a stranger's mailbox
BATCH = 200  #: told in one run


def ask(*, product: Product, email: str, language: str, by: Any = None) -> StockAlert:
    """Somebody wants to be told of a variant. ``by``: an account that has this address confirmed; it need not confirm
    again. Asking twice changes nothing: the answer must not show who has asked before. Whose mail with the link may be
    lost gets another, an hour later at the earliest and three in all."""
    address = email.strip().lower()

    def work() -> StockAlert:
        open_ones = StockAlert.objects.filter(
            product=product, email=address, state__in=(UNCONFIRMED, WAITING)
        )
        found = open_ones.first()
        if found is None:
            found = StockAlert.objects.create(product=product, email=address, language=language, user=by)
            if by is None:
                outbox.record(StockAlertAsked(found.pk))
        elif by is None:
            _ask_again(found)
        if by is not None and found.state == UNCONFIRMED:
            move(found, to=WAITING, by=by, why="signed in with this address", confirmed_at=now())
        return found

    try:
        return retrying(work)
    except IntegrityError:  # a double click: the first one is there by now
        return retrying(work)


def _ask_again(found: StockAlert) -> None:
    """One more mail with the link where the last may be lost; inside the caller's transaction. Of two at once, one."""
    due = StockAlert.objects.filter(
        pk=found.pk, state=UNCONFIRMED, mails__lt=MAILS_MAX, mailed_at__lte=now() - MAIL_AGAIN_AFTER
    )
    if due.update(mails=F("mails") + 1, mailed_at=now()):
        outbox.record(StockAlertAsked(found.pk, nth=found.mails + 1))


def confirm(*, alert: StockAlert) -> None:
    """The link in the mail was followed and the button pressed. Nothing happens where it is not waiting for that."""
    _end_or_go_on(alert, UNCONFIRMED, WAITING, "confirmed from the mailbox", confirmed_at=now())


def stop(*, alert: StockAlert) -> None:
    """No mail any more. Nothing happens where it is over already."""
    _end_or_go_on(alert, alert.state, STOPPED, "stopped by a link", ended_at=now())


def _end_or_go_on(alert: StockAlert, old: str, to: str, why: str, **also: Any) -> None:
    if alert.state != old or to not in alert.machine.moves[alert.state]:
        return
    try:
        retrying(lambda: move(alert, to=to, why=why, **also))
    except StaleState:  # the other tab was faster
        alert.refresh_from_db()


def tell_due(limit: int = BATCH) -> int:
    """Tell up to ``limit`` of those who wait for what can be had again; returns how many. Each is told once, also when
    two workers look in the same moment."""
    back = (
        StockRecord.objects.filter(
            Q(backorderable=True) | Q(num_in_stock__gt=F("num_allocated")),
            Q(product__parent=None) | Q(product__parent__is_public=True),
            product__is_public=True,
            price__isnull=False,
        )
        .order_by()
        .values("product_id")
    )
    waiting = StockAlert.objects.filter(state=WAITING, product__in=back).order_by("confirmed_at", "pk")
    return sum(_tell(alert) for alert in list(waiting[:limit]))


def _tell(alert: StockAlert) -> bool:
    def work() -> None:
        move(alert, to=TOLD, why="the article is back", ended_at=now())
        outbox.record(ArticleIsBack(alert.pk))

    try:
        retrying(work)
    except StaleState:
        return False
    return True


def clear() -> int:
    """Delete what was never confirmed, and what is over. Returns how many."""
    moment = now()
    over = Q(state=UNCONFIRMED, asked_at__lt=moment - CONFIRM_WITHIN)
    over |= Q(state__in=(TOLD, STOPPED), ended_at__lt=moment - KEPT_AFTER)
    return StockAlert.objects.filter(over).delete()[0]
