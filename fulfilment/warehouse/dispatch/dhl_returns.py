"""Labels for the way back: what DHL Parcel DE Returns (v1) is asked, and what it answers. No network here.

A return label costs when it is used, not when it is made. Its interface makes no label twice: one whose answer was lost
is made anew, and the first one is never used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from .carriers import BookedReturn, CarrierDown
from .documents import Address

RETURNS = "/shipping/returns/v1/orders"
BOTH = {"labelType": "BOTH"}  #: the label as PDF, and the code for who has no printer
#: Countries the way back is offered from, as the interface names them (ISO 3166-1 alpha-3).
COUNTRIES = {"DE": "DEU"}
REFERENCE_MAX_CHARS = 30


def body(*, receiver: str, reference: str, sender: Address, weight_g: int) -> dict[str, Any]:
    """The request for one label. ``receiver``: our return recipient by the carrier's name for it."""
    shipper = {
        "name1": (sender.company or sender.name)[:35],
        "addressStreet": sender.street[:35],
        "postalCode": sender.postcode,
        "city": sender.city[:35],
        "country": COUNTRIES[sender.country],
    }
    if sender.extra:
        shipper["addressAdditional1"] = sender.extra[:35]
    return {
        "receiverId": receiver,
        "customerReference": reference[:REFERENCE_MAX_CHARS],
        "shipper": shipper,
        "itemWeight": {"uom": "g", "value": weight_g},
    }


def read(answer: Mapping[str, Any]) -> BookedReturn:
    """The label out of an answer. CarrierDown when the answer holds none."""
    try:
        number = str(answer["shipmentNo"])
        pdf = base64.b64decode(answer["label"]["b64"], validate=True)
        code = base64.b64decode((answer.get("qrLabel") or {}).get("b64") or "", validate=True)
    except (KeyError, TypeError, AttributeError, binascii.Error):
        raise CarrierDown("the carrier sent a return label that cannot be read") from None
    if not number or not pdf.startswith(b"%PDF"):
        raise CarrierDown("the carrier sent a return label that cannot be read")
    return BookedReturn(number, pdf, code if code.startswith(b"\x89PNG") else b"")
