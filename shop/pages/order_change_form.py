"""Forms that change an order; shoppers and staff fill in the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from catalogue.partner.models import StockRecord
from checkout.forms import POSTCODES, AddressForm
from checkout.order.models import Line, Order
from checkout.shipping.queries import DeliveryOption
from fulfilment.customer_service.changes.altering import ADDRESS_PARTS
from fulfilment.customer_service.changes.models import ADDRESS, CANCEL, DELIVERY, PIECES
from fulfilment.customer_service.changes.wishes import (
    MORE_MAX,
    Wish,
    deliveries,
    open_lines,
    other_sizes,
)
from shop.ui.countries import country_name
from shop.ui.numbers import money_text

LINE, SIZE = "line-", "size-"


class PiecesForm(forms.Form):
    """How many pieces of each line, and in which size."""

    kind = PIECES

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = open_lines(order)
        self.sizes = other_sizes(self.lines)
        for line in self.lines:
            most = line.quantity_open + MORE_MAX
            self.fields[f"{LINE}{line.pk}"] = forms.IntegerField(
                label=_("Pieces"),
                min_value=0,
                max_value=most,
                initial=line.quantity_open,
                widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 0, "max": most}),
            )
            if self.sizes[line.pk]:
                self.fields[f"{SIZE}{line.pk}"] = forms.ChoiceField(
                    label=_("Size"),
                    required=False,
                    choices=[("", _size_of(line)), *_sizes(line, self.sizes[line.pk], order.currency)],
                )

    @property
    def rows(self) -> list[tuple[Line, Any, Any]]:
        """(line, its field for the pieces, its field for the size or None)."""
        return [
            (
                line,
                self[f"{LINE}{line.pk}"],
                self[name] if (name := f"{SIZE}{line.pk}") in self.fields else None,
            )
            for line in self.lines
        ]

    def wish(self) -> Wish:
        """What is wanted, once the form is valid."""
        data = self.cleaned_data
        sizes = {line.pk: data.get(f"{SIZE}{line.pk}") for line in self.lines}
        return Wish(
            PIECES,
            pieces={line.pk: data[f"{LINE}{line.pk}"] for line in self.lines},
            sizes={pk: int(size) for pk, size in sizes.items() if size},
        )


def _size_of(line: Line) -> str:
    return str(line.product.size) if line.product is not None and line.product.size else line.title


def _sizes(line: Line, records: list[StockRecord], currency: str) -> list[tuple[str, str]]:
    own = line.stockrecord.price_minor if line.stockrecord is not None else 0
    found = []
    for record in records:
        name, more = record.product.size or record.product.title_local, record.price_minor - own
        if more:
            sign = "+" if more > 0 else "−"
            name = f"{name} ({sign}{money_text(abs(more), currency)})"
        found.append((str(record.pk), name))
    return found


class AddressChangeForm(AddressForm):
    """Where the order goes; its country stays."""

    kind = ADDRESS

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        address = order.shipping_address
        self.order_country = str(address.country_id) if address else ""
        self.country_name = country_name(self.order_country) if address else ""
        kwargs["initial"] = {name: getattr(address, name) for name in ADDRESS_PARTS} if address else {}
        super().__init__(*args, countries=[(self.order_country, self.country_name)], **kwargs)
        del self.fields["country"]

    def clean(self) -> dict[str, Any]:
        """The postcode must fit the country of the order."""
        data = self.cleaned_data
        data["country"] = self.order_country
        if self.order_country in POSTCODES:
            super().clean()
        data.pop("country")
        return data

    def wish(self) -> Wish:
        """What is wanted, once the form is valid."""
        return Wish(ADDRESS, address={name: self.cleaned_data[name] for name in ADDRESS_PARTS})


class DeliveryChangeForm(forms.Form):
    """Which way the order is delivered."""

    kind = DELIVERY
    delivery = forms.ChoiceField()

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ways: list[DeliveryOption] = deliveries(order, open_lines(order))
        field = self.fields["delivery"]
        field.label = _("Way of delivery")
        field.error_messages["required"] = _("Please choose one of the ways to deliver.")
        field.error_messages["invalid_choice"] = _("Please choose one of the ways to deliver.")
        field.choices = [(way.code, way.name) for way in self.ways]  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        """What is wanted, once the form is valid."""
        return Wish(DELIVERY, delivery=self.cleaned_data["delivery"])


class CancelForm(forms.Form):
    """Nothing of it is wanted any more."""

    kind = CANCEL

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def wish(self) -> Wish:
        """What is wanted."""
        return Wish(CANCEL)


FORMS: Mapping[str, Any] = {
    PIECES: PiecesForm,
    ADDRESS: AddressChangeForm,
    DELIVERY: DeliveryChangeForm,
    CANCEL: CancelForm,
}
