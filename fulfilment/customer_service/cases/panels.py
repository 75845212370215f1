"""Panels that other rooms hang on a case's page (what can be done, what comes back), from their ``apps.ready()``.

A provider gets the request and the case, and returns None (nothing to show) or a ``Panel``: a title, a template that is
included with the panel's ``context``, and its place. It must cost a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from .models import Case


@dataclass(frozen=True)
class Panel:
    """One card beside the thread."""

    title: Any
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    order: int = 100


Provider = Callable[[HttpRequest, Case], Panel | None]
_PROVIDERS: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """Hang a panel on every case page. ValueError when the name is taken by another one."""
    if _PROVIDERS.get(name, provider) is not provider:
        raise ValueError(f"a panel named {name!r} is registered already")
    _PROVIDERS[name] = provider


def panels_of(request: HttpRequest, case: Case) -> list[Panel]:
    """What the rooms have to show for a case, in order."""
    found = [panel for provider in _PROVIDERS.values() if (panel := provider(request, case)) is not None]
    return sorted(found, key=lambda panel: panel.order)
