"""Every check of files of transfers fails when its rule is broken."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from checkout.payment.models import Refund
from fulfilment.finance.reconciliation.models import PayBack
from fulfilment.finance.sepa import verify
from fulfilment.finance.sepa.models import Transfer, TransferBatch
from tests.support.helpers import Outbox

from .money import file_of, payback_of, prepaid, refund_of, tomorrow

pytestmark = pytest.mark.django_db


def drop_index(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")


def doubled(batch: TransferBatch) -> None:
    drop_index("sepa_refund_live_once")
    one = batch.transfers.exclude(refund=None).get()
    other = TransferBatch.objects.create(
        account=batch.account, key="x", message_id="SEPA-X", execute_on=tomorrow(), sha256=""
    )
    Transfer.objects.create(
        batch=other, position=1, refund=one.refund, amount_minor=one.amount_minor, name=one.name, iban=one.iban,
        text=one.text, end_to_end_id=one.end_to_end_id,
    )  # fmt: skip


FAULTS: list[tuple[str, Any]] = [
    ("files of transfers are the sum of their transfers", lambda b: Transfer.objects.update(amount_minor=1)),
    ("files of transfers are the sum of their transfers", lambda b: TransferBatch.objects.update(count=7)),
    (
        "files of transfers are as they were made",
        lambda b: TransferBatch.objects.update(content=bytes(b.content).replace(b"119.00", b"911.00")),
    ),
    (
        "files of transfers are as they were made",
        lambda b: Transfer.objects.update(iban="DE75512108001245126199"),
    ),
    ("no refund is in two live files of transfers", doubled),
    ("what is in a file of transfers is on its way", lambda b: Refund.objects.update(state="requested")),
    ("what is in a file of transfers is on its way", lambda b: PayBack.objects.update(state="cancelled")),
    (
        "what is in a file of transfers is on its way",
        lambda b: TransferBatch.objects.update(state="cancelled"),
    ),
]


@pytest.mark.parametrize(("check", "fault"), FAULTS)
def test_every_check_fails_when_its_rule_is_broken(outbox: Outbox, check: str, fault: Any) -> None:
    batch = file_of(refund_of(prepaid()), payback_of(5_000))
    outbox.drain()
    checks = dict(verify.CHECKS)
    assert checks[check]() == []
    fault(batch)
    assert checks[check]()


def test_every_check_is_broken_by_a_test() -> None:
    assert {name for name, _check in verify.CHECKS} == {name for name, _fault in FAULTS}
