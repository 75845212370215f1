"""The pages of the books: they say before what will happen, do it once, and refuse nonsense in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from fulfilment.finance.ledger.actions import add_account, post, seal
from fulfilment.finance.ledger.closing import open_matters
from fulfilment.finance.ledger.models import Account, Attachment, Entry, EntryTemplate, Period
from fulfilment.finance.ledger.postings import Posting
from shop.approvals.models import Approval
from shop.kernel.clock import frozen
from tests.factories.people import make_staff
from tests.support.helpers import Clock

from .test_manual import PDF

pytestmark = pytest.mark.django_db
OCTOBER = dt.date(2026, 10, 15)
ALL = (
    "dashboard.enter", "ledger.view_ledger", "ledger.reverse_entries", "ledger.post_entries",
    "ledger.manage_accounts", "ledger.close_periods",
)  # fmt: skip
NAUGHTY = [
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "\u202eevil",
    "💥" * 30,
    "9" * 40,
    "-1",
    "1e400",
]
FEES = (("4970 Nebenkosten", "11.90", "", "input_19"), ("1200", "", "11.90", ""), ("", "", "", ""))


@pytest.fixture
def clerk() -> Any:
    return make_staff("ada@example.org", *ALL)


@pytest.fixture
def desk(client: Client, clerk: Any, clock: Clock) -> Client:
    clock.on(dt.date(2026, 11, 26))
    client.force_login(clerk)
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"finance:{name}", args=args)


def booked(day: dt.date = OCTOBER, source: str = "fact:1", kind: str = "manual", **more: Any) -> Entry:
    pair = [Posting("bank", debit_minor=500), Posting("retained", credit_minor=500)]
    return post(source=source, kind=kind, lines=pair, booked_on=day, text="by hand", **more)


def typed(*rows: tuple[str, str, str, str], **facts: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "booked_on": "2026-11-20", "text": "Bank fees", "document": "B-7", "key": "a" * 32,
        "line-TOTAL_FORMS": str(len(rows)), "line-INITIAL_FORMS": "0",
    }  # fmt: skip
    for at, row in enumerate(rows):
        names = ("account", "debit", "credit", "vat")
        data |= {f"line-{at}-{name}": value for name, value in zip(names, row, strict=True)}
    return data | facts


def test_a_manual_entry_is_shown_then_posted_with_its_paper(desk: Client) -> None:
    assert desk.get(url("manual-entry")).status_code == 200
    data = typed(*FEES)
    file = SimpleUploadedFile("fees.pdf", PDF)
    shown = desk.post(url("manual-entry"), data | {"paper": file, "step": "check"})
    assert shown.status_code == 200
    assert not Entry.objects.exists()
    amounts = [row["line"].debit_minor for row in shown.context["preview"]]
    assert amounts == [1_000, 190, 0]
    paper = Attachment.objects.get()
    again = data | {"papers": str(paper.pk), "seen": shown.context["seen"], "step": "post"}
    answer = desk.post(url("manual-entry"), again)
    entry = Entry.objects.get()
    assert answer["Location"] == url("entry", entry.pk)
    assert (entry.document, entry.attachments.get()) == ("B-7", paper)
    assert desk.post(url("manual-entry"), again)["Location"] == url("entry", entry.pk)
    assert "fees.pdf" in desk.get(url("entry", entry.pk)).content.decode()
    sent = desk.get(url("attachment", paper.pk))
    assert (sent.content, sent["X-Content-Type-Options"]) == (PDF, "nosniff")
    assert sent["Content-Disposition"].startswith("attachment")


def test_what_was_not_shown_is_not_posted(desk: Client) -> None:
    shown = desk.post(url("manual-entry"), typed(*FEES, step="check"))
    rows = (("4970", "99.00", "", ""), ("1200", "", "99.00", ""))
    answer = desk.post(url("manual-entry"), typed(*rows, seen=shown.context["seen"], step="post"))
    assert answer.status_code == 200
    assert not Entry.objects.exists()


def test_a_large_entry_waits_for_a_second_person(desk: Client) -> None:
    rows = (("4970", "1,500.00", "", ""), ("1200", "", "1,500.00", ""))
    shown = desk.post(url("manual-entry"), typed(*rows, step="check"))
    assert "zweite Person" in shown.content.decode()
    answer = desk.post(
        url("manual-entry"), typed(*rows, seen=shown.context["seen"], step="post"), follow=True
    )
    assert "wartet auf die Freigabe" in answer.content.decode()
    assert (Approval.objects.get().amount_minor, Entry.objects.count()) == (150_000, 0)


def test_more_lines_a_template_and_one_like_the_last(desk: Client) -> None:
    more = desk.post(url("manual-entry"), typed(*FEES, step="more"))
    assert len(more.context["lines"].forms) == 7
    assert desk.post(url("manual-entry"), typed(*FEES, step="keep", template="Fees")).status_code == 200
    template = EntryTemplate.objects.get(name="Fees")
    start = desk.get(url("manual-entry"), {"template": template.pk}).context["lines"].forms[0].initial
    assert (start["account"], start["debit"], start["vat"]) == ("4970", "11,90", "input_19")
    shown = desk.post(url("manual-entry"), typed(*FEES, step="check"))
    desk.post(url("manual-entry"), typed(*FEES, seen=shown.context["seen"], step="post"))
    entry = Entry.objects.get()
    forms = desk.get(url("manual-entry"), {"like": entry.pk}).context["lines"].forms
    assert [form.initial.get("account") for form in forms] == ["4970", "1200", None, None]
    assert (forms[0].initial["debit"], forms[0].initial["vat"]) == ("11,90", "input_19")
    assert desk.post(url("drop-entry-template", template.pk)).status_code == 302
    assert not EntryTemplate.objects.exists()


@pytest.mark.parametrize("nasty", NAUGHTY)
def test_nonsense_is_said_in_words(desk: Client, nasty: str) -> None:
    fields = ("booked_on", "key", "line-0-account", "line-0-debit", "line-0-vat", "line-TOTAL_FORMS")
    for name in fields:
        answer = desk.post(url("manual-entry"), typed(*FEES) | {name: nasty, "step": "post", "seen": nasty})
        assert answer.status_code in (200, 400), name
    program = SimpleUploadedFile("x.pdf", b"MZ program")
    refused = desk.post(url("manual-entry"), typed(*FEES) | {"paper": program, "papers": nasty})
    assert refused.status_code == 400
    assert desk.get(url("manual-entry"), {"like": nasty}).status_code == 404
    assert desk.get(url("manual-entry"), {"template": nasty}).status_code == 404
    assert desk.post(url("opening-balances"), {"year": nasty, "rows": nasty}).status_code == 400
    assert desk.post(url("new-account"), {"number": nasty, "kind": nasty}).status_code == 400
    assert desk.get(url("periods"), {"page": nasty}).status_code == 200
    assert desk.get(url("seals"), {"q": nasty}).status_code == 200
    assert not Entry.objects.exists()


def test_a_paper_of_somebody_else_that_hangs_on_nothing_stays_theirs(desk: Client) -> None:
    paper = Attachment.objects.create(
        name="x.pdf",
        content_type="application/pdf",
        size=1,
        key="none",
        sha256="x",
        uploaded_by=make_staff("bea@example.org"),
    )
    assert desk.get(url("attachment", paper.pk)).status_code == 404
    shown = desk.post(url("manual-entry"), typed(*FEES, papers=str(paper.pk), step="check"))
    assert shown.context["papers"] == []


def test_a_month_is_closed_opened_and_closed_for_good_with_reasons(desk: Client) -> None:
    booked()
    page = desk.get(url("period", 2026, 10))
    assert "1 manuelle Buchung hat keinen Beleg" in page.content.decode()
    for step, state in (("soft", "soft"), ("open", "open"), ("soft", "soft"), ("hard", "hard")):
        answer = desk.post(url("period", 2026, 10), {"step": step, "reason": f"because {step}"})
        assert answer.status_code == 302
        assert Period.objects.get().state == state
    assert "because hard" in desk.get(url("period", 2026, 10)).content.decode()
    assert desk.post(url("period", 2026, 10), {"step": "open", "reason": "x"}).status_code == 409
    assert desk.post(url("period", 2026, 11), {"step": "soft", "reason": "x"}).status_code == 409
    assert desk.post(url("period", 2026, 10), {"step": "open", "reason": ""}).status_code == 400
    assert desk.post(url("period", 2026, 10), {"step": "melt", "reason": "x"}).status_code == 404
    assert desk.get(url("period", 2026, 13)).status_code == 404
    assert "2026-10" in desk.get(url("periods"), {"format": "csv"}).content.decode()


def test_who_may_only_look_closes_and_posts_nothing(client: Client) -> None:
    client.force_login(make_staff("kai@example.org", "dashboard.enter", "ledger.view_ledger"))
    assert client.get(url("period", 2026, 10)).status_code == 200
    assert client.post(url("period", 2026, 10), {"step": "soft", "reason": "x"}).status_code == 403
    for name in ("manual-entry", "opening-balances", "new-account"):
        assert client.get(url(name)).status_code == 403


def test_an_entry_is_reversed_after_showing_what_will_be_posted(desk: Client, clerk: Any) -> None:
    entry, document = booked(by=clerk), booked(source="fact:2", kind="invoice_issued")
    assert "Stornieren Sie ihn" in desk.get(url("reverse-entry", document.pk)).content.decode()
    refused = desk.post(url("reverse-entry", document.pk), {"reason": "x", "booked_on": "2026-11-20"})
    assert refused.status_code == 409
    assert desk.get(url("reverse-entry", entry.pk)).context["form"].initial["booked_on"] == OCTOBER
    for data in ({"reason": "", "booked_on": "2026-11-20"}, {"reason": "x", "booked_on": "soon"}):
        assert desk.post(url("reverse-entry", entry.pk), data).status_code == 400
    answer = desk.post(url("reverse-entry", entry.pk), {"reason": "typed twice", "booked_on": "2026-11-20"})
    assert answer["Location"] == url("entry", Entry.objects.get(reverses=entry).pk)
    assert desk.get(url("reverse-entry", 10**17)).status_code == 404


def test_a_reversal_above_the_limit_says_before_that_it_waits_and_after_that_it_does(
    desk: Client, clerk: Any
) -> None:
    lines = [Posting("cash", debit_minor=500_000), Posting("equity", credit_minor=500_000)]
    entry = post(source="fact:large", kind="manual", lines=lines, booked_on=OCTOBER, text="Kasse", by=clerk)
    assert "Eine zweite Person muss" in desk.get(url("reverse-entry", entry.pk)).content.decode()
    data = {"reason": "typed twice", "booked_on": "2026-11-20"}
    answer = desk.post(url("reverse-entry", entry.pk), data, follow=True)
    assert answer.redirect_chain[-1][0] == url("entry", entry.pk)
    assert "wartet auf eine zweite Person" in answer.content.decode()
    assert not Entry.objects.filter(reverses=entry).exists()
    page = desk.get(url("reverse-entry", entry.pk)).content.decode()
    assert "Dieses Storno wartet auf eine zweite Person" in page and "<form" not in page.split("<main")[1]
    assert Approval.objects.filter(kind="manual_entry").count() == 1
    matters = open_matters(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert [matter.amount_minor for matter in matters if "manual_entry" in matter.url] == [500_000]


def test_opening_balances_come_from_a_file_and_are_shown_first(desk: Client) -> None:
    text = "Konto;Soll;Haben\r\n1200;925.00;\r\n0800;;925.00\r\n\r\n"
    file = SimpleUploadedFile("opening.csv", text.encode("utf-8-sig"))
    shown = desk.post(url("opening-balances"), {"year": "2026", "file": file, "step": "check"})
    assert [row["opening"].debit_minor for row in shown.context["preview"]] == [92_500, 0]
    data = {"year": "2026", "rows": shown.context["form"].initial["rows"], "step": "post"}
    assert desk.post(url("opening-balances"), data).status_code == 200  # nobody has seen this one yet
    assert not Entry.objects.exists()
    data["seen"] = shown.context["seen"]
    assert desk.post(url("opening-balances"), data).status_code == 302
    opened = Entry.objects.filter(kind="opening_balance", booked_on=dt.date(2026, 1, 1))
    assert opened.count() == 2
    assert desk.post(url("opening-balances"), data).status_code == 400
    for rows in ("1200;abc;", "1200;5;\n0800;;4", "", "1200;5;5\n0800;;5"):
        assert desk.post(url("opening-balances"), {"year": "2027", "rows": rows}).status_code == 400


def test_large_opening_balances_wait_for_a_second_person(desk: Client) -> None:
    data = {"year": "2026", "rows": "1200; 12,500.00;\n0800;; 12,500.00", "step": "check"}
    shown = desk.post(url("opening-balances"), data)
    assert "zweite Person" in shown.content.decode()
    data |= {"rows": shown.context["form"].initial["rows"], "seen": shown.context["seen"], "step": "post"}
    answer = desk.post(url("opening-balances"), data, follow=True)
    assert "wartet auf die Freigabe" in answer.content.decode()
    assert (Approval.objects.get().amount_minor, Entry.objects.count()) == (1_250_000, 0)
    with translation.override("en"):
        texts = [matter.text for matter in open_matters(dt.date(2026, 1, 1), dt.date(2026, 1, 31))]
    assert texts == ["1 entry waits for approval"]
    assert open_matters(dt.date(2026, 2, 1), dt.date(2026, 2, 28)) == []


def test_an_account_is_added_renamed_and_put_away(desk: Client) -> None:
    new = {"number": "4980", "kind": "expense", "name_de": "Software", "name_en": "Software"}
    assert desk.post(url("new-account"), new).status_code == 302
    assert desk.post(url("new-account"), new).status_code == 400
    edit = url("edit-account", "4980")
    renamed = {"step": "rename", "name_de": "Programme", "name_en": "Programs"}
    assert desk.post(edit, renamed).status_code == 302
    assert desk.post(edit, renamed | {"name_de": ""}).status_code == 400
    assert "Software / Software" in desk.get(edit).content.decode()
    for step, active in (("away", False), ("back", True)):
        assert desk.post(edit, {"step": step}).status_code == 302
        assert Account.objects.get(number="4980").is_active is active
    assert desk.post(url("edit-account", "1200"), {"step": "away"}).status_code == 400
    assert "4980" in desk.get(url("accounts"), {"which": "own"}).content.decode()
    assert "Programs" in desk.get(url("accounts"), {"format": "csv"}).content.decode()


def test_seals_are_listed_with_their_hashes(desk: Client) -> None:
    with frozen(dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)):
        booked()
    made = seal(day=dt.date(2026, 11, 20))
    assert made.sha256 in desk.get(url("seals"), {"q": made.sha256[:12]}).content.decode()
    assert made.sha256 in desk.get(url("seals"), {"format": "csv"}).content.decode()
    assert made.sha256 not in desk.get(url("seals"), {"q": "nothing"}).content.decode()


def test_the_lists_need_the_same_queries_however_long_they_are(desk: Client, clerk: Any) -> None:
    def counted() -> list[int]:
        counts = []
        for name in ("accounts", "periods", "seals"):
            with CaptureQueriesContext(connection) as captured:
                assert desk.get(url(name)).status_code == 200
            counts.append(len(captured))
        return counts

    booked()
    counted()
    before = counted()
    for at in range(12):
        booked(dt.date(2025, at + 1, 5), source=f"fact:more:{at}")
        add_account(number=f"49{at + 10}", kind="expense", name_de="x", name_en="y", by=clerk)
    assert counted() == before
