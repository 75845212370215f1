"""Invariants of reviews: what stands on the product is what the published reviews say."""

from __future__ import annotations

from django.db.models import Avg, Count

from catalogue.models import Product

from .models import ProductReview
from .states import PUBLISHED

CLOSE_ENOUGH = 0.001  #: stars; an average is a fraction


def ratings_follow_the_reviews() -> list[str]:
    """Average and number of a product are those of its published reviews. Two queries."""
    rows = ProductReview.objects.filter(state=PUBLISHED, product__isnull=False).order_by()
    true = {
        pk: (average, n)
        for pk, average, n in rows.values_list("product").annotate(of=Avg("score"), n=Count("pk"))
    }
    wrong = []
    kept = Product.objects.exclude(review_count=0, rating=None).order_by("pk")
    said = {pk: (rating, n) for pk, rating, n in kept.values_list("pk", "rating", "review_count")}
    for pk in sorted(true.keys() | said.keys()):
        average, n = true.get(pk, (None, 0))
        rating, count = said.get(pk, (None, 0))
        if n != count or abs((average or 0) - (rating or 0)) > CLOSE_ENOUGH:
            wrong.append(f"product {pk}: {rating} of {count} reviews kept, reviews say {average} of {n}")
    return wrong


CHECKS = [("ratings = published reviews", ratings_follow_the_reviews)]
