"""What money that came may be for, best first. The order is that of design/money.md: end-to-end id or number in the
text (also with typing faults), structured reference, account seen before, exact open amount, sum of several items."""

from __future__ import annotations

from . import outgoing
from .index import Index
from .items import ACCOUNT, BACK, CAME_BACK, PAY, PAYOUT, SAME, Money, OpenItem, Part, Proposal
from .outgoing import RETURN_FEE_MOST_MINOR
from .reading import same_name, structured, tokens, words_of
from .sums import sums_to

MOST = 9  #: proposals of one line: a key each
TOLERANCE_MINOR = 5  #: that may be missing, see actions.TOLERANCE_MINOR
WITHHELD_MOST_MINOR = 5_000  #: that banks on the way may have kept
CERTAIN, LIKELY, FAIR, GUESS = 100, 90, 80, 60
CLAIMS = ("invoice", "order")
PROVIDER_WORDS = frozenset({"stripe"})


def proposals(money: Money, index: Index) -> list[Proposal]:
    """What ``money`` may be, best first, at most MOST; [] when nothing is known. Never raises for odd texts."""
    if money.amount_minor < 0:
        found = outgoing.proposals(money, index)
    else:
        found = [*_same_money(money, index), *payouts(money, index), *_came_back(money, index)]
        found += _claims(money, index)
        found += by_rules(money, index, "in")
    best: dict[str, Proposal] = {}
    for one in sorted(found, key=lambda one: -one.confidence):
        best.setdefault(one.token, one)
    return list(best.values())[:MOST]


def is_clear(found: list[Proposal], certain_from: int) -> bool:
    """Whether the first may be booked without asking: certain, and no other is."""
    return (
        bool(found)
        and found[0].confidence >= certain_from
        and (len(found) == 1 or found[1].confidence < found[0].confidence)
    )


def by_rules(money: Money, index: Index, direction: str) -> list[Proposal]:
    """Accounts of the books that earlier confirmations taught for such texts."""
    words = words_of(f"{money.party} {money.text}")
    return [
        Proposal(
            ACCOUNT,
            (Part("", abs(money.amount_minor)),),
            97 if rule.by_itself else LIKELY,
            ("learned_text",),
            account_id=rule.account_id,
            account=rule.account,
            vat_rate_bp=rule.vat_rate_bp,
            rule_id=rule.pk,
        )
        for rule in index.rules_for(words, direction)
    ]


def _claims(money: Money, index: Index) -> list[Proposal]:
    named, reasons = _named(money, index)
    if named:
        found = _for_named(money, index, named, reasons)
        return found + [one for one in _by_payer(money, index) if one.confidence >= FAIR]
    return _nearly_named(money, index) + _by_payer(money, index) + _by_amount(money, index)


def _named(money: Money, index: Index) -> tuple[list[OpenItem], tuple[str, ...]]:
    """Items that the line names by a number, with how."""
    places = (
        ("end_to_end", tokens(money.end_to_end_id)),
        ("structured", [number] if (number := structured(money.structured_reference)) else []),
        ("number", tokens(f"{money.text} {money.structured_reference}")),
    )
    found: dict[str, OpenItem] = {}
    reasons: dict[str, None] = {}
    for reason, numbers in places:
        for token in numbers:
            hits = [item for item in index.numbered(token) if item.kind in CLAIMS]
            for item in _meant(hits, money.currency):
                found[item.target] = item
                reasons[reason] = None
    return list(found.values()), tuple(reasons)


def _meant(hits: list[OpenItem], currency: str) -> list[OpenItem]:
    """Of several items with one number (the invoices of an order) those that are open, oldest first; a closed one only
    when none is."""
    mine = [item for item in hits if item.currency == currency]
    open_ones = sorted((item for item in mine if not item.closed), key=lambda item: item.due)
    return open_ones or mine[:1]


def _for_named(money: Money, index: Index, named: list[OpenItem], reasons: tuple[str, ...]) -> list[Proposal]:
    asked = [item for item in named if not item.closed]
    if not asked:
        return _for_closed(money, named[0], reasons)
    stranger = not any(knows(money, item, index) for item in asked)
    reasons += ("other_payer",) if stranger else ("payer",) if money.iban or money.party else ()
    less = 10 if stranger else 0
    total = sum(item.open_minor for item in asked)
    whole = sum(item.whole_minor for item in asked)
    if total == money.amount_minor:
        why = "exact" if len(asked) == 1 else "sum"
        return [_pay(money, asked, CERTAIN - less, (*reasons, why))]
    if whole == money.amount_minor:
        return [_pay(money, asked, CERTAIN - less, (*reasons, "with_costs"), whole=True)]
    for item in asked:
        if money.amount_minor in (
            item.open_minor,
            item.whole_minor,
        ):  # several are named, one of them is exactly this
            return [_pay(money, [item], LIKELY - less, (*reasons, "exact"), whole=True)]
    if money.amount_minor > whole:
        return _too_much(money, asked, reasons, less)
    if money.amount_minor > total:
        return [_with_costs(money, asked, LIKELY - less, (*reasons, "part_of_costs"))]
    return _too_little(money, asked, reasons, less)


def _pay(
    money: Money, items: list[OpenItem], confidence: int, reasons: tuple[str, ...], *, whole: bool = False
) -> Proposal:
    """Each item gets what it asks for (``whole``: with costs and interest), in this order, the last what remains."""
    left, parts = money.amount_minor, []
    for item in items:
        amount = min(left, item.whole_minor if whole else item.open_minor)
        if amount > 0:
            parts.append(paying(item, amount))
            left -= amount
    return Proposal(PAY, tuple(parts), confidence, reasons, rest_minor=left)


def _with_costs(money: Money, items: list[OpenItem], confidence: int, reasons: tuple[str, ...]) -> Proposal:
    """More than the items, less than all their costs and interest: who names the invoice pays it first."""
    left = money.amount_minor - sum(item.open_minor for item in items)
    parts = []
    for item in items:
        extra = min(left, item.costs_minor + item.interest_minor)
        parts.append(paying(item, item.open_minor + extra))
        left -= extra
    return Proposal(PAY, tuple(parts), confidence, reasons, rest_minor=left)


def paying(item: OpenItem, amount_minor: int, *, costs_first: bool = False) -> Part:
    """So much for an item: itself, then costs, then interest; more than all of it stays as the order's credit.

    costs_first: nobody named the invoice and the amount is not the invoice's: costs, interest, itself (§ 367 (1) BGB).
    """
    first = min(amount_minor, item.open_minor)
    if costs_first and amount_minor != item.open_minor:
        first = 0
    costs = min(amount_minor - first, item.costs_minor)
    interest = min(amount_minor - first - costs, item.interest_minor)
    return part_of(item, amount_minor, costs=costs, interest=interest)


def _too_much(money: Money, asked: list[OpenItem], reasons: tuple[str, ...], less: int) -> list[Proposal]:
    """The rest stays as the order's credit, or goes back."""
    whole = _pay(money, asked, 0, (), whole=True)
    with_rest = paying(asked[-1], whole.parts[-1].amount_minor + whole.rest_minor)
    rest = Part("", whole.rest_minor)
    return [
        Proposal(PAY, (*whole.parts[:-1], with_rest), FAIR - less, (*reasons, "too_much")),
        Proposal(BACK, (*whole.parts, rest), FAIR - less - 1, (*reasons, "too_much")),
    ]


def _too_little(money: Money, asked: list[OpenItem], reasons: tuple[str, ...], less: int) -> list[Proposal]:
    """A few cents, charges of banks, an exchange, or simply a part."""
    found = [_pay(money, asked, FAIR + 5 - less, (*reasons, "part"))]
    item = asked[0]
    missing = item.open_minor - money.amount_minor
    if len(asked) > 1:
        return found
    if missing <= TOLERANCE_MINOR:
        part = part_of(item, money.amount_minor, rounding=missing)
        return [Proposal(PAY, (part,), LIKELY - less, (*reasons, "few_cents")), *found]
    foreign = money.original_currency not in ("", money.currency)
    if foreign:
        charges = min(money.charges_minor, missing)
        part = part_of(item, money.amount_minor, charges=charges, exchange=missing - charges)
        return [*found, Proposal(PAY, (part,), FAIR - less, (*reasons, "foreign"))]
    told = money.charges_minor == missing or money.original_minor == item.open_minor
    if told or missing <= min(WITHHELD_MOST_MINOR, item.open_minor // 5):
        part = part_of(item, money.amount_minor, charges=missing)
        withheld = Proposal(PAY, (part,), (88 if told else GUESS) - less, (*reasons, "withheld"))
        return [withheld, *found] if told else [*found, withheld]
    return found


def _for_closed(money: Money, item: OpenItem, reasons: tuple[str, ...]) -> list[Proposal]:
    """Money for something that asks for none: paid twice, cancelled, or given up long ago."""
    part, rest = part_of(item, money.amount_minor), Part("", money.amount_minor)
    keep = Proposal(PAY, (part,), GUESS, (*reasons, "stays_credit"))
    if item.closed == "written_off":
        return [Proposal(PAY, (part,), 85, (*reasons, "written_off"))]
    if item.closed == "cancelled":
        return [
            Proposal(BACK, (rest,), 84, (*reasons, "cancelled")),
            Proposal(PAY, (part,), GUESS, (*reasons, "cancelled")),
        ]
    return [Proposal(BACK, (rest,), 84, (*reasons, "paid_before")), keep]


def _nearly_named(money: Money, index: Index) -> list[Proposal]:
    """A number with a typing fault counts only when something else says the same: numbers lie close together."""
    found: dict[str, Proposal] = {}
    for token in tokens(f"{money.end_to_end_id} {money.text}"):
        if len(token) < 6:
            continue
        for item in index.nearly_numbered(token):
            if item.closed or item.currency != money.currency or item.kind not in CLAIMS:
                continue
            exact = money.amount_minor in (item.open_minor, item.whole_minor)
            known = knows(money, item, index, empty=False)
            if not exact and not known:
                continue
            confidence = 92 if exact and known else 82 if exact else 70
            reasons = ("nearly", *(("exact",) if exact else ("part",)), *(("payer",) if known else ()))
            if money.amount_minor <= item.whole_minor:
                found[item.target] = _pay(money, [item], confidence, reasons, whole=True)
            else:
                found.update({f"{item.target}{at}": one for at, one in enumerate(
                    _too_much(money, [item], ("nearly",), 10)
                )})  # fmt: skip
    if sum(one.confidence >= FAIR for one in found.values()) > 1:  # two numbers are as near: neither is sure
        return [_less_sure(one) for one in found.values()]
    return list(found.values())


def _less_sure(one: Proposal) -> Proposal:
    return Proposal(one.kind, one.parts, min(one.confidence, GUESS), (*one.reasons, "not_alone"))


def _by_payer(money: Money, index: Index) -> list[Proposal]:
    """Whose account it is tells what they have open: one of exactly this amount, all of it, or a sum."""
    seen = index.payers.get(money.iban, frozenset()) if money.iban else frozenset()
    by_name = index.customers_named(money.party) if money.party else frozenset()
    for customers, reason, less in ((seen, "iban", 0), (by_name - seen, "payer", 4)):
        items = [
            item for customer in customers for item in index.of(customer) if item.currency == money.currency
        ]
        exact = [item for item in items if item.open_minor == money.amount_minor]
        exact = exact or [item for item in items if item.whole_minor == money.amount_minor]
        if len(exact) == 1:
            return [_pay(money, exact, 92 - less, (reason, _how_exact(money, exact[0])), whole=True)]
        if exact:
            exact.sort(key=lambda item: item.due)
            why = (reason, _how_exact(money, exact[0]), "not_alone")
            return [_pay(money, [item], GUESS + 10, why, whole=True) for item in exact]
        whole = sum(item.whole_minor for item in items)
        if len(items) > 1 and whole == money.amount_minor != sum(item.open_minor for item in items):
            items.sort(key=lambda item: item.due)
            return [_pay(money, items, 90 - less, (reason, "with_costs"), whole=True)]
        several = sums_to(items, money.amount_minor)
        if len(several) == 1:
            return [_pay(money, list(several[0]), 88 - less, (reason, "sum"))]
        if several:
            return [_pay(money, list(one), GUESS, (reason, "sum", "not_alone")) for one in several]
        if items and reason == "iban":
            return [_oldest_first(money, items, index, reason)]
    return []


def _oldest_first(money: Money, items: list[OpenItem], index: Index, reason: str) -> Proposal:
    """Money without words: the oldest item first, by the law its costs and interest before it (§§ 366, 367 BGB)."""
    left, parts = money.amount_minor, []
    for item in sorted(items, key=lambda item: item.due):
        amount = min(left, item.whole_minor if index.costs_first else item.open_minor)
        if amount > 0:
            parts.append(paying(item, amount, costs_first=index.costs_first))
            left -= amount
    return Proposal(PAY, tuple(parts), GUESS - 5, (reason, "oldest"), rest_minor=left)


def _how_exact(money: Money, item: OpenItem) -> str:
    return "exact" if item.open_minor == money.amount_minor else "with_costs"


def _by_amount(money: Money, index: Index) -> list[Proposal]:
    """Somebody's exact amount, and nothing else to go by: a guess, better when it is the only one."""
    same = index.worth(money.currency, money.amount_minor, CLAIMS)
    alone = len(same) == 1
    more = () if alone else ("not_alone",)
    return [
        _pay(money, [item], GUESS if alone else 30, (_how_exact(money, item), *more), whole=True)
        for item in same[:MOST]
    ]


def payouts(money: Money, index: Index, kind: str = "payout") -> list[Proposal]:
    """A payout of the card provider: its id in the text, or its name and an amount that only one payout has.

    kind: "taken" for money that left, by which the provider took a negative one."""
    amount = abs(money.amount_minor)
    same = index.worth(money.currency, amount, (kind,))
    said = bool(PROVIDER_WORDS & words_of(f"{money.party} {money.text}"))
    upper = f"{money.text} {money.end_to_end_id}".upper()
    found = []
    for item in same:
        by_id = any(number.upper() in upper for number in item.numbers)
        if by_id or said:
            sure = CERTAIN if by_id else 96 if len(same) == 1 else GUESS
            why = ("payout_id", "exact") if by_id else ("provider", "exact")
            found.append(Proposal(PAYOUT, (part_of(item, amount),), sure, why))
    return found


def _came_back(money: Money, index: Index) -> list[Proposal]:
    """A transfer of ours that its bank sent back: our own id on a line that says so, and exactly the amount, or a
    little less for the banks."""
    read = tokens(f"{money.end_to_end_id} {money.text} {money.structured_reference}")
    named = {item.target for token in read for item in index.numbered(token)}
    found = []
    for item in index.worth(money.currency, money.amount_minor, ("left",)):
        if item.day > money.day or not (item.target in named or money.is_return):
            continue
        sure = (CERTAIN if money.is_return else LIKELY) if item.target in named else GUESS
        why = ("transfer_back", *(("number",) if item.target in named else ()), "exact")
        found.append(Proposal(CAME_BACK, (part_of(item, money.amount_minor),), sure, why))
    return found + _came_back_less_charges(money, index, named)


def _came_back_less_charges(money: Money, index: Index, named: set[str]) -> list[Proposal]:
    """What is missing must be what banks keep, and our own id must be on the line: the amount proves nothing."""
    found = []
    for target in sorted(named):
        item = index.by_target[target]
        missing = item.open_minor - money.amount_minor
        if item.kind != "left" or item.currency != money.currency or item.day > money.day:
            continue
        if 0 < missing <= max(RETURN_FEE_MOST_MINOR, money.charges_minor) and missing < item.open_minor:
            told = money.charges_minor == missing or money.original_minor == item.open_minor
            sure = LIKELY + 3 if money.is_return and told else LIKELY if money.is_return or told else FAIR
            part = part_of(item, money.amount_minor, charges=missing)
            found.append(Proposal(CAME_BACK, (part,), sure, ("transfer_back", "number", "withheld")))
    return found


def _same_money(money: Money, index: Index) -> list[Proposal]:
    """Typed by hand before the bank's file came: the same amount, near in time."""
    return [
        Proposal(SAME, (part_of(item, money.amount_minor),), FAIR + 3, ("typed_before", "exact"))
        for item in index.worth(money.currency, money.amount_minor, ("receipt",))
        if item.target != money.key
    ]


def knows(money: Money, item: OpenItem, index: Index, *, empty: bool = True) -> bool:
    """Whether the payer is known to pay for this customer: by account, by name; ``empty``: nothing to compare
    counts."""
    if not money.party and not money.iban:
        return empty
    if item.customer and item.customer in index.payers.get(money.iban, ()):
        return True
    return same_name(money.party, item.name) if money.party and item.name else empty


def part_of(
    item: OpenItem,
    amount_minor: int,
    *,
    rounding: int = 0,
    charges: int = 0,
    exchange: int = 0,
    costs: int = 0,
    interest: int = 0,
) -> Part:
    """So much of the money is for ``item``."""
    return Part(
        item.target,
        amount_minor,
        item.numbers[0] if item.numbers else "",
        item.order_number,
        item.open_minor,
        rounding,
        charges,
        exchange,
        costs,
        interest,
    )
