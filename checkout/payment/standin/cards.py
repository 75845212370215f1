"""Stripe's test cards: what each number does. The source is Stripe's own list at docs.stripe.com/testing.

A number lives only in memory while a request is worked on; what is kept is brand, last four and outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

SUCCEED = "succeed"


@dataclass(frozen=True)
class TestCard:
    """One test card: its number, token (`pm_card_...`) and what happens when it is charged.

    `outcome` is `succeed` or the key of a decline in `DECLINES`; `secure` asks for 3-D Secure first;
    `after` names what follows a successful charge (dispute, refund that fails or stays pending).
    """

    __test__ = False
    number: str
    token: str
    brand: str = "visa"
    outcome: str = SUCCEED
    secure: bool = False
    after: str = ""
    country: str = "US"
    funding: str = "credit"
    shown: str = ""

    @property
    def last4(self) -> str:
        """The four digits that may be kept."""
        return self.number[-4:]


@dataclass(frozen=True)
class Decline:
    """What Stripe answers (402) when a card is declined; texts in both languages of the shop."""

    code: str
    message: str
    german: str
    decline_code: str | None = None
    param: str | None = None
    advice: str = "try_again_later"


DECLINED = "Your card was declined."
GERMAN_DECLINED = "Ihre Karte wurde abgelehnt."
DECLINES = {
    "generic_decline": Decline("card_declined", DECLINED, GERMAN_DECLINED, "generic_decline"),
    "insufficient_funds": Decline(
        "card_declined",
        "Your card has insufficient funds.",
        "Ihre Karte ist nicht ausreichend gedeckt.",
        "insufficient_funds",
    ),
    "lost_card": Decline("card_declined", DECLINED, GERMAN_DECLINED, "lost_card", advice="do_not_try_again"),
    "stolen_card": Decline(
        "card_declined", DECLINED, GERMAN_DECLINED, "stolen_card", advice="do_not_try_again"
    ),
    "fraudulent": Decline(
        "card_declined", DECLINED, GERMAN_DECLINED, "fraudulent", advice="do_not_try_again"
    ),
    "card_velocity_exceeded": Decline(
        "card_declined",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        "Ihre Karte wurde abgelehnt: zu viele Versuche oder das Limit ist überschritten.",
        "card_velocity_exceeded",
    ),
    "expired_card": Decline(
        "expired_card",
        "Your card has expired.",
        "Ihre Karte ist abgelaufen.",
        None,
        "exp_month",
        "do_not_try_again",
    ),
    "incorrect_cvc": Decline(
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        "Die Prüfnummer Ihrer Karte ist falsch.",
        None,
        "cvc",
        "confirm_card_data",
    ),
    "processing_error": Decline(
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        "Bei der Verarbeitung Ihrer Karte ist ein Fehler aufgetreten. Bitte versuchen Sie es gleich noch "
        "einmal.",
    ),
}
"""Failures when charging."""

REFUSALS = {
    "incorrect_number": Decline(
        "incorrect_number", "Your card number is incorrect.", "Ihre Kartennummer ist falsch.", None, "number"
    ),
    "invalid_expiry_month": Decline(
        "invalid_expiry_month",
        "Your card's expiration month is invalid.",
        "Der Ablaufmonat Ihrer Karte ist ungültig.",
        None,
        "exp_month",
    ),
    "invalid_expiry_year": Decline(
        "invalid_expiry_year",
        "Your card's expiration year is invalid.",
        "Das Ablaufjahr Ihrer Karte ist ungültig.",
        None,
        "exp_year",
    ),
    "invalid_cvc": Decline(
        "invalid_cvc",
        "Your card's security code is invalid.",
        "Die Prüfnummer Ihrer Karte ist ungültig.",
        None,
        "cvc",
    ),
    "test_mode_live_card": Decline(
        "card_declined",
        "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list "
        "of "
        "valid test cards, visit: https://stripe.com/docs/testing.",
        "Ihre Karte wurde abgelehnt: Dies ist ein Test, aber die Karte ist keine Testkarte. Bitte nehmen "
        "Sie eine "
        "der angezeigten Testkarten; echte Karten gehören nicht hierher.",
        "test_mode_live_card",
    ),
}
"""Failures when the card is entered."""

CARDS = [
    TestCard("4242424242424242", "pm_card_visa", shown="Visa, succeeds"),
    TestCard("4000056655665556", "pm_card_visa_debit", funding="debit", shown="Visa debit, succeeds"),
    TestCard("5555555555554444", "pm_card_mastercard", "mastercard", shown="Mastercard, succeeds"),
    TestCard("5200828282828210", "pm_card_mastercard_debit", "mastercard", funding="debit"),
    TestCard("378282246310005", "pm_card_amex", "amex", shown="American Express, succeeds"),
    TestCard("6011111111111117", "pm_card_discover", "discover"),
    TestCard("4000002760000016", "pm_card_de", country="DE", shown="Visa, Germany, succeeds"),
    TestCard("4000000400000008", "pm_card_at", country="AT"),
    TestCard(
        "4000000000000077",
        "pm_card_bypassPending",
        after="available",
        shown="succeeds, money available at once",
    ),
    TestCard("4000000000000002", "pm_card_visa_chargeDeclined", outcome="generic_decline", shown="declined"),
    TestCard(
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        outcome="insufficient_funds",
        shown="declined: insufficient funds",
    ),
    TestCard(
        "4000000000009987",
        "pm_card_visa_chargeDeclinedLostCard",
        outcome="lost_card",
        shown="declined: lost card",
    ),
    TestCard(
        "4000000000009979",
        "pm_card_visa_chargeDeclinedStolenCard",
        outcome="stolen_card",
        shown="declined: stolen card",
    ),
    TestCard(
        "4000000000000069",
        "pm_card_chargeDeclinedExpiredCard",
        outcome="expired_card",
        shown="declined: expired",
    ),
    TestCard(
        "4000000000000127",
        "pm_card_chargeDeclinedIncorrectCvc",
        outcome="incorrect_cvc",
        shown="declined: wrong security code",
    ),
    TestCard(
        "4000000000000119",
        "pm_card_chargeDeclinedProcessingError",
        outcome="processing_error",
        shown="declined: processing error",
    ),
    TestCard(
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        outcome="card_velocity_exceeded",
        shown="declined: too many attempts",
    ),
    TestCard(
        "4100000000000019", "pm_card_radarBlock", outcome="fraudulent", shown="declined: always blocked"
    ),
    TestCard(
        "4000002500003155",
        "pm_card_authenticationRequiredOnSetup",
        secure=True,
        shown="3-D Secure, then succeeds",
    ),
    TestCard(
        "4000002760003184", "pm_card_authenticationRequired", secure=True, shown="3-D Secure, then succeeds"
    ),
    TestCard(
        "4000000000003220", "pm_card_threeDSecure2Required", secure=True, shown="3-D Secure 2, then succeeds"
    ),
    TestCard(
        "4000008400001629",
        "pm_card_threeDSecureRequiredChargeDeclined",
        outcome="generic_decline",
        secure=True,
        shown="3-D Secure, then declined",
    ),
    TestCard(
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        outcome="insufficient_funds",
        secure=True,
        shown="3-D Secure, then insufficient funds",
    ),
    TestCard(
        "4000000000000259",
        "pm_card_createDispute",
        after="dispute_fraudulent",
        shown="succeeds, then disputed as fraudulent",
    ),
    TestCard(
        "4000000000002685",
        "pm_card_createDisputeProductNotReceived",
        after="dispute_product_not_received",
        shown="succeeds, then disputed: not received",
    ),
    TestCard(
        "4000000000001976",
        "pm_card_createDisputeInquiry",
        after="inquiry_general",
        shown="succeeds, then an inquiry",
    ),
    TestCard(
        "4000000000007726",
        "pm_card_pendingRefund",
        after="refund_pending",
        shown="succeeds, refunds stay pending for a while",
    ),
    TestCard(
        "4000000000005126", "pm_card_refundFail", after="refund_fails", shown="succeeds, refunds fail later"
    ),
]
ALIASES = {
    "pm_card_chargeDeclined": "pm_card_visa_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds": "pm_card_visa_chargeDeclinedInsufficientFunds",
    "pm_card_threeDSecureRequired": "pm_card_threeDSecure2Required",
}
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {card.token: card for card in CARDS}
BY_TOKEN |= {alias: BY_TOKEN[token] for alias, token in ALIASES.items()}
QUICK = {"success": "4242424242424242", "declined": "4000000000000002", "secure": "4000002760003184"}
"""The three cards behind the quick buttons of the card form."""


def passes_luhn(number: str) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812)."""
    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19:
        return False
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
