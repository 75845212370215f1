"""What an invoice says, as frozen plain values. Amounts are whole minor units, rates basis points (19 % =
1900)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class EInvoiceError(ValueError):
    """The facts do not make an invoice; the message says which rule they miss."""


class VatCategory(StrEnum):
    """VAT category codes (UNTDID 5305) that the shop can meet."""

    STANDARD = "S"  #: any rate above zero, in any country (also OSS)
    ZERO = "Z"
    EXEMPT = "E"  #: exempt by law (small business, § 19 UStG); needs a reason in words
    REVERSE_CHARGE = "AE"  #: § 13b UStG
    INTRA_COMMUNITY = "K"  #: § 4 no. 1b, § 6a UStG
    EXPORT = "G"  #: § 4 no. 1a, § 6 UStG


class Kind(StrEnum):
    """What the document is. Amounts are positive on all three: the kind carries the sign."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"  #: takes back a part of one invoice
    CANCELLATION = "cancellation"  #: takes back the whole invoice

    @property
    def type_code(self) -> str:
        """Document type, UNTDID 1001 (BT-3). A cancellation is a credit note over everything."""
        return "380" if self is Kind.INVOICE else "381"


@dataclass(frozen=True, slots=True)
class Party:
    """Seller, buyer or receiver of the goods, as printed on the day of issue."""

    name: str  #: company or person (BT-27, BT-44, BT-70)
    street: str = ""
    extra: str = ""  #: second address line, "c/o", floor
    postcode: str = ""
    city: str = ""
    country: str = "DE"  #: ISO 3166-1 alpha-2
    contact: str = ""  #: person at a company
    vat_id: str = ""  #: with country prefix, "DE123456789"
    tax_number: str = ""  #: local tax number (§ 14 UStG accepts it instead of the VAT id)
    register: str = ""  #: "Amtsgericht Hamburg, HRB 12345"
    managers: str = ""  #: "Geschäftsführung: Hanna Petersen"
    email: str = ""
    phone: str = ""
    website: str = ""
    trading_name: str = ""  #: the shop's name when it differs from the company's
    customer_number: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice line. Gross is what the customer pays for it: all pieces, after this line's own
    discount."""

    name: str
    quantity: int
    gross_minor: int
    rate_bp: int = 1900
    category: VatCategory = VatCategory.STANDARD
    discount_minor: int = 0  #: gross reduction already taken off ``gross_minor``
    discount_reason: str = ""
    sku: str = ""
    ean: str = ""  #: GTIN of 8, 12, 13 or 14 digits
    attributes: tuple[tuple[str, str], ...] = ()  #: (("Size", "42"), ("Colour", "Navy"))
    note: str = ""
    unit: str = "H87"  #: UN/ECE recommendation 20; H87 = piece
    vat_minor: int | None = None
    """VAT contained in ``gross_minor`` when it was decided before: this line is a part of an earlier one,
    whose VAT was divided by ``split`` so that the parts add up. None: it is taken out of the gross here."""

    def __post_init__(self) -> None:
        _refuse_wrong_tax(self.category, self.rate_bp)
        if self.quantity < 1:
            raise EInvoiceError("a line has at least one piece")
        if self.gross_minor < 0 or self.discount_minor < 0:
            raise EInvoiceError("amounts of a line are never negative; what is taken back is a credit note")
        if _blank(self.name):
            raise EInvoiceError("a line needs the name of what was sold (BR-25)")
        _refuse_wrong_vat(self.vat_minor, self.gross_minor, self.rate_bp)


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
    """A discount or charge (shipping) on the whole document, for one VAT rate; see ``spread`` for several
    rates."""

    is_charge: bool
    gross_minor: int
    reason: str
    rate_bp: int = 1900
    category: VatCategory = VatCategory.STANDARD
    reason_code: str = ""  #: UNTDID 7161 (charge, "DL" delivery) or 5189 (allowance, "95" discount)
    vat_minor: int | None = None  #: as on ``Line``

    def __post_init__(self) -> None:
        _refuse_wrong_tax(self.category, self.rate_bp)
        if self.gross_minor < 0:
            raise EInvoiceError("an allowance or charge is given as a positive amount")
        if _blank(self.reason):
            raise EInvoiceError("an allowance or charge needs a reason (BR-33, BR-38)")
        _refuse_wrong_vat(self.vat_minor, self.gross_minor, self.rate_bp)


@dataclass(frozen=True, slots=True)
class PaymentInstructions:
    """How to pay, or how it was paid. ``means`` is UNTDID 4461: 58 SEPA transfer, 30 transfer, 48 card, 10
    cash."""

    means: str = "58"
    iban: str = ""
    bic: str = ""
    account_name: str = ""
    bank_name: str = ""
    reference: str = ""  #: what the payer should quote (BT-83)
    text: str = ""  #: "Visa ending in 4242"; printed and put into BT-82
    card_digits: str = ""  #: the last 4 to 6 digits of the card, never more (BT-87)

    def __post_init__(self) -> None:
        if self.means in ("30", "58") and not self.iban:
            raise EInvoiceError("payment by transfer needs an IBAN (BR-61)")
        if len(self.card_digits) > 6:
            raise EInvoiceError("of a card number at most six digits may be kept")


@dataclass(frozen=True, slots=True)
class InvoiceReference:
    """The earlier invoice that a credit note or cancellation refers to."""

    number: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class EInvoice:
    """All facts of one invoice, credit note or cancellation."""

    number: str
    issue_date: dt.date
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    kind: Kind = Kind.INVOICE
    currency: str = "EUR"
    allowances_charges: tuple[AllowanceCharge, ...] = ()
    delivery_date: dt.date | None = None
    ship_to: Party | None = None
    due_date: dt.date | None = None
    terms: str = ""  #: terms of payment in words (BT-20)
    payment: PaymentInstructions | None = None
    prepaid_minor: int = 0  #: paid already (BT-113)
    notes: tuple[str, ...] = ()
    preceding: InvoiceReference | None = None
    order_number: str = ""  #: ours (BT-14)
    order_date: dt.date | None = None
    purchase_order: str = ""  #: the buyer's own (BT-13)
    buyer_reference: str = ""  #: BT-10, the routing id of public buyers
    exemption_reason: str = ""  #: words for category E

    def __post_init__(self) -> None:
        if _blank(self.number):
            raise EInvoiceError("an invoice needs a number (BR-02)")
        if not self.lines:
            raise EInvoiceError("an invoice needs a line (BR-16)")
        if _blank(self.seller.name) or _blank(self.buyer.name):
            raise EInvoiceError("seller and buyer need a name (BR-06, BR-07)")
        if not (self.seller.vat_id or self.seller.tax_number):
            raise EInvoiceError("the seller needs a VAT id or a tax number (§ 14 (4) no. 2 UStG)")
        if self.kind is not Kind.INVOICE and self.preceding is None:
            raise EInvoiceError("a credit note or cancellation names the invoice it takes back")
        if self.prepaid_minor < 0:
            raise EInvoiceError("what was paid already is not negative")
        _refuse_incomplete_exemption(self)


def _blank(text: str) -> bool:
    """Whether nothing of ``text`` can be seen; control characters do not reach the XML."""
    return not any(char.isprintable() and not char.isspace() for char in text)


def _refuse_wrong_tax(category: VatCategory, rate_bp: int) -> None:
    if (category == VatCategory.STANDARD) != (rate_bp > 0):
        raise EInvoiceError(f"VAT category {category} does not go with {rate_bp / 100} % (BR-{category}-05)")


def _refuse_wrong_vat(vat_minor: int | None, gross_minor: int, rate_bp: int) -> None:
    if vat_minor is None:
        return
    if not 0 <= vat_minor <= gross_minor or (vat_minor and not rate_bp):
        raise EInvoiceError("the VAT given for a line does not fit into its gross amount")


def _refuse_incomplete_exemption(invoice: EInvoice) -> None:
    """What the categories without VAT ask for besides the rate, found before the schematron does."""
    used = {line.category for line in invoice.lines} | {part.category for part in invoice.allowances_charges}
    if used & {VatCategory.REVERSE_CHARGE, VatCategory.INTRA_COMMUNITY} and not invoice.buyer.vat_id:
        raise EInvoiceError("without VAT to a business only with its VAT id (BR-AE-02, BR-IC-02)")
    if used & {VatCategory.INTRA_COMMUNITY, VatCategory.EXPORT} and not invoice.seller.vat_id:
        raise EInvoiceError("supplies abroad need the seller's VAT id (BR-IC-02, BR-G-02)")
    if VatCategory.INTRA_COMMUNITY in used and not invoice.delivery_date:
        raise EInvoiceError("an intra-community supply needs the date of delivery (BR-IC-11)")
    if VatCategory.EXEMPT in used and not invoice.exemption_reason:
        raise EInvoiceError("an exemption needs its reason in words (BR-E-10)")
