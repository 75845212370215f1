"""The mailbox of the back office: who may see what, and nothing in a mail can harm who looks at it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.urls import reverse

from checkout.order.models import Order
from shop.notifications import actions, sending
from shop.notifications.letter import Button, Letter, Paragraph
from shop.notifications.models import OutgoingMail
from shop.notifications.queries import mails_of_order
from tests.factories.people import make_staff, make_user

from .conftest import MailServer

Ordered = Callable[..., Order]
VIEW, RETRY = "notifications.view_mails", "notifications.retry_mails"
pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Any) -> Any:
    """The test browser of somebody who sees and retries mails."""
    client.force_login(make_staff("service@example.org", VIEW, RETRY))
    return client


def note(source: str = "test:1", *, confidential: bool = False, subject: str = "Guten Tag") -> OutgoingMail:
    letter = Letter(subject, "", "Guten Tag", "", [Paragraph("Ein geheimes Wort.")])
    with transaction.atomic():
        return actions.write(letter, kind="account", source=source, recipient="erika@example.org", language="de",
                             confidential=confidential)  # fmt: skip


def test_only_staff_with_the_permission_see_mails(client: Any, ordered: Ordered, mail_of: Any) -> None:
    mail = mail_of(ordered(), "order_confirmed")
    pages = [reverse("notifications:index"), reverse("notifications:detail", args=[mail.pk]),
             reverse("notifications:preview", args=[mail.pk])]  # fmt: skip
    for page in pages:
        assert client.get(page).status_code == 302
    client.force_login(make_user("kunde@example.org"))
    for page in pages:
        assert client.get(page).status_code == 403
    client.force_login(make_staff("lager@example.org"))
    for page in pages:
        assert client.get(page).status_code == 403


def test_retrying_is_a_permission_of_its_own(client: Any) -> None:
    mail = note()
    client.force_login(make_staff("marketing@example.org", VIEW))
    assert client.post(reverse("notifications:retry", args=[mail.pk])).status_code == 403
    assert client.post(reverse("notifications:retry_failed")).status_code == 403


def test_the_list_is_searched_filtered_sorted_and_saved_as_csv(staff: Any, ordered: Ordered) -> None:
    order, other = ordered(), ordered(email="anna@example.org")
    address = reverse("notifications:index")

    def subjects(**query: str) -> list[str]:
        return [mail.subject for mail in staff.get(address, query).context["page"]]

    assert len(subjects()) == 2
    assert subjects(q=order.number) == [f"Ihre Bestellung {order.number} ist bestätigt"]
    assert subjects(q="anna bestätigt") == [f"Ihre Bestellung {other.number} ist bestätigt"]
    assert subjects(state="sent") == []
    assert len(subjects(state="queued", kind="order_confirmed")) == 2
    assert subjects(sort="to")[0].startswith(f"Ihre Bestellung {other.number}")
    note(subject="=HYPERLINK(1)")
    csv = staff.get(address, {"format": "csv"}).content.decode()
    assert csv.count("\n") == 4
    assert "'=HYPERLINK(1)" in csv
    assert "Bestellbestätigung" in csv


@pytest.mark.parametrize(
    "query",
    ["state=junk", "kind=%27", "page=99999999999999999999", "sort=-x", "q=" + "x" * 5000, "page=-1", "q=%00"],
)
def test_junk_in_the_address_gets_words_and_never_an_error(staff: Any, query: str) -> None:
    note()
    assert staff.get(f"{reverse('notifications:index')}?{query}").status_code in (200, 400)


def test_the_list_takes_the_same_few_queries_however_many_mails(
    staff: Any, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        note(f"test:{n}")
    with django_assert_max_num_queries(9):
        staff.get(reverse("notifications:index"))


def test_a_mail_is_shown_in_a_frame_that_runs_and_loads_nothing(
    staff: Any, ordered: Ordered, mail_of: Any
) -> None:
    mail = mail_of(ordered(method="prepayment"), "order_placed")
    page = staff.get(reverse("notifications:detail", args=[mail.pk]))
    assert page.status_code == 200
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    body = page.content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in body
    assert mail.message_id.strip("<>") in body
    frame = staff.get(reverse("notifications:preview", args=[mail.pk]))
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert 'src="data:image/png;base64,' in frame.content.decode()


def test_files_of_a_mail_can_be_saved_and_those_of_another_mail_not(
    staff: Any, ordered: Ordered, mail_of: Any
) -> None:
    mail = mail_of(ordered(), "order_confirmed")
    file = mail.attachments.get()
    answer = staff.get(reverse("notifications:attachment", args=[mail.pk, file.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer.content.startswith(b"%PDF")
    assert staff.get(reverse("notifications:attachment", args=[note().pk, file.pk])).status_code == 404


def test_a_mail_that_opens_an_account_is_not_shown_to_staff(staff: Any, client: Any) -> None:
    mail = note(confidential=True)
    page = staff.get(reverse("notifications:detail", args=[mail.pk])).content.decode()
    assert "geheimes Wort" not in page
    assert staff.get(reverse("notifications:preview", args=[mail.pk])).status_code == 403
    client.force_login(make_user("admin@example.org", is_staff=True, is_superuser=True))
    assert "geheimes Wort" in client.get(reverse("notifications:preview", args=[mail.pk])).content.decode()


def addressed(*, confidential: bool) -> tuple[OutgoingMail, list[str]]:
    """A mail with an address of each kind that is a key, one that is none, and the keys."""
    keys = [
        "1-cx9f2k-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "eyJvIjoxLCJuIjoiIn0:1tR4aQ:8Kx_2v-Zk3s0d9f8g7h6j5k4l3",
        "Zk3s0d9f8g7h6j5k4l3-8Kx_2v-aB",  # a bracket behind it
        "abcdefgh-ijklmnopqrstuvwxyz",  # by its name alone: of small letters, as pages have them
    ]
    plain = "https://shop.example/de/help/allgemeine-geschaeftsbedingungen/?order=K10001"
    words = [f"https://shop.example/accounts/password/reset/key/{keys[0]}/",
             f"https://shop.example/withdrawal/?order=K10001&key={keys[1]}",
             f"(https://shop.example/alerts/{keys[2]})",
             f"https://shop.example/help/?key={keys[3]}", plain]  # fmt: skip
    letter = Letter("Guten Tag", "", "Guten Tag", "", [Paragraph(" ".join(words)), Button("Los", words[0])])
    with transaction.atomic():
        return actions.write(letter, kind="account", source="test:keys", recipient="erika@example.org",
                             language="de", confidential=confidential, unsubscribe_url=words[1]), keys  # fmt: skip


@pytest.mark.parametrize("confidential", [True, False])
def test_no_one_of_the_house_gets_to_see_a_key_and_a_sent_mail_that_is_one_forgets_it(
    client: Any, mail_server: MailServer, confidential: bool
) -> None:
    mail, keys = addressed(confidential=confidential)
    client.force_login(make_user("admin@example.org", is_staff=True, is_superuser=True))

    def shown() -> str:
        pages = [
            client.get(reverse(f"notifications:{name}", args=[mail.pk])) for name in ("detail", "preview")
        ]
        return "".join(page.content.decode() for page in pages)

    assert not [key for key in keys if key in shown()]
    assert "allgemeine-geschaeftsbedingungen/?order=K10001" in shown()
    assert sending.send_due() == 1
    [sent] = mail_server.received
    bodies = [sent.get_body((kind,)) for kind in ("plain", "html")]
    assert all(key in body.get_content() for body in bodies if body for key in keys), "the customer gets them"
    assert None not in bodies
    mail.refresh_from_db()
    assert [key in mail.html + mail.text for key in keys] == [not confidential] * 4
    assert (keys[1] in mail.unsubscribe_url) == (not confidential)
    assert not [key for key in keys if key in shown()]


def test_keys_of_mails_from_before_are_forgotten_by_the_migration(mail_server: MailServer) -> None:
    mail, keys = addressed(confidential=True)
    html, text = mail.html, mail.text
    migration: Any = import_module("shop.notifications.migrations.0015_keys_of_sent_mails")
    migration.forget(apps, type("Editor", (), {"connection": connection})())
    mail.refresh_from_db()
    assert keys[0] in mail.text, "it still has to be sent"
    sending.send_due()
    OutgoingMail.objects.update(html=html, text=text)
    migration.forget(apps, type("Editor", (), {"connection": connection})())
    mail.refresh_from_db()
    assert not [key for key in keys if key in mail.html + mail.text]


def test_the_buttons_send_failed_mails_again(staff: Any, mail_server: MailServer) -> None:
    mail_server.answer = "554 no"
    mails = [note("test:1"), note("test:2")]
    sending.send_due()
    page = staff.get(reverse("notifications:detail", args=[mails[0].pk])).content.decode()
    assert "the mail server answered 554: no" in page
    assert "GiveUp" not in page
    mail_server.answer = "250 OK"
    answer = staff.post(reverse("notifications:retry", args=[mails[0].pk]), follow=True)
    assert "noch einmal versandt" in answer.content.decode()
    assert "1" in staff.get(reverse("notifications:index")).content.decode()
    staff.post(reverse("notifications:retry_failed"))
    assert sending.send_due() == 2
    answer = staff.post(reverse("notifications:retry", args=[mails[0].pk]), follow=True)
    assert "bereits versandt" in answer.content.decode()
    assert len(mail_server.received) == 2


def test_a_get_never_sends_and_unknown_mails_are_not_found(staff: Any) -> None:
    mail = note()
    assert staff.get(reverse("notifications:retry", args=[mail.pk])).status_code == 405
    assert staff.get(reverse("notifications:detail", args=[999_999])).status_code == 404
    assert staff.get(reverse("notifications:index") + "99999999999999999999999/").status_code == 404


def test_the_mails_of_an_order_are_one_query(ordered: Ordered, django_assert_num_queries: Any) -> None:
    order = ordered(method="prepayment")
    with django_assert_num_queries(1):
        assert [mail.kind for mail in mails_of_order(order.pk)] == ["order_placed"]
