"""The inbox: stored first, understood later, once."""

from __future__ import annotations

import datetime as dt

import pytest

from shop.kernel import inbox, outbox, tasks
from shop.kernel.attempts import pause_s
from shop.kernel.clock import now
from shop.kernel.models import InboxMessage
from shop.kernel.transactions import in_transaction
from tests.shop.kernel.test_numbers import in_threads
from tests.support.helpers import Clock
from tests.support.told import TestRang, heard_by, ring

pytestmark = pytest.mark.both_databases


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[InboxMessage]:
    """What the handler of the source ``bank`` was given."""
    messages: list[InboxMessage] = []
    monkeypatch.setitem(inbox.HANDLERS, "bank", messages.append)
    return messages


def receive(external_id: str = "e1", source: str = "bank") -> tuple[InboxMessage, bool]:
    """Something comes in."""
    return inbox.receive(source=source, external_id=external_id, body='{"a": 1}', kind="receipt")


def test_a_message_is_kept_before_anybody_understands_it(db: None, heard: list[InboxMessage]) -> None:
    row, new = receive()
    assert new
    assert heard == []
    assert (row.state, row.body) == (InboxMessage.PENDING, '{"a": 1}')
    assert inbox.drain() == 1
    assert [message.external_id for message in heard] == ["e1"]


def test_a_repeated_message_is_counted_and_not_handled_again(db: None, heard: list[InboxMessage]) -> None:
    receive()
    inbox.drain()
    row, new = receive()
    assert not new
    assert row.times_received == 2
    assert inbox.drain() == 0
    assert len(heard) == 1


def test_the_same_number_of_another_sender_is_another_message(db: None, heard: list[InboxMessage]) -> None:
    assert receive()[1]
    assert receive(source="carrier")[1]


def test_the_same_message_from_eight_sides_at_once_is_stored_once(fresh_database: None) -> None:
    news: list[bool] = []
    assert in_threads(lambda: news.append(receive()[1]), 8) == []
    assert sorted(news) == [False] * 7 + [True]
    assert InboxMessage.objects.get().times_received == 8


def test_handlers_run_outside_a_transaction_for_they_may_ask_the_network(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []
    monkeypatch.setitem(inbox.HANDLERS, "bank", lambda row: inside.append(in_transaction()))
    receive()
    inbox.drain()
    assert inside == [False]


def test_a_failure_is_tried_again_and_an_unknown_sender_is_not(
    db: None, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    clock.stop()
    tries: list[int] = []

    def second_time_lucky(row: InboxMessage) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("the bank does not answer")

    monkeypatch.setitem(inbox.HANDLERS, "bank", second_time_lucky)
    row, _ = receive()
    unknown, _ = receive(source="nobody")
    assert inbox.drain() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (InboxMessage.PENDING, 1)
    assert "does not answer" in row.last_error
    unknown.refresh_from_db()
    assert unknown.state == InboxMessage.DEAD
    clock.advance(seconds=5)
    tasks.sweep()
    row.refresh_from_db()
    assert (row.state, row.last_error) == (InboxMessage.DONE, "")


def test_a_clock_that_was_set_back_keeps_nothing_waiting(
    db: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def never(message: InboxMessage) -> None:
        tried.append(message.external_id)
        raise ConnectionError("the bank does not answer")

    monkeypatch.setitem(inbox.HANDLERS, "bank", never)
    clock.stop()
    for attempts in (0, 1, 5):
        row, _ = receive(external_id=str(attempts))
        pause = dt.timedelta(seconds=pause_s(attempts) if attempts else 0)
        InboxMessage.objects.filter(pk=row.pk).update(attempts=attempts, next_attempt_at=now() + pause)
    tasks.sweep()
    clock.advance(seconds=-10)
    tasks.sweep()
    assert tried == ["0"], "the others rest, also by the clock of another machine that is a little behind"
    clock.advance(hours=-2)
    tasks.sweep()
    assert sorted(tried) == ["0", "0", "1", "5"]
    tasks.sweep()
    assert len(tried) == 4, "they rest anew"


def test_what_comes_in_goes_before_letters_and_after_what_belongs_to_money(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setitem(inbox.HANDLERS, "bank", lambda message: done.append("in"))
    with heard_by():
        for name in ("notifications.test", "finance.test"):
            outbox.subscribe(TestRang, name)(lambda event, name=name: done.append(name))  # type: ignore[misc]
        ring()
        receive()
        tasks.sweep()
    assert done == ["finance.test", "in", "notifications.test"]


def test_a_handled_message_is_left_alone(db: None, heard: list[InboxMessage]) -> None:
    row, _ = receive()
    assert inbox.handle(row.pk)
    assert not inbox.handle(row.pk)
    assert not inbox.handle(10**9), "nor one that does not exist"
    assert len(heard) == 1
