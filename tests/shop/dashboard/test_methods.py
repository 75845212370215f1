"""Every address x every role x every method, against a written table.

Who comes in is written in ROOMS (test_roles) and DOORS (test_doors), what an address takes is written here; the
addresses come from the resolver, so that a new one without a row fails. What a cell must answer follows from both:

| who | method the table names | any other method |
|---|---|---|
| may come in | no error, no wall: 2xx, 3xx, 400, 404, 409, 410, 422, 429 | 405 |
| nobody signed in, at a room or an account | the login (JSON: 401) | the login (JSON: 401) |
| signed in, at a room of others | 403 | 403 |
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import resolve

from shop.dashboard.roles import ROLES, sync_roles
from shop.kernel.access import PUBLIC, SHOPPER
from tests.factories.people import make_user
from tests.shop.dashboard.test_doors import OURS, address_of, written
from tests.shop.dashboard.test_roles import ADDRESSES, row_of

pytestmark = pytest.mark.django_db

READS, WRITES, FORMS = "GET", "POST", "GET POST"
#: What each address takes. Where GET is taken, HEAD is: GET without a body. OPTIONS tells what is taken or is refused.
METHODS: dict[str, dict[str, str]] = {
    READS: {
        "warehouse": """
            index shortages walk batch-walk pick pick-batch batch batch-paper pick-list order-parcels
            label-state packing-slip label label-zpl manifest manifest-pdf parcel count-task
            count-screen transfer-page transfer-paper dock-return return return-slip return-label
            recall sku bin codes bin-label article-labels board phone phone-worker phone-manifest
            batches pick-lists packing labels tracking cartons counts transfers returns dock recalls
            recall-trace stock sites site zones bins bin-labels shortage""",
        "finance": """
            accounts periods seals payouts movements unmatched refunds transfers transfer-batches
            dunning dunning-notices dunning-holds dunning-promises dunning-handovers
            dunning-handed-over write-offs limits entry invoice invoice-pdf invoice-xml
            invoice-xrechnung bank-file bank-file-progress bank-file-download bank-statement
            bank-line disbursement account report-vat-lines report-statement report-article-lines
            export-download index journal open-items invoices bank-accounts bank-statements
            bank-lines bank-mappings receipts receipt-suggestions workbench disbursements rules
            reports trial-balance report-income report-balance report-vat report-oss report-advances
            report-open-items report-margin-orders report-margin-articles attachment payout
            transfer-batch transfer-download export dunning-notice dunning-letter dunning-dossier
            claim-statement write-off""",
        "service": """
            withdrawals cases macros settlements figures figures-times figures-goods figures-costs
            figures-people remedies remedy-reasons withdrawal case case-picture settlement act""",
        "notifications": """
            index newsletters newsletter newsletter-preview recall-notice detail preview attachment""",
        "connect": """
            index endpoints push""",
        "dashboard": """
            index colleagues search synonyms boosts missed-searches orders phone-orders approvals accesses customers
            duplicates rules delivery products reviews operations phone-order order order-agreed
            order-why refund-account customer customer-credit guest""",
        "": """
            robots sitemap healthz readyz metrics home sitemap-part media help-draft help-picture withdrawal-receipt
            help-sent""",
        "catalogue": """
            index search suggestions category detail""",
        "basket": """
            summary""",
        "account": """
            overview orders invoices credit requests addresses order""",
        "reviews": """
            mine product""",
        "alerts": """
            asked""",
        "wishes": """
            list shared""",
        "checkout": """
            pay return start""",
        "dunning-pay": """
            card back open""",
        "orders": """
            detail agreed return-slip return-label-code invoice xrechnung open""",
    },
    WRITES: {
        "warehouse": """
            shortage-answer shortage-offer shortage-take-back shortage-extend shortage-ask-again
            scan short finish batch-scan batch-short batch-finish cut-off-delete batch-act
            settle-scan pick-act pack-back pack-close label-retry label-want label-cancel
            order-contact tracking-settle dispatch unpack outcome close-loss count-approve
            count-refuse count-cancel count-start count-tally count-total count-finish count-let-go
            count-take-over count transfer-dispatch transfer-cancel transfer-send-back dock-open
            dock-book dock-wrong dock-undo dock-finish return-give-back return-decide return-act
            recall-close recall-lift transfer undo-receipt remove-zone close-bin open-bin remove-bin
            add-code handling remove-code count-plan transfer-take-off close-site open-site scans
            recall-new""",
        "finance": """
            drop-entry-template ask-register bank-file-again export-again export-give-up
            export-withdraw dunning-lift dunning-promise-withdraw dunning-send dunning-hand-over
            workbench-do bank-mapping-preview""",
        "service": """
            withdrawal-assign withdrawal-acknowledge withdrawal-close case-answer case-note
            case-assign case-priority case-order case-decide case-close case-reopen case-here
            settlement-settle settlement-nothing case-next""",
        "notifications": """
            retry retry_failed newsletter-act""",
        "connect": """
            retry rotate test""",
        "dashboard": """
            synonym-delete boost-delete phone-order-begin phone-order-add phone-order-line phone-order-voucher
            phone-order-address phone-order-way phone-order-drop order-release order-resend
            order-why-again customer-release customer-withdraw customer-block customer-unblock
            customer-edit-address-remove customer-edit-close customer-edit-reopen customer-note
            guest-note customer-note-pin customer-merge-apart customer-merge-along ask-payment
            refund-again run-task picture-again category-picture-again retry-all retry""",
        "carriers": """
            dhl-webhook""",
        "basket": """
            remove later_keep later_back later_drop estimate voucher_add voucher_remove add update
            later_again""",
        "account": """
            address_default address_delete delete_undo""",
        "checkout": """
            longer pay-otherwise""",
        "orders": """
            return-sent return-back""",
        "dunning-pay": """
            promise start-card""",
        "wishes": """
            share remove""",
        "payments": """
            stripe-webhook""",
        "": """
            help-settled""",
    },
    FORMS: {
        "notifications": "newsletter-new newsletter-edit",
        "warehouse": """
            reroute recall-confirm pack pack-scan order-address carton transfer-close
            transfer-collect transfer-receive edit-zone edit-bin shortage-policy carton-new
            count-rules transfer-new new-site edit-site new-zone new-bin many-bins routing-rules
            cut-offs parcels count-ask receive move leaving manifests plan pack-find""",
        "finance": """
            edit-account reverse-entry bank-account bank-mapping unmatched-money undo-explanation
            refund-again ask-payer transfer-account transfer-hand-over transfer-cancel
            transfer-refuse dunning-waive dunning-hold dunning-hold-customer dunning-promise
            dunning-take-back claims-paid undo-write-off give-up limit credit-note cancel-invoice
            replace-invoice receipt withdraw-receipt undo-assignment withdraw-disbursement rule
            forget-rule note-sent note-back report-send-statement opening-balances bank-account-add
            bank-mapping-add dunning-settings dunning-level limit-formula merchant match-policy
            new-account manual-entry bank-files exports record-receipt period transfers-preview""",
        "service": """
            macro exchange act-form macro-new policy return-postage remedy-reason-new remedy-reason""",
        "dashboard": """
            synonym colleague-reset boost boost-new
            phone-order-check order-cancel order-hold order-change order-refund approval
            customer-edit customer-edit-address-new customer-edit-address customer-merge-pick
            customer-merge rule delivery-method product product-price review synonym-new
            phone-order-new approval-limits""",
        "account": """
            reorder address address_new profile delete newsletter sessions data""",
        "orders": """
            change exchange return-label lookup shortage""",
        "reviews": """
            write report""",
        "alerts": """
            alert ask""",
        "wishes": """
            add""",
        "": """
            set_language newsletter newsletter-leave help-case withdrawal help
            newsletter-confirm""",
        "connect": """
            endpoint add""",
        "checkout": """
            contact delivery payment summary""",
    },
}
#: Forms that come without a token of ours, because who sends them is no page of ours; each proves itself otherwise.
SIGNED = {
    "payments:stripe-webhook": "signature of Stripe over the body",
    "carriers:dhl-webhook": "signature of the carrier over the body",
    ":newsletter-leave": "the token in the address; mail programs send it by themselves (RFC 8058)",
}
EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
NEVER_MEANT = ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
LIKE_MANAGERS = ("administrator", "superuser")
PEOPLE = ("nobody", "customer", *ROLES, "superuser")
NO_ERROR = {200, 204, 301, 302, 303, 304, 400, 404, 409, 410, 413, 415, 422, 429}

#: (name, address, who it asks for: PUBLIC, SHOPPER or a permission)
ALL = [(name, address, access) for name, address, access in ADDRESSES] + [
    (name, address_of(name), written()[name]) for name, _view in OURS if name in written()
]


def taken() -> dict[str, str]:
    """Name of each address of the table -> the methods it takes."""
    return {
        f"{space}:{name}": methods
        for methods, spaces in METHODS.items()
        for space, names in spaces.items()
        for name in names.split()
    }


def may_enter(who: str, name: str, access: str) -> bool:
    """What ROOMS and DOORS say."""
    if access == PUBLIC:
        return True
    if access == SHOPPER:
        return who != "nobody"
    return who == "superuser" or (who in ROLES and who in row_of(name))


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    """One of each kind."""
    sync_roles()
    found: dict[str, Any] = {"nobody": AnonymousUser(), "customer": make_user("kunde@example.org")}
    for role in ROLES:
        found[role] = make_user(f"{role}@example.org", is_staff=True)
        found[role].groups.add(Group.objects.get(name=role))
    found["superuser"] = make_user("alles@example.org", is_staff=True, is_superuser=True)
    return found


def ask(method: str, address: str, user: Any) -> HttpResponseBase | None:
    """What the view itself answers, without what stands before it; None where it refuses (403)."""
    request = RequestFactory().generic(method, address)
    request.user = user
    found = resolve(address)
    try:
        return found.func(request, *found.args, **found.kwargs)
    except PermissionDenied:
        return None


def test_every_address_of_ours_says_what_it_takes() -> None:
    named = {name for name, _address, _access in ALL}
    missing = sorted(named - taken().keys())
    assert not missing, f"{missing}: write down in METHODS whether it READS, WRITES or has FORMS"
    assert not taken().keys() - named, "the table names what is not there any more: take it out"
    rows = sum(len(names.split()) for spaces in METHODS.values() for names in spaces.values())
    assert rows == len(taken()), "an address stands in two rows"


@pytest.mark.parametrize("who", PEOPLE)
def test_every_cell_that_is_refused_is_refused_by_the_view_itself(who: str, people: dict[str, Any]) -> None:
    wrong, asked = [], 0
    methods = taken()
    for name, address, access in ALL:
        inside = may_enter(who, name, access)
        for method in EVERY_METHOD:
            meant = method in methods[name] or (method in ("HEAD", "OPTIONS") and "GET" in methods[name])
            if inside and meant:
                continue  # asked below, with all that stands before a view
            answer, asked = ask(method, address, people[who]), asked + 1
            status = 403 if answer is None else answer.status_code
            expected = (405,) if inside else (302, 401) if who == "nobody" else (403,)
            if status not in expected:
                wrong.append(f"{method} {name} {address} as {who}: {status}, expected {expected}")
            elif status == 302 and "/accounts/login/" not in answer["Location"]:
                wrong.append(f"{method} {name} as {who} leads to {answer['Location']}")
    assert not wrong, "\n".join(wrong)
    assert asked > 2000


@pytest.mark.parametrize("who", PEOPLE)
def test_an_empty_form_is_an_error_nowhere_for_whoever_may_send_it(who: str, people: dict[str, Any]) -> None:
    client = Client(raise_request_exception=False)
    if who != "nobody":
        client.force_login(people[who])
    wrong, methods = [], taken()
    for name, address, access in ALL:
        if "POST" not in methods[name] or not may_enter(who, name, access):
            continue
        if who in LIKE_MANAGERS and may_enter("manager", name, access):
            continue  # the same permissions, the same view: asked as manager
        status = client.post(address).status_code
        if status not in NO_ERROR:
            wrong.append(f"POST {name} {address} as {who}: {status}")
    assert not wrong, "\n".join(wrong)


def test_whoever_may_read_may_ask_for_the_head_alone(people: dict[str, Any]) -> None:
    """RFC 9110, 9.1: GET and HEAD are supported by all; a program that looks whether a page is there uses HEAD."""
    client, wrong, methods = Client(raise_request_exception=False), [], taken()
    client.force_login(people["superuser"])
    for name, address, _access in ALL:
        if "GET" in methods[name]:
            answer = client.head(address)
            if answer.status_code not in NO_ERROR | {401, 403} or (not answer.streaming and answer.content):
                wrong.append(f"HEAD {name} {address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", PEOPLE)
def test_whoever_may_enter_may_ask_what_is_taken(who: str, people: dict[str, Any]) -> None:
    """OPTIONS tells the methods or is refused as a method (405); it is no error, and it does nothing."""
    client, wrong = Client(raise_request_exception=False), []
    if who != "nobody":
        client.force_login(people[who])
    for name, address, access in ALL:
        if may_enter(who, name, access) and client.options(address).status_code not in NO_ERROR | {405}:
            wrong.append(f"OPTIONS {name} {address} as {who}")
    assert not wrong, "\n".join(wrong)


def test_no_form_is_taken_without_a_token_or_from_a_foreign_page(people: dict[str, Any]) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(people["superuser"])
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    let_in = []
    for name, address, _access in ALL:
        if "POST" in taken()[name] and name not in SIGNED:
            for headers in ({}, foreign):
                if client.post(address, headers=headers).status_code != 403:
                    let_in.append(f"{name} {address} with {headers}")
    assert not let_in, (
        f"{let_in}: a form without token was taken; if a signature stands for it, name it in SIGNED"
    )


@pytest.mark.parametrize("method", NEVER_MEANT)
def test_methods_that_nobody_means_end_at_the_door(method: str, client: Client) -> None:
    for address in ("/", "/dashboard/", "/cms/", "/accounts/login/", "/payments/stripe/webhook", "/nothing/"):
        answer = client.generic(method, address)
        assert (answer.status_code, "GET" in answer["Allow"]) == (405, True), address
