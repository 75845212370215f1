"""Forms of the staff pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalogue.partner.models import StockRecord
from fulfilment.warehouse.lists import Search
from shop.ui.amounts import PriceField

from .actions.staff import HOURS_MAX
from .models import ShortagePolicy
from .states import SHORTAGE

PRICE_MAX_MINOR = 9_999_999_999


class QuestionSearch(Search):
    """Filters of the list."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("to be answered")),
            ("all", gettext_lazy("all")),
            *SHORTAGE.choices,
        ],
    )


class AnswerForm(forms.Form):
    """Staff answer for the customer, with a reason."""

    choice = forms.ChoiceField(label=gettext_lazy("What the customer wants"), widget=forms.RadioSelect)
    why = forms.CharField(
        label=gettext_lazy("Why you answer for the customer"),
        max_length=300,
        help_text=gettext_lazy("for example: by phone today"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=32_767)

    def __init__(self, *args: Any, offered: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["choice"].choices = offered  # type: ignore[attr-defined]


class OfferForm(forms.Form):
    """A substitute: SKU and the price of a piece."""

    sku = forms.CharField(
        label=gettext_lazy("SKU of the substitute"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-scan": ""}),
    )
    price = PriceField(
        label=gettext_lazy("Price of one piece, VAT included"),
        most_minor=PRICE_MAX_MINOR,
    )

    def clean_sku(self) -> StockRecord:
        """The article of that SKU."""
        text = self.cleaned_data["sku"].strip()
        found = StockRecord.objects.select_related("product__parent").filter(partner_sku__iexact=text).first()
        if found is None:
            raise forms.ValidationError(_("No article has this SKU."))
        return found

    @property
    def unit_minor(self) -> int:
        """The price in minor units."""
        return int(self.cleaned_data["price"])


class ExtendForm(forms.Form):
    """More time, in hours from now."""

    hours = forms.IntegerField(
        label=gettext_lazy("Hours from now"),
        min_value=1,
        max_value=HOURS_MAX,
        initial=48,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class AskAgainForm(forms.Form):
    """Why the customer is asked again."""

    why = forms.CharField(
        label=gettext_lazy("Why the customer is asked again"),
        max_length=300,
        help_text=gettext_lazy("for example: the supplier cannot deliver"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PolicyForm(forms.ModelForm):
    """The shop's rule."""

    class Meta:
        model = ShortagePolicy
        fields = ("asks", "hours", "default_answer", "offerers")

    hours = forms.IntegerField(
        label=gettext_lazy("Hours to answer"),
        min_value=1,
        max_value=HOURS_MAX,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
