"""Reasons that the house itself writes into its history, in the reader's language.

A history keeps them in English, whoever wrote it: it is read in other languages, and by workers that have none.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

KNOWN = (
    gettext_noop("paid"),
    gettext_noop("purchase on account"),
    gettext_noop("nothing to pay"),
    gettext_noop("nothing was to be paid any more"),
    gettext_noop("picking started"),
    gettext_noop("dispatched"),
    gettext_noop("everything was dispatched"),
    gettext_noop("the rest was cancelled"),
    gettext_noop("not paid in time"),
    gettext_noop("paid by card"),
    gettext_noop("the invoice is paid by card"),
    gettext_noop("another amount of the invoice is open now"),
    gettext_noop("its invoices were paid by card"),
    gettext_noop("authorised by card"),
    gettext_noop("the bank asks the customer"),
    gettext_noop("cancelled at Stripe"),
    gettext_noop("paid after it had expired"),
    gettext_noop("paid in another way"),
    gettext_noop("the order had already been paid"),
    gettext_noop("paid after the order was cancelled"),
    gettext_noop("the order has been changed and costs more"),
    gettext_noop("the customer changed the order"),
    gettext_noop("the change that it was to pay for was not made"),
    gettext_noop("changed to card"),
    gettext_noop("changed to prepayment"),
    gettext_noop("tried again by staff"),
    gettext_noop("order confirmed anew"),
    gettext_noop("put back"),
    gettext_noop("missing pieces have come"),
    gettext_noop("handed over in the store"),
    gettext_noop("the carrier says so"),
    gettext_noop("nothing is left to pick here"),
    gettext_noop("pieces were cancelled"),
    gettext_noop("pieces were cancelled meanwhile"),
    gettext_noop("label cancelled by staff"),
    gettext_noop("asked again"),
    gettext_noop("address corrected"),
    gettext_noop("the order was changed"),
    gettext_noop("the rest is sent from another site"),
    gettext_noop("sent from another site"),
    gettext_noop("not wanted when the batch was started"),
    gettext_noop("could not be found"),
    gettext_noop("nothing is left to pack here"),
    gettext_noop("the pieces turned up"),
    gettext_noop("order cancelled"),
    gettext_noop("no bin holds it"),
    gettext_noop("not found in the bin"),
    gettext_noop("undone"),
    gettext_noop("did not come"),
    gettext_noop("recalled"),
    gettext_noop("the value needs another person's approval"),
    gettext_noop("could not be booked"),
    gettext_noop("the bin was counted otherwise in the meantime"),
    gettext_noop("Somebody changed this bin during the count."),
    gettext_noop("regular count"),
    gettext_noop("settled by the customer"),
    gettext_noop("a picker found too few"),
    gettext_noop("asked by a person"),
    gettext_noop("correction on the article's page"),
    gettext_noop("seen on the statement"),
    gettext_noop("the transfer came back"),
    gettext_noop("the bank refused every transfer"),
)
#: Reasons that name something. The longer of two that begin alike stands first.
NAMING = (
    gettext_noop("paid after it had expired; %(what)s is sold out"),
    gettext_noop("bank transfer %(what)s"),
    gettext_noop("confirmed as %(what)s"),
    gettext_noop("dispute %(what)s won"),
    gettext_noop("dispute %(what)s"),
    gettext_noop("taken over from %(what)s"),
    gettext_noop("moved to %(what)s"),
    gettext_noop("recall %(what)s"),
    gettext_noop("the carrier says %(what)s"),
    gettext_noop("%(what)s unpacked"),
    gettext_noop("%(what)s put back"),
    gettext_noop("%(what)s cancelled"),
    gettext_noop("%(what)s is about another order"),
)
_NAME = "%(what)s"


def reason(why: str) -> str:
    """A reason of the history in the reader's language; what a person wrote stays as it is."""
    if why in KNOWN:
        return _(why)
    for text in NAMING:
        before, after = text.split(_NAME)
        name = why[len(before) : len(why) - len(after)]
        if not name or why != f"{before}{name}{after}":
            continue
        if before or " " not in name:  # a number stands first; "Ms Meyer cancelled" is what a person wrote
            return _(text) % {"what": name}
    return why
