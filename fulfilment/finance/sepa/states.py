"""The life of a file of transfers."""

from django.utils.translation import pgettext_lazy

from shop.kernel.states import Machine

BATCH = Machine(
    name="transfer_batch",
    initial="made",
    moves={
        "made": ("handed", "cancelled"),
        "handed": ("booked", "cancelled"),  # cancelled: the bank refused it
        "booked": ("handed",),  # what a line told was taken back
        "cancelled": (),
    },
    labels={
        "made": pgettext_lazy("transfers", "made, not handed to the bank"),
        "handed": pgettext_lazy("transfers", "handed to the bank"),
        "booked": pgettext_lazy("transfers", "booked by the bank"),
        "cancelled": pgettext_lazy("transfers", "called off"),
    },
)
