"""What is heard from the shop window: reviews, and articles that are waited for."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import translation

from catalogue.alerts.events import ArticleIsBack, StockAlertAsked
from catalogue.alerts.models import StockAlert
from catalogue.reviews.events import ReviewRefused
from catalogue.reviews.models import ProductReview
from shop.kernel.outbox import subscribe

from . import actions
from .letter import Letter
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


@subscribe(StockAlertAsked, "notifications.stock_alert")
def stock_alert(event: StockAlertAsked) -> None:
    """The link to confirm. It opens the wish alone, but staff need not see it."""
    _write_alert(event.alert_id, "stock_alert", letters.confirm_alert, event.nth)


@subscribe(ArticleIsBack, "notifications.back_in_stock")
def back_in_stock(event: ArticleIsBack) -> None:
    """The one mail that was asked for."""
    _write_alert(event.alert_id, "back_in_stock", letters.back_in_stock)


def _write_alert(alert_id: int, kind: str, make: Callable[[StockAlert], Letter], nth: int = 1) -> None:
    found = (
        StockAlert.objects.select_related("product__parent", "product__colour").filter(pk=alert_id).first()
    )
    if found is None:  # deleted meanwhile, with its account or its article
        return
    with translation.override(found.language):
        actions.write(
            make(found),
            kind=kind,
            source=f"{kind}:{found.pk}" if nth == 1 else f"{kind}:{found.pk}:{nth}",
            recipient=found.email,
            language=found.language,
            user_id=found.user_id,
            confidential=True,
        )
