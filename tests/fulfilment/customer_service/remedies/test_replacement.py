"""New goods instead of faulty ones: an order without money, reserved at once, sent as any other, booked as warranty."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from catalogue.partner.models import Reservation, StockRecord
from checkout.order import access as order_access
from checkout.order.actions import NotReplaceable, cancel, place_replacement, replaceable_pieces
from checkout.order.models import Order
from checkout.payment.models import Refund
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.changes.rules import what_may_change
from fulfilment.customer_service.remedies import actions, verify
from fulfilment.customer_service.remedies.acts import ACTS, Wish
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving import actions as dock
from fulfilment.warehouse.receiving.models import Return
from shop.approvals.models import Approval
from shop.kernel.invariants import verify as verify_everything
from shop.kernel.states import StaleState
from shop.notifications.models import OutgoingMail
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.factories.returns import book
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.returns.test_settlements import sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Any:
    return make_staff(
        "service@example.org",
        *("remedies.use_remedies", "order.view_orders", "cases.view_cases", "cases.handle_cases"),
        first_name="Svea",
        last_name="Kunde",
    )


def breaches() -> list[str]:
    return [breach for finding in verify_everything() for breach in finding.breaches]


def form_url(order: Order, code: str = "replacement") -> str:
    return reverse("service:act-form", args=[order.number, code])


def act(desk: Client, order: Order, code: str, **data: Any) -> Any:
    """Both steps as a person takes them: see what will happen, then do it."""
    first = desk.post(form_url(order, code), {**data, "step": "show"})
    assert first.status_code == 200, first.context["form"].errors
    hidden = dict(first.context["carried"])
    more = {"case": data["case"]} if "case" in data else {}
    return desk.post(
        form_url(order, code),
        {
            **hidden,
            **more,
            "step": "do",
            "token": first.context["token"],
            "seen": first.context["seen"],
        },
        follow=True,
    )


def wished(order: Order, pieces: int = 1, **data: Any) -> dict[str, Any]:
    line = order.lines.get()
    return {f"pieces-{line.pk}": pieces, "reason": "faulty", "words": "Naht gerissen", **data}


def test_from_the_complaint_to_the_new_pair_that_is_sent(desk: Client, clerk: Any, outbox: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    case = make_case(key="c", order=order, quantities={line.pk: 1})
    stock = StockRecord.objects.get(pk=line.stockrecord_id)
    costs = balance_minor("cost_of_goods")
    page = desk.get(form_url(order), {"case": case.number})
    assert page.status_code == 200 and f'name="pieces-{line.pk}" value="1"' in page.content.decode()

    first = desk.post(form_url(order), wished(order, case=case.number, back="on", step="show"))
    effects = first.context["effects"]
    assert effects.amount_minor == 9_990 and effects.cost_minor == 4_000
    assert [(row.account[:4], row.debit_minor, row.credit_minor) for row in effects.rows] == [
        ("4790", 4_000, 0), ("3980", 0, 4_000),
    ]  # fmt: skip
    assert "4790" in first.content.decode() and order.email in first.content.decode()
    assert not Order.objects.filter(kind="replacement").exists(), "nothing happens before it is confirmed"

    done = act(desk, order, "replacement", **wished(order, case=case.number, back="on", decide="on"))
    made = Order.objects.get(kind="replacement")
    assert made.number in done.content.decode() and done.status_code == 200
    assert (made.replaces, made.status, made.total_minor) == (order, "confirmed", 0)
    assert (made.email, made.language, made.user_id) == (order.email, order.language, order.user_id)
    assert made.shipping_address_id != order.shipping_address_id
    assert made.shipping_address.line1 == order.shipping_address.line1
    new = made.lines.get()
    assert (new.replacement_for, new.quantity, new.gross_minor) == (line, 1, 0)
    assert Reservation.objects.get(order_line_id=new.pk).expires_at is None
    stock.refresh_from_db()
    assert stock.num_allocated == 1
    case.refresh_from_db()
    assert (case.state, case.remedy) == ("decided", "replacement")
    assert made.number in case.messages.filter(side="note").get().body
    returning = Return.objects.get(order=order)
    assert returning.cause == f"replacement:{made.number}"

    outbox.drain()
    mail = OutgoingMail.objects.get(order=made)
    assert order.number in mail.subject and "Ersatz" in mail.subject
    assert "kostenlos" in mail.text and "zahlen" in mail.text
    send_everything(PickList.objects.get(order=made), by=clerk)
    outbox.drain()
    assert outbox.failures() == []
    made.refresh_from_db()
    assert made.status == "completed" and Parcel.objects.get(order=made).state == "dispatched"
    assert not Invoice.objects.filter(order=made).exists()
    assert balance_minor("warranty") == 4_000 and balance_minor("cost_of_goods") == costs
    assert set(OutgoingMail.objects.filter(order=made).values_list("kind", flat=True)) == {
        "order_confirmed", "parcel_dispatched",
    }  # fmt: skip

    book(Return.objects.get(pk=returning.pk), line.partner_sku, 1, "scrap", "disposal", by=clerk)
    dock.finish(returning=Return.objects.get(pk=returning.pk), by=clerk)
    outbox.drain()
    assert outbox.failures() == []
    assert not Refund.objects.exists() and not Settlement.objects.filter(state="proposed").exists()
    assert breaches() == []


def test_the_remedy_is_shown_on_the_case_on_both_orders_and_once(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    case = make_case(key="c", order=order)
    first = desk.post(form_url(order), wished(order, case=case.number, step="show"))
    send = {
        **dict(first.context["carried"]), "case": case.number, "step": "do", "token": first.context["token"],
        "seen": first.context["seen"],
    }  # fmt: skip
    assert desk.post(form_url(order), send).status_code == 302
    assert desk.post(form_url(order), send).status_code == 302, "a double click is one replacement"
    made = Order.objects.get(kind="replacement")
    assert Remedy.objects.get().made_order == made
    for url in (
        reverse("service:case", args=[case.number]), reverse("service:act", args=[order.number]),
        reverse("dashboard:order", args=[order.number]),
    ):  # fmt: skip
        assert made.number in desk.get(url).content.decode(), url
    assert order.number in desk.get(reverse("dashboard:order", args=[made.number])).content.decode()
    outbox.drain()


def test_nothing_is_replaced_twice_nor_what_was_not_sent(clerk: Any, outbox: Any) -> None:
    order = sent(outbox, 2)
    line = order.lines.get()
    first = place_replacement(order=order, pieces={line.pk: 1}, source="one", why="faulty", by=clerk)
    assert place_replacement(order=order, pieces={line.pk: 1}, source="one", why="faulty", by=clerk) == first
    assert replaceable_pieces(order) == {line.pk: 1}
    for pieces in ({line.pk: 2}, {}, {line.pk: 0}, {line.pk: -1}, {line.pk + 999: 1}):
        with pytest.raises(NotReplaceable):
            place_replacement(order=order, pieces=pieces, source="two", why="faulty", by=clerk)
    cancel(order=first, by=clerk, why="customer found the pair")
    assert replaceable_pieces(order) == {line.pk: 2}, "a cancelled replacement counts for nothing"
    assert Reservation.objects.get(order_id=first.pk).state == "released"
    outbox.drain()
    assert outbox.failures() == [] and breaches() == []


def test_too_little_stock_is_said_and_nothing_is_done(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 2)
    StockRecord.objects.update(num_allocated=7)
    answer = desk.post(form_url(order), wished(order, step="show"))
    assert answer.status_code == 409
    StockRecord.objects.update(num_allocated=0)
    first = desk.post(form_url(order), wished(order, step="show"))
    StockRecord.objects.update(num_allocated=7)
    send = {**dict(first.context["carried"]), "step": "do", "seen": first.context["seen"]}
    late = desk.post(form_url(order), send)
    assert late.status_code == 409 and not Remedy.objects.exists()
    assert not Order.objects.filter(kind="replacement").exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"pieces": "99"}, {"pieces": "-1"}, {"pieces": "x"}, {"pieces": ""}, {"reason": "nonsense"}, {"reason": ""},
        {"words": ""}, {"words": "x" * 400}, {"pieces": "9" * 30},
    ],
)  # fmt: skip
def test_bad_input_is_said_beside_the_field(desk: Client, outbox: Any, bad: dict[str, str]) -> None:
    order = sent(outbox, 1)
    data = wished(order, step="show")
    if "pieces" in bad:
        bad = {f"pieces-{order.lines.get().pk}": bad["pieces"]}
    answer = desk.post(form_url(order), {**data, **bad})
    assert answer.status_code == 422 and answer.context["form"].errors
    assert desk.post(form_url(order), {**data, **bad, "step": "do"}).status_code == 422
    assert not Remedy.objects.exists()


def test_foreign_cases_unknown_acts_and_confirming_unseen_effects(desk: Client, outbox: Any) -> None:
    order, other = sent(outbox, 1), sent(outbox, 1)
    foreign = make_case(key="f", order=other)
    assert desk.get(form_url(order), {"case": foreign.number}).status_code == 404
    assert desk.post(form_url(order), wished(order, case="C1", step="show")).status_code == 404
    assert desk.get(form_url(order, "nonsense")).status_code == 404
    unseen = desk.post(form_url(order), wished(order, step="do", seen="x", token="x"))
    assert unseen.status_code == 409 and not Remedy.objects.exists()
    assert unseen.context["effects"] is not None, "what would happen now is shown at once"


def test_above_the_limit_a_second_person_decides(desk: Client, clerk: Any, outbox: Any) -> None:
    order = sent(outbox, 3, price_minor=9_990)
    case = make_case(key="c", order=order)
    done = act(desk, order, "replacement", **wished(order, 3, case=case.number, decide="on"))
    asked = Approval.objects.get()
    assert asked.title in done.content.decode() and asked.amount_minor == 29_970
    assert not Order.objects.filter(kind="replacement").exists()
    assert asked.reason_code == "faulty" and asked.consequences
    again = act(desk, order, "replacement", **wished(order, 3, case=case.number))
    assert Approval.objects.count() == 1 and "wartet schon" in again.content.decode()
    from shop.approvals.actions import NotYours, approve

    with pytest.raises(NotYours):
        approve(approval=asked, by=clerk)
    chief = make_staff("chef@example.org", "remedies.approve_remedies", "approvals.view_approvals")
    approve(approval=asked, by=chief, words="in Ordnung")
    made = Order.objects.get(kind="replacement")
    remedy = Remedy.objects.get()
    assert (remedy.by, remedy.approved_by, remedy.made_order) == (clerk, chief, made)
    case.refresh_from_db()
    assert case.remedy == "replacement"
    outbox.drain()


def test_a_replacement_that_is_faulty_too_is_replaced_from_its_own_order(clerk: Any, outbox: Any) -> None:
    order = sent(outbox, 1)
    made = place_replacement(order=order, pieces={order.lines.get().pk: 1}, source="one", why="x", by=clerk)
    outbox.drain()
    send_everything(PickList.objects.get(order=made), by=clerk)
    outbox.drain()
    line = made.lines.get()
    wish = Wish(made, {"pieces": {str(line.pk): 1}, "reason": "faulty", "words": "wieder"}, clerk)
    effects = actions.effects_of(ACTS["replacement"], wish)
    assert effects.amount_minor == 9_990, "worth what it was sold for in the first place"
    outcome = actions.carry_out(act=ACTS["replacement"], wish=wish, key="k", seen=actions.seal(made, effects))
    assert outcome.remedy and outcome.remedy.made_order and outcome.remedy.made_order.replaces == made


def test_a_limit_counts_what_was_done_for_the_goods_that_were_sent_for_others_too(
    clerk: Any, outbox: Any
) -> None:
    order = sent(outbox, 1, price_minor=15_000)
    made = place_replacement(order=order, pieces={order.lines.get().pk: 1}, source="one", why="x", by=clerk)
    outbox.drain()
    send_everything(PickList.objects.get(order=made), by=clerk)
    outbox.drain()
    Remedy.objects.create(
        key="first", act="replacement", order=order, amount_minor=15_000, currency="EUR", made_order=made
    )
    wish = Wish(made, {"pieces": {str(made.lines.get().pk): 1}, "reason": "faulty", "words": "wieder"}, clerk)
    act_ = ACTS["replacement"]
    effects = actions.effects_of(act_, wish)
    assert effects.amount_minor == 15_000  # each alone is within the 200.00
    outcome = actions.carry_out(act=act_, wish=wish, key="second", seen=actions.seal(made, effects))
    assert outcome.remedy is None and outcome.approval is not None
    assert actions.done_minor(order, "replacement") == actions.done_minor(made, "replacement") == 15_000


def test_a_case_that_is_decided_in_the_same_moment_keeps_its_decision_and_gets_a_note(
    desk: Client, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sent(outbox, 1)
    case = make_case(key="c", order=order)

    def too_late(**_wanted: Any) -> None:
        raise StaleState("case 1: 'decided' may move to closed, not to 'decided'")

    monkeypatch.setattr(actions.cases, "decide", too_late)
    done = act(desk, order, "replacement", **wished(order, case=case.number, decide="on"))
    assert done.status_code == 200 and Remedy.objects.count() == 1
    assert Order.objects.filter(kind="replacement").exists()
    assert "nicht dadurch entschieden" in case.messages.order_by("-pk")[0].body


def test_an_order_that_moves_in_the_same_moment_is_said_in_words(
    desk: Client, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sent(outbox, 1)

    def moved(*_what: Any) -> None:
        raise StaleState("order K10001 was changed by somebody else")

    monkeypatch.setattr(ACTS["replacement"], "do", moved)
    done = act(desk, order, "replacement", **wished(order))
    text = done.content.decode()
    assert done.status_code == 409 and "Inzwischen hat sich an dieser Bestellung" in text
    assert "somebody else" not in text and not Remedy.objects.exists()


def test_an_approval_of_an_order_that_moved_is_refused_in_words(
    desk: Client, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.approvals.actions import approve
    from shop.approvals.kinds import CannotRun

    order = sent(outbox, 3, price_minor=9_990)
    act(desk, order, "replacement", **wished(order, 3))

    def moved(*_what: Any) -> None:
        raise StaleState("order K10001 was changed by somebody else")

    monkeypatch.setattr(ACTS["replacement"], "do", moved)
    chief = make_staff("chef@example.org", "remedies.approve_remedies", "approvals.view_approvals")
    with pytest.raises(CannotRun, match="Inzwischen"):
        approve(approval=Approval.objects.get(), by=chief, words="ja")
    assert Approval.objects.get().state == "waiting"


def test_only_the_same_form_is_taken_for_a_second_click(
    clerk: Any, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sent(outbox, 1)
    replacement = ACTS["replacement"]
    wish = Wish(order, {"pieces": {str(order.lines.get().pk): 1}, "reason": "faulty", "words": "x"}, clerk)
    seen = actions.seal(order, actions.effects_of(replacement, wish))

    def broken(*_what: Any) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(replacement, "do", broken)
    with pytest.raises(IntegrityError, match="something else"):
        actions.carry_out(act=replacement, wish=wish, key="k", seen=seen)
    assert not Remedy.objects.exists()


def test_the_check_finds_a_remedy_without_its_order(desk: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    act(desk, order, "replacement", **wished(order))
    assert verify.CHECKS[0][1]() == []
    Remedy.objects.update(made_order=None)
    assert len(verify.CHECKS[0][1]()) == 1


def test_who_may_not_is_refused(client: Client, outbox: Any) -> None:
    order = sent(outbox, 1)
    client.force_login(make_staff("picker@example.org", "picking.pick_orders"))
    assert client.get(form_url(order)).status_code == 403
    assert Case.objects.count() == 0


def test_the_shopper_cannot_make_a_replacement_cost_something(clerk: Any, outbox: Any) -> None:
    order = sent(outbox, 1)
    made = place_replacement(order=order, pieces={order.lines.get().pk: 1}, source="one", why="x", by=clerk)
    may = what_may_change(made)
    assert [kind for kind, one in may.items() if one.allowed] == ["cancel", "address"]


def test_the_customer_is_told_in_their_own_language(clerk: Any, outbox: Any) -> None:
    order = sent(outbox, 1, language="en")
    made = place_replacement(order=order, pieces={order.lines.get().pk: 1}, source="one", why="x", by=clerk)
    outbox.drain()
    mail = OutgoingMail.objects.get(order=made)
    assert mail.subject == f"Your replacement for order {order.number} is being made ready"
    assert "free of charge" in mail.text and f"order={order.number}" not in mail.subject
    page = Client().get(reverse("orders:open", args=[order_access.token(made)]), follow=True)
    assert order.number in page.content.decode()
