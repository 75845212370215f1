"""What the room tells. Plain values."""

from dataclasses import dataclass

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class StockAlertAsked:
    """Somebody wants to be told when an article is back and has to confirm it from their mailbox. ``nth``: which mail
    with the link this is."""

    alert_id: int
    nth: int = 1


@event
@dataclass(frozen=True)
class ArticleIsBack:
    """An article can be had again; whoever asked is told, once."""

    alert_id: int
