"""Clicks on "confirm withdrawal" in the same moment: one form, one declaration, one telling; and two clerks at once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from fulfilment.customer_service.withdrawals import actions
from fulfilment.customer_service.withdrawals.models import Withdrawal
from shop.kernel.models import Message
from shop.kernel.states import StateError
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]
SAID = {"name": "Erika", "contract": "Schuhe", "email": "erika@example.org", "language": "de"}


def test_without_the_guard_the_second_writer_of_a_form_fails(fresh_database: None) -> None:
    said = {**SAID, "lines": []}
    answers = all_at_once(
        [
            lambda n=n: actions._write(key="one", number=f"W{n}", declared=said, order=None, shown=None)
            for n in range(8)
        ]  # type: ignore[misc]
    )
    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 7


def test_eight_clicks_at_once_are_one_withdrawal(fresh_database: None) -> None:
    answers = all_at_once([lambda: actions.receive(key="one", **SAID).number] * 8)  # type: ignore[arg-type]
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert len(set(answers)) == Withdrawal.objects.count() == 1
    assert Message.objects.filter(name="WithdrawalReceived").count() == 1


def test_of_two_clerks_closing_at_once_one_does_it(fresh_database: None) -> None:
    found = actions.receive(key="one", **SAID)  # type: ignore[arg-type]
    actions.acknowledge(withdrawal=found, by=None)

    def close() -> None:
        actions.close(withdrawal=Withdrawal.objects.get(pk=found.pk), by=None, note="erledigt")

    answers = all_at_once([close] * 6)
    assert answers.count(None) == 1
    assert all(answer is None or isinstance(answer, StateError) for answer in answers)
