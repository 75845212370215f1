"""How a return stands, in the customer's words: sent, arrived, looked at, money on its way. Reads only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import OuterRef, Prefetch, Q, Subquery
from django.utils.translation import gettext as _

from checkout.payment.models import CARD, CREDIT, Refund
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.warehouse.barcodes import qr_svg
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from shop.kernel.models import StateChange
from shop.ui.numbers import money_text
from shop.ui.times import long_date

from . import labels
from .models import SHOP, Authorisation, CarrierLabel, Exchange, RefundWish, Settlement
from .states import DONE, NOTHING, SENT

CARD_DAYS = 10  #: bank days until a card shows a refund, at most, as the card provider says


@dataclass
class Step:
    """One thing that happened or is awaited: ``state`` done, current or bad, as timelines know it."""

    title: str
    at: dt.datetime | None
    icon: str
    state: str = "done"
    text: str = ""


@dataclass
class Told:
    """One return for its customer. ``may_send``: a paper is to be printed and a number may be typed; ``code_svg``: then
    its number as QR code, to be shown on a phone where the parcel is handed in. ``label``: the carrier's, wanted or
    there; ``may_want_label``: one is offered."""

    returning: Return
    authorisation: Authorisation | None
    steps: list[Step] = field(default_factory=list)
    pieces: list[tuple[int, str]] = field(default_factory=list)
    may_send: bool = False
    code_svg: str = ""
    postage: str = ""
    label: CarrierLabel | None = None
    may_want_label: bool = False
    may_choose: bool = False  #: how the money comes back is still open
    has_account: bool = False  #: which store credit needs
    as_credit: bool = False  #: the customer's wish so far


def of_order(order: Any) -> list[Told]:
    """The returns of an order, oldest first. At most five queries, one when there are none.

    What a carrier brings back by itself, and what stood at the dock unannounced, is told from when it arrived.
    """
    items = ReturnItem.objects.select_related("order_line").order_by("pk")
    wishes = RefundWish.objects.filter(returning=OuterRef("pk")).order_by("-pk")
    rows = list(
        Return.objects.filter(order=order)
        .select_related("authorisation", "settlement", "exchange__made", "carrier_label")
        .defer("carrier_label__pdf", "carrier_label__qr_png")
        .prefetch_related(Prefetch("items", queryset=items))
        .annotate(wishes_credit=Subquery(wishes.values("as_credit")[:1]))
        .order_by("announced_at", "pk")
    )
    if not rows:
        return []
    changes = StateChange.objects.filter(
        machine="return", thing_id__in=[row.pk for row in rows], new="in_transit"
    )
    on_their_way = {change.thing_id: change.at for change in changes}
    refunds = list(
        Refund.objects.filter(
            Q(source__startswith="return:") | Q(source__startswith="exchange:"),
            payment__order__in=[order.pk, *([order.replaces_id] if order.replaces_id else [])],
        ).select_related("payment")
    )
    withdrawals = {
        f"withdrawal:{row.number}": row for row in Withdrawal.objects.filter(order=order).order_by("pk")
    }
    return [_told(row, order, on_their_way.get(row.pk), refunds, withdrawals.get(row.cause)) for row in rows]


def _told(
    row: Return,
    order: Any,
    on_its_way: dt.datetime | None,
    refunds: list[Refund],
    withdrawal: Withdrawal | None,
) -> Told:
    authorisation = getattr(row, "authorisation", None)
    found = Told(row, authorisation, may_send=row.state in ("announced", "authorised", "in_transit"))
    found.pieces = [
        (item.quantity, item.order_line.title) for item in row.items.all() if item.order_line is not None
    ]
    found.may_send = found.may_send and authorisation is not None
    found.code_svg = qr_svg(row.number) if found.may_send else ""
    row.order = order  # with its addresses, which the page has
    found.label = getattr(row, "carrier_label", None)
    found.may_want_label = found.label is None and labels.offered(row, authorisation)
    if authorisation is not None:
        found.postage = postage_words(authorisation)
    _wish(found, row, order)
    found.steps = [
        *_way(row, order, authorisation, on_its_way),
        *_money(row, order, refunds, withdrawal),
    ]
    return found


def _wish(found: Told, row: Return, order: Any) -> None:
    settlement: Settlement | None = getattr(row, "settlement", None)
    open_still = settlement.is_open if settlement is not None else row.state not in ("rejected", "expired")
    found.may_choose = (
        open_still and found.authorisation is not None and getattr(row, "exchange", None) is None
    )
    found.has_account = order.user_id is not None
    found.as_credit = bool(row.wishes_credit)  # type: ignore[attr-defined]


def postage_words(authorisation: Authorisation) -> str:
    """Who pays for the way, for the customer."""
    if authorisation.payer == SHOP:
        return _(
            "We bear the postage: keep the receipt of the carrier and send it to us, and we pay it back."
        )
    return _("The postage for sending it back is yours to pay.")


def _waits_for_difference(row: Return) -> bool:
    swapped: Exchange | None = getattr(row, "exchange", None)
    return swapped is not None and swapped.made.status == "awaiting_payment"


def _way(
    row: Return, order: Any, authorisation: Authorisation | None, on_its_way: dt.datetime | None
) -> list[Step]:
    steps = []
    if _waits_for_difference(row):
        text = _("Then we tell you how to send the old piece.")
        steps.append(Step(_("The difference is to be paid first"), None, "euro", "current", text))
    if authorisation is not None:
        steps.append(
            Step(_("Return %(number)s is announced") % {"number": row.number}, row.announced_at, "return")
        )
    if on_its_way is not None:
        number = authorisation.tracking_number if authorisation else ""
        text = " ".join(filter(None, [authorisation.carrier if authorisation else "", number]))
        steps.append(Step(_("On its way to us"), on_its_way, "truck", text=text))
    if row.state in ("announced", "authorised") and authorisation is not None:
        text = _("Please send it by %(day)s, with the slip in the parcel.") % {
            "day": long_date(authorisation.send_by, order.language)
        }
        steps.append(Step(_("We wait for your parcel"), None, "clock", "current", text))
    elif row.state == "in_transit":
        steps.append(Step(_("We wait for your parcel"), None, "clock", "current"))
    elif row.state == "expired":
        steps.append(
            Step(
                _("Nothing arrived"),
                None,
                "warning",
                "bad",
                _("Should you send it later, we take it all the same."),
            )
        )
    elif row.state == "rejected":
        steps.append(
            Step(
                _("We cannot take it back"), None, "cross", "bad", _("Please ask us if you do not know why.")
            )
        )
    if row.received_at is not None:
        steps.append(Step(_("Arrived at our warehouse"), row.received_at, "box"))
    return steps


def _money(row: Return, order: Any, refunds: list[Refund], withdrawal: Withdrawal | None) -> list[Step]:
    if row.received_at is None:
        return []
    settlement: Settlement | None = getattr(row, "settlement", None)
    if settlement is None or settlement.is_open:
        text = ""
        if withdrawal is not None and withdrawal.is_open:
            text = _("You get your money by %(day)s.") % {
                "day": long_date(withdrawal.refund_by, order.language)
            }
        return [Step(_("We look at what you sent"), None, "search", "current", text)]
    checked = Step(_("Checked"), settlement.done_at, "check")
    if settlement.state == NOTHING:
        swapped: Exchange | None = getattr(row, "exchange", None)
        if swapped is None or swapped.state != SENT:
            return [checked]
        text = _("Number %(number)s") % {"number": swapped.made.number}
        back = [_sent_back(one) for one in refunds if one.source.startswith(f"exchange:{swapped.pk}:")]
        return [checked, Step(_("We send you the new size"), swapped.done_at, "truck", text=text), *back]
    return [checked, *_paid(row, order, settlement, refunds)]


def _paid(row: Return, order: Any, settlement: Settlement, refunds: list[Refund]) -> list[Step]:
    steps = []
    if settlement.state == DONE and settlement.kept_why:
        steps.append(Step(_("Loss of value"), settlement.done_at, "tag", text=settlement.kept_why))
    mine = [refund for refund in refunds if refund.source.startswith(f"return:{row.number}:")]
    for refund in mine:
        steps.append(_sent_back(refund))
    if settlement.credited_minor and not mine:
        amount = money_text(settlement.credited_minor, order.currency)
        text = _("%(amount)s were taken off what you owe.") % {"amount": amount}
        steps.append(Step(_("Credited"), settlement.done_at, "invoice", text=text))
    return steps


def _sent_back(refund: Refund) -> Step:
    amount = money_text(refund.amount_minor, refund.currency)
    if refund.way == CREDIT:
        title = f"{_('Money returned to you')}: {amount} {_('as store credit')}"
        return Step(title, refund.succeeded_at, "undo", text=_("It pays your next order first."))
    by_card = refund.way == CARD
    card = refund.payment.card_label or _("your card")
    if refund.state == "succeeded":
        where = _("to %(card)s") % {"card": card} if by_card else _("by bank transfer")
        text = _("It may take up to %(n)s bank days until you see it.") % {"n": CARD_DAYS} if by_card else ""
        return Step(f"{_('Money returned to you')}: {amount} {where}", refund.succeeded_at, "undo", text=text)
    where = _("back to %(card)s") % {"card": card} if by_card else _("by bank transfer")
    return Step(
        f"{_('Your money is on its way')}: {amount} {where}", refund.created_at, "euro", "current",
        _("Started on this day; we tell you when it has left us."),
    )  # fmt: skip
