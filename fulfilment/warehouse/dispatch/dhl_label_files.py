"""The files of labels as DHL sends them. What is none is CarrierDown: a booking is found again by our reference."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .carriers import CarrierDown


def decoded(text: Any) -> bytes:
    """A file that travels as base64; empty for none."""
    try:
        return base64.b64decode(text or "")
    except (TypeError, ValueError):
        raise CarrierDown("the carrier sent a label that cannot be read") from None


def read(answer: Mapping[str, Any]) -> bytes:
    """The label of an answer to "give me this label", in the form that was asked for."""
    try:
        label = (answer.get("items") or [{}])[0].get("label") or {}
        zpl, text = label.get("zpl2"), label.get("b64")
    except (AttributeError, KeyError, TypeError):
        raise CarrierDown("the carrier sent a label that cannot be read") from None
    return str(zpl).encode() if zpl else decoded(text)


def checked(pdf: bytes) -> bytes:
    """The same, when it is a PDF."""
    if not pdf.startswith(b"%PDF-"):
        raise CarrierDown("the carrier sent a label that is no PDF")
    return pdf
