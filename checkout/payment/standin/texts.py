"""What the stand-in's pages say, in the two languages of the shop."""

from __future__ import annotations

from .params import CURRENCIES

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "notice": "Test payments: this is a stand-in, no money moves.",
        "card_number": "Card number",
        "expiry": "Expiry date",
        "expiry_hint": "MM / YY",
        "cvc": "Security code",
        "cvc_hint": "CVC",
        "test_cards": "Fill in a test card",
        "pay_with": "Or pay at once with a test card",
        "quick_success": "Succeeds",
        "quick_declined": "Declined",
        "quick_secure": "3-D Secure",
        "pay_title": "Pay by card",
        "pay_button": "Pay {amount}",
        "back": "Back to the shop without paying",
        "incomplete_number": "Your card number is incomplete.",
        "incorrect_number": "Your card number is invalid.",
        "incomplete_expiry": "Your card's expiration date is incomplete.",
        "past_expiry": "Your card's expiration date is in the past.",
        "incomplete_cvc": "Your card's security code is incomplete.",
        "no_connection": "The payment service could not be reached. Nothing was charged twice; please try "
        "again.",
        "secure_title": "Confirm your payment",
        "secure_text": "With a real card your bank would now ask you to confirm {amount}. Here you decide "
        "how it ends.",
        "secure_complete": "Complete authentication",
        "secure_fail": "Fail authentication",
        "over_title": "This page is no longer needed",
        "over_text": "The payment has gone on without it, or has been cancelled. Nothing more is charged "
        "here.",
        "over_back": "Back to the shop",
        "unknown_title": "Page not found",
        "unknown_text": "The stand-in knows no such page or payment. Please go back to the shop and start "
        "the payment again.",
        "card": "Card ending in {last4}",
    },
    "de": {
        "notice": "Testzahlung: Ersatzserver, es fließt kein Geld.",
        "card_number": "Kartennummer",
        "expiry": "Gültig bis",
        "expiry_hint": "MM / JJ",
        "cvc": "Prüfnummer",
        "cvc_hint": "CVC",
        "test_cards": "Testkarte eintragen",
        "pay_with": "Oder gleich mit einer Testkarte zahlen",
        "quick_success": "Erfolg",
        "quick_declined": "Abgelehnt",
        "quick_secure": "3-D Secure",
        "pay_title": "Mit Karte zahlen",
        "pay_button": "{amount} zahlen",
        "back": "Zurück zum Shop, ohne zu zahlen",
        "incomplete_number": "Ihre Kartennummer ist unvollständig.",
        "incorrect_number": "Ihre Kartennummer ist ungültig.",
        "incomplete_expiry": "Das Ablaufdatum Ihrer Karte ist unvollständig.",
        "past_expiry": "Das Ablaufdatum Ihrer Karte liegt in der Vergangenheit.",
        "incomplete_cvc": "Die Prüfnummer Ihrer Karte ist unvollständig.",
        "no_connection": "Der Zahlungsdienst war nicht erreichbar. Es wurde nichts doppelt abgebucht; "
        "bitte versuchen Sie es noch einmal.",
        "secure_title": "Zahlung freigeben",
        "secure_text": "Bei einer echten Karte würde Ihre Bank Sie jetzt bitten, {amount} freizugeben. "
        "Hier bestimmen Sie, wie es ausgeht.",
        "secure_complete": "Freigabe erteilen",
        "secure_fail": "Freigabe verweigern",
        "over_title": "Diese Seite wird nicht mehr gebraucht",
        "over_text": "Die Zahlung ist ohne sie weitergegangen oder wurde abgebrochen. Hier wird nichts mehr "
        "abgebucht.",
        "over_back": "Zurück zum Shop",
        "unknown_title": "Seite nicht gefunden",
        "unknown_text": "Der Ersatzserver kennt diese Seite oder Zahlung nicht. Bitte gehen Sie zurück zum "
        "Shop und "
        "beginnen Sie die Zahlung neu.",
        "card": "Karte mit den Endziffern {last4}",
    },
}
SCRIPT_TEXTS = (
    "incomplete_number",
    "incorrect_number",
    "incomplete_expiry",
    "past_expiry",
    "incomplete_cvc",
    "no_connection",
)
"""Texts that the script of the card form needs."""


def language(*wishes: str | None) -> str:
    """`de` or `en`: the first wish that names one of them, else German, the shop's own language."""
    for wish in wishes:
        if wish and wish[:2].lower() in TEXTS:
            return wish[:2].lower()
    return "de"


def amount(minor: int, currency: str, locale: str) -> str:
    """`1999, "eur"` as `€19.99` or `19,99 €`."""
    digits = CURRENCIES[currency][0]
    plain = f"{minor / 10**digits:,.{digits}f}"
    sign = {"eur": "€", "usd": "$", "gbp": "£"}.get(currency, currency.upper())
    if locale == "de":
        return f"{plain.translate(str.maketrans(',.', '.,'))}\u00a0{sign}"
    return f"{sign}{plain}" if len(sign) == 1 else f"{sign}\u00a0{plain}"
