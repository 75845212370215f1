"""Every staff address either says whose data it shows (``shows=``) or stands in the written table of those that show
nobody's. A new address without either fails here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver

from shop.audit.kinds import kind
from shop.kernel.access import PUBLIC, SHOPPER

#: Why -> addresses. Order numbers alone are nobody's data: they lead to a page that is written down.
NOBODYS = {
    "goods, places and walks: articles, bins, order numbers": {
        "warehouse": """
            index board reroute shortages shortage shortage-answer shortage-offer shortage-take-back shortage-extend
            shortage-ask-again walk batch-walk scans pick scan short finish pick-batch batch-scan batch-short
            batch-finish phone phone-worker phone-manifest plan batches batch batch-paper batch-act settle-scan
            pick-lists pick-list pick-act pack-find order-parcels labels label-retry label-state label-cancel leaving
            manifests tracking tracking-settle parcels dispatch unpack counts count-ask count-plan count-task
            count-approve count-refuse count-cancel count-screen count-start count-tally count-total count-finish
            count-let-go count-take-over count transfers transfer-new transfer-page transfer-take-off
            transfer-dispatch transfer-cancel transfer-send-back transfer-close transfer-paper transfer-collect
            transfer-receive returns dock-open dock-undo dock-finish return-decide recalls recall-new recall-close
            recall-lift stock sku transfer receive undo-receipt move sites site zones bins bin codes add-code
            remove-code bin-labels bin-label article-labels""",
        "dashboard": "products product product-price synonyms synonym synonym-new synonym-delete missed-searches"
        " boosts boost boost-new boost-delete",
    },
    "settings of the house": {
        "notifications": "newsletters newsletter newsletter-new newsletter-edit newsletter-preview newsletter-act",
        "warehouse": """
            routing-rules shortage-policy cut-offs cut-off-delete cartons carton-new carton count-rules new-site
            edit-site close-site open-site new-zone edit-zone remove-zone new-bin many-bins edit-bin close-bin open-bin
            remove-bin handling""",
        "finance": """
            accounts new-account edit-account merchant bank-accounts bank-account-add bank-account bank-mappings
            bank-mapping-add bank-mapping-preview bank-mapping match-policy dunning-settings dunning-level
            limit-formula""",
        "service": "macros macro-new macro policy remedy-reasons remedy-reason-new remedy-reason return-postage",
        "connect": "endpoints add endpoint rotate test",
        "dashboard": "approval-limits rule rules delivery delivery-method",
    },
    "the books: accounts, amounts and numbers of documents": {
        "finance": """
            index reverse-entry manual-entry drop-entry-template attachment opening-balances periods
            period seals payouts payout movements reports trial-balance report-income report-balance report-vat
            report-oss report-margin-orders report-margin-articles report-article-lines exports export
            export-again export-give-up export-withdraw bank-files bank-file-progress bank-file-again bank-statements
            transfer-batches
            record-receipt""",
    },
    "figures of the day, and over weeks: sums, and names of staff": {
        "dashboard": "index",
        "service": "figures figures-times figures-goods figures-costs figures-people",
    },
    "does something and leads on to a page that is written down": {
        "finance": """
            ask-register undo-explanation refund-again undo-assignment dunning-waive dunning-lift
            dunning-promise-withdraw dunning-hand-over""",
        "service": "withdrawal-acknowledge case-next case-here",
        "notifications": "retry_failed retry",
        "connect": "retry",
        "dashboard": """
            order-resend order-why-again ask-payment run-task picture-again category-picture-again refund-again
            retry-all retry phone-order-begin phone-order-add phone-order-line phone-order-voucher phone-order-drop
            customer-note-pin customer-merge-apart customer-merge-along""",
    },
}


def staff_views() -> dict[str, str]:
    """Name of each staff address -> what it says it shows ("" for nothing)."""
    found: dict[str, str] = {}

    def walk(patterns: list[URLPattern | URLResolver], space: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, pattern.namespace or space)
            elif getattr(pattern.callback, "access", PUBLIC) not in (PUBLIC, SHOPPER):
                found[f"{space}:{pattern.name}"] = getattr(pattern.callback, "shows", "")

    walk(get_resolver().url_patterns, "")
    return found


def nobodys() -> dict[str, str]:
    """Name of each address of the table -> why it needs no row."""
    return {
        f"{space}:{name}": why
        for why, spaces in NOBODYS.items()
        for space, names in spaces.items()
        for name in names.split()
    }


def test_every_staff_address_says_whose_data_it_shows_or_stands_in_the_table() -> None:
    silent = [
        f"{name} does not say whose data it shows: @staff_view(..., shows='order') (or 'list'; kinds in "
        "shop/dashboard/audit_kinds.py) when it shows a name, address, e-mail, phone or account number; "
        "else name it in NOBODYS here with the reason"
        for name, shows in staff_views().items()
        if not shows and name not in nobodys()
    ]
    assert not silent, "\n".join(silent)


def test_the_table_names_only_addresses_that_are_there_and_say_nothing_themselves() -> None:
    views = staff_views()
    assert [name for name in nobodys() if name not in views] == []
    assert [name for name in nobodys() if views[name]] == [], "they are written down: take them off the table"


def test_what_pages_say_they_show_are_kinds_that_the_log_knows() -> None:
    unknown = {shows for shows in staff_views().values() if shows and kind(shows) is None}
    assert not unknown, f"{unknown}: add them to KINDS in shop/dashboard/audit_kinds.py"


def test_pages_that_are_surely_about_somebody_say_so() -> None:
    views = staff_views()
    expected = {
        "dashboard:order": "order", "dashboard:customer": "customer", "service:case": "case",
        "service:withdrawal": "withdrawal", "notifications:detail": "mail", "notifications:preview": "mail",
        "finance:invoice": "invoice", "finance:invoice-pdf": "invoice", "finance:report-statement": "statement",
        "warehouse:label": "parcel", "dashboard:orders": "list", "finance:export-download": "list",
    }  # fmt: skip
    assert {name: views[name] for name in expected} == expected
