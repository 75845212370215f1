"""What is heard from the shop window: reviews."""

from __future__ import annotations

from django.utils import translation

from catalogue.reviews.events import ReviewRefused
from catalogue.reviews.models import ProductReview
from shop.kernel.outbox import subscribe

from . import actions
from .letters import shop_window as letters


@subscribe(ReviewRefused, "notifications.review_refused")
def review_refused(event: ReviewRefused) -> None:
    """Its author reads why. Whoever has no account any more cannot be told."""
    review = ProductReview.objects.select_related("product", "user").filter(pk=event.review_id).first()
    if review is None or review.user is None or review.product is None:
        return
    with translation.override(review.language):
        actions.write(
            letters.review_refused(review, event.why),
            kind="review_refused",
            source=f"review_refused:{event.key}",
            recipient=review.user.email,
            language=review.language,
            user_id=review.user_id,
        )
