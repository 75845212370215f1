"""The life of a bank receipt: how much of it has been explained."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

RECEIPT = Machine(
    name="receipt",
    initial="open",
    moves={
        "open": ("partly_assigned", "assigned", "withdrawn"),
        "partly_assigned": ("open", "assigned"),
        "assigned": ("open", "partly_assigned"),
        "withdrawn": (),
    },
    labels={
        "open": _("not assigned"),
        "partly_assigned": _("partly assigned"),
        "assigned": _("assigned"),
        "withdrawn": _("withdrawn"),
    },
)
