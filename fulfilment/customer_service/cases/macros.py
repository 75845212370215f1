"""Answers in ready words, filled in for one case."""

from __future__ import annotations

import re
from typing import Any

from .models import Case, Macro

PLACE = re.compile(r"\{(name|case|order|me)\}")


def fitting(case: Case) -> list[Macro]:
    """Macros in use for the case's language and kind, those of its kind first. One query."""
    found = Macro.objects.filter(is_active=True, language=case.language, kind__in=("", case.kind))
    return sorted(found, key=lambda macro: (not macro.kind, macro.title))


def fill(macro: Macro, case: Case, me: Any) -> str:
    """The macro's text for a case; what is not a known place stays as it is, and values are never read as places."""
    values = {
        "name": case.name,
        "case": case.number,
        "order": case.order.number if case.order else "",
        "me": me.get_full_name() or me.email,
    }
    return PLACE.sub(lambda found: values[found.group(1)], macro.body)
