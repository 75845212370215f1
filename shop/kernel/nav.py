"""Entries of the staff navigation. Leaf rooms list theirs; the dashboard above collects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NavEntry:
    """One link: the room it belongs to, its (lazily translated) title, URL name, and the permission that shows it."""

    room: str  #: orders, warehouse, finance, marketing, operations
    title: Any
    url_name: str
    permission: str
    icon: str = "box"
    order: int = 100
    count: Callable[[], int] | None = None  #: how many wait there; shown beside the title on the start page
