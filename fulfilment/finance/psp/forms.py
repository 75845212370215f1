"""Forms of the pages: filters, and the explanation of money without an order."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from checkout.order.models import Order
from checkout.payment.states import REFUND
from fulfilment.finance.forms import Period
from fulfilment.finance.ledger.by_hand import accounts_to_choose
from fulfilment.warehouse.lists import Search
from shop.ui.states import look_of

from .models import KIND_LABELS, PAYOUT_STATUSES, BalanceTransaction, Explanation, UnmatchedMoney
from .unmatched import INTENT_PREFIX


class PayoutSearch(Period):
    """Filters of the list of payouts."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("all")), ("open", _("bank line missing")), *PAYOUT_STATUSES],
    )
    field_order = ["q", "state", "first", "last"]


class MovementSearch(Period):
    """Filters of the list of movements."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=lambda: [("", _("all")), *KIND_LABELS.items()]
    )
    booking = forms.ChoiceField(
        label=gettext_lazy("Booked"),
        required=False,
        choices=lambda: [("", _("all")), *BalanceTransaction.BOOKINGS],
    )
    field_order = ["q", "kind", "booking", "first", "last"]


class MoneySearch(Search):
    """Filters of the list of money without an order."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("all")), ("open", _("unexplained")), ("explained", _("explained"))],
    )


class RefundSearch(Period):
    """Filters of the list of refunds."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("all")), *((state, look_of(state).label) for state in REFUND.states)],
    )
    field_order = ["q", "state", "first", "last"]


class ExplainForm(forms.Form):
    """Whose money it is."""

    kind = forms.ChoiceField(label=gettext_lazy("This money"), widget=forms.RadioSelect)
    number = forms.CharField(
        label=gettext_lazy("Order number"),
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    account = forms.ChoiceField(label=gettext_lazy("Account"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, data: Any, money: UnmatchedMoney) -> None:
        super().__init__(data)
        can_go_back = money.amount_minor > 0 and money.reference.startswith(INTENT_PREFIX)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (Explanation.ORDER, _("belongs to an order")),
            *([(Explanation.GIVE_BACK, _("goes back to the card it came from"))] if can_go_back else []),
            (Explanation.ACCOUNT, _("belongs to an account of the books")),
        ]
        name = "name_de" if (get_language() or "de").startswith("de") else "name_en"
        rows = accounts_to_choose().values_list("number", name)
        self.fields["account"].choices = [  # type: ignore[attr-defined]
            ("", _("Please choose")),
            *((number, f"{number} {title}") for number, title in rows),
        ]

    def clean(self) -> dict[str, Any]:
        """The order or account that the choice needs."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("kind") == Explanation.ORDER:
            typed = (data.get("number") or "").strip().upper()
            data["order"] = Order.objects.filter(number=typed).first() if typed else None
            if data["order"] is None:
                self.add_error("number", _("There is no order with this number."))
        if data.get("kind") == Explanation.ACCOUNT and not data.get("account"):
            self.add_error("account", _("Please choose an account."))
        return data
