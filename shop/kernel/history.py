"""Who changed a row that keeps its history (django-simple-history)."""

from __future__ import annotations

from typing import Any, TypeVar

Row = TypeVar("Row")


def signed(row: Row, by: Any) -> Row:
    """``row``, which its history will show as changed by ``by`` when it is saved or deleted; None: by the house."""
    row._history_user = by if getattr(by, "pk", None) else None  # type: ignore[attr-defined]
    return row
