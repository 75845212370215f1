"""The pages of the room: payouts, movements, money without an order, refunds; each list filtered, sorted, as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from checkout.payment.models import Payment, Refund
from fulfilment.finance.ledger.models import Account, EntryLine
from fulfilment.finance.psp import booking, fetch, unmatched
from fulfilment.finance.psp.models import BalanceTransaction, Explanation, Payout
from shop.approvals import actions as approvals
from shop.approvals.models import Approval
from tests.factories.credit import give_credit
from tests.factories.people import make_staff
from tests.factories.shopping import make_user, make_variant, place_order
from tests.fulfilment.finance.psp.movements import MOMENT, make_money, make_payout, told

pytestmark = pytest.mark.django_db
PERMISSIONS = (
    "psp.view_payouts", "psp.explain_money", "payment.view_payments", "payment.refund_payments",
    "ledger.view_ledger", "order.view_orders", "approvals.view_approvals",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def desk() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff("books@example.org", *PERMISSIONS))
    return client


def test_a_payout_shows_its_movements_with_their_entries_to_the_cent(desk: Client) -> None:
    payout = make_payout()
    page = desk.get(reverse("finance:payout", args=[payout.psp_id]))
    text = page.content.decode()
    assert (page.context["page"].net_minor, page.context["page"].unexplained_minor) == (400, 0)
    assert "every cent is explained" in text and "fee po_1_0" in text
    entry = BalanceTransaction.objects.get(psp_id="txn_po_1_0").fee_entry
    assert entry is not None and reverse("finance:entry", args=[entry.pk]) in text
    assert "fee po_1_1" in desk.get(page.request["PATH_INFO"], {"format": "csv"}).content.decode()
    assert desk.get(reverse("finance:payout", args=["po_none"])).status_code == 404


def test_a_payout_whose_movements_do_not_add_up_says_so(desk: Client) -> None:
    payout = make_payout()
    Payout.objects.filter(pk=payout.pk).update(amount_minor=401, is_explained=False)
    text = desk.get(reverse("finance:payout", args=[payout.psp_id])).content.decode()
    assert "do not add up" in text and "not complete yet" in text


@pytest.mark.parametrize("name", ["payouts", "movements", "unmatched", "refunds"])
def test_every_list_filters_sorts_pages_and_gives_a_file(desk: Client, name: str) -> None:
    make_payout()
    make_money()
    order = place_order((make_variant(), 1))
    payment = Payment.objects.get(order=order)
    Refund.objects.create(payment=payment, amount_minor=100, source="t", reason="goodwill", state="failed")
    url = reverse(f"finance:{name}")
    assert desk.get(url).status_code == 200
    for query in ({"q": "po_1"}, {"sort": "-amount"}, {"sort": "nonsense"}, {"page": "99"}, {"q": "'; --"}):
        assert desk.get(url, query).status_code == 200
    assert b"Nothing found" in desk.get(url, {"q": "zzzzzz"}).content
    assert desk.get(url, {"format": "csv"})["Content-Type"].startswith("text/csv")
    field = "kind" if name == "movements" else "state"
    assert desk.get(url, {field: "nonsense"}).status_code == 400


def test_a_list_costs_the_same_however_long_it_is(desk: Client) -> None:
    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            desk.get(url)
        return len(seen)

    urls = [reverse(f"finance:{name}") for name in ("payouts", "movements", "unmatched", "refunds")]
    payout = make_payout()
    make_money()
    urls.append(reverse("finance:payout", args=[payout.psp_id]))
    for url in urls:
        cost(url)
    few = [cost(url) for url in urls]
    for number in range(2, 6):
        make_payout(f"po_{number}")
        make_money(f"pi_{number}")
    BalanceTransaction.objects.update(payout=payout)
    assert [cost(url) for url in urls] == few


def test_money_is_explained_from_its_page_and_that_is_taken_back(desk: Client) -> None:
    order = place_order((make_variant(), 1))
    money = make_money()
    url = reverse("finance:unmatched-money", args=[money.pk])
    assert "What each choice does" in desk.get(url).content.decode()
    for wrong in (
        {"kind": "order", "number": "K99999", "reason": "x"},
        {"kind": "account", "account": "", "reason": "x"},
        {"kind": "nonsense", "reason": "x"},
        {"kind": "order", "number": order.number, "reason": ""},
    ):
        assert desk.post(url, wrong).status_code == 400
    assert not Explanation.objects.exists()
    assert desk.post(url, {"kind": "order", "number": order.number, "reason": "theirs"}).status_code == 302
    row = Explanation.objects.get()
    assert row.order == order
    assert order.number in desk.get(url).content.decode()
    again = desk.post(url, {"kind": "order", "number": order.number, "reason": "theirs"})
    assert again.status_code == 409 and b"Somebody else has explained it" in again.content
    undo = reverse("finance:undo-explanation", args=[row.pk])
    assert "unexplained again" in desk.get(undo).content.decode()
    assert desk.post(undo, {"reason": ""}).status_code == 400
    assert desk.post(undo, {"reason": "wrong"}).status_code == 302
    money.refresh_from_db()
    assert money.is_open
    lines = EntryLine.objects.filter(account__role="unexplained")
    assert sum(line.debit_minor - line.credit_minor for line in lines) == -5_000


def test_who_may_only_look_explains_nothing() -> None:
    client = Client()
    client.force_login(make_staff("look@example.org", "dashboard.enter", "psp.view_payouts"))
    money = make_money()
    url = reverse("finance:unmatched-money", args=[money.pk])
    assert client.get(url).status_code == 200
    answer = client.post(url, {"kind": "account", "account": "1200", "reason": "x"})
    assert answer.status_code == 403 and b"<h1" in answer.content


@pytest.mark.parametrize(
    "role", ["receivable", "unexplained", "psp_clearing", "bank", "vat_19", "revenue_19"]
)
def test_accounts_that_documents_keep_explain_nothing(desk: Client, role: str) -> None:
    number = Account.objects.get(role=role).number
    money = make_money()
    url = reverse("finance:unmatched-money", args=[money.pk])
    assert f'value="{number}"' not in desk.get(url).content.decode()
    assert desk.post(url, {"kind": "account", "account": number, "reason": "x"}).status_code == 400
    with pytest.raises(unmatched.CannotExplain):
        unmatched.explain(money=money, kind=Explanation.ACCOUNT, account_number=number, why="x", by=None)
    money.refresh_from_db()
    assert money.is_open


def test_a_movement_that_has_to_wait_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking, "BATCH", 1)
    payment = Payment.objects.get(order=place_order((make_variant(), 1)))
    Payment.objects.filter(pk=payment.pk).update(intent_id="pi_slow")
    fetch.keep([told(f"{at}", 100) for at in range(3)])
    BalanceTransaction.objects.filter(psp_id="txn_2").update(
        kind="charge", category="charge", intent_id="pi_slow"
    )
    assert booking.book_waiting() == 2
    assert [row.psp_id for row in BalanceTransaction.objects.filter(booking="waiting")] == ["txn_2"]


def test_a_refund_that_failed_is_seen_to_by_card_or_transfer(desk: Client) -> None:
    order = place_order((make_variant(price_minor=10_000), 1), shipping_minor=0)
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(state="captured")
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=4_000,
        source="t",
        reason="goodwill",
        state="failed",
        came_back_at=MOMENT,
    )
    assert "came back" in desk.get(reverse("finance:refunds"), {"state": "failed"}).content.decode()
    url = reverse("finance:refund-again", args=[refund.pk])
    assert "claim stands again" in desk.get(url).content.decode()
    assert desk.post(url, {"way": "nonsense"}).status_code == 400
    assert desk.post(url, {"way": "transfer"}).status_code == 302
    refund.refresh_from_db()
    assert (refund.state, refund.by_transfer) == ("requested", True)
    assert desk.post(url, {"way": "card"}).status_code == 409
    Refund.objects.filter(pk=refund.pk).update(state="failed")
    Refund.objects.create(payment=payment, amount_minor=9_000, source="u", reason="x", state="succeeded")
    answer = desk.post(url, {"way": "card"})
    assert answer.status_code == 409 and "are left to give back" in answer.content.decode()


def test_store_credit_is_no_bank_transfer_and_never_goes_back_by_card(desk: Client) -> None:
    user = make_user()
    give_credit(user, 3_000)
    sheet = desk.get(reverse("finance:refunds"), {"format": "csv"}).content.decode()
    assert "store credit" in sheet and "bank transfer" not in sheet
    text = desk.get(reverse("finance:refunds")).content.decode()
    assert "store credit" in text and "bank transfer" not in text
    order = place_order((make_variant(price_minor=3_000), 1), user=user, shipping_minor=0, credit_minor=3_000)
    payment = Payment.objects.get(order=order)
    failed = Refund.objects.create(
        payment=payment, amount_minor=3_000, source="t", reason="x", state="failed", by_transfer=True
    )
    url = reverse("finance:refund-again", args=[failed.pk])
    assert desk.post(url, {"way": "card"}).status_code == 400
    failed.refresh_from_db()
    assert (failed.state, failed.way) == ("failed", "prepayment")
    assert desk.post(url, {"way": "transfer"}).status_code == 302


def test_the_start_pages_tell_of_what_waits(desk: Client) -> None:
    make_money()
    person: Any = make_staff("boss@example.org", "dashboard.enter", *PERMISSIONS)
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    assert "Card money without an order" in client.get(reverse("dashboard:index")).content.decode()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("payouts", "No payouts yet"),
        ("movements", "No movements yet"),
        ("unmatched", "Every amount has its order"),
    ],
)
def test_an_empty_list_says_what_will_come(desk: Client, name: str, words: str) -> None:
    assert words in desk.get(reverse(f"finance:{name}")).content.decode()


def test_much_money_goes_back_only_when_a_second_person_approves(desk: Client, queue: Any) -> None:
    small, large = make_money("pi_small", 25_000), make_money("pi_large", 25_001)
    sent = {"kind": "give_back", "reason": "not ours"}
    desk.post(reverse("finance:unmatched-money", args=[small.pk]), sent)
    assert Explanation.objects.get().money == small
    url = reverse("finance:unmatched-money", args=[large.pk])
    page = desk.post(url, sent, follow=True).content.decode()
    assert "need a second person" in page and "Waits for a second person; asked for by books@" in page
    desk.post(url, sent)
    approval = Approval.objects.get()
    assert (approval.amount_minor, Explanation.objects.count()) == (25_001, 1)
    boss = make_staff("boss@example.org", "payment.approve_refunds")
    approvals.approve(approval=approval, by=boss)
    assert Explanation.objects.get(money=large).by == approval.requested_by
    large.refresh_from_db()
    assert not large.is_open


def test_money_that_was_explained_meanwhile_is_not_given_back_as_well(desk: Client) -> None:
    money = make_money("pi_large", 30_000)
    url = reverse("finance:unmatched-money", args=[money.pk])
    desk.post(url, {"kind": "give_back", "reason": "not ours"})
    order = place_order((make_variant(), 1))
    unmatched.explain(money=money, kind=Explanation.ORDER, order=order, why="theirs", by=None)
    boss = make_staff("boss@example.org", "payment.approve_refunds")
    with pytest.raises(approvals.CannotRun, match="explained it meanwhile"):
        approvals.approve(approval=Approval.objects.get(), by=boss)
    assert Approval.objects.get().state == "waiting"
    answer = desk.post(url, {"kind": "give_back", "reason": "not ours"})
    assert answer.status_code == 409
