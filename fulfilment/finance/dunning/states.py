"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PROMISE = Machine(
    name="payment_promise",
    initial="open",
    moves={"open": ("kept", "broken", "withdrawn"), "kept": (), "broken": ("kept",), "withdrawn": ()},
    labels={
        "open": _("promised"),
        "kept": _("kept"),
        "broken": _("broken"),
        "withdrawn": _("withdrawn"),
    },
)
