"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PICK_LIST = Machine(
    name="pick_list",
    initial="open",
    moves={
        "open": ("picking", "cancelled"),
        "picking": ("picked", "open", "cancelled"),  # open: put back, a colleague goes on
        "picked": ("packed", "open", "cancelled"),  # open: what was missing has come
        "packed": ("open", "cancelled", "picked"),  # picked: a parcel was unpacked
        "cancelled": ("open",),  # the order was confirmed anew
    },
    labels={
        "open": _("to pick"),
        "picking": _("being picked"),
        "picked": _("to pack"),
        "packed": _("packed"),
        "cancelled": _("cancelled"),
    },
)

PICK_LINE = Machine(
    name="pick_line",
    initial="open",
    moves={"open": ("picked", "short"), "picked": (), "short": ()},
    labels={"open": _("to pick"), "picked": _("picked"), "short": _("short")},
)

BATCH = Machine(
    name="batch",
    initial="open",
    moves={
        "open": ("picking", "cancelled"),
        "picking": ("picked", "open", "cancelled"),  # open: put back, a colleague goes on
        "picked": (),
        "cancelled": (),
    },
    labels={
        "open": _("to pick"),
        "picking": _("being picked"),
        "picked": _("picked"),
        "cancelled": _("cancelled"),
    },
)
