"""Machines of the room."""

from django.utils.translation import gettext_lazy as _

from shop.kernel.states import Machine

#: Waits for the payment of the difference (most never do); carried out; not paid in time, or not possible any more.
WAITING, DONE, LAPSED = "waiting", "done", "lapsed"
ORDER_CHANGE = Machine(
    name="order_change",
    initial=WAITING,
    moves={WAITING: (DONE, LAPSED), DONE: (), LAPSED: ()},
    labels={WAITING: _("waits for its payment"), DONE: _("done"), LAPSED: _("not made")},
)
