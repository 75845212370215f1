"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

TRANSFER = Machine(
    name="transfer",
    initial="draft",
    moves={
        "draft": ("dispatched", "cancelled"),
        "dispatched": ("received", "cancelled"),  # cancelled: everything went back to the sender
        "received": (),
        "cancelled": (),
    },
    labels={
        "draft": _("being put together"),
        "dispatched": _("on its way"),
        "received": _("received"),
        "cancelled": _("cancelled"),
    },
)
