"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

WITHDRAWAL = Machine(
    name="withdrawal",
    initial="received",
    moves={"received": ("acknowledged",), "acknowledged": ("closed",), "closed": ()},
    labels={"received": _("Received"), "acknowledged": _("In work"), "closed": _("Closed")},
)
OPEN_STATES = ("received", "acknowledged")
