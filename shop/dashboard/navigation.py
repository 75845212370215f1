"""The rooms at the left of every staff page: the entries that all rooms list, as far as one's role opens them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shop.kernel.nav import NavEntry

#: Rooms in their order: code -> (title, icon).
ROOMS: dict[str, tuple[Any, str]] = {
    "start": (_("Today"), "home"),
    "orders": (_("Orders"), "basket"),
    "service": (_("Customer service"), "message"),
    "warehouse": (_("Warehouse"), "shelf"),
    "finance": (_("Finance"), "ledger"),
    "marketing": (_("Shop window"), "tag"),
    "operations": (_("Operations"), "settings"),
}
OURS = ("shop.", "catalogue", "checkout", "fulfilment.")
#: Modules of this room that list entries.
HERE = (
    "start",
    "accesses",
    "colleagues",
    "approvals",
    "orders",
    "phone_orders",
    "customers",
    "customer_merge_page",
    "rules",
    "delivery",
    "marketing",
    "reviews",
    "search_boosts",
    "search_words",
    "operations",
)


@cache
def entries() -> tuple[NavEntry, ...]:
    """Every entry of every room, in the order of rooms and entries."""
    modules = [
        f"{config.name}.dashboard" for config in apps.get_app_configs() if config.name.startswith(OURS)
    ]
    modules += [f"shop.dashboard.{name}" for name in HERE]
    found: list[NavEntry] = []
    for name in modules:
        if find_spec(name) is not None:
            found += getattr(import_module(name), "NAV", [])
    unknown = {entry.room for entry in found} - ROOMS.keys()
    if unknown:
        raise ValueError(f"navigation names unknown rooms {sorted(unknown)}; add them to ROOMS")
    rooms = list(ROOMS)
    return tuple(sorted(found, key=lambda entry: (rooms.index(entry.room), entry.order)))


def navigation(user: Any, path: str) -> list[dict[str, Any]]:
    """Rooms with the entries this person may open; the one whose address fits ``path`` best is active. No SQL beyond
    the person's permissions."""
    allowed = [(entry, reverse(entry.url_name)) for entry in entries() if user.has_perm(entry.permission)]
    active = max((url for _entry, url in allowed if _fits(url, path)), key=len, default="")
    rooms: dict[str, dict[str, Any]] = {}
    for entry, url in allowed:
        title, icon = ROOMS[entry.room]
        room = rooms.setdefault(entry.room, {"title": title, "icon": icon, "entries": []})
        room["entries"].append({"title": entry.title, "url": url, "active": url == active})
    return list(rooms.values())


def _fits(url: str, path: str) -> bool:
    return path == url or (path.startswith(url) and url != reverse("dashboard:index"))
