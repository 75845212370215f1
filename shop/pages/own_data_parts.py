"""Which tables hold something of a person, how their rows are found, and what of them the person gets to read.

Each is one query of the export (own_data.py), however much there is. Words that staff wrote for each other, how the
house works inside, keys and secrets have no place here; `tests/shop/pages/test_own_data.py` names every table with a
person, an order or an e-mail address that is left out, and why.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

ALL = Q()


@dataclass(frozen=True)
class Part:
    """One table. ``fields``: name in the file (a dot nests) -> path of the ORM; a decimal amount whose name ends in
    ``_minor`` is told in minor units of the row's ``currency``. ``accounts``: paths to the account; ``emails``: to an
    address, which counts only where the person has shown that it is theirs. ``link``: path to the row around it."""

    name: str
    model: str
    fields: dict[str, str]
    accounts: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    only: Q = ALL
    link: str = ""
    inside: tuple[Part, ...] = ()


def _same(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


def _address(to: str, path: str) -> dict[str, str]:
    names = {
        "title": "title", "first_name": "first_name", "last_name": "last_name", "street": "line1",
        "further": "line2", "third_line": "line3", "city": "line4", "state": "state", "postcode": "postcode",
        "country": "country_id",
    }  # fmt: skip
    return {f"{to}{name}": f"{path}{column}" for name, column in names.items()}


def _of_order(name: str, model: str, fields: dict[str, str], path: str = "order") -> Part:
    return Part(name, model, fields, accounts=(f"{path}__user",), link=path)


_DISCOUNT = {
    "offer": "offer_name",
    "voucher_code": "voucher_code",
    "amount_minor": "amount",
    "currency": "order__currency",
}
_PRODUCT = {"product": "product__title", "product_number": "product__upc"}
_ALLOWANCE = _same("open_items_minor dunning_level paid_orders released blocked limit_minor updated_at")
_TO_PAY_BACK = {
    "order": "refund__payment__order__number",
    **_same("name iban"),
}

PROFILE = (
    Part("addresses", "address.UserAddress", {
        **_address("", ""), "phone": "phone_number", "notes": "notes",
        **_same("is_default_for_shipping is_default_for_billing"), "entered_at": "date_created",
    }, ("user",)),
    Part("email_addresses", "account.EmailAddress", _same("email verified primary"), ("user",)),
    Part("second_factors", "mfa.Authenticator", _same("type created_at last_used_at"), ("user",)),
    Part("deletions_asked_for", "customer.AccountDeletion", _same("asked_at due_at taken_back_at"), ("user",)),
    Part("purchase_on_account", "payment.CustomerCredit", _ALLOWANCE, ("user",)),
    Part("limit_on_account", "dunning.CustomerLimit", _same("points reasons computed_minor override_minor computed_at"),
         ("user",)),
)  # fmt: skip

ORDERS = (
    Part("orders", "order.Order", {
        **_same("number kind status language currency"), "replaces_order": "replaces__number",
        "placed_at": "date_placed", "total_minor": "total_incl_tax", "shipping_minor": "shipping_incl_tax",
        "shipping_method": "shipping_method", "email_typed": "guest_email",
        **_same("payment_method phone company vat_id vat_country buyer_reference carrier_contact_agreed_at"),
        **_address("billing_address.", "billing_address__"), **_address("shipping_address.", "shipping_address__"),
        "shipping_address.phone": "shipping_address__phone_number", "shipping_address.notes": "shipping_address__notes",
    }, ("user",), inside=(
        _of_order("lines", "order.Line", {
            "title": "title", "sku": "partner_sku", "quantity": "quantity", "amount_minor": "gross_minor",
            "amount_before_discount_minor": "gross_before_discount_minor",
            **_same("vat_rate_bp quantity_dispatched quantity_cancelled quantity_returned cancelled_minor"),
            **_same("withdrawal_exclusion"),
        }),
        _of_order("discounts", "order.OrderDiscount", _DISCOUNT),
        _of_order("agreed", "order.AcceptedSummary", {
            "seen_at": "seen_at", "summary_html": "html", "summary_sha256": "sha256", "legal_texts": "texts",
        }),
        _of_order("amendments", "order.Amendment", {
            "line": "line__title", **_same("kind quantity amount_minor at"),
        }),
        _of_order("changes", "changes.OrderChange", _same("kind state voice before_minor after_minor at")),
        _of_order("address_corrections", "order.AddressCorrection", _same("old new at")),
        Part("payments", "payment.Payment", {
            **_same("method state amount_minor currency card_label invoice_number costs_minor interest_minor"),
            **_same("created_at captured_at failure_text"),
        }, ("order__user",), link="order", inside=(
            _of_order("refunds", "payment.Refund", {
                **_same("state amount_minor currency by_transfer as_credit created_at succeeded_at"),
            }, "payment__order"),
        )),
        _of_order("money", "invoicing.OrderMoney", {
            **_same("kind amount_minor"), "currency": "account__currency", **_same("booked_on undone_at"),
        }, "account__order"),
        _of_order("parcels", "dispatch.Parcel", {
            **_same("number kind state carrier tracking_number packed_at dispatched_at"),
        }),
        _of_order("questions_about_missing_goods", "shortages.ShortageQuestion", {
            "line": "order_line__title", **_same("pieces state asked_at deadline answer answered_at"),
        }),
        _of_order("recalls", "recalls.Notice", {"recall": "recall__number", **_same("lines state sent_at")}),
        Part("returns", "receiving.Return", {
            **_same("number state announced_at expected_by received_at settled_at tracking_number given_back_at"),
            "send_by": "authorisation__send_by", "postage_paid_by": "authorisation__payer",
            "said_to_be_sent_at": "authorisation__sent_at", "label_tracking_number": "carrier_label__tracking_number",
        }, ("order__user",), link="order", inside=(
            Part("pieces", "receiving.ReturnItem", {
                "line": "order_line__title", **_same("quantity_announced quantity acceptance"),
            }, ("returning__order__user",), link="returning"),
            Part("wishes_about_the_money", "returns.RefundWish", _same("as_credit words at"),
                 ("returning__order__user",), link="returning"),
            Part("settled", "returns.Settlement", {
                **_same("state currency credited_minor refunded_minor credit_notes done_at"),
            }, ("order__user",), link="returning"),
        )),
        _of_order("exchanges", "returns.Exchange", {
            "new_order": "made__number", **_same("state more_minor back_minor"),
        }),
        _of_order("done_for_you", "remedies.Remedy", _same("act amount_minor currency at")),
    )),
)  # fmt: skip

MONEY = (
    Part("invoices", "invoicing.Invoice", {
        **_same("number kind state"), "order": "order_number", "corrects": "corrects__number",
        **_same("issued_on delivered_on due_on currency net_minor vat_minor gross_minor"),
        **_same("prepaid_minor paid_minor open_minor"),
        **_same("payment_method buyer ship_to taxes charges notes reason buyer_reference"),
    }, ("user", "order__user"), inside=(
        Part("lines", "invoicing.InvoiceLine", {
            **_same("position name sku attributes quantity"), "amount_minor": "gross_minor",
            **_same("discount_minor rate_bp vat_minor"),
        }, ("invoice__user", "invoice__order__user"), link="invoice"),
    )),
    Part("payment_reminders", "dunning.DunningNotice", {
        **_same("number level email issued_on pay_until currency open_minor interest_minor fee_minor lump_sum_minor"),
    }, ("user",), inside=(
        Part("promises", "dunning.PaymentPromise", _same("amount_minor pay_on state by_customer created_at"),
             ("notice__user",), link="notice"),
    )),
    Part("statements_of_account", "reports.CustomerStatement",
         _same("name email first_day last_day balance_minor created_at"), ("user",)),
    Part("bank_accounts_for_refunds", "sepa.ReceiverAccount", {**_TO_PAY_BACK, "given_at": "given_at"},
         ("refund__payment__order__user",)),
    Part("refunds_by_transfer", "sepa.Transfer", {**_TO_PAY_BACK, **_same("amount_minor text end ended_at")},
         ("refund__payment__order__user",)),
    Part("store_credit", "store_credit.CreditAccount", _same("currency balance_minor opened_at"), ("user",), inside=(
        Part("movements", "store_credit.Movement", {**_same("kind amount_minor at"), "order": "order__number"},
             ("account__user",), link="account"),
    )),
    Part("vouchers", "vouchers.PersonalVoucher", {
        "code": "voucher__code", **_same("amount_minor currency created_at"), "given_for_order": "order__number",
    }, ("user",)),
    Part("vouchers_used", "voucher.VoucherApplication", {
        "code": "voucher__code", "order": "order__number", "at": "date_created",
    }, ("user", "order__user")),
)  # fmt: skip

SHOPPING = (
    Part("baskets", "basket.Basket", {"state": "status", "begun_at": "date_created"}, ("owner",), inside=(
        Part("lines", "basket.Line", {**_PRODUCT, "quantity": "quantity", "added_at": "date_created"},
             ("basket__owner",), link="basket"),
    )),
    Part("wish_lists", "wishlists.WishList", {
        **_same("name visibility"), "begun_at": "date_created",
    }, ("owner",), inside=(
        Part("lines", "wishlists.Line", {"title": "title", **_PRODUCT, "quantity": "quantity"},
             ("wishlist__owner",), link="wishlist"),
    )),
    Part("reviews", "reviews.ProductReview", {
        **_PRODUCT, "stars": "score", **_same("title body name state language written_at decided_at decided_why"),
    }, ("user",)),
    Part("votes_on_reviews", "reviews.Vote", {
        "product": "review__product__title", "vote": "delta", "at": "date_created",
    }, ("user",)),
    Part("reports_of_reviews", "reviews.ReviewReport", {
        "product": "review__product__title", **_same("reason words email created_at upheld decided_at"),
    }, emails=("email",)),
    Part("alerts", "stock_alerts.StockAlert", {
        **_PRODUCT, **_same("email language state asked_at confirmed_at ended_at"),
    }, ("user",), ("email",)),
    Part("product_alerts", "customer.ProductAlert", {
        **_PRODUCT, "email": "email", "state": "status", "asked_at": "date_created", "confirmed_at": "date_confirmed",
    }, ("user",)),
    Part("views", "analytics.UserProductView", {**_PRODUCT, "at": "date_created"}, ("user",)),
    Part("searches", "analytics.UserSearch", {"words": "query", "at": "date_created"}, ("user",)),
    Part("counted", "analytics.UserRecord",
         _same("num_product_views num_basket_additions num_orders num_order_lines num_order_items date_last_order"),
         ("user",)),
)  # fmt: skip

WORDS = (
    Part("newsletter", "customer.NewsletterConsent", _same("email kind at place version words language via"),
         emails=("email",)),
    Part("newsletters_sent", "notifications.NewsletterCopy", {
        "email": "email", "subject": "mail__subject", "written_at": "mail__created_at",
    }, emails=("email",)),
    Part("requests", "cases.Case", {
        **_same("number kind reason wish remedy subject name email language"), "order": "order__number",
        **_same("lines state opened_at answered_at solved_at"),
    }, ("user",), inside=(
        Part("messages", "cases.Message", {"from": "side", "text": "body", "at": "at"}, ("case__user",),
             only=~Q(side="note"), link="case", inside=(
                 Part("pictures", "cases.Picture", _same("sha256 width height size"), ("message__case__user",),
                      only=~Q(message__side="note"), link="message"),
             )),
    )),
    Part("withdrawals", "withdrawals.Withdrawal", {
        **_same("number name contract email language received_at lines content sha256 state"), "order": "order__number",
    }, ("order__user",), ("email",)),
    Part("mails", "notifications.OutgoingMail", {
        "kind": "kind", "to": "recipient", **_same("subject language"), "order": "order__number",
        "written_at": "created_at", "sent_at": "done_at",
    }, ("user", "order__user")),
    Part("notifications", "communication.Notification", {
        **_same("subject body"), "sent_at": "date_sent", "read_at": "date_read",
    }, ("recipient",)),
    Part("messages_of_the_account", "communication.Email", {
        "to": "email", "subject": "subject", "text": "body_text", "sent_at": "date_sent",
    }, ("user",)),
)  # fmt: skip

PARTS: tuple[Part, ...] = (*PROFILE, *ORDERS, *MONEY, *SHOPPING, *WORDS)
