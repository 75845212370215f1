"""Which other size, and how many pieces; for the customer's page and for the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from checkout.order.models import Order
from shop.ui.numbers import money_text

from . import exchange

SIZE, PIECES = "size-", "pieces-"


class ExchangeForm(forms.Form):
    """A size per line (none: it stays), and how many pieces."""

    def __init__(self, *args: Any, order: Order, options: list[exchange.Option], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = options
        for option in options:
            pk = option.line.pk
            choices = [
                ("", _("I keep it")),
                *[_choice(size, order.currency) for size in option.sizes if not size.refused],
            ]
            self.fields[f"{SIZE}{pk}"] = forms.ChoiceField(
                label=_("%(title)s: size instead") % {"title": option.line.title},
                choices=choices,
                required=False,
            )
            self.fields[f"{PIECES}{pk}"] = forms.IntegerField(
                label=_("Pieces"), min_value=1, max_value=option.pieces, initial=option.pieces, required=False
            )

    def clean(self) -> dict[str, Any]:
        """Something was chosen."""
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not self.wanted():
            raise forms.ValidationError(_("Please choose a size."))
        return data

    def wanted(self) -> dict[int, tuple[int, int]]:
        """Order line id -> (stock record id, pieces)."""
        found = {}
        for option in self.options:
            size = self.cleaned_data.get(f"{SIZE}{option.line.pk}")
            if size:
                pieces = self.cleaned_data.get(f"{PIECES}{option.line.pk}") or option.pieces
                found[option.line.pk] = (int(size), pieces)
        return found

    def seen(self) -> list[dict[str, Any]]:
        """What was chosen, with what it means, for the second step."""
        found = []
        wanted = self.wanted()
        for option in self.options:
            if option.line.pk in wanted:
                record_id, pieces = wanted[option.line.pk]
                size = next(one for one in option.sizes if one.record.pk == record_id)
                found.append(
                    {
                        "pieces": pieces,
                        "old": option.line.title,
                        "new": size.record.product.title_local,
                        "size": size.record.product.size,
                        "back_minor": exchange.back_minor(option.line, pieces, size.record),
                        "more_minor": exchange.more_minor(option.line, pieces, size.record),
                    }
                )
        return found


def seen_minor(data: Mapping[str, str], name: str = "back") -> int | None:
    """What the page said that goes back (``more``: is to be paid), minor units; an amount that fits nothing when it
    came back damaged."""
    text = data.get(name)
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _choice(size: exchange.Size, currency: str) -> tuple[str, str]:
    name = str(size.record.product.size or size.record.product.title_local)
    if size.back_minor:
        name += " " + _("(%(amount)s go back)") % {"amount": money_text(size.back_minor, currency)}
    if size.more_minor:
        name += " " + _("(%(amount)s more)") % {"amount": money_text(size.more_minor, currency)}
    return str(size.record.pk), name
