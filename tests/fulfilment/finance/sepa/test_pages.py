"""Pages of transfers: from what waits to the file and on, a second person, bad input, rights, queries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from checkout.payment.models import Refund
from fulfilment.finance.ledger.queries import balance_minor
from fulfilment.finance.sepa.models import ReceiverAccount, Transfer, TransferBatch
from fulfilment.finance.sepa.waiting import waiting
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun
from shop.approvals.models import Approval, ApprovalLimit
from tests.fulfilment.finance.orders import make_staff
from tests.support.helpers import Outbox

from .money import OURS, THEIRS, file_of, our_account, payback_of, prepaid, refund_of

pytestmark = pytest.mark.django_db
OTHER = "DE75512108001245126199"


def look(desk: Client, *targets: str) -> dict[str, Any]:
    """The preview of these, and what its form would send."""
    answer = desk.post(reverse("finance:transfers-preview"), {"target": targets})
    assert answer.status_code == 200
    form = answer.context["form"]
    return {
        "target": [row.target for row, _from in answer.context["rows"]],
        "account": our_account().pk,
        "execute_on": form.initial["execute_on"].isoformat(),
        "schema": "pain.001.001.09",
        "in_one_sum": "on",
        "key": str(form.initial["key"]),
        "seen": form.initial["seen"],
        "step": "make",
    }


def make(desk: Client, sent: dict[str, Any]) -> Any:
    return desk.post(reverse("finance:transfers-preview"), sent)


def boss() -> Any:
    """Somebody who may approve."""
    user = make_staff("boss@example.com")
    codes = ["approve_transfers", "view_transfers", "approve_refunds"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return type(user).objects.get(pk=user.pk)


@override("en")
def test_from_the_list_to_the_bank(outbox: Outbox, desk: Client) -> None:
    our_account()
    order = prepaid()
    refund, payback = refund_of(order), payback_of(5_000)
    page = desk.get(reverse("finance:transfers"))
    assert (page.context["ready"], page.context["ready_minor"], page.context["blocked"]) == (2, 16_900, 0)
    assert THEIRS not in page.content.decode()
    assert "DE02 … 2051" in page.content.decode()
    sent = look(desk, f"refund:{refund.pk}", f"payback:{payback.pk}")
    answer = make(desk, sent)
    batch = TransferBatch.objects.get()
    assert answer["Location"] == reverse("finance:transfer-batch", args=[batch.pk])
    assert make(desk, sent)["Location"] == answer["Location"], "a double click is one file"
    assert TransferBatch.objects.count() == 1
    url = reverse("finance:transfer-download", args=[batch.pk])
    first, second = desk.get(url), desk.get(url)
    assert first.content == second.content == bytes(batch.content)
    assert batch.message_id in first["Content-Disposition"]
    assert desk.get(reverse("finance:transfer-hand-over", args=[batch.pk])).status_code == 200
    assert desk.post(reverse("finance:transfer-hand-over", args=[batch.pk])).status_code == 302
    assert desk.post(reverse("finance:transfer-hand-over", args=[batch.pk])).status_code == 409
    outbox.drain()
    assert balance_minor("money_transit") == -16_900
    assert desk.get(url).content == first.content
    assert "Handed" in desk.get(reverse("finance:transfer-batch", args=[batch.pk])).content.decode().title()
    one = batch.transfers.get(refund=refund)
    refuse = reverse("finance:transfer-refuse", args=[one.pk])
    assert desk.get(refuse).status_code == 200
    assert desk.post(refuse, {"reason": ""}).status_code == 400
    assert desk.post(refuse, {"reason": "AC04"}).status_code == 302
    assert desk.post(refuse, {"reason": "AC04"}).status_code == 400
    outbox.drain()
    cancel = reverse("finance:transfer-cancel", args=[batch.pk])
    assert desk.get(cancel).status_code == 200
    assert desk.post(cancel, {"reason": " "}).status_code == 400
    assert desk.post(cancel, {"reason": "refused"}).status_code == 302
    assert desk.get(url).status_code == 404, "a file that was called off is not given out"
    assert len(waiting()) == 2


@override("en")
def test_accounts_are_given_on_a_page_with_their_history(outbox: Outbox, desk: Client) -> None:
    our_account()
    refund = refund_of(prepaid(iban=""))
    page = desk.get(reverse("finance:transfers"))
    assert "not known" in page.content.decode()
    url = reverse("finance:transfer-account", args=["refund", refund.pk])
    assert desk.get(url).status_code == 200
    good = {"name": "Hanna Petersen", "iban": "de02 1203 0000 0000 2020 51", "source": "letter"}
    for name, bad in (
        ("iban", "DE1"),
        ("iban", ""),
        ("name", "💶"),
        ("source", ""),
        ("iban", "\x00"),
        ("iban", OURS[:-1]),
    ):
        assert desk.post(url, good | {name: bad}).status_code == 400
    assert desk.post(url, good).status_code == 302
    assert desk.post(url, good | {"iban": OTHER}).status_code == 302
    assert ReceiverAccount.objects.get().iban == OTHER
    assert [row.iban for row in ReceiverAccount.objects.get().history.all()] == [OTHER, THEIRS]
    assert OTHER in desk.get(url).content.decode()
    file_of(Refund.objects.get())
    assert desk.get(url).status_code == 404, "on its way: nothing to give"
    for nothing in (["card", 1], ["payback", 999]):
        assert desk.get(reverse("finance:transfer-account", args=nothing)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"execute_on": "yesterday"}, {"execute_on": "2020-01-01"}, {"execute_on": "2026-12-25"}, {"account": "0"},
        {"account": "x"}, {"schema": "x"}, {"key": "x"}, {"key": ""}, {"seen": ""}, {"seen": "0" * 64},
        {"seen": "x" * 65}, {"execute_on": "9999-12-31"},
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words(outbox: Outbox, desk: Client, change: dict[str, str]) -> None:
    our_account()
    refund = refund_of(prepaid())
    sent = look(desk, f"refund:{refund.pk}")
    assert make(desk, sent | change).status_code in (400, 409)
    assert not TransferBatch.objects.exists()
    assert Refund.objects.get().state == "requested"


def test_choosing_nothing_or_nonsense_leads_back(outbox: Outbox, desk: Client) -> None:
    url = reverse("finance:transfers-preview")
    for targets in ([], ["x"], ["refund:99999999999999999999"], ["refund:999"]):
        assert desk.post(url, {"target": targets}).status_code == 302
    assert desk.post(url, {"target": ["\x00"]}).status_code == 400
    assert desk.get(url).status_code == 302


@override("en")
def test_without_an_account_of_ours_the_page_says_so(outbox: Outbox, desk: Client) -> None:
    from fulfilment.finance.bank.models import BankAccount

    refund = refund_of(prepaid())
    BankAccount.objects.update(is_active=False)
    answer = desk.post(reverse("finance:transfers-preview"), {"target": [f"refund:{refund.pk}"]})
    assert "account of ours" in answer.content.decode()


def test_an_account_changed_after_the_preview_is_shown_again(
    outbox: Outbox, desk: Client, accountant: Any
) -> None:
    from fulfilment.finance.sepa.actions import give_account

    our_account()
    refund = refund_of(prepaid())
    sent = look(desk, f"refund:{refund.pk}")
    give_account(thing=refund, name="Mallory", iban=OTHER, source="x", by=accountant)
    answer = make(desk, sent)
    assert answer.status_code == 409
    assert OTHER in answer.content.decode()
    assert not TransferBatch.objects.exists()
    again = sent | {"seen": answer.context["form"].initial["seen"]}
    assert make(desk, again).status_code == 302


@override("en")
def test_above_the_limit_of_a_day_a_second_person_is_asked(
    outbox: Outbox, desk: Client, accountant: Any
) -> None:
    our_account()
    small, large = refund_of(prepaid(200_000)), refund_of(prepaid(60_000))
    assert make(desk, look(desk, f"refund:{small.pk}")).status_code == 302
    assert TransferBatch.objects.count() == 1
    sent = look(desk, f"refund:{large.pk}")  # 2,000.00 and 600.00 are more than 2,500.00 of a day
    assert make(desk, sent)["Location"] == reverse("finance:transfers")
    approval = Approval.objects.get()
    assert (approval.kind, approval.amount_minor, TransferBatch.objects.count()) == ("transfers", 60_000, 1)
    assert THEIRS in approval.consequences[0]
    assert "approval" in waiting()[0].problem
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=approval, by=accountant)
    done = approvals.approve(approval=approval, by=boss())
    batch = TransferBatch.objects.latest("pk")
    assert (batch.made_by, batch.approved_by.email) == (accountant, "boss@example.com")
    assert done.url == reverse("finance:transfer-batch", args=[batch.pk])
    page = desk.get(done.url).content.decode()
    assert "approved by boss@example.com" in page


@override("en")
def test_to_accounts_one_gave_oneself_the_limit_of_refunds_holds(
    outbox: Outbox, desk: Client, accountant: Any
) -> None:
    our_account()
    refund = refund_of(prepaid(30_000))
    url = reverse("finance:transfer-account", args=["refund", refund.pk])
    desk.post(url, {"name": "Hanna", "iban": OTHER, "source": "phone"})
    assert make(desk, look(desk, f"refund:{refund.pk}"))["Location"] == reverse("finance:transfers")
    assert Approval.objects.filter(state="waiting").count() == 1
    ApprovalLimit.objects.create(kind="refund", role="", limit_minor=30_000)
    Approval.objects.all().update(state="withdrawn")
    make(desk, look(desk, f"refund:{refund.pk}"))
    assert TransferBatch.objects.count() == 1


def test_what_changed_since_it_was_asked_for_is_not_approved(
    outbox: Outbox, desk: Client, accountant: Any
) -> None:
    from fulfilment.finance.sepa.actions import give_account

    our_account()
    refund = refund_of(prepaid(300_000))
    make(desk, look(desk, f"refund:{refund.pk}"))
    approval = Approval.objects.get()
    give_account(thing=refund, name="Mallory", iban=OTHER, source="x", by=accountant)
    with pytest.raises(CannotRun):
        approvals.approve(approval=approval, by=boss())
    approval.refresh_from_db()
    assert (approval.state, TransferBatch.objects.count()) == ("waiting", 0)


def test_lists_filter_sort_and_come_as_csv(outbox: Outbox, desk: Client) -> None:
    our_account()
    known, unknown = refund_of(prepaid(2_000, payer="=cmd()")), refund_of(prepaid(1_000, iban=""))
    url = reverse("finance:transfers")

    def targets(query: str) -> list[str]:
        return [row.target for row, _iban, _from in desk.get(f"{url}?{query}").context["rows"]]

    one, two = f"refund:{known.pk}", f"refund:{unknown.pk}"
    assert targets("") == [one, two]
    assert targets("show=blocked") == [two]
    assert targets("show=ready") == [one]
    assert targets("kind=payback") == []
    assert targets("sort=amount") == [two, one]
    assert targets("sort=-amount") == [one, two]
    assert targets(f"q={known.payment.order.number}") == [one]
    assert desk.get(f"{url}?kind=x").status_code == 400
    csv = desk.get(f"{url}?format=csv").content.decode()
    assert "20,00" in csv and THEIRS not in csv
    assert not re.search(r"(?m)(^|;)=", csv)
    batch = file_of(known)
    files = reverse("finance:transfer-batches")
    for query, count in (
        ("", 1),
        ("?state=booked", 0),
        (f"?q={batch.message_id}", 1),
        ("?q=20,00", 1),
        ("?q=nobody", 0),
    ):
        assert len(desk.get(files + query).context["page"].object_list) == count
    assert batch.message_id in desk.get(f"{files}?format=csv").content.decode()
    rows = desk.get(reverse("finance:transfer-batch", args=[batch.pk]) + "?format=csv").content.decode()
    assert f"REFUND-{known.pk:06d}" in rows and THEIRS not in rows


def test_who_may_only_look_sees_no_whole_account_and_no_file(outbox: Outbox, desk: Client) -> None:
    batch = file_of(refund_of(prepaid()))
    clerk = make_staff("clerk@example.com")
    clerk.user_permissions.set(Permission.objects.filter(codename="view_transfers"))
    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("finance:transfer-batch", args=[batch.pk]))
    assert page.status_code == 200
    assert "DE02 1203" not in page.content.decode()
    assert "DE02 … 2051" in page.content.decode()
    for name in ("download", "hand-over", "cancel"):
        assert client.get(reverse(f"finance:transfer-{name}", args=[batch.pk])).status_code == 403
    assert client.post(reverse("finance:transfers-preview"), {}).status_code == 403
    assert client.get(reverse("finance:transfer-refuse", args=[Transfer.objects.get().pk])).status_code == 403
    assert client.get(reverse("finance:transfer-account", args=["refund", 1])).status_code == 403


def test_pages_need_no_more_queries_for_more_rows(outbox: Outbox, desk: Client) -> None:
    our_account()

    def fill(times: int) -> None:
        for _ in range(times):
            refund_of(prepaid(1_000))
            payback_of(1_000)

    def count(work: Any) -> int:
        work()
        with CaptureQueriesContext(connection) as seen:
            work()
        return len(seen)

    def measure() -> dict[str, int]:
        batch = TransferBatch.objects.latest("pk")
        pages = {
            "list": reverse("finance:transfers"),
            "csv": reverse("finance:transfers") + "?format=csv",
            "files": reverse("finance:transfer-batches"),
            "file": reverse("finance:transfer-batch", args=[batch.pk]),
        }
        found = {name: count(lambda url=url: desk.get(url)) for name, url in pages.items()}  # type: ignore[misc]
        targets = [row.target for row in waiting()]
        preview = reverse("finance:transfers-preview")
        return found | {"preview": count(lambda: desk.post(preview, {"target": targets}))}

    file_of(refund_of(prepaid()))
    fill(1)
    few = measure()
    file_of(*[row.thing for row in waiting()])
    fill(6)
    file_of(*[row.thing for row in waiting()[:8]])
    assert measure() == few
    assert max(few.values()) <= 22, few
