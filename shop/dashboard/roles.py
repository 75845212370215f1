"""Who may open which room: roles as a table of permissions. Groups of Django, written anew after every migrate."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

SERVICE, WAREHOUSE, FINANCE, MARKETING, MANAGER, ADMINISTRATOR = (
    "service",
    "warehouse",
    "finance",
    "marketing",
    "manager",
    "administrator",
)
TITLES: dict[str, Any] = {
    SERVICE: _("Customer service"),
    WAREHOUSE: _("Warehouse"),
    FINANCE: _("Accounting"),
    MARKETING: _("Marketing"),
    MANAGER: _("Management"),
    ADMINISTRATOR: _("Administration"),
}

ENTER = "dashboard.enter"
_SEE_ORDERS = {ENTER, "order.view_orders", "payment.view_payments", "customer.view_user"}
_MAILS = {"notifications.view_mails", "notifications.retry_mails"}
_EDIT_PAGES = {
    "wagtailadmin.access_admin",
    "wagtailimages.add_image",
    "wagtailimages.change_image",
    "wagtailimages.choose_image",
    "wagtaildocs.add_document",
    "wagtaildocs.change_document",
    "wagtaildocs.choose_document",
    "pages.add_guaranteenotice",
    "pages.change_guaranteenotice",
    "pages.delete_guaranteenotice",
    "wagtailredirects.add_redirect",
    "wagtailredirects.change_redirect",
    "wagtailredirects.delete_redirect",
}

ROLES: dict[str, set[str]] = {
    SERVICE: {
        *_SEE_ORDERS,
        *_MAILS,
        "order.manage_orders",
        "order.correct_addresses",
        "phone_orders.take_orders",
        "customer.change_user",
        "customer.merge_customers",
        "withdrawals.handle_withdrawals",
        "cases.view_cases",
        "cases.handle_cases",
        "cases.view_figures",
        "returns.settle_money",
        "remedies.use_remedies",
        "shortages.answer_questions",
        "shortages.offer_substitutes",
        "payment.refund_payments",
        "approvals.view_approvals",
        "invoicing.view_invoices",
        "stock.view_stock",
        "receiving.view_returns",
        "receiving.settle_returns",
        "reviews.moderate_reviews",
    },
    # A picker needs no customer's e-mail address: no orders, no mails.
    WAREHOUSE: {
        ENTER,
        "stock.view_stock",
        "stock.receive_goods",
        "stock.adjust_stock",
        "picking.pick_orders",
        "picking.plan_picking",
        "routing.reroute_orders",
        "shortages.answer_questions",
        "dispatch.dispatch_parcels",
        "order.correct_addresses",
        "transfers.view_transfers",
        "transfers.move_between_sites",
        "counting.view_counts",
        "counting.count_bins",
        "receiving.view_returns",
        "receiving.receive_returns",
    },
    FINANCE: {
        *_SEE_ORDERS,
        "notifications.view_mails",
        "payment.refund_payments",
        "payment.change_customercredit",
        "payment.manage_payment_rules",
        "ledger.view_ledger",
        "ledger.reverse_entries",
        "ledger.post_entries",
        "ledger.manage_accounts",
        "ledger.close_periods",
        "counting.view_counts",
        "transfers.view_transfers",
        "invoicing.view_invoices",
        "invoicing.issue_credit_notes",
        "invoicing.change_merchant",
        "bank.view_statements",
        "bank.import_statements",
        "bank.manage_accounts",
        "psp.view_payouts",
        "psp.explain_money",
        "approvals.view_approvals",
        "reconciliation.view_receipts",
        "reconciliation.record_receipts",
        "returns.settle_money",
        "remedies.use_remedies",
        "reports.send_statements",
        "exports.make_exports",
        "reconciliation.change_rules",
        "sepa.view_transfers",
        "sepa.send_transfers",
        "dunning.view_dunning",
        "dunning.run_dunning",
        "dunning.change_policy",
        "dunning.write_off",
        "dunning.view_limits",
        "dunning.change_limits",
    },
    MARKETING: {
        ENTER,
        *_EDIT_PAGES,
        "catalogue.change_product",
        "partner.change_stockrecord",
        "reviews.moderate_reviews",
        "search.change_boost",
        "search.change_synonym",
        "notifications.send_newsletters",
        "search.view_missedsearch",
    },
}
#: What only those do who answer for it, beside all that the others may.
_MANAGER_ONLY = {
    "approvals.change_limits",
    "audit.see_accesses",
    "customer.reset_second_factors",
    "cases.change_macros",
    "cases.see_people",  # who sent how much back is for those who lead
    "remedies.approve_remedies",
    "remedies.change_reasons",
    "payment.approve_refunds",
    "sepa.approve_transfers",
    "kernel.view_operations",
    "connect.view_pushes",
    "recalls.manage_recalls",
    "picking.see_people",  # how much each picker does is for those who lead, not for colleagues
    "dispatch.manage_cartons",
    "ledger.approve_entries",
    "ledger.post_into_closed",
    "counting.approve_counts",
    "dunning.approve_write_off",
    "counting.change_policy",
    "stock.change_site",
    "routing.manage_rules",
    "shortages.change_policy",
}
ROLES[MANAGER] = set().union(*ROLES.values()) | _MANAGER_ONLY
ROLES[ADMINISTRATOR] = ROLES[MANAGER] | {"connect.manage_endpoints", "connect.retry_pushes"}

#: What these roles may do with the pages of the shop; Wagtail keeps it per group and branch of the tree.
PAGE_EDITORS = (MARKETING, MANAGER, ADMINISTRATOR)
PAGE_RIGHTS = ("add_page", "change_page", "publish_page")
MEDIA_RIGHTS = (
    "add_image",
    "change_image",
    "choose_image",
    "add_document",
    "change_document",
    "choose_document",
)


def sync_roles() -> list[str]:
    """Make the groups what the table says. Idempotent. Returns permissions that no room has (yet), sorted."""
    known = {
        f"{app}.{code}": pk
        for pk, app, code in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    missing: set[str] = set()
    for name, wanted in ROLES.items():
        group, _made = Group.objects.get_or_create(name=name)
        missing |= wanted - known.keys()
        group.permissions.set([known[permission] for permission in wanted if permission in known])
    _sync_pages(known)
    return sorted(missing)


def _sync_pages(known: dict[str, int]) -> None:
    """Rights on Wagtail's tree: the whole of it, for those who edit pages."""
    from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

    root, collection = Page.get_first_root_node(), Collection.get_first_root_node()
    for group in Group.objects.filter(name__in=PAGE_EDITORS):
        for code in PAGE_RIGHTS:
            if root is not None and f"wagtailcore.{code}" in known:
                GroupPagePermission.objects.get_or_create(
                    group=group, page=root, permission_id=known[f"wagtailcore.{code}"]
                )
        for code in MEDIA_RIGHTS:
            name = f"{'wagtailimages' if code.endswith('image') else 'wagtaildocs'}.{code}"
            if collection is not None and name in known:
                GroupCollectionPermission.objects.get_or_create(
                    group=group, collection=collection, permission_id=known[name]
                )


def role_of(user: Any) -> str:
    """The role's title for the top bar; several joined by commas; "" for somebody without one. One query."""
    names = [name for name in user.groups.values_list("name", flat=True) if name in TITLES]
    if not names and user.is_superuser:
        names = [ADMINISTRATOR]
    return ", ".join(str(TITLES[name]) for name in ROLES if name in names)


def start_page(user: Any) -> str:
    """Where somebody lands after the login: staff in the back office, everybody else in their account."""
    return reverse("dashboard:index" if user.is_staff else "account:overview")
