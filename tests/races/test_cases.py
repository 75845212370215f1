"""Clicks on "Send" in a case in the same moment: one form, one message, one mail, and nobody sees an error page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from fulfilment.customer_service.cases import actions
from fulfilment.customer_service.cases.actions import thread
from fulfilment.customer_service.cases.models import Case, Message
from shop.kernel.models import Message as Event
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.races.crowd import all_at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("fresh_database")]


def test_without_the_guard_the_second_writer_of_a_message_fails() -> None:
    case = make_case()
    answers = all_at_once([lambda: thread._add(case, Message.CUSTOMER, "Naht", "one-click", None)] * 4)
    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 3


@pytest.mark.parametrize("verb", ["write", "answer", "note"])
def test_eight_clicks_at_once_are_one_message(verb: str) -> None:
    case, clerk = make_case(), make_staff("service@example.org")
    deeds: dict[str, Callable[[], Any]] = {
        "write": lambda: actions.write(case=case, body="Beide.", key="one-click"),
        "note": lambda: actions.note(case=case, body="Foto fehlt", key="one-click", by=clerk),
        "answer": lambda: actions.answer(
            case=case, body="Gern.", key="one-click", seen=case.last_message_id or 0, by=clerk
        ),
    }
    answers = all_at_once([deeds[verb]] * 8)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert len({answer.pk for answer in answers}) == 1 and case.messages.count() == 2
    assert Event.objects.filter(name="CaseAnswered").count() == (verb == "answer")
    assert Case.objects.get().last_message_id == answers[0].pk
