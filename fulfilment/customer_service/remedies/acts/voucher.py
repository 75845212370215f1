"""A voucher for the next order, as a gesture."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.vouchers.actions import give
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.remedies.effects import MAIL, MONEY, Effects
from fulfilment.customer_service.remedies.events import VoucherGiven
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.forms import day_field
from shop.kernel.clock import today
from shop.kernel.outbox import record
from shop.ui.amounts import PriceField
from shop.ui.numbers import money_text

from .base import Act, ActForm, Done, Refused, Wish

USUAL_DAYS, MOST_DAYS = 365, 3 * 366
MOST_MINOR = 100_000  #: 1,000.00: more is a slip of the pen


class VoucherForm(ActForm):
    """How much, and until when."""

    amount = PriceField(label=gettext_lazy("Amount"), most_minor=MOST_MINOR)
    until = day_field(gettext_lazy("Valid until"), required=True)
    field_order = ["amount", "until", "reason", "words", "decide"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].initial = today() + dt.timedelta(days=USUAL_DAYS)

    def clean_amount(self) -> int:
        """Over something."""
        amount = int(self.cleaned_data["amount"])
        if amount < 1:
            raise forms.ValidationError(_("The amount must be more than zero."))
        return amount

    def clean_until(self) -> dt.date:
        """From tomorrow on, within three years (§ 195 BGB)."""
        until: dt.date = self.cleaned_data["until"]
        if not today() < until <= today() + dt.timedelta(days=MOST_DAYS):
            raise forms.ValidationError(_("Please enter a day between tomorrow and three years from now."))
        return until

    def plain(self) -> dict[str, Any]:
        """The day as text."""
        return {**super().plain(), "until": self.cleaned_data["until"].isoformat()}


class GiveVoucher(Act):
    """A code that takes an amount off one order."""

    code = "voucher"
    title = gettext_lazy("Give a voucher")
    text = gettext_lazy("A code for the customer's next order, for them alone where they have an account.")
    icon = "accessory"
    limit_kind = "voucher"
    form = VoucherForm

    def effects(self, wish: Wish) -> Effects:
        """A code by mail; nothing is booked before it is used. Also asked when it is approved, perhaps days later."""
        if _day(wish) <= today():
            words = _("The voucher would end on %(day)s, so nobody could use it. Please ask for a later day.")
            raise Refused(words % {"day": date_format(_day(wish), "d.m.Y")})
        amount, order = int(wish.data["amount"]), wish.order
        found = Effects(amount_minor=amount, cost_minor=amount)
        facts = {"amount": money_text(amount, order.currency), "day": date_format(_day(wish), "d.m.Y")}
        found.say(MONEY, _("A voucher over %(amount)s is made, for one order until %(day)s.") % facts)
        if order.user_id:
            found.say(MONEY, _("Only the account %(email)s can use it.") % {"email": order.email})
        else:
            found.say(MONEY, _("The customer has no account: whoever has the code can use it."))
        found.say(MONEY, _("What one order does not use of it is forfeited; it is not paid out."))
        found.say(MONEY, _("Nothing is booked now: it is a discount of the order that uses it."))
        found.say(MAIL, _("The customer gets the code by mail: %(email)s.") % {"email": order.email})
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Make it and tell it."""
        made = give(
            order=wish.order,
            amount_minor=int(wish.data["amount"]),
            until=_day(wish),
            source=f"remedy:{remedy.pk}",
            by=wish.by,
        )
        record(VoucherGiven(made.pk, wish.order.pk, wish.order.number))
        facts = {"code": made.voucher.code, "amount": money_text(made.amount_minor, made.currency)}
        return Done(
            _("Voucher %(code)s over %(amount)s goes to the customer by mail.") % facts,
            {"voucher": made.voucher.code},
        )

    def remedy_of(self, case: Case) -> str:
        """A voucher."""
        return kinds.VOUCHER


def _day(wish: Wish) -> dt.date:
    return dt.date.fromisoformat(wish.data["until"])
