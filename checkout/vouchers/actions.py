"""Give a voucher to one customer."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.utils import timezone
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range
from oscar.apps.voucher.models import Voucher

from checkout.order.models import Order
from shop.kernel.clock import now
from shop.kernel.money import to_decimal
from shop.kernel.transactions import retrying

from .models import PersonalVoucher

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  #: none that are taken for another when somebody reads them out
GROUPS, GROUP = 3, 4  #: 60 bits: nobody guesses one
RANGE = "Persönliche Gutscheine"  #: the range of offers behind them: everything


def give(*, order: Order, amount_minor: int, until: dt.date, source: str, by: Any = None) -> PersonalVoucher:
    """Make a voucher over ``amount_minor`` (gross) for the customer of ``order``, for one order until the end of a day.

    Bound to the customer's account where there is one. Once per ``source``: a repeat returns the voucher that is there.
    Raises ValueError for an amount below one minor unit.
    """
    if amount_minor < 1:
        raise ValueError("a voucher is over something")

    def work() -> PersonalVoucher:
        known = PersonalVoucher.objects.filter(source=source).first()
        if known is not None:
            return known
        code = new_code()
        end = timezone.make_aware(dt.datetime.combine(until, dt.time(23, 59, 59)))
        voucher = Voucher.objects.create(
            code=code, name=code, usage=Voucher.SINGLE_USE, start_datetime=now(), end_datetime=end
        )
        voucher.offers.add(_offer(code, amount_minor, order.currency))
        return PersonalVoucher.objects.create(
            voucher=voucher,
            user_id=order.user_id,
            order=order,
            amount_minor=amount_minor,
            currency=order.currency,
            source=source,
        )

    return retrying(work)


def new_code() -> str:
    """``7KQM-X2RD-9FHA``: hard to guess, easy to read out."""
    return "-".join("".join(secrets.choice(LETTERS) for _letter in range(GROUP)) for _group in range(GROUPS))


def _offer(code: str, amount_minor: int, currency: str) -> ConditionalOffer:
    everything, _made = Range.objects.get_or_create(name=RANGE, defaults={"includes_all_products": True})
    return ConditionalOffer.objects.create(
        name=f"Gutschein {code}",
        offer_type=ConditionalOffer.VOUCHER,
        condition=Condition.objects.create(range=everything, type=Condition.COUNT, value=1),
        benefit=Benefit.objects.create(
            range=everything, type=Benefit.FIXED, value=to_decimal(amount_minor, currency)
        ),
        max_basket_applications=1,
        exclusive=False,
    )
