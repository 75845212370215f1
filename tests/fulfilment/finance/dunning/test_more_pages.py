"""Staff at promises, hand-over, statement, write-off and limits: each page opens, does its verb, refuses nonsense."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfilment.finance.dunning.actions import hand_over, override_limit, promise, reckon_limit, write_off
from fulfilment.finance.dunning.models import (
    CreditFormula,
    CustomerLimit,
    DunningNotice,
    Handover,
    PaymentPromise,
    WriteOff,
)
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import record
from shop.approvals.models import Approval
from shop.kernel.clock import today
from tests.factories.people import make_staff
from tests.factories.shopping import make_user

pytestmark = pytest.mark.django_db
PERMISSIONS = (
    "dunning.view_dunning", "dunning.run_dunning", "dunning.change_policy", "dunning.write_off", "dunning.view_limits",
    "dunning.change_limits", "invoicing.view_invoices",
)  # fmt: skip


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(make_staff("buchhaltung@example.org", *PERMISSIONS))
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"finance:{name}", args=args)


def test_every_list_opens_empty_and_full_and_as_csv(desk: Client, debt: Invoice) -> None:
    names = ("dunning-promises", "dunning-handovers", "dunning-handed-over", "write-offs", "limits")
    for name in names:
        assert desk.get(url(name)).status_code == 200
        assert desk.get(url(name), {"q": "=x", "sort": "nonsense", "page": "x"}).status_code == 200
    _fill(debt)
    for name in names:
        assert desk.get(url(name)).status_code == 200, name
        csv = desk.get(url(name), {"format": "csv"})
        assert csv["Content-Type"].startswith("text/csv")


def _fill(debt: Invoice) -> None:
    notice = DunningNotice.objects.get(level=3)
    promise(notice=notice, amount_minor=100, pay_on=today())
    notice.promises.update(state="withdrawn")
    hand_over(invoices=[debt], collector="Inkasso Nord", by=None)
    write_off(invoice=debt, amount_minor=100, reason_code="too_small", reason="cents")
    reckon_limit(user_id=debt.user_id or 0)


def test_a_promise_is_noted_and_withdrawn(desk: Client, debt: Invoice) -> None:
    notice = DunningNotice.objects.get(level=3)
    page = url("dunning-promise", notice.pk)
    assert desk.get(page).status_code == 200
    assert desk.post(page, {"pay_on": "", "amount_minor": "x"}).status_code == 400
    answer = desk.post(page, {"pay_on": "2026-12-01", "amount_minor": "500,00", "note": "on the phone"})
    assert answer.status_code == 302
    one = PaymentPromise.objects.get()
    assert desk.post(url("dunning-promise-withdraw", one.pk)).status_code == 302
    one.refresh_from_db()
    assert one.state == "withdrawn"
    assert "on the phone" in desk.get(url("dunning-promises")).content.decode()


def test_invoices_are_handed_over_and_come_back(desk: Client, debt: Invoice) -> None:
    text = desk.get(url("dunning-handovers")).content.decode()
    assert debt.number in text
    assert desk.post(url("dunning-hand-over"), {"collector": "", "invoice": debt.number}).status_code == 302
    assert not Handover.objects.exists()
    desk.post(url("dunning-hand-over"), {"collector": "Inkasso Nord", "invoice": debt.number})
    row = Handover.objects.get()
    csv = desk.get(url("dunning-handed-over"), {"format": "csv"}).content.decode()
    assert "Inkasso Nord" in csv
    assert desk.post(url("dunning-take-back", row.pk), {"reason": ""}).status_code == 400
    desk.post(url("dunning-take-back", row.pk), {"reason": "not found"})
    row.refresh_from_db()
    assert row.back_why == "not found"
    assert desk.get(url("dunning-dossier", debt.number)).content.startswith(b"%PDF")


def test_the_statement_is_a_page_and_a_paper(desk: Client, debt: Invoice) -> None:
    page = url("claim-statement", debt.number)
    text = desk.get(page).content.decode()
    assert "6,52" in text
    assert desk.get(page, {"format": "pdf"}).content.startswith(b"%PDF")
    assert desk.get(page, {"day": "9999-99-99"}).status_code == 400
    assert desk.get(url("claim-statement", "R0000-1")).status_code == 404


def test_costs_paid_are_booked_from_a_receipt(desk: Client, debt: Invoice) -> None:
    receipt = record(booked_on=today(), amount_minor=1_000, reference="3/1")
    page = url("claims-paid", debt.number)
    assert desk.get(page).status_code == 200
    wrong = {"receipt": receipt.pk, "costs_minor": "9999,00", "interest_minor": ""}
    assert desk.post(page, wrong).status_code == 400
    assert desk.post(page, {"receipt": "x", "costs_minor": "1"}).status_code == 400
    right = {"receipt": receipt.pk, "costs_minor": "1,30", "interest_minor": "1,00"}
    assert desk.post(page, right).status_code == 302
    receipt.refresh_from_db()
    assert receipt.assigned_minor == 230


def test_a_small_claim_is_written_off_at_once_and_taken_back(desk: Client, debt: Invoice) -> None:
    page = url("give-up", debt.number)
    assert desk.get(page).status_code == 200
    small = {"amount_minor": "50,00", "reason_code": "too_small", "reason": "cents"}
    assert desk.post(page, small | {"amount_minor": "0"}).status_code == 400
    assert desk.post(page, small | {"amount_minor": "5000,00"}).status_code == 400
    desk.post(page, small)
    row = WriteOff.objects.get()
    assert desk.get(url("write-off", row.pk)).status_code == 200
    assert desk.get(url("undo-write-off", row.pk)).status_code == 200
    desk.post(url("undo-write-off", row.pk), {"reason": "typing fault"})
    row.refresh_from_db()
    assert row.reversed_why == "typing fault"


def test_a_large_one_waits_for_somebody_else(desk: Client, debt: Invoice) -> None:
    large = {"amount_minor": "1000,00", "reason_code": "insolvent", "reason": "court"}
    desk.post(url("give-up", debt.number), large)
    assert not WriteOff.objects.exists()
    assert Approval.objects.get().amount_minor == 100_000
    assert desk.get(url("give-up", debt.number)).context["waiting"]


def test_a_limit_is_set_with_a_reason_and_seen_in_the_list(desk: Client, db: None) -> None:
    anna = make_user("anna@example.org")
    page = url("limit", anna.pk)
    assert desk.get(page).status_code == 200
    assert desk.post(page, {"limit_minor": "500,00", "reason": ""}).status_code == 400
    assert desk.post(page, {"limit_minor": "99999999,00", "reason": "x"}).status_code == 400
    assert desk.post(page, {"limit_minor": "500,00", "reason": "keeps two shops"}).status_code == 302
    assert CustomerLimit.objects.get().override_minor == 50_000
    assert "keeps two shops" in desk.get(page).content.decode()
    assert "anna@example.org" in desk.get(url("limits"), {"kind": "set"}).content.decode()


def test_who_may_only_look_cannot_set_a_limit(db: None) -> None:
    client = Client()
    client.force_login(make_staff("look@example.org", "dunning.view_limits"))
    anna = make_user("anna@example.org")
    assert client.post(url("limit", anna.pk), {"limit_minor": "1", "reason": "x"}).status_code == 400
    assert not CustomerLimit.objects.exists()


def test_the_formula_is_data(desk: Client) -> None:
    page = url("limit-formula")
    form = desk.get(page).context["form"]
    values = {name: form[name].value() for name in form.fields}
    values["active"] = "on"
    assert desk.post(page, values | {"steps": "10 100\n5 200"}).status_code == 400
    assert desk.post(page, values | {"steps": "ten"}).status_code == 400
    assert desk.post(page, values | {"steps": "10 100\n50 200", "start_points": "30"}).status_code == 302
    assert CreditFormula.objects.get().steps == [[10, 10_000], [50, 20_000]]


@pytest.mark.parametrize("name", ["limits", "dunning-promises", "write-offs"])
def test_lists_cost_the_same_for_one_and_many_rows(name: str, desk: Client, debt: Invoice) -> None:
    _fill(debt)
    desk.get(url(name))
    with CaptureQueriesContext(connection) as few:
        desk.get(url(name))
    for number in range(5):
        override_limit(user_id=make_user(f"c{number}@example.org").pk, limit_minor=1, why="x", by=None)
        write_off(invoice=debt, amount_minor=1, reason_code="too_small", reason="cents")
    PaymentPromise.objects.bulk_create(
        [
            PaymentPromise(
                notice=DunningNotice.objects.get(level=1), amount_minor=1, pay_on=today(), paid_before_minor=0,
                state="broken",
            )
            for _ in range(5)
        ]
    )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        desk.get(url(name))
    assert len(many) == len(few)
