"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

RECALL = Machine(
    name="recall",
    initial="prepared",
    moves={
        "prepared": ("started", "closed"),
        "started": ("closed", "lifted"),
        "closed": ("lifted",),
        "lifted": (),
    },
    labels={"prepared": _("prepared"), "started": _("running"), "closed": _("closed"), "lifted": _("lifted")},
)

NOTICE = Machine(
    name="recall_notice",
    initial="prepared",
    moves={"prepared": ("sent",), "sent": ()},
    labels={"prepared": _("prepared"), "sent": _("sent")},
)
