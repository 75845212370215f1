"""Order numbers: short, speakable, with gaps, and telling nothing of baskets."""

from shop.kernel.numbers import next_with_gaps

FIRST = 10_000
PREFIX = "K"


def new_order_number() -> str:
    """``K10001``, ``K10002``, ... Taken before the placing transaction, so that placing never queues at the counter."""
    return f"{PREFIX}{FIRST + next_with_gaps('order')}"
