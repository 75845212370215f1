"""Curves through points: the pencil of the demo pictures.

A shape is a list of points the line shall pass through. A point ``(x, y)`` is passed smoothly, a point
``(x, y, "c")`` is a corner. Everything is plain arithmetic, so that the same shape gives the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import hypot

Point = tuple[float, float] | tuple[float, float, str]
Segment = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


def at(text: str) -> list[Point]:
    """Points from text: ``"0,0! 10,5 20,0!"``, a ``!`` marks a corner."""
    points: list[Point] = []
    for word in text.split():
        x, y = word.rstrip("!").split(",")
        points.append((float(x), float(y), "c") if word.endswith("!") else (float(x), float(y)))
    return points


def segments(points: Sequence[Point], *, closed: bool = False, pull: float = 0.34) -> list[Segment]:
    """Cubic Bézier segments through ``points``; ``pull`` is the handle's share of each chord."""
    count = len(points)
    tangents: list[tuple[float, float] | None] = []
    for i, point in enumerate(points):
        before, after = points[i - 1], points[(i + 1) % count]
        at_end = not closed and i in (0, count - 1)
        if len(point) == 3 or at_end:
            tangents.append(None)
            continue
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = hypot(dx, dy) or 1.0
        tangents.append((dx / length, dy / length))
    result: list[Segment] = []
    for i in range(count if closed else count - 1):
        start, end = points[i], points[(i + 1) % count]
        a, b = (start[0], start[1]), (end[0], end[1])
        reach = hypot(b[0] - a[0], b[1] - a[1]) * pull
        leave, arrive = tangents[i], tangents[(i + 1) % count]
        c1 = (a[0] + leave[0] * reach, a[1] + leave[1] * reach) if leave else a
        c2 = (b[0] - arrive[0] * reach, b[1] - arrive[1] * reach) if arrive else b
        result.append((a, c1, c2, b))
    return result


def path(points: Sequence[Point], *, closed: bool = False, pull: float = 0.34) -> str:
    """The SVG path data of the curve through ``points``."""
    parts = segments(points, closed=closed, pull=pull)
    first = parts[0][0]
    data = [f"M{first[0]:.1f} {first[1]:.1f}"]
    for _, c1, c2, end in parts:
        data.append(f"C{c1[0]:.1f} {c1[1]:.1f} {c2[0]:.1f} {c2[1]:.1f} {end[0]:.1f} {end[1]:.1f}")
    return "".join(data) + ("Z" if closed else "")


def shape(points: Sequence[Point], *, pull: float = 0.34) -> str:
    """A closed curve through ``points``."""
    return path(points, closed=True, pull=pull)


def sample(points: Sequence[Point], *, closed: bool = False, steps: int = 14) -> list[tuple[float, float]]:
    """Points lying closely on the curve, for offsets, eyelets and stitches."""
    found: list[tuple[float, float]] = []
    for a, c1, c2, b in segments(points, closed=closed):
        for step in range(steps):
            t = step / steps
            u = 1 - t
            k0, k1, k2, k3 = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            found.append(
                (
                    k0 * a[0] + k1 * c1[0] + k2 * c2[0] + k3 * b[0],
                    k0 * a[1] + k1 * c1[1] + k2 * c2[1] + k3 * b[1],
                )
            )
    last = points[0] if closed else points[-1]
    found.append((last[0], last[1]))
    return found


def offset(points: Sequence[Point], distance: float, *, closed: bool = False) -> list[tuple[float, float]]:
    """The curve moved sideways by ``distance`` (positive: to the left of its direction as seen on screen)."""
    line = sample(points, closed=closed, steps=6)
    moved = []
    for i, (x, y) in enumerate(line):
        before, after = line[max(i - 1, 0)], line[min(i + 1, len(line) - 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = hypot(dx, dy) or 1.0
        moved.append((x + dy / length * distance, y - dx / length * distance))
    return moved


def polyline(points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """Straight path data through ``points``."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")


def places(
    points: Sequence[Point], count: int, *, start: float = 0.0, end: float = 1.0
) -> list[tuple[float, float, float, float]]:
    """``count`` evenly spaced places ``(x, y, dx, dy)`` on the curve between the shares ``start`` and ``end``
    of its length; ``dx, dy`` is the unit direction there."""
    line = sample(points)
    lengths = [0.0]
    for (x1, y1), (x2, y2) in pairwise(line):
        lengths.append(lengths[-1] + hypot(x2 - x1, y2 - y1))
    found = []
    for i in range(count):
        share = start + (end - start) * (i / (count - 1) if count > 1 else 0.5)
        target = lengths[-1] * share
        k = next((n for n, value in enumerate(lengths) if value >= target), len(line) - 1)
        k = max(k, 1)
        (x1, y1), (x2, y2) = line[k - 1], line[k]
        span = lengths[k] - lengths[k - 1] or 1.0
        t = (target - lengths[k - 1]) / span
        found.append((x1 + (x2 - x1) * t, y1 + (y2 - y1) * t, (x2 - x1) / span, (y2 - y1) / span))
    return found


def scaled(points: Sequence[Point], cx: float, cy: float, fx: float, fy: float | None = None) -> list[Point]:
    """The points stretched about the centre ``(cx, cy)``; corners stay corners."""
    fy = fx if fy is None else fy
    return [(cx + (p[0] - cx) * fx, cy + (p[1] - cy) * fy, *p[2:]) for p in points]  # type: ignore[misc]


def mirrored(points: Sequence[Point], axis: float) -> list[Point]:
    """The points mirrored at the vertical line x = ``axis``."""
    return [(2 * axis - p[0], p[1], *p[2:]) for p in points]  # type: ignore[misc]
