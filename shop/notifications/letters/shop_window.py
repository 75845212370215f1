"""Letters that come from the shop window: reviews, and articles that are back."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from catalogue.alerts.models import StockAlert
from catalogue.reviews.models import ProductReview
from shop.notifications import facts
from shop.notifications.letter import Block, Button, Facts, Letter, Links, Paragraph
from shop.ui.times import long_date

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


def confirm_alert(alert: StockAlert) -> Letter:
    """Somebody, presumably the reader, wants to be told when an article is back: one click, else nothing happens."""
    title, url = alert.product.title_local, _alert_url(alert)
    blocks: list[Block] = [
        Paragraph(_("You would like to know when %(title)s can be had again.") % {"title": title}),
        Button(_("Yes, tell me"), url),
        Paragraph(
            _("You then get one mail about this article and no other. Without your click nothing is sent."),
            small=True,
        ),
    ]
    return Letter(
        subject=_("Shall we tell you when it is back?"),
        preheader=title,
        heading=_("Please confirm your wish"),
        greeting=facts.hello(""),
        blocks=blocks,
        closing=signature(),
    )


def back_in_stock(alert: StockAlert) -> Letter:
    """The article is back: the only mail about it."""
    title = alert.product.title_local
    url = f"{settings.SITE_URL}{alert.product.get_absolute_url()}?v={alert.product_id}"
    blocks: list[Block] = [
        Paragraph(_("%(title)s can be had again, as long as there are pieces left.") % {"title": title}),
        Button(_("To the article"), url),
        Paragraph(
            _(
                "You asked us on %(day)s to tell you, and confirmed it. This was the one mail; your wish has ended."
            )
            % {"day": long_date(timezone.localdate(alert.asked_at), alert.language)},
            small=True,
        ),
        Links([(_("See or end your wish"), _alert_url(alert))]),
    ]
    return Letter(
        subject=_("Back: %(title)s") % {"title": title},
        preheader=_("What you were waiting for can be had again."),
        heading=_("It is back"),
        greeting=facts.hello(""),
        blocks=blocks,
        closing=signature(),
    )


def _alert_url(alert: StockAlert) -> str:
    return f"{settings.SITE_URL}{reverse('alerts:alert', args=[alert.key])}"
