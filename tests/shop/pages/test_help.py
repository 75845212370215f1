"""The shopper's door, step by step: a complaint with a picture is a case; going back, a second click, a wrong file and
an ended session lose nothing; what belongs to somebody else is neither shown nor believed."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from PIL import Image

from checkout.order import access as order_access
from checkout.order.models import Order
from fulfilment.customer_service.cases import access, drafts
from fulfilment.customer_service.cases.models import Case, Picture
from fulfilment.customer_service.cases.pictures import draw
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.outcomes import arrive
from shop.notifications.models import OutgoingMail
from shop.pages import help_form, limits
from tests.checkout.test_steps import put_in_basket
from tests.factories.cases import picture_bytes
from tests.factories.orders import make_country, make_order
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins, sent_order
from tests.factories.shopping import make_user, make_variant
from tests.factories.stock import make_stockrecord
from tests.walks.test_withdrawal import buttons, form_of

pytestmark = pytest.mark.django_db
URL = "/help/"
TOKEN = "abcdefghijklmnopqrstuvwxyz123456"
SAID = {"body": "Die Naht ist gerissen.", "name": "Erika Muster", "email": "erika@example.org"}


@pytest.fixture(autouse=True)
def _ground(db: None) -> Iterator[None]:
    make_country()
    ensure_vat()
    with translation.override("de"):
        yield


def everything(**changes: Any) -> dict[str, Any]:
    """What the last step sends."""
    return {"token": TOKEN, "reason": "faulty", "step": "send", **SAID, **changes}


def photo(name: str = "naht.jpg", kind: str = "JPEG", **options: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes(kind, **options), "image/jpeg")


def seen_order(client: Client) -> Order:
    """An order of two lines that this browser came to by its link."""
    order = shoes_and_polish()
    client.get(reverse("orders:open", kwargs={"token": order_access.token(order)}))
    return order


def shoes_and_polish() -> Order:
    order = make_order((make_variant(), 3), (make_variant(), 2))
    for line, title in zip(order.lines.order_by("pk"), ("Elbschuh", "Schuhcreme"), strict=True):
        order.lines.filter(pk=line.pk).update(title=title)
    return order


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def kept(answer: Any) -> list[str]:
    """Tokens of the pictures the page carries."""
    return re.findall(r'name="kept" value="([^"]+)"', answer.content.decode())


def walk(
    client: Client, *, start: str = "?reason=faulty", goods: dict[str, Any] | None = None, **said: Any
) -> Any:
    """Every step as a browser makes it, from the pages' own fields; returns the last answer."""
    first = client.get(URL + start)
    second = client.post(URL, {**form_of(first), **(goods or {}), "step": "goods"})
    third = client.post(URL, {**form_of(second), **SAID, **said, "step": "what"})
    assert third.status_code == 200, text_of(third)[:3000]
    return client.post(URL, {**form_of(third), "kept": kept(third), "step": buttons(third)["Senden"]})


def test_six_plain_choices_lead_on_and_carry_the_order(client: Client) -> None:
    order = seen_order(client)
    html = client.get(f"{URL}?order={order.number}").content.decode()
    for code in ("changed_mind", "faulty", "damaged", "wrong_or_missing", "guarantee", "question"):
        assert f'href="?reason={code}&amp;order={order.number}"' in html
    assert html.count("help__reason-text") == 6


def test_a_guest_complains_with_a_picture_step_by_step(client: Client, outbox: Any) -> None:
    answer = walk(client, pictures=[photo()], wish="repair")
    case = Case.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("help-sent", args=[access.token(case)])
    assert (case.reason, case.kind, case.wish, case.email) == ("faulty", "warranty", "repair", SAID["email"])
    receipt = text_of(client.get(answer["Location"]))
    assert case.number in receipt and "Sie hören von uns bis" in receipt
    page = client.get(reverse("help-case", args=[access.token(case)]))
    assert "Die Naht ist gerissen." in text_of(page)
    shown = client.get(reverse("help-picture", args=[access.token(case), Picture.objects.get().pk]))
    assert shown["Content-Type"] == "image/jpeg" and shown.content.startswith(b"\xff\xd8")
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="case_received")
    assert case.number in mail.subject and "/help/case/" in mail.text


def test_whoever_sees_the_order_says_which_pieces(client: Client) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    first = client.get(f"{URL}?reason=faulty&order={order.number}&line={shoe.pk}")
    assert form_of(first)[f"line-{shoe.pk}"] == "3", "the line that was clicked is chosen"
    start = f"?reason=faulty&order={order.number}&line={shoe.pk}"
    walk(client, start=start, goods={f"line-{shoe.pk}": "2"})
    case = Case.objects.get()
    assert case.order == order
    assert [(line["order_line_id"], line["quantity"]) for line in case.lines] == [(shoe.pk, 2)]


def test_a_typed_number_that_may_be_seen_offers_its_lines(client: Client) -> None:
    order = seen_order(client)
    second = client.post(
        URL, {"token": TOKEN, "reason": "faulty", "number": order.number.lower(), "step": "goods"}
    )
    assert {f"line-{line.pk}" for line in order.lines.all()} <= set(form_of(second))


def test_the_look_over_repeats_everything_and_nothing_is_sent_before(client: Client) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    sent = everything(order=order.number, wish="repair", step="what", **{f"line-{shoe.pk}": "2"})
    look = client.post(URL, sent)
    for words in (*SAID.values(), f"2 × {shoe.title}", "Reparatur", order.number):
        assert words in text_of(look)
    assert not Case.objects.exists()


def test_going_back_loses_nothing(client: Client) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    words = {**SAID, "body": 'Erste Zeile\nzweite <Zeile> & "mehr"'}
    look = client.post(
        URL, everything(order=order.number, wish="repair", step="what", **{f"line-{shoe.pk}": "2"}, **words)
    )
    what = client.post(URL, {**form_of(look), "step": "back-what"})
    assert {name: form_of(what)[name] for name in SAID} == words and form_of(what)["wish"] == "repair"
    goods = client.post(URL, {**form_of(what), "step": "back-goods"})
    assert form_of(goods)[f"line-{shoe.pk}"] == "2"
    again = client.post(URL, {**form_of(goods), "step": "goods"})
    assert {name: form_of(again)[name] for name in SAID} == words and form_of(again)["wish"] == "repair"


def test_a_double_click_is_one_case_and_other_words_are_another(client: Client, outbox: Any) -> None:
    answers = [client.post(URL, everything()) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {302} and Case.objects.count() == 1
    client.post(URL, everything(body="Noch etwas anderes."))
    assert Case.objects.count() == 2
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="case_received").count() == 2


# What the law says, in words


def test_the_page_says_what_the_law_gives(client: Client) -> None:
    what = text_of(client.post(URL, {"token": TOKEN, "reason": "faulty", "step": "goods"}))
    assert "zwei Jahre ab Lieferung" in what and "müssen Sie nichts beweisen" in what
    damaged = text_of(client.post(URL, {"token": TOKEN, "reason": "damaged", "step": "goods"}))
    assert "Wir tragen das Risiko" in damaged


def delivered(client: Client, clock: Any, *, days_ago: int) -> Order:
    """An order that was handed over so many days ago, seen by this browser."""
    dock_bins()
    order = sent_order((make_stockrecord(bins={"A-01": 5}), 1))
    for parcel in Parcel.objects.filter(order=order):
        arrive(parcel=parcel, outcome="delivered", by=None)
    clock.advance(days=days_ago)
    client.get(reverse("orders:open", kwargs={"token": order_access.token(order)}))
    return order


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (30, "müssen Sie nichts beweisen"),
        (500, "mehr als zwölf Monate"),
        (800, "endete am"),
    ],
)
def test_the_clock_of_the_warranty_is_told_by_its_delivery(
    client: Client, clock: Any, days: int, words: str
) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=days)
    sent = {"token": TOKEN, "reason": "faulty", "order": order.number, "step": "goods"}
    what = text_of(client.post(URL, sent))
    assert words in what
    client.post(URL, everything(order=order.number))
    assert Case.objects.get().kind == ("goodwill" if days == 800 else "warranty")


def test_who_changed_their_mind_is_led_to_the_withdrawal_with_order_and_line(client: Client) -> None:
    order = seen_order(client)
    line = order.lines.order_by("pk")[1]
    answer = client.get(f"{URL}?reason=changed_mind&order={order.number}&line={line.pk}")
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('withdrawal')}?order={order.number}&line={line.pk}"
    fields = form_of(client.get(answer["Location"]))
    assert fields["scope"] == "part" and fields[f"line-{line.pk}"] == "2"
    assert client.post(URL, everything(reason="changed_mind"))["Location"].startswith(reverse("withdrawal"))
    assert not Case.objects.exists()


def test_after_the_14_days_the_page_says_so_and_offers_goodwill(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=15)
    page = client.get(f"{URL}?reason=changed_mind&order={order.number}")
    assert "Die 14 Tage sind vorbei" in text_of(page) and "16. November 2026" in text_of(page)
    assert f'{reverse("withdrawal")}?order={order.number}"' in page.content.decode(), (
        "the function still accepts"
    )
    walk(client, start=f"?reason=changed_mind&goodwill=1&order={order.number}", wish="voucher")
    case = Case.objects.get()
    assert (case.kind, case.wish, case.order) == ("goodwill", "voucher", order)


def test_on_the_14th_day_the_withdrawal_is_still_in_time(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 2, 10, tzinfo=dt.UTC))
    order = delivered(client, clock, days_ago=14)
    assert client.get(f"{URL}?reason=changed_mind&order={order.number}").status_code == 302


# What belongs to others


def test_number_and_address_together_find_the_order_and_a_foreign_one_stays_words(client: Client) -> None:
    order = make_order((make_variant(), 1))
    client.post(URL, everything(number=order.number, email="andere@example.org"))
    assert Case.objects.get().order is None and order.number in Case.objects.get().messages.get().body
    client.post(URL, everything(number=order.number, email=order.email))
    assert Case.objects.order_by("-pk")[0].order == order


def test_number_and_address_of_another_open_no_order_and_do_not_tell_whether_they_fit(
    client: Client, clock: Any
) -> None:
    clock.stop()
    order = make_order((make_variant(), 1))
    pages = []
    for number in (order.number, "K99999"):
        sent = client.post(URL, everything(number=number, email=order.email, body="Naht"))
        case = Case.objects.order_by("-pk")[0]
        page = client.get(reverse("help-case", args=[access.token(case)])).content.decode()
        for link in set(re.findall(r'href="(/[^"]*)"', page)):
            client.get(link)
        main = re.sub(r'(value|href|action)="[^"]*"', "", page.split("<main", 1)[1].split("</main", 1)[0])
        pages.append(main.replace(case.number, "").replace(number, ""))
        assert sent.status_code == 302 and reverse("orders:lookup") in page
    assert pages[0] == pages[1]
    assert client.get(reverse("orders:detail", args=[order.number])).status_code == 302, "still a stranger"


def test_who_may_see_the_order_is_led_to_it_from_the_case(client: Client) -> None:
    order = seen_order(client)
    client.post(URL, everything(order=order.number))
    page = client.get(reverse("help-case", args=[access.token(Case.objects.get())])).content.decode()
    assert f'href="{reverse("orders:detail", args=[order.number])}"' in page


def test_a_foreign_order_shows_nothing_and_its_lines_are_refused(client: Client) -> None:
    order, stranger = seen_order(client), Client()
    line = order.lines.order_by("pk")[0]
    for start in (
        f"?reason=faulty&order={order.number}&line={line.pk}",
        f"?reason=faulty&order={order.number}",
    ):
        html = stranger.get(URL + start).content.decode()
        assert line.title not in html and order.email not in html
    assert form_of(stranger.get(f"{URL}?reason=faulty&order={order.number}"))["number"] == order.number
    for step in ("goods", "what", "send"):
        answer = stranger.post(URL, everything(order=order.number, step=step, **{f"line-{line.pk}": "1"}))
        assert answer.status_code == 422 and line.title not in answer.content.decode()
    assert not Case.objects.exists()


def test_an_ended_session_loses_nothing_and_the_number_stays(client: Client) -> None:
    order = seen_order(client)
    line = order.lines.order_by("pk")[0]
    look = client.post(URL, everything(order=order.number, step="what", **{f"line-{line.pk}": "1"}))
    client.cookies.clear()
    answer = client.post(URL, {**form_of(look), "step": "send"})
    assert answer.status_code == 422
    fields = form_of(answer)
    assert fields["number"] == order.number and fields["body"] == SAID["body"] and "order" not in fields
    what = client.post(URL, {**fields, "step": "goods"})
    done = client.post(URL, {**form_of(what), "step": "send"})
    assert done.status_code == 302
    assert Case.objects.get().order == order, "number and address agree"


@pytest.mark.parametrize("link", ["x" * 40, "eyJjIjoxfQ:1abc:def", "x" * 2000])
def test_guessed_links_open_nothing(client: Client, link: str) -> None:
    for name in ("help-case", "help-sent"):
        assert client.get(reverse(name, args=[link])).status_code == 410
    assert client.post(reverse("help-settled", args=[link])).status_code == 410
    assert client.get(reverse("help-draft", args=[link])).status_code == 404
    assert client.get(reverse("help-picture", args=[link, 1])).status_code == 404


def test_a_token_of_a_case_opens_no_draft_and_the_other_way_round(client: Client) -> None:
    client.post(URL, everything())
    token = access.token(Case.objects.get())
    (draft,) = kept(client.post(URL, everything(step="what", pictures=[photo()])))
    assert client.get(reverse("help-draft", args=[token])).status_code == 404
    assert client.get(reverse("help-case", args=[draft])).status_code == 410


# Pictures


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


# Hostile and odd input


@pytest.mark.parametrize(
    "changes",
    [{"reason": "x"}, {"reason": ""}, {"email": "x"}, {"body": ""}, {"name": ""}, {"wish": "alles"},
     {"name": "x" * 500}, {"body": "x" * 20_000}, {"email": "a@b.de\nBcc: c@d.de"}, {"email": "a@b.de, c@d.de"},
     {"body": "\u202e\u200b"}],
)  # fmt: skip
def test_bad_input_is_shown_beside_what_was_typed(client: Client, changes: dict[str, str]) -> None:
    for step in ("what", "send"):
        answer = client.post(URL, everything(step=step, **changes))
        assert answer.status_code == 422
    assert not Case.objects.exists()


@pytest.mark.parametrize("pieces", ["-1", "4", "1.5", "viele", "9" * 40])
def test_pieces_that_cannot_be_are_said_beside_the_field(client: Client, pieces: str) -> None:
    order = seen_order(client)
    shoe = order.lines.order_by("pk")[0]
    for step in ("goods", "what", "send"):
        answer = client.post(URL, everything(order=order.number, step=step, **{f"line-{shoe.pk}": pieces}))
        assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    ["?reason=x", "?order=K1'--", "?reason=faulty&order=<script>", "?reason=faulty&line=" + "9" * 40,
     "?reason=changed_mind", "?key=x", "?key=", "?reason=faulty&order=K99999&line=²"],
)  # fmt: skip
def test_odd_addresses_still_show_a_page(client: Client, query: str) -> None:
    answer = client.get(URL + query, follow=True)
    assert answer.status_code == 200 and "<script>" not in answer.content.decode().split("<main", 1)[1]


@pytest.mark.parametrize("step", ["", "quark"])
def test_an_unknown_step_begins_with_the_goods(client: Client, step: str) -> None:
    answer = client.post(URL, everything(step=step))
    assert answer.status_code == 200 and form_of(answer)["body"] == SAID["body"] and not Case.objects.exists()


def test_words_that_would_be_a_mail_header_or_markup_stay_words(client: Client, outbox: Any) -> None:
    evil = "Erika\r\nBcc: opfer@example.org"
    client.post(URL, everything(name=evil, body="<script>alert(1)</script>\r\nBcc: opfer@example.org"))
    case = Case.objects.get()
    assert case.name == "Erika Bcc: opfer@example.org"
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="case_received")
    assert mail.recipient == SAID["email"] and "\n" not in mail.subject and "<script>alert" not in mail.html
    assert (
        "<script>alert(1)" not in client.get(reverse("help-case", args=[access.token(case)])).content.decode()
    )


def test_a_flood_is_stopped_with_words_and_nothing_is_lost(client: Client, clock: Any) -> None:
    clock.stop()
    for number in range(10):
        assert client.post(URL, everything(body=f"Nr. {number}")).status_code == 302
    busy = client.post(URL, everything())
    assert busy.status_code == 429 and busy["Retry-After"] == "3600"
    assert form_of(busy)["body"] == SAID["body"] and "Noch nicht gesendet" in text_of(busy)
    assert client.post(URL, everything(body="Nr. 3")).status_code == 302, "a second click is no flood"
    clock.advance(hours=1, seconds=1)
    assert client.post(URL, {**form_of(busy), "step": "send"}).status_code == 302


def test_one_place_of_the_internet_cannot_flood_us(client: Client) -> None:
    answers = [
        client.post(URL, everything(email=f"k{n}@example.org"), REMOTE_ADDR="8.8.8.8").status_code
        for n in range(61)
    ]
    assert answers[:60] == [302] * 60 and answers[60] == 429


# The ways here


def test_mails_lead_here_with_the_order_open_for_choosing(client: Client, outbox: Any) -> None:
    order, title = shoes_and_polish(), "Elbschuh"
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="order_confirmed")
    for path in ("help", "withdrawal"):
        (link,) = re.findall(rf"https?://\S+?(/{path}/\?order={order.number}\S*)", mail.text)
        guest = Client()
        answer = guest.get(link)
        assert answer.status_code == 302 and "key=" not in answer["Location"]
        assert answer["Location"] == f"/{path}/?order={order.number}"
        assert title in guest.get(f"/withdrawal/?order={order.number}").content.decode()
        looker = Client()
        looker.head(link)
        assert title not in looker.get(f"/withdrawal/?order={order.number}").content.decode()
    assert 'href="http' in mail.html and "/help/?order=" in mail.html


def test_the_mail_of_the_delivery_asks_whether_it_arrived_damaged(client: Client, outbox: Any) -> None:
    dock_bins()
    order = sent_order((make_stockrecord(bins={"A-01": 5}), 1))
    for parcel in Parcel.objects.filter(order=order):
        arrive(parcel=parcel, outcome="delivered", by=None)
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="parcel_delivered")
    (link,) = re.findall(r"https?://[^/\s]+(/help/\S*reason=damaged\S*)", mail.text)
    answer = client.get(link)
    assert answer["Location"] == f"{URL}?order={order.number}&reason=damaged"
    assert order.lines.get().title in client.get(answer["Location"]).content.decode()


def test_the_quiet_pages_of_the_checkout_lead_here_too(client: Client) -> None:
    put_in_basket(client, make_variant())
    assert f'href="{URL}"' in client.get(reverse("checkout:contact")).content.decode().split("<footer", 1)[1]


def test_a_one_time_link_is_no_key(client: Client) -> None:
    order, title = shoes_and_polish(), "Elbschuh"
    for key in (order_access.token(order, nonce="einmal"), "x", order_access.token(order)[:-1]):
        answer = client.get(f"{URL}?order={order.number}&key={key}")
        assert answer["Location"] == f"{URL}?order={order.number}"
        assert title not in client.get(f"{URL}?reason=faulty&order={order.number}").content.decode()


def test_the_order_page_leads_here_for_the_order_and_for_each_line(client: Client) -> None:
    order = seen_order(client)
    html = client.get(f"/orders/{order.number}/").content.decode()
    assert f'href="{URL}?order={order.number}"' in html
    for line in order.lines.all():
        assert f'href="{URL}?order={order.number}&amp;line={line.pk}"' in html


def test_a_member_chooses_from_own_orders_and_finds_own_name(client: Client) -> None:
    person = make_user("kundin@example.org", first_name="Karla", last_name="Kunde")
    order = make_order((make_variant(), 1), user=person)
    make_order((make_variant(), 1))
    client.force_login(person)
    first = client.get(f"{URL}?reason=faulty")
    assert re.findall(r"order=(K\d+)", first.content.decode().split("<main", 1)[1]) == [order.number]
    assert form_of(first)["name"] == "Karla Kunde" and form_of(first)["email"] == person.email
    walk(client)
    assert Case.objects.get().user == person


def test_every_step_costs_the_same_however_many_lines(client: Client) -> None:
    def cost(lines: int) -> int:
        order = make_order(*[(make_variant(), 2) for _ in range(lines)])
        client.get(reverse("orders:open", kwargs={"token": order_access.token(order)}))
        sent = everything(order=order.number)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(f"{URL}?reason=faulty&order={order.number}")
            for step in ("goods", "what", "back-what", "back-goods"):
                client.post(URL, {**sent, "step": step})
        return len(seen)

    cost(1)
    assert cost(2) == cost(9)


@pytest.mark.parametrize("url", [URL, "/withdrawal/"])
def test_the_back_button_finds_each_step_and_nobody_else_keeps_it(client: Client, url: str) -> None:
    for answer in (client.get(url), client.post(url, {"reason": "faulty", "step": "goods", "token": TOKEN})):
        assert "private" in answer["Cache-Control"] and "no-cache" in answer["Cache-Control"]
        assert "no-store" not in answer["Cache-Control"]
