"""Reads of reviews, each with a constant number of queries."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from .models import BEST, ProductReview
from .states import PUBLISHED

NEWEST = 4  #: reviews shown on the product page


def shown(product_id: int) -> QuerySet[ProductReview]:
    """Published reviews of a product, the newest first, good and bad alike. One query."""
    return ProductReview.objects.filter(product=product_id, state=PUBLISHED).order_by("-written_at", "-pk")


def stars_of(product_id: int) -> list[tuple[int, int]]:
    """(stars, how many) from 5 down to 1. One query."""
    rows = shown(product_id).order_by().values_list("score").annotate(n=Count("pk"))
    counted = dict(rows)
    return [(score, counted.get(score, 0)) for score in range(BEST, 0, -1)]


def to_moderate() -> QuerySet[ProductReview]:
    """Reviews that wait for a person: new ones, and published ones that were reported. Each once."""
    return ProductReview.objects.filter(
        Q(state="waiting") | Q(state=PUBLISHED, reports__upheld=None, reports__isnull=False)
    ).distinct()
