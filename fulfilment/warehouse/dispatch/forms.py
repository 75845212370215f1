"""Forms of the dispatch pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.forms import shipping_countries
from checkout.order.actions import address_parts
from fulfilment.warehouse.lists import Search
from shop.kernel.text import clean_line

from .actions import OUTCOMES, WEIGHT_MAX_G
from .models import LOSS_ENDS, Carton, TrackingState
from .queries import ToPack
from .states import LABEL, PARCEL


class ParcelSearch(Search):
    """Filter of the parcels."""

    OPEN_LOSS = "open-loss"  #: lost, and nobody has seen to it yet

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), *PARCEL.choices, (OPEN_LOSS, _("lost, to be seen to"))],
    )


class CartonField(forms.ModelChoiceField):
    """Which carton; none: one that is not on the list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Carton.objects.filter(is_active=True),
            label=_("Carton"),
            required=False,
            empty_label=_("another one"),
            **kwargs,
        )

    def label_from_instance(self, obj: Carton) -> str:
        """Code, name and inner measures."""
        sides = " × ".join(str(side) for side in obj.sides)
        return " · ".join(part for part in (obj.code, obj.name, f"{sides} mm") if part)


class PackForm(forms.Form):
    """One quantity per order line that waits, and the weight."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    weight_g = forms.IntegerField(
        label=_("Weight in grams"),
        min_value=1,
        max_value=WEIGHT_MAX_G,
        required=False,
        help_text=_("Empty: added up from the articles."),
    )
    carton = CartonField()

    def __init__(self, *args: Any, rows: Sequence[ToPack], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = [row for row in rows if row.quantity > 0]
        for row in self.rows:
            self.fields[f"line_{row.order_line.pk}"] = forms.IntegerField(
                label=row.order_line.partner_sku,
                min_value=0,
                max_value=row.quantity,
                required=False,
                initial=row.quantity,
            )

    def quantity_fields(self) -> list[tuple[ToPack, Any]]:
        """(row, bound field) for the table."""
        return [(row, self[f"line_{row.order_line.pk}"]) for row in self.rows]

    def quantities(self) -> dict[int, int]:
        """Order line id -> pieces, of what was filled in."""
        given = {row.order_line.pk: self.cleaned_data.get(f"line_{row.order_line.pk}") for row in self.rows}
        return {pk: quantity for pk, quantity in given.items() if quantity}


class ReasonForm(forms.Form):
    """Why, in a person's words."""

    why = forms.CharField(label=_("Reason"), max_length=200, required=False)


class OutcomeForm(ReasonForm):
    """What became of a parcel."""

    outcome = forms.ChoiceField(
        label=_("What happened"), choices=[(key, label) for key, label in PARCEL.choices if key in OUTCOMES]
    )


class LossForm(forms.Form):
    """What was done about a lost parcel, and why."""

    end = forms.ChoiceField(
        label=_("What was done"),
        choices=[("", _("Please choose")), *LOSS_ENDS],
        error_messages={"required": _("Please choose what was done.")},
    )
    note = forms.CharField(
        label=_("In a few words"),
        max_length=200,
        error_messages={
            "required": _("Please say in a few words what was done; the customer may ask."),
        },
    )


class ManyForm(forms.Form):
    """Parcels chosen in the list."""

    parcel = forms.TypedMultipleChoiceField(coerce=int, choices=[])

    def __init__(self, *args: Any, waiting: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parcel"].choices = [(pk, pk) for pk in waiting]  # type: ignore[attr-defined]
        self.fields["parcel"].error_messages = {
            "required": _("Please choose at least one parcel."),
            "invalid_choice": _("One of the parcels is not waiting to leave. Please look at the list again."),
        }


class PackScanForm(forms.Form):
    """A scan at the packing table; ``scan_id`` is made with the page."""

    scan_id = forms.UUIDField(widget=forms.HiddenInput)
    code = forms.CharField(label=_("Scan the article"), max_length=200, required=False, strip=True)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=1,
        max_value=100_000,
        initial=1,
        error_messages={"required": _("Please say how many there are.")},
    )
    carton = CartonField(widget=forms.HiddenInput)


class CloseForm(forms.Form):
    """The carton is full: which one, and what it weighs."""

    weight_g = forms.IntegerField(
        label=_("Weight in grams"),
        min_value=1,
        max_value=WEIGHT_MAX_G,
        required=False,
        help_text=_("Empty: added up from the articles."),
    )
    carton = CartonField()


class CodeForm(forms.Form):
    """One code, as scanned or typed."""

    code = forms.CharField(label=_("Code"), max_length=200, required=False, strip=True)


class LabelSearch(Search):
    """Filter of the labels; without a choice those that a person has to look at."""

    WAITING = "waiting"
    stage = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("waiting for us")), ("all", _("all")), *LABEL.choices],
    )


class TrackingSearch(Search):
    """Filter of the tracking states; without a choice the questions that nobody settled."""

    outcome = forms.ChoiceField(
        label=_("What became of it"),
        required=False,
        choices=[("", _("open questions")), ("all", _("all")), *TrackingState.OUTCOMES],
    )


class NoteForm(forms.Form):
    """What a person did about a question."""

    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class ManifestSearch(Search):
    """Filter of the manifests."""

    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class CloseManifestForm(forms.Form):
    """Which carrier, and how many parcels the person saw."""

    carrier = forms.CharField(max_length=40)
    seen = forms.IntegerField(min_value=0, max_value=10**9)


class CartonForm(forms.ModelForm):
    """A carton."""

    class Meta:
        model = Carton
        fields = (
            "code",
            "name",
            "length_mm",
            "width_mm",
            "height_mm",
            "weight_g",
            "max_weight_g",
            "is_active",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("length_mm", "width_mm", "height_mm"):
            self.fields[name] = _millimetres(self.fields[name].label)
        self.fields["weight_g"] = _grams(self.fields["weight_g"].label, least=0)
        self.fields["max_weight_g"] = _grams(
            self.fields["max_weight_g"].label, least=1, help_text=_("Goods and carton together.")
        )

    def clean_code(self) -> str:
        """One line, in capitals: it is scanned."""
        return clean_line(self.cleaned_data["code"]).upper()

    def clean(self) -> dict[str, Any]:
        """A carton that takes no more than itself holds nothing."""
        data = super().clean() or {}
        own, most = data.get("weight_g"), data.get("max_weight_g")
        if own is not None and most is not None and most <= own:
            self.add_error("max_weight_g", _("It must take more than it weighs itself."))
        return data


def _millimetres(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=5_000)


def _grams(label: Any, *, least: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=WEIGHT_MAX_G, help_text=help_text)


class AddressForm(forms.Form):
    """Where an order goes, to be corrected; ``seen``: how many corrections the person saw."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    first_name = forms.CharField(label=_("First name"), max_length=255, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=255, required=False)
    line2 = forms.CharField(label=_("Company or addition"), max_length=255, required=False)
    line1 = forms.CharField(label=_("Street and number"), max_length=255)
    postcode = forms.CharField(label=_("Postcode"), max_length=12)
    line4 = forms.CharField(label=_("City"), max_length=255)
    country = forms.ChoiceField(label=_("Country"))
    why = forms.CharField(label=_("Why"), max_length=300)

    PARTS = ("first_name", "last_name", "line1", "line2", "line4", "postcode", "country")

    def __init__(self, *args: Any, address: Any, seen: int, **kwargs: Any) -> None:
        super().__init__(*args, initial={**address_parts(address), "seen": seen}, **kwargs)
        self.fields["country"].choices = shipping_countries()  # type: ignore[attr-defined]

    def parts(self) -> dict[str, str]:
        """What was entered of the address."""
        return {name: self.cleaned_data[name] for name in self.PARTS}
