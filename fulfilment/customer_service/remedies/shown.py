"""Remedies as pages show them: what, by whom, with links to what was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from checkout.order.models import Order

from .acts import ACTS
from .models import Remedy

SHOWN_MAX = 50


@dataclass(frozen=True)
class Shown:
    """A remedy with its title and links (words, address)."""

    remedy: Remedy
    title: Any
    links: list[tuple[str, str]]


def shown_of(order: Order) -> list[Shown]:
    """What was done for an order, the newest first. One query."""
    rows = Remedy.objects.filter(order=order).select_related("by", "approved_by", "reason", "case")
    return [shown(row) for row in rows[:SHOWN_MAX]]


def shown(remedy: Remedy) -> Shown:
    """One of them."""
    act = ACTS.get(remedy.act)
    return Shown(remedy, act.title if act else remedy.act, links_of(remedy.facts))


def links_of(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Words and address of everything that was made. No query."""
    found = []
    if facts.get("order"):
        found.append(
            (
                _("Order %(number)s") % {"number": facts["order"]},
                reverse("dashboard:order", args=[facts["order"]]),
            )
        )
    for number in facts.get("credit_notes", []):
        found.append(
            (_("Credit note %(number)s") % {"number": number}, reverse("finance:invoice", args=[number]))
        )
    for number in facts.get("invoices", []):
        found.append(
            (_("Invoice %(number)s") % {"number": number}, reverse("finance:invoice", args=[number]))
        )
    if facts.get("return_id"):
        found.append(
            (
                _("Return %(number)s") % {"number": facts["return"]},
                reverse("warehouse:return", args=[facts["return_id"]]),
            )
        )
    return found
