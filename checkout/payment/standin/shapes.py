"""The objects as Stripe shapes them: every field a caller may read is there, null where we have nothing."""

from __future__ import annotations

from typing import Any

from .cards import TestCard

Body = dict[str, Any]
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
NETWORK_REASON = {"fraudulent": "10.4", "product_not_received": "13.1", "general": "10.4"}
CLIENT_FIELDS = (
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_configuration_details",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
)
"""What a browser with the publishable key may see of a payment intent."""


def nothing(*names: str) -> Body:
    """The named fields, all null."""
    return dict.fromkeys(names)


def payment_intent(ident: str, secret: str, created: int, amount: int, currency: str) -> Body:
    """A fresh payment intent; `amount` in minor units."""
    return {
        "id": ident,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": secret,
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "automatic_payment_methods": None,
    } | nothing(
        "application",
        "application_fee_amount",
        "canceled_at",
        "cancellation_reason",
        "customer",
        "description",
        "last_payment_error",
        "latest_charge",
        "next_action",
        "on_behalf_of",
        "payment_method",
        "payment_method_configuration_details",
        "processing",
        "receipt_email",
        "review",
        "setup_future_usage",
        "shipping",
        "source",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
        "excluded_payment_method_types",
        "customer_account",
        "managed_payments",
    )


def payment_method(ident: str, created: int, card: TestCard, month: int, year: int, billing: Body) -> Body:
    """A card as it may be kept: brand, last four, expiry."""
    return {
        "id": ident,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(billing),
        "card": {
            "brand": card.brand,
            "checks": nothing("address_line1_check", "address_postal_code_check")
            | {"cvc_check": "unchecked"},
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": month,
            "exp_year": year,
            "fingerprint": f"standin{card.brand}{card.last4}",
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": created,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def billing_details(given: Body) -> Body:
    """Name, address and so on, as given; empty fields are null."""
    address = given.get("address") if isinstance(given.get("address"), dict) else {}
    return {
        "address": {name: (address or {}).get(name) for name in ADDRESS},
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tax_id": None,
    }


def charge(ident: str, created: int, intent: Body, method: Body, *, secure: bool) -> Body:
    """A charge for the whole amount of `intent`, successful until told otherwise."""
    return {
        "id": ident,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "STAND-IN",
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": approved_outcome(),
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card_details(intent, method, secure), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "shipping": intent["shipping"],
        "status": "succeeded",
    } | nothing(
        "application",
        "application_fee",
        "application_fee_amount",
        "customer",
        "failure_balance_transaction",
        "failure_code",
        "failure_message",
        "on_behalf_of",
        "receipt_number",
        "receipt_url",
        "review",
        "source",
        "source_transfer",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    )


def _card_details(intent: Body, method: Body, secure: bool) -> Body:
    card = method["card"]
    unavailable = {"status": "unavailable"}
    three_d_secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
    kept = (
        "brand",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
    )
    return {name: card[name] for name in kept} | {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "checks": card["checks"] | {"cvc_check": "pass"},
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": unavailable,
        "installments": None,
        "mandate": None,
        "multicapture": unavailable,
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": unavailable | {"maximum_amount_capturable": intent["amount"]},
        "three_d_secure": three_d_secure if secure else None,
        "transaction_link_id": None,
        "wallet": None,
    }


def approved_outcome() -> Body:
    """What the card network says of a charge that went through."""
    return nothing("advice_code", "network_advice_code", "network_decline_code", "reason") | {
        "network_status": "approved_by_network",
        "risk_level": "normal",
        "seller_message": "Payment complete.",
        "type": "authorized",
    }


def declined_outcome(reason: str, advice: str) -> Body:
    """What the card network says of a declined charge."""
    return nothing("network_advice_code", "network_decline_code") | {
        "advice_code": advice,
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def refund(ident: str, created: int, charge_body: Body, amount: int, status: str) -> Body:
    """A refund of `amount` minor units of a charge."""
    return {
        "id": ident,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge_body["id"],
        "created": created,
        "currency": charge_body["currency"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": {},
        "payment_intent": charge_body["payment_intent"],
        "status": status,
    } | nothing(
        "reason",
        "receipt_number",
        "source_transfer_reversal",
        "transfer_reversal",
        "customer",
        "customer_account",
        "payment_method",
    )


def dispute(ident: str, created: int, charge_body: Body, reason: str, status: str, due_by: int) -> Body:
    """A dispute about a whole charge; `due_by` is the last second for evidence."""
    inquiry = status.startswith("warning")
    return {
        "id": ident,
        "object": "dispute",
        "amount": charge_body["amount_captured"],
        "balance_transactions": [],
        "charge": charge_body["id"],
        "created": created,
        "currency": charge_body["currency"],
        "enhanced_eligibility_types": [],
        "evidence": nothing(*EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge_body["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge_body["payment_method_details"]["card"]["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": charge_body["payment_method_details"]["card"]["brand"],
                "network_reason_code": NETWORK_REASON.get(reason, "10.4"),
            },
            "type": "card",
        },
        "reason": reason,
        "status": status,
    }


def payout(ident: str, created: int, amount: int, currency: str, arrival: int, *, automatic: bool) -> Body:
    """A payout of `amount` minor units to the merchant's bank."""
    return {
        "id": ident,
        "object": "payout",
        "amount": amount,
        "arrival_date": arrival,
        "automatic": automatic,
        "balance_transaction": None,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_standin0000000000000000",
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "source_type": "card",
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    } | nothing(
        "application_fee",
        "application_fee_amount",
        "failure_balance_transaction",
        "failure_code",
        "failure_message",
        "original_payout",
        "payout_method",
        "reversed_by",
        "statement_descriptor",
    )
