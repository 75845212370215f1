"""The form of deeds for pieces of an order: how many of which, with what the case named filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .base import ActForm

PREFIX = "pieces-"


@dataclass(frozen=True)
class Choice:
    """One order line to choose from: its id, its name, at most so many pieces, and other words beside the number."""

    line_id: int
    label: str
    most: int
    help_text: str = ""


class PiecesForm(ActForm):
    """A number for each order line of ``choices()``. ``first_fields`` stand before them, ``field_order`` behind."""

    first_fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = self.case.lines if self.case else []
        wished = {int(line["order_line_id"]): int(line["quantity"]) for line in named}
        numbers = []
        for one in self.choices():
            words = ngettext("at most %(n)d piece", "at most %(n)d pieces", one.most) % {"n": one.most}
            name = f"{PREFIX}{one.line_id}"
            numbers.append(name)
            self.fields[name] = forms.IntegerField(
                label=one.label,
                help_text=one.help_text or words,
                required=False,
                min_value=0,
                max_value=one.most,
                initial=min(wished.get(one.line_id, 0), one.most),
            )
        self.order_fields([*self.first_fields, *numbers, *(self.field_order or [])])

    def choices(self) -> Iterable[Choice]:
        """The order lines of which something can be chosen."""
        raise NotImplementedError

    def pieces(self) -> dict[str, int]:
        """Order line id (as text, for JSON) -> pieces."""
        return {
            name.removeprefix(PREFIX): count
            for name, count in self.cleaned_data.items()
            if name.startswith(PREFIX) and count
        }

    def missing(self, data: dict[str, Any]) -> str:
        """What must still be chosen, in words; "" when it is enough."""
        return "" if self.pieces() else _("Please choose at least one piece.")

    def clean(self) -> dict[str, Any]:
        """At least one piece, or what the deed takes instead."""
        data: dict[str, Any] = super().clean() or {}
        missing = "" if self.errors else self.missing(data)
        if missing:
            self.add_error(None, missing)
        return data

    def plain(self) -> dict[str, Any]:
        """The pieces as one value."""
        rest = {name: value for name, value in super().plain().items() if not name.startswith(PREFIX)}
        return {**rest, "pieces": self.pieces()}
