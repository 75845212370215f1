"""Two clerks send the same refund in the same moment: it is in one file, or sent by hand, and never both."""

from __future__ import annotations

import pytest

from checkout.payment.models import Refund
from fulfilment.finance.reconciliation.transfers import note_refund_sent
from fulfilment.finance.sepa import actions, verify
from fulfilment.finance.sepa.models import Transfer, TransferBatch
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.sepa.money import file_of, our_account, payback_of, prepaid, refund_of, wish_for
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases]


def breaches() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()] + problems()


def test_of_many_files_with_one_refund_one_is_made(fresh_database: None) -> None:
    our_account()
    refund, payback = refund_of(prepaid()), payback_of()
    wishes = [wish_for(refund, payback) for _ in range(6)]
    answers = all_at_once([lambda wish=wish: actions.write(wish=wish, by=None) for wish in wishes])  # type: ignore[misc]
    assert sum(isinstance(answer, TransferBatch) for answer in answers) == 1
    assert sum(isinstance(answer, actions.Refused) for answer in answers) == 5
    assert (TransferBatch.objects.count(), Transfer.objects.count()) == (1, 2)
    assert breaches() == []


def test_a_double_click_in_one_moment_is_one_file(fresh_database: None) -> None:
    our_account()
    wish = wish_for(refund_of(prepaid()))
    answers = all_at_once([lambda: actions.make(wish=wish, by=None).batch] * 5)
    assert {answer.pk for answer in answers} == {TransferBatch.objects.get().pk}
    assert breaches() == []


def test_by_file_or_by_hand(fresh_database: None) -> None:
    our_account()
    refund = refund_of(prepaid())
    wish, other = wish_for(refund), Refund.objects.get()
    made, noted = all_at_once(
        [
            lambda: actions.write(wish=wish, by=None),
            lambda: note_refund_sent(refund=other, reference="by hand"),
        ]
    )
    assert isinstance(made, TransferBatch) != (noted is True)
    assert Refund.objects.get().state == ("sent" if isinstance(made, TransferBatch) else "succeeded")
    assert breaches() == []


def test_called_off_or_handed_over(fresh_database: None) -> None:
    batch = file_of(refund_of(prepaid()), payback_of())
    first, second = TransferBatch.objects.get(), TransferBatch.objects.get()
    answers = all_at_once(
        [
            lambda: actions.hand_over(batch=first, by=None),
            lambda: actions.cancel(batch=second, why="wrong day", by=None),
        ]
    )
    # One of both is refused, or calling off comes second and is told that the books are not that far yet.
    assert sum(isinstance(answer, actions.Refused) for answer in answers) == 1
    batch.refresh_from_db()
    wanted = {"handed": "succeeded", "cancelled": "requested"}
    assert Refund.objects.get().state == wanted[batch.state]
    assert breaches() == []
