"""Goods on their way: let them come back, and stop a parcel that has not left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checkout.order import actions as orders
from checkout.order.models import Line, Order
from fulfilment.customer_service.remedies.effects import GOODS, MAIL, MONEY, ORDER, Effects
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns import exchange_end
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.dispatch.errors import DispatchError
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return, ReturnItem
from fulfilment.warehouse.receiving.states import EXPECTED

from .base import Act, ActForm, Done, Refused, Wish
from .pieces import Choice, PiecesForm

CAUSE = "service"  #: begins the cause of returns that staff let come


def may_come_back(order: Order) -> dict[int, int]:
    """Order line id -> pieces that the customer has and no return awaits. Two queries."""
    awaited = dict(
        ReturnItem.objects.filter(returning__order=order, returning__state__in=EXPECTED, reception="awaiting")
        .order_by()
        .values_list("order_line")
        .annotate(Sum("quantity"))
    )
    lines = Line.objects.filter(order=order).order_by("pk")
    return {line.pk: max(0, line.quantity_returnable - awaited.get(line.pk, 0)) for line in lines}


class ReturnForm(PiecesForm):
    """Which pieces may come back."""

    field_order = ["reason", "words", "decide"]

    def choices(self) -> Iterator[Choice]:
        """What the customer has and no return awaits."""
        left = may_come_back(self.order)
        for line in Line.objects.filter(pk__in=[pk for pk, count in left.items() if count]).order_by("pk"):
            yield Choice(line.pk, line.title, left[line.pk])


class LetReturn(Act):
    """A return is authorised: the dock expects it."""

    code = "return"
    title = gettext_lazy("Let goods come back")
    text = gettext_lazy("The dock expects the goods; what they are worth is decided when they are here.")
    icon = "shoebox"
    permission = "receiving.settle_returns"
    form = ReturnForm

    def refusal(self, order: Order) -> str:
        """Only what the customer has."""
        if any(may_come_back(order).values()):
            return ""
        return _("The customer has nothing of it that is not awaited already.")

    def effects(self, wish: Wish) -> Effects:
        """A return number; no money and no stock until the goods are here."""
        found = Effects()
        for line, count in self._chosen(wish):
            found.say(
                GOODS,
                _("%(n)d × %(title)s (%(sku)s) are expected at the dock, under a return number of their own.")
                % {"n": count, "title": line.title, "sku": line.partner_sku},
            )
        found.say(GOODS, _("The stock changes when they are unpacked."))
        found.say(MAIL, _("The customer is told by mail how to send them, with the paper for the parcel."))
        found.say(MONEY, _("No money moves yet: what goes back is decided when the goods were looked at."))
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Announce it at the dock."""
        pieces = {line.pk: count for line, count in self._chosen(wish)}
        cause = f"{CAUSE}:{remedy.pk}"
        if (
            wish.case
            and not Return.objects.filter(order=wish.order, cause=f"case:{wish.case.number}").exists()
        ):
            cause = f"case:{wish.case.number}"  # who pays for the way back follows from the kind of the case
        made = dock.announce(order_id=wish.order.pk, lines=pieces, cause=cause, by=wish.by)
        if made is None:
            raise Refused(_("Nothing of it can come back any more."))
        day = f"{made.expected_by:%d.%m.%Y}" if made.expected_by else "–"
        return Done(
            _("Return %(number)s is expected by %(day)s.") % {"number": made.number, "day": day},
            {"return": made.number, "return_id": made.pk},
        )

    def _chosen(self, wish: Wish) -> list[tuple[Line, int]]:
        pieces = {int(pk): int(count) for pk, count in wish.data["pieces"].items()}
        left = may_come_back(wish.order)
        if any(count > left.get(pk, 0) for pk, count in pieces.items()):
            raise Refused(_("Some of these pieces are awaited already or came back. Please choose anew."))
        return [(line, pieces[line.pk]) for line in Line.objects.filter(pk__in=pieces).order_by("pk")]


class StopForm(ActForm):
    """Which parcel."""

    parcel = forms.ChoiceField(label=gettext_lazy("Parcel"))
    field_order = ["parcel", "reason", "words", "decide"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["parcel"]
        rows = Parcel.objects.filter(order=self.order, state="packed").order_by("pk")
        field.choices = [(str(row.pk), f"{row.number} {row.tracking_number}".strip()) for row in rows]


class StopParcel(Act):
    """A packed parcel does not leave: it is unpacked, its label is given back, and the order is held."""

    code = "stop_parcel"
    title = gettext_lazy("Stop a parcel")
    text = gettext_lazy("A packed parcel that has not left is unpacked, and nobody goes on with the order.")
    icon = "truck"
    permission = "order.manage_orders"
    form = StopForm
    danger = True

    def refusal(self, order: Order) -> str:
        """Only what is packed and still here."""
        if Parcel.objects.filter(order=order, state="packed").exists():
            return ""
        return _("No parcel of it is packed and still in the house.")

    def effects(self, wish: Wish) -> Effects:
        """Pieces wait to be packed again; the order is held."""
        parcel, found = self._parcel(wish), Effects()
        count = int(parcel.lines.aggregate(n=Sum("quantity"))["n"] or 0)
        facts = {"n": count, "number": parcel.number}
        found.say(
            GOODS,
            ngettext(
                "Parcel %(number)s is unpacked; its %(n)d piece stays reserved.",
                "Parcel %(number)s is unpacked; its %(n)d pieces stay reserved.",
                count,
            )
            % facts,
        )
        if parcel.tracking_number:
            words = _("Its label %(tracking)s is given back to the carrier.")
            found.say(GOODS, words % {"tracking": parcel.tracking_number})
        found.say(
            ORDER, _("The order is held until somebody releases it: the warehouse does not go on with it.")
        )
        found.say(MONEY, _("No money moves. Cancel or change the order afterwards, or release it."))
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Unpack it and hold the order."""
        parcel = self._parcel(wish)
        try:
            dispatch.unpack(parcel=parcel, by=wish.by, why=remedy.words)
        except DispatchError as error:
            raise Refused(str(error)) from None
        orders.hold(order=wish.order, by=wish.by, why=remedy.words)
        return Done(
            _("Parcel %(number)s is stopped; the order is held.") % {"number": parcel.number},
            {"parcel": parcel.number, "parcel_id": parcel.pk},
        )

    def _parcel(self, wish: Wish) -> Parcel:
        found = Parcel.objects.filter(pk=wish.data["parcel"], order=wish.order, state="packed").first()
        if found is None:
            raise Refused(_("The parcel has left or was unpacked meanwhile."))
        return found


class Hold(Act):
    """Nobody goes on with the order."""

    code = "hold"
    title = gettext_lazy("Block the order")
    text = gettext_lazy("The warehouse does not go on with it until it is released.")
    icon = "pause"
    permission = "order.manage_orders"

    def refusal(self, order: Order) -> str:
        """Only what is still to come, and is not held."""
        if order.status in ("completed", "cancelled"):
            return _("Nothing is left to hold: the order is dispatched or cancelled.")
        return _("It is held already: %(why)s") % {"why": order.hold_reason} if order.on_hold else ""

    def effects(self, wish: Wish) -> Effects:
        """Reserved pieces stay so."""
        found = Effects()
        found.say(
            ORDER, _("The order is held until somebody releases it: the warehouse does not go on with it.")
        )
        found.say(GOODS, _("Its pieces stay reserved; nothing is packed or sent."))
        found.say(MONEY, _("No money moves, and the customer is not told."))
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Hold it, with the words."""
        orders.hold(order=wish.order, by=wish.by, why=remedy.words)
        return Done(_("The order is on hold; the warehouse does not go on with it."))


class Release(Act):
    """The order goes on."""

    code = "release"
    title = gettext_lazy("Release the order")
    text = gettext_lazy("The warehouse goes on with an order that was held.")
    icon = "play"
    permission = "order.manage_orders"
    limit_kind = exchange_end.KIND

    def has_limit(self, order: Order) -> bool:
        """Only where an exchange waits behind it."""
        return exchange_end.waiting_behind(order) is not None

    def refusal(self, order: Order) -> str:
        """Only what is held; of a new size that waits for the old one, not when money was given instead."""
        if not order.on_hold:
            return _("The order is not held.")
        behind = exchange_end.waiting_behind(order)
        return exchange_end.refusal(behind) if behind is not None else ""

    def effects(self, wish: Wish) -> Effects:
        """The warehouse goes on. An exchange ends with it: new goods that leave before the old ones are here count
        within the limit of replacements."""
        found = Effects()
        found.say(ORDER, _("It was held because: %(why)s") % {"why": wish.order.hold_reason})
        behind = exchange_end.waiting_behind(wish.order)
        if behind is not None:
            found.amount_minor = 0 if exchange_end.is_here(behind) else exchange_end.worth_minor(behind)
            for point in exchange_end.effects(behind):
                found.say(GOODS, point)
            return found
        found.say(GOODS, _("The warehouse picks, packs and sends it from now on."))
        found.say(MONEY, _("No money moves, and the customer is not told."))
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Release it."""
        approved = remedy.approved_by_id is not None
        try:
            exchange_end.release(order=wish.order, by=wish.by, why=remedy.words, approved=approved)
        except exchange_end.NotReleased as problem:
            raise Refused(str(problem)) from None
        except ValueError as problem:  # finance cannot credit
            raise Refused(exchange_end.in_words(problem)) from None
        return Done(_("The hold is released; the warehouse goes on with the order."))
