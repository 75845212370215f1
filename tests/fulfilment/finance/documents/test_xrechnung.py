"""XRechnung 3.0: the norm's own rules by the schematron, and each rule of Germany by its number, broken once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from fulfilment.finance.invoicing.einvoice import (
    EN16931,
    XRECHNUNG,
    EInvoiceError,
    Party,
    to_xml,
    validate_many,
)
from fulfilment.finance.invoicing.einvoice.cii import NAMESPACES
from fulfilment.finance.invoicing.einvoice.xrechnung import RULES, findings
from tests.fulfilment.finance.documents.makers import BUYER, CARD, invoice, random_invoice

PUBLIC = replace(BUYER, name="Stadt Hamburg", email="rechnung@hamburg.example")
LEITWEG = "991-03730-19"
SHIP_TO = Party("Bauhof", "Kai 5", postcode="20457", city="Hamburg")
Break = Callable[[etree._Element], None]


def document(**changes) -> bytes:
    facts = {"buyer": PUBLIC, "buyer_reference": LEITWEG, "ship_to": SHIP_TO}
    return to_xml(invoice(**(facts | changes)), guideline=XRECHNUNG)


def without(path: str) -> Break:
    def work(root: etree._Element) -> None:
        node = root.find(f".//{path}", NAMESPACES)
        assert node is not None, path
        node.getparent().remove(node)

    return work


def says(path: str, text: str) -> Break:
    def work(root: etree._Element) -> None:
        node = root.find(f".//{path}", NAMESPACES)
        assert node is not None, path
        node.text = text

    return work


def also(path: str, *steps: str) -> Break:
    """Put a further element of the steps into the one at ``path``."""

    def work(root: etree._Element) -> None:
        node = root.find(f".//{path}", NAMESPACES)
        assert node is not None, path
        for step in steps:
            node = etree.SubElement(node, "{" + NAMESPACES["ram"] + "}" + step)
        node.text = "x"

    return work


def both(*breaks: Break) -> Break:
    def work(root: etree._Element) -> None:
        for one in breaks:
            one(root)

    return work


MEANS = "ram:SpecifiedTradeSettlementPaymentMeans"
SELLER, BUYERS = "ram:SellerTradeParty", "ram:BuyerTradeParty"
CONTACT = f"{SELLER}/ram:DefinedTradeContact"
BROKEN: dict[str, tuple[Break, dict]] = {
    "BR-DE-1": (without(MEANS), {}),
    "BR-DE-2": (without(CONTACT), {}),
    "BR-DE-3": (says(f"{SELLER}/ram:PostalTradeAddress/ram:CityName", " "), {}),
    "BR-DE-4": (without(f"{SELLER}/ram:PostalTradeAddress/ram:PostcodeCode"), {}),
    "BR-DE-5": (without(f"{CONTACT}/ram:PersonName"), {}),
    "BR-DE-6": (without(f"{CONTACT}/ram:TelephoneUniversalCommunication"), {}),
    "BR-DE-7": (without(f"{CONTACT}/ram:EmailURIUniversalCommunication"), {}),
    "BR-DE-8": (without(f"{BUYERS}/ram:PostalTradeAddress/ram:CityName"), {}),
    "BR-DE-9": (says(f"{BUYERS}/ram:PostalTradeAddress/ram:PostcodeCode", ""), {}),
    "BR-DE-10": (without("ram:ShipToTradeParty/ram:PostalTradeAddress/ram:CityName"), {}),
    "BR-DE-11": (without("ram:ShipToTradeParty/ram:PostalTradeAddress/ram:PostcodeCode"), {}),
    "BR-DE-14": (
        without("ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:RateApplicablePercent"),
        {},
    ),
    "BR-DE-15": (says("ram:BuyerReference", "  "), {}),
    "BR-DE-16": (
        both(
            without(f"{SELLER}/ram:SpecifiedTaxRegistration"),
            without(f"{SELLER}/ram:SpecifiedTaxRegistration"),
        ),
        {},
    ),
    "BR-DE-17": (says("rsm:ExchangedDocument/ram:TypeCode", "325"), {}),
    "BR-DE-18": (
        also("ram:SpecifiedTradePaymentTerms", "Description"),
        {"terms": "#SKONTO#TAGE=14#"},
    ),
    "BR-DE-19": (says("ram:PayeePartyCreditorFinancialAccount/ram:IBANID", "DE89370400440532013001"), {}),
    "BR-DE-21": (says("ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", EN16931), {}),
    "BR-DE-23-a": (without("ram:PayeePartyCreditorFinancialAccount"), {}),
    "BR-DE-23-b": (also(MEANS, "ApplicableTradeSettlementFinancialCard", "ID"), {}),
    "BR-DE-24-a": (without("ram:ApplicableTradeSettlementFinancialCard"), {"payment": CARD}),
    "BR-DE-24-b": (also(MEANS, "PayeePartyCreditorFinancialAccount", "IBANID"), {"payment": CARD}),
    "BR-DE-25-a": (says(f"{MEANS}/ram:TypeCode", "59"), {}),
    "BR-DE-26": (says("rsm:ExchangedDocument/ram:TypeCode", "384"), {}),
    "BR-DE-27": (says(f"{CONTACT}/ram:TelephoneUniversalCommunication/ram:CompleteNumber", "+4 x 9"), {}),
    "BR-DE-28": (says(f"{CONTACT}/ram:EmailURIUniversalCommunication/ram:URIID", ".a@b"), {}),
    "BR-DE-TMP-32": (without("ram:ActualDeliverySupplyChainEvent"), {}),
    "PEPPOL-EN16931-R001": (without("ram:BusinessProcessSpecifiedDocumentContextParameter"), {}),
    "PEPPOL-EN16931-R010": (without(f"{BUYERS}/ram:URIUniversalCommunication"), {}),
    "PEPPOL-EN16931-R020": (without(f"{SELLER}/ram:URIUniversalCommunication"), {}),
}


def test_every_rule_is_broken_once_here() -> None:
    assert set(BROKEN) == {rule.number for rule in RULES}
    assert len(RULES) == len(BROKEN)


@pytest.mark.parametrize("number", list(BROKEN))
def test_a_broken_rule_is_found_by_its_number(number: str) -> None:
    breakage, changes = BROKEN[number]
    root = etree.fromstring(document(**changes))
    breakage(root)
    assert number in [found.rule for found in findings(etree.tostring(root))]


@pytest.mark.parametrize("changes", [{}, {"payment": CARD}, {"ship_to": None}])
def test_a_whole_xrechnung_breaks_none(changes: dict) -> None:
    assert findings(document(**changes)) == []


def test_fifty_generated_ones_keep_the_rules_of_the_norm_and_of_germany() -> None:
    documents = []
    for seed in range(50):
        made = random_invoice(seed)
        buyer = replace(made.buyer, email="rechnung@hamburg.example")
        whole = replace(made, buyer=buyer, buyer_reference=LEITWEG, payment=made.payment or invoice().payment)
        documents.append(to_xml(whole, guideline=XRECHNUNG))
    assert [findings(xml) for xml in documents] == [[]] * 50
    # The schematron at hand is that of ZUGFeRD: it wants its own name as guideline and has all rules of the norm.
    as_norm = [xml.replace(XRECHNUNG.encode(), EN16931.encode()) for xml in documents]
    assert validate_many(as_norm) == [[]] * 50


def test_without_a_reference_there_is_no_xrechnung() -> None:
    with pytest.raises(EInvoiceError, match="BR-DE-15"):
        document(buyer_reference="")
