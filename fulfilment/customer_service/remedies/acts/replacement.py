"""New goods instead of faulty or missing ones (§ 439 (1) BGB): an order of its own without money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalogue.partner.models import InsufficientStock, StockRecord
from checkout.order.actions import NotReplaceable, place_replacement
from checkout.order.models import Line, Order
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.remedies.effects import GOODS, MAIL, MONEY, ORDER, Effects, of_postings
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns.left import CAUSE, left_of
from fulfilment.finance.ledger import rules
from fulfilment.warehouse.receiving import actions as dock
from shop.kernel.money import split
from shop.ui.numbers import money_text

from .base import Act, Done, Refused, Wish
from .pieces import Choice, PiecesForm


class ReplacementForm(PiecesForm):
    """Which pieces are sent once more, and whether the faulty ones come back."""

    back = forms.BooleanField(label=gettext_lazy("The customer sends the faulty goods back"), required=False)
    field_order = ["back", "reason", "words", "decide"]

    def choices(self) -> Iterator[Choice]:
        """What was sent and is neither replaced nor credited nor coming back, with what is free in stock."""
        left = left_of(self.order)
        rows = Line.objects.filter(order=self.order, pk__in=[pk for pk, n in left.items() if n])
        for line in rows.select_related("stockrecord").order_by("pk"):
            most, free = left[line.pk], max(0, line.stockrecord.available) if line.stockrecord else 0
            words = ngettext(
                "%(sku)s; at most %(n)d piece, %(free)d free in stock",
                "%(sku)s; at most %(n)d pieces, %(free)d free in stock",
                most,
            )
            yield Choice(
                line.pk, line.title, most, words % {"n": most, "free": free, "sku": line.partner_sku}
            )


def value_minor(line: Line, pieces: int) -> int:
    """What the customer paid (or owes) for so many pieces of a line, gross minor units; of a replacement what the goods
    cost in the first place."""
    first = line
    while first.replacement_for is not None:
        first = first.replacement_for
    whole = max(1, first.quantity)
    return split(first.gross_minor, [min(pieces, whole), whole - min(pieces, whole)])[0]


class Replacement(Act):
    """Send goods once more."""

    code = "replacement"
    title = gettext_lazy("Send new goods")
    text = gettext_lazy("An order without money for pieces that were faulty, damaged or missing.")
    icon = "return"
    limit_kind = "replacement"
    form = ReplacementForm

    def refusal(self, order: Order) -> str:
        """Only what was sent, and is neither replaced nor credited nor coming back."""
        if any(left_of(order).values()):
            return ""
        return _("Nothing was sent that is not replaced, credited or coming back already.")

    def effects(self, wish: Wish) -> Effects:
        """Stock, order, mails; the entry follows when the parcel leaves."""
        pieces, lines = self._chosen(wish)
        found = Effects(
            amount_minor=sum(value_minor(line, pieces[line.pk]) for line in lines),
            cost_minor=sum(line.stockrecord.unit_cost_minor * pieces[line.pk] for line in lines),
        )
        self._say_goods(found, pieces, lines)
        found.say(
            ORDER, _("A new order is made for it and confirmed at once; the warehouse gets its pick list.")
        )
        address = wish.order.shipping_address
        if address is not None:
            found.say(
                ORDER, _("It goes to: %(address)s.") % {"address": ", ".join(address.active_address_fields())}
            )
        if wish.data.get("back"):
            found.say(GOODS, _("The dock expects the faulty goods back; no money goes back for them."))
            found.say(
                MAIL, _("The customer is told by mail how to send them, with the paper for the parcel.")
            )
        worth = money_text(found.amount_minor, wish.order.currency)
        found.say(
            MONEY,
            _("Nothing is charged and no invoice is issued; the goods were sold for %(worth)s.")
            % {"worth": worth},
        )
        found.say(
            MAIL,
            _(
                "The customer is told by mail at once (%(email)s), and again with the tracking number when the parcel "
                "leaves."
            )
            % {"email": wish.order.email},
        )
        if found.cost_minor:
            found.rows = of_postings(
                rules.goods_replaced(order_number=wish.order.number, cost_minor=found.cost_minor)
            )
            found.booked = _("when the parcel leaves")
        return found

    def _say_goods(self, found: Effects, pieces: dict[int, int], lines: list[Line]) -> None:
        wanted: dict[int, int] = {}
        for line in lines:
            wanted[line.stockrecord_id] = wanted.get(line.stockrecord_id, 0) + pieces[line.pk]
        for line in lines:
            free = line.stockrecord.available
            if free < wanted[line.stockrecord_id] and not line.stockrecord.backorderable:
                raise Refused(_lacking(line.title, free))
            found.say(
                GOODS,
                _("%(n)d × %(title)s (%(sku)s) are reserved now.")
                % {"n": pieces[line.pk], "title": line.title, "sku": line.partner_sku},
            )

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Place it; let the dock expect the faulty goods."""
        pieces, _lines = self._chosen(wish)
        try:
            made = place_replacement(
                order=wish.order, pieces=pieces, source=f"remedy:{remedy.pk}", why=remedy.words, by=wish.by
            )
        except NotReplaceable as error:
            raise Refused(str(error)) from None
        except InsufficientStock as error:
            title = StockRecord.objects.get(partner_sku=error.sku).product.title_local
            raise Refused(_lacking(title, error.left)) from None
        facts: dict[str, Any] = {"order": made.number}
        if wish.data.get("back"):
            returning = dock.announce(
                order_id=wish.order.pk, lines=pieces, cause=f"{CAUSE}:{made.number}", by=wish.by
            )
            if returning is not None:
                facts["return"] = returning.number
                facts["return_id"] = returning.pk
        return Done(
            _("Order %(number)s sends the goods once more; its pieces are reserved.")
            % {"number": made.number},
            facts,
            made,
        )

    def remedy_of(self, case: Case) -> str:
        """New goods; what was missing is sent."""
        return kinds.RESEND if case.kind == kinds.SHORT else kinds.REPLACE

    def _chosen(self, wish: Wish) -> tuple[dict[int, int], list[Line]]:
        pieces = {int(pk): int(count) for pk, count in wish.data["pieces"].items()}
        left = left_of(wish.order)
        if any(count > left.get(pk, 0) for pk, count in pieces.items()):
            raise Refused(
                _(
                    "Some of these pieces were replaced, credited or announced to come back. Please choose anew."
                )
            )
        rows = Line.objects.filter(order=wish.order, pk__in=pieces).select_related(
            "stockrecord", "replacement_for__replacement_for"
        )
        lines = list(rows.order_by("pk"))
        gone = next((line for line in lines if line.stockrecord is None), None)
        if gone is not None:
            raise Refused(_("%(title)s is no longer in the range.") % {"title": gone.title})
        return pieces, lines


def _lacking(title: str, free: int) -> str:
    return _("Of %(title)s only %(free)d are free. Send fewer, or give money back instead.") % {
        "title": title,
        "free": max(0, free),
    }
