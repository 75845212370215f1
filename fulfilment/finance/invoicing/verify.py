"""Invariants of invoices, recomputed from zero. Each check returns sentences; none means that it holds."""

from __future__ import annotations

from itertools import islice

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat

from checkout.payment.models import CARD, Payment
from checkout.store_credit.models import CreditAccount
from checkout.vat_ids.treatment import INTRA_COMMUNITY
from fulfilment.finance.ledger import guards
from fulfilment.finance.ledger.compare import differences, side
from fulfilment.finance.ledger.models import Entry, EntryLine
from fulfilment.finance.ledger.postings import CREDIT_PREFIX
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.dispatch.verify import INSIDE
from shop.kernel.models import NumberSeries

from . import triggers
from .models import SERIES, Allocation, Invoice, InvoiceLine, OrderAccount, OrderMoney

SHOWN = 20
CHUNK = 2_000  #: documents read at once
DOCUMENT_KINDS = ("invoice_issued", "credit_note_issued")


def receivable_equals_open_items() -> list[str]:
    """Per order: the receivable in the ledger is what its invoices leave open, less its money on no invoice."""
    order = Concat(Value("order:"), F("order_number"))
    booked = EntryLine.objects.filter(
        entry__posted_at__isnull=False, account__role="receivable", currency="EUR"
    )
    uneven = OrderAccount.objects.exclude(received_minor=F("allocated_minor"))
    found = differences(
        side(booked, F("subject"), F("debit_minor") - F("credit_minor")),
        side(Invoice.objects.claims(), order, F("open_minor")),
        side(uneven, order, F("allocated_minor") - F("received_minor")),
    )
    return [f"{one.fact}: {one.here} in the ledger, {one.there} by its invoices and money" for one in found]


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
    money = OrderMoney.objects.filter(undone_at__isnull=True)
    laid = Allocation.objects.filter(reversed_at__isnull=True)
    received = differences(
        side(OrderAccount.objects.all(), F("order_number"), F("received_minor")),
        side(money, F("account__order_number"), F("amount_minor")),
    )
    allocated = differences(
        side(OrderAccount.objects.all(), F("order_number"), F("allocated_minor")),
        side(laid, F("money__account__order_number"), F("amount_minor")),
    )
    standing = Q(money__undone_at__isnull=True)
    beyond = OrderAccount.objects.annotate(
        given=Sum("money__returned_minor", filter=standing, default=0),
        went=-Sum("money__amount_minor", filter=standing & Q(money__amount_minor__lt=0), default=0),
    ).filter(given__gt=F("went"))
    return [
        *(f"{one.fact}: received {one.here}, rows {one.there}" for one in received),
        *(f"{one.fact}: allocated {one.here}, rows {one.there}" for one in allocated),
        *(
            f"{one.order_number}: {one.given} counts as given back, {one.went} went back"  # type: ignore[attr-defined]
            for one in beyond.order_by("pk")[:SHOWN]
        ),
    ][:SHOWN]


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
    """Lines and charges of a document are its gross and VAT. Read in pieces: charges lie in a column of their own."""
    found: list[str] = []
    documents = Invoice.objects.order_by("pk").only("pk", "number", "charges", "gross_minor", "vat_minor")
    rows = documents.iterator(chunk_size=CHUNK)
    while part := list(islice(rows, CHUNK)):
        lines = InvoiceLine.objects.filter(invoice__in=[one.pk for one in part]).order_by()
        sums = {
            pk: (gross, vat)
            for pk, gross, vat in lines.values_list("invoice_id").annotate(
                Sum("gross_minor"), Sum("vat_minor")
            )
        }
        found += [
            f"{one.number}: lines make {made[0]} with VAT {made[1]}, not {one.gross_minor}"
            for one in part
            if (made := _with_charges(one, *sums.get(one.pk, (0, 0)))) != (one.gross_minor, one.vat_minor)
        ]
        if len(found) >= SHOWN:
            break
    return found[:SHOWN]


def _with_charges(document: Invoice, gross_minor: int, vat_minor: int) -> tuple[int, int]:
    for charge in document.charges:
        sign = 1 if charge["is_charge"] else -1
        gross_minor += sign * charge["gross_minor"]
        vat_minor += sign * charge["vat_minor"]
    return gross_minor, vat_minor


def documents_are_posted_once() -> list[str]:
    """Each invoice, credit note and cancellation has one entry of its own gross amount."""
    lines = EntryLine.objects.filter(entry__kind__in=DOCUMENT_KINDS, account__role="receivable")
    found = differences(
        side(Invoice.objects.all(), Concat(Value("invoice:"), F("number")), F("gross_minor")),
        side(lines, F("entry__source"), F("debit_minor") + F("credit_minor")),
    )
    return [
        f"{one.fact.removeprefix('invoice:')} is not posted with its amount of {one.here}"
        if one.rows_here
        else f"entry {one.fact} belongs to no document"
        for one in found
    ]


def card_payments_are_posted_once() -> list[str]:
    """Each captured card payment has one entry of its amount, and each such entry a payment."""
    paid = Payment.objects.filter(method=CARD, state__in=("captured", "disputed"))
    lines = EntryLine.objects.filter(entry__kind="card_captured", debit_minor__gt=0)
    source = Concat(Value("capture:payment:"), Cast("pk", CharField()))
    found = differences(
        side(paid, source, F("amount_minor")), side(lines, F("entry__source"), F("debit_minor"))
    )
    return [
        f"payment {one.fact.rpartition(':')[2]} over {one.here} is not posted exactly once"
        if one.rows_here
        else f"entry {one.fact} belongs to no captured payment"
        for one in found
    ]


def store_credit_is_what_we_owe() -> list[str]:
    """Per customer: the liability in the ledger is the balance of their store credit."""
    booked = EntryLine.objects.filter(
        entry__posted_at__isnull=False, account__role="store_credit", currency="EUR"
    )
    holder = Concat(Value(CREDIT_PREFIX), Cast("user_id", CharField()))
    there = CreditAccount.objects.filter(currency="EUR").exclude(balance_minor=0)
    found = differences(
        side(booked, F("subject"), F("credit_minor") - F("debit_minor")),
        side(there, holder, F("balance_minor")),
    )
    return [f"{one.fact}: {one.here} in the ledger, {one.there} of store credit" for one in found]


def parcels_are_invoiced_once() -> list[str]:
    """Each parcel that left has its invoice, and its number of pieces is that of the parcel; one with goods sent once
    more under warranty has none."""
    left = Parcel.objects.exclude(state__in=INSIDE)
    number = IntegerField()
    pieces = Case(
        When(order__kind="replacement", then=0),
        default=Coalesce(F("lines__quantity"), 0, output_field=number),
        output_field=number,
    )
    invoiced = InvoiceLine.objects.filter(invoice__source__startswith="parcel:")
    found = differences(
        side(left, Concat(Value("parcel:"), Cast("pk", CharField())), pieces),
        side(invoiced, F("invoice__source"), F("quantity")),
        only_here=True,
    )
    return [
        f"parcel {one.fact.rpartition(':')[2]} with {one.here} pieces has an invoice over {one.there}"
        for one in found
    ]


def guards_are_in_place() -> list[str]:
    """The database refuses to change or delete what was issued."""
    return [
        f"the trigger {name} is missing; run `manage.py migrate`" for name in guards.missing(triggers.GUARDS)
    ]


def entries_of_documents_exist() -> list[str]:
    """No entry names a document number of ours that was never issued."""
    issued = Invoice.objects.filter(number=OuterRef("document"))
    entries = Entry.objects.filter(~Exists(issued), kind__in=DOCUMENT_KINDS).order_by("pk")
    numbers = entries.values_list("document", flat=True)[:SHOWN]
    return [f"document {number} was posted but never issued" for number in numbers]


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
    replacing = Invoice.objects.filter(replaces__isnull=False).select_related("replaces").order_by("pk")
    for invoice in replacing.iterator(chunk_size=CHUNK):
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
    ("store credit equals its liability", store_credit_is_what_we_owe),
    ("every dispatched parcel is invoiced once", parcels_are_invoiced_once),
    ("no entry names a document that was never issued", entries_of_documents_exist),
    ("sales without VAT have their proof", supplies_without_vat_have_their_proof),
    ("replaced invoices are cancelled", replaced_invoices_are_cancelled),
    ("the triggers of invoices are in place", guards_are_in_place),
]
