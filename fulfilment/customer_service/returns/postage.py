"""Who pays for sending goods back: a rule per reason, with its source in law, that staff may make kinder.

Sources: § 357 (5) BGB (withdrawal: the customer, when told so), § 439 (2) and § 475 (2) BGB (warranty and the risk of
the way: the seller), § 355 (3) BGB with § 357 (1) (goods are sent within 14 days).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case

from .left import CAUSE
from .models import CUSTOMER, SHOP, Exchange, PostageRule

SEND_DAYS = 14  #: § 355 (3) and § 357 (1) BGB: so long the customer may take to send the goods
OTHER, EXCHANGE = "other", "exchange"


@dataclass(frozen=True)
class Usual:
    """What the law says of a reason: who pays, where it stands, and whether the shop may let the customer pay."""

    payer: str
    source: str
    may_change: bool


USUAL: dict[str, Usual] = {
    kinds.WITHDRAWAL: Usual(CUSTOMER, "§ 357 (5) BGB", True),
    kinds.WARRANTY: Usual(SHOP, "§ 439 (2) BGB", False),
    kinds.GUARANTEE: Usual(SHOP, "§ 443 BGB", True),
    kinds.TRANSPORT: Usual(SHOP, "§ 475 (2) BGB", False),
    kinds.SHORT: Usual(SHOP, "§ 439 (2) BGB", False),
    kinds.GOODWILL: Usual(CUSTOMER, "", True),
    EXCHANGE: Usual(CUSTOMER, "", True),
    OTHER: Usual(SHOP, "", True),
}
TITLES: dict[str, Any] = {
    **{code: kinds.KINDS[code].title for code in USUAL if code in kinds.KINDS},
    EXCHANGE: kinds.REMEDIES[kinds.EXCHANGE],
    OTHER: gettext_lazy("Everything else"),
}


def reason_of(cause: str) -> str:
    """The reason behind the cause of a return (``withdrawal:W10001``, ``case:C10000``). At most one query."""
    kind, _colon, number = cause.partition(":")
    if kind == "withdrawal":
        return kinds.WITHDRAWAL
    if kind == "case":
        known = Case.objects.filter(number=number).values_list("kind", flat=True).first()
        return known if known in USUAL else OTHER
    if kind == CAUSE:
        return EXCHANGE if Exchange.objects.filter(made__number=number).exists() else kinds.WARRANTY
    return OTHER


def payer_for(reason: str) -> tuple[str, str]:
    """Who pays for the way back (``customer`` or ``shop``), and where that stands. One query."""
    usual = USUAL[reason]
    rule = PostageRule.objects.filter(reason=reason).first()
    if rule is None or not usual.may_change:
        return usual.payer, usual.source
    return rule.payer, usual.source if rule.payer == usual.payer else ""


def set_payer(*, reason: str, payer: str, by: Any) -> PostageRule:
    """Staff say who pays from now on; returns that are announced keep what they were told. ValueError (in words) where
    the law leaves no choice, or for what is no reason or payer of ours."""
    if reason not in USUAL or payer not in (CUSTOMER, SHOP):
        raise ValueError(_("Please choose who pays."))
    if not USUAL[reason].may_change and payer != USUAL[reason].payer:
        raise ValueError(_("Here the law says who pays."))
    rule, _new = PostageRule.objects.update_or_create(
        reason=reason, defaults={"payer": payer, "changed_by": by if getattr(by, "pk", None) else None}
    )
    return rule
