"""The form behind a scan: an article, how often, and its lot where it has one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.warehouse.stock.actions import QUANTITY_MAX
from fulfilment.warehouse.stock.codes import find_article
from fulfilment.warehouse.stock.forms import SCAN, SkuField, key_field, quantity_field
from fulfilment.warehouse.stock.models import Lot

LOT_MAX_CHARS = 60


class ArticleScan(forms.Form):
    """Cleans to ``code`` (the stock record), ``quantity`` in pieces (a carton of six scanned twice is twelve), ``lot``
    (or None) and ``key``."""

    code = SkuField(label=gettext_lazy("Article"))
    quantity = quantity_field()
    lot = forms.CharField(
        label=gettext_lazy("Lot or serial number"),
        max_length=LOT_MAX_CHARS,
        required=False,
        widget=forms.TextInput(attrs={key: value for key, value in SCAN.items() if key != "data-scan"}),
    )
    key = key_field()

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for a lot that the article does not have, and for more pieces than a booking takes."""
        data = super().clean() or self.cleaned_data
        record, code = data.get("code"), str(data.get("lot") or "").strip()
        data["lot"] = self._lot(record, code) if record is not None and code else None
        if record is not None and data.get("quantity"):
            data["quantity"] = self._pieces(int(data["quantity"]))
        return data

    def _lot(self, record: Any, code: str) -> Lot:
        found = Lot.objects.filter(stockrecord=record, code__iexact=code).first()
        if found is None:
            raise ValidationError(
                {"lot": _("%(sku)s has no lot “%(code)s”.") % {"sku": record.partner_sku, "code": code}}
            )
        return found

    def _pieces(self, times: int) -> int:
        scanned = find_article(str(self.data.get(self.add_prefix("code"), "")))
        pieces = times * (scanned.pieces if scanned is not None else 1)
        if pieces > QUANTITY_MAX:
            text = _("The quantity must be a whole number from 1 to %(most)s.") % {"most": QUANTITY_MAX}
            raise ValidationError({"quantity": text})
        return pieces
