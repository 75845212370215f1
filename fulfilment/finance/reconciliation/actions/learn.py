"""What a confirmation teaches, and how it is forgotten again."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.matching.reading import words_of
from fulfilment.finance.reconciliation.models import LearnedRule
from fulfilment.finance.reconciliation.taking import person
from shop.kernel.clock import now
from shop.kernel.history import signed

IBAN_SHORTEST = 15


def learn_payer(*, iban: str, customer: str, name: str = "", by: Any = None) -> LearnedRule | None:
    """The account ``iban`` pays for ``customer`` ("user:5", "mail:…"). None when there is nothing to learn.

    Known ones are counted: fired says how often a booking came of it.
    """
    if len(iban) < IBAN_SHORTEST or not customer:
        return None
    rule, _new = LearnedRule.objects.get_or_create(
        kind=LearnedRule.PAYER,
        iban=iban,
        customer=customer,
        defaults={"customer_name": name[:140], "created_by": person(by)},
    )
    return rule


def learn_account(
    *,
    pattern: str,
    direction: str,
    account: Account,
    vat_rate_bp: int = 0,
    by_itself: bool = False,
    by: Any = None,
) -> LearnedRule:
    """Lines with all the words of ``pattern`` belong to ``account``; a known pattern learns the new account.

    ValueError when the pattern has no word of three letters or more: it would fit every line.
    """
    words = sorted(words_of(pattern))
    if not words:
        raise ValueError("a pattern needs a word of three letters or more")
    rule, _new = LearnedRule.objects.update_or_create(
        kind=LearnedRule.ACCOUNT,
        pattern=" ".join(words)[:140],
        direction=direction,
        defaults={"ledger_account": account, "vat_rate_bp": vat_rate_bp or None, "by_itself": by_itself},
        create_defaults={
            "ledger_account": account,
            "vat_rate_bp": vat_rate_bp or None,
            "by_itself": by_itself,
            "created_by": person(by),
        },
    )
    return rule


def fire(rule: LearnedRule) -> None:
    """A booking came of the rule."""
    LearnedRule.objects.filter(pk=rule.pk).update(fired=F("fired") + 1, last_fired_at=now())


def forget(*, rule: LearnedRule, by: Any = None) -> None:
    """Remove a rule. What was booked by it stays; its history is kept."""
    signed(rule, by).delete()
