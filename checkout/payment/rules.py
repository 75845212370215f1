"""Who may pay how. Rules are rows, edited in the dashboard; this reads them and gives each refusal words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from checkout.order.models import Line

from .models import CARD, INVOICE, METHODS, CustomerCredit, MethodRule


@dataclass(frozen=True)
class Offer:
    """A method as offered to one shopper: allowed, or refused with a reason that names what to do instead."""

    method: str
    title: str
    allowed: bool
    reason: str = ""
    due_days: int = 0


@dataclass(frozen=True)
class Case:
    """What the rules look at. Amounts in minor units, countries as ISO codes."""

    total_minor: int
    billing_country: str
    delivery_country: str
    user: Any = None


def offers(case: Case) -> list[Offer]:
    """Every enabled method with the answer for this shopper. Three queries at most, whatever the rules."""
    rules = {rule.method: rule for rule in MethodRule.objects.all()}
    credit, on_the_way = None, 0
    if case.user is not None and case.user.is_authenticated:
        credit = CustomerCredit.objects.filter(user=case.user).first()
        on_the_way = not_yet_invoiced_minor(case.user)
    found = []
    for method, title in METHODS:
        rule = rules.get(method)
        if rule is None or not rule.enabled:
            continue
        reason = _refusal(rule, case, credit, on_the_way)
        found.append(Offer(method, str(title), not reason, reason, rule.due_days))
    return found


def check(method: str, case: Case) -> Offer:
    """The answer for one method; a method that is not offered at all is refused too."""
    for offer in offers(case):
        if offer.method == method:
            return offer
    return Offer(method, method, False, _("This way to pay is not offered. Please choose another one."))


def not_yet_invoiced_minor(user: Any) -> int:
    """Goods ordered on account that have not left yet, gross in minor units: owed soon, and in no open item so far.

    Without them a customer could order beyond any limit until the first parcel leaves. One query.
    """
    still_open = F("quantity") - F("quantity_dispatched") - F("quantity_cancelled")
    lines = Line.objects.filter(
        order__user=user, order__payment_method=INVOICE, order__status__in=("confirmed", "in_fulfilment")
    )
    return int(lines.aggregate(total=Sum(F("gross_minor") * still_open / F("quantity")))["total"] or 0)


def _refusal(rule: MethodRule, case: Case, credit: CustomerCredit | None, on_the_way: int) -> str:
    countries = {code.strip().upper() for code in rule.countries.split(",") if code.strip()}
    if countries and case.billing_country not in countries:
        return _("Not available for billing addresses in your country. Please pay by card or prepayment.")
    if case.total_minor < rule.minimum_minor:
        return _("Not available for an order this small. Please choose another way to pay.")
    if rule.maximum_minor is not None and case.total_minor > rule.maximum_minor:
        return _("Not available for an order this large. Please choose another way to pay.")
    if rule.same_country and case.billing_country != case.delivery_country:
        return _(
            "Only when billing and delivery address are in the same country. Please pay by card or prepayment."
        )
    if rule.method != CARD:
        return _personal_refusal(rule, case, credit, on_the_way)
    return ""


def _personal_refusal(rule: MethodRule, case: Case, credit: CustomerCredit | None, on_the_way: int) -> str:
    registered = case.user is not None and case.user.is_authenticated
    if rule.registered_only and not registered:
        return _("For registered customers. Please sign in, or pay by card or prepayment.")
    if credit is not None and credit.blocked and rule.method == INVOICE:
        return _("Not available for you at the moment. Please pay by card or prepayment.")
    if rule.paid_orders_needed and not (credit and credit.released):
        if credit is None or credit.paid_orders < rule.paid_orders_needed:
            return _("Available from your second order on. Please pay by card or prepayment this time.")
    if rule.dunning_level_below is not None and credit is not None:
        if credit.dunning_level >= rule.dunning_level_below:
            return _(
                "Please settle the reminded invoice first. Until then you can pay by card or prepayment."
            )
    limit = _limit_minor(rule, credit)
    if limit is not None:
        exposure = case.total_minor + on_the_way + (credit.open_items_minor if credit else 0)
        if exposure > limit:
            return _("This order and your open invoices exceed your limit. Please pay by card or prepayment.")
    return ""


def _limit_minor(rule: MethodRule, credit: CustomerCredit | None) -> int | None:
    """How much may be owed on account at once: the customer's own limit, which finance pushes, else the method's."""
    if rule.method == INVOICE and credit is not None and credit.limit_minor is not None:
        return credit.limit_minor
    return rule.exposure_limit_minor
