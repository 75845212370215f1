"""Verbs of reviews: write one, publish or refuse it, report it. A product's average follows in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Avg, Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from catalogue.models import Product
from shop.kernel import outbox
from shop.kernel.clock import now
from shop.kernel.states import move
from shop.kernel.text import clean_line
from shop.kernel.transactions import retrying

from .events import ReviewRefused
from .models import LINE_FORGOTTEN, ProductReview, ReviewReport
from .states import PUBLISHED, REFUSED, WAITING


@dataclass(frozen=True)
class Opinion:
    """What somebody typed: 1 to 5 stars, a heading, words, and the name to show."""

    score: int
    title: str
    body: str
    name: str
    language: str = "de"


def write_review(
    *, product: Product, opinion: Opinion, by: Any, verified_line_id: int | None = None
) -> ProductReview:
    """Keep what ``by`` says of a product (the parent of variants); a second time replaces the first.

    It waits until a person has read it, also when it had been published before. ``verified_line_id``: the dispatched
    order line of this person, None where there is none.
    """
    texts: dict[str, Any] = {
        "score": opinion.score,
        "title": clean_line(opinion.title),
        "body": opinion.body.strip(),
        "name": clean_line(opinion.name),
        "language": opinion.language,
        "verified_line_id": verified_line_id,
        "written_at": now(),
        "decided_at": None,
        "decided_why": "",
    }

    def work() -> ProductReview:
        found = ProductReview.objects.select_for_update().filter(product=product, user=by).first()
        if found is None:
            return ProductReview.objects.create(product=product, user=by, **texts)
        if found.state == WAITING:
            for name, value in texts.items():
                setattr(found, name, value)
            found.save(update_fields=list(texts))
        else:
            move(found, to=WAITING, by=by, why="written anew", **texts)
            _refresh_rating(product.pk)
        return found

    try:
        return retrying(work)
    except IntegrityError:  # a double click: the first one is there by now
        return retrying(work)


class WrittenAnew(Exception):
    """The author has changed the words since they were read; nothing was decided."""


def seen_of(review: ProductReview) -> str:
    """What a page notes of the words that it shows, to decide about these and no others."""
    return review.written_at.astimezone(dt.UTC).isoformat()


def publish(*, review: ProductReview, by: Any, seen: str = "") -> None:
    """Show a review; open reports of it are answered with no.

    ``seen``: ``seen_of()`` the words that were read; those of ``review`` where it is left out. Raises WrittenAnew when
    the author has changed them since, StaleState when a colleague was faster.
    """
    _decide(review, to=PUBLISHED, by=by, why="", seen=seen)


def refuse(*, review: ProductReview, by: Any, why: str, seen: str = "") -> None:
    """Do not show a review (any more) and tell its author why. Open reports of it are answered with yes.

    ``seen`` as in ``publish()``. Raises ValueError without a reason, WrittenAnew when the author has changed the words
    since, StaleState when a colleague was faster.
    """
    if not why.strip():
        raise ValueError("the author must be told why")
    _decide(review, to=REFUSED, by=by, why=why.strip(), seen=seen)


def keep(*, review: ProductReview, by: Any) -> int:
    """A published review stays although it was reported. Returns how many reports that answers."""
    open_ones = ReviewReport.objects.filter(review=review, upheld=None)
    return open_ones.update(upheld=False, decided_at=now())


def report(*, review: ProductReview, reason: str, words: str = "", email: str = "") -> ReviewReport:
    """A reader says that a review should not be there. Nothing is hidden by it: a person looks."""
    return ReviewReport.objects.create(review=review, reason=reason, words=words.strip(), email=email)


def forget_authors(*, user_ids: Collection[int], by: Any = None) -> int:
    """Take people out of what they wrote, for good: their accounts are deleted. Returns how many reviews stay.

    A published one keeps stars and words, which others rely on (Art. 17 (3) a GDPR): neither name, account nor order
    line stands with it any more. That it came of a purchase stays said. What is not published goes.
    """

    def work() -> int:
        mine = ProductReview.objects.filter(user__in=user_ids)
        ProductReview.objects.filter(pk__in=mine.exclude(state=PUBLISHED).values("pk")).delete()
        mine.exclude(verified_line_id=None).update(verified_line_id=LINE_FORGOTTEN)
        return mine.update(user=None, name="")

    return retrying(work)


def _decide(review: ProductReview, *, to: str, by: Any, why: str, seen: str) -> None:
    seen = seen or seen_of(review)

    def work() -> None:
        moment = now()
        # Held, so that the author cannot write between this look and the decision.
        held = ProductReview.objects.select_for_update().filter(pk=review.pk).first()
        if held is not None and seen_of(held) != seen:
            raise WrittenAnew(review.pk)
        move(review, to=to, by=by, why=why, decided_at=moment, decided_why=why)
        ReviewReport.objects.filter(review=review, upheld=None).update(
            upheld=to == REFUSED, decided_at=moment
        )
        if review.product_id:
            _refresh_rating(review.product_id)
        if to == REFUSED:
            outbox.record(ReviewRefused(review.pk, why, f"{review.pk}:{moment:%Y%m%d%H%M%S%f}"))

    retrying(work)


def _refresh_rating(product_id: int) -> None:
    """Average and number of published reviews onto the product. Two deciders at once: the second waits for the first
    (the product's row is taken before counting), so it counts what the first one wrote."""
    with transaction.atomic():
        list(Product.objects.select_for_update().filter(pk=product_id).values_list("pk"))
        shown = ProductReview.objects.filter(product=OuterRef("pk"), state=PUBLISHED).order_by()
        grouped = shown.values("product")
        Product.objects.filter(pk=product_id).update(
            rating=Subquery(grouped.annotate(of=Avg("score")).values("of")),
            review_count=Coalesce(Subquery(grouped.annotate(of=Count("pk")).values("of")), 0),
        )
