"""An order, or single pieces of it, that are not wanted any more before anybody has begun to pick them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from checkout.payment.actions.amend import card_again
from checkout.payment.actions.settle import close_card_attempt
from checkout.payment.models import CREDIT, INVOICE, Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.changes import approving as changing
from fulfilment.customer_service.changes import wishes, words
from fulfilment.customer_service.changes.actions import change
from fulfilment.customer_service.changes.altering import ChangeRefused
from fulfilment.customer_service.changes.models import CANCEL, PIECES
from fulfilment.customer_service.changes.preview import Preview, preview
from fulfilment.customer_service.changes.rules import what_may_change
from fulfilment.customer_service.remedies.approving import MONEY_KIND
from fulfilment.customer_service.remedies.booking import postings_back
from fulfilment.customer_service.remedies.effects import GOODS, MAIL, MONEY, ORDER, Effects, of_postings
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.warehouse.picking.actions import hold_order
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from .base import Act, ActForm, Done, Refused, Wish
from .pieces import Choice, PiecesForm

if TYPE_CHECKING:
    from shop.approvals.models import Approval


class ChangeAct(Act):
    """A change of the order, by the actions of the room ``changes``: what it shows is what they do."""

    permission = "order.manage_orders"
    limit_kind = MONEY_KIND
    danger = True
    kind: str  #: of the change

    def refusal(self, order: Order) -> str:
        """As for the customer: not once somebody has begun to pick it."""
        may = what_may_change(order)[self.kind]
        return "" if may.allowed else may.reason

    def wanted(self, wish: Wish) -> wishes.Wish:
        """The change as its room knows it."""
        return wishes.Wish(self.kind)

    def prepare(self, wish: Wish) -> bool:
        """No card may be charged with what the order cost before: the open payment is closed at the provider."""
        if wish.order.status != "awaiting_payment":
            return False
        try:
            closed = close_card_attempt(order=wish.order, by=wish.by)
        except (ProviderDown, ProviderRefused):
            raise Refused(
                _(
                    "The payment provider cannot be reached. Nothing was changed; please try again in a minute."
                )
            ) from None
        if not closed:
            raise Refused(
                _("The customer's payment has just arrived. Nothing was changed; please look again.")
            )
        return True

    def undo(self, wish: Wish) -> None:
        """Nothing was changed, so the order is paid by card as before."""
        retrying(lambda: card_again(order=hold_order(wish.order.pk)))

    def asked(self, wish: Wish, approval: Approval) -> None:
        """Nobody begins to pick what perhaps is not wanted."""
        changing.hold_meanwhile(approval, wish.by)

    def ended(self, approval: Approval, by: Any) -> None:
        """The order goes on, as it is by now."""
        changing.let_go(approval, by)

    def effects(self, wish: Wish) -> Effects:
        """Pieces, stock, walks and money; the change is made and taken back."""
        try:
            seen = preview(order=wish.order, wish=self.wanted(wish), by=wish.by)
        except ChangeRefused as problem:
            raise Refused(str(problem)) from None
        found = Effects(amount_minor=seen.back_minor)
        self._say_pieces(found, seen)
        for point in words.goods(seen, self.kind):
            found.say(GOODS, point)
        for point in self._money(seen, wish.order):
            found.say(MONEY, point)
        found.say(MAIL, _("The customer is told by mail: %(email)s") % {"email": wish.order.email or "–"})
        for one in seen.back:
            rows = of_postings(postings_back(wish.order, one.amount_minor, one.way))
            if one.way == CREDIT:
                found.rows += rows
            else:
                found.later_rows += rows
        found.booked, found.later = _("at once"), _("when the money has gone back")
        return found

    def _say_pieces(self, found: Effects, seen: Preview) -> None:
        for row in seen.rows:
            if row.pieces_before != row.pieces_after:
                found.say(
                    ORDER,
                    _("%(title)s: %(before)d ordered before, %(after)d from now on.")
                    % {"title": row.title, "before": row.pieces_before, "after": row.pieces_after},
                )
        facts = {
            "before": money_text(seen.before_minor, seen.currency),
            "after": money_text(seen.after_minor, seen.currency),
        }
        found.say(ORDER, _("The order comes to %(after)s instead of %(before)s.") % facts)

    def _money(self, seen: Preview, order: Order) -> list[str]:
        return words.staff_money(seen, order)

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Make the change; its money goes back with it."""
        if changing.is_being_paid(wish.order):  # decided by a second person, with no provider asked before
            raise Refused(changing.BEING_PAID)
        refunds = Refund.objects.filter(payment__order=wish.order)
        known = set(refunds.values_list("pk", flat=True))
        try:
            made = change(
                order=wish.order,
                wish=self.wanted(wish),
                key=f"remedy:{remedy.pk}",
                by=wish.by,
                why=remedy.words,
            )
        except ChangeRefused as problem:
            raise Refused(str(problem)) from None
        back = sum(refunds.exclude(pk__in=known).values_list("amount_minor", flat=True))
        facts = {"number": wish.order.number, "back": money_text(back, wish.order.currency)}
        return Done(self.done_words(back) % facts, {"change": made.pk, "refunded_minor": back})

    def done_words(self, back_minor: int) -> str:
        """What happened: with %(number)s of the order and %(back)s, the money."""
        raise NotImplementedError

    def remedy_of(self, case: Case) -> str:
        """Money back."""
        return kinds.REFUND


class CancelOrder(ChangeAct):
    """Nothing of it is sent."""

    code = "cancel"
    title = gettext_lazy("Cancel the order")
    text = gettext_lazy("All of it, while nobody has begun to pick it; the money goes back.")
    icon = "cross-circle"
    kind = CANCEL

    def _money(self, seen: Preview, order: Order) -> list[str]:
        if seen.back:
            return words.staff_money(seen, order)
        if order.payment_method == INVOICE:
            return [_("No invoice is written, and nothing is booked.")]
        return [_("Nothing was paid: an open payment is closed, and nothing is booked.")]

    def done_words(self, back_minor: int) -> str:
        """With or without money."""
        if back_minor:
            return _("Order %(number)s is cancelled; %(back)s are on their way back.")
        return _("Order %(number)s is cancelled; no money had to go back.")


class CancelForm(PiecesForm):
    """How many pieces of each article are not wanted any more."""

    field_order = ["reason", "words", "decide"]

    def choices(self) -> Iterator[Choice]:
        """What is still to come."""
        for line in wishes.open_lines(self.order):
            yield Choice(line.pk, line.title, line.quantity_open)


class CancelPieces(ChangeAct):
    """Single articles are left out; the rest is sent."""

    code = "cancel_pieces"
    title = gettext_lazy("Cancel single articles")
    text = gettext_lazy("Some pieces of the order, while nobody has begun to pick it; the rest is sent.")
    icon = "minus"
    kind = PIECES
    form: type[ActForm] = CancelForm

    def wanted(self, wish: Wish) -> wishes.Wish:
        """What is left of each line."""
        less = {int(pk): int(count) for pk, count in wish.data["pieces"].items()}
        lines = {line.pk: line.quantity_open for line in wishes.open_lines(wish.order)}
        if any(count > lines.get(pk, 0) for pk, count in less.items()):
            raise Refused(_("Some of these pieces are no longer in the order. Please choose anew."))
        return wishes.Wish(PIECES, pieces={pk: had - less.get(pk, 0) for pk, had in lines.items()})

    def done_words(self, back_minor: int) -> str:
        """With or without money."""
        if back_minor:
            return _("Order %(number)s is changed; %(back)s are on their way back.")
        return _("Order %(number)s is changed; no money had to go back.")
