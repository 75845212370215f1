"""One customer in few queries: every section brings its newest rows and, by window functions, its counts and sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    F,
    JSONField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Concat, Lower

from checkout.order.models import Line, Order
from checkout.payment.models import MethodRule, Refund
from checkout.store_credit.models import CreditAccount
from fulfilment.customer_service.cases import models as cases
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.invoicing.models import INVOICE_KIND, OPEN_STATES, Invoice
from fulfilment.finance.sepa.receivers import masked
from fulfilment.warehouse.receiving.models import Return
from shop.audit.models import CHANGE, Access
from shop.customers.models import CustomerNote, NewsletterConsent, User
from shop.kernel.money import to_minor
from shop.notifications.models import OutgoingMail

from .models import CUSTOMER, StaffAction

SHOWN = 6  #: newest rows of a section; the rest is in its list
ENTRIES_SHOWN = 30
#: Section -> the permission that shows it.
SECTIONS = {
    "orders": "order.view_orders",
    "invoices": "invoicing.view_invoices",
    "returns": "receiving.view_returns",
    "cases": "cases.view_cases",
    "withdrawals": "withdrawals.handle_withdrawals",
    "mails": "notifications.view_mails",
    "refunds": "payment.refund_payments",
    "margin": "ledger.view_ledger",
}


@dataclass(frozen=True)
class Who:
    """Whose file it is: an account, or a guest who is known by an e-mail address only."""

    user: Any
    email: str

    def orders(self) -> QuerySet[Order]:
        """Orders of the account; of a guest those without an account under this address."""
        if self.user is not None:
            return Order.objects.filter(user=self.user)
        return Order.objects.filter(user=None, guest_email__iexact=self.email)

    def of_order(self) -> Q:
        """The same for things that hang on an order."""
        if self.user is not None:
            return Q(order__user=self.user)
        return Q(order__user=None, order__guest_email__iexact=self.email)

    def by_address(self) -> Q:
        """Things that people declare: theirs by account or order, or sent from this address."""
        return Q(order_id__in=self.orders().values("pk")) | Q(email=self.email)


@dataclass(frozen=True)
class Section:
    """The newest rows of one section and what is counted over all of them."""

    rows: list[Any] = field(default_factory=list)
    many: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


def newsletter_of(email: Any) -> Subquery:
    """The latest step of the newsletter's consent of an address, for a query of somebody who has one."""
    rows = NewsletterConsent.objects.filter(email=Lower(email))
    return Subquery(rows.order_by("-pk").values("kind")[:1])


def account(pk: int) -> Any:
    """An account with its store credit, what finance knows of it, the general limit on account, and a guest order under
    its address. One query."""
    rule = MethodRule.objects.filter(method="invoice").values("exposure_limit_minor")[:1]
    store = CreditAccount.objects.filter(user_id=OuterRef("pk"), currency="EUR")
    guest = (
        Order.objects.filter(user=None, guest_email__iexact=OuterRef("email"))
        .order_by("-pk")
        .values("number")[:1]
    )
    return (
        User.objects.select_related("credit", "merged_into")
        .annotate(
            general_limit=Subquery(rule),
            store_credit_minor=Subquery(store.values("balance_minor")[:1]),
            guest_order=Subquery(guest),
            newsletter=newsletter_of(OuterRef("email")),
        )
        .filter(pk=pk, is_staff=False)
        .first()
    )


def file_of(who: Who, seen: Iterable[str]) -> dict[str, Section]:
    """Every section whose name is in ``seen``: one query each, eight at most."""
    readers = {
        "orders": orders,
        "invoices": invoices,
        "returns": returns,
        "cases": cases_of,
        "withdrawals": withdrawals,
        "mails": mails,
        "refunds": refunds,
        "margin": margin,
    }
    return {name: reader(who) for name, reader in readers.items() if name in seen}


def _over(rows: QuerySet[Any], **sums: Any) -> QuerySet[Any]:
    return rows.annotate(many=Window(Count("pk")), **{name: Window(expr) for name, expr in sums.items()})


def _section(rows: QuerySet[Any], *names: str) -> Section:
    found = list(rows[:SHOWN])
    if not found:
        return Section()
    return Section(found, found[0].many, {name: getattr(found[0], name) for name in names})


def orders(who: Who) -> Section:
    """Orders, with what all that were not cancelled came to, the first and the last."""
    counted = Case(When(~Q(status="cancelled"), then=F("total_incl_tax")))
    agreed = Case(When(carrier_contact_agreed_at__isnull=False, then=Value(1)))
    rows = _over(
        who.orders(), total=Sum(counted), kept=Count(counted), first=Min("date_placed"), last=Max("date_placed"),
        agreed=Count(agreed), agreed_at=Max("carrier_contact_agreed_at"),
    )  # fmt: skip
    found = _section(
        rows.order_by("-date_placed", "-pk"), "total", "kept", "first", "last", "agreed", "agreed_at"
    )
    if found.rows:
        found.facts["total_minor"] = to_minor(found.facts["total"] or 0, found.rows[0].currency)
    return found


def invoices(who: Who) -> Section:
    """What is open first; sums over all: net revenue less credit notes, what is open and overdue."""
    sign = Case(When(kind=INVOICE_KIND, then=F("net_minor")), default=-F("net_minor"))
    credited = Case(When(~Q(kind=INVOICE_KIND), then=F("net_minor")), default=Value(0))
    is_open = Q(kind=INVOICE_KIND, state__in=OPEN_STATES, open_minor__gt=0)
    open_minor = Case(When(is_open, then=F("open_minor")), default=Value(0))
    rows: QuerySet[Any] = (
        Invoice.objects.filter(user=who.user) if who.user else Invoice.objects.filter(who.of_order())
    )
    rows = rows.annotate(
        is_open_item=Case(When(is_open, then=Value(True)), default=Value(False), output_field=BooleanField())
    )
    rows = _over(
        rows, net=Sum(sign), credited=Sum(credited), open_sum=Sum(open_minor),
        open_many=Count(Case(When(is_open, then=Value(1)))),
    )  # fmt: skip
    return _section(
        rows.order_by("-is_open_item", "-issued_on", "-pk"), "net", "credited", "open_sum", "open_many"
    )


def returns(who: Who) -> Section:
    """Parcels that come or came back."""
    rows = Return.objects.filter(who.of_order()).select_related("order")
    return _section(_over(rows).order_by("-announced_at", "-pk"))


def cases_of(who: Who) -> Section:
    """What was asked or complained about; how much of it is open."""
    rows = cases.Case.objects.filter(
        Q(user=who.user) | who.by_address() if who.user is not None else who.by_address()
    )
    open_ones = Count(Case(When(state__in=cases.OPEN_STATES, then=Value(1))))
    return _section(_over(rows, open_many=open_ones).order_by("-opened_at", "-pk"), "open_many")


def withdrawals(who: Who) -> Section:
    """Contracts withdrawn from."""
    rows = Withdrawal.objects.filter(who.by_address()).select_related("order")
    return _section(_over(rows).order_by("-received_at", "-pk"))


def mails(who: Who) -> Section:
    """Mails, without their text."""
    rows = (
        OutgoingMail.objects.filter(user=who.user)
        if who.user
        else OutgoingMail.objects.filter(who.of_order())
    )
    return _section(_over(rows.defer("html", "text")).order_by("-created_at", "-pk"))


def refunds(who: Who) -> Section:
    """Money to be sent back by bank transfer, with the account staff were given. The account is masked until a refund
    is due, as nobody needs it before."""
    mine = Q(payment__order__user=who.user)
    if who.user is None:
        mine = Q(payment__order__user=None, payment__order__guest_email__iexact=who.email)
    rows = Refund.objects.by_bank().filter(mine).select_related("payment__order", "receiver_account")
    found = _section(_over(rows).order_by("-pk"))
    for row in found.rows:
        known = getattr(row, "receiver_account", None)
        iban = known.iban if known else ""
        row.shown_iban = _spaced(iban) if row.state == "requested" else masked(iban)
    return found


def _spaced(iban: str) -> str:
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def margin(who: Who) -> Section:
    """What the goods that stayed with the customer cost us, in minor units."""
    stayed = F("quantity_dispatched") - F("quantity_returned")
    cost = Line.objects.filter(who.of_order()).aggregate(sum=Sum(F("unit_cost_minor") * stayed))["sum"]
    return Section(facts={"cost_minor": int(cost or 0)})


def _consents(who: Who, columns: list[str]) -> QuerySet[Any]:
    """Steps of the newsletter's consent in the shape of the other entries; their proof is the text, parted by bars."""
    bar, nobody = Value("|"), Value("", CharField())
    return (
        NewsletterConsent.objects.filter(email=who.email.lower())
        .order_by()
        .annotate(
            e_kind=Value("consent", CharField()), e_row=F("pk"), e_at=F("at"),
            e_text=Concat("kind", bar, "via", bar, "place", bar, "version", bar, "words", output_field=TextField()),
            e_data=Cast(Value("{}"), JSONField()), e_pin=Value(False, BooleanField()),
            e_first=nobody, e_last=nobody, e_mail=nobody,
        )
        .values(*columns)
    )  # fmt: skip


def entries(who: Who) -> list[dict[str, Any]]:
    """Notes, changes of the data and decisions, also those of accounts that were merged into this one: pinned notes
    first, then the newest. One query."""
    by = Coalesce("by__first_name", Value(""), output_field=CharField())
    last = Coalesce("by__last_name", Value(""), output_field=CharField())
    columns = [f"e_{name}" for name in ("kind", "row", "at", "text", "data", "pin", "first", "last", "mail")]

    def part(rows: QuerySet[Any], what: str, text: Any, data: str, pin: Any) -> QuerySet[Any]:
        return (
            rows.order_by()
            .annotate(
                e_kind=Value(what, CharField()), e_row=F("pk"), e_at=F("at"), e_text=text, e_data=F(data),
                e_pin=pin, e_first=by, e_last=last,
                e_mail=Coalesce("by__email", Value(""), output_field=CharField()),
            )
            .values(*columns)
        )  # fmt: skip

    never = Value(False, BooleanField())
    notes = (
        CustomerNote.objects.filter(user=who.user)
        if who.user
        else CustomerNote.objects.filter(user=None, email=who.email.lower())
    )
    found = part(notes, "note", F("text"), "facts", F("pinned"))
    if who.user is not None:
        merged = User.objects.filter(merged_into=who.user)
        texts = merged.annotate(key=Cast("pk", CharField())).values("key")
        changes = Access.objects.filter(
            Q(key=str(who.user.pk)) | Q(key__in=texts), deed=CHANGE, kind="customer"
        )
        deeds = StaffAction.objects.filter(
            Q(subject_id=who.user.pk) | Q(subject_id__in=merged.values("pk")), subject=CUSTOMER
        )
        found = found.union(
            part(changes, "change", Value("", TextField()), "facts", never),
            part(deeds, "deed", Concat("what", Value(" "), "why", output_field=TextField()), "facts", never),
            all=True,
        )
    found = found.union(_consents(who, columns), all=True)
    return list(found.order_by("-e_pin", "-e_at")[:ENTRIES_SHOWN])
