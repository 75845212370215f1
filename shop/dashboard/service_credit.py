"""Purchase on account from the one screen of customer service: block it, or allow it again."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from checkout.payment.models import CustomerCredit
from fulfilment.customer_service.remedies.acts import Act, Done, Wish
from fulfilment.customer_service.remedies.approving import Reasons, ended, run
from fulfilment.customer_service.remedies.effects import GOODS, MAIL, MONEY, ORDER, Effects
from fulfilment.customer_service.remedies.models import Remedy
from shop.approvals.kinds import Kind, register
from shop.ui.numbers import money_text

from .customer_credit import CREDIT, set_purchase_on_account

KIND = "purchase_on_account"


def _credit(order: Order) -> CustomerCredit:
    known = CustomerCredit.objects.filter(user_id=order.user_id).first()
    return known or CustomerCredit(user_id=order.user_id)


class AccountAct(Act):
    """What both share: only customers with an account buy on account."""

    icon = "invoice"

    def refusal(self, order: Order) -> str:
        """Guests do not buy on account."""
        return "" if order.user_id else _("The customer has no account: guests do not buy on account.")

    def _say_all(self, found: Effects, wish: Wish) -> None:
        credit = _credit(wish.order)
        owed = {"owed": money_text(credit.open_items_minor, wish.order.currency)}
        found.say(
            MONEY,
            _("Open items of the customer now: %(owed)s. They stay as they are; nothing is booked.") % owed,
        )
        found.say(GOODS, _("Orders that were placed stay as they are, this one too."))
        found.say(MAIL, _("The customer is not told; the checkout says which ways to pay there are."))

    def _do(self, wish: Wish, verb: str, words: str) -> str:
        assert wish.order.user is not None
        set_purchase_on_account(person=wish.order.user, verb=verb, why=words, by=wish.by)
        return verb


class BlockAccount(AccountAct):
    """The customer pays before anything leaves."""

    code = "block_account"
    title = gettext_lazy("Block purchase on account")
    text = gettext_lazy("From now on the customer pays by card or ahead.")
    icon = "lock"
    danger = True

    def refusal(self, order: Order) -> str:
        """Once is enough."""
        credit = _credit(order)
        if order.user_id and credit.blocked:
            return _("It is blocked already: %(why)s") % {"why": credit.block_reason}
        return super().refusal(order)

    def effects(self, wish: Wish) -> Effects:
        """The next orders; nothing of those that are placed."""
        found = Effects()
        found.say(
            ORDER, _("%(name)s cannot buy on account any more, until somebody lifts the block.") % _name(wish)
        )
        self._say_all(found, wish)
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """With the words as its reason."""
        self._do(wish, "block", remedy.words)
        return Done(_("%(name)s cannot buy on account any more.") % _name(wish))


class ReleaseAccount(AccountAct):
    """A block is lifted; without one the customer need not have paid an order first. Who does not decide about credit
    asks somebody who does."""

    code = "release_account"
    title = gettext_lazy("Allow purchase on account")
    text = gettext_lazy("Lifts a block; without one, the customer needs no paid order first.")
    icon = "key"
    limit_kind = KIND

    def refusal(self, order: Order) -> str:
        """Once is enough."""
        credit = _credit(order)
        if order.user_id and credit.released and not credit.blocked:
            return _("The customer may buy on account already.")
        return super().refusal(order)

    def has_limit(self, order: Order) -> bool:
        """It has no amount."""
        return False

    def asks_always(self, by: Any) -> bool:
        """Whoever lends the shop's money decides."""
        return bool(getattr(by, "pk", None)) and not by.has_perm(CREDIT)

    def rests_on(self, wish: Wish) -> str:
        """On the block that is lifted, with its reason, or on there being none: one that was set since then stays."""
        credit = _credit(wish.order)
        return f"block: {credit.block_reason}" if credit.blocked else "no block"

    def effects(self, wish: Wish) -> Effects:
        """What the next orders may be."""
        credit, found = _credit(wish.order), Effects()
        if credit.blocked:
            found.say(ORDER, _("The block is lifted. It was: %(why)s") % {"why": credit.block_reason or "–"})
        else:
            found.say(
                ORDER,
                _("%(name)s may buy on account from now on, without a paid order before.") % _name(wish),
            )
        if credit.limit_minor is not None:
            limit = {"limit": money_text(credit.limit_minor, wish.order.currency)}
            found.say(MONEY, _("With open items, at most %(limit)s: the limit stays as it is.") % limit)
        self._say_all(found, wish)
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Lift the block, or release."""
        verb = "unblock" if _credit(wish.order).blocked else "release"
        self._do(wish, verb, remedy.words)
        if verb == "unblock":
            return Done(_("The block of %(name)s is lifted.") % _name(wish))
        return Done(_("%(name)s may buy on account from now on.") % _name(wish))


def _name(wish: Wish) -> dict[str, str]:
    assert wish.order.user is not None
    return {"name": str(wish.order.user.name)}


def register_kind() -> None:
    """Called when the room is ready. Who decides about credit approves."""
    title = gettext_lazy("Purchase on account")
    register(Kind(KIND, title, CREDIT, 0, run, Reasons(), ended, has_limit=False))
