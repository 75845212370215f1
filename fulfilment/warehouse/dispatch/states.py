"""Machines of the room."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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

LABEL = Machine(
    name="label",
    initial="wanted",
    field="stage",
    moves={
        "wanted": ("booked", "refused", "withdrawn", "cancelling"),
        "refused": ("wanted", "withdrawn"),
        "booked": ("cancelling",),
        "cancelling": ("cancelled", "booked"),
        "cancelled": (),
        "withdrawn": (),
    },
    labels={
        "wanted": pgettext_lazy("label", "being booked"),
        "refused": pgettext_lazy("label", "refused"),
        "booked": pgettext_lazy("label", "booked"),
        "cancelling": pgettext_lazy("label", "being cancelled"),
        "cancelled": pgettext_lazy("label", "cancelled"),
        "withdrawn": pgettext_lazy("label", "withdrawn"),
    },
)
LIVE_STAGES = ("wanted", "refused", "booked", "cancelling")  #: a parcel has at most one label in these
AT_WORK = ("wanted", "cancelling")  #: the carrier is to be asked
