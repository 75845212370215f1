"""The life of an export."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

EXPORT = Machine(
    name="export",
    initial="waiting",
    moves={
        "waiting": ("made", "failed"),
        "made": (),
        "failed": ("waiting", "given_up"),
        "given_up": (),
    },
    labels={
        "waiting": _("is being made"),
        "made": _("made"),
        "failed": _("failed"),
        "given_up": _("given up"),
    },
)
