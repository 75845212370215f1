"""The customer's side of a case: how it stands in plain words, writing more, saying that it is settled; and the list of
an account, which holds its own requests only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from fulfilment.customer_service.cases import access, actions
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.cases.verify import CHECKS
from fulfilment.customer_service.withdrawals import actions as withdrawals
from shop.kernel.models import StateChange
from shop.ui.reasons import reason
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db
TOKEN = "abcdefghijklmnopqrstuvwxyz123456"
LIST = "/account/requests/"


@pytest.fixture(autouse=True)
def _ground(db: None) -> Iterator[None]:
    make_country()
    ensure_vat()
    with translation.override("de"):
        yield


def page_of(case: Case) -> str:
    return reverse("help-case", args=[access.token(case)])


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def answered(case: Case, *, wait: bool = True) -> None:
    clerk = make_staff("service@example.org")
    last = Case.objects.get(pk=case.pk).last_message_id
    actions.answer(case=case, body="Wir sehen es uns an.", key=f"a{last}", seen=last, by=clerk, wait=wait)


def test_how_it_stands_is_said_in_plain_words(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC))
    case, clerk = make_case(), make_staff("service@example.org")
    assert "Sie hören von uns bis" in text_of(client.get(page_of(case)))
    answered(case)
    waiting = text_of(client.get(page_of(case)))
    assert "Wir warten auf Sie" in waiting and "Sie hören von uns bis" not in waiting
    actions.decide(case=case, remedy="replacement", by=clerk)
    decided = text_of(client.get(page_of(case)))
    assert "Das tun wir für Sie: <strong>Neue Ware" in decided and "denselben Artikel neu" in decided
    actions.close(case=case, by=clerk, why="verschickt")
    closed = text_of(client.get(page_of(case)))
    assert "dann ist es wieder offen" in closed and "verschickt" not in closed


def test_an_order_that_staff_assign_is_not_given_to_who_wrote(client: Client) -> None:
    case, order = make_case(), make_order((make_variant(), 1))
    actions.set_order(case=case, order=order, by=make_staff("service@example.org"))
    page = client.get(page_of(case)).content.decode()
    # Named now: a link followed below may lead into English.
    lookup, its_page = reverse("orders:lookup"), reverse("orders:detail", args=[order.number])
    assert lookup in page
    for link in sorted(set(re.findall(r'href="(/[^"]*)"', page))):
        client.get(link)
    assert client.get(its_page).status_code == 302, "still a stranger"


def test_what_is_internal_is_never_on_the_customers_page(client: Client) -> None:
    case, clerk = make_case(), make_staff("service@example.org")
    actions.note(case=case, body="ruft oft an", key="n", by=clerk)
    answered(case)
    text = text_of(client.get(page_of(case)))
    assert "Wir sehen es uns an." in text and "ruft oft an" not in text


def test_the_customer_adds_words_and_a_picture_once(client: Client) -> None:
    url = page_of(make_case())
    assert client.post(url, {"token": TOKEN, "body": ""}).status_code == 422
    for _ in range(2):
        picture = SimpleUploadedFile("a.png", picture_bytes(), "image/png")
        assert (
            client.post(url, {"token": TOKEN, "body": "Beide Schuhe.", "pictures": [picture]}).status_code
            == 302
        )
    message = Case.objects.get().messages.last()
    assert Case.objects.get().messages.count() == 2 and message is not None and message.pictures.count() == 1


def test_a_wrong_file_beside_words_keeps_the_words(client: Client) -> None:
    liar = SimpleUploadedFile("a.png", b"GIF89a", "image/png")
    answer = client.post(page_of(make_case()), {"token": TOKEN, "body": "Beide Schuhe.", "pictures": [liar]})
    assert (
        answer.status_code == 422
        and "Beide Schuhe." in text_of(answer)
        and Case.objects.get().messages.count() == 1
    )


def test_the_customer_says_it_is_settled_and_may_come_back(client: Client) -> None:
    case = make_case()
    answered(case)
    url = reverse("help-settled", args=[access.token(case)])
    assert "Vielen Dank" in text_of(client.post(url, follow=True))
    assert "schon abgeschlossen" in text_of(client.post(url, follow=True)), "said twice it changes nothing"
    case.refresh_from_db()
    assert (case.state, case.answer_due_at) == ("closed", None) and case.solved_at
    change = StateChange.objects.get(machine="case", new="closed")
    assert reason(change.why) == "vom Kunden für erledigt erklärt" and change.by is None
    assert not [problem for _name, check in CHECKS for problem in check()]
    again = client.post(page_of(case), {"token": TOKEN, "body": "Doch nicht."}, follow=True)
    assert "wieder offen" in text_of(again)
    case.refresh_from_db()
    assert case.state == "in_work" and case.answer_due_at


def test_settled_by_a_link_that_is_looked_at_changes_nothing(client: Client) -> None:
    case = make_case()
    assert client.get(reverse("help-settled", args=[access.token(case)])).status_code == 405
    case.refresh_from_db()
    assert case.state == "received"


def test_a_flood_of_messages_is_stopped_and_keeps_the_words(client: Client, clock: Any) -> None:
    clock.stop()
    url = page_of(make_case())
    for number in range(19):
        assert client.post(url, {"token": TOKEN, "body": f"Nr. {number}"}).status_code == 302
    busy = client.post(url, {"token": TOKEN, "body": "Noch etwas."})
    assert busy.status_code == 429 and "Noch etwas." in text_of(busy)
    clock.advance(hours=1, seconds=1)
    assert client.post(url, {"token": TOKEN, "body": "Noch etwas."}).status_code == 302


def test_markup_in_words_is_shown_as_words(client: Client) -> None:
    case = make_case(body="<script>alert(1)</script>", subject="<b>x</b>", name="<i>y</i>")
    text = text_of(client.get(page_of(case)))
    assert "<script>alert(1)" not in text and "&lt;script&gt;" in text and "<i>y</i>" not in text


# The account


def member(client: Client) -> Any:
    person = make_user("kundin@example.org")
    client.force_login(person)
    return person


def test_an_account_lists_its_own_requests_and_nobody_elses(client: Client) -> None:
    person = member(client)
    own = make_case(user=person, body="Eigene Naht")
    make_case(key="two", user=make_user("andere@example.org"))
    make_case(key="three", email=person.email)
    html = client.get(LIST).content.decode()
    assert own.number in html and "Ihr Anliegen ist eingegangen" in html
    assert html.count("/help/case/") == 1, "an address alone proves nothing"


def test_requests_are_found_by_number_order_words_and_state(client: Client) -> None:
    person = member(client)
    order = make_order((make_variant(), 1), user=person)
    one = make_case(user=person, order=order)
    two = make_case(key="two", user=person, body="Die Sohle löst sich.")
    actions.settle(case=two)

    def found(query: str) -> list[str]:
        return [row[0].number for row in client.get(LIST + query).context["rows"]]

    assert found("") == [two.number, one.number]
    assert found(f"?q={one.number}") == found(f"?q={order.number}") == found("?state=open") == [one.number]
    assert found("?q=sohle") == found("?state=closed") == [two.number]
    assert "Nichts gefunden" in text_of(client.get(LIST + "?q=gibtesnicht"))


def test_words_that_only_staff_may_read_find_nothing(client: Client) -> None:
    case = make_case(user=member(client))
    actions.note(case=case, body="ruft oft an", key="n", by=make_staff("service@example.org"))
    assert client.get(f"{LIST}?q=ruft").context["rows"] == []


def test_an_empty_list_says_what_comes_here_and_strangers_are_sent_to_the_login(client: Client) -> None:
    assert client.get(LIST).status_code == 302
    member(client)
    assert "Noch keine Anliegen" in text_of(client.get(LIST))


@pytest.mark.parametrize("query", ["?state=quark", "?q=" + "x" * 500])
def test_nonsense_in_the_address_is_answered_with_words(client: Client, query: str) -> None:
    member(client)
    assert client.get(LIST + query).status_code == 400


@pytest.mark.parametrize("query", ["?page=-1", "?page=" + "9" * 40, "?q=%27%22%3Cscript%3E"])
def test_odd_addresses_still_show_the_list(client: Client, query: str) -> None:
    member(client)
    assert client.get(LIST + query).status_code == 200


def test_declared_withdrawals_stand_there_with_the_day_of_the_money(client: Client, clock: Any) -> None:
    clock.stop(dt.datetime(2026, 11, 22, 13, tzinfo=dt.UTC))
    order = make_order((make_variant(), 1), user=member(client))
    said = {"name": "Erika", "contract": order.number, "email": "erika@example.org", "language": "de"}
    found = withdrawals.receive(key="w", order=order, **said)  # type: ignore[arg-type]
    text = text_of(client.get(LIST))
    assert found.number in text and "Geld zurück bis" in text and "6. Dezember 2026" in text


def test_the_list_costs_the_same_however_long_it_is(client: Client) -> None:
    person = member(client)

    def cost(cases: int) -> int:
        for number in range(cases):
            order = make_order((make_variant(), 1), user=person)
            make_case(key=f"{cases}-{number}", user=person, order=order)
        with CaptureQueriesContext(connection) as seen:
            client.get(LIST)
        return len(seen)

    cost(1)
    assert cost(2) == cost(9)


def test_the_page_of_a_case_costs_the_same_however_long_the_thread(client: Client) -> None:
    def cost(messages: int) -> int:
        case = make_case(key=f"k{messages}")
        for number in range(messages):
            picture = SimpleUploadedFile("a.png", picture_bytes(size=(40 + number, 30)), "image/png")
            client.post(page_of(case), {"token": TOKEN, "body": f"Nr. {number}", "pictures": [picture]})
        with CaptureQueriesContext(connection) as seen:
            client.get(page_of(case))
        return len(seen)

    cost(1)
    assert cost(2) == cost(7)


def test_the_first_request_can_be_written_from_the_empty_list(client: Client) -> None:
    member(client)
    shown = client.get(LIST).content.decode()
    assert shown.count(f'href="{reverse("help")}"') >= 1 and "empty" in shown
    assert shown.count("Schreiben Sie uns") == 1, "one way, in the empty state"
