"""Machines of the room: a return has one, each of its items two (did it come? does the shop take it?)."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

RETURN = Machine(
    name="return",
    initial="announced",
    moves={
        # What nobody authorised or saw on its way may stand at the dock all the same.
        "announced": ("authorised", "in_transit", "received", "rejected", "expired"),
        "authorised": ("in_transit", "received", "rejected", "expired"),
        "in_transit": ("received", "expired"),
        "received": ("settled",),
        "settled": (),
        "rejected": (),
        "expired": ("received", "announced"),  # it came after all, or its cause announces it once more
    },
    labels={
        "announced": _("announced"),
        "authorised": _("authorised"),
        "in_transit": _("on its way"),
        "received": _("received"),
        "settled": _("settled"),
        "rejected": _("rejected"),
        "expired": _("expired"),
    },
)
#: A return in these states may still arrive; "expired" may too, but nobody waits for it.
EXPECTED = ("announced", "authorised", "in_transit")
AT_THE_DOCK = (*EXPECTED, "expired")

RECEPTION = Machine(
    name="return_reception",
    field="reception",
    initial="awaiting",
    moves={
        "awaiting": ("received", "lost", "short", "wrong_item"),
        "received": ("awaiting",),  # a slip of the scanner, undone
        "lost": (),
        "short": (),
        "wrong_item": (),
    },
    labels={
        "awaiting": _("awaited"),
        "received": _("received"),
        "lost": _("did not come"),
        "short": _("missing from the parcel"),
        "wrong_item": _("wrong article"),
    },
)

ACCEPTANCE = Machine(
    name="return_acceptance",
    field="acceptance",
    initial="pending",
    moves={
        "pending": ("accepted", "rejected", "undecided"),
        "accepted": ("pending",),  # undone together with the reception
        "undecided": ("accepted", "rejected", "pending"),
        "rejected": (),
    },
    labels={
        "pending": _("not seen yet"),
        "accepted": _("accepted"),
        "rejected": _("rejected"),
        "undecided": _("to be decided"),
    },
)
