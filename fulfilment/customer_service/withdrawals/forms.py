"""Forms of the staff pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from fulfilment.finance.forms import Period

from .matching import numbers_in
from .states import OPEN_STATES, WITHDRAWAL

OPEN, DUE, LATE = "open", "due", "late"
NOTE_MAX = 500


class WithdrawalSearch(Period):
    """Filters of the list; they stay in the address."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("all")), (OPEN, _("Not closed yet")), *WITHDRAWAL.choices],
    )
    order = forms.ChoiceField(
        label=gettext_lazy("Order"),
        required=False,
        choices=[("", gettext_lazy("all")), ("none", gettext_lazy("not assigned yet"))],
    )
    refund = forms.ChoiceField(
        label=gettext_lazy("Refund"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (DUE, gettext_lazy("due within three days, or late")),
            (LATE, gettext_lazy("late")),
        ],
    )
    field_order = ["q", "state", "order", "refund", "first", "last"]

    def states(self) -> tuple[str, ...]:
        """The states asked for; none means all."""
        chosen = self.value("state")
        return OPEN_STATES if chosen == OPEN else (chosen,) if chosen else ()


class AssignForm(forms.Form):
    """The order that is meant."""

    number = forms.CharField(
        label=gettext_lazy("Order number"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_number(self) -> Order:
        """The order itself."""
        typed = self.cleaned_data["number"].strip()
        wanted = [typed.upper(), *numbers_in(typed)]
        order = Order.objects.filter(number__in=wanted).order_by("pk").first()
        if order is None:
            raise forms.ValidationError(_("There is no order with this number."))
        return order


class NoteForm(forms.Form):
    """A note for colleagues; the customer does not see it."""

    note = forms.CharField(
        label=gettext_lazy("Note for colleagues"),
        required=False,
        max_length=NOTE_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CloseForm(NoteForm):
    """What was done; asked for before a withdrawal is closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True
        self.fields["note"].label = _("What was done")
