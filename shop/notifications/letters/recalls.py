"""Letters of recalls: goods that a customer must not use."""

from __future__ import annotations

from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.warehouse.recalls.models import Notice
from shop.kernel.text import clean_line
from shop.notifications import facts
from shop.notifications.letter import Block, Goods, Item, Letter, Paragraph

from .orders import link, signature

SUBJECT_TITLE_CHARS = 80


def recall_notice(order: Order, notice: Notice) -> Letter:
    """What is called back, why, and what to do; the language must be that of the order."""
    recall = notice.recall
    title = clean_line(notice.lines[0]["title"]) if notice.lines else recall.number
    blocks: list[Block] = [
        Paragraph(
            _("Goods of your order %(number)s are called back. Please do not use them any more.")
            % {"number": order.number}
        ),
        Paragraph(recall.reason(order.language)),
        _goods(notice),
        Paragraph(_("What to do:") + " " + recall.advice(order.language)),
        Paragraph(_("If you have passed the goods on, please pass this message on as well.")),
        link(order),
        Paragraph(_("This recall has the number %(number)s.") % {"number": recall.number}, small=True),
    ]
    return Letter(
        subject=_("Important: recall of %(article)s") % {"article": title[:SUBJECT_TITLE_CHARS]},
        preheader=_("Please do not use these goods any more."),
        heading=_("Recall: please do not use these goods"),
        greeting=facts.greeting(order),
        blocks=blocks,
        closing=signature(),
    )


def _goods(notice: Notice) -> Goods:
    items = []
    for line in notice.lines:
        details = [_("article no. %(sku)s") % {"sku": line["sku"]}] if line["sku"] else []
        details.append(_("lot or serial number: %(codes)s") % {"codes": ", ".join(line["lots"])})
        if line["parcels"]:
            details.append(_("sent in parcel %(numbers)s") % {"numbers": ", ".join(line["parcels"])})
        items.append(Item(clean_line(line["title"]), " · ".join(details), line["quantity"]))
    return Goods(items=items, title=_("What is called back"))
