"""The invoice's life as a table. Overdue and dunning level are derived, not states."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

INVOICE = Machine(
    name="invoice",
    initial="issued",
    moves={
        "issued": ("part_paid", "paid", "written_off", "cancelled"),
        # Backwards: money was taken back (undone receipt, refund, dispute).
        "part_paid": ("issued", "paid", "written_off", "cancelled"),
        "paid": ("issued", "part_paid", "cancelled"),
        # Given up, whole or the rest of it; back when that was wrong or money came after all.
        "written_off": ("issued", "part_paid", "paid", "cancelled"),
        "cancelled": (),
    },
    labels={
        "issued": _("open"),
        "part_paid": _("partly paid"),
        "paid": _("paid"),
        "written_off": _("written off"),
        "cancelled": _("cancelled"),
    },
)
