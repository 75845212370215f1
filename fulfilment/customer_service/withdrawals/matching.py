"""Which order a declaration may mean: the number that was typed, numbers one slip away, the e-mail address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q

from checkout.order.models import Order
from checkout.order.numbers import PREFIX

from .models import Withdrawal

NUMBER = re.compile(rf"(?<![\w-]){PREFIX}?[\s.\-#]?(\d{{4,9}})(?!\w)", re.IGNORECASE | re.ASCII)
LOOKALIKES = str.maketrans("OoIil", "00111")  #: letters that people read for digits
NUMBERS_MAX = 5  #: numbers looked up per declaration; further ones are left to people
POSSIBLE_MAX = 20  #: orders offered to staff
EXACT, NEAR, EMAIL = "exact", "near", "email"


@dataclass(frozen=True)
class Possible:
    """An order that may be meant, and why: ``exact`` number, ``near`` number, same ``email``."""

    order: Order
    why: str
    same_email: bool


def numbers_in(text: str) -> list[str]:
    """Order numbers that a text names, as we write them: ``k 10001``, ``10001``, ``#K10001`` are ``K10001``."""
    found = dict.fromkeys(f"{PREFIX}{digits}" for digits in NUMBER.findall(text))
    return list(found)[:NUMBERS_MAX]


def order_named(text: str) -> Order | None:
    """The one order a text names by its number; None where it names none of ours, or several."""
    named = list(Order.objects.filter(number__in=numbers_in(text)).select_related("user")[:2])
    return named[0] if len(named) == 1 else None


def order_for(*, contract: str, email: str) -> Order | None:
    """The order that number and e-mail address agree on; a number alone may be a slip, or a guess."""
    order = order_named(contract)
    return order if order is not None and is_address_of(order, email) else None


def is_address_of(order: Order, email: str) -> bool:
    """Whether the order was placed with this e-mail address (capitals do not count)."""
    return bool(order.email) and order.email.casefold() == email.strip().casefold()


def possible_orders(withdrawal: Withdrawal) -> list[Possible]:
    """Orders that may be meant, the likeliest first. Two queries."""
    exact = numbers_in(withdrawal.contract)
    read = [*exact, *numbers_in(withdrawal.contract.translate(LOOKALIKES))]
    near = {number for number in read for number in (number, *slips(number))} - set(exact)
    orders = Order.objects.select_related("user", "billing_address").order_by("-date_placed")
    by_number = list(orders.filter(number__in=[*exact, *near])[:POSSIBLE_MAX])
    email = withdrawal.email
    by_email = orders.filter(Q(guest_email__iexact=email) | Q(user__email__iexact=email))
    seen = {order.pk for order in by_number}
    found = [
        Possible(order, EXACT if order.number in exact else NEAR, is_address_of(order, email))
        for order in by_number
    ]
    found += [Possible(order, EMAIL, True) for order in by_email[:POSSIBLE_MAX] if order.pk not in seen]
    rank = {EXACT: 0, NEAR: 1, EMAIL: 1}
    found.sort(key=lambda one: (rank[one.why], not one.same_email))
    return found[:POSSIBLE_MAX]


def slips(number: str) -> set[str]:
    """Numbers one slip of the finger away: a digit wrong, missing, doubled or two of them swapped."""
    head, digits = number[: len(PREFIX)], number[len(PREFIX) :]
    found = set()
    for at in range(len(digits) + 1):
        found |= {digits[:at] + digit + digits[at:] for digit in "0123456789"}
        found |= {digits[:at] + digit + digits[at + 1 :] for digit in "0123456789" if at < len(digits)}
        found.add(digits[:at] + digits[at + 1 :])
        if at + 1 < len(digits):
            found.add(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
    return {head + slip for slip in found if slip} - {number}
