"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PROPOSED, DONE, NOTHING = "proposed", "done", "nothing_due"
SETTLEMENT = Machine(
    name="settlement",
    initial=PROPOSED,
    moves={PROPOSED: (DONE, NOTHING), DONE: (), NOTHING: ()},
    labels={PROPOSED: _("To be decided"), DONE: _("Carried out"), NOTHING: _("Nothing is due")},
)

WAITING, SENT, CALLED_OFF = "waiting", "sent", "called_off"
EXCHANGE = Machine(
    name="exchange",
    initial=WAITING,
    moves={WAITING: (SENT, CALLED_OFF), SENT: (), CALLED_OFF: ()},
    labels={
        WAITING: _("Waits for the old piece"),
        SENT: _("New size may go"),
        CALLED_OFF: _("Called off"),
    },
)
