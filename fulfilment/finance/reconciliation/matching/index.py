"""Open items as matching looks them up: by number, amount, customer. Built once per run; what is booked is taken
off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from .items import OpenItem, Part, Rule
from .reading import INVOICES, SERIES_DIGITS, canonical, digits_of, misspellings, name_key, series_of

MOST = 12  #: items of one amount that are looked at

T = TypeVar("T")
#: Key -> what has it. Nearly every number, amount and name has one owner: a list around each would cost as much as the
#: items themselves.
Table = dict[Any, T | list[T]]


def put(table: Table[T], key: Any, thing: T) -> None:
    """One more thing under a key."""
    found = table.setdefault(key, thing)
    if isinstance(found, list):
        if found[-1] != thing:
            found.append(thing)
    elif found != thing:
        table[key] = [found, thing]


def having(table: Table[T], key: Any) -> Sequence[T]:
    """Everything under a key, in the order in which it was put there."""
    found = table.get(key)
    return () if found is None else found if isinstance(found, list) else (found,)


class Index:
    """What is open, and what earlier confirmations taught. payers: IBAN -> customers; costs_first: money without words
    pays costs and interest before the invoice (§ 367 (1) BGB)."""

    def __init__(
        self,
        items: Iterable[OpenItem] = (),
        payers: Mapping[str, Iterable[str]] | None = None,
        rules: Iterable[Rule] = (),
        *,
        costs_first: bool = False,
    ) -> None:
        self.costs_first = costs_first
        self.by_target: dict[str, OpenItem] = {}
        self.by_number: Table[OpenItem] = {}
        self.by_amount: Table[OpenItem] = {}
        self.by_customer: Table[OpenItem] = {}
        self.by_name: Table[str] = {}
        self.payers = {iban: frozenset(customers) for iban, customers in (payers or {}).items()}
        self.rules_by_word: dict[str, list[Rule]] = defaultdict(list)
        for item in items:
            self.add(item)
        for rule in rules:
            if rule.words:
                self.rules_by_word[max(rule.words, key=len)].append(rule)

    def add(self, item: OpenItem) -> None:
        """Make ``item`` findable; one that is there already stays as it is."""
        if item.target in self.by_target:
            return
        self.by_target[item.target] = item
        for number in item.numbers:
            plain = canonical(number)
            put(self.by_number, plain, item)
            digits = digits_of(plain)
            if digits and plain not in (
                digits,
                f"{INVOICES}{digits}",
            ):  # those of an invoice are found by its letter
                put(self.by_number, digits, item)
        for number in item.letters:  # its digits alone are those of an invoice
            put(self.by_number, canonical(number), item)
        if item.closed:
            return
        self._price(item)
        if item.customer:
            put(self.by_customer, item.customer, item)
            if key := name_key(item.name):
                put(self.by_name, key, item.customer)

    def take(self, part: Part) -> None:
        """A part was booked: its item is open by so much less from now on, with what was given up or borne beside."""
        item = self.by_target.get(part.target)
        if item is None or item.closed:
            return
        item.open_minor -= (
            part.principal_minor + part.rounding_minor + part.charges_minor + part.exchange_minor
        )
        item.costs_minor -= part.costs_minor
        item.interest_minor -= part.interest_minor
        if item.open_minor <= 0:
            item.open_minor, item.closed = 0, "paid"
        else:
            self._price(item)

    def numbered(self, token: str) -> list[OpenItem]:
        """Items with exactly this (canonical) number."""
        found = having(self.by_number, token)
        if len(token) == SERIES_DIGITS and token.isdigit():
            found = [*found, *having(self.by_number, INVOICES + token)]
        return list(found)

    def nearly_numbered(self, token: str) -> list[OpenItem]:
        """Items whose number is one typing fault away."""
        found: dict[str, OpenItem] = {}
        series, known = series_of(token), self.by_number
        for guess in misspellings(token):  # some hundred, and nearly all of them nobody's number
            if guess in known or (len(guess) == SERIES_DIGITS and INVOICES + guess in known):
                if guess.startswith(series):
                    found |= {item.target: item for item in self.numbered(guess)}
        return list(found.values())

    def worth(self, currency: str, amount_minor: int, kinds: tuple[str, ...]) -> list[OpenItem]:
        """Open items of exactly this amount, alone or with costs and interest; [] when so many that it says nothing."""
        found: list[OpenItem] = []
        for kind in kinds:
            same = having(self.by_amount, (currency, amount_minor, kind))
            if len(same) <= MOST * 4:  # what was booked since is still there with what it asked for before
                found += [item for item in dict.fromkeys(same) if _asks(item, amount_minor)][:MOST]
        return found

    def of(self, customer: str) -> list[OpenItem]:
        """What a customer has open."""
        return [item for item in having(self.by_customer, customer) if not item.closed]

    def customers_named(self, name: str) -> frozenset[str]:
        """Customers with something open whose name is written so."""
        return frozenset(having(self.by_name, name_key(name)))

    def rules_for(self, words: frozenset[str], direction: str) -> list[Rule]:
        """Learned rules whose words all stand in the line."""
        return [
            rule
            for word in words
            for rule in self.rules_by_word.get(word, ())
            if rule.direction == direction and rule.words <= words
        ]

    def _price(self, item: OpenItem) -> None:
        for amount in {item.open_minor, item.whole_minor}:
            put(self.by_amount, (item.currency, amount, item.kind), item)


def _asks(item: OpenItem, amount_minor: int) -> bool:
    return not item.closed and amount_minor in (item.open_minor, item.whole_minor)
