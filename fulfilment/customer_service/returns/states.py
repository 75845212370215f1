"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

PROPOSED, DONE, NOTHING = "proposed", "done", "nothing_due"
SETTLEMENT = Machine(
    name="settlement",
    initial=PROPOSED,
    # Nothing is due while new goods go out; when they do not, a person decides after all.
    moves={PROPOSED: (DONE, NOTHING), DONE: (), NOTHING: (PROPOSED,)},
    labels={PROPOSED: _("To be decided"), DONE: _("Carried out"), NOTHING: _("Nothing is due")},
)

WAITING, SENT, CALLED_OFF, CANCELLED = "waiting", "sent", "called_off", "cancelled"
EXCHANGE = Machine(
    name="exchange",
    initial=WAITING,
    moves={WAITING: (SENT, CALLED_OFF), SENT: (CANCELLED,), CALLED_OFF: (), CANCELLED: ()},
    labels={
        WAITING: _("Waits for the old piece"),
        SENT: _("New size may go"),
        CALLED_OFF: _("Called off"),
        CANCELLED: _("Cancelled after the old piece came"),
    },
)
