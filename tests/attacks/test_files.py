"""Files that mean harm, brought through the real forms; and lists that leave the house, as spreadsheets read them.

Parsers of bank files have their own attacks (finance/bank/test_hostile.py), pictures of customers theirs
(customer_service/cases, shop/pages/test_help_pictures.py), papers of the books theirs (finance/ledger/test_manual.py).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from wagtail.documents.models import Document
from wagtail.images.models import Image

from fulfilment.finance.bank.models import StatementFile
from fulfilment.warehouse.lists import FORMULA_STARTS, harmless
from shop.kernel.clock import today
from tests.factories.cases import make_case, picture_bytes
from tests.factories.shopping import make_user as make_member
from tests.factories.shopping import place_order
from tests.fulfilment.customer_service.test_withdrawals import declare
from tests.fulfilment.finance.bank.papers import Entry, camt, make_account
from tests.shop.dashboard.test_methods import taken
from tests.shop.dashboard.test_roles import ADDRESSES
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = pytest.mark.django_db
FORMULAS = ["=1+1", "+1+1|cmd", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1+1", "\r=1+1"]
NUMBER = re.compile(r"[+-]?[\d.,\s\u00a0\u202f]+%?")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def archive(megabytes: int = 200) -> bytes:
    """A small archive that unpacks to much."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _n in range(megabytes):
            sheet.write(b"\0" * 1024 * 1024)
    return out.getvalue()


EVIL_NAMES = (
    "../../../../etc/cron.d/x.xml",
    "..\\..\\x.xml",
    "/etc/passwd",
    "x\r\nContent-Type: text/html.xml",
    "a" * 300 + ".xml",
    "=cmd|calc.xml",
    "<script>.xml",
    "\u202elmx.exe",
)


@pytest.mark.parametrize("name", EVIL_NAMES)
@pytest.mark.parametrize(
    "content", [SVG, HTML, b"\x1f\x8b\x08" + b"\0" * 50, b":20:X\r\n:61:" + bytes(range(256))]
)
def test_a_bank_file_with_an_evil_name_or_inside_is_named_and_shown_nowhere(
    name: str, content: bytes, boss: Client
) -> None:
    answer = boss.post("/dashboard/finance/bank/files/", {"papers": [SimpleUploadedFile(name, content)]})
    assert answer.status_code in (302, 400)
    for file in StatementFile.objects.all():
        assert "/" not in file.name and "\\" not in file.name and "\n" not in file.name
        down = boss.get(f"/dashboard/finance/bank/files/{file.pk}/download/")
        if down.status_code == 200:
            assert (
                down["Content-Disposition"].startswith("attachment")
                and "\n" not in down["Content-Disposition"]
            )
            assert down["X-Content-Type-Options"] == "nosniff"
            assert "html" not in down["Content-Type"] and "svg" not in down["Content-Type"]


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_a_bank_file_is_kept_and_given_out_under_a_name_that_leads_nowhere(name: str, boss: Client) -> None:
    make_account(is_default=True)
    day = today().isoformat()
    content = camt(Entry("5.00", day=day), day=day, opening="0.00", closing="5.00")
    boss.post("/dashboard/finance/bank/files/", {"papers": [SimpleUploadedFile(name, content)]})
    file = StatementFile.objects.get()
    assert not set(file.name) & set('/\\\r\n"')
    down = boss.get(f"/dashboard/finance/bank/files/{file.pk}/download/")
    assert down.status_code == 200 and content in b"".join(down)  # type: ignore[arg-type]
    said = down["Content-Disposition"]
    assert said.startswith("attachment") and not set(said) & set("/\\\r\n")
    assert down["X-Content-Type-Options"] == "nosniff"
    assert "html" not in down["Content-Type"] and "svg" not in down["Content-Type"]


@pytest.mark.parametrize("name", ["liste.xlsx", "liste.csv.zip", "liste.csv"])
def test_an_archive_that_unpacks_to_much_is_no_list_of_redirects(name: str, boss: Client) -> None:
    bomb = archive()
    assert len(bomb) < 1024 * 1024
    answer = boss.post(
        "/cms/redirects/import/", {"import_file": SimpleUploadedFile(name, bomb), "input_format": "0"}
    )
    assert answer.status_code in ((400,) if name != "liste.csv" else (200, 302))  # read as text it is no list
    assert b"Traceback" not in answer.content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bild.svg", SVG),
        ("bild.png", SVG),
        ("bild.png", HTML),
        ("bild.png", picture_bytes()[:60]),
        ("bild.png", picture_bytes("PNG", (9_000, 9_000))),
        ("bild.html", picture_bytes()),
    ],
    ids=["svg", "svg as png", "html as png", "broken off", "bomb", "ending"],
)
def test_no_such_picture_gets_into_the_editor(name: str, content: bytes, boss: Client) -> None:
    answer = boss.post(
        "/cms/images/add/",
        {"title": "x", "collection": "1", "file": SimpleUploadedFile(name, content, "image/png")},
    )
    assert answer.status_code in (200, 400)
    assert not Image.objects.exists()


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.js", "x.xhtml", "x.php", "x.exe", "x", "x.pdf.html"])
def test_no_document_that_a_browser_runs_gets_into_the_editor(name: str, boss: Client) -> None:
    boss.post(
        "/cms/documents/add/",
        {"title": "x", "collection": "1", "file": SimpleUploadedFile(name, HTML, "text/html")},
    )
    assert not Document.objects.exists()


def test_what_lies_about_its_kind_is_given_as_what_its_ending_says(boss: Client) -> None:
    boss.post(
        "/cms/documents/add/", {"title": "x", "collection": "1", "file": SimpleUploadedFile("x.txt", HTML)}
    )
    document = Document.objects.get()
    answer = Client().get(document.url)
    assert "html" not in answer["Content-Type"]
    assert answer["X-Content-Type-Options"] == "nosniff" and "attachment" in answer["Content-Disposition"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    document.file.delete(save=False)


def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe_and_numbers_stay() -> None:
    assert [harmless(one) for one in FORMULAS] == [f"'{one}" for one in FORMULAS]
    assert {one[0] for one in FORMULAS} == set(FORMULA_STARTS)
    assert [harmless(one) for one in (-5, 2.5, None, "Schuh", "a=b")] == [-5, 2.5, None, "Schuh", "a=b"]


def test_no_list_of_the_house_runs_a_formula(boss: Client, outbox: Any) -> None:
    """Every list of every room as a file, over a shop in which everything is named like a formula."""
    for number, evil in enumerate(FORMULAS):
        email = f"formel{number}@example.org"
        user = make_member(email, first_name=evil, last_name=evil)
        order = place_order(
            (shoe_in_stock(9, title=evil, sku=f"{evil}{number}"), 1), method="invoice", user=user
        )
        order.billing_address.first_name = order.shipping_address.first_name = evil
        order.billing_address.save()
        order.shipping_address.save()
        outbox.drain()
        make_case(key=email, order=order, email=email, name=evil, body=evil)
        declare(key=email, contract=evil, email=email, order=order, name=evil)
        outbox.drain()
    ran, tamed, files = [], 0, 0
    for name, address, _access in ADDRESSES:
        if "GET" not in taken()[name]:
            continue
        answer = boss.get(address, {"format": "csv"})
        if not answer.headers.get("Content-Type", "").startswith("text/csv"):
            continue
        files += 1
        text = (b"".join(answer) if answer.streaming else answer.content).decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=";"):
            tamed += sum(cell.startswith("'") for cell in row)
            ran += [
                f"{name}: {cell!r}"
                for cell in row
                if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell) and cell not in ("-", "+")
            ]
    assert not ran, "\n".join(ran[:30])
    assert files > 30 and tamed > 20, (files, tamed)
