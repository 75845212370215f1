"""Which carton? The smallest in which the pieces fit by measures, volume and weight, with the reason in words.

Pieces are laid in one by one, the largest first, each into the smallest free room that takes it (turned as needed);
what is left of that room becomes up to three new ones. What this finds does fit; it may miss a cleverer order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol

from django.utils.translation import gettext as _

Sides = tuple[int, int, int]
PIECES_MAX = 80  #: more are judged by volume alone
FILLED_AT_MOST = 0.8  #: of the volume, when the pieces are too many to lay in one by one


@dataclass(frozen=True, slots=True)
class Piece:
    """``quantity`` equal pieces. sides: millimetres, None when nobody measured; weight_g: 0 when nobody weighed."""

    sku: str
    quantity: int
    sides: Sides | None
    weight_g: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece in the carton: corner and sides in millimetres."""

    corner: Sides
    sides: Sides


class Box(Protocol):
    """What the choice needs to know of a carton."""

    @property
    def code(self) -> str: ...

    @property
    def sides(self) -> Sides: ...

    weight_g: int
    max_weight_g: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """The carton to take (None: none fits) and why, for the person at the packing table."""

    carton: Box | None
    reason: str


def propose(pieces: Sequence[Piece], cartons: Iterable[Box]) -> Proposal:
    """The smallest carton by volume that takes the pieces. Never raises."""
    ordered = sorted(cartons, key=lambda box: (_volume(box.sides), box.code))
    if not ordered:
        return Proposal(None, _("No cartons are entered."))
    unknown = sorted({piece.sku for piece in pieces if piece.sides is None})
    goods = sum(piece.weight_g * piece.quantity for piece in pieces)
    for box in ordered:
        if goods + box.weight_g <= box.max_weight_g and fits(pieces, box.sides):
            return Proposal(box, _reason(box, goods, unknown))
    heaviest = max(box.max_weight_g - box.weight_g for box in ordered)
    if goods > heaviest:
        words = _("The goods weigh %(goods)s g, more than any carton takes. Please pack several parcels.")
        return Proposal(None, words % {"goods": goods})
    return Proposal(None, _("The pieces fit into no carton. Please pack several parcels."))


def _reason(box: Box, goods: int, unknown: list[str]) -> str:
    values = {"code": box.code, "weight": goods + box.weight_g, "skus": ", ".join(unknown[:5])}
    if unknown:
        words = _("%(code)s: the smallest for %(weight)s g. Nobody measured %(skus)s; please look.")
    else:
        words = _("%(code)s: the smallest in which the pieces fit, %(weight)s g with carton.")
    return words % values


def fits(pieces: Sequence[Piece], carton: Sides) -> bool:
    """Whether the pieces whose measures are known go into a carton of these inner sides."""
    known = [piece for piece in pieces if piece.sides is not None]
    volume = sum(_volume(piece.sides) * piece.quantity for piece in known if piece.sides)
    if volume > _volume(carton):
        return False
    if sum(piece.quantity for piece in known) > PIECES_MAX:
        each = all(_goes_in(piece.sides, carton) for piece in known if piece.sides)
        return each and volume <= _volume(carton) * FILLED_AT_MOST
    return (
        lay_in([piece.sides for piece in known for _n in range(piece.quantity) if piece.sides], carton)
        is not None
    )


def lay_in(sides: Sequence[Sides], carton: Sides) -> list[Placed] | None:
    """Where each piece lies, largest first, or None when no place was found for one of them."""
    rooms = [Placed((0, 0, 0), carton)]
    placed = []
    for piece in sorted(sides, key=lambda one: (_volume(one), max(one)), reverse=True):
        spot = _spot(piece, rooms)
        if spot is None:
            return None
        room, turned = spot
        rooms.remove(room)
        rooms += _what_is_left(room, turned)
        placed.append(Placed(room.corner, turned))
    return placed


def _spot(piece: Sides, rooms: Sequence[Placed]) -> tuple[Placed, Sides] | None:
    """The smallest room that takes the piece, and how it is turned in it: flush with as long an edge as possible."""
    for room in sorted(rooms, key=lambda one: _volume(one.sides)):
        turns = [
            turn
            for turn in set(permutations(piece))
            if all(side <= most for side, most in zip(turn, room.sides, strict=True))
        ]
        if turns:
            best = min(turns, key=lambda turn: (_gap(turn, room.sides), turn))
            return room, (best[0], best[1], best[2])
    return None


def _gap(turn: Sequence[int], room: Sides) -> int:
    """How flush it stands: the smallest space that stays along one side."""
    return min(most - side for side, most in zip(turn, room, strict=True))


def _what_is_left(room: Placed, used: Sides) -> list[Placed]:
    """The rooms beside, behind and above the piece; they do not overlap. The largest one is kept in one."""
    (x, y, z), (length, width, height) = room.corner, room.sides
    a, b, c = used
    beside_whole = [
        Placed((x + a, y, z), (length - a, width, height)),
        Placed((x, y + b, z), (a, width - b, height)),
        Placed((x, y, z + c), (a, b, height - c)),
    ]
    above_whole = [
        Placed((x, y, z + c), (length, width, height - c)),
        Placed((x + a, y, z), (length - a, width, c)),
        Placed((x, y + b, z), (a, width - b, c)),
    ]
    behind_whole = [
        Placed((x, y + b, z), (length, width - b, height)),
        Placed((x + a, y, z), (length - a, b, height)),
        Placed((x, y, z + c), (a, b, height - c)),
    ]
    ways = (beside_whole, above_whole, behind_whole)
    best = max(ways, key=lambda way: max(_volume(one.sides) for one in way))
    return [one for one in best if all(one.sides)]


def _goes_in(piece: Sides, carton: Sides) -> bool:
    return all(side <= most for side, most in zip(sorted(piece), sorted(carton), strict=True))


def _volume(sides: Sides) -> int:
    return sides[0] * sides[1] * sides[2]
