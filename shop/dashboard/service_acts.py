"""What this room adds to the one screen of customer service: money without a document, a mail sent again,
purchase on account, and the ways to pages of their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from checkout.payment.actions.refunds import refundable_minor, request_refund
from checkout.payment.models import CARD, CREDIT, Payment, Refund
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.changes.models import CANCEL, DELIVERY, PIECES
from fulfilment.customer_service.changes.rules import what_may_change
from fulfilment.customer_service.remedies.acts import Act, Done, Refused, Way, Wish, register, register_way
from fulfilment.customer_service.remedies.acts.base import ActForm
from fulfilment.customer_service.remedies.approving import MONEY_KIND
from fulfilment.customer_service.remedies.effects import GOODS, MAIL, MONEY, Effects, of_postings
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns import exchange
from fulfilment.customer_service.returns.left import left_of
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.postings import Posting
from shop.notifications.actions import send_copy
from shop.notifications.models import OutgoingMail
from shop.ui.amounts import AmountField
from shop.ui.numbers import money_text
from shop.ui.times import short_datetime

from . import service_credit
from .models import ORDER, note
from .order_money import REFUND, free_minor, may_refund, payment_of
from .order_story import REMEDY
from .service_credit import BlockAccount, ReleaseAccount


def _mails(order: Order) -> Any:
    """Mails of an order that may be sent again: none that hold a link which opens an account."""
    return OutgoingMail.objects.filter(order=order, confidential=False).order_by("-pk")


class MailForm(ActForm):
    """Which mail, and where to."""

    mail = forms.ChoiceField(label=gettext_lazy("Mail"))
    field_order = ["mail", "reason", "words", "decide"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["mail"]
        field.choices = [
            (str(mail.pk), f"{mail.subject} ({short_datetime(mail.created_at)})")
            for mail in _mails(self.order)[:50]
        ]


class ResendMail(Act):
    """A mail goes out once more, with its files."""

    code = "resend"
    title = gettext_lazy("Send a mail or invoice again")
    text = gettext_lazy("Word for word and with its files, to the order's e-mail address.")
    icon = "mail"
    permission = "notifications.retry_mails"
    form = MailForm

    def refusal(self, order: Order) -> str:
        """Only what was written before."""
        return "" if _mails(order).exists() else _("No mail was written about this order yet.")

    def effects(self, wish: Wish) -> Effects:
        """One mail, nothing else."""
        mail, found = self._mail(wish), Effects()
        facts = {"subject": mail.subject, "email": wish.order.email}
        found.say(MAIL, _("“%(subject)s” goes to %(email)s once more, word for word.") % facts)
        names = [file.name for file in mail.attachments.all() if not file.content_id]
        if names:
            found.say(MAIL, _("With it: %(files)s.") % {"files": ", ".join(names)})
        found.say(MAIL, _("Nothing else changes: no money, no stock, no document."))
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Write the copy; a task sends it."""
        copy = send_copy(mail=self._mail(wish), recipient=wish.order.email or "", fact=remedy.pk, by=wish.by)
        words = _("“%(subject)s” goes to %(email)s now.")
        return Done(words % {"subject": copy.subject, "email": copy.recipient}, {"mail_id": copy.pk})

    def _mail(self, wish: Wish) -> OutgoingMail:
        found = _mails(wish.order).filter(pk=wish.data["mail"]).first()
        if found is None:
            raise Refused(_("There is no such mail about this order."))
        return found


class RefundForm(ActForm):
    """How much goes back."""

    gives_money = True

    amount = AmountField(label=gettext_lazy("Amount"))
    field_order = ["amount", "reason", "words", "decide"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payment, amount = payment_of(self.order), self.fields["amount"]
        left = refundable_minor(payment) if payment else 0
        free = max(0, min(left, free_minor(self.order)))
        amount.help_text = _("At most %(left)s; %(free)s of it is asked for by no invoice.") % {
            "left": money_text(left, self.order.currency),
            "free": money_text(free, self.order.currency),
        }
        if free:
            amount.initial = free


class GiveBack(Act):
    """Money of a payment, without a document: what was paid too much, or a credit note left over."""

    code = "refund"
    title = gettext_lazy("Give money back")
    text = gettext_lazy("What was paid too much, or what a credit note left over; no document is issued.")
    icon = "undo"
    permission = REFUND
    limit_kind = MONEY_KIND
    form = RefundForm
    danger = True

    def refusal(self, order: Order) -> str:
        """Only what is here."""
        return "" if may_refund(order) else _("No money of this order is here that could go back.")

    def effects(self, wish: Wish) -> Effects:
        """The money, and its entry once it has gone back."""
        payment, amount = self._payment(wish), int(wish.data["amount"])
        found = Effects(amount_minor=amount)
        way = Refund(payment=payment, as_credit=_as_credit(wish)).way
        facts = {"amount": money_text(amount, payment.currency)}
        if way == CREDIT:
            found.say(MONEY, _("%(amount)s become the customer's store credit, at once.") % facts)
        elif way == CARD:
            found.say(MONEY, _("%(amount)s go back to the customer's card, by themselves.") % facts)
        else:
            found.say(MONEY, _("%(amount)s go back by bank transfer; accounting sends it.") % facts)
        free = max(0, free_minor(wish.order))
        if amount > free:
            more = {"amount": money_text(amount - free, payment.currency)}
            found.say(
                MONEY,
                _("Mind: an invoice asks for %(amount)s of it, which the customer owes again then.") % more,
            )
        found.say(GOODS, _("The customer keeps the goods; the stock stays as it is."))
        found.say(MAIL, _("The customer is told by mail when it is done."))
        found.rows = of_postings(_postings(payment, amount, way))
        found.booked = _("when the money has gone back")
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Ask the provider, or accounting, for it."""
        payment = self._payment(wish)
        made = request_refund(
            payment=payment,
            amount_minor=int(wish.data["amount"]),
            source=f"remedy:{remedy.pk}:{payment.pk}",
            reason=remedy.words,
            as_credit=_as_credit(wish),
            by=wish.by,
        )
        amount = {"amount": money_text(made.amount_minor, payment.currency)}
        words = _("%(amount)s are on their way back; the customer is told by mail.")
        return Done(words % amount, {"refunded_minor": made.amount_minor})

    def remedy_of(self, case: Case) -> str:
        """Money back."""
        return kinds.REFUND

    def _payment(self, wish: Wish) -> Payment:
        payment = payment_of(wish.order)
        left = refundable_minor(payment) if payment else 0
        if payment is None or int(wish.data["amount"]) > left:
            words = _("At most %(left)s are left to give back.")
            raise Refused(words % {"left": money_text(left, wish.order.currency)})
        return payment


def _as_credit(wish: Wish) -> bool:
    """Whether the customer expressly wants store credit; only an account can hold it."""
    return bool(wish.data.get("as_credit")) and wish.order.user_id is not None


def _postings(payment: Payment, amount_minor: int, way: str) -> list[Posting]:
    number, currency, holder = payment.order.number, payment.currency, payment.order.user_id
    if way == CREDIT and holder is not None:
        return rules.refunded_to_credit(
            order_number=number, user_id=holder, amount_minor=amount_minor, currency=currency
        )
    return rules.refund_succeeded(
        order_number=number, amount_minor=amount_minor, by_card=way == CARD, currency=currency
    )


def _picked(order: Order) -> str:
    """Once somebody has begun to pick it, its goods must be put back: the order's page says which."""
    from . import order_verbs

    late = order_verbs.may_cancel(order) and not what_may_change(order)[CANCEL].allowed
    return reverse("dashboard:order-cancel", args=[order.number]) if late else ""


def _change(order: Order) -> str:
    may = what_may_change(order)
    possible = may[PIECES].allowed or may[DELIVERY].allowed
    return reverse("dashboard:order-change", args=[order.number]) if possible else ""


def _exchange(order: Order) -> str:
    sent = any(left_of(order).values())
    possible = sent and not exchange.refusal(order, by_staff=True)
    return reverse("service:exchange", args=[order.number]) if possible else ""


WAYS = (
    Way(
        gettext_lazy("Change sizes, pieces or delivery"),
        gettext_lazy("While nobody has begun to pick it; the difference is paid or goes back."),
        "edit", "order.manage_orders", _change,
    ),
    Way(
        gettext_lazy("Cancel an order that is being picked"),
        gettext_lazy("While nothing has left; its pieces are put back, and the money goes back."),
        "cross-circle", "order.manage_orders", _picked,
    ),
    Way(
        gettext_lazy("Exchange for another size"),
        gettext_lazy("The new size is kept until the old one is back."),
        "refresh", "cases.handle_cases", _exchange,
    ),
)  # fmt: skip


def _note(sender: Any, instance: Remedy, created: bool, **_kwargs: Any) -> None:
    """What was done for the customer stands in the order's history too, in the same transaction."""
    if created:
        what, why = f"{REMEDY}{instance.act}", instance.words
        note(
            subject=ORDER,
            subject_id=instance.order_id,
            what=what,
            by=instance.by,
            why=why,
            remedy=instance.pk,
        )


def register_all() -> None:
    """Called when the room is ready."""
    post_save.connect(_note, sender=Remedy, dispatch_uid="dashboard.note_remedy")
    for act in (GiveBack(), BlockAccount(), ReleaseAccount(), ResendMail()):
        register(act)
    service_credit.register_kind()
    for way in WAYS:
        register_way(way)
