"""Who may pay how. Rules are rows, edited in the dashboard; this reads them and gives each refusal words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from checkout.order.models import Line, Order
from shop.kernel.parts import Parts
from shop.kernel.sharing import RULES
from shop.ui.numbers import money_text

from .minimums import card_minimum_minor
from .models import (
    CARD,
    CREDIT,
    INVOICE,
    METHODS,
    NOTHING,
    PREPAYMENT,
    WAYS,
    CustomerCredit,
    MethodRule,
    Payment,
    Refund,
)

_rules = Parts(most=1, names=(RULES,))


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
    currency: str = "EUR"
    credit_minor: int = 0  #: of the total, paid with the customer's store credit

    @property
    def rest_minor(self) -> int:
        """What is to be paid by the method."""
        return self.total_minor - self.credit_minor


def offers(case: Case, *, kept: bool = False) -> list[Offer]:
    """Every enabled method with the answer for this shopper. Three queries at most, whatever the rules; with ``kept``
    the rules are as this process remembers them (a quarter of a second old at most).

    Over 0.00 nothing is asked: the one offer is that nothing is to be paid; when store credit pays all of it, the one
    offer is that. Below what a card can be charged prepayment
    is there also where it is switched off or refused, when nothing else is left (docs/decisions/0070).
    """
    if not case.total_minor:
        return [Offer(NOTHING, name_of(NOTHING), True)]
    if not case.rest_minor:
        return [Offer(CREDIT, name_of(CREDIT), True)]
    found_rules = _rules.kept("", _read_rules) if kept else _read_rules()
    rules = {rule.method: rule for rule in found_rules}
    person = _Person(case.user)
    found = []
    for method, title in METHODS:
        rule = rules.get(method)
        if rule is None or not rule.enabled:
            continue
        reason = _refusal(rule, case, person)
        found.append(Offer(method, str(title), not reason, reason, rule.due_days))
    if CARD in rules and rules[CARD].enabled and _below_card(case) and not any(one.allowed for one in found):
        found = [one for one in found if one.method != PREPAYMENT]
        found.append(Offer(PREPAYMENT, name_of(PREPAYMENT), True))
    return found


class _Person:
    """What is known of who buys; each is read when a rule asks for it."""

    def __init__(self, user: Any) -> None:
        self.user = user if user is not None and user.is_authenticated else None

    @cached_property
    def credit(self) -> CustomerCredit | None:
        """Their standing with us; None for a guest, and for who has none yet."""
        return CustomerCredit.objects.filter(user=self.user).first() if self.user is not None else None

    @cached_property
    def on_the_way_minor(self) -> int:
        """See not_yet_invoiced_minor()."""
        return not_yet_invoiced_minor(self.user) if self.user is not None else 0


def _read_rules() -> list[MethodRule]:
    return list(MethodRule.objects.all())


def name_of(method: str) -> str:
    """A way to pay as people call it, in the active language; an unknown one by its code."""
    return str(dict(WAYS).get(method, method))


def check(method: str, case: Case, *, kept: bool = False) -> Offer:
    """The answer for one method; a method that is not offered at all is refused too. Over 0.00 the answer is that
    nothing is to be paid, and beside enough credit that it pays, whatever was chosen before. ``kept``: see offers().
    What is known of who buys is read only where the rule of this method asks for it."""
    found_rules = _rules.kept("", _read_rules) if kept else _read_rules()
    own = next((rule for rule in found_rules if rule.method == method and rule.enabled), None)
    title = dict(METHODS).get(method)
    if own and title and case.rest_minor and not _refusal(own, case, _Person(case.user)):
        return Offer(method, str(title), True, due_days=own.due_days)
    found = offers(case, kept=kept)
    if not case.rest_minor:
        return found[0]
    for offer in found:
        if offer.method == method:
            return offer
    if method in (NOTHING, CREDIT):
        return Offer(method, name_of(method), False, _("There is something to pay now. Please choose how."))
    return Offer(method, method, False, _("This way to pay is not offered. Please choose another one."))


def refusal_of_more(order: Order) -> str:
    """Why an order on account, which has just grown, is more than its customer may owe; "" when it is not. Three
    queries."""
    rule = MethodRule.objects.filter(method=INVOICE).first()
    credit = CustomerCredit.objects.filter(user=order.user_id).first() if order.user_id else None
    if credit is not None and credit.blocked:
        return _("More on account is not possible for you at the moment. Please order it separately.")
    if rule is not None and rule.maximum_minor is not None and order.total_minor > rule.maximum_minor:
        return _("With this the order is too large to be paid on account. Please order it separately.")
    limit = _limit_minor(rule, credit) if rule is not None else None
    if limit is not None and order.user_id:
        owed = not_yet_invoiced_minor(order.user_id) + (credit.open_items_minor if credit else 0)
        if owed > limit:
            return _("With this your open invoices exceed your limit. Please order it separately.")
    return ""


def not_yet_invoiced_minor(user: Any) -> int:
    """Goods ordered on account that have not left yet, gross in minor units and without what store credit pays of them:
    owed soon, and in no open item so far.

    Without them a customer could order beyond any limit until the first parcel leaves. Credit pays what is invoiced
    first, so it counts here only with what is left of it after that. One query.
    """
    still_open = F("quantity") - F("quantity_dispatched") - F("quantity_cancelled")
    lines = Line.objects.filter(order=OuterRef("pk")).order_by().values("order")
    credit = Payment.objects.filter(order=OuterRef("pk"), method=CREDIT, state="captured")
    refunds = Refund.objects.filter(payment__order=OuterRef("pk"), payment__method=CREDIT).exclude(
        state="failed"
    )
    orders = Order.objects.filter(
        user=user, payment_method=INVOICE, status__in=("confirmed", "in_fulfilment")
    ).annotate(
        ahead=_summed(lines, Sum(F("gross_minor") * still_open / F("quantity"))),
        sent=_summed(lines, Sum(F("gross_minor") * F("quantity_dispatched") / F("quantity"))),
        credited=_summed(credit.order_by().values("order"), Sum("amount_minor")),
        returned=_summed(refunds.order_by().values("payment__order"), Sum("amount_minor")),
    )
    rows = orders.order_by().values_list("ahead", "sent", "credited", "returned")
    return sum(  # PostgreSQL gives decimals for sums
        max(0, int(ahead) - max(0, int(credited - returned - sent)))
        for ahead, sent, credited, returned in rows
    )


def _summed(rows: Any, what: Sum) -> Coalesce:
    """A sum over rows of an order as a column of that order; 0 where there is none."""
    return Coalesce(Subquery(rows.annotate(n=what).values("n"), output_field=IntegerField()), 0)


def _below_card(case: Case) -> bool:
    """Whether the card provider takes no charge as small as this."""
    return case.rest_minor < card_minimum_minor(case.currency)


def _refusal(rule: MethodRule, case: Case, person: _Person) -> str:
    countries = {code.strip().upper() for code in rule.countries.split(",") if code.strip()}
    if countries and case.billing_country not in countries:
        return _("Not available for billing addresses in your country. Please pay by card or prepayment.")
    if rule.method == CARD and _below_card(case):
        least = money_text(card_minimum_minor(case.currency), case.currency)
        return _("Cards can be charged from %(amount)s on. Please choose another way to pay.") % {
            "amount": least
        }
    if case.rest_minor < rule.minimum_minor:
        return _("Not available for an order this small. Please choose another way to pay.")
    if rule.maximum_minor is not None and case.rest_minor > rule.maximum_minor:
        return _("Not available for an order this large. Please choose another way to pay.")
    if rule.same_country and case.billing_country != case.delivery_country:
        return _(
            "Only when billing and delivery address are in the same country. Please pay by card or prepayment."
        )
    if rule.method != CARD:
        return _personal_refusal(rule, case, person)
    return ""


def _personal_refusal(rule: MethodRule, case: Case, person: _Person) -> str:
    if rule.registered_only and person.user is None:
        return _("For registered customers. Please sign in, or pay by card or prepayment.")
    if rule.method == INVOICE and person.credit is not None and person.credit.blocked:
        return _("Not available for you at the moment. Please pay by card or prepayment.")
    if rule.paid_orders_needed and not (person.credit and person.credit.released):
        if person.credit is None or person.credit.paid_orders < rule.paid_orders_needed:
            return _("Available from your second order on. Please pay by card or prepayment this time.")
    if rule.dunning_level_below is not None and person.credit is not None:
        if person.credit.dunning_level >= rule.dunning_level_below:
            return _(
                "Please settle the reminded invoice first. Until then you can pay by card or prepayment."
            )
    limit = _limit_minor(rule, person.credit if rule.method == INVOICE else None)
    if limit is not None:
        owed = person.on_the_way_minor + (person.credit.open_items_minor if person.credit else 0)
        if case.rest_minor + owed > limit:
            return _("This order and your open invoices exceed your limit. Please pay by card or prepayment.")
    return ""


def _limit_minor(rule: MethodRule, credit: CustomerCredit | None) -> int | None:
    """How much may be owed on account at once: the customer's own limit, which finance pushes, else the method's."""
    if rule.method == INVOICE and credit is not None and credit.limit_minor is not None:
        return credit.limit_minor
    return rule.exposure_limit_minor
