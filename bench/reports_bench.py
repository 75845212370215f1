"""How quickly the first page of each report opens on long books: a million entries on PostgreSQL, fewer on SQLite.

The books are written by SQL inside the database with the triggers of the ledger asleep, so call it on a throwaway
database only. Nine orders in ten are paid, up to two weeks after their invoice; the tenth is open. A few thousand
entries are still only noted, as in a busy minute.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.test import Client, override_settings
from django.urls import reverse

from fulfilment.finance.invoicing.actions import issue_for_parcel
from fulfilment.finance.ledger.models import Account
from fulfilment.finance.reports import verify
from fulfilment.finance.reports.actions import ADD_DAYS, ADD_SUBJECTS, roll_up
from shop.kernel import clock
from tests.fulfilment.finance.orders import Wish, make_order, make_staff

from .figures import Figure

ENTRIES = {"postgresql": 1_000_000, "sqlite": 20_000}
PER_ORDER = 4
DAYS_TO_PAY = 14
DAYS = 1_000  #: the books are so many days long
NOTED_ENTRIES = 2_000
ROUNDS = 3
FIRST_PAGE_S = 1.0  #: design/figures.md
BASE = 10_000_000  #: ids of what is made here begin behind this


def measure() -> dict[str, Figure]:
    """Figures by name: seconds of each first page, and entries per second that are added to the balances."""
    orders = ENTRIES[connection.vendor] // PER_ORDER
    write_books(orders)
    tidy()
    speed = roll_up_the_rest()
    tidy()
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # nothing was collected here
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=settings.STORAGES | {"staticfiles": plain}):
        first = _first_time(reverse("finance:report-balance"))
        found = {
            f"reports.{name}_s": Figure(round(_seconds(url), 3), "s", at_most=FIRST_PAGE_S)
            for name, url in _pages()
        }
        found["reports.balance_first_time_s"] = Figure(round(first, 3), "s", at_most=FIRST_PAGE_S)
    begun = time.perf_counter()
    assert verify.balances_equal_their_lines() == [] == verify.subjects_equal_their_lines()
    found["reports.recomputed_from_zero_s"] = Figure(round(time.perf_counter() - begun, 1), "s")
    return found | {
        "reports.entries": Figure(orders * PER_ORDER, "entries"),
        "reports.rolled_up_per_second": Figure(round(speed), "entries/s"),
    }


def tidy() -> None:
    """What the database's own housekeeping does of itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _pages() -> list[tuple[str, str]]:
    names = [
        "trial-balance", "report-income", "report-balance", "report-vat", "report-oss", "report-advances",
        "report-open-items", "report-margin-orders", "report-margin-articles",
    ]  # fmt: skip
    pages = [(name.removeprefix("report-").replace("-", "_"), reverse(f"finance:{name}")) for name in names]
    today = clock.today()
    open_items, sheet = reverse("finance:report-open-items"), reverse("finance:account", args=["1400"])
    return [
        *pages,
        ("overview", reverse("finance:index")),
        ("account_sheet", sheet),
        ("account_sheet_page_1000", f"{sheet}?page=1000"),
        ("open_items_every_item", f"{open_items}?by=item"),
        ("open_items_last_month", f"{open_items}?day={today.replace(day=1).isoformat()}"),
        ("statement", f"{reverse('finance:report-statement')}?customer=mail:k7@example.com"),
    ]


def _seconds(url: str) -> float:
    client = Client()
    client.force_login(_clerk())
    client.get(reverse("finance:reports"))  # what is asked for once per process
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        status = client.get(url).status_code
        taken.append(time.perf_counter() - begun)
        assert status == 200, (url, status)
    return statistics.median(taken)


def _first_time(url: str) -> float:
    """The very first balance sheet of a process."""
    client = Client()
    client.force_login(_clerk())
    client.get(reverse("finance:reports"))
    begun = time.perf_counter()
    client.get(url)
    return time.perf_counter() - begun


def _clerk() -> Any:
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    found = users.filter(email="bench@example.com").first() or make_staff("bench@example.com")
    users.filter(pk=found.pk).update(is_superuser=True)
    return users.get(pk=found.pk)


def roll_up_the_rest() -> float:
    """Add all but a few by one statement, then measure the task itself on some; leaves some noted."""
    keep = NOTED_ENTRIES * 2
    newest = f"SELECT id FROM ledger_entry WHERE id >= {BASE} ORDER BY id DESC LIMIT {keep}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO reports_newentry (entry_id) {newest}")
        older = f"SELECT id FROM ledger_entry WHERE id >= {BASE} AND id NOT IN (SELECT entry_id FROM reports_newentry)"
        cursor.execute(ADD_DAYS.format(ids=older))
        cursor.execute(ADD_SUBJECTS.format(ids=older))
    begun = time.perf_counter()
    done = roll_up(most=NOTED_ENTRIES)
    return done / (time.perf_counter() - begun)


def write_books(orders: int) -> None:
    """Orders with invoice, cost, and payment (nine in ten) or fees (the tenth owes), spread over ``DAYS``. Nothing of
    it is noted yet."""
    order = make_order(Wish(1, 11_900, unit_cost_minor=6_000))
    pieces = {line.pk: 1 for line in order.lines.all()}
    invoice = issue_for_parcel(parcel_id=1, order_id=order.pk, quantities=pieces, dispatched_on=clock.today())
    day = f"(DATE '{clock.today().isoformat()}' - {DAYS} + CAST(n.n * {DAYS} / {orders} AS INTEGER))"
    if connection.vendor == "sqlite":
        day = f"DATE('{clock.today().isoformat()}', (n.n * {DAYS} / {orders} - {DAYS}) || ' days')"
    ids, number = f"{BASE} + n.n", "'B' || n.n"
    mail = "'k' || (n.n % 20000) || '@example.com'"
    _asleep(True)
    _copies(orders, order, {"id": ids, "number": number, "date_placed": day, "guest_email": mail})
    _copies(orders, order.lines.get(), {"id": ids, "order_id": ids, "partner_sku": "'SKU-' || (n.n % 3000)"})
    _copies(orders, invoice.account, {"id": ids, "order_id": ids, "order_number": number})
    facts = {
        "id": ids, "order_id": ids, "account_id": ids, "order_number": number, "number": "'RB' || n.n",
        "source": "'bench:' || n.n", "issued_on": day, "due_on": day, "pdf_sha256": "'there'",
        "paid_minor": f"CASE WHEN {_PAID} THEN 11900 ELSE 0 END",
        "open_minor": f"CASE WHEN {_PAID} THEN 0 ELSE 11900 END",
    }  # fmt: skip
    _copies(orders, invoice, facts)
    _copies(orders, invoice.lines.get(), {
        "id": ids, "invoice_id": ids, "order_line_id": ids, "sku": "'SKU-' || (n.n % 3000)"})  # fmt: skip
    _entries(orders, day)
    _asleep(False)


def _entries(orders: int, day: str) -> None:
    paid = _paid_day(day)
    accounts = dict(Account.objects.exclude(role="").values_list("role", "pk"))
    series = _series(orders)
    with connection.cursor() as cursor:
        for at in range(PER_ORDER):
            kind = ("invoice_issued", "goods_dispatched", "receipt_recorded", "receipt_assigned")[at]
            cursor.execute(
                "INSERT INTO ledger_entry (id, source, kind, booked_on, text, document, created_at, posted_at) "
                f"SELECT {BASE} + n.n * {PER_ORDER} + {at}, 'b{at}:' || n.n, '{kind}', {day if at < 2 else paid}, "
                "'bench', 'RB' || n.n, "
                f"CURRENT_TIMESTAMP, CURRENT_TIMESTAMP FROM {series}"
            )
        for at, role, debit, credit, subject, vat, where in _LINES:
            country, rate, base = (
                ("DE", 1900, 10_000 if role == "vat_19" else "NULL") if vat else ("", "NULL", "NULL")
            )
            cursor.execute(
                "INSERT INTO ledger_entryline (entry_id, account_id, debit_minor, credit_minor, currency, subject, "
                "vat_country, vat_rate_bp, tax_base_minor) "
                f"SELECT {BASE} + n.n * {PER_ORDER} + {at}, {accounts[role]}, {debit}, {credit}, 'EUR', {subject}, "
                f"'{country}', {rate}, {base} FROM {series} WHERE {where}"
            )


def _paid_day(day: str) -> str:
    """SQL of the day an order is paid: up to two weeks later, not after today."""
    today = clock.today().isoformat()
    if connection.vendor == "sqlite":
        later, today = f"DATE({day}, (n.n % {DAYS_TO_PAY}) || ' days')", f"'{today}'"
    else:
        later, today = f"{day} + CAST(n.n % {DAYS_TO_PAY} AS INTEGER)", f"DATE '{today}'"
    return f"CASE WHEN {later} > {today} THEN {today} ELSE {later} END"


_ORDER, _RECEIPT = "'order:B' || n.n", "'receipt:' || n.n"
_PAID, _OWES = "n.n % 10 <> 0", "n.n % 10 = 0"
#: entry, role, debit, credit, sub-account, with VAT, of which orders
_LINES = [
    (0, "receivable", 11_900, 0, _ORDER, False, "1 = 1"),
    (0, "revenue_19", 0, 10_000, "''", True, "1 = 1"),
    (0, "vat_19", 0, 1_900, "''", True, "1 = 1"),
    (1, "cost_of_goods", 6_000, 0, _ORDER, False, "1 = 1"),
    (1, "stock", 0, 6_000, _ORDER, False, "1 = 1"),
    (2, "bank", 11_900, 0, _RECEIPT, False, _PAID),
    (2, "unexplained", 0, 11_900, _RECEIPT, False, _PAID),
    (3, "unexplained", 11_900, 0, _RECEIPT, False, _PAID),
    (3, "receivable", 0, 11_900, _ORDER, False, _PAID),
    (2, "cost_of_payments", 30, 0, _ORDER, False, _OWES),
    (2, "psp_clearing", 0, 30, _ORDER, False, _OWES),
    (3, "cost_of_payments", 20, 0, _ORDER, False, _OWES),
    (3, "psp_clearing", 0, 20, _ORDER, False, _OWES),
]


def _copies(count: int, row: models.Model, changed: Mapping[str, str]) -> None:
    """``count`` copies of a row with some columns made by SQL of ``n.n`` (1, 2, ...)."""
    columns = [str(field.column) for field in row._meta.concrete_fields]
    values = [changed.get(column, f't."{column}"') for column in columns]
    table = row._meta.db_table
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} t, {_series(count)} "
            f"WHERE t.id = {row.pk}"
        )


def _series(count: int) -> str:
    if connection.vendor == "postgresql":
        return f"GENERATE_SERIES(1, {count}) AS n(n)"
    return (
        "(WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted "
        f"WHERE n < {count}) SELECT n FROM counted) AS n"
    )


def _asleep(is_asleep: bool) -> None:
    """Triggers off and on: what is written here was never a draft."""
    from fulfilment.finance.ledger import guards
    from fulfilment.finance.ledger.triggers import GUARDS as ledger
    from fulfilment.finance.reports.triggers import GUARDS as reports

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            role = "replica" if is_asleep else "origin"
            cursor.execute(f"SET session_replication_role = '{role}'")
        elif is_asleep:
            for guard in [*ledger, *reports]:
                cursor.execute(f"DROP TRIGGER {guard.name}")
        else:
            guards.install([*ledger, *reports])
