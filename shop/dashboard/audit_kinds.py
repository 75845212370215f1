"""Whose data the staff pages show: every kind of thing that a page names in ``shows=``, and how to find its person.

One query each, asked only when the page did not say it itself (``shop.audit.middleware.is_of``)."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from catalogue.reviews.models import ProductReview
from checkout.order.models import Order
from checkout.phone_orders.models import PhoneOrder
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.finance.dunning.models import DunningNotice
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.models import Parcel
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.recalls.models import Notice
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.shortages.models import ShortageQuestion
from shop.audit.kinds import Kind, Person, register
from shop.audit.models import LIST
from shop.customers.models import User
from shop.notifications.models import OutgoingMail


def _first(model: type[Model], wanted: dict[str, Any], *columns: str) -> Person | None:
    """Account and first address that is there, of the row that fits."""
    row = model._default_manager.filter(**wanted).values_list(*columns).first()
    return (row[0], next((email for email in row[1:] if email), "")) if row else None


def _by_pk(model: type[Model], *columns: str) -> Any:
    return lambda key: _first(model, {"pk": key}, *columns) if key.isdecimal() and len(key) < 19 else None


def _by_number(model: type[Model], *columns: str, name: str = "number") -> Any:
    return lambda key: _first(model, {name: key}, *columns)


_BUYER = ("user_id", "guest_email", "user__email")
_OF_ORDER = tuple(f"order__{column}" for column in _BUYER)

KINDS = [
    Kind(LIST, _("list")),
    Kind("order", _("Order"), "dashboard:order", "number", _by_number(Order, *_BUYER)),
    Kind("customer", _("Customer"), "dashboard:customer", "pk", _by_pk(User, "pk", "email")),
    Kind("colleague", _("Colleague"), "dashboard:colleague-reset", "pk", _by_pk(User, "pk", "email")),
    Kind(
        "phone_order", _("Order by phone"), "dashboard:phone-order", "pk", _by_pk(PhoneOrder, "user_id", "user__email")
    ),
    Kind(
        "review", _("Review"), "dashboard:review", "pk", _by_pk(ProductReview, "user_id", "user__email")
    ),
    Kind("case", _("Case"), "service:case", "number", _by_number(Case, "user_id", "email")),
    Kind(
        "withdrawal", _("Withdrawal"), "service:withdrawal", "number",
        _by_number(Withdrawal, "order__user_id", "email"),
    ),
    Kind(
        "settlement", _("Return"), "service:settlement", "number", _by_number(Return, *_OF_ORDER)
    ),
    Kind("return", _("Return"), "warehouse:return", "pk", _by_pk(Return, *_OF_ORDER)),
    Kind("parcel", _("Parcel"), "warehouse:parcel", "pk", _by_pk(Parcel, *_OF_ORDER)),
    Kind("pick_list", _("Pick list"), "warehouse:pick-list", "pk", _by_pk(PickList, *_OF_ORDER)),
    Kind("shortage", _("Missing pieces"), "warehouse:shortage", "pk", _by_pk(ShortageQuestion, *_OF_ORDER)),
    Kind("recall_notice", _("Recall"), "", "pk", _by_pk(Notice, *_OF_ORDER)),
    Kind("mail", _("Mail"), "notifications:detail", "pk", _by_pk(OutgoingMail, "user_id", "recipient")),
    Kind(
        "invoice", _("Invoice"), "finance:invoice", "number",
        _by_number(Invoice, "user_id", "order__guest_email", "order__user__email"),
    ),
    Kind("letter", _("Payment reminder"), "finance:dunning-notice", "pk", _by_pk(DunningNotice, "user_id", "email")),
    Kind("statement", _("Statement of account")),
    Kind("write_off", _("Write-off"), "finance:write-off"),
    Kind("handover", _("Handed over")),
    Kind("receipt", _("Receipt"), "finance:receipt"),
    Kind("disbursement", _("Disbursement"), "finance:disbursement"),
    Kind("bank_line", _("Statement line"), "finance:bank-line"),
    Kind("money", _("Money without an order"), "finance:unmatched-money"),
    Kind("rule", _("Learned rule"), "finance:rule"),
    Kind("refund", _("Refund")),
    Kind("account", _("Bank account")),
    Kind("entry", _("Entry"), "finance:entry"),
    Kind("payback", _("Payback")),
    Kind("transfer", _("Transfer")),
    Kind("approval", _("Approval"), "dashboard:approval"),
    Kind("push", _("Push"), "connect:push"),
]  # fmt: skip


def register_all() -> None:
    """Make them known to the access log; called when the house starts."""
    for kind in KINDS:
        register(kind)
