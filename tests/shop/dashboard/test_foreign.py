"""What belongs to one customer does not exist for another, nor for nobody: every address with a part that names
something of a customer's is asked with each mixture of own and foreign parts, by every method it takes."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from wagtail.documents.models import Document
from wagtail.models import Collection, CollectionViewRestriction

from catalogue.alerts.models import StockAlert
from checkout.basket.models import Line as BasketLine  # type: ignore[attr-defined]
from fulfilment.customer_service.cases import access, pictures
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.picking.models import PickList
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.access import SHOPPER
from tests.architecture.test_views import GUARDED_BY_LIBRARY, origin, walk
from tests.factories.cases import make_case, picture_bytes
from tests.factories.people import make_staff, make_user
from tests.factories.shopping import make_variant, place_order
from tests.factories.warehouse import send_everything
from tests.fulfilment.customer_service.test_withdrawals import declare
from tests.shop.dashboard.test_doors import NEEDS, address_of, written
from tests.shop.dashboard.test_methods import taken
from tests.shop.pages.test_account import ADDRESS
from tests.walks.test_basket_to_books import shoe_in_stock

pytestmark = pytest.mark.django_db

#: Addresses with parts -> what each part names of a customer's things (see ``belongings``).
FOREIGN: dict[str, dict[str, str]] = {
    "account:order": {"number": "order"},
    "account:reorder": {"number": "order"},
    "account:address": {"pk": "address"},
    "account:address_default": {"pk": "address"},
    "account:address_delete": {"pk": "address"},
    "checkout:pay": {"number": "order"},
    "checkout:return": {"number": "order"},
    "checkout:longer": {"number": "order"},
    "checkout:pay-otherwise": {"number": "order"},
    "orders:detail": {"number": "order"},
    "orders:agreed": {"number": "order"},
    "orders:change": {"number": "order"},
    "orders:exchange": {"number": "order"},
    "orders:invoice": {"number": "order", "invoice": "invoice"},
    "orders:xrechnung": {"number": "order", "invoice": "invoice"},
    "orders:return-slip": {"number": "order", "returning": "return"},
    "orders:return-label": {"number": "order", "returning": "return"},
    "orders:return-label-code": {"number": "order", "returning": "return"},
    "orders:return-sent": {"number": "order", "returning": "return"},
    "orders:return-back": {"number": "order", "returning": "return"},
    "basket:update": {"line_id": "basket line"},
    "basket:remove": {"line_id": "basket line"},
    "basket:later_keep": {"line_id": "basket line"},
    "basket:later_back": {"line_id": "kept line"},
    "basket:later_drop": {"line_id": "kept line"},
    "wishes:remove": {"pk": "wish"},
    ":help-picture": {"token": "case key", "pk": "picture"},
}
#: Part that is a secret of its own, the key to one thing -> the test that forged, foreign and old ones open nothing.
KEYS = {
    "orders:open": "tests/shop/pages/test_order_links.py::test_a_used_link_opens_nothing_by_head_either",
    "orders:shortage": (
        "tests/fulfilment/warehouse/shortages/test_shortage_pages.py::test_forged_foreign_and_old_links_open_nothing"
    ),
    "dunning-pay:": "tests/fulfilment/finance/dunning/test_links.py::test_guessing_is_useless",
    "wishes:shared": (
        "tests/catalogue/test_wishes.py::test_a_link_shows_the_articles_and_no_name_until_it_is_ended"
    ),
    "alerts:alert": "tests/catalogue/test_alerts.py::test_hidden_articles_and_unknown_links_do_not_exist",
    ":withdrawal-receipt": "tests/shop/dashboard/test_foreign.py::test_a_key_of_one_thing_opens_nothing_else",
    ":newsletter-": "tests/shop/pages/test_newsletter.py::test_a_link_older_than_a_week_and_a_forged_one_do_nothing",
    ":help-": "tests/shop/pages/test_help.py::test_a_token_of_a_case_opens_no_draft_and_the_other_way_round",
}  # fmt: skip
#: Parts that name what everybody may see.
EVERYBODYS = {
    ":sitemap-part", ":media", "catalogue:category", "catalogue:detail", "reviews:product", "reviews:report",
    "reviews:write",
}  # fmt: skip
#: Addresses with parts that libraries bring beside the editor -> the test that another's stays closed, or why none can.
OF_LIBRARIES = {
    r"documents/^(\d+)/(.*)$": (
        "tests/shop/dashboard/test_foreign.py::"
        "test_a_document_of_a_private_collection_opens_neither_by_its_page_nor_by_its_file"
    ),
    "documents/authenticate_with_password/<int:restriction_id>/": "asks for a password, shows nothing",
    "_util/authenticate_with_password/<int:page_view_restriction_id>/<int:page_id>/": "as above, of a page",
    r"^((?:[\w\-]+/)*)$": "published pages; Wagtail asks their restrictions",
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": "the key is signed and proves the address it names, nothing else",
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        "tests/shop/notifications/test_accounts.py::"
        "test_who_forgot_a_password_gets_a_link_in_the_language_of_the_page"
    ),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": (
        "tests/shop/dashboard/test_foreign.py::test_another_persons_passkey_does_not_exist"
    ),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": (
        "tests/shop/dashboard/test_foreign.py::test_another_persons_passkey_does_not_exist"
    ),
}
#: Where somebody without an account is led on to ask for a link, whatever the number: never told whether it exists.
ASKED_FOR_A_LINK = {"orders:detail"}
CHANGING = re.compile(r'(?:value|nonce|content)="[\w+/=:.-]{16,}"|K\d+|RT\d+|R2026-\d+')


@dataclass
class Person:
    """Somebody signed in, and what is theirs by kind."""

    client: Client
    things: dict[str, Any]


@pytest.fixture
def two(outbox: Any) -> tuple[Person, Person]:
    """Two customers who have one of everything."""
    packer = make_staff("packt@example.org")
    return tuple(_person(email, outbox, packer) for email in ("anna@example.org", "bert@example.org"))  # type: ignore[return-value]


def _person(email: str, outbox: Any, packer: Any) -> Person:
    user, client = make_user(email), Client()
    client.force_login(user)
    order = place_order((shoe_in_stock(9), 1), method="invoice", user=user, email=email)
    outbox.drain()
    send_everything(PickList.objects.get(order=order), by=packer)
    outbox.drain()
    declare(key=email, contract=order.number, email=email, order=order)
    outbox.drain()
    drawn = pictures.draw_all([SimpleUploadedFile("x.png", picture_bytes(size=(len(email), 9)), "image/png")])
    case = make_case(key=email, order=order, email=email, pictures=pictures.store(drawn))
    client.post("/account/addresses/new/", ADDRESS)
    for _n in range(2):
        client.post("/basket/add/", {"product_id": make_variant(stock=50).product_id, "quantity": 1})
    kept = BasketLine.objects.filter(basket__owner=user).order_by("-pk")[0]
    client.post(f"/basket/lines/{kept.pk}/later/")
    client.post(f"/wishes/add/?product={make_variant().product_id}")
    lines = BasketLine.objects.filter(basket__owner=user)
    return Person(
        client,
        {
            "order": order.number,
            "invoice": Invoice.objects.get(order=order).number,
            "return": Return.objects.get(order=order).number,
            "address": user.addresses.get().pk,
            "basket line": lines.get(basket__status="Open").pk,
            "kept line": lines.get(basket__status="Saved").pk,
            "wish": user.wishlists.get().lines.get().pk,
            "case key": access.token(case),
            "picture": case.messages.get().pictures.get().pk,
        },
    )


def mixtures(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> list[dict[str, Any]]:
    """Parts of the address, at least one of them foreign; a foreign key alone is no attack: who has it may use it."""
    kinds = FOREIGN[name]
    found = []
    for foreign in itertools.product((False, True), repeat=len(kinds)):
        parts = dict(zip(kinds, foreign, strict=True))
        if any(parts.values()) and not parts.get("token"):
            found.append({part: (theirs if parts[part] else mine)[kind] for part, kind in kinds.items()})
    return found


def test_every_address_with_parts_says_whose_they_are() -> None:
    named = {name for name, parts in NEEDS.items() if parts and name in written()}
    keys = {name for name in named if name.startswith(tuple(KEYS)) and name not in FOREIGN}
    missing = sorted(named - FOREIGN.keys() - keys - EVERYBODYS)
    assert not missing, (
        f"{missing}: name in FOREIGN what its parts are of a customer's, or why they are nobody's"
    )
    assert not (FOREIGN.keys() | EVERYBODYS) - named


def test_every_address_with_parts_of_a_library_says_whose_they_are() -> None:
    named = {
        pattern
        for pattern, view in walk(get_resolver().url_patterns)
        if origin(view) in GUARDED_BY_LIBRARY
        and re.search("[<(]", pattern)
        and not pattern.startswith("cms/")
    }
    assert named == OF_LIBRARIES.keys()


@pytest.mark.parametrize("what", ["remove", "edit"])
def test_another_persons_passkey_does_not_exist(client: Client, what: str) -> None:
    mine, theirs = (
        Authenticator.objects.create(user=person, type="webauthn", data={"name": "Key", "credential": {}})
        for person in (make_user("anna@example.org"), make_user("bert@example.org"))
    )
    client.force_login(mine.user)
    session = client.session  # the password was typed just now, else it is asked for first
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(mine.user_id)
    session.save()
    statuses = [
        ask(client, method, f"/accounts/2fa/webauthn/keys/{pk}/{what}/").status_code
        for pk in (theirs.pk, 999_999)
        for method in ("GET", "POST")
    ]
    assert statuses == [404] * 4
    assert Authenticator.objects.filter(pk=theirs.pk).exists()
    assert client.get(f"/accounts/2fa/webauthn/keys/{mine.pk}/{what}/").status_code == 200


def test_the_tests_that_stand_for_keys_exist() -> None:
    root = Path(__file__).resolve().parents[3]
    for named in [*KEYS.values(), *(one for one in OF_LIBRARIES.values() if "::" in one)]:
        path, _colons, test = named.partition("::")
        assert (root / path).is_file(), named
        assert f"def {test}" in (root / path).read_text(encoding="utf-8"), named


def test_another_customers_things_do_not_exist(two: tuple[Person, Person]) -> None:
    mine, theirs = two
    wrong, asked = [], 0
    for name in FOREIGN:
        for parts in mixtures(name, mine.things, theirs.things):
            for method in taken()[name].split():
                answer = ask(mine.client, method, address_of(name, **parts))
                asked += 1
                if answer.status_code != 404:
                    wrong.append(f"{method} {name} {parts}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert asked > 30


def test_ones_own_things_do_exist_at_the_same_addresses(two: tuple[Person, Person]) -> None:
    mine, _theirs = two
    reading = [name for name in FOREIGN if "GET" in taken()[name] and not name.startswith("checkout:")]
    made_later = {"orders:return-label", "orders:return-label-code", "orders:xrechnung"}
    for name in sorted(set(reading) - made_later):
        parts = {part: mine.things[kind] for part, kind in FOREIGN[name].items()}
        assert mine.client.get(address_of(name, **parts)).status_code in (200, 302), name


def ask(client: Client, method: str, address: str) -> Any:
    """What is answered; a form comes with what a basket wants to know."""
    return client.post(address, {"quantity": "2"}) if method == "POST" else client.get(address)


def test_a_key_of_one_thing_opens_nothing_else(two: tuple[Person, Person]) -> None:
    key, opened = two[1].things["case key"], []
    for name, parts in NEEDS.items():
        if name.startswith(tuple(KEYS)) and not name.startswith(":help-") and name in written():
            for forged in (key, "x", key[:-2] + "xx"):
                told = {
                    part: forged if part in ("token", "key") else two[1].things["order"] for part in parts
                }
                told |= {"pk": 1} if "pk" in parts else {}
                for method in taken()[name].split():
                    if (name, method) == (":newsletter-confirm", "GET"):
                        continue  # shows a button and nothing else; the button asks for the key
                    status = ask(two[0].client, method, address_of(name, **told)).status_code
                    if status not in (404, 410):
                        opened.append(f"{method} {name}: {status}")
    assert not opened


def seen(answer: Any) -> tuple[int, str, str]:
    """What somebody can tell an answer by, without what differs each time and the address they typed."""
    body = "" if answer.streaming else answer.content.decode(errors="replace")
    body = CHANGING.sub("", body.replace(answer.wsgi_request.path, ""))
    return answer.status_code, CHANGING.sub("", answer.headers.get("Location", "")), body


@pytest.mark.parametrize("who", ["nobody", "another customer"])
def test_a_foreign_number_and_one_that_never_was_are_answered_the_same(
    who: str, two: tuple[Person, Person]
) -> None:
    theirs = two[1].things
    never = {"order": "K88888", "invoice": "R2026-888888", "return": "RT88888", "case key": "x"}
    told = []
    for name, kinds in FOREIGN.items():
        if "token" in kinds:
            continue
        real = {part: theirs[kind] for part, kind in kinds.items()}
        made_up = {part: never.get(kind, 88_888_888) for part, kind in kinds.items()}
        for method in taken()[name].split():
            answers = []
            for parts in (real, made_up):
                client = Client()
                if who != "nobody":
                    client.force_login(make_user("dritte@example.org"))
                answers.append(ask(client, method, address_of(name, **parts)))
            first, second = (seen(answer) for answer in answers)
            if who == "nobody" and (written()[name] == SHOPPER or name in ASKED_FOR_A_LINK):
                expected = 302
                first, second = first[:1], second[:1]  # type: ignore[assignment]  # the way back names what was asked
            else:
                expected = 404
            if first != second or first[0] != expected:
                told.append(f"{method} {name}: {first[:2]} {second[:2]}")
    assert not told, "\n".join(told)


def test_files_of_cases_invoices_and_papers_have_no_address_in_the_media_folder(
    two: tuple[Person, Person], client: Client
) -> None:
    keys = [
        f"/media/{folder}/{name}"
        for folder in ("cases", "attachments", "invoices", "documents", "../documents", "%2e%2e/documents")
        for name in ("x.jpg", "2026/11/x.jpg", "x.pdf")
    ]
    assert {client.get(key).status_code for key in keys} == {404}


@pytest.fixture
def in_a_private_collection(db: None) -> Document:
    """A picture that an editor keeps as a document for signed-in people only."""
    closed = Collection.get_first_root_node().add_child(name="Nur für uns")
    CollectionViewRestriction.objects.create(collection=closed, restriction_type="login")
    return Document.objects.create(
        title="Geheim", collection=closed, file=ContentFile(picture_bytes(), "geheim.png")
    )


def test_a_document_of_a_private_collection_opens_neither_by_its_page_nor_by_its_file(
    in_a_private_collection: Document, client: Client
) -> None:
    name = in_a_private_collection.file.name
    try:
        assert client.get(in_a_private_collection.url).status_code in (302, 404)
        assert client.get(f"/media/{name}").status_code == 404
        staff = Client()
        staff.force_login(make_staff("redaktion@example.org"))
        assert staff.get(in_a_private_collection.url).status_code == 200
    finally:
        default_storage.delete(name)


def test_a_key_of_an_alert_is_long_and_belongs_to_one(outbox: Any) -> None:
    keys = {
        StockAlert.objects.create(product=make_variant().product, email=f"{n}@example.org").key
        for n in range(3)
    }
    assert len(keys) == 3 and min(map(len, keys)) >= 20
