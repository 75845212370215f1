"""Invariants of invoices, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Count, F, Max, Q, Sum

from checkout.payment.models import CARD, Payment
from checkout.vat_ids.treatment import INTRA_COMMUNITY
from fulfilment.finance.ledger import guards
from fulfilment.finance.ledger.models import Entry, EntryLine
from fulfilment.finance.ledger.queries import balances_by_subject
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.verify import INSIDE
from shop.kernel.models import NumberSeries

from . import triggers
from .models import SERIES, Allocation, Invoice, InvoiceLine, OrderAccount, OrderMoney

SHOWN = 20


def receivable_equals_open_items() -> list[str]:
    """Per order: the receivable in the ledger is what its invoices leave open, less its money on no invoice."""
    expected: dict[str, int] = defaultdict(int)
    claims = Invoice.objects.claims().values_list("order_number").annotate(total=Sum("open_minor"))
    for number, total in claims:
        expected[f"order:{number}"] += int(total)
    uneven = OrderAccount.objects.exclude(received_minor=F("allocated_minor"))
    for number, received, allocated in uneven.values_list(
        "order_number", "received_minor", "allocated_minor"
    ):
        expected[f"order:{number}"] -= received - allocated
    booked = balances_by_subject("receivable")
    subjects = sorted(set(booked) | {subject for subject, amount in expected.items() if amount})
    return [
        f"{subject}: {booked.get(subject, 0)} in the ledger, {expected.get(subject, 0)} by its invoices and money"
        for subject in subjects
        if booked.get(subject, 0) != expected.get(subject, 0)
    ][:SHOWN]


def paid_equals_allocations() -> list[str]:
    """What an invoice shows as paid is the sum of its allocations."""
    laid = Sum("allocations__amount_minor", filter=Q(allocations__reversed_at__isnull=True), default=0)
    wrong = Invoice.objects.claims().annotate(laid=laid).exclude(laid=F("paid_minor")).order_by("pk")
    return [
        f"{invoice.number}: {invoice.paid_minor} paid, {invoice.laid} allocated"  # type: ignore[attr-defined]
        for invoice in wrong[:SHOWN]
    ]


def accounts_add_up() -> list[str]:
    """The sums on an order's account are those of its rows, and no more counts as given back than went back."""
    found = []
    rows = OrderMoney.objects.filter(undone_at__isnull=True).values_list("account_id")
    money = dict(rows.annotate(Sum("amount_minor")))
    went = {pk: -total for pk, total in rows.filter(amount_minor__lt=0).annotate(Sum("amount_minor"))}
    returned = dict(rows.filter(returned_minor__gt=0).annotate(Sum("returned_minor")))
    laid = dict(
        Allocation.objects.filter(reversed_at__isnull=True)
        .values_list("money__account_id")
        .annotate(Sum("amount_minor"))
    )
    for account in OrderAccount.objects.order_by("pk").iterator():
        if account.received_minor != money.get(account.pk, 0):
            found.append(
                f"{account.order_number}: received {account.received_minor}, rows {money.get(account.pk, 0)}"
            )
        if account.allocated_minor != laid.get(account.pk, 0):
            found.append(
                f"{account.order_number}: allocated {account.allocated_minor}, rows {laid.get(account.pk, 0)}"
            )
        given = returned.get(account.pk, 0)
        if given > went.get(account.pk, 0):
            found.append(
                f"{account.order_number}: {given} counts as given back, {went.get(account.pk, 0)} went back"
            )
    return found[:SHOWN]


def numbers_are_gapless() -> list[str]:
    """Every number of every series and year is on exactly one document, up to the counter."""
    found = []
    for kind, series in SERIES.items():
        years = (
            Invoice.objects.filter(kind=kind).values_list("issued_on__year", flat=True).distinct().order_by()
        )
        counters = dict(NumberSeries.objects.filter(series=series).values_list("year", "last"))
        for year in sorted({*years, *counters}):
            issued = Invoice.objects.filter(kind=kind, number__startswith=f"{series}{year}-")
            sums = issued.aggregate(count=Count("pk"), highest=Max("number"))
            highest = int(sums["highest"].rsplit("-", 1)[1]) if sums["highest"] else 0
            if not sums["count"] == highest == counters.get(year, 0):
                found.append(
                    f"series {series}{year}: {sums['count']} documents, highest {highest}, "
                    f"counter {counters.get(year, 0)}"
                )
    return found


def lines_add_up_to_their_document() -> list[str]:
    """Lines and charges of a document are its gross and VAT."""
    sums = {
        row["invoice_id"]: (row["gross"], row["vat"])
        for row in InvoiceLine.objects.values("invoice_id").annotate(
            gross=Sum("gross_minor"), vat=Sum("vat_minor")
        )
    }
    found = []
    for invoice in Invoice.objects.order_by("pk").iterator():
        gross, vat = sums.get(invoice.pk, (0, 0))
        for charge in invoice.charges:
            sign = 1 if charge["is_charge"] else -1
            gross, vat = gross + sign * charge["gross_minor"], vat + sign * charge["vat_minor"]
        if (gross, vat) != (invoice.gross_minor, invoice.vat_minor):
            found.append(f"{invoice.number}: lines make {gross} with VAT {vat}, not {invoice.gross_minor}")
    return found[:SHOWN]


def documents_are_posted_once() -> list[str]:
    """Each invoice, credit note and cancellation has one entry of its own gross amount."""
    booked = dict(
        EntryLine.objects.filter(
            entry__kind__in=("invoice_issued", "credit_note_issued"), account__role="receivable"
        )
        .values_list("entry__source")
        .annotate(total=Sum(F("debit_minor") + F("credit_minor")))
    )
    found = []
    for number, gross in Invoice.objects.order_by("pk").values_list("number", "gross_minor"):
        if booked.pop(f"invoice:{number}", 0) != gross:
            found.append(f"{number} is not posted with its amount of {gross}")
    return (found + [f"entry {source} belongs to no document" for source in booked])[:SHOWN]


def card_payments_are_posted_once() -> list[str]:
    """Each captured card payment has one entry of its amount, and each such entry a payment."""
    booked = dict(
        EntryLine.objects.filter(entry__kind="card_captured", debit_minor__gt=0)
        .values_list("entry__source")
        .annotate(total=Sum("debit_minor"))
    )
    found = []
    paid = Payment.objects.filter(method=CARD, state__in=("captured", "disputed")).order_by("pk")
    for pk, amount in paid.values_list("pk", "amount_minor"):
        if booked.pop(f"capture:payment:{pk}", None) != amount:
            found.append(f"payment {pk} over {amount} is not posted exactly once")
    return (found + [f"entry {source} belongs to no captured payment" for source in booked])[:SHOWN]


def parcels_are_invoiced_once() -> list[str]:
    """Each parcel that left has its invoice, and its number of pieces is that of the parcel; one with goods sent once
    more under warranty has none."""
    invoiced = dict(
        InvoiceLine.objects.filter(invoice__source__startswith="parcel:")
        .values_list("invoice__source")
        .annotate(Sum("quantity"))
    )
    owed = Sum("lines__quantity", filter=~Q(order__kind="replacement"), default=0)
    left = Parcel.objects.exclude(state__in=INSIDE).annotate(pieces=owed).order_by("pk")
    return [
        f"parcel {pk} with {pieces} pieces has an invoice over {invoiced.get(f'parcel:{pk}', 0)}"
        for pk, pieces in left.values_list("pk", "pieces")
        if invoiced.get(f"parcel:{pk}", 0) != pieces
    ][:SHOWN]


def guards_are_in_place() -> list[str]:
    """The database refuses to change or delete what was issued."""
    return [
        f"the trigger {name} is missing; run `manage.py migrate`" for name in guards.missing(triggers.GUARDS)
    ]


def entries_of_documents_exist() -> list[str]:
    """No entry names a document number of ours that was never issued."""
    numbers = set(Invoice.objects.values_list("number", flat=True))
    entries = Entry.objects.filter(kind__in=("invoice_issued", "credit_note_issued")).values_list(
        "document", flat=True
    )
    return [f"document {number} was posted but never issued" for number in entries if number not in numbers][
        :SHOWN
    ]


def supplies_without_vat_have_their_proof() -> list[str]:
    """A tax-free intra-community supply names the buyer's VAT id and keeps the answer that it is valid."""
    untaxed = Invoice.objects.filter(lines__category=INTRA_COMMUNITY).distinct().select_related("vat_check")
    return [
        f"{invoice.number} has no VAT, and no proof of the VAT id {invoice.buyer.get('vat_id', '')}".rstrip()
        for invoice in untaxed.order_by("pk").iterator()
        if not (
            invoice.vat_check
            and invoice.vat_check.is_valid
            and invoice.vat_check.vat_id == invoice.buyer.get("vat_id")
        )
    ][:SHOWN]


def replaced_invoices_are_cancelled() -> list[str]:
    """An invoice in place of another stands only when that one was cancelled, over the same pieces."""
    found = []
    for invoice in Invoice.objects.filter(replaces__isnull=False).select_related("replaces").order_by("pk"):
        old = invoice.replaces
        assert old is not None
        if old.state != "cancelled":
            found.append(f"{invoice.number} stands in place of {old.number}, which is not cancelled")
        pieces = [
            dict(one.lines.values_list("order_line_id").annotate(Sum("quantity")).order_by())
            for one in (old, invoice)
        ]
        if pieces[0] != pieces[1]:
            found.append(f"{invoice.number} has other pieces than {old.number}, which it replaces")
    return found[:SHOWN]


CHECKS = [
    ("receivable per order equals its open items", receivable_equals_open_items),
    ("paid amounts equal allocations", paid_equals_allocations),
    ("accounts of orders add up", accounts_add_up),
    ("invoice numbers are gapless", numbers_are_gapless),
    ("lines add up to their document", lines_add_up_to_their_document),
    ("every document is posted once", documents_are_posted_once),
    ("every captured card payment is posted once", card_payments_are_posted_once),
    ("every dispatched parcel is invoiced once", parcels_are_invoiced_once),
    ("no entry names a document that was never issued", entries_of_documents_exist),
    ("sales without VAT have their proof", supplies_without_vat_have_their_proof),
    ("replaced invoices are cancelled", replaced_invoices_are_cancelled),
    ("the triggers of invoices are in place", guards_are_in_place),
]
