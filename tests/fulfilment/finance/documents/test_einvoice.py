"""Invoices against the official schema and rules of EN 16931; broken ones must be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from fulfilment.finance.invoicing.einvoice import (
    XRECHNUNG,
    AllowanceCharge,
    EInvoiceError,
    InvoiceReference,
    Kind,
    Line,
    Party,
    PaymentInstructions,
    SchematronUnavailable,
    VatCategory,
    to_xml,
    totals,
    validate,
    validate_many,
    validation,
)
from fulfilment.finance.invoicing.einvoice.cii import NAMESPACES, unit_price
from tests.fulfilment.finance.documents.makers import BUYER, DAY, SELLER, invoice, random_invoice
from tests.support import needs

COUNT = 200
BUSINESS = Party(
    "Chaussures Dupont SARL", "12 rue de la Paix", city="Paris", country="FR", vat_id="FR40303265045"
)
LARGE = invoice(lines=(Line("Stiefel", 1, 4995),) * 200, allowances_charges=())
INTRA = invoice(
    buyer=BUSINESS, lines=(Line("Stiefel", 1, 10_000, 0, VatCategory.INTRA_COMMUNITY),), allowances_charges=()
)
REVERSE = invoice(
    buyer=BUSINESS, lines=(Line("Stiefel", 1, 10_000, 0, VatCategory.REVERSE_CHARGE),), allowances_charges=()
)
CREDIT = invoice(kind=Kind.CREDIT_NOTE, preceding=InvoiceReference("R2026-000100", DAY))


def find(root: etree._Element, path: str) -> etree._Element:
    return root.xpath(f"(//{path})[1]", namespaces=NAMESPACES)[0]


def value(root: etree._Element, path: str) -> Decimal:
    return Decimal(find(root, path).text)


def fatal(findings) -> list[str]:
    return [f"{finding.rule}: {finding.text}" for finding in findings if finding.severity == "fatal"]


@pytest.fixture(scope="module")
def checked():
    """All generated invoices with their XML and what the rules say, from one run of the schematron."""
    invoices = [random_invoice(seed) for seed in range(COUNT)] + [LARGE]
    xmls = [to_xml(one) for one in invoices]
    return list(zip(invoices, xmls, validate_many(xmls), strict=True))


def test_two_hundred_generated_invoices_are_valid(checked):
    assert len(checked) == COUNT + 1
    assert {one.number: fatal(found) for one, _, found in checked if found} == {}


def test_the_generated_invoices_meet_every_case(checked):
    invoices = [one for one, _, _ in checked]
    lines = [line for one in invoices for line in one.lines]
    assert {one.kind for one in invoices} == set(Kind)
    assert {line.category for line in lines} == set(VatCategory) - {VatCategory.ZERO}
    assert len({line.rate_bp for line in lines}) > 15
    assert any(len(totals(one).rates) > 2 for one in invoices)
    assert any(one.prepaid_minor for one in invoices) and any(line.discount_minor for line in lines)


def test_the_sums_in_the_xml_equal_an_independent_recomputation(checked):
    for one, xml, _ in checked:
        root = etree.fromstring(xml)
        asked = sum(line.gross_minor for line in one.lines)
        asked += sum(p.gross_minor if p.is_charge else -p.gross_minor for p in one.allowances_charges)
        assert value(root, "ram:GrandTotalAmount") == Decimal(asked) / 100
        assert value(root, "ram:DuePayableAmount") == Decimal(asked - one.prepaid_minor) / 100
        taxes = [Decimal(node.text) for node in root.iter("{*}CalculatedAmount")]
        bases = [Decimal(node.text) for node in root.iter("{*}BasisAmount")]
        assert sum(taxes) + sum(bases) == Decimal(asked) / 100
        assert sum(taxes) == value(root, "ram:TaxTotalAmount")


def test_each_line_is_quantity_times_price_less_its_discount(checked):
    for _, xml, _ in checked:
        for node in etree.fromstring(xml).iter("{*}IncludedSupplyChainTradeLineItem"):
            price, quantity = (
                Decimal(node.find(".//{*}ChargeAmount").text),
                Decimal(node.find(".//{*}BilledQuantity").text),
            )
            reduction = node.find(".//{*}ActualAmount")
            before = (price * quantity).quantize(Decimal("0.01"), ROUND_HALF_UP)
            net = before - (Decimal(reduction.text) if reduction is not None else 0)
            assert net == Decimal(node.find(".//{*}LineTotalAmount").text)


@given(st.integers(0, 10_000_000), st.integers(1, 100_000))
def test_a_unit_price_gives_the_lines_net_back(net, quantity):
    price = unit_price(net, quantity, "EUR")
    assert (price * quantity).quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(net) / 100


def put(path: str, text: str) -> Callable:
    return lambda root: setattr(find(root, path), "text", text)


def drop(*paths: str) -> Callable:
    def change(root):
        for path in paths:
            find(root, path).getparent().remove(find(root, path))

    return change


EXTRA = "ram:SpecifiedTradeAllowanceCharge[ram:CategoryTradeTax]"
HEADER = "ram:ApplicableHeaderTradeSettlement"
#: what is broken -> (invoice, how, the rule that must find it)
BREAKAGES = {
    "sum of lines one cent off": (invoice(), put(f"{HEADER}//ram:LineTotalAmount", "1.00"), "BR-CO-10"),
    "a line's amount changed": (
        invoice(),
        put("ram:IncludedSupplyChainTradeLineItem//ram:LineTotalAmount", "327.57"),
        "BR-S-08",
    ),
    "grand total wrong": (invoice(), put("ram:GrandTotalAmount", "434.70"), "BR-CO-15"),
    "amount due wrong": (invoice(), put("ram:DuePayableAmount", "1.00"), "BR-CO-16"),
    "VAT a euro too high": (invoice(), put("ram:CalculatedAmount", "68.10"), "BR-S-09"),
    "VAT total is not the sum": (invoice(), put("ram:TaxTotalAmount", "68.01"), "BR-CO-14"),
    "no name of the seller": (invoice(), drop("ram:SellerTradeParty/ram:Name"), "BR-06"),
    "no invoice number": (invoice(), put("rsm:ExchangedDocument/ram:ID", ""), "BR-02"),
    "negative price": (invoice(), put("ram:NetPriceProductTradePrice/ram:ChargeAmount", "-1.00"), "BR-27"),
    "standard rate of zero": (
        invoice(),
        put("ram:SpecifiedLineTradeSettlement//ram:RateApplicablePercent", "0"),
        "BR-S-05",
    ),
    "no account for a transfer": (invoice(), drop("ram:IBANID"), "BR-61"),
    "charge without a reason": (invoice(), drop(f"{EXTRA}/ram:Reason", f"{EXTRA}/ram:ReasonCode"), "BR-38"),
    "reverse charge without the buyer's VAT id": (
        REVERSE,
        drop("ram:BuyerTradeParty/ram:SpecifiedTaxRegistration"),
        "BR-AE-02",
    ),
    "reverse charge without its words": (
        REVERSE,
        drop("ram:ExemptionReason", "ram:ExemptionReasonCode"),
        "BR-AE-10",
    ),
    "intra-community without date of delivery": (
        INTRA,
        drop("ram:ActualDeliverySupplyChainEvent"),
        "BR-IC-11",
    ),
    "intra-community without country of delivery": (INTRA, drop("ram:ShipToTradeParty"), "BR-IC-12"),
    "credit note that names no invoice number": (
        CREDIT,
        put("ram:InvoiceReferencedDocument/ram:IssuerAssignedID", ""),
        "BR-55",
    ),
    "an element the norm does not know": (
        invoice(),
        lambda root: etree.SubElement(root, f"{{{NAMESPACES['ram']}}}Nonsense"),
        "XSD",
    ),
    "elements in the wrong order": (invoice(), lambda root: root.insert(0, root[1]), "XSD"),
}


@pytest.fixture(scope="module")
def broken():
    """Findings per breakage, from one run of the schematron."""
    xmls = []
    for whole, change, _ in BREAKAGES.values():
        root = etree.fromstring(to_xml(whole))
        change(root)
        xmls.append(etree.tostring(root))
    return dict(zip(BREAKAGES, validate_many(xmls), strict=True))


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_invoice_is_found(broken, breakage):
    rule = BREAKAGES[breakage][2]
    assert rule in {finding.rule for finding in broken[breakage] if finding.severity == "fatal"}, broken[
        breakage
    ]


@pytest.mark.parametrize(
    "whole", [invoice(), LARGE, INTRA, REVERSE, CREDIT], ids=["plain", "large", "intra", "reverse", "credit"]
)
def test_the_same_invoice_unbroken_has_no_findings(whole):
    assert validate(to_xml(whole)) == []


@pytest.mark.parametrize(
    "junk", [b"", b"<a", b"not xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"]
)
def test_junk_is_a_finding_and_no_error(junk):
    assert [finding.rule for finding in validate(junk)] == ["XML"]


def test_without_saxonche_nothing_is_called_valid(monkeypatch):
    real = validation.importlib.util.find_spec
    monkeypatch.setattr(
        validation.importlib.util, "find_spec", lambda name: None if name == "saxonche" else real(name)
    )
    with pytest.raises(SchematronUnavailable, match="saxonche is not installed"):
        validate(to_xml(invoice()))


def test_a_schematron_that_dies_is_not_a_valid_invoice(monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text("raise SystemExit('out of memory')")
    monkeypatch.setattr(validation, "_WORKER", worker)
    with pytest.raises(SchematronUnavailable, match="out of memory"):
        validate(to_xml(invoice()))


@pytest.mark.parametrize("name", ["CII_example5.xml", "01.01a-INVOICE_uncefact.xml"])
def test_real_invoices_break_no_rule_of_the_norm(name):
    """The profile of ZUGFeRD adds limits of its own (FX-...), which invoices of other profiles may pass."""
    rules = {
        finding.rule
        for finding in validate(needs.shared_data(f"einvoice/{name}").read_bytes())
        if finding.severity == "fatal"
    }
    assert {rule for rule in rules if not rule.startswith("FX-")} == set()


def test_an_xrechnung_carries_its_guideline_and_needs_the_buyers_reference():
    root = etree.fromstring(to_xml(invoice(buyer_reference="04011000-12345-34"), guideline=XRECHNUNG))
    assert find(root, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID").text == XRECHNUNG
    assert find(root, "ram:BuyerReference").text == "04011000-12345-34"
    with pytest.raises(EInvoiceError, match="BT-10"):
        to_xml(invoice(), guideline=XRECHNUNG)


def test_the_same_invoice_gives_the_same_bytes():
    assert to_xml(invoice()) == to_xml(invoice())


def test_hostile_texts_stay_text_and_valid():
    evil = "<ram:Name>]]>&amp; \x00\x1b\u202e\ud800\ufffe 🙂 " + "x" * 500
    one = invoice(
        buyer=replace(BUYER, name=evil, street=evil, city=evil),
        lines=(Line(evil, 1, 100, sku=evil, attributes=((evil, evil),), note=evil),),
        allowances_charges=(AllowanceCharge(True, 1, evil),),
        notes=(evil, "\x00"),
        purchase_order="\x00",
        order_number=evil,
    )
    xml = to_xml(one)
    assert validate(xml) == []
    assert find(etree.fromstring(xml), "ram:BuyerTradeParty/ram:Name").text.startswith("<ram:Name>]]>&amp; ")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Line("x", 0, 100), "one piece"),
        (lambda: Line("x", 1, -1), "negative"),
        (lambda: Line("\x00 ", 1, 1), "name"),
        (lambda: Line("x", 1, 1, rate_bp=0), "BR-S-05"),
        (lambda: Line("x", 1, 1, 1900, VatCategory.EXPORT), "BR-G-05"),
        (lambda: Line("x", 1, 100, vat_minor=101), "does not fit"),
        (lambda: AllowanceCharge(True, 1, " "), "reason"),
        (lambda: PaymentInstructions(), "IBAN"),
        (lambda: PaymentInstructions(means="48", card_digits="4242424242424242"), "six digits"),
        (lambda: invoice(lines=()), "BR-16"),
        (lambda: invoice(number=" "), "number"),
        (lambda: invoice(kind=Kind.CANCELLATION), "names the invoice"),
        (lambda: invoice(seller=replace(SELLER, vat_id="", tax_number="")), "tax number"),
        (lambda: replace(REVERSE, buyer=BUYER), "VAT id"),
        (lambda: replace(INTRA, delivery_date=None), "date of delivery"),
        (lambda: to_xml(invoice(due_date=None)), "BR-CO-25"),
    ],
)
def test_facts_that_make_no_invoice_are_refused_with_the_rule(wrong, words):
    with pytest.raises(EInvoiceError, match=words):
        wrong()
