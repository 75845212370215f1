"""Refunds, disputes, balance entries and payouts: every cent is accounted for."""

from __future__ import annotations

import pytest
import stripe


def entries(client, **params):
    return list(client.v1.balance_transactions.list(params={"limit": 100} | params).auto_paging_iter())


def kinds(client):
    """Types of all events, oldest first."""
    return [event.type for event in client.v1.events.list(params={"limit": 100}).data][::-1]


def test_a_charge_costs_one_and_a_half_percent_and_25_cent(client, pay):
    intent = pay(amount=1990)
    charge = client.v1.charges.retrieve(intent.latest_charge, params={"expand": ["balance_transaction"]})
    entry = charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net, entry.type) == (1990, 55, 1935, "charge")
    assert (entry.source, entry.status) == (charge.id, "pending")
    assert entry.fee_details[0].amount == 55
    balance = client.v1.balance.retrieve()
    assert (balance.pending[0].amount, balance.available[0].amount) == (1935, 0)


def test_money_becomes_available_after_two_days_or_at_once_with_the_special_card(client, pay, standin):
    pay(amount=1000)
    pay("pm_card_bypassPending", amount=2000)
    assert client.v1.balance.retrieve().available[0].amount == 2000 - 55
    standin.control("clock", days=2)
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (2000 - 55 + 1000 - 40, 0)


def test_refunds_in_parts_until_nothing_is_left(client, pay):
    intent = pay(amount=3000)
    first = client.v1.refunds.create(
        params={"payment_intent": intent.id, "amount": 1000, "metadata": {"return": "R-1"}}
    )
    assert (first.status, first.amount, first.metadata["return"]) == ("succeeded", 1000, "R-1")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 2001})
    assert "Refund amount (€20.01) is greater than unrefunded amount on charge (€20.00)" in str(caught.value)
    assert caught.value.param == "amount"
    rest = client.v1.refunds.create(params={"charge": intent.latest_charge, "reason": "duplicate"})
    assert (rest.amount, rest.reason) == (2000, "duplicate")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params={"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"
    charge = client.v1.charges.retrieve(intent.latest_charge, params={"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (3000, True)
    assert [refund.id for refund in charge.refunds.data] == [rest.id, first.id]
    assert client.v1.refunds.retrieve(first.id).to_dict() == first.to_dict()
    listed = client.v1.refunds.list(params={"payment_intent": intent.id}).data
    assert sum(refund.amount for refund in listed) == 3000
    assert [entry.net for entry in entries(client, type="refund")] == [-2000, -1000]
    assert kinds(client)[-4:] == ["refund.created", "charge.refunded"] * 2


def test_the_first_refund_may_not_exceed_the_charge(client, pay):
    with pytest.raises(stripe.InvalidRequestError, match="greater than charge amount"):
        client.v1.refunds.create(params={"payment_intent": pay(amount=1000).id, "amount": 1001})
    for amount in (0, -1, "1e3"):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create(params={"payment_intent": pay().id, "amount": amount})


def test_what_was_never_taken_cannot_be_refunded(client, pay):
    unpaid = client.v1.payment_intents.create(params={"amount": 1000, "currency": "eur"})
    for intent in (unpaid, pay(capture_method="manual")):
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
            client.v1.refunds.create(params={"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params={"payment_intent": "pi_none"})
    assert caught.value.code == "resource_missing"


def test_a_pending_refund_succeeds_later(client, pay, standin):
    refund = client.v1.refunds.create(params={"payment_intent": pay("pm_card_pendingRefund").id})
    assert refund.status == "pending"
    standin.control("clock", advance=60)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert kinds(client)[-2:] == ["refund.updated", "charge.refund.updated"]


def test_a_refund_that_fails_puts_the_money_back(client, pay, standin):
    intent = pay("pm_card_refundFail", amount=4000)
    refund = client.v1.refunds.create(params={"payment_intent": intent.id})
    assert refund.status == "succeeded"
    standin.control("clock", advance=60)
    refund = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, refund.failure_reason) == ("failed", "expired_or_canceled_card")
    assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 0
    assert [entry.net for entry in entries(client)] == [4000, -4000, 4000 - 85]
    assert kinds(client)[-1] == "refund.failed"


@pytest.mark.parametrize(
    ("evidence", "status", "net"), [("winning_evidence", "won", -2000), ("losing_evidence", "lost", -7000)]
)
def test_a_dispute_takes_the_money_and_evidence_decides(client, pay, standin, evidence, status, net):
    intent = pay("pm_card_createDispute", amount=5000)
    standin.control("clock", advance=5)
    dispute = client.v1.disputes.list(params={"payment_intent": intent.id}).data[0]
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 5000)
    assert (dispute.balance_transactions[0].amount, dispute.balance_transactions[0].fee) == (-5000, 2000)
    assert client.v1.charges.retrieve(intent.latest_charge).disputed
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params={"payment_intent": intent.id})
    assert caught.value.code == "charge_disputed"
    dispute = client.v1.disputes.update(dispute.id, params={"evidence": {"uncategorized_text": evidence}})
    assert (dispute.status, dispute.evidence_details.submission_count) == ("under_review", 1)
    standin.control("clock", advance=5)
    dispute = client.v1.disputes.retrieve(dispute.id)
    assert dispute.status == status
    assert sum(entry.net for entry in entries(client, source=dispute.id)) == net
    seen = [kind for kind in kinds(client) if kind.startswith("charge.dispute")]
    won = ["charge.dispute.funds_reinstated"] if status == "won" else []
    assert seen == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        *won,
    ]


def test_a_dispute_can_be_accepted_and_any_charge_be_disputed_on_order(client, pay, standin):
    intent = pay()
    opened = standin.control("disputes", charge=intent.latest_charge, reason="product_not_received")[
        "dispute"
    ]
    closed = client.v1.disputes.close(opened["id"])
    assert (closed.status, closed.reason) == ("lost", "product_not_received")
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(opened["id"])


def test_an_inquiry_takes_no_money_yet(client, pay, standin):
    intent = pay("pm_card_createDisputeInquiry")
    standin.control("clock", advance=5)
    dispute = client.v1.disputes.list().data[0]
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert client.v1.refunds.create(params={"payment_intent": intent.id}).status == "succeeded"


def test_a_payout_is_the_net_sum_of_its_entries(client, pay, standin):
    for amount in (1999, 4550, 12900):
        pay(amount=amount)
    disputed = pay("pm_card_createDispute", amount=3000)
    client.v1.refunds.create(params={"payment_intent": pay(amount=7777).id, "amount": 777})
    assert standin.control("payouts")["payout"] is None, "nothing is available on the first day"
    standin.control("clock", days=3)
    late = pay(amount=9999)
    payout = client.v1.payouts.retrieve(standin.control("payouts")["payout"]["id"])
    assert (payout.status, payout.automatic, payout.currency) == ("in_transit", True, "eur")
    own, *parts = entries(client, payout=payout.id)
    assert (own.type, own.net, own.id) == ("payout", -payout.amount, payout.balance_transaction)
    assert sum(part.net for part in parts) == payout.amount
    assert {part.type for part in parts} == {"charge", "refund", "adjustment"}
    assert disputed.latest_charge in {part.source for part in parts}
    assert late.latest_charge not in {part.source for part in parts}
    standin.control("clock", days=1)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"
    assert client.v1.payouts.list(params={"status": "paid"}).data[0].id == payout.id
    assert [k for k in kinds(client) if k.startswith("payout")] == [
        "payout.created",
        "payout.reconciliation_completed",
        "payout.paid",
    ]
    standin.control("clock", days=3)
    second = standin.control("payouts")["payout"]
    assert second["amount"] == 9999 - 175, "nothing is paid out twice"
    assert client.v1.balance.retrieve().available[0].amount == 0


def test_a_payout_by_hand_cannot_exceed_what_is_available_and_may_fail(client, pay, standin):
    pay("pm_card_bypassPending", amount=5000)
    available = client.v1.balance.retrieve().available[0].amount
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create(params={"amount": available + 1, "currency": "eur"})
    assert caught.value.code == "balance_insufficient"
    payout = client.v1.payouts.create(params={"amount": available, "currency": "eur"})
    assert client.v1.balance.retrieve().available[0].amount == 0
    failed = standin.control("payouts/fail", payout=payout.id, code="account_closed")["payout"]
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    assert client.v1.balance.retrieve().available[0].amount == available


def test_expand_reaches_through_lists_and_refuses_what_is_not_there(client, pay):
    pay()
    found = client.v1.payment_intents.list(params={"expand": ["data.latest_charge.balance_transaction"]})
    assert found.data[0].latest_charge.balance_transaction.type == "charge"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.payment_intents.list(params={"expand": ["data.nonsense"]})


def test_a_refund_race_never_gives_back_more_than_was_taken(client, pay, standin):
    import threading

    from .conftest import connect

    intent, done = pay(amount=1000), []

    def refund() -> None:
        try:
            connect(standin).v1.refunds.create(params={"payment_intent": intent.id, "amount": 600})
            done.append("refunded")
        except stripe.InvalidRequestError:
            done.append("refused")

    threads = [threading.Thread(target=refund) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["refunded"] + ["refused"] * 7
