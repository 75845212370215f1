"""Marks of basket lines: a form of the basket page proves that its line was in this basket when the page was made.

A second click finds the line gone. By the mark it is known for what it is, and answered by the basket page instead of
"not found"; a guest's browser learns where the line lies now, as the first answer, which said so, may have been thrown
away.
"""

from __future__ import annotations

from typing import Any

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

_SIGNER = Signer(salt="checkout.basket.marks")


def of(line: Any) -> str:
    """The mark of a line. No query."""
    return _SIGNER.sign(f"{line.basket_id}-{line.pk}")


def holds(request: HttpRequest, line_id: int) -> bool:
    """Whether the form sent the mark of this line in the visitor's own basket."""
    try:
        found = _SIGNER.unsign(request.POST.get("mark", ""))
    except BadSignature:
        return False
    return bool(found == f"{request.basket.pk}-{line_id}")  # type: ignore[attr-defined]
