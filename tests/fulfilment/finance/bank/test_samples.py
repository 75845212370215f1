"""Real banks' files: each is imported or refused with a reason, and twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfilment.finance.bank import actions
from fulfilment.finance.bank.models import Statement, StatementFile, StatementLine
from tests.fulfilment.finance.bank.papers import make_account

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
#: What becomes of each: number of lines, or the code and line of the refusal.
EXPECTED = {
    "camt/camt053.v2.wrong.xml": ("no_statement", 1),
    "camt/camt053.v8.xml": ("balance_currency", 74),
    "camt/camt053_multicurrency.xml": 3,
    "camt/camt054.v8.xml": 1,
    "camt/ch_camt053.xml": 5,
    "camt/fi_camt053.xml": 13,
    "mt940/february_30.sta": 1,
    "mt940/raphaelm.sta": ("currency", 13),
    "mt940/sparkassen.sta": ("no_balance", 1),
}
ACCOUNTS = [
    ("DE89370400440532013000", "", "EUR"),
    ("", "US-ACCT-0099", "USD"),
    ("CH2801234000123456789", "", "SEK"),
    ("CH2909000000250094239", "", "CHF"),
    ("FI7433010001222090", "", "EUR"),
    ("DE20123456781020304050", "", "EUR"),
]


@pytest.fixture
def samples() -> list[Path]:
    """The files, where they are at hand."""
    found = sorted([*DATA.glob("camt/*.xml"), *DATA.glob("mt940/*.sta")])
    if not found:
        pytest.skip("the folder of public sample files is not here")
    for iban, number, currency in ACCOUNTS:
        make_account(name=iban or number, iban=iban, number=number, currency=currency)
    return found


def test_every_sample_is_imported_or_refused_with_its_reason(samples: list[Path]) -> None:
    became = {}
    for path in samples:
        taken, _new = actions.take_file(name=path.name, content=path.read_bytes())
        file = actions.read(taken.pk)
        key = f"{path.parent.name}/{path.name}"
        became[key] = file.lines_total if file.state == "imported" else (file.refused_code, file.refused_line)
        assert (file.state == "refused") == bool(file.reason)
    assert became == EXPECTED


def test_every_sample_twice_changes_nothing(samples: list[Path]) -> None:
    def all_of_it() -> tuple[list[object], list[object]]:
        rows = [list(model.objects.order_by("pk").values()) for model in (Statement, StatementLine)]
        return rows[0], rows[1]

    for path in samples:
        actions.read(actions.take_file(name=path.name, content=path.read_bytes())[0].pk)
    before, files = all_of_it(), StatementFile.objects.count()
    for path in samples:
        actions.read(actions.take_file(name=path.name, content=path.read_bytes())[0].pk)
    assert all_of_it() == before
    assert StatementFile.objects.count() == files == len(samples)
