"""A newsletter goes to whoever confirmed it, once each, and to nobody who left; tried first, and it can be stopped."""

from __future__ import annotations

import smtplib
from email import message_from_bytes
from typing import Any

import pytest
from django.core import mail as outgoing
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from shop.customers import newsletter
from shop.notifications import forgetting, issues, sending
from shop.notifications.models import NewsletterCopy, NewsletterIssue, OutgoingMail
from shop.notifications.tasks import forget, write_newsletters
from shop.notifications.verify import no_mail_is_dead_or_overdue
from tests.factories.people import make_staff

pytestmark = pytest.mark.django_db
TEXTS = {
    "subject_de": "Neue Stiefel",
    "text_de": "Moin,\n\nsie sind da.\n\n[Zu den Stiefeln](https://kontor.example/stiefel)",
    "subject_en": "New boots",
    "text_en": "They are here.",
}


@pytest.fixture
def author() -> Any:
    return make_staff("anna@example.org", "notifications.send_newsletters")


@pytest.fixture
def desk(client: Client, author: Any) -> Client:
    client.force_login(author)
    return client


def subscriber(email: str, language: str = "de") -> Any:
    from django.utils import translation

    with translation.override(language):
        newsletter.ask(email=email, place="", via="page")
        asked = newsletter.newest(email)
        assert asked is not None
        return newsletter.confirm(token=newsletter.confirm_token(asked), place="")


def written(by: Any, **texts: str) -> NewsletterIssue:
    return issues.save(issue=None, texts=TEXTS | texts, by=by)


def begun(by: Any, **texts: str) -> NewsletterIssue:
    issue = written(by, **texts)
    issues.try_it(issue=issue, by=by)
    issue.refresh_from_db()
    OutgoingMail.objects.all().delete()
    issues.start(issue=issue, by=by)
    return issue


def recipients() -> list[str]:
    return sorted(NewsletterCopy.objects.values_list("mail__recipient", flat=True))


def url(name: str, issue: NewsletterIssue, *more: Any) -> str:
    return reverse(f"notifications:{name}", args=[issue.pk, *more])


def test_from_the_first_word_to_the_report(desk: Client, outbox: Any) -> None:
    subscriber("de@example.org")
    subscriber("en@example.org", "en")
    newsletter.ask(email="nie@example.org", place="", via="page")  # never confirmed
    answer = desk.post(reverse("notifications:newsletter-new"), TEXTS)
    issue = NewsletterIssue.objects.get()
    assert answer["Location"] == url("newsletter", issue) and issue.state == "draft"
    page = desk.get(url("newsletter", issue)).content.decode()
    assert "erst an sich selbst" in page and 'value="start"' not in page
    told = desk.post(url("newsletter-act", issue), {"step": "start"}, follow=True).content.decode()
    assert "erst an sich selbst" in told and not OutgoingMail.objects.filter(kind="newsletter").exists()
    desk.post(url("newsletter-act", issue), {"step": "try"})
    tried = OutgoingMail.objects.filter(recipient="anna@example.org")
    assert sorted(tried.values_list("subject", flat=True)) == ["Neue Stiefel", "New boots"]
    OutgoingMail.objects.all().delete()
    assert "An alle verschicken" in desk.get(url("newsletter", issue)).content.decode()
    desk.post(url("newsletter-act", issue), {"step": "start"})
    write_newsletters()
    assert recipients() == ["de@example.org", "en@example.org"]
    assert sending.send_due() == 2
    write_newsletters()
    issue.refresh_from_db()
    assert (issue.state, issue.subscribers) == ("sent", 2)
    by_address = {one.to[0]: one for one in outgoing.outbox}
    german, english = by_address["de@example.org"], by_address["en@example.org"]
    assert (german.subject, english.subject) == ("Neue Stiefel", "New boots")
    assert "https://kontor.example/stiefel" in german.body and "They are here." in english.body
    headers = message_from_bytes(german.message().as_bytes())
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = headers["List-Unsubscribe"].strip("<>\n ").replace("\n ", "")
    assert leave in german.body.replace("\n", ""), "the same link stands in the letter"
    found = desk.get(url("newsletter", issue)).context["counts"]
    assert found == {"sent": 2, "waiting": 0, "failed": 0}
    listed = desk.get(reverse("notifications:newsletters")).content.decode()
    assert "Neue Stiefel" in listed and "nie@example.org" not in listed


def test_each_address_gets_it_once_however_often_the_task_runs(
    author: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "CHUNK", 2)
    for n in range(5):
        subscriber(f"n{n}@example.org")
    issue = begun(author)
    write_newsletters()
    assert len(recipients()) == 2
    subscriber("spaet@example.org")
    newsletter.leave(email="n0@example.org", place="", via="page")
    subscriber("n0@example.org")  # with a consent that is newer than where the sending stands
    for _n in range(5):
        write_newsletters()
    issue.refresh_from_db()
    assert issue.state == "sent"
    assert recipients() == sorted([*(f"n{n}@example.org" for n in range(5)), "spaet@example.org"])


def test_of_two_workers_at_the_same_chunk_one_writes_it(author: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriber("a@example.org")
    issue = begun(author)
    read = issues.newsletter.subscribers

    def slower() -> Any:
        monkeypatch.setattr(issues.newsletter, "subscribers", read)
        issues.write_due()  # the other worker comes by between reading and writing
        return read()

    monkeypatch.setattr(issues.newsletter, "subscribers", slower)
    assert issues.write_due() == 0
    assert recipients() == ["a@example.org"] and issue.copies.count() == 1


def test_stopping_takes_back_what_has_not_left_and_going_on_leaves_nobody_out(
    desk: Client, author: Any
) -> None:
    for n in range(3):
        subscriber(f"n{n}@example.org")
    issue = begun(author)
    write_newsletters()
    sending.send(OutgoingMail.objects.get(recipient="n1@example.org").pk)
    told = desk.post(url("newsletter-act", issue), {"step": "stop"}, follow=True).content.decode()
    assert "2 Mails wurden zurückgenommen" in told
    write_newsletters()
    assert recipients() == ["n1@example.org"]
    desk.post(url("newsletter-act", issue), {"step": "go_on"})
    write_newsletters()
    assert recipients() == ["n0@example.org", "n1@example.org", "n2@example.org"]
    assert issues.counts(issue) == {"sent": 1, "waiting": 2, "failed": 0}


def test_who_leaves_gets_nothing_that_still_waits(author: Any, outbox: Any) -> None:
    subscriber("bleibt@example.org")
    gone = subscriber("geht@example.org")
    begun(author)
    write_newsletters()
    newsletter.leave(email=gone.email, place="", via="one-click")
    outbox.drain()
    assert outbox.failures() == []
    assert recipients() == ["bleibt@example.org"]
    write_newsletters()
    assert recipients() == ["bleibt@example.org"]


def test_a_dead_address_is_reported_and_is_no_fault_of_the_shop(
    author: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber("weg@example.org")
    issue = begun(author)
    write_newsletters()

    def refuse(self: Any, **options: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"weg@example.org": (550, b"no such user")})

    monkeypatch.setattr(sending.Message, "send", refuse)
    sending.send_due()
    assert issues.counts(issue) == {"sent": 0, "waiting": 0, "failed": 1}
    assert no_mail_is_dead_or_overdue() == []


def test_copies_go_after_a_month_and_their_numbers_stay(author: Any, clock: Any) -> None:
    for n in range(3):
        subscriber(f"n{n}@example.org")
    issue = begun(author)
    write_newsletters()
    write_newsletters()
    OutgoingMail.objects.update(state=OutgoingMail.DONE)
    OutgoingMail.objects.filter(recipient="n0@example.org").update(state=OutgoingMail.DEAD)
    clock.advance(days=29)
    forget()
    assert issue.copies.count() == 3
    clock.advance(days=2)
    forget()
    issue.refresh_from_db()
    assert (issue.copies.count(), OutgoingMail.objects.count()) == (0, 0)
    assert issues.counts(issue) == {"sent": 2, "waiting": 0, "failed": 1}
    assert forgetting.forget_copies() == 0


def test_words_that_were_changed_are_tried_again_and_never_change_once_begun(
    desk: Client, author: Any
) -> None:
    subscriber("a@example.org")
    issue = written(author)
    issues.try_it(issue=issue, by=author)
    desk.post(url("newsletter-edit", issue), TEXTS | {"subject_de": "Andere Stiefel"})
    issue.refresh_from_db()
    assert (issue.subject_de, issue.tested_at) == ("Andere Stiefel", None)
    stale = NewsletterIssue.objects.get(pk=issue.pk)
    issues.try_it(issue=issue, by=author)
    stale.tested_at = issue.created_at  # read before it was written anew
    with pytest.raises(issues.NotPossible):
        issues.start(issue=stale, by=author)
    issue.refresh_from_db()
    issues.start(issue=issue, by=author)
    assert desk.get(url("newsletter-edit", issue)).status_code == 302
    for deed in (issues.drop, issues.start):
        with pytest.raises(issues.NotPossible):
            deed(issue=issue, by=author)
    with pytest.raises(issues.NotPossible):
        issues.save(issue=issue, texts=TEXTS, by=author)


def test_without_subscribers_nothing_begins(author: Any) -> None:
    issue = written(author)
    issues.try_it(issue=issue, by=author)
    issue.refresh_from_db()
    with pytest.raises(issues.NotPossible, match="niemand"):
        issues.start(issue=issue, by=author)


def test_one_language_is_enough_for_all(author: Any) -> None:
    subscriber("en@example.org", "en")
    begun(author, subject_en="", text_en="")
    write_newsletters()
    assert OutgoingMail.objects.get(recipient="en@example.org").subject == "Neue Stiefel"


@pytest.mark.parametrize(
    "texts",
    [
        dict.fromkeys(TEXTS, ""),
        {"subject_de": "Nur ein Betreff"},
        {"text_en": "Only a text"},
        {"subject_de": "x" * 200, "text_de": "y"},
        {"subject_de": "x", "text_de": "y" * 10_001},
        {"subject_de": "  ", "text_de": " \n "},
    ],
)
def test_half_an_issue_is_refused_in_words(desk: Client, texts: dict[str, str]) -> None:
    answer = desk.post(reverse("notifications:newsletter-new"), texts)
    assert answer.status_code == 422 and answer.context["form"].errors
    assert not NewsletterIssue.objects.exists()


def test_a_subject_has_one_line_and_only_https_becomes_a_button(desk: Client) -> None:
    text = "[Klick](javascript:alert(1))\n\n<script>x</script>"
    desk.post(
        reverse("notifications:newsletter-new"), {"subject_de": "Neu\r\nBcc: x@example.org", "text_de": text}
    )
    issue = NewsletterIssue.objects.get()
    assert "\n" not in issue.subject_de and "\r" not in issue.subject_de
    html = desk.get(url("newsletter-preview", issue, "de")).content.decode()
    assert 'href="javascript' not in html and "<script>" not in html
    for code in ("en", "xx"):
        assert desk.get(url("newsletter-preview", issue, code)).status_code == 404


@pytest.mark.parametrize("step", ["", "stop", "go_on", "fly"])
def test_steps_that_make_no_sense_now_change_nothing(desk: Client, author: Any, step: str) -> None:
    issue = written(author)
    assert desk.post(url("newsletter-act", issue), {"step": step}).status_code == 302
    issue.refresh_from_db()
    assert issue.state == "draft"
    assert desk.get(url("newsletter-act", issue)).status_code == 405


def test_the_list_is_filtered_sorted_exported_and_costs_the_same_for_many(desk: Client, author: Any) -> None:
    first = written(author)
    written(author, subject_de="Pflege")
    desk.get(reverse("notifications:newsletters"))
    with CaptureQueriesContext(connection) as few:
        desk.get(reverse("notifications:newsletters"))
    for n in range(8):
        written(author, subject_de=f"Ausgabe {n}")
    with CaptureQueriesContext(connection) as many:
        desk.get(reverse("notifications:newsletters"))
    assert len(many) == len(few)
    page = desk.get(reverse("notifications:newsletters"), {"q": "Neue", "state": "draft", "sort": "-written"})
    assert [one.pk for one in page.context["page"]] == [first.pk]
    assert not list(desk.get(reverse("notifications:newsletters"), {"state": "sent"}).context["page"])
    assert desk.get(reverse("notifications:newsletters"), {"state": "junk"}).status_code == 400
    file = desk.get(reverse("notifications:newsletters"), {"format": "csv"}).content.decode("utf-8-sig")
    assert file.count("\n") == 11 and "Pflege" in file
    desk.post(url("newsletter-act", first), {"step": "drop"})
    assert not NewsletterIssue.objects.filter(pk=first.pk).exists()


def test_an_address_has_one_copy_of_an_issue_in_the_database_too(author: Any) -> None:
    from django.db import IntegrityError

    subscriber("a@example.org")
    issue = begun(author)
    write_newsletters()
    twin = OutgoingMail.objects.get(copy__issue=issue)
    twin.pk, twin.source, twin.message_id = None, "twin", "<twin@example.org>"
    twin.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        NewsletterCopy.objects.create(issue=issue, email="a@example.org", mail=twin)
