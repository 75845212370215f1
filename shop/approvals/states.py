"""The life of a request for approval."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

APPROVAL = Machine(
    name="approval",
    initial="waiting",
    moves={"waiting": ("approved", "declined", "withdrawn"), "approved": (), "declined": (), "withdrawn": ()},
    labels={
        "waiting": _("waiting for approval"),
        "approved": _("approved"),
        "declined": _("declined"),
        "withdrawn": _("withdrawn"),
    },
)
