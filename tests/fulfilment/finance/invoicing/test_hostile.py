"""Customer data printed into documents: text stays text, no file is read, nothing is loaded, nothing breaks.

Through every kind of document of an order, as it is really made: from the order's own fields to PDF and XML.
"""

from __future__ import annotations

import json
import random
import re
import socket
from typing import Any

import pytest
from lxml import etree

from checkout.order.models import Line, Order
from fulfilment.finance.dunning.letter import letter_pdf
from fulfilment.finance.invoicing import files
from fulfilment.finance.invoicing.actions import Correction, credit_note, replace_invoice
from fulfilment.finance.invoicing.documents import invoice_pdf
from fulfilment.finance.invoicing.einvoice import to_xml, validate_many
from fulfilment.finance.invoicing.einvoice.cii import NAMESPACES
from fulfilment.finance.invoicing.facts import einvoice_for
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.text import clean_line
from tests.fulfilment.finance.documents.test_documents import BUYER, DAY, letter, text_of
from tests.fulfilment.finance.invoicing.firms import LEITWEG, firm_order, invoice_of
from tests.fulfilment.finance.orders import Wish
from tests.support import needs
from tests.support.helpers import Outbox

pytestmark = pytest.mark.django_db

OWN = [
    '#read("/etc/passwd")',
    '#image("/etc/passwd")',
    '#image("http://127.0.0.1:9/x.png")',
    '#include "/etc/passwd"',
    '#plugin("/etc/passwd") #import "@preview/x:1.0.0": *',
    '"] #read("../../../../etc/passwd") #["',
    '#eval("1+1") #sys.inputs.data #context here()',
    "*b* _i_ $x$ `r` @ref <tag> // c /* c */ = H",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "&e; &#x0; &lt;b&gt; <![CDATA[x]]> <?xml-stylesheet href='http://127.0.0.1:9/'?>",
    "]]></ram:Name><ram:Name>two",
    "\u202eright to left\u202c שלום مرحبا",
    "🙂👨‍👩‍👧 中文 ไทย Ünï",
    "a\u0335\u0336\u0301" * 40,
    "x" * 10_000,
    "word " * 2_000,
    "../../../../etc/passwd\\..\\..",
    "%s %n %(name)s {0} {{7*7}} ${7*7} {page}",
    "'; DROP TABLE x; --",
    '=HYPERLINK("http://127.0.0.1:9/")',
]


def naughty() -> list[str]:
    """All of the Big List of Naughty Strings where it is on this machine, several to a document."""
    path = needs.SHARED_DATA / "payloads" / "blns.json"
    theirs = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    random.Random(4).shuffle(theirs)
    return [" ".join(theirs[at : at + 25]) for at in range(0, len(theirs), 25)]


BIG_LIST = naughty()


def hostile(order: Order, evil: str) -> None:
    """Everything that a customer or a product's editor may have typed."""
    text = evil.replace("\x00", "")
    for address in (order.billing_address, order.shipping_address):
        for field, most in [
            ("first_name", 255),
            ("line1", 255),
            ("line2", 255),
            ("line4", 255),
            ("postcode", 64),
        ]:
            setattr(address, field, text[:most])
        address.save()
    Line.objects.filter(order=order).update(title=text[:255], partner_sku=text[:128])
    Order.objects.filter(pk=order.pk).update(company=text[:80] or "x", buyer_reference=text[:50])
    order.refresh_from_db()


@pytest.fixture
def no_file_of_others(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Notes every connection that is tried."""
    tried: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


def squeezed(text: str) -> str:
    return re.sub(r"\s+|\u200b", "", text)


@pytest.mark.parametrize("evil", OWN, ids=range(len(OWN)))
def test_hostile_texts_stay_text_on_every_kind_of_document(
    outbox: Outbox, no_file_of_others: list[Any], evil: str
) -> None:
    order = firm_order(Wish(2, 11_900), country="DE", vat_id="")
    hostile(order, evil)
    old = invoice_of(outbox, order)
    note = credit_note(invoice=old, source="g:1", reason=f"sorry {evil}"[:300], amount_minor=100)
    order = firm_order(Wish(1, 5_000), country="DE", vat_id="")
    hostile(order, evil)
    wrong = invoice_of(outbox, order)
    done = replace_invoice(
        invoice=wrong, correction=Correction({"name": evil[:300] or "x"}), reason=evil[:300]
    )
    found = [old, note, done.cancellation, done.invoice]
    for one in found:
        words = text_of(files.pdf_bytes(one.pk))
        assert "root:" not in words
        assert one.number in words
    assert validate_many([files.xml_bytes(one.pk) for one in found]) == [[]] * 4
    for one in found:
        xml = files.xml_bytes(one.pk)
        assert b"root:" not in xml and b"<!DOCTYPE" not in xml
        name = etree.fromstring(xml).findtext(".//ram:BuyerTradeParty/ram:Name", namespaces=NAMESPACES)
        assert name, "the text is there as text"
    assert no_file_of_others == [], "nothing was loaded"


def test_what_was_typed_is_printed_as_it_was_typed(outbox: Outbox) -> None:
    for evil in OWN[:8]:
        order = firm_order(Wish(), country="DE", vat_id="")
        hostile(order, evil)
        words = squeezed(text_of(files.pdf_bytes(invoice_of(outbox, order).pk)))
        assert squeezed(clean_line(evil))[:30] in words, evil


@pytest.mark.parametrize("evil", BIG_LIST, ids=range(len(BIG_LIST)))
def test_the_big_list_goes_through_documents_and_letters(evil: str, no_file_of_others: list[Any]) -> None:
    from dataclasses import replace

    from fulfilment.finance.invoicing.einvoice import Line as DocumentLine
    from tests.fulfilment.finance.documents.makers import invoice

    who = replace(BUYER, name=f"x {evil}", street=evil, extra=evil, city=evil)
    one = invoice(buyer=who, lines=(DocumentLine(f"x {evil}", 1, 1_000, note=evil),), allowances_charges=())
    assert "root:" not in text_of(invoice_pdf(one, "de"))
    assert etree.fromstring(to_xml(one)) is not None
    assert "root:" not in text_of(letter_pdf(letter(recipient=who, closing=evil, date=DAY), "de"))
    assert no_file_of_others == []


def test_a_hostile_reference_makes_a_whole_xrechnung_or_none(outbox: Outbox) -> None:
    for evil in OWN[:10]:
        order = firm_order(Wish(), country="DE", vat_id="", buyer_reference=LEITWEG)
        hostile(order, evil)
        found = Invoice.objects.get(pk=invoice_of(outbox, order).pk)
        assert einvoice_for(found).buyer_reference == evil[:50]
        assert etree.fromstring(files.xrechnung_bytes(found.pk)) is not None
