"""What is stuck is named with its cause, and what staff do about it is safe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.images import get_image_model

from catalogue.models import Category, CategoryPicture
from catalogue.search.models import Rebuild
from checkout.order.models import Order
from checkout.payment.actions import receive_transfer
from checkout.payment.models import Payment, Refund
from checkout.payment.stripe_client import ProviderDown, ProviderRefused
from fulfilment.finance.bank.models import StatementFile
from fulfilment.finance.ledger.models import Seal
from fulfilment.warehouse.picking.models import PickList
from shop.celery import app
from shop.dashboard import operations, upkeep
from shop.kernel import clock as house_clock
from shop.kernel import inbox
from shop.kernel.models import Delivery, InboxMessage, QueuePulse, TaskTrouble, Upkeep
from shop.notifications.models import OutgoingMail
from shop.pages.models import PictureTrouble
from shop.pages.pictures import TRIES_MAX
from tests.factories.range import make_category, make_product
from tests.factories.shopping import make_user, make_variant, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(as_role: Callable[[str], Client]) -> Client:
    return as_role("manager")


@pytest.fixture
def order() -> Order:
    """An order whose money has come, with deliveries that wait."""
    found = place_order((make_variant(), 1), method="prepayment")
    receive_transfer(payment=Payment.objects.get(), amount_minor=found.total_minor, reference="t1")
    return found


def page(desk: Client) -> Any:
    answer = desk.get(reverse("dashboard:operations"))
    assert answer.status_code == 200
    return answer


def test_a_quiet_house_says_so(desk: Client) -> None:
    assert page(desk).context["fine"]


def test_a_delivery_that_was_given_up_is_shown_with_its_cause_and_done_after_a_retry(
    desk: Client, order: Order, outbox: Any
) -> None:
    dead = Delivery.objects.filter(message__name="OrderConfirmed", subscriber__contains="pick").get()
    Delivery.objects.filter(pk=dead.pk).update(state="dead", attempts=12, last_error="KeyError: 'bin'")
    assert "KeyError" in page(desk).content.decode()
    outbox.drain()
    assert not PickList.objects.filter(order=order).exists()
    desk.post(reverse("dashboard:retry", args=["delivery", dead.pk]))
    outbox.drain()
    assert PickList.objects.filter(order=order).count() == 1
    assert page(desk).context["deliveries"]["rows"] == []


def test_a_retry_of_what_is_done_does_nothing_twice(desk: Client, order: Order, outbox: Any) -> None:
    outbox.drain()
    done = Delivery.objects.filter(state="done").first()
    assert done is not None
    desk.post(reverse("dashboard:retry", args=["delivery", done.pk]))
    done.refresh_from_db()
    assert done.state == "done"


def test_overdue_deliveries_show_that_no_worker_runs(desk: Client, order: Order, clock: Any) -> None:
    clock.stop()
    clock.advance(minutes=20)
    answer = page(desk)
    assert answer.context["deliveries"]["rows"]
    assert (answer.context["signs"][0].at, answer.context["signs"][0].tone) != (None, "good")


def test_all_of_a_kind_are_tried_again_at_once(desk: Client, order: Order, outbox: Any) -> None:
    Delivery.objects.update(state="dead", attempts=12, last_error="x")
    desk.post(reverse("dashboard:retry-all", args=["delivery"]))
    assert not Delivery.objects.filter(state="dead").exists()
    outbox.drain()
    assert PickList.objects.count() == 1


def test_a_message_nobody_understood_is_tried_again(desk: Client) -> None:
    row, _new = inbox.receive(source="stripe", external_id="evt_1", body="{}", kind="odd")
    InboxMessage.objects.filter(pk=row.pk).update(state="dead", last_error="ValueError: no object")
    assert "no object" in page(desk).content.decode()
    desk.post(reverse("dashboard:retry", args=["inbox", row.pk]))
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 0)


def test_a_mail_that_was_given_up_is_counted_and_leads_to_it_with_what_is_safe_to_do(
    desk: Client, order: Order, outbox: Any
) -> None:
    outbox.drain()
    lost = OutgoingMail.objects.latest("pk")
    assert page(desk).context["fine"]
    OutgoingMail.objects.filter(pk=lost.pk).update(state="dead", attempts=12, last_error="550 no such user")
    answer = page(desk)
    assert (answer.context["mails"], answer.context["fine"]) == (1, False)
    link = f"{reverse('notifications:index')}?state=failed"
    text = answer.content.decode()
    assert f'<a href="{link}">1</a>' in text
    safe = "Unbedenklich: noch einmal senden; eine gesendete Mail geht nicht zweimal hinaus."
    assert safe in text
    assert lost.subject in desk.get(link).content.decode()


@pytest.mark.parametrize("path", ["delivery/999999/", "inbox/999999/", "gold/1/", "gold/all/"])
def test_what_is_not_there_cannot_be_retried(path: str, desk: Client) -> None:
    assert desk.post(f"{reverse('dashboard:operations')}{path}").status_code == 404
    assert desk.get(f"{reverse('dashboard:operations')}delivery/1/").status_code == 405


def stuck_payment(clock: Any) -> Payment:
    clock.stop()
    order = place_order((make_variant(), 1))
    Payment.objects.filter(order=order).update(intent_id="pi_1")
    clock.advance(minutes=11)
    return Payment.objects.get(order=order)


def test_a_stuck_payment_is_asked_about_at_the_provider(
    desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = stuck_payment(clock)
    assert payment.order.number in page(desk).content.decode()
    asked = []

    def settle(*, payment_id: int, by: Any) -> Payment:
        asked.append((payment_id, by.email))
        return payment

    monkeypatch.setattr(operations, "settle", settle)
    assert desk.post(reverse("dashboard:ask-payment", args=[payment.pk])).status_code == 302
    assert asked == [(payment.pk, "manager@example.org")]


@pytest.mark.parametrize("error", [ProviderDown("no route"), ProviderRefused("no such intent")])
def test_a_provider_that_does_not_answer_changes_nothing(
    error: Exception, desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = stuck_payment(clock)

    def settle(**_: Any) -> Payment:
        raise error

    monkeypatch.setattr(operations, "settle", settle)
    answer = desk.post(reverse("dashboard:ask-payment", args=[payment.pk]), follow=True)
    assert answer.status_code == 200
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    payment.refresh_from_db()
    assert payment.state == "created"


def test_a_failed_refund_is_sent_again_as_a_new_wish(
    desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = stuck_payment(clock)
    Payment.objects.filter(pk=payment.pk).update(state="captured")
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=100,
        source="test",
        reason="x",
        state="failed",
        failure_text="card closed",
    )
    assert "card closed" in page(desk).content.decode()
    sent = []
    monkeypatch.setattr(operations, "send_refund", lambda *, refund_id: sent.append(refund_id) or True)
    desk.post(reverse("dashboard:refund-again", args=[refund.pk]))
    refund.refresh_from_db()
    assert sent == [refund.pk]
    # With the old key the provider would only repeat its old answer.
    assert (refund.state, refund.idempotency_key) == ("requested", f"refund:{refund.pk}:1")


def test_a_picture_of_a_page_that_was_given_up_is_shown_with_its_cause_and_what_is_safe(desk: Client) -> None:
    picture = get_image_model().objects.create(title="Kai", file="original_images/kai.png", width=3, height=2)
    row = PictureTrouble.objects.create(image=picture, tries=TRIES_MAX, trouble="UnidentifiedImageError: kai")
    found = page(desk)
    assert not found.context["fine"]
    words = found.content.decode()
    assert "UnidentifiedImageError: kai" in words and "Kai" in words and "noch einmal versucht" in words
    picture.save()
    assert not PictureTrouble.objects.filter(pk=row.pk).exists() and page(desk).context["fine"], (
        "as the page says"
    )


def test_a_picture_of_a_product_that_was_given_up_is_shown_and_tried_again_when_asked(
    desk: Client, queue: Any, django_capture_on_commit_callbacks: Any
) -> None:
    image = make_product().images.get()
    type(image).objects.filter(pk=image.pk).update(
        tries=TRIES_MAX, made_at=None, trouble="UnidentifiedImageError: schuh"
    )
    found = page(desk)
    words = found.content.decode()
    assert not found.context["fine"]
    assert "UnidentifiedImageError: schuh" in words and image.product.title in words
    queue.asked.clear()
    again = reverse("dashboard:picture-again", args=[image.pk])
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(again).status_code == 302
    assert page(desk).context["fine"] and queue.names() == ["catalogue.make_pictures"]
    image.delete()
    assert desk.post(again, follow=True).status_code == 200, "gone meanwhile"


def test_a_picture_of_a_category_that_was_given_up_is_shown_and_tried_again_when_asked(
    desk: Client, queue: Any, django_capture_on_commit_callbacks: Any
) -> None:
    Category.objects.filter(pk=make_category("Stiefel").pk).update(image="categories/stiefel.png")
    row = CategoryPicture.objects.create(
        original="categories/stiefel.png", tries=TRIES_MAX, trouble="UnidentifiedImageError: stiefel"
    )
    found = page(desk)
    words = found.content.decode()
    assert not found.context["fine"] and "UnidentifiedImageError: stiefel" in words and "Stiefel<br>" in words
    queue.asked.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(reverse("dashboard:category-picture-again", args=[row.pk])).status_code == 302
    assert page(desk).context["fine"] and queue.names() == ["catalogue.make_pictures"]


def test_the_page_costs_the_same_for_none_and_many(desk: Client, clock: Any) -> None:
    page(desk)
    with CaptureQueriesContext(connection) as none:
        page(desk)
    for number in range(12):
        row, _new = inbox.receive(source="stripe", external_id=f"evt_{number}", body="{}")
        InboxMessage.objects.filter(pk=row.pk).update(state="dead")
    with transaction.atomic():
        for _ in range(12):
            place_order((make_variant(), 1), method="prepayment")
    Delivery.objects.update(state="dead", next_attempt_at=house_clock.now() - dt.timedelta(hours=1))
    with CaptureQueriesContext(connection) as many:
        assert len(page(desk).context["inbox"]["rows"]) == 12
    assert len(many) == len(none) <= 20


class TestSigns:
    """How far behind the house is, when what was done last, and the safe thing to do."""

    def found(self, desk: Client) -> dict[str, Any]:
        return {str(sign.label): sign for sign in page(desk).context["signs"]}

    def test_a_new_house_says_what_was_never_done(self, desk: Client) -> None:
        signs = list(self.found(desk).values())
        assert [sign.tone for sign in signs] == ["good", "warn", "", "", "warn", "warn", "warn"]
        assert all(sign.note for sign in signs)
        assert "backup --test" in signs[4].note and "restore" in signs[5].note

    def test_a_night_with_a_backup_a_seal_and_a_file_of_the_bank_is_good(
        self, desk: Client, clock: Any
    ) -> None:
        clock.stop()
        keep_house(clock)
        assert [sign.tone for sign in self.found(desk).values()] == [
            "good",
            "good",
            "",
            "",
            "good",
            "good",
            "good",
        ]
        assert all(sign.at or ":" in sign.text or sign.text for sign in self.found(desk).values())

    def test_a_week_without_anything_is_not(self, desk: Client, clock: Any) -> None:
        clock.stop()
        keep_house(clock)
        clock.advance(days=7)
        signs = list(self.found(desk).values())
        assert [sign.tone for sign in signs] == ["good", "bad", "warn", "warn", "warn", "good", "good"]

    def test_a_backup_that_failed_is_shown_with_its_cause_beside_the_last_good_one(
        self, desk: Client, clock: Any
    ) -> None:
        clock.stop()
        keep_house(clock)
        clock.advance(hours=1)
        Upkeep.objects.create(kind=Upkeep.BACKUP, ok=False, cause="No space left on device")
        sign = list(self.found(desk).values())[4]
        assert sign.tone == "bad" and "No space left" in sign.note and sign.at is not None

    def test_a_queue_without_a_worker_is_named(self, desk: Client, clock: Any) -> None:
        clock.stop()
        keep_house(clock)
        QueuePulse.objects.filter(queue="mail").delete()
        sign = list(self.found(desk).values())[1]
        assert sign.tone == "bad" and "mail" in sign.text

    def test_a_job_that_fails_is_shown_with_its_cause_and_runs_at_once_when_asked(
        self, desk: Client, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock.stop()
        sent: list[str] = []
        monkeypatch.setattr(app, "send_task", lambda name, **options: sent.append(name))
        row = TaskTrouble.objects.create(task="ledger.seal", failures=3, last_error="ValueError: a gap",
                                         next_at=clock.now() + dt.timedelta(minutes=40))  # fmt: skip
        answer = page(desk)
        assert not answer.context["fine"] and "ValueError: a gap" in answer.content.decode()
        assert desk.post(reverse("dashboard:run-task", args=[row.pk])).status_code == 302
        row.refresh_from_db()
        assert sent == ["ledger.seal"] and row.next_at == clock.now()
        TaskTrouble.objects.all().delete()
        assert desk.post(reverse("dashboard:run-task", args=[row.pk]), follow=True).status_code == 200
        assert sent == ["ledger.seal"]

    def test_how_far_the_building_of_the_index_is_and_how_it_ended(self, desk: Client, clock: Any) -> None:
        clock.stop()
        row = Rebuild.objects.create(done=1_200, total=5_000)

        def sign() -> Any:
            return list(self.found(desk).values())[6]

        assert (sign().text, sign().tone) == ("1200 von 5000 Artikeln", "")
        clock.advance(minutes=6)
        assert sign().tone == "warn", "nobody has heard of it for six minutes"
        Rebuild.objects.filter(pk=row.pk).update(state=Rebuild.FAILED, error="it holds 3 products")
        assert sign().tone == "warn" and "it holds 3 products" in sign().note
        Rebuild.objects.create(state=Rebuild.DONE, done=5_000, total=5_000)
        assert (sign().tone, sign().at) == ("good", house_clock.now())

    def test_whoever_may_not_see_the_bank_gets_no_link_there(self, db: None) -> None:
        nobody = make_user("nobody@example.org")
        assert [sign.url for sign in upkeep.signs(nobody)] == [""] * 7


def keep_house(clock: Any) -> None:
    """Everything that should be done was done just now."""
    Rebuild.objects.create(state=Rebuild.DONE)
    for queue in settings.QUEUES:
        QueuePulse.objects.create(queue=queue, sent_at=clock.now(), ran_at=clock.now())
    StatementFile.objects.create(
        name="a.xml", sha256="1" * 64, size_bytes=3, state="imported", finished_at=clock.now()
    )
    Seal.objects.create(number=1, day=clock.now().date(), entries=0, sha256="2" * 64, sealed_at=clock.now())
    for kind in (Upkeep.BACKUP, Upkeep.RESTORE_TEST):
        Upkeep.objects.create(kind=kind, ended_at=clock.now())
