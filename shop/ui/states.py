"""How a state looks: its word for people and the tone of its badge, one table for the whole house."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Look(NamedTuple):
    """tone: one of neutral, info, good, warn, bad, busy; label: the word shown."""

    tone: str
    label: str | Promise


LOOKS: dict[str, Look] = {
    # order
    "awaiting_payment": Look("warn", _("Awaiting payment")),
    "confirmed": Look("info", _("Confirmed")),
    "in_fulfilment": Look("busy", _("Being prepared")),
    "completed": Look("good", _("Completed")),
    "cancelled": Look("neutral", _("Cancelled")),
    "on_hold": Look("warn", _("On hold")),
    # payment and refund
    "created": Look("neutral", _("Created")),
    "action_required": Look("warn", _("Waiting for confirmation by the bank")),
    "authorised": Look("info", _("Authorised")),
    "captured": Look("good", _("Paid")),
    "failed": Look("bad", _("Failed")),
    "disputed": Look("bad", _("Disputed")),
    "requested": Look("neutral", _("Requested")),
    "sent": Look("good", _("Sent")),
    "succeeded": Look("good", _("Succeeded")),
    # pick list, parcel
    "open": Look("info", pgettext_lazy("state", "Open")),
    "picking": Look("busy", _("Being picked")),
    "picked": Look("good", _("Picked")),
    "short": Look("bad", _("Short")),
    "packed": Look("info", _("Packed")),
    "dispatched": Look("good", _("Dispatched")),
    "delivered": Look("good", _("Delivered")),
    "lost": Look("bad", _("Lost")),
    "returned": Look("warn", _("Returned")),
    # label
    "wanted": Look("busy", pgettext_lazy("label", "being booked")),
    "refused": Look("bad", pgettext_lazy("label", "refused")),
    "booked": Look("good", pgettext_lazy("label", "booked")),
    "cancelling": Look("busy", pgettext_lazy("label", "being cancelled")),
    "withdrawn": Look("neutral", pgettext_lazy("label", "withdrawn")),
    # count
    "counting": Look("busy", _("being counted")),
    "recount": Look("warn", _("to count again")),
    "recounting": Look("busy", _("being counted again")),
    "approval": Look("warn", _("waits for approval")),
    # invoice, dunning
    "draft": Look("neutral", _("Draft")),
    "issued": Look("info", _("Issued")),
    "part_paid": Look("warn", _("Partly paid")),
    "paid": Look("good", _("Paid")),
    "written_off": Look("neutral", _("Written off")),
    "promised": Look("info", _("Promised")),
    "kept": Look("good", _("Kept")),
    "broken": Look("bad", _("Broken")),
    "overdue": Look("bad", _("Overdue")),
    "dunned": Look("bad", _("Reminded")),
    # return, case
    "announced": Look("info", _("Announced")),
    "in_transit": Look("busy", _("On its way")),
    "received": Look("info", _("Received")),
    "settled": Look("good", _("Settled")),
    "rejected": Look("bad", _("Rejected")),
    "expired": Look("neutral", _("Expired")),
    "awaiting": Look("neutral", _("Awaited")),
    "wrong_item": Look("bad", _("Wrong item")),
    "accepted": Look("good", _("Accepted")),
    "undecided": Look("warn", _("Undecided")),
    "acknowledged": Look("info", _("Acknowledged")),
    "in_work": Look("busy", _("In work")),
    "waiting_for_customer": Look("warn", _("Waiting for the customer")),
    "decided": Look("info", _("Decided")),
    "closed": Look("neutral", _("Closed")),
    # mail, outbox, pushes
    "queued": Look("info", _("Queued")),
    "pending": Look("neutral", _("Pending")),
    "done": Look("good", _("Done")),
    "proposed": Look("warn", _("To be decided")),
    "nothing_due": Look("neutral", _("Nothing is due")),
    "retrying": Look("warn", _("Will be tried again")),
    "dead": Look("bad", _("Given up")),
    "held": Look("warn", _("Held back")),
    "active": Look("good", _("Active")),
    "inactive": Look("neutral", _("Inactive")),
}


def look_of(state: str) -> Look:
    """Tone and word of a state; a state nobody listed shows its own name in neutral, never an error."""
    known = LOOKS.get(str(state))
    return known or Look("neutral", str(state).replace("_", " ").capitalize())
