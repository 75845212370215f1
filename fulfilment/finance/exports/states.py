"""The life of an export."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

EXPORT = Machine(
    name="export",
    initial="waiting",
    moves={"waiting": ("made",), "made": ()},
    labels={"waiting": _("is being made"), "made": _("made")},
)
