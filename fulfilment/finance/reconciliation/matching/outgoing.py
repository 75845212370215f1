"""What money that left may be for: a refund we sent, a negative payout, a payment that came back, the bank's
charges, a learned account."""

from __future__ import annotations

from .index import Index
from .items import ACCOUNT, PAYBACK, REFUND, RETURNED, TOGETHER, Money, OpenItem, Part, Proposal
from .reading import same_name, tokens, words_of

SENT = {"refund": REFUND, "payback": PAYBACK}
#: Words of German and English statements for a payment that comes back and for what the bank takes.
RETURN_WORDS = frozenset(
    {"rücklastschrift", "ruecklastschrift", "retoure", "rückgabe", "rueckgabe", "returned", "rückbuchung"}
)
FEE_WORDS = frozenset(
    {
        "entgelt",
        "entgelte",
        "kontoführung",
        "kontofuehrung",
        "gebühr",
        "gebuehr",
        "gebühren",
        "abschluss",
        "charges",
    }
)
#: Business transaction codes (GVC) of the German banks: charges and statements of account.
FEE_CODES = frozenset({"805", "808", "809"})
RETURN_CODES = frozenset({"108", "109", "159"})
RETURN_FEE_MOST_MINOR = 2_000  #: that a bank adds to what it takes back


def proposals(money: Money, index: Index) -> list[Proposal]:
    """What may have left, best first."""
    from .engine import by_rules, payouts

    found = [*_sent(money, index), *_together(money, index), *payouts(money, index, "taken")]
    if _is_return(money):
        found += _returned(money, index)
    found += by_rules(money, index, "out")
    if not found and _is_fee(money):
        part = Part("", -money.amount_minor)
        found.append(Proposal(ACCOUNT, (part,), 85, ("bank_fee",), account="bank_charges"))
    return found


def _sent(money: Money, index: Index) -> list[Proposal]:
    """Refunds and paybacks: the id we gave the transfer, a number in the text, the payee with the exact amount."""
    amount, found = -money.amount_minor, []
    read = tokens(f"{money.end_to_end_id} {money.text} {money.structured_reference}")
    named = {item.target for token in read for item in index.numbered(token)}
    same = index.worth(money.currency, amount, ("refund", "payback"))
    for item in same:
        payee = bool(item.iban and item.iban == money.iban) or same_name(item.name, money.party)
        if item.target in named:
            confidence, why = 100, ("number", "exact")
        elif payee:
            confidence, why = (90 if len(same) == 1 else 70), ("payee", "exact")
        else:
            confidence, why = (60 if len(same) == 1 else 30), ("exact", "refund_due")
        found.append(_one(SENT[item.kind], item, amount, confidence, why))
    return found


def _together(money: Money, index: Index) -> list[Proposal]:
    """Transfers of one file that the bank booked in one sum: the file's number in the line, or the sum alone."""
    amount, found = -money.amount_minor, []
    read = tokens(f"{money.end_to_end_id} {money.text} {money.structured_reference} {money.bank_reference}")
    named = {item.target for token in read for item in index.numbered(token)}
    same = index.worth(money.currency, amount, ("together",))
    for item in same:
        parts = tuple(Part(target, share, label) for target, share, label in item.parts)
        if item.target in named:
            confidence, why = 100, ("number", "sum")
        else:
            likely = len(same) == 1 and (money.is_collective or not money.iban)
            confidence, why = (85 if likely else 60), ("sum", "file_sent")
        found.append(Proposal(TOGETHER, parts, confidence, why, label=item.numbers[0]))
    return found


def _returned(money: Money, index: Index) -> list[Proposal]:
    """An earlier receipt that comes back: same payer or end-to-end id, the amount or a little more for the bank."""
    amount, found = -money.amount_minor, []
    read = set(tokens(f"{money.end_to_end_id} {money.text}"))
    for charge in _charges(money):
        for item in index.worth(money.currency, amount - charge, ("money",)):
            if item.day > money.day:
                continue
            numbered = any(token in read for number in item.numbers for token in tokens(number))
            known = bool(item.iban and item.iban == money.iban) or same_name(item.name, money.party)
            confidence = 93 if numbered and known else 88 if numbered or known else 55
            why = ("returned", *(("number",) if numbered else ()), *(("payer",) if known else ()))
            one = _one(RETURNED, item, amount - charge, confidence, why)
            fee = (Part("", charge),) if charge else ()
            found.append(Proposal(RETURNED, (*one.parts, *fee), confidence, why))
    return found


def _charges(money: Money) -> list[int]:
    """What the bank may have added: what it says, or nothing."""
    told = money.charges_minor
    if told and told < -money.amount_minor:
        return [told, 0]
    if money.original_minor and 0 < -money.amount_minor - abs(money.original_minor) <= RETURN_FEE_MOST_MINOR:
        return [-money.amount_minor - abs(money.original_minor), 0]
    return [0]


def _one(kind: str, item: OpenItem, amount: int, confidence: int, why: tuple[str, ...]) -> Proposal:
    label = item.numbers[0] if item.numbers else ""
    part = Part(item.target, amount, label, item.order_number, item.open_minor)
    return Proposal(kind, (part,), confidence, why)


def _is_return(money: Money) -> bool:
    return money.is_return or money.code in RETURN_CODES or bool(RETURN_WORDS & words_of(money.text))


def _is_fee(money: Money) -> bool:
    return not money.iban and (money.code in FEE_CODES or bool(FEE_WORDS & words_of(money.text)))
