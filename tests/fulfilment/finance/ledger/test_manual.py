"""Manual entries, opening balances, own accounts, reversals by hand: checked in words, above a limit by two people."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from PIL import Image

from fulfilment.finance.ledger import attachments, charts, triggers
from fulfilment.finance.ledger.actions import (
    LedgerError,
    Manual,
    ManualLine,
    Opening,
    PeriodClosed,
    WrongAccount,
    add_account,
    enter,
    open_balances,
    put_away,
    rename_account,
    reverse_by_hand,
    take_back,
)
from fulfilment.finance.ledger.models import Account, Attachment, Entry
from fulfilment.finance.ledger.queries import balance_minor
from shop.approvals import actions as approvals
from shop.approvals.kinds import CannotRun
from shop.approvals.models import ApprovalLimit
from tests.factories.people import make_staff
from tests.fulfilment.finance.books import closed, problems

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 20)
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def clerk() -> Any:
    return make_staff("ada@example.org", "ledger.post_entries")


@pytest.fixture
def boss() -> Any:
    return make_staff("bea@example.org", "ledger.approve_entries", "ledger.post_into_closed")


def manual(*lines: ManualLine, **facts: Any) -> Manual:
    wanted = lines or (
        ManualLine("4970", debit_minor=1_190, vat="input_19"),
        ManualLine("1200", credit_minor=1_190),
    )
    return Manual(**{"key": uuid.uuid4().hex, "booked_on": DAY, "text": "Bank fees", "lines": wanted} | facts)


def booked(entry: Entry) -> list[tuple[str, int, int]]:
    rows = entry.lines.order_by("pk").values_list("account__number", "debit_minor", "credit_minor")
    return list(rows)


def test_an_amount_with_input_vat_is_posted_as_net_and_vat(clerk: Any) -> None:
    entry, request = enter(manual=manual(), by=clerk)
    assert entry is not None
    assert request is None
    assert booked(entry) == [("4970", 1_000, 0), ("1570", 190, 0), ("1200", 0, 1_190)]
    vat = entry.lines.get(account__role="input_vat")
    assert (vat.vat_country, vat.vat_rate_bp, vat.tax_base_minor) == ("DE", 1900, 1_000)
    assert (entry.kind, entry.by, entry.text) == ("manual", clerk, "Bank fees")
    assert problems() == []


def test_output_vat_in_credit_has_a_positive_base_and_taken_back_a_negative_one(clerk: Any) -> None:
    sale = manual(ManualLine("1000", debit_minor=107), ManualLine("8300", credit_minor=107, vat="output_7"))
    back = manual(ManualLine("8300", debit_minor=107, vat="output_7"), ManualLine("1000", credit_minor=107))
    bases = []
    for wanted in (sale, back):
        entry, _request = enter(manual=wanted, by=clerk)
        assert entry is not None
        bases.append(entry.lines.get(account__role="vat_7").tax_base_minor)
    assert bases == [100, -100]


def test_a_double_click_posts_once(clerk: Any) -> None:
    wanted = manual()
    first, second = (enter(manual=wanted, by=clerk)[0] for _at in range(2))
    assert first == second
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "  "}, "without a text"),
        ({"key": "x"}, "form anew"),
        ({"lines": (ManualLine("1200", debit_minor=5),)}, "between two and"),
        ({"lines": (ManualLine("1200", 5), ManualLine("4970", 0, 4))}, "differ by €0.01"),
        ({"lines": (ManualLine("9999", 5), ManualLine("4970", 0, 5))}, "no account 9999"),
        ({"lines": (ManualLine("1200", 5, 5), ManualLine("4970", 0, 5))}, "either a debit or a credit"),
        ({"lines": (ManualLine("1200", -5), ManualLine("4970", 0, -5))}, "either a debit or a credit"),
        ({"lines": (ManualLine("1400", 5), ManualLine("1200", 0, 5))}, "invoices, credit notes and payments"),
        ({"lines": (ManualLine("1590", 5), ManualLine("1200", 0, 5))}, "at its bank receipt"),
        ({"lines": (ManualLine("9000", 5), ManualLine("1200", 0, 5))}, "their own page"),
        ({"lines": (ManualLine("1776", 5), ManualLine("1200", 0, 5))}, "choose the VAT at the line"),
        ({"lines": (ManualLine("1200", 5), ManualLine("8400", 0, 5))}, "with VAT 19 % only"),
        ({"lines": (ManualLine("1200", 5, vat="input_19"), ManualLine("4970", 0, 5))}, "does not go with"),
        ({"lines": (ManualLine("4970", 5, vat="nonsense"), ManualLine("1200", 0, 5))}, "does not go with"),
        ({"into_closed": "because"}, "may not post into a closed month"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_posted(
    clerk: Any, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(LedgerError, match=words):
        enter(manual=replace(manual(), **change), by=clerk)
    assert not Entry.objects.exists()


def test_a_closed_month_is_refused_and_a_softly_closed_one_takes_a_reason(clerk: Any, boss: Any) -> None:
    month = closed(dt.date(2026, 11, 1), dt.date(2026, 11, 30), "soft")
    with pytest.raises(PeriodClosed):
        enter(manual=manual(), by=clerk)
    entry, _request = enter(manual=manual(into_closed="the auditor found it"), by=boss)
    assert entry is not None
    assert (entry.booked_on, entry.into_closed) == (DAY, "the auditor found it")
    type(month).objects.update(state="hard")
    with pytest.raises(PeriodClosed):
        enter(manual=manual(into_closed="the auditor found it"), by=boss)


def test_above_the_limit_a_second_person_posts_it_in_the_name_of_the_first(clerk: Any, boss: Any) -> None:
    paper = attachments.keep(name="rent.pdf", content=PDF, by=clerk)
    big = (ManualLine("4970", debit_minor=100_001), ManualLine("1200", credit_minor=100_001))
    wanted = manual(*big, attachments=(paper.pk,))
    entry, request = enter(manual=wanted, by=clerk)
    again = enter(manual=wanted, by=clerk)[1]
    assert entry is None
    assert request is not None
    assert request == again
    assert request.consequences == ["Debit 4970 €1,000.01", "Credit 1200 €1,000.01"]
    assert not Entry.objects.exists()
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=request, by=clerk)
    outcome = approvals.approve(approval=request, by=boss)
    posted = Entry.objects.get()
    assert outcome.url.endswith(f"/journal/{posted.pk}/")
    assert (posted.by, posted.attachments.get()) == (clerk, paper)
    assert enter(manual=wanted, by=clerk) == (posted, None)


def test_the_limit_is_data_and_what_is_closed_meanwhile_stays_on_the_list(clerk: Any, boss: Any) -> None:
    ApprovalLimit.objects.create(kind="manual_entry", role="", limit_minor=100)
    _entry, request = enter(manual=manual(), by=clerk)
    assert request is not None
    closed(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    with pytest.raises(CannotRun, match="closed"):
        approvals.approve(approval=request, by=boss)
    request.refresh_from_db()
    assert request.state == "waiting"
    assert not Entry.objects.exists()


def test_a_paper_hangs_on_one_entry_for_ever(clerk: Any, boss: Any) -> None:
    paper = attachments.keep(name="../../etc/passwd\x00.exe", content=PDF, by=clerk)
    assert paper.name == "passwd.pdf"
    entry, _request = enter(manual=manual(attachments=(paper.pk,)), by=clerk)
    assert entry is not None
    assert attachments.read(paper) == PDF
    with pytest.raises(LedgerError, match="another entry"), transaction.atomic():
        enter(manual=manual(attachments=(paper.pk,)), by=clerk)
    with pytest.raises(LedgerError), transaction.atomic():
        enter(manual=manual(attachments=(paper.pk,)), by=boss)
    for change in (lambda rows: rows.update(sha256="x"), lambda rows: rows._raw_delete("default")):
        with pytest.raises(IntegrityError, match=triggers.ATTACHED), transaction.atomic():
            change(Attachment.objects.filter(pk=paper.pk))
    assert Entry.objects.count() == 1


def picture(kind: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Invoice xmlns="urn:x"><ID>1</ID></Invoice>', "application/xml"),
    ],
)
def test_papers_are_known_by_what_is_in_them(clerk: Any, content: bytes, kind: str) -> None:
    assert attachments.keep(name="whatever.txt", content=content, by=clerk).content_type == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"%PDF-1.7 cut off",
        b"\x89PNG\r\n\x1a\n nonsense",
        picture("PNG")[:40],
        picture("GIF"),
        b"<open>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<html><script>alert(1)</script></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"%PDF-" + b" " * attachments.SIZE_MAX,
    ],
    ids=[
        "empty",
        "program",
        "cut",
        "no picture",
        "half",
        "gif",
        "broken",
        "bomb",
        "outside",
        "html",
        "svg",
        "large",
    ],
)
def test_what_is_no_paper_is_refused_in_words(clerk: Any, content: bytes) -> None:
    with pytest.raises(attachments.WrongPaper):
        attachments.keep(name="x.pdf", content=content, by=clerk)
    assert not Attachment.objects.exists()


def test_opening_balances_above_the_limit_wait_for_a_second_person(clerk: Any, boss: Any) -> None:
    """The limit is that of manual entries and counts the debits; what was asked for is what is posted."""
    rows = [
        Opening("1200", debit_minor=60_000),
        Opening("1000", debit_minor=40_001),
        Opening("0800", 0, 100_001),
    ]
    entries, request = open_balances(year=2026, rows=rows, by=clerk)
    assert entries == []
    assert request is not None
    assert open_balances(year=2026, rows=rows, by=clerk) == ([], request)
    assert (request.amount_minor, request.title) == (100_001, "Opening balances 2026")
    assert request.consequences == ["Debit 1200 Bank €600.00", "Debit 1000 Cash €400.01",
                                    "Credit 0800 Subscribed capital €1,000.01"]  # fmt: skip
    assert not Entry.objects.exists()
    with pytest.raises(approvals.NotYours):
        approvals.approve(approval=request, by=clerk)
    outcome = approvals.approve(approval=request, by=boss)
    assert outcome.text == "3 opening balances of 2026 are posted."
    assert (balance_minor("bank"), balance_minor("equity"), balance_minor("opening_balance")) == (
        60_000,
        -100_001,
        0,
    )
    assert {entry.by for entry in Entry.objects.all()} == {clerk}
    assert problems() == []
    open_balances(year=2027, rows=[Opening("1200", 100_000), Opening("0800", 0, 100_000)], by=clerk)
    assert Entry.objects.count() == 5  # at the limit nobody else is needed


def test_an_account_opened_meanwhile_keeps_the_request_waiting(clerk: Any, boss: Any) -> None:
    large = [Opening("1200", debit_minor=200_000), Opening("0800", credit_minor=200_000)]
    request = open_balances(year=2026, rows=large, by=clerk)[1]
    assert request is not None
    open_balances(year=2026, rows=[Opening("1200", 500), Opening("0800", 0, 500)], by=clerk)
    with pytest.raises(CannotRun, match="reverse that entry first"):
        approvals.approve(approval=request, by=boss)
    request.refresh_from_db()
    assert (request.state, balance_minor("bank")) == ("waiting", 500)
    with pytest.raises(LedgerError, match="differ by"):
        open_balances(year=2028, rows=[Opening("1200", debit_minor=200_000)], by=clerk)


def test_opening_balances_are_posted_once_per_year_and_account(clerk: Any) -> None:
    rows = [Opening("1200", debit_minor=90_000), Opening("0800", credit_minor=90_000)]
    open_balances(year=2026, rows=rows, by=clerk)
    assert (balance_minor("bank"), balance_minor("opening_balance")) == (90_000, 0)
    with pytest.raises(LedgerError, match="reverse that entry first"):
        open_balances(year=2026, rows=rows, by=clerk)
    open_balances(year=2027, rows=rows, by=clerk)
    for entry in Entry.objects.filter(booked_on=dt.date(2026, 1, 1)):
        reverse_by_hand(entry=entry, why="typed wrongly", booked_on=DAY, by=clerk)
    open_balances(year=2026, rows=rows, by=clerk)
    assert balance_minor("bank") == 180_000
    assert problems() == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "nothing to post"),
        ([Opening("1200", 5)], "differ by"),
        ([Opening("1200", 5), Opening("1200", 0, 5)], "stands twice"),
        ([Opening("1400", 5), Opening("0800", 0, 5)], "single documents"),
        ([Opening("9000", 5), Opening("0800", 0, 5)], "single documents"),
        ([Opening("4711", 5), Opening("0800", 0, 5)], "no account 4711"),
        ([Opening("1200", 5, 5), Opening("0800", 0, 5)], "either a debit or a credit"),
    ],
)
def test_wrong_opening_balances_are_refused_whole(clerk: Any, rows: list[Opening], words: str) -> None:
    with pytest.raises(LedgerError, match=words):
        open_balances(year=2026, rows=rows, by=clerk)
    assert not Entry.objects.exists()


def test_an_own_account_is_used_renamed_and_put_away_only_while_nobody_used_it(clerk: Any) -> None:
    names = {"name_de": "Software", "name_en": "Software"}
    account = add_account(number="4980", kind="expense", **names, by=clerk)
    for number, kind in (
        ("4980", "expense"),
        ("498", "expense"),
        ("49801", "expense"),
        ("٤٩٨١", "expense"),
        ("4981", "x"),
    ):
        with pytest.raises(WrongAccount):
            add_account(number=number, kind=kind, **names, by=clerk)
    put_away(account=account, by=clerk)
    lines = (ManualLine("4980", debit_minor=500), ManualLine("1200", credit_minor=500))
    with pytest.raises(LedgerError, match="no account 4980"):
        enter(manual=manual(*lines), by=clerk)
    take_back(account=account, by=clerk)
    entry, _request = enter(manual=manual(*lines), by=clerk)
    assert entry is not None
    reversal, _request = reverse_by_hand(entry=entry, why="twice", booked_on=DAY, by=clerk)
    assert reversal is not None
    assert booked(reversal) == [("4980", 0, 500), ("1200", 500, 0)]
    with pytest.raises(WrongAccount, match="it stays"):
        put_away(account=account, by=clerk)
    with pytest.raises(WrongAccount, match="rules of the books"):
        put_away(account=Account.objects.get(role="bank"), by=clerk)
    with pytest.raises(WrongAccount):
        rename_account(account=account, name_de=" ", name_en="x", by=clerk)
    rename_account(account=account, name_de="Programme", name_en="Programs", by=clerk)
    assert [row.name_en for row in account.history.all()][:2] == ["Programs", "Software"]


def test_a_role_that_comes_later_takes_the_next_number_when_ours_has_its_own(clerk: Any) -> None:
    Account.objects.filter(role="rounding").delete()
    add_account(number="2309", kind="expense", name_de="Eigenes", name_en="Own", by=clerk)
    enter(manual=manual(), by=clerk)
    charts.sync()
    assert Account.objects.get(role="rounding").number == "2310"
