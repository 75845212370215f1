"""Machine of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

SHORTAGE = Machine(
    name="shortage",
    initial="asked",
    moves={
        "asked": ("answered", "defaulted", "settled", "withdrawn"),
        # Who waits, or gets the rest later, still waits for goods; asked: they do not come after all.
        "answered": ("settled", "withdrawn", "asked"),
        "defaulted": ("settled", "withdrawn", "asked"),
        "settled": (),
        "withdrawn": (),
    },
    labels={
        "asked": _("asked"),
        "answered": _("answered"),
        "defaulted": _("decided by the shop's rule"),
        "settled": _("the pieces turned up"),
        "withdrawn": _("order cancelled"),
    },
)
