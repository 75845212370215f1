"""The notice on the legal guarantee in the mail that is the contract.

Before the order it stands on the page of the product; what a shopper must be told before is then due on a durable
medium (§ 312f (2) BGB, Art. 8 (7) with 6 (1) (l) and (la) of Directive 2011/83/EU as of Directive (EU) 2024/825). The
words are always there: a mail is read without pictures too. Where the Commission's own graphic was uploaded it stands
above them.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable

from django.utils.translation import gettext as _

from catalogue.models import Product
from catalogue.product_page import LABEL_FROM_MONTHS, span_text
from checkout.order.models import Order
from shop.pages.guarantee import graphic, rights_url

from .letter import Attachment, Block, Links, Paragraph, Picture

CONTENT_ID = "guarantee"  #: of the graphic inside the mail
WIDTH = 480  #: the widest it is shown, CSS pixels


def notice(order: Order) -> tuple[list[Block], list[Attachment]]:
    """The notice for a mail about ``order`` in its language, which must be active: blocks, and the graphic they show.

    One query more where a producer guarantees something of it for longer than two years.
    """
    pictures, files = _graphic(order.language)
    links = Links([(_("More about your rights: Your Europe"), rights_url(order.language))])
    return [*pictures, words(), *_labels(order), links], files


def words() -> Paragraph:
    """The notice in words, in the active language."""
    return Paragraph(
        "\n".join([_seller(), *(f"– {case}" for case in _cases()), _choice(), _producer()]), title=_title()
    )


def _graphic(language: str) -> tuple[list[Block], list[Attachment]]:
    found = graphic(language)
    if found is None:
        return [], []
    mime = mimetypes.guess_type(found.name)[0] or "image/png"
    width = min(found.width, WIDTH)
    picture = Picture(CONTENT_ID, _title(), width, height=round(found.height * width / found.width))
    ending = found.name.rpartition(".")[2]
    return [picture], [Attachment(f"{CONTENT_ID}.{ending}", mime, f"picture:{found.name}", CONTENT_ID)]


def _labels(order: Order) -> Iterable[Block]:
    """What the label of annex II says, for each article of which the producer guarantees the durability."""
    months = {
        line.product.own_or_parent.pk: line.product.own_or_parent.producer_guarantee_months
        for line in order.lines.all()
        if line.product is not None
    }
    lasting = [pk for pk, span in months.items() if span > LABEL_FROM_MONTHS]
    if not lasting:
        return []
    rows = Product.objects.filter(pk__in=lasting).select_related("maker").order_by("pk")
    lines = [_label(row) for row in rows]
    besides = _(
        "free of charge, for the whole article; the legal guarantee of at least 2 years holds besides"
    )
    return [Paragraph("\n".join([*lines, f"({besides})"]), title=_("Producer's guarantee of durability"))]


def _label(product: Product) -> str:
    maker = (product.maker.brand or product.maker.company) if product.maker else ""
    name = " ".join(filter(None, [maker, product.text("title")]))
    return f"{name}: {span_text(product.producer_guarantee_months)}"


def _title() -> str:
    return _("EU legal guarantee: at least 2 years")


def _seller() -> str:
    return _(
        "For goods bought in the European Union the seller is liable by law for at least 2 years if they are not as "
        "agreed. National law may give you more time."
    )


def _cases() -> list[str]:
    return [
        _("The article is not as described or shown."),
        _("The article does not do what such goods do."),
        _("The article breaks sooner than one may expect."),
    ]


def _choice() -> str:
    return _(
        "If something is wrong you may choose repair or replacement free of charge. If that fails or is not done in "
        "time you may have the price reduced or the money back. You turn to us, the seller."
    )


def _producer() -> str:
    return _("A guarantee of the producer comes on top of it and does not take away any of these rights.")
