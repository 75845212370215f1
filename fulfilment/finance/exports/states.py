"""The life of an export."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.kernel.states import Machine

EXPORT = Machine(
    name="export",
    initial="waiting",
    moves={
        "waiting": ("made", "failed"),
        "made": ("withdrawn",),  # a DATEV batch whose entries shall go into another one
        "failed": ("waiting", "given_up"),
        "given_up": (),
        "withdrawn": (),
    },
    labels={
        "waiting": _("is being made"),
        "made": _("made"),
        "failed": _("failed"),
        "given_up": _("given up"),
        "withdrawn": pgettext_lazy("export", "withdrawn"),
    },
)
