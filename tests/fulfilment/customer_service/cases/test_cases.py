"""Cases: opened once, answered once, nobody talks past a colleague, and what is internal stays inside."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import ProtectedError
from django.utils import timezone
from PIL import Image

from fulfilment.customer_service.cases import access, actions, pictures, verify
from fulfilment.customer_service.cases.events import CaseAnswered, CaseOpened
from fulfilment.customer_service.cases.models import LOW, Case, Message, Picture, ServicePolicy
from fulfilment.customer_service.cases.search import with_words
from shop.kernel.models import StateChange
from shop.kernel.states import StaleState, StateError
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case, picture_bytes
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.returns import dock_bins, sent_order
from tests.factories.stock import make_stockrecord

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def clerk() -> Any:
    return make_staff("service@example.org", "cases.handle_cases", first_name="Svea", last_name="Kunde")


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("naht.jpg", content, "image/jpeg")


def found_by(text: str) -> list[str]:
    return list(with_words(Case.objects.all(), text).order_by("pk").values_list("key", flat=True))


def test_a_case_is_sorted_timed_and_told(clock: Any, outbox: Any) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 25, 10)))
    case = make_case()
    assert (case.kind, case.state, case.number[:2]) == ("warranty", "received", "C1")
    assert case.answer_due_at == timezone.make_aware(dt.datetime(2026, 11, 26, 10))
    assert case.solve_due_at == timezone.make_aware(dt.datetime(2026, 12, 2, 10))
    (told,) = outbox.events(CaseOpened)
    assert (told.case_id, told.email) == (case.pk, "erika@example.org")


def test_the_same_form_twice_is_one_case(outbox: Any) -> None:
    assert make_case().pk == make_case().pk
    assert Message.objects.count() == 1 and len(outbox.events(CaseOpened)) == 1


@pytest.mark.parametrize("changes", [{"reason": "x"}, {"body": "  \n "}])
def test_what_is_no_case_is_refused_in_words(changes: dict[str, str]) -> None:
    with pytest.raises(actions.CaseRefused):
        make_case(**changes)
    assert not Case.objects.exists()


def test_lines_of_the_order_are_kept_and_foreign_ones_refused() -> None:
    make_country()
    dock_bins()
    order = sent_order((make_stockrecord(bins={"A-01": 5}), 2))
    line = order.lines.get()
    case = make_case(order=order, quantities={line.pk: 1})
    assert case.lines[0]["quantity"] == 1 and case.lines[0]["title"] == line.title
    with pytest.raises(actions.CaseRefused):
        make_case(key="two", order=order, quantities={line.pk: 3})
    with pytest.raises(actions.CaseRefused):
        make_case(key="three", order=order, quantities={line.pk + 1: 1})


def test_an_answer_goes_out_by_mail_and_the_next_move_is_the_customers(clerk: Any, outbox: Any) -> None:
    case = make_case()
    message = actions.answer(
        case=case, body="Wir schicken Ihnen ein neues Paar.", key="a", seen=case.last_message_id, by=clerk
    )
    case.refresh_from_db()
    assert (
        case.state == "waiting_for_customer" and case.answer_due_at is None and case.answered_at == message.at
    )
    outbox.drain()
    assert outbox.failures() == []
    mail = OutgoingMail.objects.get(kind="case_answered")
    assert "Wir schicken Ihnen ein neues Paar." in mail.text and mail.recipient == "erika@example.org"
    message.refresh_from_db()
    assert message.mail_id == mail.pk
    again = actions.answer(case=case, body="Wir schicken", key="a", seen=0, by=clerk)
    assert again.pk == message.pk and len(outbox.events(CaseAnswered)) == 1


def test_who_has_not_read_the_last_message_cannot_answer_past_it(clerk: Any, outbox: Any) -> None:
    case = make_case()
    actions.write(case=case, body="Es sind jetzt beide Schuhe.", key="w")
    with pytest.raises(actions.SomebodyWrote):
        actions.answer(case=case, body="Nur einer?", key="a", seen=case.last_message_id, by=clerk)
    assert not Message.objects.filter(side="staff").exists() and outbox.events(CaseAnswered) == []
    case.refresh_from_db()
    actions.answer(case=case, body="Beide also.", key="a", seen=case.last_message_id, by=clerk)


def test_a_customer_who_writes_opens_a_closed_case_and_is_owed_words_again(clerk: Any) -> None:
    case = make_case()
    actions.answer(case=case, body="Gern.", key="a", seen=case.last_message_id, by=clerk)
    actions.close(case=case, by=clerk, why="neues Paar verschickt")
    case.refresh_from_db()
    assert case.state == "closed" and case.solved_at is not None and case.due_at is None
    actions.write(case=case, body="Es kam das falsche Paar.", key="w")
    case.refresh_from_db()
    assert case.state == "in_work" and case.answer_due_at is not None
    assert [change.new for change in StateChange.objects.filter(machine="case", thing_id=case.pk)] == [
        "waiting_for_customer", "closed", "in_work",
    ]  # fmt: skip


def test_a_key_of_one_case_writes_nothing_in_another(clerk: Any) -> None:
    one, two = make_case(), make_case(key="two")
    actions.note(case=one, body="Stammkundin", key="n", by=clerk)
    with pytest.raises(actions.CaseRefused):
        actions.note(case=two, body="Stammkundin", key="n", by=clerk)


def test_two_who_take_a_case_one_gets_it(clerk: Any) -> None:
    case, other = make_case(), make_staff("zweite@example.org")
    actions.assign(case=case, to=clerk, by=clerk, seen_assignee=None)
    with pytest.raises(StaleState):
        actions.assign(case=case, to=other, by=other, seen_assignee=None)
    case.refresh_from_db()
    assert case.assignee == clerk and case.state == "in_work"
    actions.assign(case=case, to=None, by=other, seen_assignee=clerk.pk)


def test_a_decision_names_a_remedy_and_stops_the_clock(clerk: Any) -> None:
    case = make_case()
    with pytest.raises(actions.CaseRefused):
        actions.decide(case=case, remedy="gold", by=clerk)
    actions.decide(case=case, remedy="replacement", by=clerk, why="Naht")
    case.refresh_from_db()
    assert (case.state, case.remedy) == ("decided", "replacement") and case.solved_at
    with pytest.raises(StateError):
        actions.decide(case=case, remedy="refund", by=clerk)
    actions.reopen(case=case, by=clerk, why="falsches Paar")
    actions.decide(case=Case.objects.get(pk=case.pk), remedy="refund", by=clerk)


def test_urgent_cases_are_due_sooner(clock: Any, clerk: Any) -> None:
    clock.stop(timezone.make_aware(dt.datetime(2026, 11, 25, 10)))
    case = make_case()
    actions.set_priority(case=case, priority=4, by=clerk)
    case.refresh_from_db()
    assert case.answer_due_at == timezone.make_aware(dt.datetime(2026, 11, 25, 12))
    with pytest.raises(actions.CaseRefused):
        actions.set_priority(case=case, priority=9, by=clerk)
    actions.close(case=case, by=clerk, why="erledigt")
    with pytest.raises(StaleState):
        actions.set_priority(case=case, priority=1, by=clerk)


def test_the_policy_is_one_row_and_must_make_sense(clerk: Any) -> None:
    policy = ServicePolicy.current()
    policy.answer_hours = 2
    actions.save_policy(policy, by=clerk)
    assert ServicePolicy.current().answer_hours == 2
    with pytest.raises(ValidationError):
        actions.save_policy(ServicePolicy(opens=dt.time(18), closes=dt.time(9)), by=clerk)
    with pytest.raises(ValidationError):
        actions.save_policy(ServicePolicy(answer_hours=50, solve_hours=40), by=clerk)
    with pytest.raises(ValidationError):
        actions.save_policy(ServicePolicy(repair_weeks=0), by=clerk)


def test_hours_that_never_add_up_to_the_target_are_refused_in_words(clerk: Any) -> None:
    three_hours = {"opens": dt.time(9), "closes": dt.time(12), "answer_hours": 8}
    for hours in (500, 1000):  # 500 h are within reach at normal priority, not at the low one
        with pytest.raises(ValidationError) as refused:
            actions.save_policy(ServicePolicy(**three_hours, solve_hours=hours), by=clerk)
        assert "solve_hours" in refused.value.message_dict
    actions.save_policy(ServicePolicy(**three_hours, solve_hours=350), by=clerk)
    actions.set_priority(case=make_case(), priority=LOW, by=clerk)


def test_who_else_writes_is_known_until_the_page_falls_silent(clerk: Any, clock: Any) -> None:
    case, other = make_case(), make_staff("zweite@example.org")
    clock.stop(dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC))
    assert actions.see_writing(case=case, user=clerk) == []
    assert actions.see_writing(case=case, user=other) == ["Svea Kunde"]
    clock.stop(dt.datetime(2026, 11, 25, 10, 1, tzinfo=dt.UTC))
    assert actions.see_writing(case=case, user=other) == []
    actions.stop_writing(case=case, user=other)
    assert actions.see_writing(case=case, user=clerk) == []


def test_words_in_messages_are_found_by_their_beginnings() -> None:
    make_case()
    make_case(key="two", body="Bitte um eine Rechnung für „Größe 42“ & mehr")
    assert found_by("naht") == ["one"]
    assert found_by("gerissen nah") == ["one"]
    assert found_by("größe") == ["two"]
    assert found_by("naht rechnung") == []
    assert found_by("42") == ["two"]
    make_case(key="three", body="ÖSEN »Übergröße« aus Weiß-Gold", name="Åsa Öhrström")
    for words in ("ösen", "ÜBERGRÖSSE", "übergröße", "weiß gold", "åsa", "öhr"):
        assert found_by(words) == ["three"], words


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE x; --", '"', "*", "naht OR x:*", "!!", "a" * 500, "NEAR(", "\x00"]
)
def test_no_sign_of_a_search_means_anything_to_the_index(text: str) -> None:
    make_case()
    list(with_words(Case.objects.all(), text))


def test_a_picture_is_drawn_anew_without_its_metadata_and_kept_once() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    content = picture_bytes("JPEG", (3000, 1500), exif=exif)
    (drawn,) = pictures.draw_all([upload(content), upload(content)])
    assert (drawn.width, drawn.height) == (2000, 1000) and b"secret place" not in drawn.content
    (row,) = pictures.store([drawn])
    case = make_case(pictures=[row])
    kept = Picture.objects.get(message__case=case)
    assert pictures.read(kept) == drawn.content and kept.size == len(drawn.content)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"GIF89a" + b"\0" * 40, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xff\xd8\xff\xe0 not really", b"%PDF-1.7", picture_bytes("PNG")[:60], picture_bytes("BMP"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(pictures.WrongPicture):
        pictures.draw(content)


def test_a_bomb_and_too_many_pictures_are_refused() -> None:
    with pytest.raises(pictures.WrongPicture):
        pictures.draw(picture_bytes("PNG", (9000, 9000)))
    with pytest.raises(pictures.WrongPicture):
        pictures.draw_all([upload(picture_bytes(size=(n + 1, 9))) for n in range(7)])


def test_a_small_file_that_unpacks_to_much_is_refused_and_a_phones_photo_is_drawn() -> None:
    with pytest.raises(pictures.WrongPicture, match="Bildpunkte"):
        pictures.draw(picture_bytes("PNG", (5100, 5000)))
    drawn = pictures.draw(picture_bytes("JPEG", (8064, 6048)))
    assert (drawn.width, drawn.height) == (2000, 1500)


def test_a_picture_that_lies_on_its_side_and_one_with_a_palette_are_drawn_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn = pictures.draw(picture_bytes("JPEG", (3000, 1500), exif=exif))
    assert (drawn.width, drawn.height) == (1000, 2000)
    out = io.BytesIO()
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).quantize().save(out, "PNG")
    ground = Image.open(io.BytesIO(pictures.draw(out.getvalue()).content))
    assert ground.size == (60, 40) and ground.getpixel((5, 5)) == (255, 255, 255), (
        "nothing shines through black"
    )


def test_a_link_opens_its_own_case_only_and_can_be_taken_away() -> None:
    one = make_case()
    link = access.token(one)
    assert access.case_of(link) == one
    assert access.case_of(link[:-2] + "xx") is None and access.case_of("") is None
    Case.objects.filter(pk=one.pk).update(nonce="another")
    assert access.case_of(link) is None


def test_cases_are_never_deleted() -> None:
    with pytest.raises(ProtectedError):
        make_case().delete()


def _sentences() -> list[str]:
    return [sentence for _name, check in verify.CHECKS for sentence in check()]


def test_verify_is_content_with_a_case_and_finds_what_is_broken(clerk: Any, outbox: Any, clock: Any) -> None:
    (row,) = pictures.store([pictures.draw(picture_bytes())])
    case = make_case(pictures=[row])
    actions.answer(case=case, body="Gern.", key="a", seen=case.last_message_id, by=clerk)
    outbox.drain()
    assert _sentences() == []
    storages["documents"].delete(row.key)
    assert any("missing in the store" in sentence for sentence in _sentences())
    Message.objects.filter(side="staff").update(mail_id=None, at=timezone.now() - dt.timedelta(hours=1))
    assert any("has no mail" in sentence for sentence in _sentences())
    Case.objects.update(last_message_id=0)
    assert any("its last message" in sentence for sentence in _sentences())
    Case.objects.update(state="closed", answer_due_at=timezone.now())
    assert any("owes an answer" in sentence for sentence in _sentences())
