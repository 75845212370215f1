"""Machines of the room."""

from shop.kernel.states import Machine

RESERVATION = Machine(
    name="reservation",
    initial="open",
    moves={
        "open": ("consumed", "released", "expired"),
        "consumed": (),
        "released": ("open",),
        "expired": ("open",),
    },
)
