"""What happened to a pick list, in words: its states, what was planned differently, and what was not found."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.kernel.models import StateChange
from shop.ui.reasons import reason
from shop.ui.times import short_datetime

from .actions.lists import PLANNED_BY
from .models import PickLine, PickList
from .states import PICK_LINE, PICK_LIST

_PLAN = re.compile(r"(?P<pace>urgent|normal)(?: (?P<carrier>.+?))??(?: (?P<due>\d{4}-\d\d-\d\d \d\d:\d\d))?")


def events_of(pick_list: PickList, lines: Iterable[PickLine]) -> list[dict[str, Any]]:
    """The list's history for the timeline, the oldest first: its own moves, and those of its ``lines`` that were not
    found. One query."""
    by_id = {line.pk: line for line in lines}
    own = Q(machine__in=(PICK_LIST.name, PLANNED_BY), thing_id=pick_list.pk)
    short = Q(machine=PICK_LINE.name, thing_id__in=by_id, new="short")
    changes = StateChange.objects.filter(own | short).select_related("by").order_by("pk")
    return [_event(change, by_id) for change in changes]


def _event(change: StateChange, lines: dict[int, PickLine]) -> dict[str, Any]:
    texts = [reason(change.why)]
    if change.machine == PLANNED_BY:
        title = _("Planned differently")
        texts = [*plan_changes(change.old, change.new), reason(change.why)]
    elif change.machine == PICK_LINE.name:
        title = _("Not found")
        texts = [_missing(lines[change.thing_id]), reason(change.why)]
    else:
        title = str(dict(PickList.machine.choices).get(change.new, change.new))
    by = change.by.name if change.by else ""
    return {"title": title, "at": change.at, "by": by, "text": " · ".join(text for text in texts if text)}


def _missing(line: PickLine) -> str:
    facts = {
        "n": line.quantity - line.quantity_picked,
        "title": line.order_line.title,
        "sku": line.order_line.partner_sku,
        "bin": line.bin.code if line.bin else "",
    }
    if not line.bin:
        return _("%(n)s × %(title)s (%(sku)s)") % facts
    return _("%(n)s × %(title)s (%(sku)s) from bin %(bin)s") % facts


def plan_changes(old: str, new: str) -> list[str]:
    """What is different between two plans as the history keeps them (``urgent own 2026-11-25 15:00``), in words.

    [] for what cannot be read: then the reason of the change has to do.
    """
    before, after = _PLAN.fullmatch(old), _PLAN.fullmatch(new)
    if before is None or after is None:
        return []
    said = []
    if before["pace"] != after["pace"]:
        said.append(
            _("urgent: goes before others") if after["pace"] == "urgent" else _("not urgent any more")
        )
    if before["carrier"] != after["carrier"]:
        text = _("carrier %(new)s instead of %(old)s") if before["carrier"] else _("carrier %(new)s")
        said.append(text % {"new": after["carrier"] or "–", "old": before["carrier"]})
    if before["due"] != after["due"]:
        text = _("cut-off %(new)s instead of %(old)s") if before["due"] else _("cut-off %(new)s")
        said.append(text % {"new": _moment(after["due"]), "old": _moment(before["due"])})
    return said


def _moment(value: str | None) -> str:
    """A cut-off as the history keeps it, in the reader's short form."""
    if not value:
        return "–"
    try:
        return short_datetime(timezone.make_aware(dt.datetime.fromisoformat(value)))
    except ValueError:  # a page of history is never closed by one odd row
        return value
