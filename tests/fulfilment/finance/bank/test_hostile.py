"""Files that mean harm: each is refused within a second and 100 MB, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fulfilment.finance.bank.papers import Entry, camt, mt940

SECONDS_MAX = 1.0
MEGABYTES_MAX = 100
SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
#: Runs in a fresh process: what is measured is our parser, not the test's own memory.
MEASURE = """
import json, re, sys, time
from pathlib import Path
from fulfilment.finance.bank import parsers
from fulfilment.finance.bank.parsers.csv_file import Mapping

path = Path(sys.argv[1])
mapping = Mapping(columns={"booked_on": "Tag", "amount": "Betrag"}) if path.suffix == ".csv" else None
begin = time.monotonic()
try:
    if path.stat().st_size > parsers.MAX_BYTES:  # as every door does before it reads
        raise parsers.Refused("too_large", None)
    found = parsers.parse(path.read_bytes(), mapping=mapping, iban="DE89370400440532013000").lines_total
    code = f"{found} lines"
except parsers.Refused as refused:
    code = refused.code
seconds = time.monotonic() - begin
# VmHWM begins anew with this program; ru_maxrss would be that of the test which started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps([code, seconds, peak]))
"""


def wrapped(inner: str, head: str = "") -> bytes:
    """The beginnings of a CAMT file around something."""
    return f'<?xml version="1.0"?>{head}<Document xmlns="{SPACE}"><BkToCstmrStmt>{inner}'.encode()


def bomb() -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return wrapped("&a11;", f"<!DOCTYPE Document [{entities}]>")


def quadratic() -> bytes:
    return wrapped("&a;" * 100_000, f'<!DOCTYPE Document [<!ENTITY a "{"x" * 100_000}">]>')


def external(address: str) -> bytes:
    return wrapped("&a;", f'<!DOCTYPE Document [<!ENTITY a SYSTEM "{address}">]>')


FINE = camt(Entry("5.00"))
#: Name of the file, what makes its bytes (only when it is its turn), the code it must be refused with.
CASES: list[tuple[str, Callable[[], bytes], str]] = [
    ("bomb.xml", lambda: bomb(), "dtd"),
    ("quadratic.xml", lambda: quadratic(), "dtd"),
    ("external.xml", lambda: external("file:///etc/passwd"), "dtd"),
    ("network.xml", lambda: external("http://127.0.0.1:9/x"), "dtd"),
    (
        "parameter.xml",
        lambda: wrapped("", '<!DOCTYPE D [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
        "dtd",
    ),
    ("undeclared.xml", lambda: wrapped("&lol;"), "broken_xml"),
    ("utf16bomb.xml", lambda: bomb().decode().encode("utf-16"), "dtd"),
    ("deep.xml", lambda: wrapped("<a>" * 500_000), "too_deep"),
    ("many.xml", lambda: wrapped("<Stmt>" + "<a/>" * 4_000_000), "too_many_elements"),
    ("many_in_entry.xml", lambda: wrapped("<Stmt><Ntry>" + "<a/>" * 4_000_000), "too_many_elements"),
    ("long_text.xml", lambda: wrapped("<Stmt><Id>" + "x" * 15_000_000), "text_too_long"),
    (
        "attributes.xml",
        lambda: wrapped("<a " + " ".join(f'a{n}="1"' for n in range(500_000)) + "/>"),
        "text_too_long",
    ),
    (
        "some_attributes.xml",
        lambda: wrapped("<a " + " ".join(f'a{n}="1"' for n in range(9_000)) + "/>"),
        "too_many_elements",
    ),
    ("long_name.xml", lambda: wrapped("<" + "a" * 15_000_000), "text_too_long"),
    ("long_comment.xml", lambda: wrapped("<!--" + "a" * 15_000_000), "text_too_long"),
    ("truncated.xml", lambda: FINE[: len(FINE) // 2], "broken_xml"),
    ("invalid_utf8.xml", lambda: FINE.replace(b"EUR", b"E\xff\xfeR", 1), "broken_xml"),
    ("unknown_encoding.xml", lambda: FINE.replace(b"UTF-8", b"x-none"), "broken_xml"),
    ("nul.xml", lambda: FINE.replace(b"EUR", b"E\0R", 1), "broken_xml"),
    ("huge_number.xml", lambda: camt(Entry("9" * 10_000)), "amount_too_large"),
    ("exponent.xml", lambda: camt(Entry("1e999999999")), "amount"),
    ("february.xml", lambda: camt(Entry("5.00", day="2026-02-30")), "day"),
    (
        "entries.xml",
        lambda: wrapped("<Stmt><Acct><Id><IBAN>X</IBAN></Id></Acct>" + "<Ntry/>" * 2_000_000),
        "status",
    ),
    ("large.xml", lambda: b"<" + b" " * 100_000_000, "too_large"),
    ("archive.xml", lambda: b"PK\x03\x04" + b"\0" * 1000, "zip"),
    ("paper.sta", lambda: b"%PDF-1.7\n" + b"\0" * 1000, "pdf"),
    ("binary.sta", lambda: bytes(range(256)) * 100, "not_text"),
    ("open_field.sta", lambda: mt940(":61:261120C5,00NTRF", ":86:" + "x" * 15_000_000), "text_too_long"),
    ("many_pieces.sta", lambda: mt940(":61:261120C5,00NTRF", ":86:x", *["y"] * 5_000_000), "text_too_long"),
    ("digits.sta", lambda: mt940(":61:261120C" + "9" * 9_000 + "X,"), "amount_too_large"),
    ("february.sta", lambda: mt940(":61:2602280230C5,00NTRF"), "day"),
    ("quotes.csv", lambda: b'Tag;Betrag\n20.11.2026;"' + b"x\n" * 5_000_000, "broken_csv"),
    ("wide.csv", lambda: b"Tag;Betrag\n" + b";" * 5_000_000, "text_too_long"),
    ("number.csv", lambda: b"Tag;Betrag\n20.11.2026;" + b"9" * 50_000, "text_too_long"),
]


@pytest.mark.parametrize("name", [name for name, _make, _code in CASES])
def test_hostile_files_are_refused_within_a_second_and_100_megabytes(name: str, tmp_path: Path) -> None:
    make, expected = next((make, code) for known, make, code in CASES if known == name)
    path = tmp_path / name
    path.write_bytes(make())
    root = Path(__file__).resolve().parents[4]
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    code, seconds, megabytes = json.loads(ran.stdout)
    print(f"{name}: {code} in {seconds:.2f} s, {megabytes:.0f} MB")
    assert code == expected
    assert seconds < SECONDS_MAX
    assert megabytes < MEGABYTES_MAX
    path.unlink()  # a hundred megabytes are not left lying about


def test_a_large_honest_file_is_read_and_not_taken_for_hostile() -> None:
    from fulfilment.finance.bank.parsers import parse

    data = camt(*[Entry(f"{number}.00", ref=f"R{number}") for number in range(1, 5_001)])
    assert parse(data).lines_total == 5_000
