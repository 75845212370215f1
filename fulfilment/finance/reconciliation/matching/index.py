"""Open items as matching looks them up: by number, amount, customer. Built once per run; what is booked is taken
off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from .items import OpenItem, Part, Rule
from .reading import canonical, digits_of, misspellings, name_key, series_of

MOST = 12  #: items of one amount that are looked at


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
        self.by_number: dict[str, list[OpenItem]] = {}
        self.by_amount: dict[tuple[str, int, str], dict[str, OpenItem]] = {}
        self.by_customer: dict[str, list[OpenItem]] = defaultdict(list)
        self.customers_by_name: dict[str, set[str]] = defaultdict(set)
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
            for key in {plain, digits_of(plain)} - {""}:
                self.by_number.setdefault(key, []).append(item)
        for number in item.letters:  # its digits alone are those of an invoice
            self.by_number.setdefault(canonical(number), []).append(item)
        if item.closed:
            return
        self._price(item)
        if item.customer:
            self.by_customer[item.customer].append(item)
            if key := name_key(item.name):
                self.customers_by_name[key].add(item.customer)

    def take(self, part: Part) -> None:
        """A part was booked: its item is open by so much less from now on, with what was given up or borne beside."""
        item = self.by_target.get(part.target)
        if item is None or item.closed:
            return
        for amount in {item.open_minor, item.whole_minor}:
            self.by_amount.get((item.currency, amount, item.kind), {}).pop(part.target, None)
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
        return self.by_number.get(token, [])

    def nearly_numbered(self, token: str) -> list[OpenItem]:
        """Items whose number is one typing fault away."""
        found: dict[str, OpenItem] = {}
        series = series_of(token)
        for guess in misspellings(token):
            if not guess.startswith(series):
                continue
            for item in self.by_number.get(guess, ()):
                found[item.target] = item
        return list(found.values())

    def worth(self, currency: str, amount_minor: int, kinds: tuple[str, ...]) -> list[OpenItem]:
        """Open items of exactly this amount, alone or with costs and interest; [] when so many that it says nothing."""
        found: list[OpenItem] = []
        for kind in kinds:
            same = self.by_amount.get((currency, amount_minor, kind), {})
            if len(same) <= MOST * 4:
                found += [item for item in same.values() if not item.closed][:MOST]
        return found

    def of(self, customer: str) -> list[OpenItem]:
        """What a customer has open."""
        return [item for item in self.by_customer.get(customer, ()) if not item.closed]

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
            self.by_amount.setdefault((item.currency, amount, item.kind), {})[item.target] = item
