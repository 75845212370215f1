"""The desk's pages: the queue with its filters, a case's page, ready answers; two who write; bad input."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.customer_service.cases import actions, macros, pictures, queue
from fulfilment.customer_service.cases.actions import thread
from fulfilment.customer_service.cases.models import Case, Macro, Message, ServicePolicy
from shop.audit.models import Access
from shop.kernel.clock import now
from shop.kernel.states import StaleState
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country, make_order
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.shopping import make_user, make_variant

pytestmark = pytest.mark.django_db
KEY = "abcdefghijklmnopqrstuvwxyz12345"


@pytest.fixture
def clerk() -> Any:
    return make_staff(
        "service@example.org", "cases.view_cases", "cases.handle_cases", first_name="Svea", last_name="Kunde"
    )


@pytest.fixture
def desk(client: Client, clerk: Any) -> Client:
    client.force_login(clerk)
    return client


def shown(desk: Client, **query: Any) -> list[str]:
    page = desk.get(reverse("service:cases"), query)
    assert page.status_code == 200
    return [case.key for case in page.context["page"]]


def post(desk: Client, verb: str, case: Case, **data: Any) -> Any:
    return desk.post(reverse(f"service:case-{verb}", args=[case.number]), data)


def test_the_queue_shows_the_most_urgent_first_and_filters_stay_in_the_address(
    desk: Client, clerk: Any
) -> None:
    make_case(key="calm")
    hot = make_case(key="hot", reason="damaged", body="Das Paket war nass.")
    mine = make_case(key="mine", reason="question")
    actions.assign(case=mine, to=clerk, by=clerk, seen_assignee=None)
    done = make_case(key="done")
    actions.close(case=done, by=clerk, why="erledigt")
    assert shown(desk) == ["hot", "calm", "mine"]
    assert shown(desk, show="mine") == ["mine"]
    assert shown(desk, show="free") == ["hot", "calm"]
    assert shown(desk, show="closed") == ["done"]
    assert shown(desk, kind="transport_damage") == ["hot"]
    assert shown(desk, priority=3) == ["hot"]
    assert shown(desk, q="nass") == ["hot"]
    assert shown(desk, q=hot.number) == ["hot"]
    assert set(shown(desk, q="Erika", show="all")) == {"calm", "hot", "mine", "done"}
    assert shown(desk, q="erika@example.org", sort="number") == ["calm", "hot", "mine"]
    assert shown(desk, q="nowhere") == []


def test_late_cases_are_those_that_owe_something(desk: Client, clerk: Any) -> None:
    late = make_case(key="late")
    make_case(key="fine")
    solved = make_case(key="solved")
    Case.objects.exclude(key="fine").update(solve_due_at=now() - dt.timedelta(hours=1))
    actions.decide(case=solved, remedy="refund", by=clerk)
    Case.objects.filter(pk=solved.pk).update(answer_due_at=None)
    assert shown(desk, show="late") == [late.key]


def test_the_queue_costs_the_same_for_one_and_sixty_cases(desk: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(reverse("service:cases")).status_code == 200
        return len(queries)

    make_case()
    cost()  # what is remembered after the first page
    one = cost()
    for n in range(60):
        make_case(key=f"k{n}")
    assert cost() == one <= 10


def test_a_case_page_costs_the_same_for_one_and_twenty_messages(desk: Client) -> None:
    case = make_case()
    url = reverse("service:case", args=[case.number])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(url).status_code == 200
        return len(queries)

    cost()
    one = cost()
    for n in range(20):
        (row,) = pictures.store([pictures.draw(picture_bytes(size=(n + 2, 9)))])
        actions.write(case=case, body=f"Nachtrag {n}", key=f"w{n}", pictures=[row])
    assert cost() == one <= 22


def test_counting_stops_where_nobody_pages_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "COUNT_MAX", 3)
    for n in range(5):
        make_case(key=f"k{n}")
    paginator = queue.BoundedPaginator(Case.objects.order_by("pk"), 2)
    assert paginator.count == 3 and paginator.is_cut and paginator.num_pages == 2


def test_taking_the_next_one_gives_each_clerk_another_case(desk: Client, clerk: Any) -> None:
    one, two = make_case(key="one"), make_case(key="two")
    for _ in range(2):
        assert desk.post(reverse("service:case-next")).status_code == 302
    assert {Case.objects.get(pk=case.pk).assignee for case in (one, two)} == {clerk}
    assert desk.post(reverse("service:case-next"), follow=True).status_code == 200


def test_an_answer_is_sent_and_the_case_waits(desk: Client, outbox: Any) -> None:
    case = make_case()
    answer = post(desk, "answer", case, body="Gern.", then="wait", token=KEY, seen=case.last_message_id)
    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.state == "waiting_for_customer"
    outbox.drain()
    assert OutgoingMail.objects.filter(kind="case_answered").count() == 1
    post(desk, "answer", case, body="Gern.", then="wait", token=KEY, seen=0)
    assert Message.objects.filter(side="staff").count() == 1


def test_answering_can_close_the_case(desk: Client) -> None:
    case = make_case()
    post(desk, "answer", case, body="Gern.", then="close", token=KEY, seen=case.last_message_id)
    case.refresh_from_db()
    assert case.state == "closed" and case.answered_at


def test_a_closed_case_is_answered_once_and_stays_closed(desk: Client, outbox: Any) -> None:
    case = make_case()
    actions.settle(case=case)
    for _ in range(2):
        sent = post(desk, "answer", case, body="Gern.", then="close", token=KEY, seen=case.last_message_id)
        assert sent.status_code == 302
    case.refresh_from_db()
    outbox.drain()
    assert case.state == "closed" and OutgoingMail.objects.filter(kind="case_answered").count() == 1


def test_an_answer_that_cannot_close_the_case_is_not_sent_and_says_so_in_words(
    desk: Client, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case()

    def somebody_was_faster(*_args: Any, **_more: Any) -> None:
        raise StaleState("case 5: 'closed' may move to in_work, not to 'closed'")

    monkeypatch.setattr(thread, "move", somebody_was_faster)
    answer = post(desk, "answer", case, body="Der linke.", then="close", token=KEY, seen=case.last_message_id)
    text = answer.content.decode()
    assert answer.status_code == 409 and "Der linke." in text and "may move" not in text
    assert "Es wurde nichts gesendet" in text and case.messages.count() == 1
    outbox.drain()
    assert not OutgoingMail.objects.filter(kind="case_answered").exists()


@pytest.mark.parametrize(("then", "state"), [("keep", "in_work"), ("close", "closed"), ("wait", "decided")])
def test_where_a_decided_case_goes_after_an_answer_is_as_chosen(
    desk: Client, clerk: Any, then: str, state: str
) -> None:
    case = make_case()
    actions.decide(case=case, remedy="replacement", by=clerk)
    post(desk, "answer", case, body="Gern.", then=then, token=KEY, seen=case.last_message_id)
    case.refresh_from_db()
    assert case.state == state


def test_an_answer_past_a_new_message_is_refused_and_its_text_is_kept(desk: Client) -> None:
    case = make_case()
    seen = case.last_message_id
    actions.write(case=case, body="Nein, der rechte Schuh.", key="w")
    answer = post(desk, "answer", case, body="Der linke also.", then="wait", token=KEY, seen=seen)
    text = answer.content.decode()
    assert answer.status_code == 409 and "Der linke also." in text and "Nein, der rechte Schuh." in text
    assert not Message.objects.filter(side="staff").exists()
    newest = answer.context["case"].last_message_id
    assert (
        post(desk, "answer", case, body="Der rechte.", then="wait", token=KEY, seen=newest).status_code == 302
    )


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("answer", {"body": "", "then": "wait"}), ("answer", {"body": "x", "then": "fly"}), ("answer", {}),
        ("note", {"body": ""}), ("note", {"body": "x" * 20_000}), ("assign", {"to": "999999"}), ("assign", {"to": "x"}),
        ("priority", {"priority": "9"}), ("priority", {}), ("order", {"number": "K999"}), ("order", {}),
        ("decide", {"remedy": "gold"}), ("decide", {}), ("close", {"why": ""}), ("close", {"why": "x" * 999}),
        ("reopen", {}),
    ],
)  # fmt: skip
def test_bad_input_is_said_on_the_page(desk: Client, verb: str, data: dict[str, str]) -> None:
    case = make_case()
    answer = post(desk, verb, case, **data)
    assert answer.status_code == 422
    case.refresh_from_db()
    assert case.state == "received" and case.messages.count() == 1


def test_opening_a_case_again_without_a_reason_shows_the_case_and_is_a_look_at_it(desk: Client) -> None:
    case = make_case()
    assert case.number in post(desk, "reopen", case, why="").content.decode()
    assert Access.objects.get().key == case.number


def test_assign_priority_note_decide_close_and_reopen(desk: Client, clerk: Any) -> None:
    case = make_case()
    post(desk, "assign", case, to=clerk.pk, had="")
    post(desk, "priority", case, priority=4)
    post(desk, "note", case, body="Foto fehlt", token=KEY)
    post(desk, "decide", case, remedy="replacement", why="Naht")
    case.refresh_from_db()
    assert (case.assignee, case.priority, case.state, case.remedy) == (clerk, 4, "decided", "replacement")
    post(desk, "close", case, why="verschickt")
    post(desk, "reopen", case, why="doch nicht")
    case.refresh_from_db()
    assert case.state == "in_work"
    text = desk.get(reverse("service:case", args=[case.number])).content.decode()
    for words in ("Foto fehlt", "verschickt", "doch nicht", "Svea Kunde"):
        assert words in text


def test_an_order_of_another_address_is_assigned_only_by_who_made_sure(desk: Client) -> None:
    make_country()
    ensure_vat()
    case, order = make_case(email="andere@example.org"), make_order((make_variant(), 1))
    answer = post(desk, "order", case, number=order.number)
    case.refresh_from_db()
    assert (
        answer.status_code == 422
        and "mit einer anderen E-Mail-Adresse aufgegeben" in answer.content.decode()
        and not case.order
    )
    assert post(desk, "order", case, number=order.number, made_sure="on").status_code == 302
    case.refresh_from_db()
    page = desk.get(reverse("service:case", args=[case.number])).content.decode()
    assert case.order == order and "mit anderer E-Mail-Adresse bestellt" in page


def test_an_order_of_the_same_address_or_account_is_assigned_at_once(desk: Client) -> None:
    make_country()
    ensure_vat()
    person = make_user("kundin@example.org")
    own = make_order((make_variant(), 1), user=person)
    for case in (make_case(email="KUNDIN@example.org"), make_case(key="two", user=person)):
        assert post(desk, "order", case, number=own.number).status_code == 302
        case.refresh_from_db()
        page = desk.get(reverse("service:case", args=[case.number])).content.decode()
        assert case.order == own and "mit anderer E-Mail-Adresse bestellt" not in page


def test_who_else_has_the_case_open_is_said(desk: Client, clerk: Any) -> None:
    case, other = make_case(), make_staff("zweite@example.org", first_name="Tom", last_name="Zweit")
    actions.see_writing(case=case, user=other)
    assert "Tom Zweit" in desk.get(reverse("service:case", args=[case.number])).content.decode()
    assert post(desk, "here", case).json() == {"others": ["Tom Zweit"], "last": case.last_message_id}


def test_a_ready_answer_is_filled_in_and_a_name_is_never_read_as_a_place(desk: Client, clerk: Any) -> None:
    case = make_case(name="{me} {0}")
    macro = Macro.objects.create(title="Foto", body="Hallo {name}, Fall {case}{order}: {foo} {me}")
    Macro.objects.create(title="Photo", language="en", body="x")
    Macro.objects.create(title="alt", is_active=False, body="x")
    assert [one.title for one in macros.fitting(case)] == ["Foto"]
    assert macros.fill(macro, case, clerk) == f"Hallo {{me}} {{0}}, Fall {case.number}: {{foo}} Svea Kunde"
    page = desk.get(reverse("service:case", args=[case.number]), {"macro": macro.pk})
    assert f"Fall {case.number}" in page.context["answer_form"]["body"].value()


def test_ready_answers_and_hours_are_changed_by_who_may(client: Client) -> None:
    client.force_login(make_staff("chefin@example.org", "cases.change_macros"))
    assert client.post(reverse("service:macro-new"), {"title": "", "language": "de"}).status_code == 422
    sent = client.post(
        reverse("service:macro-new"),
        {"title": "Danke", "language": "de", "body": "Vielen Dank", "is_active": "on"},
    )
    macro = Macro.objects.get()
    assert sent.status_code == 302 and "Danke" in client.get(reverse("service:macros")).content.decode()
    client.post(
        reverse("service:macro", args=[macro.pk]), {"title": "Danke", "language": "de", "body": "Merci"}
    )
    macro.refresh_from_db()
    assert macro.body == "Merci" and not macro.is_active
    hours = {
        "opens": "08:00",
        "closes": "18:00",
        "holidays_of": "HH",
        "answer_hours": 4,
        "solve_hours": 20,
        "repair_weeks": 3,
    }
    assert client.post(reverse("service:policy"), hours).status_code == 302
    assert ServicePolicy.current().opens == dt.time(8)
    for wrong in (
        {"opens": "19:00"},
        {"answer_hours": 0},
        {"repair_weeks": 0},
        {"answer_hours": 30},
        {"holidays_of": "XX"},
        {"opens": "x"},
    ):
        assert client.post(reverse("service:policy"), hours | wrong).status_code == 422


def test_markup_in_what_customers_write_is_text_for_staff(desk: Client) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    case = make_case(body=evil, name=evil[:100], subject=evil[:100])
    for url in (reverse("service:case", args=[case.number]), reverse("service:cases")):
        text = desk.get(url).content.decode()
        assert "<script>alert(1)" not in text and "<img src=x" not in text


def test_line_breaks_in_names_make_no_mail_headers(desk: Client, outbox: Any) -> None:
    case = make_case(name="Erika\r\nBcc: all@example.org", subject="x\nBcc: y@example.org")
    post(
        desk,
        "answer",
        case,
        body="Subject: x\r\nBcc: z@example.org",
        then="wait",
        token=KEY,
        seen=case.last_message_id,
    )
    outbox.drain()
    assert outbox.failures() == []
    for mail in OutgoingMail.objects.all():
        assert "\n" not in mail.subject and mail.recipient == "erika@example.org"


def test_pictures_are_for_staff_who_see_cases(desk: Client, client: Client) -> None:
    (row,) = pictures.store([pictures.draw(picture_bytes())])
    case = make_case(pictures=[row])
    url = reverse("service:case-picture", args=[case.number, row.pk])
    assert desk.get(url)["Content-Type"] == "image/jpeg"
    other = make_case(key="two")
    assert desk.get(reverse("service:case-picture", args=[other.number, row.pk])).status_code == 404
    finance = Client()
    finance.force_login(make_staff("buch@example.org", "ledger.view_ledger"))
    assert finance.get(url).status_code == 403


def test_the_list_as_a_file_says_nothing_a_spreadsheet_would_run(desk: Client) -> None:
    make_case(name="=cmd|' /C calc'!A0")
    text = desk.get(reverse("service:cases"), {"format": "csv"}).content.decode()
    assert "'=cmd" in text and ";=cmd" not in text
