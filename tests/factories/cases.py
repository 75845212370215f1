"""Cases as customers open them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from fulfilment.customer_service.cases import actions
from fulfilment.customer_service.cases.models import Case


def make_case(**changes: Any) -> Case:
    """A faulty pair of shoes, written about by a guest; ``changes`` go to ``open_case``."""
    said: dict[str, Any] = {
        "key": "one", "reason": "faulty", "name": "Erika Muster", "email": "erika@example.org", "language": "de",
        "body": "Die Naht am linken Schuh ist gerissen.",
    }  # fmt: skip
    return actions.open_case(**{**said, **changes})


def picture_bytes(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **options)
    return out.getvalue()
