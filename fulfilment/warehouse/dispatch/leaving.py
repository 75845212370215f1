"""Parcels leave by scan of their label: one after the other at the ramp."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from . import actions
from .errors import DispatchError
from .models import Parcel

CODE_SHOWN_CHARS = 60


def find(code: str) -> Parcel:
    """The parcel whose tracking number or own number was scanned. DispatchError in words for an unknown code."""
    code = code.strip()
    if not code:
        raise DispatchError(_("Please scan the label of a parcel."))
    shown = {"code": code[:CODE_SHOWN_CHARS]}
    if len(code) > 140 or "\x00" in code:
        raise DispatchError(_("Unknown: no parcel has the number %(code)s.") % shown)
    rows = Parcel.objects.select_related("order")
    # A label that was given back is on a parcel's outside no more; its number means no parcel that may leave.
    found = rows.filter(tracking_number=code).first() or rows.filter(number__iexact=code).first()
    if found is None:
        raise DispatchError(_("Unknown: no parcel has the number %(code)s.") % shown)
    return found


def scan(*, code: str, by: Any) -> tuple[Parcel, str]:
    """The parcel of this label leaves. Returns it and what to tell the person; DispatchError when it may not leave."""
    parcel = find(code)
    if parcel.is_handover:
        raise DispatchError(
            _("Parcel %(number)s is fetched in the store; no carrier takes it.") % {"number": parcel.number}
        )
    if not actions.dispatch(parcel=parcel, by=by):
        raise DispatchError(
            _("Parcel %(number)s had left already; nothing was changed.") % {"number": parcel.number}
        )
    return parcel, _("Right: parcel %(number)s has left.") % {"number": parcel.number}
