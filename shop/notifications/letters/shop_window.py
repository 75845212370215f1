"""Letters that come from the shop window: reviews, and articles that are back."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from catalogue.reviews.models import ProductReview
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Facts, Letter, Paragraph

from .orders import signature


def review_refused(review: ProductReview, why: str) -> Letter:
    """A review is not shown: why, and what its author can do (Regulation (EU) 2022/2065, Art. 17)."""
    title = review.product.text("title") if review.product else ""
    url = settings.SITE_URL + reverse("reviews:write", args=[review.product_id])
    blocks: list[Block] = [
        Paragraph(_("We do not publish your review of %(title)s, for this reason:") % {"title": title}),
        Paragraph(why),
        Facts([(_("Stars"), str(review.score)), (_("In a few words"), review.title)], title=_("Your review")),
        Paragraph(
            _(
                "A person decided this. You can change your review and send it again; if you think that we are wrong, "
                "answer this mail and a colleague looks at it."
            )
        ),
        Button(_("Change your review"), url),
    ]
    return Letter(
        subject=_("Your review of %(title)s") % {"title": title},
        preheader=_("It is not published. Here is why, and what you can do."),
        heading=_("Your review is not published"),
        greeting=facts.hello(review.user.get_full_name() if review.user else ""),
        blocks=blocks,
        closing=signature(),
    )
