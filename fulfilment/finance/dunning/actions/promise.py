"""A customer promises to pay: letters wait until that day, and whether it was kept is seen by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from fulfilment.finance.dunning.models import DunningClaim, DunningNotice, DunningPolicy, PaymentPromise
from fulfilment.finance.invoicing.models import Allocation, OrderMoney
from shop.kernel.clock import today
from shop.kernel.states import StateError, move
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

#: Staff may agree on a day within a year; customers within the policy's days.
LONGEST = dt.timedelta(days=366)
GRACE = dt.timedelta(days=2)  #: a transfer sent on the day is on our account this much later


class CannotPromise(ValueError):
    """This promise cannot be taken; the message says why, for people."""


def promise(
    *,
    notice: DunningNotice,
    amount_minor: int,
    pay_on: dt.date,
    by: Any = None,
    by_customer: bool = False,
    note: str = "",
) -> PaymentPromise:
    """Note that ``amount_minor`` (minor units) will be paid by ``pay_on``; a promise that is open is replaced.

    Until then no letter asks for the invoices of ``notice``. Raises CannotPromise for a day out of reach, an amount
    that is not open, for less than the whole by a customer (policy: a cent would put the letter off for all of it;
    staff agree on payments in parts), and for a customer whose earlier promise on this letter was broken. Who promises
    anew gets no more days than from the first promise on: else letters could be put off for ever.
    """
    open_minor = still_open_minor(notice)
    if not 0 < amount_minor <= open_minor:
        raise CannotPromise(_("Please promise an amount that is still open."))
    policy = DunningPolicy.objects.order_by("pk").first() or DunningPolicy()
    if by_customer and policy.promise_whole and amount_minor < open_minor:
        raise CannotPromise(
            _("Please promise all of it, %(amount)s. To pay in parts, please call or write to us.")
            % {"amount": money_text(open_minor, notice.currency)}
        )
    latest = (
        _first_promised(notice) + dt.timedelta(days=policy.promise_days) if by_customer else today() + LONGEST
    )
    if latest < today():
        raise CannotPromise(_("You have named a day before. Please call or write to us."))
    if not today() <= pay_on <= latest:
        raise CannotPromise(
            _("Please choose a day from today until %(day)s.") % {"day": latest.strftime("%d.%m.%Y")}
        )

    def work() -> PaymentPromise:
        if by_customer and notice.promises.filter(state="broken").exists():
            raise CannotPromise(_("An earlier promise was not kept. Please call or write to us."))
        for before in notice.promises.filter(state="open"):
            move(before, to="withdrawn", by=by, why="promised anew")
        with transaction.atomic():
            return PaymentPromise.objects.create(
                notice=notice,
                amount_minor=amount_minor,
                pay_on=pay_on,
                paid_before_minor=paid_minor(notice),
                by_customer=by_customer,
                by=by if getattr(by, "pk", None) else None,
                note=note.strip()[:300],
            )

    try:
        return retrying(work)
    except IntegrityError:  # promised twice in the same moment
        return notice.promises.get(state="open")


def _first_promised(notice: DunningNotice) -> dt.date:
    """When the customer first promised to pay this letter; today when never."""
    first = notice.promises.filter(by_customer=True).order_by("created_at").first()
    return timezone.localtime(first.created_at).date() if first else today()


def withdraw_promise(*, promise: PaymentPromise, why: str, by: Any) -> bool:
    """The promise counts no more; letters go on. False when it had ended before. ValueError without a reason."""
    if not why.strip():
        raise ValueError("withdrawing a promise says why")
    try:
        retrying(lambda: move(promise, to="withdrawn", by=by, why=why.strip()))
    except StateError:
        return False
    return True


def see_promises() -> tuple[int, int]:
    """Mark what was kept, and what was broken because its day is over. Returns how many of both."""
    kept = broken = 0
    for one in PaymentPromise.objects.filter(state="open").select_related("notice").order_by("pk").iterator():
        if _see(one):
            kept += 1
        elif one.pay_on + GRACE < today():
            broken += _end(one, "broken", "the day is over and the money has not come")
    return kept, broken


def see_promises_of(invoice_id: int) -> None:
    """Money came for this invoice: whatever was promised for it may be kept now, even if late."""
    found = PaymentPromise.objects.filter(notice__items__invoice=invoice_id, state__in=("open", "broken"))
    for one in found.select_related("notice").distinct():
        _see(one)


def paid_minor(notice: DunningNotice) -> int:
    """What was paid so far on the invoices of a letter (minor units); what was given up is no payment."""
    laid = Allocation.objects.filter(invoice__dunning_items__notice=notice, reversed_at=None)
    total = laid.exclude(money__kind=OrderMoney.WRITE_OFF).aggregate(sum=Sum("amount_minor"))["sum"]
    return int(total or 0)


def still_open_minor(notice: DunningNotice) -> int:
    """What is open today of the invoices of a letter, with the interest and costs that this letter and those before and
    after it asked for (minor units). Two queries."""
    principal = notice.items.aggregate(sum=Sum("invoice__open_minor"))["sum"] or 0
    claims = DunningClaim.objects.filter(invoice__in=notice.items.values("invoice"), waived_at=None)
    return int(principal) + sum(claim.left_minor for claim in claims)


def _see(one: PaymentPromise) -> bool:
    came = paid_minor(one.notice) - one.paid_before_minor
    if came < one.amount_minor and still_open_minor(one.notice):
        return False
    return bool(_end(one, "kept", "the money came"))


def _end(one: PaymentPromise, to: str, why: str) -> int:
    try:
        retrying(lambda: move(one, to=to, why=why))
    except StateError:  # somebody else saw it in the same moment
        return 0
    return 1
