"""The statement of a claim by day equals the letters, to the cent."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pikepdf
import pytest

from fulfilment.finance.dunning.actions import open_claims_minor, pay_invoice_and_claims
from fulfilment.finance.dunning.dossier import dossier_pdf, statement_pdf
from fulfilment.finance.dunning.models import BaseRate, DunningNotice
from fulfilment.finance.dunning.statement import statement
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.reconciliation.actions import record
from tests.factories.finance import pay_invoice

pytestmark = pytest.mark.django_db


def test_on_the_day_of_the_last_letter_it_says_what_the_letters_asked_for(debt: Invoice) -> None:
    last = DunningNotice.objects.get(level=3)
    found = statement(invoice=debt, until=last.issued_on)
    asked = DunningNotice.objects.all()
    assert found.principal_minor == last.open_minor
    assert found.interest_minor == sum(notice.interest_minor for notice in asked)
    assert found.costs_minor == sum(notice.fee_minor + notice.lump_sum_minor for notice in asked)
    assert found.rows[-1].balance_minor == found.total_minor
    assert sum(row.days for row in found.rows) == (last.issued_on - _default(debt)).days + 1


def _default(debt: Invoice) -> dt.date:
    return DunningNotice.objects.get(level=1).pay_until + dt.timedelta(days=1)


def test_interest_is_cut_where_the_base_rate_changes(debt: Invoice) -> None:
    BaseRate.objects.create(valid_from=dt.date(2027, 1, 1), rate_bp=200, source="example")
    rows = [row for row in statement(invoice=debt, until=dt.date(2027, 1, 31)).rows if row.days]
    assert [(row.base_bp, row.rate_bp) for row in rows[-2:]] == [(152, 652), (200, 700)]
    assert rows[-1].days == 31
    assert rows[-1].interest_minor == round(debt.gross_minor * 700 * 31 / 365 / 10_000)


def test_a_payment_lowers_the_principal_from_its_day_on(debt: Invoice, clock: Any) -> None:
    pay_invoice(debt, 40_000)
    clock.on(dt.date(2026, 12, 20))
    found = statement(invoice=debt, until=dt.date(2026, 12, 20))
    assert found.principal_minor == debt.gross_minor - 40_000
    after = [row for row in found.rows if row.days and row.day > dt.date(2026, 11, 20)]
    assert sum(row.interest_minor for row in after) == round(
        (debt.gross_minor - 40_000) * 652 * 31 / 365 / 10_000
    )


def test_paid_claims_bring_it_to_zero(debt: Invoice) -> None:
    debt.refresh_from_db()
    owed = debt.open_minor + open_claims_minor(debt.pk)
    receipt = record(
        booked_on=DunningNotice.objects.get(level=3).issued_on, amount_minor=owed, reference="1/1"
    )
    pay_invoice_and_claims(receipt=receipt, invoice=debt, amount_minor=owed)
    found = statement(invoice=debt, until=DunningNotice.objects.get(level=3).issued_on)
    assert (found.principal_minor, found.interest_minor, found.costs_minor) == (0, 0, 0)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_it_is_a_paper_too(lang: str, debt: Invoice) -> None:
    paper = statement_pdf(statement(invoice=debt, until=dt.date(2026, 11, 20)), lang)
    assert paper.startswith(b"%PDF")


def test_the_dossier_holds_statement_letters_and_invoice(debt: Invoice) -> None:
    with pikepdf.Pdf.open(io.BytesIO(dossier_pdf(debt))) as whole:
        assert len(whole.pages) >= 6
