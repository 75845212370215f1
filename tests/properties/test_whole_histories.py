"""Whole random histories of the shop, and a naive auditor beside the books; and proof that the auditor can fail.

``AUDIT_SEED`` repeats a history, ``AUDIT_STEPS`` makes it longer (5000 and more: some minutes), ``AUDIT_EVERY`` audits
more often, to come near the step that went wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from checkout.payment.standin.process import StandIn
from fulfilment.finance.invoicing import accounts, parts
from fulfilment.finance.ledger import rules
from fulfilment.finance.ledger.postings import Posting
from fulfilment.finance.reports import actions as reports
from tests.properties.auditing.history import History
from tests.support.chance import seed as seed_of

pytestmark = pytest.mark.django_db
#: On PostgreSQL each statement costs more than the arithmetic that is proved here.
STEPS = int(os.environ.get("AUDIT_STEPS") or ("1000" if connection.vendor == "sqlite" else "150"))
AUDIT_EVERY = int(os.environ.get("AUDIT_EVERY", "50"))
Rule = Callable[..., list[Posting]]


def test_a_whole_history_agrees_with_the_auditor(standin: StandIn, outbox: Any, clock: Any) -> None:
    """Some hundred random steps, every verb at least once, audited all along; all invariants of the house hold."""
    seed = seed_of("AUDIT_SEED")
    history = History(seed, standin=standin, outbox=outbox, clock=clock)
    try:
        history.steps(STEPS, audit_every=AUDIT_EVERY)
        history.rest()
        history.audit(everything=True)
    except BaseException:
        print(f"AUDIT_SEED={seed} repeats it: {history.story()}")
        raise
    print(f"seed {seed}: done {dict(history.done)}; refused {dict(history.refusals)}")
    assert not history.never(), f"seed {seed}, never done: {history.never()}; refused: {history.refusals}"


# ---- the auditor can fail: each of these is a fault somebody could make, and balances all the same -------------------


def in_place_of(
    name: str, change: Callable[[list[Posting]], list[Posting]]
) -> Callable[[pytest.MonkeyPatch], None]:
    """A rule of the books whose lines come out changed."""

    def falsify(patch: pytest.MonkeyPatch) -> None:
        rule: Rule = getattr(rules, name)
        patch.setattr(rules, name, lambda **facts: change(rule(**facts)))

    return falsify


def renamed(**roles: str) -> Callable[[list[Posting]], list[Posting]]:
    """Lines on other accounts."""
    return lambda lines: [replace(line, role=roles.get(line.role, line.role)) for line in lines]


def doubled(lines: list[Posting]) -> list[Posting]:
    """Lines over twice the amount."""
    return [
        replace(line, debit_minor=2 * line.debit_minor, credit_minor=2 * line.credit_minor) for line in lines
    ]


def a_cent_of_vat_becomes_revenue(lines: list[Posting]) -> list[Posting]:
    """Revenue and VAT that are a cent off each other."""
    vat = next((line for line in lines if line.role.startswith("vat_") and line.credit_minor > 1), None)
    net = next((line for line in lines if line.role.startswith("revenue_") and vat), None)
    change = {} if vat is None or net is None else {id(vat): -1, id(net): 1}
    return [replace(line, credit_minor=line.credit_minor + change.get(id(line), 0)) for line in lines]


def without_vat(lines: list[Posting]) -> list[Posting]:
    """A loss whose VAT nobody corrects."""
    vat = sum(line.debit_minor for line in lines if line.role.startswith("vat_"))
    kept = [line for line in lines if not line.role.startswith("vat_")]
    first = next(line for line in kept if line.debit_minor)
    return [replace(line, debit_minor=line.debit_minor + vat) if line is first else line for line in kept]


def round_down(patch: pytest.MonkeyPatch) -> None:
    """Half a cent of VAT is lost."""
    patch.setattr(parts, "vat_from_gross", lambda gross, rate: gross * rate // (10_000 + rate))


def money_is_left_lying(patch: pytest.MonkeyPatch) -> None:
    """What was paid before the invoice is not laid on it."""
    patch.setattr(accounts, "_lay", lambda *_args: None)


def reports_count_too_much(patch: pytest.MonkeyPatch) -> None:
    """The kept balances are a cent off the entries."""
    patch.setattr(
        reports, "ADD_DAYS", reports.ADD_DAYS.replace("SUM(l.debit_minor)", "SUM(l.debit_minor) + 1")
    )


FAULTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], tuple[str, ...]]] = {
    "a cent of VAT is booked as revenue": (
        in_place_of("invoice_issued", a_cent_of_vat_becomes_revenue),
        ("dispatch", "dispatch"),
    ),
    "VAT is rounded down": (round_down, ("dispatch",) * 6),
    "a loss keeps its VAT": (in_place_of("written_off", without_vat), ("dispatch", "write_off")),
    "a credit note is booked twice": (in_place_of("credit_note_issued", doubled), ("dispatch", "credit")),
    "goods leave at twice their cost": (in_place_of("goods_dispatched", doubled), ("dispatch",)),
    "the provider's fee is the bank's": (
        in_place_of("provider_fee", renamed(cost_of_payments="bank_charges")),
        ("pay_by_card",),
    ),
    "the bank's money is in the till": (
        in_place_of("receipt_recorded", renamed(bank="cash")),
        ("statement",),
    ),
    "interest is booked as costs": (
        in_place_of("dunning_costs_paid", renamed(interest_income="dunning_income")),
        ("dispatch", "dispatch", *("dun",) * 8, *("pay_claims",) * 3),
    ),
    "what goes back is booked out of the bank": (
        in_place_of("receipt_explained", renamed(money_transit="bank")),
        ("give_back",),
    ),
    "money lies free while its invoice is open": (
        money_is_left_lying,
        ("pay_by_card", "dispatch", "dispatch"),
    ),
    "the reports' balances are off": (reports_count_too_much, ("dispatch", "roll_up")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_auditor_finds(
    fault: str, standin: StandIn, outbox: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in one rule, and a short history in which it matters: sound before, found after."""
    falsify, verbs = FAULTS[fault]
    history = History(7, standin=standin, outbox=outbox, clock=clock)
    history.auditor.compare()
    falsify(monkeypatch)
    for verb in verbs:
        assert history.bring_about(verb), f"{verb} never happened"
    with pytest.raises(AssertionError, match=r"by the ledger|by its lines|lying free|parts make"):
        history.audit()
