"""What stands still, why, and where it is freed: orders, letters, customers, refunds, files, and work that failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from checkout.payment.approval import KIND as REFUND
from checkout.payment.models import CustomerCredit, Refund
from fulfilment.finance.bank.models import StatementFile
from fulfilment.finance.dunning.models import DunningHold
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.psp.models import Cursor
from fulfilment.finance.psp.queries import failed_refunds
from shop.approvals.models import Approval
from shop.kernel import clock, counting
from shop.kernel.models import Delivery, InboxMessage
from shop.ui.numbers import money_text
from shop.ui.times import short_date

SHOWN = 3  #: of each kind; the rest is counted
WHY_MAX_CHARS = 200


@dataclass(frozen=True)
class Blocked:
    """One thing: what it is, why it stands still ("" when nobody said), where it is freed ("" for who may not)."""

    what: str
    why: str
    url: str


@dataclass(frozen=True)
class Group:
    """Things of one kind: how many there are, and the first of them. ``url``: the list of all, where there is one."""

    title: Any
    count: int
    things: list[Blocked]
    url: str

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.things)


@dataclass(frozen=True)
class Kind:
    """A kind of thing that may stand still: its rows (first come first), one in words, who may free it, all of them."""

    code: str
    title: Any
    rows: Callable[[], QuerySet[Any]]
    words: Callable[[Any], Blocked]
    permission: str
    url_name: str = ""
    query: str = ""


def _order(row: Order) -> Blocked:
    return Blocked(row.number, row.hold_reason, reverse("dashboard:order", args=[row.number]))


def _invoice(row: Invoice) -> Blocked:
    return Blocked(row.number, row.held_reason, reverse("finance:invoice", args=[row.number]))


def _hold(row: DunningHold) -> Blocked:
    name = row.invoice.number if row.invoice else row.user.name if row.user else ""
    why = _("until %(day)s: %(why)s") % {"day": short_date(row.until), "why": row.reason}
    return Blocked(name, why, reverse("finance:dunning-holds"))


def _customer(row: CustomerCredit) -> Blocked:
    return Blocked(row.user.name, row.block_reason, reverse("dashboard:customer", args=[row.user_id]))


def _refund(row: Refund) -> Blocked:
    what = f"{row.payment.order.number}: {money_text(row.amount_minor, row.currency)}"
    return Blocked(what, row.failure_text, reverse("finance:refund-again", args=[row.pk]))


def _approval(row: Approval) -> Blocked:
    why = _("waits for a second person: %(why)s") % {"why": row.reason}
    return Blocked(row.title, why, reverse("dashboard:approval", args=[row.pk]))


def _file(row: StatementFile) -> Blocked:
    return Blocked(row.name, row.reason, reverse("finance:bank-file", args=[row.pk]))


def _reading(row: Cursor) -> Blocked:
    return Blocked(str(_("Movements of the card provider")), row.problem, reverse("finance:payouts"))


def _work(row: Any) -> Blocked:
    return Blocked(str(row).partition(":")[0], row.last_error, reverse("dashboard:operations"))


KINDS = (
    Kind(
        "orders", gettext_lazy("Orders on hold"),
        lambda: Order.objects.filter(on_hold=True).exclude(status__in=("completed", "cancelled")).order_by("pk"),
        _order, "order.view_orders", "dashboard:orders", "hold=yes",
    ),
    Kind(
        "invoices", gettext_lazy("Invoices that nobody is reminded of"),
        lambda: Invoice.objects.open().filter(held=True).order_by("due_on", "pk"), _invoice, "invoicing.view_invoices",
    ),
    Kind(
        "holds", gettext_lazy("Holds of dunning"),
        lambda: DunningHold.active(clock.today()).select_related("invoice", "user").order_by("until", "pk"),
        _hold, "dunning.view_dunning", "finance:dunning-holds",
    ),
    Kind(
        "customers", gettext_lazy("Customers who may not buy on account"),
        lambda: CustomerCredit.objects.filter(blocked=True).select_related("user").order_by("-updated_at", "pk"),
        _customer, "customer.view_user", "dashboard:customers", "account=blocked",
    ),
    Kind(
        "refunds", gettext_lazy("Refunds that failed"),
        lambda: failed_refunds().select_related("payment__order").order_by("pk"),
        _refund, "payment.refund_payments", "finance:refunds", "state=failed",
    ),
    Kind(
        "approvals", gettext_lazy("Refunds above the limit"),
        lambda: Approval.objects.filter(kind=REFUND, state="waiting").order_by("due_at", "pk"),
        _approval, "approvals.view_approvals", "dashboard:approvals", "state=waiting",
    ),
    Kind(
        "files", gettext_lazy("Files of the bank that were refused"),
        lambda: StatementFile.objects.filter(state="refused").order_by("-uploaded_at", "-pk"),
        _file, "bank.view_statements", "finance:bank-files", "state=refused",
    ),
    Kind(
        "reading", gettext_lazy("Reading from the card provider"),
        lambda: Cursor.objects.exclude(problem="").order_by("pk"), _reading, "psp.view_payouts",
    ),
    Kind(
        "work", gettext_lazy("Work that was given up"),
        lambda: Delivery.objects.filter(state=Delivery.DEAD).order_by("-pk"),
        _work, "kernel.view_operations", "dashboard:operations",
    ),
    Kind(
        "messages", gettext_lazy("Messages that were not understood"),
        lambda: InboxMessage.objects.filter(state=InboxMessage.DEAD).order_by("-pk"),
        _work, "kernel.view_operations", "dashboard:operations",
    ),
)  # fmt: skip


def blocked(user: Any) -> list[Group]:
    """Everything that stands still, by kind; kinds with nothing are left out. One query, and one per kind shown."""
    counts = counting.counts((kind.code, kind.rows()) for kind in KINDS)
    return [_group(kind, counts[kind.code], user) for kind in KINDS if counts.get(kind.code)]


def _group(kind: Kind, count: int, user: Any) -> Group:
    may = user.has_perm(kind.permission)
    things = []
    for row in kind.rows()[:SHOWN]:
        one = kind.words(row)
        things.append(Blocked(one.what, one.why[:WHY_MAX_CHARS], one.url if may else ""))
    query = f"?{kind.query}" if kind.query else ""
    return Group(kind.title, count, things, reverse(kind.url_name) + query if may and kind.url_name else "")
