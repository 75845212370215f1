"""The paper of a pick cart: which box is for which order. Rendered when asked for."""

from __future__ import annotations

from typing import Any

from babel import dates
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from shop.kernel import pdf

from .models import Batch
from .queries import boxes_of

#: When the carrier comes, by language.
_DUE = {"de": "EEE d. MMM, HH:mm", "en": "EEE d MMM, HH:mm"}


def cart_paper(batch: Batch) -> bytes:
    """Box numbers with their orders as PDF in the reader's language. ``batch`` as ``queries.batches()`` gives it."""
    lang = (get_language() or "de").split("-")[0]
    boxes = boxes_of(batch.pk)
    data: dict[str, Any] = {
        "title": batch.number,
        "kind": str(batch.get_kind_display()),
        "facts": _facts(batch, lang),
        "columns": [_("Box"), _("Order"), _("Pieces"), ""],
        "boxes": [
            {
                "box": str(box.box),
                "order": box.pick_list.order.number,
                "note": _note(box),
                "pieces": str(box.wanted),  # type: ignore[attr-defined]
            }
            for box in boxes
        ],
        "count": ngettext("%(n)s box", "%(n)s boxes", len(boxes)) % {"n": len(boxes)},
        "page": _("Page {page} of {pages}"),
    }
    return pdf.render(pdf.DOCUMENTS / "pick_cart.typ", data, lang=lang)


def _facts(batch: Any, lang: str) -> list[list[str]]:
    due = timezone.localtime(batch.due_at) if batch.due_at else None
    rows = [
        (_("Site"), batch.site.name),
        (_("Zone"), str(batch.zone or "")),
        (_("Cut-off"), dates.format_datetime(due, _DUE.get(lang, _DUE["de"]), locale=lang) if due else ""),
        (_("Carrier"), batch.carrier),
        (_("Stops"), str(batch.stops)),
    ]
    return [[label, value] for label, value in rows if value]


def _note(box: Any) -> str:
    order = box.pick_list.order
    if box.pick_list.state == "cancelled" or order.status == "cancelled":
        return _("cancelled: put the goods back")
    words = [_("urgent") if box.pick_list.is_urgent else "", _("on hold") if order.on_hold else ""]
    return ", ".join(word for word in words if word)
