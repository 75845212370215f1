"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PARCEL = Machine(
    name="parcel",
    initial="packed",
    moves={
        "packed": ("dispatched", "unpacked"),
        "dispatched": ("delivered", "lost", "returned"),
        "delivered": ("returned",),
        "lost": ("delivered", "returned"),
        "returned": (),
        "unpacked": (),
    },
    labels={
        "packed": _("packed"),
        "dispatched": _("dispatched"),
        "delivered": _("delivered"),
        "lost": _("lost"),
        "returned": _("returned"),
        "unpacked": _("unpacked again"),
    },
)
