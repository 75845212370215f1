"""Pictures at the shopper's door: told by content, drawn anew, limited before anything is drawn."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from PIL import Image

from fulfilment.customer_service.cases import access, drafts
from fulfilment.customer_service.cases.actions import save_policy
from fulfilment.customer_service.cases.models import Case, Picture, ServicePolicy
from fulfilment.customer_service.cases.pictures import draw
from shop.pages import help_form, help_words, limits
from shop.pages.help_form import MessageForm
from tests.shop.pages.help_steps import (
    SAID,
    TOKEN,
    URL,
    everything,
    kept,
    photo,
    text_of,
)
from tests.walks.withdrawing import form_of
from tests.walks.withdrawing import ground as ground

pytestmark = pytest.mark.django_db


def test_a_file_that_lies_about_its_kind_is_named_and_the_good_ones_are_kept(client: Client) -> None:
    liar = SimpleUploadedFile("<b>naht.jpg", b"<script>alert(1)</script>", "image/jpeg")
    answer = client.post(URL, everything(step="what", pictures=[photo("gut.png", "PNG"), liar]))
    html = answer.content.decode()
    assert answer.status_code == 422 and "JPEG, PNG" in html
    assert "&lt;b&gt;naht" in html and "<b>naht" not in html
    assert form_of(answer)["body"] == SAID["body"]
    (token,) = kept(answer)
    shown = client.get(reverse("help-draft", args=[token]))
    assert shown["Content-Type"] == "image/jpeg" and shown["X-Content-Type-Options"] == "nosniff"
    look = client.post(URL, {**form_of(answer), "kept": [token], "step": "what"})
    client.post(URL, {**form_of(look), "kept": kept(look), "step": "send"})
    assert Picture.objects.get().message.case == Case.objects.get()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff" + b"x" * 300,
        b"GIF89a" + b"\x00" * 50,
        b"%PDF-1.7",
        b"<svg onload=alert(1)>",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["empty", "cut", "gif", "pdf", "svg", "head"],
)
def test_no_such_file_becomes_a_picture(client: Client, content: bytes) -> None:
    answer = client.post(
        URL, everything(step="what", pictures=[SimpleUploadedFile("a.jpg", content, "image/jpeg")])
    )
    assert answer.status_code == 422 or (not content and answer.status_code == 200)
    assert not kept(answer) and not Picture.objects.exists()


def test_where_and_with_what_a_picture_was_taken_is_not_kept(client: Client) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Geheime Kamera"
    look = client.post(URL, everything(step="what", pictures=[photo(exif=exif)]))
    (token,) = kept(look)
    content = client.get(reverse("help-draft", args=[token])).content
    assert b"Geheime" not in content and not Image.open(io.BytesIO(content)).getexif()


def test_more_pictures_than_six_are_refused_with_words_and_six_are_kept(client: Client) -> None:
    seven = [photo(f"{n}.jpg", size=(40 + n, 30)) for n in range(7)]
    answer = client.post(URL, everything(step="what", pictures=seven))
    assert answer.status_code == 422 and "höchstens 6 Bilder" in text_of(answer)
    assert len(kept(answer)) == 6
    more = client.post(URL, everything(step="what", kept=kept(answer), pictures=[photo(size=(99, 99))]))
    assert more.status_code == 422 and len(kept(more)) == 6


def test_a_picture_that_is_unticked_is_not_sent(client: Client) -> None:
    look = client.post(URL, everything(step="what", pictures=[photo()]))
    what = client.post(URL, {**form_of(look), "kept": kept(look), "step": "back-what"})
    assert len(kept(what)) == 1
    fields = {name: value for name, value in form_of(what).items() if name != "kept"}
    assert kept(client.post(URL, {**fields, "step": "what"})) == []


def test_a_forged_picture_is_left_out_and_an_old_one_asked_for_again(client: Client, clock: Any) -> None:
    look = client.post(URL, everything(step="what", pictures=[photo()]))
    assert kept(client.post(URL, everything(step="what", kept=["x" * 50, "../../etc/passwd"]))) == []
    (token,) = kept(look)
    for name in storages["documents"].listdir(f"{drafts.PLACE}/{clock_day()}")[1]:
        storages["documents"].delete(f"{drafts.PLACE}/{clock_day()}/{name}")
    answer = client.post(URL, everything(kept=[token]))
    assert answer.status_code == 422 and "noch einmal" in text_of(answer) and not Case.objects.exists()
    assert form_of(answer)["body"] == SAID["body"]


def clock_day() -> str:
    from shop.kernel.clock import today

    return today().isoformat()


def test_pictures_that_nobody_sent_go_after_a_day(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC))
    (token,) = kept(client.post(URL, everything(step="what", pictures=[photo()])))
    clock.advance(days=1)
    assert drafts.clear_old() == 0
    clock.advance(days=1)
    assert drafts.clear_old() == 1
    assert drafts.read(token) is None


def test_one_place_cannot_fill_the_store(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PICTURES_PER_VISITOR_MAX", 1)
    two = [photo(size=(41, 30)), photo(size=(42, 30))]
    answer = client.post(URL, everything(step="what", pictures=two), REMOTE_ADDR="8.8.8.8")
    assert answer.status_code == 429 and not kept(answer) and form_of(answer)["body"] == SAID["body"]
    assert client.post(URL, everything(step="what"), REMOTE_ADDR="8.8.8.8").status_code == 200


def test_no_picture_is_drawn_over_the_limit_or_in_a_step_that_takes_none(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(help_form, "draw", lambda content: drawn.append(content) or draw(content))
    monkeypatch.setattr(limits, "PICTURES_PER_VISITOR_MAX", 1)
    client.post(URL, everything(step="send", pictures=[photo()]), REMOTE_ADDR="8.8.8.8")
    assert drawn == [] and Case.objects.count() == 1
    page = reverse("help-case", args=[access.token(Case.objects.get())])
    said = {"token": TOKEN, "body": "Beide Schuhe."}
    for url, sent in ((URL, everything(step="what")), (URL, everything(step="back-goods")), (page, said)):
        two = [photo(size=(41, 30)), photo(size=(42, 30))]
        answer = client.post(url, {**sent, "pictures": two}, REMOTE_ADDR="8.8.8.8")
        assert drawn == [] and sent["body"] in text_of(answer)
    assert answer.status_code == 429


def test_the_control_for_pictures_speaks_the_language_of_the_page(client: Client) -> None:
    for language, words in (("de", "Bilder auswählen"), ("en", "Choose pictures")):
        with translation.override(language):
            shown = MessageForm()["pictures"].as_widget()
        assert words in shown and 'type="file"' in shown
        assert "hidden>" + words in shown, (
            "the words are shown by the script; without it the control stands alone"
        )


def test_how_long_a_repair_takes_is_what_the_policy_says(db: None) -> None:
    with translation.override("de"):
        assert "höchstens 3 Wochen" in help_words.means("repair")
        save_policy(ServicePolicy(repair_weeks=1), by=None)
        assert "höchstens 1 Woche." in help_words.means("repair") + "."
        assert help_words.means("answer")
