"""Verbs of taking an order by phone. Pieces and vouchers are those of ``checkout.basket.actions``; placing is the
checkout's own ``place()``: same prices, same rules, same refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from catalogue.partner.strategy import GrossStrategy
from checkout.basket.models import Basket
from checkout.order.actions import place
from checkout.order.models import Order
from checkout.order.texts import SeenText
from checkout.placing import placement_of
from checkout.quote import Quote, quote_of
from checkout.session import Draft
from shop.kernel.clock import now
from shop.kernel.transactions import retrying

from .models import PhoneOrder

KEPT = dt.timedelta(days=7)  #: so long an order that was begun waits for its customer to call again
BATCH = 500


class Closed(ValueError):
    """The order was placed or dropped in the meantime; the text says so, and nothing was changed."""


def start(*, by: Any, user: Any = None, draft: Draft, language: str) -> PhoneOrder:
    """Begin an order for an account (``user``) or for a guest (None), with what is known of them."""

    def work() -> PhoneOrder:
        # Nobody's basket: the customer's own, which they may be filling right now, is left alone.
        basket = Basket.objects.create(owner=None)
        return PhoneOrder.objects.create(
            basket=basket, user=user, language=language, facts=asdict(draft), taken_by=by
        )

    return retrying(work)


def change(*, phone_order: PhoneOrder, by: Any, **values: Any) -> PhoneOrder:
    """Note what the customer said (fields of ``Draft``). Raises Closed, and TypeError for an unknown field."""
    unknown = values.keys() - Draft.__dataclass_fields__.keys()
    if unknown:
        raise TypeError(f"no part of a draft: {', '.join(sorted(unknown))}")

    def work() -> PhoneOrder:
        held = PhoneOrder.objects.select_for_update(of=("self",)).filter(pk=phone_order.pk)
        row = held.select_related("basket", "user").first()
        if row is None or not row.is_open:
            raise Closed(_("This order was placed or dropped in the meantime. Nothing was changed."))
        row.facts = asdict(row.draft) | values
        row.save(update_fields=["facts"])
        return row

    return retrying(work)


def drop(*, phone_order: PhoneOrder, by: Any) -> None:
    """Forget the order: nothing was agreed, so nothing is kept. Raises Closed when it was placed in the meantime."""

    def work() -> None:
        frozen = Basket.objects.filter(pk=phone_order.basket_id, status=Basket.OPEN)
        if not frozen.update(status=Basket.FROZEN):
            raise Closed(_("This order was placed or dropped in the meantime. Nothing was changed."))
        PhoneOrder.objects.filter(pk=phone_order.pk).delete()
        Basket.objects.get(pk=phone_order.basket_id).delete()

    retrying(work)


def sweep() -> int:
    """Drop what was begun ``KEPT`` ago and never placed: it holds what somebody told us for an order that is not to be
    (Art. 5 (1) (e) GDPR). Returns how many."""
    found = PhoneOrder.objects.filter(basket__status=Basket.OPEN, started_at__lte=now() - KEPT)
    done = 0
    for row in found.order_by("pk")[:BATCH]:
        try:
            drop(phone_order=row, by=None)
        except Closed:  # placed or dropped in this moment
            continue
        done += 1
    return done


def priced(phone_order: PhoneOrder) -> Any:
    """Its basket, which knows prices and stock. No query."""
    basket = phone_order.basket
    basket.strategy = GrossStrategy()
    return basket


def quote(phone_order: PhoneOrder) -> Quote:
    """What the order costs now, as the checkout reckons it. Names are in the active language."""
    return quote_of(basket=priced(phone_order), draft=phone_order.draft, user=phone_order.buyer)


def place_by_phone(
    *,
    phone_order: PhoneOrder,
    found: Quote,
    facts: str,
    seen_total_minor: int,
    seen_sha256: str,
    texts: Sequence[SeenText] = (),
    by: Any,
) -> Order:
    """Place what the customer agreed to on the phone; a second click gets the same order.

    ``facts``: the summary as it is now, ``seen_...``: as it was read out, ``texts``: the legal texts
    that it names. Raises what ``place()`` raises.
    """
    placement = placement_of(
        found,
        user=phone_order.buyer,
        language=phone_order.language,
        facts=facts,
        seen_total_minor=seen_total_minor,
        seen_sha256=seen_sha256,
        taken_by=by,
        texts=texts,
    )
    return place(placement, by=by)
