"""The workbench without a browser: plain forms, what they answer, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reconciliation.models import (
    Assignment,
    LearnedRule,
    MatchPolicy,
    PayBack,
    Receipt,
)
from fulfilment.finance.reconciliation.queries import unexplained_minor
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.orders import dispatch, make_order, make_staff
from tests.fulfilment.finance.reconciliation.bank_lines import told
from tests.support.helpers import Outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("finance_addresses")]
MOST_QUERIES = 40


def invoiced(outbox: Outbox) -> Invoice:
    order = make_order()
    dispatch(order)
    outbox.drain()
    return Invoice.objects.get(order=order)


def bench(desk: Client, **data: Any) -> Any:
    return desk.get(reverse("finance:workbench"), data)


def step(desk: Client, money: Any, do: str, **data: Any) -> Any:
    kind = "disbursement" if money.is_out else "receipt"
    facts = {"line": f"{kind}-{money.pk}", "seen": money.left_minor, "do": do} | data
    return desk.post(reverse("finance:workbench-do"), facts)


def token(page: Any, at: int = 0) -> str:
    return str(page.context["choices"][at].proposal.token)


def test_a_line_is_shown_with_its_proposal_and_what_will_be_booked(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    told(11_900, f"Rechnung {invoice.number}")
    page = bench(desk)
    text = page.content.decode()
    assert invoice.number in text
    assert "1590" in text and "1400" in text, "accounts of the posting stand on the page"
    assert page.context["choices"][0].proposal.confidence == 100


def test_booking_leads_to_the_next_line_and_can_be_taken_back(outbox: Outbox, desk: Client) -> None:
    first, second = invoiced(outbox), invoiced(outbox)
    one, two = told(11_900, first.number), told(11_900, second.number)
    answer = step(desk, one, "choose", token=token(bench(desk)))
    assert answer.status_code == 302
    assert f"line=receipt-{two.pk}" in answer.url
    first.refresh_from_db()
    assert first.state == "paid"
    made = Assignment.objects.get()
    assert (made.by_itself, made.by_id is not None) == (False, True)
    back = step(desk, two, "undo")
    assert f"line=receipt-{one.pk}" in back.url
    first.refresh_from_db()
    assert (first.state, unexplained_minor()) == ("issued", 23_800)
    assert step(desk, two, "undo").status_code == 302, "nothing more to take back is no error"
    assert problems() == []


def test_of_two_clerks_one_books_and_the_other_is_told(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    receipt = told(11_900, invoice.number)
    chosen = token(bench(desk))
    step(desk, receipt, "choose", token=chosen)
    answer = step(desk, receipt, "choose", token=chosen)
    assert answer.status_code == 409
    assert Assignment.objects.count() == 1
    assert b"notice--bad" in answer.content


def test_a_proposal_that_changed_is_not_booked(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    receipt = told(11_900, invoice.number)
    stale = token(bench(desk))
    step(desk, told(5_000, invoice.number), "choose", token=token(bench(desk, line="receipt-2")))
    Invoice.objects.filter(pk=invoice.pk).update(paid_minor=1, open_minor=11_899, state="part_paid")
    answer = step(desk, receipt, "choose", token=stale)
    assert answer.status_code == 409
    receipt.refresh_from_db()
    assert receipt.state == "open"


@pytest.mark.parametrize(
    ("do", "data", "status"),
    [
        ("choose", {}, 400),
        ("choose", {"token": "pay||x|invoice:1=99999999999999999999/1/0/0/0"}, 409),
        ("dance", {}, 400),
        ("explain", {"account": "99999999999999999999"}, 400),
        ("explain", {"account": ""}, 400),
        ("explain", {"account": "x", "vat": "1234"}, 400),
        ("back", {"reason": ""}, 400),
        ("choose", {"line": "receipt-999999999999999999999"}, 404),
        ("choose", {"line": "cheese"}, 404),
        ("choose", {"seen": "12"}, 409),
    ],
)
def test_nonsense_gets_a_clear_answer(desk: Client, do: str, data: dict[str, str], status: int) -> None:
    answer = step(desk, told(1_000), do, **data)
    assert answer.status_code == status
    assert unexplained_minor() == 1_000


@pytest.mark.parametrize("query", ["line=receipt-99999999999999999999", "show=nonsense", "page=x", "q=%00"])
def test_odd_addresses_of_the_bench_are_no_error_of_ours(desk: Client, query: str) -> None:
    told(1_000)
    assert desk.get(f"{reverse('finance:workbench')}?{query}").status_code < 500


def test_a_line_is_explained_by_an_account_and_its_words_are_learned(desk: Client) -> None:
    rent = Account.objects.create(number="4210", kind="expense", name_de="Miete", name_en="Rent")
    left = told(-119_000, "Miete November", counterparty="Vermieter GmbH")
    answer = step(desk, left, "explain", account=rent.pk, vat="1900", learn="Vermieter Miete")
    assert answer.status_code == 302
    rule = LearnedRule.objects.get()
    assert (rule.pattern, rule.fired, rule.vat_rate_bp) == ("miete vermieter", 1, 1900)
    again = told(-119_000, "Miete Dezember", counterparty="Vermieter GmbH")
    page = bench(desk, line=f"disbursement-{again.pk}")
    assert page.context["choices"][0].proposal.rule_id == rule.pk
    step(desk, left, "undo")
    rule.refresh_from_db()
    assert rule.fired == 0
    assert problems() == []


def test_a_line_goes_back_and_a_note_stays(desk: Client) -> None:
    receipt = told(1_000, "wer auch immer")
    step(desk, receipt, "note", note="Kunde gefragt am 20.11.")
    receipt.refresh_from_db()
    assert receipt.note == "Kunde gefragt am 20.11."
    step(desk, receipt, "back", reason="not ours")
    assert PayBack.objects.get().reason == "not ours"
    transfers = desk.get(reverse("finance:transfers")).content.decode()
    assert "not ours" in transfers
    sent = desk.post(reverse("finance:note-back", args=[PayBack.objects.get().pk]), {"reference": "1/2"})
    assert (sent.status_code, PayBack.objects.get().state) == (302, "sent")
    refused = step(desk, receipt, "undo")
    assert refused.status_code == 409, "what has left the bank is not called off"
    assert problems() == []


def test_an_item_is_found_by_search_and_booked(outbox: Outbox, desk: Client) -> None:
    invoice = invoiced(outbox)
    receipt = told(4_000, "ohne Angabe", counterparty="Fremder")
    page = bench(desk, line=f"receipt-{receipt.pk}", find=invoice.number)
    assert page.context["choices"][0].proposal.parts[0].target == f"invoice:{invoice.pk}"
    step(desk, receipt, "choose", token=token(page), find=invoice.number)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.open_minor) == ("part_paid", 7_900)


def test_the_bench_asks_the_database_as_often_for_many_lines(outbox: Outbox, desk: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            bench(desk)
        return len(seen)

    invoice = invoiced(outbox)
    told(11_900, invoice.number)
    few = queries()
    for at in range(12):
        told(100 + at, "x")
        told(-100 - at, "y")
    many = queries()
    assert many <= few + 2 and many < MOST_QUERIES, (few, many)


def test_rules_are_seen_changed_and_forgotten(desk: Client) -> None:
    account = Account.objects.get(role="bank_charges")
    rule = LearnedRule.objects.create(
        kind="account", pattern="entgelt", direction="out", ledger_account=account
    )
    assert "entgelt" in desk.get(reverse("finance:rules")).content.decode()
    assert b"entgelt" in desk.get(reverse("finance:rules"), {"format": "csv"}).content
    url = reverse("finance:rule", args=[rule.pk])
    wrong = desk.post(url, {"pattern": "1 2", "direction": "out", "ledger_account": account.pk})
    assert wrong.status_code == 400
    right = {"pattern": "Entgelt Konto", "direction": "out", "ledger_account": account.pk, "by_itself": "on"}
    assert desk.post(url, right).status_code == 302
    rule.refresh_from_db()
    assert (rule.pattern, rule.by_itself) == ("entgelt konto", True)
    forget = reverse("finance:forget-rule", args=[rule.pk])
    assert desk.get(forget).status_code == 200
    assert LearnedRule.objects.exists(), "asking is not doing"
    desk.post(forget)
    assert not LearnedRule.objects.exists()
    assert LearnedRule.history.filter(history_type="-").count() == 1


def test_the_policy_is_data(desk: Client) -> None:
    url = reverse("finance:match-policy")
    assert desk.post(url, {"certain_from": "10", "same_money_days": "5"}).status_code == 400
    assert desk.post(url, {"certain_from": "99", "same_money_days": "3"}).status_code == 302
    policy = MatchPolicy.objects.get()
    assert (policy.books_by_itself, policy.certain_from) == (False, 99)


def test_without_the_permission_nothing_is_booked(finance_addresses: None) -> None:
    client = Client()
    client.force_login(make_staff("nobody@example.com"))
    receipt = told(1_000)
    assert step(client, receipt, "back", reason="x").status_code == 403
    assert client.get(reverse("finance:rules")).status_code == 403
    assert Receipt.objects.get().state == "open"


def test_pages_of_money_that_left(desk: Client) -> None:
    left = told(-490, "Entgelt", counterparty="")
    step(desk, left, "choose", token=token(bench(desk)))
    one = desk.get(reverse("finance:disbursement", args=[left.pk]))
    assert "4972" in one.content.decode()
    made = Assignment.objects.get()
    undo = reverse("finance:undo-assignment", args=[made.pk])
    assert desk.get(undo).status_code == 200
    assert desk.post(undo, {"reason": "wrong"}).status_code == 302
    listed = desk.get(
        reverse("finance:disbursements"), {"state": "unexplained", "q": "Entgelt", "sort": "amount"}
    )
    assert left.reference in listed.content.decode()
    assert b"4,90" in desk.get(reverse("finance:disbursements"), {"format": "csv"}).content
    assert desk.get(reverse("finance:withdraw-disbursement", args=[left.pk])).status_code == 404
    assert problems() == []
