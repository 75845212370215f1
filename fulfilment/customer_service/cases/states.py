"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

RECEIVED, ACKNOWLEDGED, IN_WORK, WAITING, DECIDED, CLOSED = (
    "received",
    "acknowledged",
    "in_work",
    "waiting_for_customer",
    "decided",
    "closed",
)
CASE = Machine(
    name="case",
    initial=RECEIVED,
    moves={
        RECEIVED: (ACKNOWLEDGED, IN_WORK, WAITING, DECIDED, CLOSED),
        ACKNOWLEDGED: (IN_WORK, WAITING, DECIDED, CLOSED),
        IN_WORK: (WAITING, DECIDED, CLOSED),
        WAITING: (IN_WORK, DECIDED, CLOSED),
        DECIDED: (IN_WORK, CLOSED),
        CLOSED: (IN_WORK,),  # the customer writes again
    },
    labels={
        RECEIVED: _("Received"),
        ACKNOWLEDGED: _("Acknowledged"),
        IN_WORK: _("In work"),
        WAITING: _("Waiting for the customer"),
        DECIDED: _("Decided"),
        CLOSED: _("Closed"),
    },
)
OPEN_STATES = (RECEIVED, ACKNOWLEDGED, IN_WORK, WAITING, DECIDED)
#: Staff must do something; in the other open states they wait.
OUR_TURN = (RECEIVED, ACKNOWLEDGED, IN_WORK)
