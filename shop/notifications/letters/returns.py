"""The letter with a carrier's label for the way back."""

from __future__ import annotations

from django.utils.translation import gettext as _

from fulfilment.customer_service.returns.models import CarrierLabel
from shop.notifications import facts
from shop.notifications.letter import Attachment, Block, Facts, Letter, Paragraph

from .money import PDF
from .orders import link, signature

PNG = "image/png"


def label_ready(label: CarrierLabel) -> Letter:
    """The label, and the code for who has no printer."""
    returning = label.returning
    words = {"number": returning.number, "carrier": label.connector.upper()}
    files = [
        Attachment(f"{_('return-label')}-{returning.number}.pdf", PDF, f"return-label:{returning.pk}:pdf")
    ]
    text = (
        _("Attached is the label of %(carrier)s for your return %(number)s. The postage is paid with it.")
        % words
    )
    if label.has_code:
        files.append(
            Attachment(
                f"{_('return-code')}-{returning.number}.png", PNG, f"return-label:{returning.pk}:qr_png"
            )
        )
        text += " " + _("No printer? Show the attached code where you hand the parcel in.")
    blocks: list[Block] = [
        Paragraph(text),
        Facts(
            [(_("Return number"), returning.number), (_("Tracking number"), label.tracking_number)],
            strong=frozenset({_("Tracking number")}),
        ),
        Paragraph(_("Please put our slip into the parcel all the same; it tells us your order.")),
        link(returning.order),
    ]
    return Letter(
        subject=_("Your return %(number)s: the carrier's label") % words,
        preheader=_("The postage is paid."),
        heading=_("Your label for the way back"),
        greeting=facts.greeting(returning.order),
        blocks=blocks,
        closing=signature(),
        attachments=files,
    )
