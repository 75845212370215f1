"""What Germany asks of an XRechnung 3.0 beyond EN 16931: the rules BR-DE of its standard, and the business process and
electronic addresses that it took over from Peppol (KoSIT, XRechnung 3.0.2, chapter 12).

The schematron at hand knows the norm, not these; each rule is a function here, by its number, over the XML as written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stdnum import iban

from shop.kernel.xmltree import etree

from .cii import BILLING_PROCESS, NAMESPACES, XRECHNUNG
from .validation import Finding

Test = Callable[["Document"], bool]
_EMAIL = re.compile(
    r"[a-zA-Z0-9!#$%&\"*+/=?^_`{|}~-]+(\.[a-zA-Z0-9!#$%&\"*+/=?^_`{|}~-]+)*"
    r"@([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
)
_TYPES = {"326", "380", "384", "389", "381", "875", "876", "877"}
_TAXED = {"S", "Z", "E", "AE", "K", "G", "L", "M"}
_TRANSFER, _CARD, _DEBIT = {"30", "58"}, {"48", "54", "55"}, {"59"}

_TRADE = "rsm:SupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ram:ApplicableHeaderTradeAgreement"
_SETTLEMENT = f"{_TRADE}/ram:ApplicableHeaderTradeSettlement"
_SELLER, _BUYER = f"{_AGREEMENT}/ram:SellerTradeParty", f"{_AGREEMENT}/ram:BuyerTradeParty"
_CONTACT = f"{_SELLER}/ram:DefinedTradeContact"
_PHONE = f"{_CONTACT}/ram:TelephoneUniversalCommunication/ram:CompleteNumber"
_MAIL = f"{_CONTACT}/ram:EmailURIUniversalCommunication/ram:URIID"
_SHIP_TO = f"{_TRADE}/ram:ApplicableHeaderTradeDelivery/ram:ShipToTradeParty/ram:PostalTradeAddress"
_MEANS = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementPaymentMeans"
_IBAN = f"{_MEANS}/ram:PayeePartyCreditorFinancialAccount/ram:IBANID"
_CONTEXT = "rsm:ExchangedDocumentContext"


class Document:
    """The XML of an invoice, asked by paths from its root."""

    def __init__(self, xml: bytes) -> None:
        self.root = etree.fromstring(
            xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        )

    def nodes(self, path: str) -> list[etree._Element]:
        """The elements at ``path``."""
        return list(self.root.iterfind(path, NAMESPACES))

    def texts(self, path: str) -> list[str]:
        """Their words, without those that are empty."""
        found = (" ".join((node.text or "").split()) for node in self.nodes(path))
        return [words for words in found if words]

    def has(self, path: str) -> bool:
        """Whether something is written there."""
        return bool(self.texts(path))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number, what it asks in words, whether a document keeps it."""

    number: str
    words: str
    holds: Test
    severity: str = "fatal"


def findings(xml: bytes) -> list[Finding]:
    """The rules that ``xml`` breaks, in the order of RULES; "warning" ones do not keep a buyer from taking it."""
    document = Document(xml)
    return [Finding(rule.number, rule.severity, rule.words) for rule in RULES if not rule.holds(document)]


def _there(path: str) -> Test:
    return lambda document: document.has(path)


def _means(document: Document) -> set[str]:
    return set(document.texts(f"{_MEANS}/ram:TypeCode"))


def _card(document: Document) -> bool:
    return document.has(f"{_MEANS}/ram:ApplicableTradeSettlementFinancialCard/ram:ID")


def _debit(document: Document) -> bool:
    paths = (
        f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID",
        f"{_SETTLEMENT}/ram:CreditorReferenceID",
        f"{_MEANS}/ram:PayerPartyDebtorFinancialAccount/ram:IBANID",
    )
    return any(document.has(path) for path in paths)


def _if_means(codes: set[str], needs: Test) -> Test:
    return lambda document: not _means(document) & codes or needs(document)


def _if_there(path: str, needs: Test) -> Test:
    return lambda document: not document.nodes(path) or needs(document)


def _seller_is_taxable(document: Document) -> bool:
    used = set(document.texts(".//ram:ApplicableTradeTax/ram:CategoryCode"))
    ids = document.nodes(f"{_SELLER}/ram:SpecifiedTaxRegistration/ram:ID")
    return not used & _TAXED or any(node.get("schemeID") in ("VA", "FC") and node.text for node in ids)


def _every_rate_is_said(document: Document) -> bool:
    return all(
        node.findtext("ram:RateApplicablePercent", namespaces=NAMESPACES)
        for node in document.nodes(f"{_SETTLEMENT}/ram:ApplicableTradeTax")
    )


def _skonto_is_well_formed(document: Document) -> bool:
    """A line of the terms that begins with # would be read as a cash discount; we give none that way."""
    nodes = document.nodes(f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:Description")
    return not any(line.strip().startswith("#") for node in nodes for line in (node.text or "").splitlines())


def _correction_names_its_invoice(document: Document) -> bool:
    corrects = document.texts("rsm:ExchangedDocument/ram:TypeCode") == ["384"]
    return not corrects or bool(document.nodes(f"{_SETTLEMENT}/ram:InvoiceReferencedDocument"))


def _delivery_is_dated(document: Document) -> bool:
    when = ".//ram:ActualDeliverySupplyChainEvent", ".//ram:BillingSpecifiedPeriod"
    return any(document.nodes(path) for path in when)


def _address_of(party: str) -> Test:
    return _there(f"{party}/ram:URIUniversalCommunication/ram:URIID")


RULES: Sequence[Rule] = (
    Rule("BR-DE-1", "how to pay must be said (BG-16)", lambda document: bool(document.nodes(_MEANS))),
    Rule(
        "BR-DE-2",
        "the seller's contact must be named (BG-6)",
        lambda document: bool(document.nodes(_CONTACT)),
    ),
    Rule(
        "BR-DE-3",
        "the seller's city is missing (BT-37)",
        _there(f"{_SELLER}/ram:PostalTradeAddress/ram:CityName"),
    ),
    Rule(
        "BR-DE-4",
        "the seller's postcode is missing (BT-38)",
        _there(f"{_SELLER}/ram:PostalTradeAddress/ram:PostcodeCode"),
    ),
    Rule("BR-DE-5", "the seller's contact has no name (BT-41)", _there(f"{_CONTACT}/ram:PersonName")),
    Rule("BR-DE-6", "the seller's phone number is missing (BT-42)", _there(_PHONE)),
    Rule("BR-DE-7", "the seller's e-mail address is missing (BT-43)", _there(_MAIL)),
    Rule(
        "BR-DE-8",
        "the buyer's city is missing (BT-52)",
        _there(f"{_BUYER}/ram:PostalTradeAddress/ram:CityName"),
    ),
    Rule(
        "BR-DE-9",
        "the buyer's postcode is missing (BT-53)",
        _there(f"{_BUYER}/ram:PostalTradeAddress/ram:PostcodeCode"),
    ),
    Rule(
        "BR-DE-10",
        "the city the goods went to is missing (BT-77)",
        _if_there(_SHIP_TO, _there(f"{_SHIP_TO}/ram:CityName")),
    ),
    Rule(
        "BR-DE-11",
        "the postcode the goods went to is missing (BT-78)",
        _if_there(_SHIP_TO, _there(f"{_SHIP_TO}/ram:PostcodeCode")),
    ),
    Rule("BR-DE-14", "a VAT rate is missing (BT-119)", _every_rate_is_said),
    Rule("BR-DE-15", "the buyer reference is missing (BT-10)", _there(f"{_AGREEMENT}/ram:BuyerReference")),
    Rule("BR-DE-16", "the seller's VAT id or tax number is missing (BT-31, BT-32)", _seller_is_taxable),
    Rule(
        "BR-DE-17",
        "the type of the document is none that is used in Germany (BT-3)",
        lambda document: set(document.texts("rsm:ExchangedDocument/ram:TypeCode")) <= _TYPES,
        "warning",
    ),
    Rule(
        "BR-DE-18",
        "a line of the terms of payment looks like a cash discount (BT-20)",
        _skonto_is_well_formed,
    ),
    Rule(
        "BR-DE-19",
        "the IBAN is not valid (BT-84)",
        _if_means({"58"}, lambda document: all(iban.is_valid(text) for text in document.texts(_IBAN))),
        "warning",
    ),
    Rule(
        "BR-DE-21",
        "the document does not say that it is an XRechnung 3.0 (BT-24)",
        lambda document: (
            document.texts(f"{_CONTEXT}/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID") == [XRECHNUNG]
        ),
        "warning",
    ),
    Rule("BR-DE-23-a", "a transfer needs our account (BG-17)", _if_means(_TRANSFER, _there(_IBAN))),
    Rule(
        "BR-DE-23-b",
        "a transfer names no card and no direct debit",
        _if_means(_TRANSFER, lambda document: not _card(document) and not _debit(document)),
    ),
    Rule("BR-DE-24-a", "a card payment needs the last digits of the card (BG-18)", _if_means(_CARD, _card)),
    Rule(
        "BR-DE-24-b",
        "a card payment names no account and no direct debit",
        _if_means(_CARD, lambda document: not document.has(_IBAN) and not _debit(document)),
    ),
    Rule("BR-DE-25-a", "a direct debit needs its mandate (BG-19)", _if_means(_DEBIT, _debit)),
    Rule(
        "BR-DE-26",
        "a corrected invoice names the one it corrects (BG-3)",
        _correction_names_its_invoice,
        "warning",
    ),
    Rule(
        "BR-DE-27",
        "the phone number has fewer than three digits (BT-42)",
        _if_there(
            _PHONE, lambda document: all(len(re.findall(r"\d", text)) >= 3 for text in document.texts(_PHONE))
        ),
        "warning",
    ),
    Rule(
        "BR-DE-28",
        "the e-mail address is not one (BT-43)",
        _if_there(_MAIL, lambda document: all(_EMAIL.fullmatch(text) for text in document.texts(_MAIL))),
        "warning",
    ),
    Rule("BR-DE-TMP-32", "the day of delivery is missing (BT-72)", _delivery_is_dated, "warning"),
    Rule(
        "PEPPOL-EN16931-R001",
        "the business process is missing (BT-23)",
        lambda document: (
            document.texts(f"{_CONTEXT}/ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID")
            == [BILLING_PROCESS]
        ),
    ),
    Rule("PEPPOL-EN16931-R010", "the buyer's electronic address is missing (BT-49)", _address_of(_BUYER)),
    Rule("PEPPOL-EN16931-R020", "the seller's electronic address is missing (BT-34)", _address_of(_SELLER)),
)
