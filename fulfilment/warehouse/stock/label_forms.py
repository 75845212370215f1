"""Forms of labels: on which paper, from which position, how many, for which kind of printer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import labels
from .labels import (
    BARS,
    LABELS_MAX,
    ROLL_CHOICES,
    ROLLS,
    SHEET_CHOICES,
    SHEETS,
    SYMBOL_CHOICES,
    CannotPrint,
    LabelText,
)

COPIES_MAX = 500
PDF, ZPL_203, ZPL_300 = "pdf", "zpl203", "zpl300"


class LabelForm(forms.Form):
    """How labels are printed; its names do not clash with those of a filter in the same address."""

    paper = forms.ChoiceField(
        label=gettext_lazy("Paper"),
        choices=[
            (gettext_lazy("Sheets of A4"), SHEET_CHOICES),
            (gettext_lazy("Rolls of a label printer"), ROLL_CHOICES),
        ],
        initial="3x8",
    )
    start = forms.IntegerField(
        label=gettext_lazy("First free label of the sheet"), min_value=1, max_value=40, initial=1,
        help_text=gettext_lazy("Counted from the top left, line by line."),
    )  # fmt: skip
    copies = forms.IntegerField(
        label=gettext_lazy("Copies of each"), min_value=1, max_value=COPIES_MAX, initial=1
    )
    symbol = forms.ChoiceField(
        label=gettext_lazy("Printed as"), choices=SYMBOL_CHOICES, initial=BARS,
        help_text=gettext_lazy("A code that is too long for bars becomes a QR code by itself."),
    )  # fmt: skip
    output = forms.ChoiceField(
        label=gettext_lazy("File"),
        choices=[(PDF, "PDF"), (ZPL_203, "ZPL, 203 dpi"), (ZPL_300, "ZPL, 300 dpi")],
        initial=PDF,
    )

    def clean(self) -> dict[str, Any]:
        """Sheets are printed as PDF; the first label lies on the sheet."""
        data = super().clean() or {}
        sheet = SHEETS.get(data.get("paper", ""))
        if sheet and data.get("output") in (ZPL_203, ZPL_300):
            self.add_error("output", _("Sheets of A4 are printed as PDF; ZPL is for rolls."))
        if sheet and data.get("start", 1) > sheet.count:
            self.add_error("start", _("A sheet of this paper has %(count)s labels.") % {"count": sheet.count})
        return data

    def sheet_count(self, number: int) -> int:
        """Sheets for so many different labels; 0 on rolls. For a valid form."""
        data = self.cleaned_data
        if data["paper"] in ROLLS:
            return 0
        return labels.sheet_count(number * data["copies"], layout=data["paper"], start=data["start"])

    def answer(self, texts: Sequence[LabelText], name: str) -> HttpResponse | None:
        """The file, or None with an error on the form. For a valid form."""
        data = self.cleaned_data
        number = len(texts) * data["copies"]
        if not texts:
            self.add_error(None, _("There is nothing to print: no label fits."))
        elif number > LABELS_MAX:
            words = _(
                "That would be %(count)s labels; at most %(most)s are printed at once. Please choose fewer."
            )
            self.add_error(None, words % {"count": number, "most": LABELS_MAX})
        else:
            try:
                return self._file(texts, name)
            except CannotPrint as error:
                words = _("“%(code)s” cannot be printed as a code. Please give it a barcode of its own.")
                self.add_error(None, words % {"code": error})
        return None

    def _file(self, texts: Sequence[LabelText], name: str) -> HttpResponse:
        data = self.cleaned_data
        paper, symbol = data["paper"], data["symbol"]
        if data["output"] != PDF:
            dpi = 203 if data["output"] == ZPL_203 else 300
            text = labels.singles_zpl(texts, roll=paper, dpi=dpi, copies=data["copies"], symbol=symbol)
            return _download(text.encode("ascii"), "application/octet-stream", f"{name}.zpl", "attachment")
        many = [text for text in texts for _copy in range(data["copies"])]
        if paper in ROLLS:
            content = labels.singles_pdf(many, roll=paper, symbol=symbol)
        else:
            content = labels.sheets_pdf(many, layout=paper, start=data["start"], symbol=symbol)
        return _download(content, "application/pdf", f"{name}.pdf", "inline")


def _download(content: bytes, kind: str, name: str, how: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'{how}; filename="{name}"'
    return response
