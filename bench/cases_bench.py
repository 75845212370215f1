"""The desk of customer service over many cases: its queue page, and words found in a million messages.

On PostgreSQL 100,000 cases with ten messages each, on SQLite a tenth. Words come from a vocabulary whose frequencies
fall as those of a language do (Zipf); what is searched is what people search: rare words, common ones, two together,
the beginning of one, a number, an address, and words that stand nowhere.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.customer_service.cases.models import Case, Message
from fulfilment.customer_service.cases.words import folded
from shop.kernel.clock import now
from tests.factories.cases import make_case
from tests.factories.people import make_staff

from .figures import Figure

CASES = {"postgresql": 100_000, "sqlite": 10_000}
PER_CASE = 10
BATCH = 20_000
VOCABULARY = 20_000
ROUNDS = 5
SEED = 4711
#: What the queue is asked for; each is a page of its own.
PAGES = (
    "",
    "show=mine",
    "show=free",
    "show=late",
    "kind=warranty",
    "show=all&sort=-opened",
    "page=40",
    "priority=4",
)
STATES = ("received", "acknowledged", "in_work", "waiting_for_customer", "decided", *["closed"] * 5)


def measure() -> dict[str, Figure]:
    """Figures by name; the 95th percentile over every page (search) and round."""
    count = CASES[connection.vendor]
    dice = random.Random(SEED)
    fill(count, dice)
    client = Client()
    client.force_login(make_staff("desk@example.org", "cases.view_cases", "cases.handle_cases"))
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # nothing was collected here
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=settings.STORAGES | {"staticfiles": plain}):
        queries, page_ms = _visit(client, [f"?{query}" for query in PAGES])
        _more, search_ms = _visit(client, [f"?show=all&q={text}" for text in _searches(dice)])
    return {
        "cases.cases": Figure(count, "cases"),
        "cases.messages": Figure(Message.objects.count(), "messages"),
        "cases.queue_queries": Figure(queries, "queries", at_most=10),
        "cases.queue_p95_ms": Figure(round(page_ms, 1), "ms", at_most=200),
        "cases.search_p95_ms": Figure(round(search_ms, 1), "ms", at_most=300),
    }


def _visit(client: Client, addresses: list[str]) -> tuple[int, float]:
    """The most queries of one page and the 95th percentile of milliseconds, after one visit that is not counted."""
    url, took, most = reverse("service:cases"), [], 0
    for address in addresses:
        client.get(url + address)
        with CaptureQueriesContext(connection) as asked:
            client.get(url + address)
        most = max(most, len(asked))
        for _round in range(ROUNDS):
            begun = time.perf_counter()
            answer = client.get(url + address)
            took.append((time.perf_counter() - begun) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
    took.sort()
    return most, took[int(len(took) * 0.95)]


def fill(count: int, dice: random.Random) -> None:
    """``count`` cases like one that came about as in life, each with ``PER_CASE`` messages."""
    first = make_case(key="first")
    words = [_word(number) for number in range(VOCABULARY)]
    weights = [1 / (rank + 3) for rank in range(VOCABULARY)]
    for start in range(1, count, BATCH // PER_CASE):
        numbers = range(start, min(start + BATCH // PER_CASE, count))
        cases = Case.objects.bulk_create([_case(first, number, dice) for number in numbers])
        Message.objects.bulk_create(list(_messages(cases, words, weights, dice)), batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def _word(number: int) -> str:
    """A word of its own for each number, of five letters and more."""
    letters = ""
    while number or len(letters) < 5:
        number, at = divmod(number, 20)
        letters += "abdefghiklmnoprstuwz"[at]
    return letters


def _case(first: Case, number: int, dice: random.Random) -> Case:
    values: dict[str, Any] = {
        field.attname: getattr(first, field.attname)
        for field in Case._meta.concrete_fields
        if not field.primary_key
    }
    state = dice.choice(STATES)
    case = Case(
        **{
            **values,
            "number": f"C{20_000 + number}",
            "key": f"bench-{number}",
            "name": f"{_word(dice.randrange(VOCABULARY)).title()} {_word(dice.randrange(VOCABULARY)).title()}",
            "email": f"{_word(dice.randrange(VOCABULARY))}{number}@example.org",
            "state": state,
            "priority": dice.choice((1, 2, 2, 2, 3, 4)),
            "solved_at": now() if state in ("decided", "closed") else None,
            "answer_due_at": None if state == "closed" else first.answer_due_at,
        }
    )
    case.words = folded(f"{case.name} {case.subject} {case.email}")  # as save() does
    return case


def _messages(
    cases: list[Case], words: list[str], weights: list[float], dice: random.Random
) -> Iterator[Message]:
    for case in cases:
        chosen = dice.choices(words, weights, k=40 * PER_CASE)
        for at in range(PER_CASE):
            side = Message.CUSTOMER if at % 2 == 0 else Message.STAFF
            body = " ".join(chosen[at * 40 : (at + 1) * 40])
            yield Message(case=case, side=side, body=body, words=folded(body), key=f"{case.key}-{at}")


def _searches(dice: random.Random) -> list[str]:
    rare = [_word(dice.randrange(5_000, VOCABULARY)) for _ in range(6)]
    middle = [_word(dice.randrange(200, 2_000)) for _ in range(4)]
    common = [_word(rank) for rank in (0, 3, 20)]
    pairs = [f"{one} {two}" for one, two in zip(middle, rare, strict=False)]
    beginnings = [word[:3] for word in rare[:2]]
    return [
        *rare,
        *middle,
        *common,
        *pairs,
        *beginnings,
        f"{common[0]} {common[1]}",
        "C20017",
        "x@example.org",
        "qqqqq",
    ]
