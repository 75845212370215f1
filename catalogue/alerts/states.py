"""The life of an alert as a table."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

UNCONFIRMED, WAITING, TOLD, STOPPED = "unconfirmed", "waiting", "told", "stopped"

ALERT = Machine(
    name="stock_alert",
    initial=UNCONFIRMED,
    moves={UNCONFIRMED: (WAITING, STOPPED), WAITING: (TOLD, STOPPED), TOLD: (), STOPPED: ()},
    labels={
        UNCONFIRMED: _("not confirmed"),
        WAITING: _("waiting"),
        TOLD: _("told"),
        STOPPED: _("stopped"),
    },
)
