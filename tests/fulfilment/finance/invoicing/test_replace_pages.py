"""The pages of correcting: both documents are shown before, the proof is seen, nonsense is refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.vat_ids.models import VatIdCheck
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Entry
from tests.fulfilment.finance.books import problems
from tests.fulfilment.finance.invoicing.firms import FRENCH, LEITWEG, firm_order, invoice_of, proof
from tests.fulfilment.finance.orders import Wish, dispatch, make_order, make_staff, make_user, order_lines
from tests.support.helpers import Outbox
from tests.support.vies import CONSULTATION, Register

pytestmark = pytest.mark.django_db
WORDS = {
    "name": "Petersen Schuhe GmbH",
    "contact": "Hanna Petersen",
    "extra": "",
    "street": "Kaiweg 2",
    "postcode": "20457",
    "city": "Hamburg",
    "country": "de",
    "vat_id": "",
    "buyer_reference": "",
    "tax": "as_it_was",
    "reason": "wrong company",
}


@pytest.fixture
def register(settings: Any) -> Iterator[Register]:
    """The stand-in, which the shop asks."""
    with Register().running() as found:
        settings.VIES_URL = found.url
        yield found


def address(found: Invoice) -> str:
    return reverse("finance:replace-invoice", args=[found.number])


def test_both_documents_are_shown_before_and_issued_after(desk: Client, outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order(Wish(2, 11_900), method="card"))
    page = desk.get(address(old)).content.decode()
    assert "Hanna Petersen" in page and "Deichstraße 9" in page
    entries = Entry.objects.count()
    shown = desk.post(address(old), WORDS | {"step": "preview"}).content.decode()
    assert "Das wird geschehen" in shown or "This will happen" in shown
    assert "Kaiweg 2" in shown and "Deichstraße 9" in shown and old.number in shown
    assert (Invoice.objects.count(), Entry.objects.count()) == (1, entries), "nothing happened yet"
    back = desk.post(address(old), WORDS | {"step": "back"})
    assert (back.status_code, "Kaiweg 2" in back.content.decode()) == (200, True)
    done = desk.post(address(old), WORDS | {"step": "issue"})
    new = Invoice.objects.get(replaces=old)
    assert done["Location"] == reverse("finance:invoice", args=[new.number])
    page = desk.get(done["Location"]).content.decode()
    assert old.number in page and "Petersen Schuhe GmbH" in page
    assert new.number in desk.get(reverse("finance:invoice", args=[old.number])).content.decode()
    assert problems() == []


def test_a_second_click_or_colleague_finds_the_new_invoice(desk: Client, outbox: Outbox) -> None:
    old = invoice_of(outbox, make_order())
    for _ in range(2):
        answer = desk.post(address(old), WORDS | {"step": "issue"})
    new = Invoice.objects.get(replaces=old)
    assert answer["Location"] == reverse("finance:invoice", args=[new.number])
    assert Invoice.objects.count() == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"reason": ""},
        {"country": "ZZ"},
        {"country": "'; --"},
        {"vat_id": "DE123456789"},
        {"buyer_reference": "991-03730-18"},
        {"tax": "free please"},
        {"street": "x" * 5000},
        {"name": "\u202e\u2066"},
    ],
)
def test_nonsense_is_refused_beside_its_field(desk: Client, outbox: Outbox, changes: dict[str, str]) -> None:
    old = invoice_of(outbox, make_order())
    answer = desk.post(address(old), WORDS | {"step": "issue"} | changes)
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == set(changes)
    assert Invoice.objects.count() == 1


def test_what_the_books_forbid_is_said_in_words(desk: Client, outbox: Outbox) -> None:
    old = invoice_of(outbox, firm_order(Wish(1, 12_000, 2000), check=proof("unanswered")))
    same = {name: old.buyer.get(name, "") for name in WORDS if name in old.buyer}
    answer = desk.post(
        address(old), WORDS | same | {"country": "FR", "tax": "without_vat", "step": "preview"}
    )
    assert answer.status_code == 409
    assert "USt-IdNr." in answer.content.decode()


def test_the_register_is_asked_when_the_preview_is_made(
    desk: Client, outbox: Outbox, register: Register
) -> None:
    old = invoice_of(outbox, firm_order(Wish(1, 12_000, 2000), check=proof("unanswered")))
    register.valid = {FRENCH}
    wanted = WORDS | {"country": "FR", "vat_id": FRENCH, "tax": "without_vat"}
    shown = desk.post(address(old), wanted | {"step": "preview"}).content.decode()
    assert "100,00" in shown and "20,00" in shown
    assert len(register.asked) == 1
    assert desk.post(address(old), wanted | {"step": "issue"}).status_code == 302
    new = Invoice.objects.get(replaces=old)
    assert (new.gross_minor, new.taxes[0]["category"]) == (10_000, "K")
    assert new.vat_check is not None
    assert new.vat_check.consultation == CONSULTATION
    assert len(register.asked) == 1, "issuing asks nobody"


def test_the_proof_is_on_the_page_and_can_be_asked_for_again(
    desk: Client, outbox: Outbox, register: Register
) -> None:
    found = invoice_of(outbox, firm_order(Wish(1, 10_000, 0), category="K", check=proof()))
    page = reverse("finance:invoice", args=[found.number])
    shown = desk.get(page).content.decode()
    assert "WAPIAAAA1" in shown and FRENCH in shown
    answer = desk.post(reverse("finance:ask-register", args=[found.number]), follow=True)
    said = answer.content.decode()
    assert VatIdCheck.objects.filter(vat_id=FRENCH).count() == 2
    assert "nicht gültig" in said and "am Tag der Lieferung" in said, "and what that means for the invoice"
    assert desk.get(reverse("finance:ask-register", args=[found.number])).status_code == 405


def test_without_a_register_or_vat_id_asking_says_so(desk: Client, outbox: Outbox) -> None:
    found = invoice_of(outbox, make_order())
    answer = desk.post(reverse("finance:ask-register", args=[found.number]), follow=True)
    assert "nicht gefragt" in answer.content.decode()


def test_a_taxed_invoice_whose_vat_id_proves_valid_is_pointed_at(desk: Client, outbox: Outbox) -> None:
    found = invoice_of(outbox, firm_order(Wish(1, 12_000, 2000), check=proof("unanswered")))
    page = reverse("finance:invoice", args=[found.number])
    assert "ohne Umsatzsteuer“" not in desk.get(page).content.decode()
    proof()
    assert "ohne Umsatzsteuer“" in desk.get(page).content.decode()


def test_the_xrechnung_is_downloaded_or_what_is_missing_is_said(desk: Client, outbox: Outbox) -> None:
    public = invoice_of(
        outbox, firm_order(Wish(), country="DE", vat_id="", company="Stadt Hamburg", buyer_reference=LEITWEG)
    )
    answer = desk.get(reverse("finance:invoice-xrechnung", args=[public.number]))
    assert answer.status_code == 200
    assert f'filename="{public.number}-xrechnung.xml"' in answer["Content-Disposition"]
    assert LEITWEG.encode() in answer.content
    private = invoice_of(outbox, make_order())
    told = desk.get(reverse("finance:invoice-xrechnung", args=[private.number]), follow=True)
    assert "Leitweg-ID" in told.content.decode()
    assert desk.get(reverse("finance:invoice-xrechnung", args=["R1999-000001"])).status_code == 404


def test_the_list_finds_part_invoices_and_replacements(desk: Client, outbox: Outbox) -> None:
    whole = invoice_of(outbox, make_order())
    order = make_order(Wish(2, 10_000))
    line = order_lines(order)[0]
    for _ in range(2):
        dispatch(order, {line.pk: 1})
        outbox.drain()
    parts = set(Invoice.objects.filter(order=order).values_list("number", flat=True))
    desk.post(address(whole), WORDS | {"step": "issue"})
    new = Invoice.objects.get(replaces=whole)

    def shown(kind: str) -> set[str]:
        page = desk.get(reverse("finance:invoices"), {"kind": kind}).context["page"]
        return {one.number for one in page}

    assert shown("part") == parts
    assert shown("replacement") == {new.number}
    assert "Teilrechnung" in desk.get(reverse("finance:invoice", args=[min(parts)])).content.decode()


def test_the_page_asks_a_constant_number_of_questions(desk: Client, outbox: Outbox) -> None:
    counts = []
    for pieces in (1, 5):
        order = firm_order(*[Wish(1, 10_000, 0)] * pieces, category="K", check=proof())
        found = invoice_of(outbox, order)
        for _ in range(pieces):
            proof()
        desk.get(reverse("finance:invoice", args=[found.number]))  # what is remembered between requests
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(reverse("finance:invoice", args=[found.number])).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_only_those_who_may_correct_see_the_pages(outbox: Outbox, finance_addresses: None) -> None:
    found = invoice_of(outbox, make_order())
    client = Client()
    for name, verb in [
        ("replace-invoice", client.get),
        ("ask-register", client.post),
        ("invoice-xrechnung", client.get),
    ]:
        assert verb(reverse(f"finance:{name}", args=[found.number])).status_code in (302, 403)
    client.force_login(make_staff("nobody@example.com"))
    assert client.get(address(found)).status_code == 403


def test_a_public_buyer_downloads_the_xrechnung_and_strangers_do_not(outbox: Outbox) -> None:
    user = make_user("buyer")
    order = firm_order(
        Wish(), country="DE", vat_id="", company="Stadt Hamburg", buyer_reference=LEITWEG, user=user
    )
    found = invoice_of(outbox, order)
    url = reverse("orders:xrechnung", args=[order.number, found.number])
    client = Client()
    assert client.get(url).status_code == 404
    client.force_login(make_user("stranger"))
    assert client.get(url).status_code == 404
    client.force_login(user)
    answer = client.get(url)
    assert (answer.status_code, LEITWEG.encode() in answer.content) == (200, True)
    plain = invoice_of(outbox, make_order(user=user))
    told = client.get(reverse("orders:xrechnung", args=[plain.order_number, plain.number]), follow=True)
    assert (told.status_code, "XRechnung" in told.content.decode()) == (200, True)
