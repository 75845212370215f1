"""The shopper's page behind the signed link, the mail that carries it, and the pages of staff."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.warehouse.shortages import actions
from fulfilment.warehouse.shortages.access import token
from fulfilment.warehouse.shortages.models import REFUND, SUBSTITUTE, WAIT, ShortagePolicy, ShortageQuestion
from shop.kernel.clock import now
from shop.notifications.models import OutgoingMail
from tests.factories.people import make_staff
from tests.factories.shortages import Missing, in_stock, order_with_missing_pieces

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(outbox: Any) -> Missing:
    return order_with_missing_pieces(outbox, language="en")


def url_of(question: ShortageQuestion) -> str:
    return reverse("orders:shortage", args=[token(question)])


@pytest.fixture
def clerk_at_desk(db: None) -> Client:
    client = Client()
    client.force_login(
        make_staff("service@example.org", "shortages.answer_questions", "shortages.offer_substitutes")
    )
    return client


def test_the_mail_says_what_is_missing_the_choices_and_the_deadline_in_both_languages(outbox: Any) -> None:
    for language, words in (("en", "Cancel the missing pieces"), ("de", "Die fehlenden Stücke stornieren")):
        case = order_with_missing_pieces(outbox, language=language)
        mail = OutgoingMail.objects.get(order=case.order, kind="shortage_asked")
        for body in (mail.html, mail.text):
            assert words in body
            assert "66" in body and "2" in body
        found = re.search(r"https?://\S+/missing/\S+", mail.text)
        assert found and len(re.findall(r"/missing/", mail.text)) == 1, "one link to one page"
        path = found.group().split("://", 1)[1].split("/", 1)[1]
        assert Client().get(f"/{path}").status_code == 200


def test_looking_changes_nothing_and_posting_decides_once(case: Missing, client: Client) -> None:
    url = url_of(case.question)
    for method in (client.get, client.head):
        assert method(url).status_code == 200
    assert case.refresh().question.is_open
    answer = client.post(url, {"choice": REFUND, "version": "1"}, follow=True)
    assert answer.status_code == 200
    assert "The missing pieces are no longer part of your order" in answer.content.decode()
    again = client.post(url, {"choice": WAIT, "version": "1"})
    assert (again.status_code, Refund.objects.count()) == (409, 1)
    assert "answered already" in again.content.decode()


@pytest.mark.parametrize("choice", ["", "burn", SUBSTITUTE, "wait ", "x" * 5_000])
def test_nonsense_is_asked_again(case: Missing, client: Client, choice: str) -> None:
    answer = client.post(url_of(case.question), {"choice": choice, "version": "1"})
    assert answer.status_code == 400
    assert "Please choose one of the ways." in answer.content.decode()
    assert case.refresh().question.is_open


@pytest.mark.parametrize("version", ["", "0", "2", "-1", "999999999999", "abc", "\u0663"])
def test_an_answer_to_another_question_than_shown_is_refused(
    case: Missing, client: Client, version: str
) -> None:
    answer = client.post(url_of(case.question), {"choice": WAIT, "version": version})
    assert answer.status_code == 409
    assert case.refresh().question.is_open


def test_forged_foreign_and_old_links_open_nothing(
    case: Missing, client: Client, clock: Any, outbox: Any
) -> None:
    other = order_with_missing_pieces(outbox)
    right = token(case.question)
    case.question.nonce = other.question.nonce
    for wrong in ("x", right[:-2] + "AA", token(case.question), "%00", "a" * 3_000):
        answer = client.get(reverse("orders:shortage", args=[wrong]))
        assert answer.status_code == 410
    clock.stop(now() + dt.timedelta(days=91))


def test_after_the_deadline_the_page_says_what_was_decided(case: Missing, client: Client) -> None:
    ShortageQuestion.objects.update(deadline=now())
    actions.apply_defaults()
    page = client.get(url_of(case.question)).content.decode()
    assert "The time to answer is over" in page
    late = client.post(url_of(case.question), {"choice": WAIT, "version": "1"})
    assert late.status_code == 409
    assert "so we have decided: refund" in late.content.decode()


def test_an_offered_substitute_is_a_choice_with_its_price(case: Missing, client: Client) -> None:
    other = in_stock(5, bin="D-01", price_minor=3_000, title="Alsterschuh")
    actions.offer_substitute(question=case.question, stockrecord=other, unit_minor=3_000, by=case.picker)
    page = client.get(url_of(case.question)).content.decode()
    assert "€60.00" in page and "You get back €6.66" in page
    answer = client.post(url_of(case.question), {"choice": SUBSTITUTE, "version": "2"}, follow=True)
    assert "The substitute takes the place" in answer.content.decode()


def test_the_page_needs_no_more_queries_for_a_long_order(outbox: Any, client: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    asked = []
    for boots in (1, 1, 6):
        case = order_with_missing_pieces(outbox, boots=boots)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url_of(case.question)).status_code == 200
        asked.append(len(queries))
    assert asked[1] == asked[2]


def test_staff_see_open_questions_find_and_export_them(case: Missing, clerk_at_desk: Client) -> None:
    page = clerk_at_desk.get("/dashboard/warehouse/shortages/")
    assert case.order.number in page.content.decode()
    assert (
        case.order.number
        in clerk_at_desk.get("?format=csv".join(["/dashboard/warehouse/shortages/", ""])).content.decode()
    )
    for query, status in (("?q=nothing", 200), ("?state=nonsense", 400), ("?sort=;drop&page=x", 200)):
        assert clerk_at_desk.get(f"/dashboard/warehouse/shortages/{query}").status_code == status
    for number in ("0", "999999999999999999", "1e9"):
        assert clerk_at_desk.get(f"/dashboard/warehouse/shortages/{number}/").status_code == 404


def test_staff_answer_for_the_customer_with_a_reason(case: Missing, clerk_at_desk: Client) -> None:
    url = reverse("warehouse:shortage", args=[case.question.pk])
    page = clerk_at_desk.get(url).content.decode()
    assert "Cancel the missing pieces" in page and "You get back €66.66" in page
    assert clerk_at_desk.post(f"{url}answer/", {"choice": WAIT, "version": 1}).status_code == 400
    assert clerk_at_desk.post(f"{url}answer/", {"choice": "x", "why": "y", "version": 1}).status_code == 400
    done = clerk_at_desk.post(f"{url}answer/", {"choice": WAIT, "why": "by phone", "version": 1}, follow=True)
    assert "Answered: I wait until everything is here" in done.content.decode()
    again = clerk_at_desk.post(f"{url}answer/", {"choice": WAIT, "why": "by phone", "version": 1})
    assert again.status_code == 409


def test_staff_offer_take_back_and_extend(case: Missing, clerk_at_desk: Client) -> None:
    other = in_stock(5, bin="D-01", price_minor=3_000)
    url = reverse("warehouse:shortage", args=[case.question.pk])
    for wrong in ({"sku": "no such", "price": "1"}, {"sku": other.partner_sku, "price": "x"}, {}):
        assert clerk_at_desk.post(f"{url}offer/", wrong).status_code == 400
    dear = clerk_at_desk.post(f"{url}offer/", {"sku": other.partner_sku, "price": "33.34"})
    assert (dear.status_code, "never dearer" in dear.content.decode()) == (409, True)
    assert clerk_at_desk.post(f"{url}offer/", {"sku": other.partner_sku, "price": "30.00"}).status_code == 302
    assert case.refresh().question.substitute_minor == 3_000
    assert clerk_at_desk.post(f"{url}take-back/").status_code == 302
    assert case.refresh().question.substitute is None
    assert clerk_at_desk.post(f"{url}extend/", {"hours": "0"}).status_code == 400
    assert clerk_at_desk.post(f"{url}extend/", {"hours": "100"}).status_code == 302


def test_who_may_not_offer_is_told_so(case: Missing) -> None:
    client = Client()
    client.force_login(make_staff("clerk@example.org", "shortages.answer_questions"))
    url = reverse("warehouse:shortage", args=[case.question.pk])
    assert "SKU of the substitute" not in client.get(url).content.decode()
    for verb in ("offer", "take-back"):
        assert client.post(f"{url}{verb}/", {}).status_code == 403


def test_the_rule_is_changed_by_a_manager_alone(clerk_at_desk: Client) -> None:
    assert clerk_at_desk.get("/dashboard/warehouse/shortages/rule/").status_code == 403
    boss = Client()
    boss.force_login(make_staff("boss@example.org", "shortages.change_policy", "shortages.answer_questions"))
    good = {"asks": "on", "hours": "24", "default_answer": "wait", "offerers": "everybody"}
    assert boss.post("/dashboard/warehouse/shortages/rule/", {**good, "hours": "0"}).status_code == 400
    assert boss.post("/dashboard/warehouse/shortages/rule/", good).status_code == 302
    assert ShortagePolicy.current().hours == 24


def test_the_order_page_says_that_it_waits_and_why(case: Missing) -> None:
    boss = Client()
    boss.force_login(make_staff("o@example.org", "order.view_orders", "shortages.answer_questions"))
    with override("en"):
        page = boss.get(reverse("dashboard:order", args=[case.order.number])).content.decode()
    assert "asked" in page and "missing" in page
    assert Order.objects.count() == 1


def test_staff_ask_again_when_the_goods_do_not_come(case: Missing, clerk_at_desk: Client) -> None:
    url = reverse("warehouse:shortage", args=[case.question.pk])
    again = {"why": "the supplier cannot deliver"}
    assert "Ask again" not in clerk_at_desk.get(url).content.decode()
    assert clerk_at_desk.post(f"{url}ask-again/", again).status_code == 409
    actions.answer(question=case.question, choice="wait")
    assert "Ask again" in clerk_at_desk.get(url).content.decode()
    assert clerk_at_desk.post(f"{url}ask-again/", {}).status_code == 400
    assert clerk_at_desk.post(f"{url}ask-again/", again).status_code == 302
    assert case.refresh().question.is_open
