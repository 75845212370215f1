"""Wagtail's rooms without their API. Nobody offers it here, and each room would add its addresses to it when it starts:
a framework (ninja) and what it stands on in every process for nothing, 8 MB of each."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

ROOMS = ("contrib.redirects", "documents", "images", "locales", "snippets")


class _Nobody(ModuleType):
    """Has what a room takes from the API when it starts: a place for addresses, and a way to announce its models."""

    router = None

    def __init__(self) -> None:
        super().__init__("wagtail_api_that_nobody_offers")
        self.api = self

    def add_router(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is added."""

    def register_content_types(self) -> None:
        """Nothing is announced."""


def leave_out() -> None:
    """Before Wagtail's rooms start: whatever they ask of the API is there and does nothing."""
    nobody = _Nobody()
    sys.modules.setdefault("wagtail.api.v3.api", nobody)
    for room in ROOMS:
        for part in ("", ".router", ".registry"):
            sys.modules.setdefault(f"wagtail.{room}.api.v3{part}", nobody)
