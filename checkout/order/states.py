"""The order's life as a table. Payment, pick list, parcel, invoice have machines of their own."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

ORDER = Machine(
    name="order",
    field="status",
    initial="awaiting_payment",
    moves={
        "awaiting_payment": ("confirmed", "cancelled"),
        "confirmed": ("in_fulfilment", "cancelled"),
        "in_fulfilment": ("completed", "cancelled"),
        "completed": (),
        "cancelled": ("confirmed",),
    },
    labels={
        "awaiting_payment": _("awaiting payment"),
        "confirmed": _("confirmed"),
        "in_fulfilment": _("being prepared"),
        "completed": _("dispatched"),
        "cancelled": _("cancelled"),
    },
)
