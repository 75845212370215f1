"""What every staff page shows: the rooms of one's role."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def staff(request: HttpRequest) -> dict[str, Any]:
    """Context of the dashboard shell."""
    return {}
