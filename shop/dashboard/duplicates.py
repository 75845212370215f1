"""Accounts that seem to be one person's, with the reasons. One query per reason, however many customers there are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Concat, Length, Lower, Replace, StrIndex, Substr
from django.utils.translation import gettext_lazy
from oscar.apps.address.models import UserAddress

from checkout.order.models import Order
from fulfilment.finance.reconciliation.models import LearnedRule
from shop.customers.models import DistinctCustomers, User
from shop.kernel import clock

GROUPS_MAX = 500  #: pairs per reason; when these are done the next ones appear
PHONE_DIGITS_MIN = 6
ORDERS_OF = dt.timedelta(days=730)  #: how old an order may be whose address is compared
REASONS: dict[str, Any] = {
    "spelling": gettext_lazy("the same e-mail address in another spelling"),
    "phone": gettext_lazy("the same phone number"),
    "address": gettext_lazy("the same name and postcode"),
    "iban": gettext_lazy("the same bank account"),
}
Pairs = Iterable[tuple[int, int]]


@dataclass(frozen=True)
class Pair:
    """Two accounts, the older first, and why they may be one person's. Both know ``has_confirmed`` (their address)."""

    first: Any
    second: Any
    codes: tuple[str, ...]

    @property
    def reasons(self) -> list[str]:
        """In words."""
        return [str(REASONS[code]) for code in self.codes]


def duplicates(*, words: str = "", reason: str = "") -> list[Pair]:
    """Every pair that is not known to be two people, the most reasons first. Eight queries at most."""
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for code, finder in FINDERS.items():
        if not reason or code == reason:
            for first, second in finder():
                if code not in found[first, second]:
                    found[first, second].append(code)
    for pair in DistinctCustomers.objects.values_list("first_id", "second_id"):
        found.pop(pair, None)
    ids = {pk for pair in found for pk in pair}
    people = _people(ids) if ids else {}
    pairs = [
        Pair(people[first], people[second], tuple(codes))
        for (first, second), codes in found.items()
        if first in people and second in people
    ]
    text = words.casefold().split()
    pairs = [pair for pair in pairs if all(word in _words(pair) for word in text)]
    return sorted(pairs, key=lambda pair: (-len(pair.codes), -pair.second.pk))


def _words(pair: Pair) -> str:
    return " ".join(f"{one.name} {one.email} {one.phone}" for one in (pair.first, pair.second)).casefold()


def _customers() -> QuerySet[User]:
    return User.objects.filter(is_staff=False, merged_into=None)


def is_confirmed() -> Exists:
    """Of people: whether they showed that the e-mail address of the account is theirs."""
    return Exists(
        EmailAddress.objects.filter(user=OuterRef("pk"), verified=True, email__iexact=OuterRef("email"))
    )


def _people(ids: set[int]) -> dict[int, Any]:
    return {
        person.pk: person for person in _customers().filter(pk__in=ids).annotate(has_confirmed=is_confirmed())
    }


def _pairs(rows: QuerySet[Any], *key: str, person: str = "pk") -> Pairs:
    """The oldest and the newest account of each group of rows alike."""
    groups = (
        rows.order_by()
        .values(*key)
        .annotate(oldest=Min(person), newest=Max(person), many=Count(person, distinct=True))
        .filter(many__gt=1)
        .order_by("-newest")
    )
    return [(row["oldest"], row["newest"]) for row in groups[:GROUPS_MAX]]


def by_spelling() -> Pairs:
    """Dots and what follows a plus before the @ are left out, capitals are small."""
    at, plus = StrIndex("email", Value("@")), StrIndex("email", Value("+"))
    rows = _customers().annotate(at=at, plus=plus)
    ends = Case(When(plus__gt=0, plus__lt=F("at"), then=F("plus") - 1), default=F("at") - 1)
    local = Replace(Substr("email", 1, ends), Value("."), Value(""))
    key = Lower(Concat(local, Substr("email", at), output_field=CharField()))
    return _pairs(rows.filter(at__gt=1).annotate(alike=key), "alike")


def by_phone() -> Pairs:
    """Digits alone, the German code as a zero."""
    digits: Any = F("phone")
    for sign in (" ", "-", "/", "(", ")", "."):
        digits = Replace(digits, Value(sign), Value(""))
    for code in ("+49", "0049"):
        digits = Replace(digits, Value(code), Value("0"))
    rows = _customers().annotate(alike=digits, size=Length(digits)).filter(size__gte=PHONE_DIGITS_MIN)
    return _pairs(rows, "alike")


def by_address() -> Pairs:
    """Name and postcode in the address books, or on orders of the last two years."""
    book = UserAddress.objects.filter(user__is_staff=False, user__merged_into=None).exclude(last_name="")
    orders = Order.objects.filter(
        user__is_staff=False, user__merged_into=None, date_placed__gte=clock.now() - ORDERS_OF
    ).exclude(billing_address__last_name="")
    found: set[tuple[int, int]] = set()
    for rows, prefix in ((book, ""), (orders, "billing_address__")):
        named = rows.annotate(
            alike_first=Lower(f"{prefix}first_name"),
            alike_last=Lower(f"{prefix}last_name"),
            alike_code=F(f"{prefix}postcode"),
        )
        found.update(_pairs(named, "alike_first", "alike_last", "alike_code", person="user_id"))
    return sorted(found)


def by_iban() -> Pairs:
    """Bank accounts from which money came for both, as confirmations taught."""
    rows = (
        LearnedRule.objects.filter(kind=LearnedRule.PAYER, customer__startswith="user:")
        .order_by()
        .values("iban")
        .annotate(one=Min("customer"), other=Max("customer"))
        .filter(~Q(one=F("other")))
    )
    ids = ((row["one"], row["other"]) for row in rows[:GROUPS_MAX])
    numbers = [(int(one.partition(":")[2]), int(other.partition(":")[2])) for one, other in ids]
    return [(min(pair), max(pair)) for pair in numbers]


FINDERS: dict[str, Callable[[], Pairs]] = {
    "spelling": by_spelling,
    "phone": by_phone,
    "address": by_address,
    "iban": by_iban,
}
