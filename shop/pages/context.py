"""What every storefront page shows: basket count, categories, legal links."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def storefront(request: HttpRequest) -> dict[str, Any]:
    """Context of the storefront shell."""
    return {}
