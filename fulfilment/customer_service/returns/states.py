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
