"""Which carton: what is proposed does fit, and the reason says what is not known."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from fulfilment.warehouse.dispatch.cartons import Piece, Sides, fits, lay_in, propose


@dataclass
class Box:
    code: str
    sides: Sides
    weight_g: int = 200
    max_weight_g: int = 10_000


SMALL, MEDIUM, LARGE = Box("S", (200, 150, 100)), Box("M", (350, 250, 140)), Box("L", (600, 400, 400))
SHOES: Sides = (330, 200, 120)
side = st.integers(1, 300)
sides = st.tuples(side, side, side)


@given(st.lists(sides, min_size=1, max_size=12), st.tuples(*[st.integers(50, 600)] * 3))
@settings(max_examples=200, deadline=None)
def test_what_is_laid_in_lies_inside_and_nothing_overlaps(pieces: list[Sides], carton: Sides) -> None:
    placed = lay_in(pieces, carton)
    if placed is None:
        return
    assert sorted(tuple(sorted(one.sides)) for one in placed) == sorted(tuple(sorted(p)) for p in pieces)
    for one in placed:
        assert all(c >= 0 and c + s <= most for c, s, most in zip(one.corner, one.sides, carton, strict=True))
    for at, one in enumerate(placed):
        for other in placed[at + 1 :]:
            apart = any(
                one.corner[axis] + one.sides[axis] <= other.corner[axis]
                or other.corner[axis] + other.sides[axis] <= one.corner[axis]
                for axis in range(3)
            )
            assert apart, (one, other)


def test_the_smallest_that_takes_the_pieces_is_proposed() -> None:
    one = propose([Piece("SHOE", 1, SHOES, 900)], [LARGE, SMALL, MEDIUM])
    assert one.carton is MEDIUM and "M: the smallest" in one.reason and "1100 g" in one.reason
    assert propose([Piece("SHOE", 3, SHOES, 900)], [LARGE, SMALL, MEDIUM]).carton is LARGE


def test_volume_alone_is_not_enough() -> None:
    """A long pole has little volume and fits into nothing short."""
    assert not fits([Piece("POLE", 1, (900, 20, 20), 100)], LARGE.sides)


def test_weight_decides_where_measures_do_not() -> None:
    heavy = propose([Piece("WAX", 4, (50, 50, 50), 3000)], [SMALL, LARGE])
    assert heavy.carton is None and "several parcels" in heavy.reason
    assert propose([Piece("WAX", 3, (50, 50, 50), 3000)], [SMALL, LARGE]).carton is SMALL


def test_what_nobody_measured_is_named() -> None:
    found = propose([Piece("SHOE", 1, SHOES, 900), Piece("BAG", 1, None, 300)], [SMALL, MEDIUM])
    assert found.carton is MEDIUM and "Nobody measured BAG" in found.reason


def test_nothing_fits_and_no_cartons_are_said() -> None:
    assert "fit into no carton" in propose([Piece("SHOE", 9, SHOES, 100)], [SMALL, MEDIUM]).reason
    assert "No cartons" in propose([Piece("SHOE", 1, SHOES, 900)], []).reason


def test_very_many_pieces_are_judged_by_volume() -> None:
    assert fits([Piece("STONE", 1000, (10, 10, 10), 1)], (200, 150, 100))
    assert not fits([Piece("STONE", 2900, (10, 10, 10), 1)], (200, 150, 100))
