"""The notice on the legal guarantee comes with the mail that is the contract: in words, and as the graphic."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image as Drawn
from wagtail.images.models import Image

from checkout.order.models import Order
from shop.notifications import sending
from shop.notifications.models import OutgoingMail
from shop.pages.models import GuaranteeNotice
from tests.factories.shopping import make_variant, place_order
from tests.shop.notifications.conftest import MailServer

Ordered = Callable[..., Order]
SAID = {
    "de": [
        "Gesetzliches Gewährleistungsrecht in der EU: mindestens 2 Jahre",
        "Sie wenden sich an uns, den Verkäufer.",
        "guarantees-returns/index_de.htm",
    ],
    "en": [
        "EU legal guarantee: at least 2 years",
        "You turn to us, the seller.",
        "guarantees-returns/index_en.htm",
    ],
}


@pytest.fixture
def graphic(db: None, settings: Any, tmp_path: Any) -> GuaranteeNotice:
    """The Commission's graphic in German, uploaded."""
    settings.MEDIA_ROOT = str(tmp_path)
    out = io.BytesIO()
    Drawn.new("RGB", (1200, 1700), "navy").save(out, "PNG")
    picture = Image.objects.create(title="x", file=ContentFile(out.getvalue(), "x.png"))
    return GuaranteeNotice.objects.create(language="de", picture=picture)


def words(mail: OutgoingMail) -> str:
    return " ".join(mail.text.split())


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_confirmation_says_it_in_words_in_both_bodies(
    ordered: Ordered, mail_of: Any, language: str
) -> None:
    mail = mail_of(ordered(language=language), "order_confirmed")
    for said in SAID[language]:
        assert said in words(mail) and said in mail.html
    assert all(not row.content_id for row in mail.attachments.all()), "no graphic was uploaded"


def test_the_uploaded_graphic_is_shown_in_the_mail_of_its_language_alone(
    graphic: GuaranteeNotice, ordered: Ordered, mail_server: MailServer
) -> None:
    ordered(language="de"), ordered(language="en")
    sending.send_due()
    german, english = sorted(mail_server.received, key=lambda mail: str(mail["Content-Language"]))
    pictures = [part for part in german.walk() if part.get_content_maintype() == "image"]
    assert [part["Content-ID"] for part in pictures] == ["<guarantee>"]
    shown = Drawn.open(io.BytesIO(pictures[0].get_content()))
    assert shown.width <= 900 and abs(shown.height / shown.width - 1700 / 1200) < 0.01, "in proportion"
    html = german.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert 'src="cid:guarantee" width="480" height="680"' in html and SAID["de"][0] in html
    assert not [part for part in english.walk() if part.get_content_maintype() == "image"]


def test_a_lost_graphic_stops_no_confirmation(
    graphic: GuaranteeNotice, ordered: Ordered, mail_of: Any, mail_server: MailServer
) -> None:
    order = ordered(language="de")
    for picture in (graphic.picture, *graphic.picture.renditions.all()):
        picture.file.storage.delete(picture.file.name)
    sending.send_due()
    assert len(mail_server.received) == 1
    assert mail_of(order, "order_confirmed").state == OutgoingMail.DONE
    assert SAID["de"][1] in words(mail_of(order, "order_confirmed"))


def test_a_guarantee_of_the_producer_over_two_years_is_named_with_its_article(
    ordered: Ordered, mail_of: Any, outbox: Any
) -> None:
    ordered()  # makes the country
    lasting, short = make_variant(), make_variant()
    for record, months in ((lasting, 60), (short, 24)):
        product = record.product.own_or_parent
        product.producer_guarantee_months, product.title = months, f"Stiefel {months}"
        product.save()
    order = place_order((lasting, 1), (short, 1), method="invoice", language="de")
    outbox.drain()
    mail = mail_of(order, "order_confirmed")
    label = words(mail).partition("Haltbarkeitsgarantie des Herstellers")[2]
    assert "Stiefel 60: 5 Jahre" in label and "kostenlos" in label
    assert "Stiefel 24" not in label
