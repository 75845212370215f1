"""What a scan means (static/js/pick/walk.js), asked in the browser: packs, lots, serial numbers, odd spellings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.staticfiles import finders

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

OpenWindow = Callable[..., "Page"]
STOP: dict[str, Any] = {
    "line": 1, "box": 1, "order": "K1", "bin": "A-01", "sku": "SKU-1", "title": "Boot",
    "codes": ["SKU-1", "4006381333931"], "packs": [{"code": "CARTON", "pieces": 6}],
    "quantity": 8, "picked": 0, "open": 8, "state": "open",
    "tracking": "none", "lot": None, "best_before": None,
}  # fmt: skip
PLAY = """
([stop, codes]) => {
  let at = walk.here(stop, null), booked = [];
  const words = codes.map((code) => {
    const answer = walk.judge(stop, at, code);
    at = answer.at;
    if (answer.book) {
      booked.push([answer.book.code, answer.book.quantity, answer.book.lot]);
      stop = { ...stop, open: stop.open - answer.book.quantity };
    }
    return answer.word;
  });
  return { words, booked };
}
"""


@pytest.fixture
def play(open_window: OpenWindow) -> Iterator[Callable[..., dict[str, Any]]]:
    """Scan one code after the other at a stop; gives the words' names and what was booked."""
    page = open_window()
    source = finders.find("js/pick/walk.js")
    assert isinstance(source, str)
    with open(source, encoding="utf-8") as script:
        text = script.read().replace("export ", "")
    page.evaluate(f"() => {{ {text} window.walk = {{ here, judge, project }}; }}")
    yield lambda *codes, **fields: page.evaluate(PLAY, [STOP | fields, list(codes)])


def test_packs_count_their_pieces_and_are_told_as_pieces(play: Callable[..., dict[str, Any]]) -> None:
    told = play("A-01", "CARTON", "sku-1", " 4006381333931 ")
    assert told == {
        "words": ["right_bin", "counted", "counted", "taken"],
        "booked": [["SKU-1", 8, ""]],
    }


def test_a_planned_lot_is_asked_for_and_another_refused(play: Callable[..., dict[str, Any]]) -> None:
    told = play("A-01", "SKU-1", "SKU-1", "L-8", "l-7", "3", tracking="lot", lot="L-7")
    assert told["words"] == ["right_bin", "now_lot", "now_lot", "wrong_lot", "counted", "taken_more"]
    assert told["booked"] == [["SKU-1", 3, "l-7"]]


def test_each_serial_number_is_one_piece(play: Callable[..., dict[str, Any]]) -> None:
    told = play("A-01", "SKU-1", "S-1", "S-2", quantity=2, open=2, tracking="serial")
    assert told["words"] == ["right_bin", "now_serial", "taken_more", "taken"]
    assert told["booked"] == [["SKU-1", 1, "S-1"], ["SKU-1", 1, "S-2"]]


@pytest.mark.parametrize(
    ("quantity", "word"),
    [
        ("0", "at_least_one"),
        ("9", "too_many"),
        ("9999", "too_many"),
        ("-1", "how_many_first"),
        ("1000000000", "how_many_first"),
    ],
)
def test_odd_quantities_are_refused(play: Callable[..., dict[str, Any]], quantity: str, word: str) -> None:
    told = play("A-01", "SKU-1", quantity)
    assert told == {"words": ["right_bin", "counted", word], "booked": []}


def test_reversed_and_foreign_scans_are_refused(play: Callable[..., dict[str, Any]]) -> None:
    assert play("SKU-1", "B-99", "A-01", "FOREIGN", "A-01")["words"] == [
        "bin_first", "wrong_bin", "right_bin", "wrong_product", "right_bin",
    ]  # fmt: skip
