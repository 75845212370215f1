"""Reasons in the history of an order are said in the reader's language."""

from __future__ import annotations

import ast

import pytest
from django.utils import translation

from shop.dashboard.order_story import KNOWN, NAMING, reason
from tests.architecture.source import modules

#: Rooms whose states the page of an order shows, and the verbs that pass a reason on to move().
ROOMS = (
    "checkout/order/",
    "checkout/payment/",
    "fulfilment/warehouse/dispatch/",
    "fulfilment/warehouse/routing/",
)


@pytest.mark.parametrize(
    ("why", "german"),
    [
        ("paid by card", "mit Karte bezahlt"),
        ("bank transfer 47/3", "Überweisung 47/3"),
        ("dispute dp_1", "Streitfall dp_1"),
        ("dispute dp_1 won", "Streitfall dp_1 gewonnen"),
        ("K10001-1 unpacked", "K10001-1 ausgepackt"),
        ("Rief an: bitte warten", "Rief an: bitte warten"),
        ("dispute ", "dispute "),
        ("", ""),
    ],
)
def test_a_reason_of_the_house_is_translated_and_one_of_a_person_is_not(why: str, german: str) -> None:
    with translation.override("de"):
        assert reason(why) == german
    with translation.override("en"):
        assert reason(why) == why


def test_every_reason_that_the_house_writes_is_known() -> None:
    unknown = []
    for module in modules():
        if not module.name.startswith(ROOMS):
            continue
        for node in module.walk(ast.keyword):
            assert isinstance(node, ast.keyword)
            if node.arg != "why":
                continue
            text = node.value.value if isinstance(node.value, ast.Constant) else None
            if isinstance(text, str) and text and text not in KNOWN:
                unknown.append(f"{module.name}: {text!r}")
    assert not unknown, "\n".join(unknown) + "\nRemedy: name it in KNOWN of shop/dashboard/order_story.py"
    assert len(NAMING) == len(set(NAMING))
