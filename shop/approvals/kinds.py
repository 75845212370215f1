"""What may need a second person: each room registers its kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models import Approval


class CannotRun(ValueError):
    """What was asked for cannot be done as asked (any more); the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, in words for those who decided, and where to see it ("" for nowhere)."""

    text: str
    url: str = ""


def _nothing(approval: Approval, by: Any) -> None:
    """Asking did nothing that would have to be undone."""


@dataclass(frozen=True)
class Kind:
    """One kind of thing that needs a second person above a limit.

    name: "refund"; title: what people call it, lazily translated; permission: who may decide; limit_minor: up to this
    amount nobody else is needed, unless a row of ApprovalLimit says otherwise; reasons: code -> label, the reasons to
    choose from; run(approval, by): does it within the caller's transaction and says what was done. Raises CannotRun.
    ended(approval, by): within the transaction that declined or withdrew it; for kinds whose asking left something
    behind, such as an order on hold. limit_of: the kind whose limit holds for this one too, so that nobody can do by
    one way what they may not by another; it has none of its own then. has_limit: False where no amount decides, but who
    asks.
    """

    name: str
    title: Any
    permission: str
    limit_minor: int
    run: Callable[[Approval, Any], Outcome]
    reasons: Iterable[tuple[str, Any]] = ()
    ended: Callable[[Approval, Any], None] = _nothing
    limit_of: str = ""
    has_limit: bool = True

    @property
    def is_set(self) -> bool:
        """Whether a limit of its own can be set for it."""
        return self.has_limit and not self.limit_of


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; the same name twice means that two rooms meant different things. Raises ValueError."""
    known = _KINDS.get(kind.name)
    if known is not None and known.run is not kind.run:
        raise ValueError(f"two kinds of approval are named {kind.name!r}")
    _KINDS[kind.name] = kind


def kind(name: str) -> Kind:
    """The kind of this name. Raises KeyError."""
    return _KINDS[name]


def kinds() -> list[Kind]:
    """Every kind, in the order of their names."""
    return [_KINDS[name] for name in sorted(_KINDS)]
