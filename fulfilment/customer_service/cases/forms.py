"""Forms of a case's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.order.models import Order
from fulfilment.customer_service.withdrawals.forms import AssignForm as AssignOrderForm
from fulfilment.customer_service.withdrawals.matching import is_address_of
from shop.customers.models import User

from . import kinds
from .models import BODY_MAX, PRIORITIES, Case, Macro, ServicePolicy
from .queue import colleagues

WAIT, KEEP, CLOSE = "wait", "keep", "close"
WHY_MAX = 300


def is_theirs(order: Order, case: Case) -> bool:
    """Whether the order was placed with the address or the account the case came from."""
    same_account = case.user_id is not None and order.user_id == case.user_id
    return same_account or is_address_of(order, case.email)


class NoteForm(forms.Form):
    """A note for colleagues."""

    body = forms.CharField(
        label=_("Internal note"), max_length=BODY_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )


class AnswerForm(forms.Form):
    """An answer to the customer, and what comes after it."""

    body = forms.CharField(
        label=_("Answer to the customer"), max_length=BODY_MAX, widget=forms.Textarea(attrs={"rows": 8})
    )
    then = forms.ChoiceField(
        label=_("Afterwards"),
        choices=[
            (WAIT, _("wait for the customer")),
            (KEEP, _("keep it in work")),
            (CLOSE, _("close the case")),
        ],
        initial=WAIT,
        widget=forms.RadioSelect,
    )


class AssignForm(forms.Form):
    """Who has the case."""

    to = forms.ModelChoiceField(
        label=_("Whose"), queryset=User.objects.none(), required=False, empty_label=_("nobody's")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = colleagues()
        field.label_from_instance = lambda person: person.get_full_name() or person.email


class OrderForm(AssignOrderForm):
    """The order a case is about. One of another e-mail address only by who made sure that it is the writer's."""

    made_sure = forms.BooleanField(
        label=_("I have made sure that this order is theirs"),
        required=False,
        help_text=_("Needed only where the order was placed with another e-mail address."),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case

    def clean(self) -> dict[str, Any]:
        """Refuses an order of somebody else where nobody made sure."""
        data: dict[str, Any] = super().clean() or {}
        order = data.get("number")
        if order is not None and not is_theirs(order, self.case) and not data.get("made_sure"):
            self.add_error(
                "made_sure",
                _("This order was placed with another e-mail address. Please make sure that it is theirs."),
            )
        return data


class PriorityForm(forms.Form):
    """How urgent it is."""

    priority = forms.TypedChoiceField(label=_("Priority"), choices=PRIORITIES, coerce=int)


class WhyForm(forms.Form):
    """Words that go into the history."""

    why = forms.CharField(
        label=_("What was done, or why"),
        max_length=WHY_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DecideForm(forms.Form):
    """What is done for the customer; the kind's own remedies come first."""

    remedy = forms.ChoiceField(label=_("Remedy"))
    why = forms.CharField(label=_("Why"), max_length=WHY_MAX, required=False)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usual = [(code, kinds.REMEDIES[code]) for code in case.sort.remedies]
        rest = [(code, title) for code, title in kinds.REMEDIES.items() if code not in case.sort.remedies]
        field: Any = self.fields["remedy"]
        field.choices = [(_("Usual for this kind"), usual), (_("Further"), rest)]
        field.initial = case.wish or case.sort.remedies[0]


class MacroForm(forms.ModelForm[Macro]):
    """A ready answer."""

    class Meta:
        model = Macro
        fields = ("title", "language", "kind", "body", "is_active")
        widgets = {"language": forms.Select(choices=[("de", _("German")), ("en", _("English"))])}


class PolicyForm(forms.ModelForm[ServicePolicy]):
    """When service works, and by when it answers."""

    class Meta:
        model = ServicePolicy
        fields = ("opens", "closes", "holidays_of", "answer_hours", "solve_hours", "repair_weeks")
        help_texts = {"repair_weeks": _("Told to customers who ask for one.")}
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M") for name in ("opens", "closes")
        }
