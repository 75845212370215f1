"""A naive auditor: it knows no rule of the books and no balance that anybody keeps. It adds up papers with a pencil.

What the driver of a history saw with its own eyes (money at the bank, goods that came) it is told; documents,
assignments, refunds, write-offs and the card provider's own list it reads. Debit counts positive, amounts are cents.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from checkout.order.models import Line
from checkout.payment.models import Payment, Refund
from checkout.store_credit.models import CreditAccount
from fulfilment.finance.dunning.models import ClaimPayment, Recovery, WriteOff
from fulfilment.finance.invoicing.models import Allocation, Invoice, OrderAccount
from fulfilment.finance.ledger.models import EntryLine
from fulfilment.finance.reconciliation.models import Assignment
from fulfilment.finance.reports.balances import by_account

HUNDRED = 10_000  #: per cent in basis points
IN_TAX = ("revenue", "vat")  #: accounts that are told apart by country and rate instead of by role


class Auditor:
    """``on``: what the accounts should hold; ``owed``: what each order should owe. Both begin with what it was told."""

    def __init__(self) -> None:
        self.told: Counter[Any] = Counter()
        self.told_owed: Counter[str] = Counter()
        self.provider: list[Any] = []  #: the card provider's own list of movements
        self.orders_by_intent: dict[str, str] = {}

    def put(self, debit: Any, credit: Any, amount: int) -> None:
        """Seen with one's own eyes: so much went from one account to another."""
        self.told[debit] += amount
        self.told[credit] -= amount

    def reckon(self) -> None:
        """Add everything up anew."""
        self.on, self.owed = Counter(self.told), Counter(self.told_owed)
        self.documents()
        self.bank()
        self.cards()
        self.store_credit()
        self.losses()
        self.on["receivable"] += sum(self.owed.values())

    def documents(self) -> None:
        for doc in Invoice.objects.prefetch_related("lines"):
            sign = 1 if doc.kind == "invoice" else -1
            rows = [(row.gross_minor, row.vat_minor, row.rate_bp) for row in doc.lines.all()]
            rows += [(row["gross_minor"], row["vat_minor"], row["rate_bp"]) for row in doc.charges]
            for gross, vat, rate in rows:
                self.on["revenue", doc.vat_country, rate] -= sign * (gross - vat)
                self.on["vat", doc.vat_country, rate] -= sign * vat
                self.owed[doc.order_number] += sign * gross

    def bank(self) -> None:
        """What somebody said money of the bank is for."""
        rows = Assignment.objects.filter(undone_at=None).select_related("account", "ledger_account")
        for row in rows:
            amount = row.amount_minor if row.receipt_id else -row.amount_minor
            self.on["unexplained"] += amount
            if row.kind in ("payment", "return_fee"):
                self.on["rounding"] += row.rounding_minor
                self.on["bank_charges"] += row.charges_minor
                self.on["exchange"] += row.exchange_minor
                settled = amount + row.rounding_minor + row.charges_minor + row.exchange_minor
                self.owed[row.account.order_number] -= settled
            elif row.kind == "account":
                vat = row.vat_minor if row.receipt_id else -row.vat_minor
                self.on[row.ledger_account.role or row.ledger_account.number] -= amount - vat
                self.on[("vat", "DE", row.vat_rate_bp) if row.receipt_id else "input_vat"] -= vat
            elif row.kind in ("give_back", "refund"):
                self.on["money_transit"] -= amount
            elif row.kind == "payout":
                self.on["psp_clearing"] -= amount
        for paid in ClaimPayment.objects.filter(undone_at=None).select_related("claim"):
            kind = "interest_income" if paid.claim.kind == "interest" else "dunning_income"
            self.on[kind] -= paid.amount_minor

    def cards(self) -> None:
        """What the provider says, and refunds that went by transfer instead."""
        for row in self.provider:
            if row.kind.startswith("payout"):
                continue
            self.on["psp_clearing"] += row.net_minor
            is_dispute = row.category in ("dispute", "dispute_reversal")
            self.on["cost_of_disputes" if is_dispute else "cost_of_payments"] += row.fee_minor
            order = self.orders_by_intent.get(row.intent_id)
            if row.kind == "stripe_fee":
                self.on["cost_of_payments"] -= row.amount_minor
            elif order:
                self.owed[order] -= row.amount_minor
            else:
                self.on["unexplained"] -= row.amount_minor
        for refund in Refund.objects.filter(state="succeeded").select_related("payment__order"):
            if refund.way != "card":
                self.owed[refund.payment.order.number] += refund.amount_minor
                self.on["store_credit" if refund.way == "credit" else "money_transit"] -= refund.amount_minor

    def store_credit(self) -> None:
        """What customers left with us and what they spent of it, by customer."""
        self.credit: Counter[int] = Counter()
        for refund in Refund.objects.filter(state="succeeded").select_related("payment__order"):
            if refund.way == "credit":
                self.credit[refund.payment.order.user_id] += refund.amount_minor
        for paid in Payment.objects.filter(method="credit", state="captured").select_related("order"):
            self.owed[paid.order.number] -= paid.amount_minor
            self.on["store_credit"] += paid.amount_minor
            self.credit[paid.order.user_id] -= paid.amount_minor

    def losses(self) -> None:
        """Claims that were given up with their VAT, and what came for them after all."""
        gone = WriteOff.objects.filter(reversed_at=None).select_related("invoice")
        came = Recovery.objects.filter(undone_at=None).select_related("write_off__invoice")
        for sign, name, row, invoice in [
            *((1, "bad_debt", row, row.invoice) for row in gone),
            *((-1, "bad_debt_recovered", row, row.write_off.invoice) for row in came),
        ]:
            assert sum(tax["net_minor"] + tax["vat_minor"] for tax in row.taxes) == row.amount_minor
            self.owed[invoice.order_number] -= sign * row.amount_minor
            for tax in row.taxes:
                self.on[name] += sign * tax["net_minor"]
                self.on["vat", tax["country"], tax["rate_bp"]] += sign * tax["vat_minor"]

    def compare(self) -> None:
        """The ledger says the same: each entry, each account, each order, and the balances that reports keep."""
        self.reckon()
        entries, accounts, orders, kept = Counter(), Counter(), Counter(), Counter()
        columns = (
            "entry_id",
            "account_id",
            "account__role",
            "account__number",
            "subject",
            "vat_country",
            "vat_rate_bp",
        )
        for row in EntryLine.objects.values_list(*columns, "debit_minor", "credit_minor"):
            entry, account, role, number, subject, country, rate, debit, credit = row
            entries[entry] += debit - credit
            kept[account] += debit - credit
            accounts[_name(role or number, country, rate)] += debit - credit
            if role == "receivable":
                orders[subject.removeprefix("order:")] += debit - credit
        _same(entries, {}, "entry: (off by, 0)")
        _same(accounts, self.on, "account: (by the ledger, by the papers)")
        _same(orders, self.owed, "order: (by the ledger, by the papers)")
        by_reports = {pk: one.closing_minor for pk, one in by_account().items()}
        _same(kept, by_reports, "account: (by its lines, by the balances of the reports)")
        balances = dict(CreditAccount.objects.values_list("user_id", "balance_minor"))
        _same(balances, self.credit, "customer: (store credit as it is kept, by the papers)")
        self.open_items()
        self.parts()

    def open_items(self) -> None:
        """Open items and credits are what orders owe; nobody is asked for what lies there as credit; what was given up
        lies on the invoice it was given up of."""
        left, free, laid, lost = Counter(), Counter(), Counter(), Counter()
        for number, amount in Invoice.objects.filter(kind="invoice").values_list(
            "order_number", "open_minor"
        ):
            left[number] += amount
        for row in OrderAccount.objects.all():
            free[row.order_number] += row.received_minor - row.allocated_minor
        both = {number: (left[number], free[number]) for number in left if left[number] and free[number] > 0}
        assert not both, f"order: (open on its invoices, lying free) {both}"
        left.subtract(free)
        _same(left, self.owed, "order: (open items less what lies free, owed by the papers)")
        for row in Allocation.objects.filter(reversed_at=None, money__kind="write_off"):
            laid[row.invoice_id] += row.amount_minor
        for loss in WriteOff.objects.filter(reversed_at=None):
            lost[loss.invoice_id] += loss.amount_minor - loss.recovered_minor
        _same(laid, lost, "invoice: (written off on it, lost of it)")

    def parts(self) -> None:
        """Parts of a line add up to it, and so do corrections and write-offs that take the whole of an invoice."""
        done = defaultdict(lambda: [0, 0, 0])
        for doc in Invoice.objects.filter(kind="invoice").prefetch_related(
            "lines", "corrections", "write_offs"
        ):
            whole = {row["rate_bp"]: row["vat_minor"] for row in doc.taxes}
            losses = [row for row in doc.write_offs.all() if row.reversed_at is None]
            came = Recovery.objects.filter(write_off__in=losses, undone_at=None) if losses else []
            for plus, minus in ((doc.corrections.all(), ()), (losses, came)):
                taken = [(row, 1) for one in plus for row in one.taxes]
                taken += [(row, -1) for one in minus for row in one.taxes]
                gross = sum(sign * (row["net_minor"] + row["vat_minor"]) for row, sign in taken)
                assert gross <= doc.gross_minor, f"{doc.number}: {gross} taken of {doc.gross_minor}"
                if gross == doc.gross_minor:
                    back = Counter()
                    for row, sign in taken:
                        back[row["rate_bp"]] += sign * row["vat_minor"]
                    _same(back, whole, f"VAT of {doc.number} by rate: (taken back, invoiced)")
            if doc.state != "cancelled":
                for row in doc.lines.all():
                    sums = done[row.order_line_id]
                    sums[:] = sums[0] + row.quantity, sums[1] + row.gross_minor, sums[2] + row.vat_minor
        for line in Line.objects.filter(pk__in=[pk for pk in done if pk]):
            pieces, gross, vat = done[line.pk]
            if pieces == line.quantity:
                tax = Decimal(line.gross_minor * line.vat_rate_bp) / (HUNDRED + line.vat_rate_bp)
                wanted = (line.gross_minor, int(tax.quantize(Decimal(1), ROUND_HALF_UP)))
                assert (gross, vat) == wanted, f"line {line.pk}: parts make {gross}, {vat}; it is {wanted}"


def _name(name: str, country: str, rate: int | None) -> Any:
    kind = name.partition("_")[0]
    if kind in IN_TAX and name != "vat_prepaid":
        return kind, country, rate
    if name.startswith("bad_debt_") and name != "bad_debt_recovered":
        return "bad_debt"
    return "exchange" if name.startswith("exchange_") else name


def _same(one: Mapping[Any, int], other: Mapping[Any, int], what: str) -> None:
    unlike = {
        str(key): (one.get(key, 0), other.get(key, 0))
        for key in sorted({*one, *other}, key=str)
        if one.get(key, 0) != other.get(key, 0)
    }
    assert not unlike, f"{what} {unlike}"
