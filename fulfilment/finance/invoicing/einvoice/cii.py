"""EN 16931 as XML: UN/CEFACT Cross Industry Invoice, profile EN 16931 (ZUGFeRD), or XRechnung on request.

The order of the elements is the schema's; the BT and BG numbers are those of the norm.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from shop.kernel.money import exponent, net_from_gross, to_decimal
from shop.kernel.xmltree import etree

from .model import AllowanceCharge, EInvoice, EInvoiceError, Line, Party, PaymentInstructions, VatCategory
from .totals import TaxTotal, Totals, totals

EN16931 = "urn:cen.eu:en16931:2017"
#: BT-23, asked for by XRechnung 3.0: billing, as Peppol names it.
BILLING_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"

NAMESPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}


@dataclass(frozen=True, slots=True)
class Exemption:
    """A category without VAT: its VATEX code and the legal words. named_by_law: the German words are those the law
    asks for, whatever the language of the document."""

    code: str
    german: str
    english: str
    named_by_law: bool = False

    @property
    def words(self) -> str:
        """Both languages, for the XML: nobody knows who reads it."""
        return f"{self.german} / {self.english}"

    def printed(self, lang: str) -> str:
        """The words of a document in ``lang``: its own, and in every language those of § 14a (5) UStG."""
        if lang == "de":
            return self.german
        return f"{self.english} ({self.german})" if self.named_by_law else self.english


EXEMPTIONS = {
    VatCategory.REVERSE_CHARGE: Exemption(
        "VATEX-EU-AE", "Steuerschuldnerschaft des Leistungsempfängers", "Reverse charge", named_by_law=True
    ),
    VatCategory.INTRA_COMMUNITY: Exemption(
        "VATEX-EU-IC", "Steuerfreie innergemeinschaftliche Lieferung", "Intra-community supply"
    ),
    VatCategory.EXPORT: Exemption("VATEX-EU-G", "Steuerfreie Ausfuhrlieferung", "Export outside the EU"),
}
_MOST_DECIMALS = 12


def to_xml(invoice: EInvoice, *, guideline: str = EN16931) -> bytes:
    """Write ``invoice`` as CII XML (UTF-8).

    guideline: EN16931 (what goes into the PDF) or XRECHNUNG (plain XML for public buyers; needs
    ``buyer_reference``).
    Raises EInvoiceError when an amount is due but neither a due date nor terms say when (BR-CO-25).
    """
    sums = totals(invoice)
    if sums.due_minor > 0 and not (invoice.due_date or invoice.terms):
        raise EInvoiceError("an amount is due but nothing says when: give due_date or terms (BR-CO-25)")
    if guideline == XRECHNUNG and not invoice.buyer_reference:
        raise EInvoiceError("an XRechnung needs the buyer reference, BT-10 (BR-DE-15)")
    root = etree.Element(f"{{{NAMESPACES['rsm']}}}CrossIndustryInvoice", nsmap=NAMESPACES)
    context = _add(root, "rsm:ExchangedDocumentContext")
    if guideline == XRECHNUNG:
        _add(context, "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID", BILLING_PROCESS)
    _add(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", guideline)
    _document(_add(root, "rsm:ExchangedDocument"), invoice)
    transaction = _add(root, "rsm:SupplyChainTradeTransaction")
    for position, line in enumerate(invoice.lines):
        _line(transaction, position, line, sums.line_nets[position], invoice.currency)
    _agreement(_add(transaction, "ram:ApplicableHeaderTradeAgreement"), invoice)
    _delivery(_add(transaction, "ram:ApplicableHeaderTradeDelivery"), invoice)
    _settlement(_add(transaction, "ram:ApplicableHeaderTradeSettlement"), invoice, sums)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def unit_price(net_minor: int, quantity: int, currency: str) -> Decimal:
    """The net price of one piece (BT-146) with as few decimals as give the line's net back when multiplied
    and rounded.

    The norm limits the decimals of amounts to two, but not those of prices.
    """
    amount = to_decimal(net_minor, currency)
    cent = Decimal(1).scaleb(-exponent(currency))
    for decimals in range(exponent(currency), _MOST_DECIMALS):
        price = (amount / quantity).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        if (price * quantity).quantize(cent, rounding=ROUND_HALF_UP) == amount:
            return price
    return amount / quantity


def _document(node: etree._Element, invoice: EInvoice) -> None:
    _add(node, "ram:ID", invoice.number)
    _add(node, "ram:TypeCode", invoice.kind.type_code)
    _date(_add(node, "ram:IssueDateTime"), invoice.issue_date)
    for note in invoice.notes:
        _text(node, "ram:IncludedNote/ram:Content", note)
    if invoice.seller.register or invoice.seller.managers:
        note_node = _add(node, "ram:IncludedNote")
        _text(note_node, "ram:Content", "\n".join(filter(None, _register_lines(invoice.seller))))
        _add(note_node, "ram:SubjectCode", "REG")


def _register_lines(seller: Party) -> tuple[str, ...]:
    address = f"{seller.street}, {seller.postcode} {seller.city}".strip(", ")
    return seller.name, address, seller.register, seller.managers


def _line(transaction: etree._Element, position: int, line: Line, net_minor: int, currency: str) -> None:
    node = _add(transaction, "ram:IncludedSupplyChainTradeLineItem")
    head = _add(node, "ram:AssociatedDocumentLineDocument")
    _add(head, "ram:LineID", str(position + 1))
    _text(head, "ram:IncludedNote/ram:Content", line.note)
    product = _add(node, "ram:SpecifiedTradeProduct")
    if line.ean:
        _add(product, "ram:GlobalID", line.ean, schemeID="0160")
    _text(product, "ram:SellerAssignedID", line.sku)
    _text(product, "ram:Name", line.name)
    for name, value in (pair for pair in line.attributes if _words(pair[0]) and _words(pair[1])):
        characteristic = _add(product, "ram:ApplicableProductCharacteristic")
        _text(characteristic, "ram:Description", name)
        _text(characteristic, "ram:Value", value)
    allowance = _line_allowance(line, net_minor)
    price = unit_price(net_minor + allowance, line.quantity, currency)
    _add(node, "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount", f"{price:f}")
    _add(node, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", str(line.quantity), unitCode=line.unit)
    settlement = _add(node, "ram:SpecifiedLineTradeSettlement")
    _tax(_add(settlement, "ram:ApplicableTradeTax"), line.category, line.rate_bp)
    if allowance:
        reduction = _add(settlement, "ram:SpecifiedTradeAllowanceCharge")
        _add(reduction, "ram:ChargeIndicator/udt:Indicator", "false")
        _add(reduction, "ram:ActualAmount", _amount(allowance, currency))
        _add(reduction, "ram:ReasonCode", "95")
        _text(reduction, "ram:Reason", line.discount_reason or "Discount")
    summary = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    _add(settlement, summary, _amount(net_minor, currency))


def _line_allowance(line: Line, net_minor: int) -> int:
    """The net of the line's discount (BT-136): what the net would be without it, minus what it is."""
    if not line.discount_minor:
        return 0
    return max(0, net_from_gross(line.gross_minor + line.discount_minor, line.rate_bp) - net_minor)


def _agreement(node: etree._Element, invoice: EInvoice) -> None:
    _text(node, "ram:BuyerReference", invoice.buyer_reference)
    _party(_add(node, "ram:SellerTradeParty"), invoice.seller, seller=True)
    _party(_add(node, "ram:BuyerTradeParty"), invoice.buyer)
    _text(node, "ram:SellerOrderReferencedDocument/ram:IssuerAssignedID", invoice.order_number)
    _text(node, "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID", invoice.purchase_order)


def _party(node: etree._Element, party: Party, *, seller: bool = False, full: bool = True) -> None:
    """One party. ``full`` False: name and address only, as for the receiver of the goods."""
    if full:
        _text(node, "ram:ID", party.customer_number)
    _text(node, "ram:Name", party.name)
    if seller:
        _text(node, "ram:Description", party.register)
    if full and (party.register or party.trading_name):
        organisation = _add(node, "ram:SpecifiedLegalOrganization")
        _text(organisation, "ram:ID", party.register)
        if seller:
            _text(organisation, "ram:TradingBusinessName", party.trading_name)
    if full and (party.contact or (seller and (party.phone or party.email))):
        contact = _add(node, "ram:DefinedTradeContact")
        _text(contact, "ram:PersonName", party.contact or party.trading_name or party.name)
        _text(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber", party.phone)
        _text(contact, "ram:EmailURIUniversalCommunication/ram:URIID", party.email)
    address = _add(node, "ram:PostalTradeAddress")
    _text(address, "ram:PostcodeCode", party.postcode)
    _text(address, "ram:LineOne", party.street)
    _text(address, "ram:LineTwo", party.extra)
    _text(address, "ram:CityName", party.city)
    _add(address, "ram:CountryID", party.country)
    if full:
        _text(node, "ram:URIUniversalCommunication/ram:URIID", party.email, schemeID="EM")
        _text(node, "ram:SpecifiedTaxRegistration/ram:ID", party.vat_id, schemeID="VA")
    if seller:
        _text(node, "ram:SpecifiedTaxRegistration/ram:ID", party.tax_number, schemeID="FC")


def _delivery(node: etree._Element, invoice: EInvoice) -> None:
    _party(_add(node, "ram:ShipToTradeParty"), invoice.ship_to or invoice.buyer, full=False)
    if invoice.delivery_date:
        event = _add(node, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime")
        _date(event, invoice.delivery_date)


def _settlement(node: etree._Element, invoice: EInvoice, sums: Totals) -> None:
    if invoice.payment:
        _text(node, "ram:PaymentReference", invoice.payment.reference)
    _add(node, "ram:InvoiceCurrencyCode", invoice.currency)
    if invoice.payment:
        _payment(_add(node, "ram:SpecifiedTradeSettlementPaymentMeans"), invoice.payment)
    for rate in sums.rates:
        _breakdown(_add(node, "ram:ApplicableTradeTax"), rate, invoice)
    for part, net_minor in zip(invoice.allowances_charges, sums.part_nets, strict=True):
        _allowance(_add(node, "ram:SpecifiedTradeAllowanceCharge"), part, net_minor, invoice.currency)
    if invoice.terms or invoice.due_date:
        terms = _add(node, "ram:SpecifiedTradePaymentTerms")
        _text(terms, "ram:Description", invoice.terms)
        if invoice.due_date:
            _date(_add(terms, "ram:DueDateDateTime"), invoice.due_date)
    _summary(_add(node, "ram:SpecifiedTradeSettlementHeaderMonetarySummation"), invoice, sums)
    if invoice.preceding:
        reference = _add(node, "ram:InvoiceReferencedDocument")
        _text(reference, "ram:IssuerAssignedID", invoice.preceding.number)
        _date(_add(reference, "ram:FormattedIssueDateTime"), invoice.preceding.date, "qdt")


def _payment(node: etree._Element, payment: PaymentInstructions) -> None:
    _add(node, "ram:TypeCode", payment.means)
    _text(node, "ram:Information", payment.text)
    if payment.card_digits:
        _text(node, "ram:ApplicableTradeSettlementFinancialCard/ram:ID", payment.card_digits)
    if payment.iban:
        account = _add(node, "ram:PayeePartyCreditorFinancialAccount")
        _text(account, "ram:IBANID", payment.iban.replace(" ", ""))
        _text(account, "ram:AccountName", payment.account_name)
        _text(node, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID", payment.bic)


def _breakdown(node: etree._Element, rate: TaxTotal, invoice: EInvoice) -> None:
    exemption = EXEMPTIONS.get(rate.category)
    code, words = (exemption.code, exemption.words) if exemption else ("", "")
    if rate.category == VatCategory.EXEMPT:
        words = invoice.exemption_reason
    _add(node, "ram:CalculatedAmount", _amount(rate.vat_minor, invoice.currency))
    _add(node, "ram:TypeCode", "VAT")
    _text(node, "ram:ExemptionReason", words)
    _add(node, "ram:BasisAmount", _amount(rate.net_minor, invoice.currency))
    _add(node, "ram:CategoryCode", rate.category)
    _text(node, "ram:ExemptionReasonCode", code)
    _add(node, "ram:RateApplicablePercent", _percent(rate.rate_bp))


def _allowance(node: etree._Element, part: AllowanceCharge, net_minor: int, currency: str) -> None:
    _add(node, "ram:ChargeIndicator/udt:Indicator", "true" if part.is_charge else "false")
    _add(node, "ram:ActualAmount", _amount(net_minor, currency))
    _text(node, "ram:ReasonCode", part.reason_code)
    _text(node, "ram:Reason", part.reason)
    _tax(_add(node, "ram:CategoryTradeTax"), part.category, part.rate_bp)


def _summary(node: etree._Element, invoice: EInvoice, sums: Totals) -> None:
    currency = invoice.currency
    _add(node, "ram:LineTotalAmount", _amount(sums.lines_net_minor, currency))
    _add(node, "ram:ChargeTotalAmount", _amount(sums.charges_net_minor, currency))
    _add(node, "ram:AllowanceTotalAmount", _amount(sums.allowances_net_minor, currency))
    _add(node, "ram:TaxBasisTotalAmount", _amount(sums.net_minor, currency))
    _add(node, "ram:TaxTotalAmount", _amount(sums.vat_minor, currency), currencyID=currency)
    _add(node, "ram:GrandTotalAmount", _amount(sums.gross_minor, currency))
    _add(node, "ram:TotalPrepaidAmount", _amount(sums.prepaid_minor, currency))
    _add(node, "ram:DuePayableAmount", _amount(sums.due_minor, currency))


def _tax(node: etree._Element, category: VatCategory, rate_bp: int) -> None:
    _add(node, "ram:TypeCode", "VAT")
    _add(node, "ram:CategoryCode", category)
    _add(node, "ram:RateApplicablePercent", _percent(rate_bp))


def _date(node: etree._Element, day: dt.date, prefix: str = "udt") -> None:
    _add(node, f"{prefix}:DateTimeString", f"{day:%Y%m%d}", format="102")


def _amount(amount_minor: int, currency: str) -> str:
    return f"{to_decimal(amount_minor, currency):f}"


def _percent(rate_bp: int) -> str:
    return f"{Decimal(rate_bp).scaleb(-2):.2f}"


def _add(parent: etree._Element, path: str, text: str | None = None, **attributes: str) -> etree._Element:
    """Append the elements of ``path`` ("ram:A/ram:B"), each within the last; return the innermost."""
    node = parent
    for step in path.split("/"):
        prefix, name = step.split(":")
        node = etree.SubElement(node, f"{{{NAMESPACES[prefix]}}}{name}")
    if text is not None:
        node.text = text
    for name, value in attributes.items():
        node.set(name, value)
    return node


def _text(parent: etree._Element, path: str, text: str, **attributes: str) -> None:
    """Append ``path`` with words that people wrote; nothing is added when none are left (no empty elements,
    R008)."""
    if words := _words(text):
        _add(parent, path, words, **attributes)


def _words(text: str) -> str:
    return "".join(char for char in text if _allowed(char)).strip()


def _allowed(char: str) -> bool:
    """Whether XML 1.0 may hold ``char``: no control characters, surrogates or non-characters."""
    code = ord(char)
    if code < 0x20:
        return char in "\t\n\r"
    return not (
        0x7F <= code <= 0x84 or 0x86 <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE
    )
