"""Colours are readable: WCAG 2.1 AA contrast of every pair in use, in light and in dark."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

TEXT, MARK = 4.5, 3.0  # WCAG 2.1: 1.4.3 text, 1.4.11 borders and focus
INKS = ("ink", "ink-soft", "harbour", "harbour-strong", "brick", "good", "warn", "bad", "info")
GROUNDS = ("paper", "surface", "sunk")
PAIRS = [
    *[(ink, ground, TEXT) for ink in INKS for ground in GROUNDS],
    *[(tone, f"{tone}-soft", TEXT) for tone in ("harbour", "good", "warn", "bad", "info")],
    *[("ink", f"{tone}-soft", TEXT) for tone in ("harbour", "good", "warn", "bad", "info")],
    ("ink-soft", "harbour-soft", TEXT),
    ("on-harbour", "harbour", TEXT),
    ("on-harbour", "harbour-strong", TEXT),
    ("on-brick", "brick", TEXT),
    ("on-brick", "brick-strong", TEXT),
    ("on-night", "night", TEXT),
    ("on-night-soft", "night", TEXT),
    *[("line-strong", ground, MARK) for ground in GROUNDS],
    *[("focus", ground, MARK) for ground in GROUNDS],
]


def tokens() -> dict[str, tuple[str, str]]:
    css = (settings.BASE_DIR / "static/css/tokens.css").read_text()
    found = {name: (a, b) for name, a, b in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", css)}
    return found | {name: (a, a) for name, a in re.findall(r"--([\w-]+): (#\w{6});", css)}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_a_pair_of_colours_can_be_read_in_light_and_dark(front: str, back: str, least: float) -> None:
    table = tokens()
    for mode, f, b in zip(("light", "dark"), table[front], table[back], strict=True):
        assert contrast(f, b) >= least, f"{front} on {back} in {mode}: {contrast(f, b):.2f}, wants {least}"


@pytest.mark.parametrize("sheet", ["storefront.css", "dashboard.css", "scan.css"])
def test_focus_is_seen_on_the_dark_bars_too(sheet: str) -> None:
    css = (settings.BASE_DIR / "static/css" / sheet).read_text()
    override = re.search(r"--focus: (#\w{6})", css)
    assert override, f"{sheet} has a dark bar: it sets a light --focus there"
    assert all(contrast(override[1], night) >= MARK for night in tokens()["night"])
