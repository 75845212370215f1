"""Questions about missing pieces: asked once, decided once, changed only while they are open."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from checkout.order.actions import cancel
from checkout.order.models import Line
from checkout.payment.models import Refund
from fulfilment.warehouse.dispatch import actions as dispatch
from fulfilment.warehouse.picking import actions as picking
from fulfilment.warehouse.picking.models import PickLine, PickList
from fulfilment.warehouse.picking.queries import pick_lists
from fulfilment.warehouse.shortages import actions
from fulfilment.warehouse.shortages.models import (
    REFUND,
    SEND,
    SUBSTITUTE,
    WAIT,
    ShortagePolicy,
    ShortageQuestion,
)
from fulfilment.warehouse.shortages.words import choices_in_words
from fulfilment.warehouse.stock import actions as stock
from fulfilment.warehouse.stock.models import BinStock
from shop.kernel.clock import now
from tests.factories.people import make_staff
from tests.factories.shopping import make_user, make_variant, place_order
from tests.factories.shortages import in_stock, order_with_missing_pieces, pay, send_rest
from tests.factories.stock import make_bin, make_site

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_repeat_of_the_same_news_asks_nothing_again(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    assert (case.question.pieces, case.question.version) == (2, 1)
    for _ in range(2):
        actions.note_short(order_id=case.order.pk, order_line_id=case.line.pk)
    assert ShortageQuestion.objects.get().version == 1


def test_an_order_that_is_over_is_not_asked_about(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    cancel(order=case.order, why="test")
    assert actions.note_short(order_id=case.order.pk, order_line_id=case.line.pk) is None


def test_a_shop_that_does_not_ask_decides_by_its_rule_at_once(outbox: Any) -> None:
    boss = make_staff("boss@example.org")
    actions.set_policy(asks=False, hours=1, default_answer=SEND, offerers="nobody", by=boss)
    case = order_with_missing_pieces(outbox)
    assert (case.question.state, case.question.answer) == ("defaulted", SEND)
    assert not case.pick_list.waits_for_answer
    assert outbox.events("ShortageAsked") == []


def test_sending_the_rest_is_no_choice_when_there_is_no_rest(outbox: Any) -> None:
    boss = make_staff("boss@example.org")
    actions.set_policy(asks=True, hours=1, default_answer=SEND, offerers="nobody", by=boss)
    case = order_with_missing_pieces(outbox, shoes=2, missing=2, boots=0)
    assert [choice.code for choice in choices_in_words(case.question)] == [WAIT, REFUND]
    with pytest.raises(actions.ShortageError, match="cannot be chosen"):
        actions.answer(question=case.question, choice=SEND)
    ShortageQuestion.objects.update(deadline=now() - dt.timedelta(seconds=1))
    assert actions.apply_defaults() == 1
    assert ShortageQuestion.objects.get().answer == WAIT


@pytest.mark.parametrize("choice", ["", "burn", SUBSTITUTE, "x" * 500])
def test_nonsense_and_what_is_not_offered_is_refused_in_words(outbox: Any, choice: str) -> None:
    case = order_with_missing_pieces(outbox)
    with pytest.raises(actions.ShortageError, match="cannot be chosen"):
        actions.answer(question=case.question, choice=choice)
    assert case.refresh().question.is_open


def test_the_second_answer_is_told_what_the_first_one_was(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    actions.answer(question=case.question, choice=REFUND)
    for choice in (REFUND, WAIT):
        with pytest.raises(actions.AlreadyDecided, match="answered already: refund"):
            actions.answer(question=case.question, choice=choice)
    assert Refund.objects.count() == 1


def test_an_answer_after_the_rule_decided_is_too_late(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    ShortageQuestion.objects.update(deadline=now())
    assert actions.apply_default(question_id=case.question.pk)
    with pytest.raises(actions.AlreadyDecided, match="time to answer is over"):
        actions.answer(question=case.question, choice=WAIT)


def test_an_answer_to_a_question_that_changed_meanwhile_is_asked_again(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    other = in_stock(3, bin="D-01", price_minor=1_000)
    actions.offer_substitute(question=case.question, stockrecord=other, unit_minor=900, by=case.picker)
    with pytest.raises(actions.ShortageError, match="has changed"):
        actions.answer(question=case.question, choice=REFUND, seen_version=1)
    actions.answer(question=case.question, choice=REFUND, seen_version=2)


def test_pieces_that_turned_up_before_the_answer_settle_it(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    stock.receive(stockrecord=case.shoe, bin=make_bin("C-01"), quantity=2)
    assert actions.plan_waiting() == 2
    with pytest.raises(actions.AlreadyDecided, match="turned up"):
        actions.answer(question=case.question, choice=REFUND)
    assert not Refund.objects.exists()


def test_those_who_wait_for_what_is_promised_to_others_keep_nobody_behind_them_waiting(
    outbox: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first one's article a piece lies there, and a list will take it; of the second's one is free."""
    monkeypatch.setattr("fulfilment.warehouse.shortages.actions.goods.BATCH", 1)
    clock.stop()
    first = order_with_missing_pieces(outbox)
    clock.advance(minutes=5)
    second = order_with_missing_pieces(outbox)
    stock.receive(stockrecord=first.shoe, bin=make_bin("C-01"), quantity=1)
    other = place_order((first.shoe, 1), user=make_user("third@example.org"))
    pay(other)
    picking.make_pick_list(order_id=other.pk)  # before anybody heard of the goods
    assert PickLine.objects.get(order_line__order=other).state == "open"
    stock.receive(stockrecord=second.shoe, bin=make_bin("C-02"), quantity=1)
    assert actions.plan_waiting() == 1
    assert second.refresh().question.pieces == 1


def test_one_run_serves_no_more_than_a_batch_and_the_next_one_goes_on(
    outbox: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfilment.warehouse.shortages.actions.goods.BATCH", 1)
    clock.stop()
    cases = []
    for _n in range(2):
        cases.append(order_with_missing_pieces(outbox))
        clock.advance(minutes=5)
    for number, case in enumerate(cases):
        stock.receive(stockrecord=case.shoe, bin=make_bin(f"C-0{number}"), quantity=2)
    assert [actions.plan_waiting() for _n in range(3)] == [2, 2, 0]


def test_of_goods_that_come_the_longest_waiting_order_gets_them(outbox: Any, clock: Any) -> None:
    clock.stop()
    first = order_with_missing_pieces(outbox)
    clock.advance(minutes=5)
    actions.answer(question=first.question, choice=WAIT)
    stock.receive(stockrecord=first.shoe, bin=make_bin("C-01"), quantity=1)
    assert actions.plan_waiting(stockrecord_ids=[first.shoe.pk]) == 1
    first.refresh()
    assert (first.question.state, first.question.pieces) == ("answered", 1)
    assert first.pick_list.waits_for_answer
    assert actions.plan_waiting() == 0, "a second run finds nothing more"


def test_phantom_pieces_are_set_aside_and_not_sold_again(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    place = BinStock.objects.get(bin__code="A-01", stockrecord=case.shoe)
    assert (place.quantity, place.is_doubtful) == (2, True)
    actions.answer(question=case.question, choice=REFUND)
    case.refresh()
    place.refresh_from_db()
    assert (place.quantity, case.shoe.available) == (0, 0)


@pytest.mark.parametrize(
    ("unit_minor", "pieces", "words"),
    [
        (3_334, 5, "never dearer"),
        (0, 5, "more than zero"),
        (-5, 5, "more than zero"),
        (10**9, 5, "never dearer"),
        (100, 1, "are free"),
    ],
)
def test_an_offer_that_cannot_be_kept_is_refused(
    outbox: Any, unit_minor: int, pieces: int, words: str
) -> None:
    case = order_with_missing_pieces(outbox)
    other = in_stock(pieces, bin="D-01", price_minor=1_000)
    with pytest.raises(actions.ShortageError, match=words):
        actions.offer_substitute(
            question=case.question, stockrecord=other, unit_minor=unit_minor, by=case.picker
        )
    with pytest.raises(actions.ShortageError, match="that is missing"):
        actions.offer_substitute(question=case.question, stockrecord=case.shoe, unit_minor=1, by=case.picker)


def test_a_substitute_that_was_sold_meanwhile_changes_nothing(outbox: Any) -> None:
    from tests.factories.orders import make_order

    case = order_with_missing_pieces(outbox)
    other = in_stock(2, bin="D-01", price_minor=1_000)
    actions.offer_substitute(question=case.question, stockrecord=other, unit_minor=900, by=case.picker)
    make_order((other, 1))
    with pytest.raises(actions.ShortageError, match="sold meanwhile"):
        actions.answer(question=case.question, choice=SUBSTITUTE)
    case.refresh()
    assert case.question.is_open
    assert Line.objects.filter(order=case.order).count() == 2
    assert not Refund.objects.exists()
    actions.take_offer_back(question=case.question, by=case.picker)
    assert [choice.code for choice in choices_in_words(case.refresh().question)] == [WAIT, SEND, REFUND]


def test_staff_answer_with_a_reason_that_is_kept(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    with pytest.raises(actions.ShortageError, match="why"):
        actions.answer(question=case.question, choice=WAIT, by=case.picker, why="  ")
    actions.answer(question=case.question, choice=WAIT, by=case.picker, why="by phone")
    case.refresh()
    assert (case.question.answered_by_whom, case.question.note) == ("staff", "by phone")


@pytest.mark.parametrize("hours", [0, -1, 721, 10**9])
def test_a_time_that_is_none_is_refused(outbox: Any, hours: int) -> None:
    case = order_with_missing_pieces(outbox)
    with pytest.raises(actions.ShortageError, match="hours"):
        actions.extend(question=case.question, hours=hours, by=case.picker)
    with pytest.raises(actions.ShortageError, match="hours"):
        actions.set_policy(asks=True, hours=hours, default_answer=WAIT, offerers="nobody", by=case.picker)


def test_more_time_moves_the_deadline_and_nothing_else(outbox: Any, clock: Any) -> None:
    clock.stop()
    case = order_with_missing_pieces(outbox)
    clock.advance(hours=47)
    actions.extend(question=case.question, hours=48, by=case.picker)
    clock.advance(hours=2)
    assert actions.apply_defaults() == 0
    assert case.refresh().question.version == 1, "nobody is mailed for it"


def test_who_may_offer_is_the_shops_rule(db: None) -> None:
    trusted = make_staff("t@example.org", "shortages.offer_substitutes", "shortages.answer_questions")
    clerk = make_staff("c@example.org", "shortages.answer_questions")
    for who, expected in (
        ("nobody", (False, False)),
        ("trusted", (True, False)),
        ("everybody", (True, True)),
    ):
        actions.set_policy(asks=True, hours=48, default_answer=WAIT, offerers=who, by=trusted)
        assert (actions.may_offer(trusted), actions.may_offer(clerk)) == expected


def test_the_database_holds_what_must_hold(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    rows = ShortageQuestion.objects.filter(pk=case.question.pk)
    for broken in ({"pieces": 0}, {"substitute": case.boot}, {"state": "answered"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        ShortageQuestion.objects.create(order=case.order, order_line=case.line, pieces=1, deadline=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        ShortagePolicy.objects.create(pk=2)
    with pytest.raises(ProtectedError):
        case.question.delete()


def test_what_no_bin_held_from_the_start_is_asked_about_when_it_had_time_to_turn_up(
    outbox: Any, clock: Any
) -> None:
    clock.stop()
    shoe, boot = in_stock(1), in_stock(2, bin="B-01")
    order = place_order((shoe, 1), (boot, 2), method="card", user=make_user())
    stock.mark_doubtful(stockrecord_id=boot.pk, bin_id=make_bin("B-01").pk)
    pay(order)
    outbox.drain()
    pick_list = PickList.objects.get(order=order)
    assert pick_list.waits_for_answer, "nothing of it is packed before the shopper knows"
    assert actions.ask_overlooked() == 0
    clock.advance(minutes=31)
    assert actions.ask_overlooked() == 1
    assert actions.ask_overlooked() == 0, "a second run asks nothing again"
    question = ShortageQuestion.objects.get(order=order)
    assert (question.order_line.stockrecord, question.pieces) == (boot, 2)
    actions.answer(question=question, choice=REFUND)
    pick_list.refresh_from_db()
    boot.refresh_from_db()
    assert not pick_list.waits_for_answer
    assert boot.available == 0, "what nobody could find is not sold again"
    assert actions.ask_overlooked() == 0


def test_what_turned_up_before_it_was_asked_about_is_picked(outbox: Any, clock: Any) -> None:
    clock.stop()
    boot = in_stock(2, bin="B-01")
    order = place_order((boot, 2), method="card", user=make_user())
    stock.mark_doubtful(stockrecord_id=boot.pk, bin_id=make_bin("B-01").pk)
    pay(order)
    outbox.drain()
    stock.receive(stockrecord=boot, bin=make_bin("C-01"), quantity=2)
    assert actions.plan_waiting() == 2
    assert not PickList.objects.get(order=order).waits_for_answer
    clock.advance(days=1)
    assert actions.ask_overlooked() == 0


def test_what_is_sold_before_it_is_there_is_not_asked_about(outbox: Any, clock: Any) -> None:
    boot = in_stock(1, bin="B-01")
    type(boot).objects.filter(pk=boot.pk).update(backorderable=True)
    order = place_order((boot, 3), method="card", user=make_user())
    pay(order)
    outbox.drain()
    clock.advance(days=1)
    assert actions.ask_overlooked() == 0
    assert not PickList.objects.get(order=order).waits_for_answer


@pytest.mark.parametrize("choice", [WAIT, SEND])
def test_who_waits_for_goods_that_never_come_is_asked_again_and_can_be_refunded(
    outbox: Any, choice: str
) -> None:
    case = order_with_missing_pieces(outbox)
    actions.answer(question=case.question, choice=choice)
    actions.ask_again(question=case.question, by=case.picker, why="the supplier cannot deliver")
    case.refresh()
    assert (case.question.is_open, case.question.answer, case.question.version) == (True, "", 2)
    assert case.pick_list.waits_for_answer
    assert len(outbox.events("ShortageAsked")) == 2
    with pytest.raises(actions.AlreadyDecided):
        actions.ask_again(question=case.question, by=case.picker, why="twice")
    actions.answer(question=case.question, choice=REFUND)
    assert Refund.objects.get().amount_minor == 2 * 3_333
    with pytest.raises(actions.AlreadyDecided):
        actions.ask_again(question=case.question, by=case.picker, why="nothing is waited for")
    with pytest.raises(actions.ShortageError, match="say why"):
        actions.ask_again(question=case.question, by=case.picker, why=" ")


def test_goods_that_came_and_were_missing_again_leave_no_empty_list_at_the_packing_table(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    actions.answer(question=case.question, choice=SEND)
    send_rest(case)
    stock.receive(stockrecord=case.shoe, bin=make_bin("C-01"), quantity=2)
    assert actions.plan_waiting() == 2
    case.refresh()
    assert case.pick_list.state == "open"
    picking.start(pick_list=case.pick_list, by=case.picker)
    picking.report_short(line=case.pick_list.lines.get(state="open"), by=case.picker)
    picking.finish(pick_list=case.pick_list, by=case.picker)
    outbox.drain()
    actions.answer(question=ShortageQuestion.objects.get(state="asked"), choice=REFUND)
    case.refresh()
    assert (case.order.status, case.pick_list.state) == ("completed", "packed")


def test_a_site_that_found_nothing_has_nothing_to_pack(outbox: Any) -> None:
    picker = make_user(is_staff=True)
    shoe, boot = in_stock(1), make_variant(stock=0)
    site = make_site("munich", ships=True)
    stock.receive(stockrecord=boot, bin=make_bin("M-01", site=site), quantity=1)
    order = place_order((shoe, 1), (boot, 1), method="card", user=make_user())
    pay(order)
    outbox.drain()
    here, munich = (PickList.objects.get(order=order, lines__stockrecord=record) for record in (shoe, boot))
    picking.start(pick_list=munich, by=picker)
    picking.report_short(line=munich.lines.get(), by=picker)
    picking.finish(pick_list=munich, by=picker)
    outbox.drain()
    actions.answer(question=ShortageQuestion.objects.get(), choice=SEND)
    munich.refresh_from_db()
    assert munich.state == "cancelled"
    stock.receive(stockrecord=boot, bin=make_bin("M-02", site=site), quantity=1)
    assert actions.plan_waiting() == 1
    munich.refresh_from_db()
    assert (munich.state, here.pk != munich.pk) == ("open", True)


def test_phantom_pieces_of_a_cancelled_order_are_not_sold_again(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    cancel(order=case.order, why="changed her mind")
    outbox.drain()
    case.refresh()
    assert case.question.state == "withdrawn"
    assert case.shoe.available == 1, "one was found; the two others nobody can send"


def test_a_list_counts_as_missing_what_is_wanted_still(outbox: Any) -> None:
    case = order_with_missing_pieces(outbox)
    assert pick_lists().get(pk=case.pick_list.pk).missing == 2
    stock.receive(stockrecord=case.shoe, bin=make_bin("C-01"), quantity=1)
    actions.plan_waiting()
    assert pick_lists().get(pk=case.pick_list.pk).missing == 1, "the other one is planned"
    actions.answer(question=case.refresh().question, choice=REFUND)
    row = pick_lists().get(pk=case.pick_list.pk)
    assert (row.missing, row.taken) == (0, 2)


def test_nothing_is_packed_when_the_question_comes_in_the_same_moment(
    outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goods that are waited for were missing again after the packer's page had been looked at."""
    case = order_with_missing_pieces(outbox)
    actions.answer(question=case.question, choice=SEND)
    looked = dispatch.check_list

    def too_early(pick_list: PickList) -> None:
        looked(pick_list)
        PickList.objects.update(waits_for_answer=True)

    monkeypatch.setattr(dispatch, "check_list", too_early)
    with pytest.raises(dispatch.DispatchError, match="look at the page again"):
        send_rest(case)
