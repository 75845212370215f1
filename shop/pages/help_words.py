"""What the law means for somebody who wants something from us, in plain words.

Sources: BGB §§ 355, 357 (withdrawal), 434, 437-441, 475-477 (consumer's warranty), 479 (guarantee), 475 (2) with 447
(transport risk); HGB § 438 (notice to the carrier).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from fulfilment.customer_service.cases import kinds, states
from fulfilment.customer_service.cases.models import Case, ServicePolicy
from fulfilment.finance.invoicing.letterhead import day


@dataclass(frozen=True)
class Reason:
    """One of the six ways to begin: its code, title, what it means, and its icon."""

    code: str
    title: Any
    text: Any
    icon: str


REASONS = tuple(
    Reason(code, title, text, icon)
    for (code, title), (text, icon) in zip(
        kinds.REASONS,
        (
            (gettext_lazy("Send goods back within 14 days. You need no reason."), "undo"),
            (gettext_lazy("A seam opens, a sole comes off, something does not work as it should."), "care"),
            (gettext_lazy("The box or what was in it was hurt on the way to you."), "truck"),
            (gettext_lazy("Another size, colour or article came, or something is not in the parcel."), "box"),
            (
                gettext_lazy("The maker promises more than the law asks for, for example five years."),
                "shield",
            ),
            (gettext_lazy("About an article, an order, a delivery or an invoice."), "question"),
        ),
        strict=True,
    )
)

#: What each remedy means and how long it takes.
REMEDIES: dict[str, Any] = {
    kinds.REPLACE: gettext_lazy(
        "You get the same article new. We bear every cost, and send it as soon as we have decided and it is in stock."
    ),
    kinds.REPAIR: ngettext_lazy(
        "We have it mended and send it back to you at our cost; that takes at most %(weeks)d week as a rule.",
        "We have it mended and send it back to you at our cost; that takes at most %(weeks)d weeks as a rule.",
        "weeks",
    ),
    kinds.REDUCE: gettext_lazy(
        "You keep it as it is and we give a part of the price back, the way you paid. We agree on the sum by mail."
    ),
    kinds.REFUND: gettext_lazy(
        "The price goes back the way you paid, within 14 days of the decision at the latest. With a fault you may ask "
        "for it when repair or new goods fail, take too long or are refused."
    ),
    kinds.RESEND: gettext_lazy("What is missing or right for you leaves with the next parcel, at our cost."),
    kinds.VOUCHER: gettext_lazy("You get a code for your next purchase by mail as soon as we have decided."),
    kinds.EXCHANGE: gettext_lazy(
        "We send another size or colour where it is in stock; a difference in price is paid or given back."
    ),
    kinds.ANSWER: gettext_lazy("We write to you by mail."),
}


def means(remedy: str) -> str:
    """What a remedy means and how long it takes; "" for one that needs no words. One query where it takes weeks."""
    text = REMEDIES.get(remedy, "")
    return (
        str(text % {"weeks": ServicePolicy.current().repair_weeks}) if remedy == kinds.REPAIR else str(text)
    )


def right(found: kinds.Sorted, reason: str, language: str) -> list[str]:
    """What the law gives somebody whose case is sorted as ``found``: sentences, the most important first."""
    until = day(found.until, language) if found.until else ""
    return _RIGHTS[found.kind.code](found, reason, until)


def _warranty(found: kinds.Sorted, _reason: str, until: str) -> list[str]:
    first = (
        _("You have the statutory warranty until %(day)s.") % {"day": until}
        if until
        else _("You have the statutory warranty for two years from delivery.")
    )
    if found.fault_presumed:
        proof = _(
            "In the first twelve months you need not prove anything: the law presumes that the fault was there when "
            "you got the goods."
        )
    else:
        proof = _(
            "More than twelve months have passed since delivery: we may ask you to show that the fault was there from "
            "the start. Pictures often say enough."
        )
    choice = _("You choose between repair and new goods. Sending and mending is at our cost.")
    return [first, proof, choice]


def _guarantee(_found: kinds.Sorted, _reason: str, _until: str) -> list[str]:
    return [
        _("A guarantee comes beside your statutory warranty and never instead of it."),
        _("We look which of the two is better for you and see to the maker. Both cost you nothing."),
    ]


def _transport(_found: kinds.Sorted, _reason: str, _until: str) -> list[str]:
    return [
        _("We bear the risk of the way to you. You need not see to the carrier."),
        _(
            "Please keep the packaging and send pictures of it as well. The carrier must hear of hidden damage within "
            "7 days; we do that. Your own rights do not end by it."
        ),
    ]


def _short(_found: kinds.Sorted, _reason: str, _until: str) -> list[str]:
    return [
        _("What you have ordered is still owed to you. Wrong goods come back at our cost."),
        _("Is another parcel of this order still on its way? Then what is missing may be in it."),
    ]


def _goodwill(_found: kinds.Sorted, reason: str, until: str) -> list[str]:
    if reason == kinds.CHANGED_MIND:
        ended = _("Your 14 days to change your mind ended on %(day)s.") % {"day": until}
    else:
        ended = _("Your statutory warranty of two years ended on %(day)s.") % {"day": until}
    return [
        ended if until else _("There is no right by law to it."),
        _("We still look at it and tell you what we can do as goodwill. Nothing is promised by that."),
    ]


_RIGHTS: dict[str, Callable[[kinds.Sorted, str, str], list[str]]] = {
    kinds.WITHDRAWAL: lambda _found, _reason, _until: [],
    kinds.WARRANTY: _warranty,
    kinds.GUARANTEE: _guarantee,
    kinds.TRANSPORT: _transport,
    kinds.SHORT: _short,
    kinds.GOODWILL: _goodwill,
    kinds.QUESTION: lambda _found, _reason, _until: [],
}


def standing(case: Case) -> str:
    """How a case stands, said to the customer; ``due`` of the page says by when."""
    words = {
        states.RECEIVED: _("We have received it and will look at it."),
        states.ACKNOWLEDGED: _("We have seen it and will get to work on it."),
        states.IN_WORK: _("We are working on it."),
        states.WAITING: _("We wait for you: please look at our last answer and write to us below."),
        states.DECIDED: _("It is decided."),
        states.CLOSED: _("It is settled. You can still write to us below; then it is open again."),
    }
    return words[case.state]


def ours_until(case: Case) -> dt.datetime | None:
    """By when the customer hears from us; None when the next move is not ours."""
    if case.state not in states.OUR_TURN:
        return None
    return case.answer_due_at or case.solve_due_at
