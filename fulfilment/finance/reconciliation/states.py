"""The life of money that came or left (how much of it has been explained), and of money that goes back."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.kernel.states import Machine

EXPLAINING: dict[str, tuple[str, ...]] = {
    "open": ("partly_assigned", "assigned", "withdrawn"),
    "partly_assigned": ("open", "assigned"),
    "assigned": ("open", "partly_assigned"),
    "withdrawn": (),
}
LABELS = {
    "open": _("not assigned"),
    "partly_assigned": _("partly assigned"),
    "assigned": _("assigned"),
    "withdrawn": _("withdrawn"),
}
RECEIPT = Machine(name="receipt", initial="open", moves=EXPLAINING, labels=LABELS)
DISBURSEMENT = Machine(name="disbursement", initial="open", moves=EXPLAINING, labels=LABELS)
PAYBACK = Machine(
    name="payback",
    initial="requested",
    moves={
        "requested": ("sent", "cancelled"),
        "sent": ("requested",),  # the bank refused it, or it was noted by mistake
        "cancelled": (),
    },
    labels={
        "requested": pgettext_lazy("transfer", "to be sent"),
        "sent": pgettext_lazy("transfer", "sent"),
        "cancelled": pgettext_lazy("transfer", "called off"),
    },
)
