"""What the bank's pages share."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

VIEW, IMPORT, MANAGE = "bank.view_statements", "bank.import_statements", "bank.manage_accounts"
TABS: list[tuple[str, Any]] = [
    ("finance:bank-accounts", _("Accounts")),
    ("finance:bank-files", _("Files")),
    ("finance:bank-statements", _("Statements")),
    ("finance:bank-lines", _("Statement lines")),
    ("finance:bank-mappings", _("CSV mappings")),
]


def tabs(current: str) -> list[dict[str, Any]]:
    """The row of tabs above the room's lists; ``current`` is the URL name without its room."""
    return [
        {"title": title, "url": reverse(name), "is_current": name == f"finance:{current}"}
        for name, title in TABS
    ]


def crumbs(parent: str, title: Any) -> list[dict[str, Any]]:
    """From a list of the room to one thing in it."""
    above = next((one for one in TABS if one[0] == f"finance:{parent}"), TABS[0])
    return [{"title": above[1], "url": reverse(above[0])}, {"title": title, "url": ""}]
