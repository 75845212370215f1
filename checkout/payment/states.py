"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PAYMENT = Machine(
    name="payment",
    initial="created",
    moves={
        "created": ("action_required", "authorised", "captured", "failed", "cancelled"),
        "action_required": ("authorised", "captured", "failed", "cancelled"),
        "authorised": ("captured", "failed", "cancelled"),
        "captured": ("disputed",),
        "failed": ("captured", "action_required"),
        "cancelled": ("captured", "failed"),  # late money: the right sum, or not
        "disputed": ("captured",),
    },
    labels={
        "created": _("open"),
        "action_required": _("waiting for the customer"),
        "authorised": _("authorised"),
        "captured": _("paid"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
        "disputed": _("disputed"),
    },
)

REFUND = Machine(
    name="refund",
    initial="requested",
    moves={
        "requested": ("sent", "failed", "succeeded"),
        "sent": ("succeeded", "failed", "requested"),  # taken out of a file of transfers again
        "succeeded": ("failed",),
        "failed": ("requested",),
    },
)
