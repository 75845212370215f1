"""What this room adds to the one screen of customer service: a mail sent again, and the ways to pages of their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from fulfilment.customer_service.remedies.acts import Act, Done, Refused, Way, Wish, register, register_way
from fulfilment.customer_service.remedies.acts.base import ActForm
from fulfilment.customer_service.remedies.effects import MAIL, Effects
from fulfilment.customer_service.remedies.models import Remedy
from shop.notifications.actions import send_copy
from shop.notifications.models import OutgoingMail
from shop.ui.times import short_datetime

from .models import ORDER, note
from .order_story import REMEDY


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


def _address(order: Order) -> str:
    here = order.status in ("awaiting_payment", "confirmed", "in_fulfilment") and order.shipping_address_id
    return reverse("warehouse:order-address", args=[order.number]) if here else ""


def _cancel(order: Order) -> str:
    from . import order_verbs

    return reverse("dashboard:order-cancel", args=[order.number]) if order_verbs.may_cancel(order) else ""


def _refund(order: Order) -> str:
    from .order_refund import may_refund

    return reverse("dashboard:order-refund", args=[order.number]) if may_refund(order) else ""


WAYS = (
    Way(
        gettext_lazy("Correct the address"), gettext_lazy("Where it goes, with a new label where one was made."),
        "pin", "order.correct_addresses", _address,
    ),
    Way(
        gettext_lazy("Cancel the order"), gettext_lazy("All of it, while nothing has left; the money goes back."),
        "cross-circle", "order.manage_orders", _cancel,
    ),
    Way(
        gettext_lazy("Give money back"), gettext_lazy("What was paid too much, or what a credit note left over."),
        "undo", "payment.refund_payments", _refund,
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
    register(ResendMail())
    for way in WAYS:
        register_way(way)
