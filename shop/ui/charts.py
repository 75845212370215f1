"""Small pictures of numbers as plain SVG: no script, no inline style, the values stand beside as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shop.ui.numbers import money_text, plain_number

WIDTH = 600
HEIGHT = 160


def bars(rows: Iterable[Any], *, unit: str = "", currency: str = "") -> list[dict[str, Any]]:
    """Bars scaled to the largest value; each with its share in percent (0 to 100) and its value as text."""
    whole = [(*row, "", "")[:4] for row in rows]
    top = max((abs(value) for _label, value, _tone, _url in whole), default=0) or 1
    return [
        {
            "label": label,
            "share": round(abs(value) * 100 / top, 1),
            "text": value_text(value, unit=unit, currency=currency),
            "tone": tone or ("bad" if value < 0 else "info"),
            "url": url,
        }
        for label, value, tone, url in whole
    ]


def line(points: list[Any], *, currency: str = "", steps: bool = False) -> dict[str, Any]:
    """Path data of a line in a box of WIDTH x HEIGHT, with lowest, highest and last value as text."""
    if not points:
        return {"path": "", "area": "", "points": []}
    values = [point[1] for point in points]
    low, high = min(0, *values), max(0, *values)
    span = (high - low) or 1
    step = WIDTH / max(len(points) - 1, 1)
    spots = [(round(i * step, 1), round(HEIGHT - (v - low) * HEIGHT / span, 1)) for i, v in enumerate(values)]
    path = _path(spots, steps=steps)
    base = round(HEIGHT + low * HEIGHT / span, 1)
    return {
        "path": path,
        "area": f"{path} V{base} H0 Z",
        "base": base,
        "width": WIDTH,
        "height": HEIGHT,
        "points": [(str(label), value_text(value, currency=currency)) for label, value, *_rest in points],
        "first_label": points[0][0],
        "last_label": points[-1][0],
        "highest": value_text(max(values), currency=currency),
        "lowest": value_text(min(values), currency=currency),
        "last": value_text(values[-1], currency=currency),
    }


def value_text(value: int, *, unit: str = "", currency: str = "") -> str:
    """A value as text: money when a currency is named, else a number with its unit."""
    if currency:
        return money_text(value, currency)
    places = 0 if isinstance(value, int) else 1
    return f"{plain_number(value, places)} {unit}".strip()


def _path(spots: list[tuple[float, float]], *, steps: bool) -> str:
    parts = [f"M{spots[0][0]} {spots[0][1]}"]
    for x, y in spots[1:]:
        parts.append(f"H{x} V{y}" if steps else f"L{x} {y}")
    return " ".join(parts)
