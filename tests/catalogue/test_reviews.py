"""Reviews: who may say what, who decides, what the shop shows, and that stars are never made up."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalogue.models import Product
from catalogue.reviews import actions
from catalogue.reviews.models import ProductReview, ReviewReport
from catalogue.reviews.verify import ratings_follow_the_reviews
from checkout.order.models import Line
from shop.kernel.states import StaleState
from shop.notifications.models import OutgoingMail
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff, make_user
from tests.factories.range import make_product, variants

pytestmark = pytest.mark.django_db
WORDS = {
    "score": "4",
    "title": "Passt gut",
    "body": "Seit drei Wochen bei Regen getragen, dicht.",
    "name": "Erika",
}


def opinion(score: int = 4, **changes: Any) -> actions.Opinion:
    texts = {"title": "Passt gut", "body": "Trocken geblieben.", "name": "Erika", **changes}
    return actions.Opinion(score=score, **texts)


def said(product: Product, score: int, person: Any = None, **changes: Any) -> ProductReview:
    person = person or make_user(f"p{ProductReview.objects.count()}@example.org")
    return actions.write_review(product=product, opinion=opinion(score, **changes), by=person)


def published(product: Product, *scores: int) -> list[ProductReview]:
    rows = [said(product, score) for score in scores]
    for row in rows:
        actions.publish(review=row, by=None)
    return rows


def stars(product: Product) -> tuple[float | None, int]:
    product.refresh_from_db()
    return product.rating, product.review_count


def bought(product: Product, person: Any, dispatched: int = 1) -> Line:
    make_country()
    line = make_order((variants(product)[0], 1), user=person).lines.get()
    Line.objects.filter(pk=line.pk).update(quantity_dispatched=dispatched)
    return line


def test_nothing_is_shown_that_nobody_has_read(client: Client) -> None:
    product, person = make_product(), make_user()
    client.force_login(person)
    answer = client.post(f"/reviews/product/{product.pk}/write/", WORDS)
    assert (answer.status_code, answer["Location"]) == (302, "/reviews/mine/")
    assert "Passt gut" in client.get("/reviews/mine/").content.decode()
    for url in (product.get_absolute_url(), f"/reviews/product/{product.pk}/"):
        assert "Passt gut" not in Client().get(url).content.decode()
    assert stars(product) == (None, 0)
    actions.publish(review=ProductReview.objects.get(), by=None)
    assert stars(product) == (4.0, 1)
    for url in (product.get_absolute_url(), f"/reviews/product/{product.pk}/"):
        assert "Passt gut" in Client().get(url).content.decode()


@pytest.mark.parametrize("dispatched", [0, 1])
def test_only_a_purchase_that_was_sent_is_called_verified(client: Client, dispatched: int) -> None:
    product, person = make_product(), make_user()
    line = bought(product, person, dispatched)
    bought(product, make_user("andere@example.org"))
    client.force_login(person)
    client.post(f"/reviews/product/{product.pk}/write/", WORDS)
    row = ProductReview.objects.get()
    assert row.verified_line_id == (line.pk if dispatched else None)
    actions.publish(review=row, by=None)
    assert ("Bestätigter Kauf" in _section(product)) is bool(dispatched)


def _section(product: Product) -> str:
    html = Client().get(product.get_absolute_url()).content.decode()
    return html.partition('class="reviews__list"')[2].partition("reviews__how")[0]


def test_the_ways_to_write_a_review_and_to_report_one_are_on_the_page_and_lead_there() -> None:
    product = make_product()
    write, report = f"/reviews/product/{product.pk}/write/", "/reviews/{}/report/"
    one, two = published(product, 5, 2)
    for url in (product.get_absolute_url(), f"/reviews/product/{product.pk}/"):
        html = Client().get(url).content.decode()
        assert re.search(rf'<a [^>]*href="{write}"[^>]*>.*?Bewertung schreiben', html, re.DOTALL), url
        for row in (one, two):
            link = rf'href="{report.format(row.pk)}"[^>]*>Melden<span class="visually-hidden"> {row.title}</span></a>'
            assert re.search(link, html), url
    assert Client().get(report.format(one.pk)).status_code == 200
    assert f'href="{write}"' in Client().get(product.get_absolute_url()).content.decode()
    client = Client()
    client.force_login(make_user())
    assert client.get(write).status_code == 200


def test_how_reviews_are_checked_is_said_beside_them() -> None:
    html = Client().get(make_product().get_absolute_url()).content.decode()
    assert "Wie wir Bewertungen prüfen" in html


def test_the_average_follows_each_decision() -> None:
    product = make_product()
    one, two, _three = published(product, 5, 2, 2)
    assert stars(product) == (3.0, 3)
    actions.refuse(review=one, by=None, why="Werbung")
    assert stars(product) == (2.0, 2)
    said(product, 5, two.user)  # written anew: waits again
    assert stars(product) == (2.0, 1)
    assert ProductReview.objects.filter(user=two.user).count() == 1
    assert ratings_follow_the_reviews() == []


def test_verify_sees_stars_that_no_review_gave() -> None:
    product = make_product()
    published(product, 5)
    assert ratings_follow_the_reviews() == []
    Product.objects.filter(pk=product.pk).update(rating=1.0)
    assert len(ratings_follow_the_reviews()) == 1
    Product.objects.filter(pk=product.pk).update(rating=5.0, review_count=7)
    assert len(ratings_follow_the_reviews()) == 1


def test_who_is_refused_is_told_why_and_can_write_anew(outbox: Any) -> None:
    product, person = make_product(), make_user("erika@example.org")
    row = said(product, 1, person)
    with pytest.raises(ValueError):
        actions.refuse(review=row, by=None, why="  ")
    actions.refuse(review=row, by=None, why="Die Bewertung nennt den Namen einer Verkäuferin.")
    outbox.drain()
    mail = OutgoingMail.objects.get(kind="review_refused")
    assert mail.recipient == "erika@example.org"
    assert "Namen einer Verkäuferin" in mail.text
    again = said(product, 1, person, body="Ohne Namen.")
    assert (again.pk, again.state, again.decided_why) == (row.pk, "waiting", "")


def test_two_who_decide_at_once_do_not_overwrite_each_other() -> None:
    row = said(make_product(), 3)
    late = ProductReview.objects.get(pk=row.pk)
    actions.publish(review=row, by=None)
    with pytest.raises(StaleState):
        actions.refuse(review=late, by=None, why="zu spät")


def test_staff_read_the_queue_and_are_led_on(client: Client) -> None:
    product = make_product()
    first, second = said(product, 1), said(product, 5)
    client.force_login(make_staff("laden@example.org", "dashboard.enter", "reviews.moderate_reviews"))
    assert "Passt gut" in client.get("/dashboard/reviews/?show=todo").content.decode()
    url = f"/dashboard/reviews/{first.pk}/"
    assert client.post(url, {"step": "refuse", "why": ""}).status_code == 400
    assert client.post(url, {"step": "nonsense"}).status_code == 400
    answer = client.post(url, {"step": "publish", "seen": actions.seen_of(first)})
    assert answer["Location"] == f"/dashboard/reviews/{second.pk}/"
    again = client.post(url, {"step": "publish", "seen": actions.seen_of(first)})
    assert again.status_code == 400  # it is published: in words, no error
    refusal = {"step": "refuse", "why": "Beleidigt eine Kollegin.", "seen": actions.seen_of(second)}
    answer = client.post(answer["Location"], refusal)
    assert answer["Location"] == "/dashboard/reviews/"
    assert stars(product) == (1.0, 1)
    csv = client.get("/dashboard/reviews/?format=csv").content.decode()
    assert "Passt gut" in csv


@pytest.mark.parametrize("step", ["publish", "refuse"])
def test_words_that_were_changed_after_they_were_read_are_not_decided(client: Client, step: str) -> None:
    product, person = make_product(), make_user()
    row = said(product, 4, person)
    client.force_login(make_staff("laden@example.org", "dashboard.enter", "reviews.moderate_reviews"))
    url = f"/dashboard/reviews/{row.pk}/"
    form = {"step": step, "why": "Werbung", "seen": client.get(url).context["seen"]}
    said(product, 1, person, body="Lauter Halunken.")
    answer = client.post(url, form)
    assert answer.status_code == 400 and "inzwischen geändert" in answer.content.decode()
    assert "Halunken" in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, stars(product)) == ("waiting", (None, 0))
    assert client.post(url, {"step": step, "why": "Werbung"}).status_code == 400, "nothing was shown"
    client.post(url, {**form, "seen": answer.context["seen"]})
    row.refresh_from_db()
    assert row.state != "waiting"


def test_a_report_hides_nothing_by_itself_and_waits_for_a_person(client: Client) -> None:
    product = make_product()
    [row] = published(product, 2)
    url = f"/reviews/{row.pk}/report/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "nonsense"}).status_code == 400
    assert client.post(url, {"reason": "fake", "email": "keine"}).status_code == 400
    assert client.post(url, {"reason": "fake", "words": "Nie dort gekauft."}).status_code == 302
    assert stars(product) == (2.0, 1)
    staff = Client()
    staff.force_login(make_staff("laden@example.org", "dashboard.enter", "reviews.moderate_reviews"))
    page = f"/dashboard/reviews/{row.pk}/"
    assert "Nie dort gekauft." in staff.get(page).content.decode()
    assert row.title in staff.get("/dashboard/reviews/?show=todo").content.decode()
    staff.post(page, {"step": "keep"})
    assert ReviewReport.objects.get().upheld is False
    assert row.title not in staff.get("/dashboard/reviews/?show=todo").content.decode()


def test_what_is_not_published_cannot_be_reported(client: Client) -> None:
    row = said(make_product(), 3)
    assert client.get(f"/reviews/{row.pk}/report/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"score": "0"},
        {"score": "6"},
        {"score": ""},
        {"title": "\u200b"},
        {"title": "x" * 101},
        {"body": "kurz"},
        {"body": "x" * 4_001},
        {"name": ""},
    ],
)
def test_nonsense_is_refused_in_words_and_nothing_typed_is_lost(
    client: Client, changes: dict[str, str]
) -> None:
    product = make_product()
    client.force_login(make_user())
    answer = client.post(f"/reviews/product/{product.pk}/write/", {**WORDS, **changes})
    assert answer.status_code == 400
    assert ProductReview.objects.count() == 0
    if "body" not in changes:
        assert "Seit drei Wochen" in answer.content.decode()


def test_a_hidden_product_has_no_reviews_to_read_or_write(client: Client) -> None:
    product = make_product(is_public=False)
    client.force_login(make_user())
    child = variants(make_product())[0].product_id
    for pk in (product.pk, child, 999_999, 10**17):
        assert client.get(f"/reviews/product/{pk}/").status_code == 404
        assert client.get(f"/reviews/product/{pk}/write/").status_code == 404


def test_the_lists_cost_the_same_however_many_there_are(client: Client) -> None:
    small, large = make_product(), make_product("Groß")
    published(small, 4)
    published(large, *[1 + n % 5 for n in range(30)])
    client.force_login(make_staff("laden@example.org", "dashboard.enter", "reviews.moderate_reviews"))

    def cost(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url).status_code == 200
        return len(seen)

    assert cost(f"/reviews/product/{small.pk}/") == cost(f"/reviews/product/{large.pk}/")
    few = cost("/dashboard/reviews/?q=Elb")
    assert few == cost("/dashboard/reviews/")


def test_stars_filter_sort_and_junk_in_the_address(client: Client) -> None:
    product = make_product()
    published(product, 5, 1)
    url = f"/reviews/product/{product.pk}/"
    assert [row.score for row in client.get(f"{url}?stars=1").context["page_obj"]] == [1]
    assert [row.score for row in client.get(f"{url}?sort=best").context["page_obj"]] == [5, 1]
    for junk in ("stars=9", "stars=abc", "sort=;drop", "page=-1", "page=zzz", "stars=3"):
        assert client.get(f"{url}?{junk}").status_code == 200
