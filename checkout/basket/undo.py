"""What was just done on the basket page, so that one click takes it back: signed in the address, not asked anew."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

SALT = "checkout.basket.undo"
REMOVED, KEPT, DROPPED = "removed", "kept", "dropped"


@dataclass(frozen=True)
class Undo:
    """``what`` happened to an article; ``id`` is its variant's, of a kept one its line's."""

    what: str
    id: int
    quantity: int
    title: str


def address(undo: Undo) -> str:
    """The basket page that offers to take it back."""
    query = urlencode({"undo": signing.dumps(asdict(undo), salt=SALT)})
    return f"{reverse('basket:summary')}?{query}"


def undo_of(request: HttpRequest) -> dict[str, Any] | None:
    """What the page offers; None for nothing and for what is not ours. No query."""
    try:
        found = signing.loads(request.GET.get("undo", ""), salt=SALT, max_age=3600)
    except signing.BadSignature:
        return None
    return {**found, "product_id": found["id"]}
