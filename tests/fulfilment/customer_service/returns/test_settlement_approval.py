"""A return that sends back more than one may alone: asked for, read by another person, done exactly so or not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from checkout.payment.models import Refund
from fulfilment.customer_service.returns import actions
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.models import CREDIT_NOTE, Invoice
from fulfilment.warehouse.receiving.models import Return
from shop.approvals import actions as approvals
from shop.approvals.models import Approval, ApprovalLimit
from shop.kernel.invariants import verify as verify_everything
from shop.kernel.states import StateError
from tests.factories.orders import make_country
from tests.factories.people import make_staff
from tests.factories.range import ensure_vat
from tests.factories.returns import dock_bins

from .test_settlements import come_back, sent, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
WHOLE = 3 * 9_990 + 490  #: three pieces with delivery; alone one may send 250.00 back


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    make_country()
    ensure_vat()
    dock_bins()


@pytest.fixture
def clerk() -> Any:
    return make_staff(
        "service@example.org",
        "returns.settle_money",
        "approvals.view_approvals",
        first_name="Svea",
        last_name="Kunde",
    )


@pytest.fixture
def chief() -> Any:
    return make_staff(
        "chef@example.org",
        *("returns.settle_money", "approvals.view_approvals", "payment.approve_refunds"),
        first_name="Carla",
        last_name="Leitner",
    )


@pytest.fixture
def found(outbox: Any) -> Settlement:
    """A return of 304.60 that a person must look at."""
    order = sent(outbox, 3)
    withdraw(order)
    outbox.drain()
    return come_back(outbox, Return.objects.get(order=order), {order.lines.get().partner_sku: 3}, grade="b")


def carry_out(found: Settlement, by: Any, kept_minor: int = 0) -> actions.Outcome:
    kept = {found.lines[0]["order_line_id"]: kept_minor} if kept_minor else {}
    plan = actions.plan_of(found, kept=kept)
    return actions.carry_out(
        settlement=found, kept=kept, kept_why="Kratzer" if kept else "", with_shipping=found.with_shipping,
        seen_minor=(plan.credit_minor, plan.refund_minor), by=by,
    )  # fmt: skip


def asked(found: Settlement, by: Any, kept_minor: int = 0) -> Approval:
    outcome = carry_out(found, by, kept_minor)
    assert outcome.settlement is None and outcome.approval is not None
    return outcome.approval


def breaches() -> list[str]:
    return [breach for finding in verify_everything() for breach in finding.breaches]


def nothing_was_done(found: Settlement) -> bool:
    found.refresh_from_db()
    return (
        found.is_open
        and not Refund.objects.exists()
        and not Invoice.objects.filter(kind=CREDIT_NOTE, source__startswith="return:").exists()
    )


def test_what_one_may_not_send_back_alone_waits_until_another_person_approves_it(
    found: Settlement, clerk: Any, chief: Any
) -> None:
    request = asked(found, clerk, kept_minor=1_000)
    assert (request.state, request.amount_minor, request.requested_by) == ("waiting", WHOLE - 1_000, clerk)
    assert request.reason == "Kratzer" and request.due_at > request.requested_at
    assert any("294,60" in sentence for sentence in request.consequences)
    assert any("Kratzer" in sentence and "10,00" in sentence for sentence in request.consequences)
    assert nothing_was_done(found)
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=request, by=clerk)

    outcome = approvals.approve(approval=request, by=chief)
    found.refresh_from_db()
    assert (found.state, found.refunded_minor, found.kept_why) == ("done", WHOLE - 1_000, "Kratzer")
    assert found.done_by == Refund.objects.get().requested_by == clerk
    assert "294,60" in outcome.text and found.returning.number in outcome.url
    assert breaches() == []


def test_what_is_only_credited_needs_nobody(outbox: Any, clerk: Any) -> None:
    order = sent(outbox, 3, method="invoice")
    withdraw(order)
    outbox.drain()
    open_one = come_back(
        outbox, Return.objects.get(order=order), {order.lines.get().partner_sku: 3}, grade="b"
    )
    assert carry_out(open_one, clerk).settlement is not None and not Refund.objects.exists()


def test_declined_with_words_nothing_happens_and_it_may_be_asked_for_anew(
    found: Settlement, clerk: Any, chief: Any
) -> None:
    request = asked(found, clerk)
    with pytest.raises(ValueError, match=r"\w"):
        approvals.decline(approval=request, by=chief, words=" ")
    approvals.decline(approval=request, by=chief, words="Bitte Abrieb abziehen")
    assert nothing_was_done(found)
    with pytest.raises(approvals.Decided):
        approvals.approve(approval=request, by=chief)
    again = asked(found, clerk, kept_minor=2_000)
    assert again.pk != request.pk
    approvals.approve(approval=again, by=chief)
    assert Refund.objects.get().amount_minor == WHOLE - 2_000


def test_amounts_that_changed_meanwhile_are_refused_and_nothing_is_sent(
    found: Settlement, clerk: Any, chief: Any
) -> None:
    request = asked(found, clerk)
    invoice = Invoice.objects.claims().get(order=found.order)
    credit_note(invoice=invoice, source="goodwill:1", reason="late", amount_minor=1_000)
    with translation.override("de"), pytest.raises(approvals.CannotRun, match="Andere Beträge"):
        approvals.approve(approval=request, by=chief)
    request.refresh_from_db()
    assert request.state == "waiting" and nothing_was_done(found)
    approvals.decline(approval=request, by=chief, words="Beträge haben sich geändert")
    assert carry_out(found, clerk).approval != request


def test_asked_twice_it_waits_once_and_something_else_is_refused_in_words(
    found: Settlement, clerk: Any
) -> None:
    request = asked(found, clerk)
    again = carry_out(found, make_staff("other@example.org"))
    assert (again.approval, again.is_new) == (request, False)
    with translation.override("de"), pytest.raises(actions.NotSo, match="wartet schon"):
        carry_out(found, clerk, kept_minor=500)
    assert Approval.objects.count() == 1


def test_decided_without_it_the_request_is_dropped(found: Settlement, clerk: Any, chief: Any) -> None:
    request = asked(found, clerk)
    actions.nothing_due(settlement=found, why="neues Paar geschickt", by=clerk)
    request.refresh_from_db()
    assert (request.state, found.state) == ("withdrawn", "nothing_due")
    with pytest.raises(approvals.Decided):
        approvals.approve(approval=request, by=chief)
    assert not Refund.objects.exists()


def test_who_may_send_it_back_alone_does_and_the_request_is_dropped(
    found: Settlement, clerk: Any, chief: Any
) -> None:
    request = asked(found, clerk)
    ApprovalLimit.objects.update_or_create(kind="refund", role="", defaults={"limit_minor": WHOLE})
    assert carry_out(found, chief).settlement is not None
    request.refresh_from_db()
    assert (request.state, Refund.objects.get().amount_minor) == ("withdrawn", WHOLE)
    with pytest.raises(StateError):
        carry_out_seen(found, clerk)


def carry_out_seen(found: Settlement, by: Any) -> None:
    """As a page shows it that was opened before."""
    actions.carry_out(
        settlement=found, kept={}, kept_why="", with_shipping=True, seen_minor=(WHOLE, WHOLE), by=by
    )


def test_it_is_due_in_business_hours(found: Settlement, clerk: Any, clock: Any) -> None:
    friday = timezone.make_aware(dt.datetime(2026, 12, 4, 16))
    clock.stop(friday)
    due = timezone.localtime(asked(found, clerk).due_at)
    assert (due.date(), due > friday + dt.timedelta(days=2)) == (dt.date(2026, 12, 7), True)


# ---- the page --------------------------------------------------------------------------------------------------------


def test_the_page_says_before_that_it_is_asked_for_and_after_what_happened(
    client: Client, found: Settlement, clerk: Any, chief: Any
) -> None:
    client.force_login(clerk)
    page = reverse("service:settlement", args=[found.returning.number])
    before = client.get(page).content.decode()
    assert "Eine zweite Person muss" in before and "Um Freigabe bitten" in before
    fields = {"with_shipping": "on", "credit": str(WHOLE), "refund": str(WHOLE), "step": "do"}
    verb = reverse("service:settlement-settle", args=[found.returning.number])
    after = client.post(verb, fields, follow=True).content.decode()
    assert "wartet schon etwas auf Freigabe" in after and "Um Freigabe bitten" not in after
    assert "Svea Kunde" in after and "304,60" in after and nothing_was_done(found)
    request = Approval.objects.get()
    assert reverse("dashboard:approval", args=[request.pk]) in after
    twice = client.post(verb, fields, follow=True)
    assert twice.status_code == 200 and Approval.objects.count() == 1
    line = found.lines[0]["order_line_id"]
    other = {
        **fields,
        f"kept-{line}": "1,00",
        "kept_why": "x",
        "credit": str(WHOLE - 100),
        "refund": str(WHOLE - 100),
    }
    assert client.post(verb, other).status_code == 409

    boss = Client()
    boss.force_login(chief)
    decision = reverse("dashboard:approval", args=[request.pk])
    boss.post(decision, {"step": "decline", "words": "Bitte Abrieb abziehen"})
    declined = client.get(page).content.decode()
    assert "Carla Leitner" in declined and "Bitte Abrieb abziehen" in declined
    client.post(verb, fields)
    done = boss.post(
        reverse("dashboard:approval", args=[Approval.objects.latest("pk").pk]),
        {"step": "approve"},
        follow=True,
    )
    assert "304,60" in done.content.decode() and Refund.objects.get().amount_minor == WHOLE
    settled = client.get(page).content.decode()
    assert "Carla Leitner" in settled and "Um Freigabe bitten" not in settled
