"""The paper for the parcel: the slip with its barcode and what the customer must know, in the order's language."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.receiving.papers import return_slip
from fulfilment.warehouse.receiving.queries import with_items
from shop.ui.times import long_date

from .told import postage_words


def slip_pdf(return_id: int) -> bytes:
    """The slip of a return as PDF. Three queries. Raises Return.DoesNotExist."""
    rows = Return.objects.select_related("authorisation", "order__shipping_address", "order__billing_address")
    found = with_items(rows).get(pk=return_id)
    authorisation = getattr(found, "authorisation", None)
    if authorisation is None:
        return return_slip(found)
    language = found.order.language
    with translation.override(language):
        notes = [
            _("Please send it by %(day)s.") % {"day": long_date(authorisation.send_by, language)},
            postage_words(authorisation),
        ]
    return return_slip(found, notes=notes)
