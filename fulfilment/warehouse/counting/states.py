"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

COUNT_TASK = Machine(
    name="count_task",
    initial="open",
    moves={
        "open": ("counting", "cancelled"),
        "counting": (
            "open",
            "recount",
            "approval",
            "booked",
            "cancelled",
        ),  # open: let go, a colleague begins anew
        "recount": ("recounting", "cancelled"),
        "recounting": ("recount", "approval", "booked", "cancelled"),
        "approval": ("booked", "recount", "cancelled"),  # recount: the approver does not believe it
        "booked": (),
        "cancelled": (),
    },
    labels={
        "open": _("to count"),
        "counting": _("being counted"),
        "recount": _("to count again"),
        "recounting": _("being counted again"),
        "approval": _("waits for approval"),
        "booked": _("booked"),
        "cancelled": _("cancelled"),
    },
)
#: The shelf still has to be looked at.
TO_DO = ("open", "counting", "recount", "recounting")
#: A person is at the shelf.
IN_HAND = ("counting", "recounting")
