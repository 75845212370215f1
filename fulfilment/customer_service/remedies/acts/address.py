"""An address that is wrong: where the goods go, or what stands on the invoice."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.forms import POSTCODES, AddressForm, Line
from checkout.order.actions import AddressNotCorrected, correct_address
from checkout.order.actions.address import CLOSED
from checkout.order.models import Order, ShippingAddress
from fulfilment.customer_service.changes.actions import change
from fulfilment.customer_service.changes.altering import ADDRESS_PARTS, ChangeRefused
from fulfilment.customer_service.changes.models import ADDRESS
from fulfilment.customer_service.changes.rules import what_may_change
from fulfilment.customer_service.changes.wishes import Wish as Change
from fulfilment.customer_service.remedies import booking
from fulfilment.customer_service.remedies.effects import GOODS, MAIL, MONEY, ORDER, Effects, of_entries
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.finance.invoicing.accounts import given_up_minor
from fulfilment.finance.invoicing.actions import Correction, NotReplaced, Replaced, replace_invoice
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.models import Parcel
from shop.kernel.transactions import rehearsed
from shop.ui.numbers import money_text

from .base import Act, ActForm, Done, Refused, Wish
from .credit import standing


class DeliveryAddressForm(ActForm):
    """Where it goes, within the country of the order: other prices and taxes hold in others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ADDRESS_PARTS:
            self.fields[name] = deepcopy(AddressForm.base_fields[name])
            self.fields[name].initial = getattr(self.order.shipping_address, name, "")
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.order_fields([*ADDRESS_PARTS, "reason", "words", "decide"])

    def clean_postcode(self) -> str:
        """It fits the country."""
        code, address = str(self.cleaned_data["postcode"]), self.order.shipping_address
        pattern = POSTCODES.get(str(address.country_id) if address else "")
        if pattern and not re.fullmatch(pattern, code, re.ASCII):
            raise forms.ValidationError(_("This is not a postcode of the country that the order goes to."))
        return code


class CorrectAddress(Act):
    """The goods go somewhere else; labels follow."""

    code = "address"
    title = gettext_lazy("Correct the delivery address")
    text = gettext_lazy("Where it goes, with a new label where one was made.")
    icon = "pin"
    permission = "order.correct_addresses"
    form = DeliveryAddressForm

    def refusal(self, order: Order) -> str:
        """Only what is still to leave, and is not fetched."""
        if order.status in CLOSED:
            return _("Nothing of it leaves any more: the order is dispatched or cancelled.")
        if order.shipping_address_id is None:
            return _("This order is fetched in the store; it goes to no address.")
        return ""

    def effects(self, wish: Wish) -> Effects:
        """Old and new address, labels, parcels that have left; no money."""
        parts, found = _parts(wish), Effects()
        address = ShippingAddress.objects.select_related("country").get(order=wish.order)
        if all(str(getattr(address, name) or "") == value for name, value in parts.items()):
            raise Refused(_("Nothing was changed."))
        was = ", ".join(address.active_address_fields())
        for name, value in parts.items():
            setattr(address, name, value)
        found.say(ORDER, _("It went to: %(address)s.") % {"address": was})
        goes = {"address": ", ".join(address.active_address_fields())}
        found.say(ORDER, _("It goes to: %(address)s.") % goes)
        self._say_parcels(found, wish.order)
        found.say(MONEY, _("No money moves, and the address of the invoice stays."))
        if _is_early(wish.order):
            mail = {"email": wish.order.email or "–"}
            found.say(MAIL, _("The customer is told by mail: %(email)s") % mail)
        else:
            found.say(MAIL, _("The customer is not told by mail; please tell them."))
        return found

    def _say_parcels(self, found: Effects, order: Order) -> None:
        parcels = list(Parcel.objects.filter(order=order).exclude(state="unpacked").order_by("pk"))
        for parcel in parcels:
            words = {"number": parcel.number}
            if parcel.state == "packed":
                found.say(
                    GOODS, _("Parcel %(number)s is still here: it gets a label for the new address.") % words
                )
            else:
                found.say(GOODS, _("Parcel %(number)s has left already; it goes to the old address.") % words)
        if not parcels:
            found.say(GOODS, _("The stock stays as it is; nothing is packed yet."))

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """By the change of the order as long as that is possible, which confirms it by mail; else the address alone."""
        try:
            if _is_early(wish.order):
                change(
                    order=wish.order,
                    wish=Change(ADDRESS, address=_parts(wish)),
                    key=f"remedy:{remedy.pk}",
                    by=wish.by,
                    why=remedy.words,
                )
            else:
                fields: dict[str, Any] = _parts(wish)
                correct_address(order=wish.order, by=wish.by, why=remedy.words, **fields)
        except (AddressNotCorrected, ChangeRefused) as problem:
            raise Refused(str(problem)) from None
        address = ShippingAddress.objects.select_related("country").get(order=wish.order)
        goes = {"address": ", ".join(address.active_address_fields())}
        return Done(_("The order goes to: %(address)s.") % goes)


def _parts(wish: Wish) -> dict[str, str]:
    return {name: str(wish.data[name]) for name in ADDRESS_PARTS}


def _is_early(order: Order) -> bool:
    return what_may_change(order)[ADDRESS].allowed


#: Parts of the buyer that stand on an invoice and are corrected here. Country, VAT id and tax have a page of finance.
PARTS: dict[str, Any] = {
    "name": gettext_lazy("Company or name"),
    "contact": gettext_lazy("Contact person"),
    "extra": gettext_lazy("Addition"),
    "street": gettext_lazy("Street and number"),
    "postcode": gettext_lazy("Postcode"),
    "city": gettext_lazy("City"),
}


#: Who may write the invoice to another name: what is written to the wrong one is owed twice (§ 14c UStG).
ANOTHER_BUYER = "invoicing.issue_credit_notes"


def correctable(order: Order) -> list[Invoice]:
    """Invoices of an order that can be cancelled and issued anew: nothing was credited or given up of them."""
    return [one for one in standing(order) if not one.corrections.exists() and not given_up_minor(one)]


class InvoiceAddressForm(ActForm):
    """Which invoice, and what shall stand on it."""

    invoice = forms.ChoiceField(label=gettext_lazy("Invoice"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        invoices = correctable(self.order)
        field: Any = self.fields["invoice"]
        field.choices = [(str(one.pk), f"{one.number} ({_money(one)})") for one in invoices]
        buyer = invoices[0].buyer if invoices else {}
        for name, label in PARTS.items():
            most = 12 if name == "postcode" else 80
            self.fields[name] = Line(label=label, max_length=most, required=name == "name")
            self.fields[name].initial = buyer.get(name, "")
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.order_fields(["invoice", *PARTS, "reason", "words", "decide"])


def _money(invoice: Invoice) -> str:
    return money_text(invoice.gross_minor, invoice.currency)


class CorrectInvoice(Act):
    """The invoice is cancelled, and a new one with the right address stands in its place (§ 14c, § 31 (5) UStDV)."""

    code = "invoice_address"
    title = gettext_lazy("Correct the address of an invoice")
    text = gettext_lazy("The invoice is cancelled, and a new one over the same stands in its place.")
    icon = "invoice"
    form = InvoiceAddressForm

    def refusal(self, order: Order) -> str:
        """Only an invoice of which nothing was credited."""
        if correctable(order):
            return ""
        if not standing(order):
            return _("Nothing was invoiced yet. Correct the address with the customer before that.")
        return _("Credit notes stand against its invoices, or they were given up; they stay as they are.")

    def effects(self, wish: Wish) -> Effects:
        """Both documents and their entries: it is done and taken back."""
        found = Effects()
        invoice = self._invoice(wish)

        def rehearse() -> None:
            done = self._replace(wish, invoice)
            sources = [f"invoice:{done.cancellation.number}", f"invoice:{done.invoice.number}"]
            found.rows = of_entries(sources)

        rehearsed(rehearse)
        found.booked = _("at once")
        was = ", ".join(invoice.buyer.get(name, "") for name in PARTS if invoice.buyer.get(name))
        shall = ", ".join(_buyer(wish)[name] for name in PARTS if _buyer(wish)[name])
        facts = {"number": invoice.number, "amount": _money(invoice), "was": was, "shall": shall}
        found.say(ORDER, _("Invoice %(number)s to “%(was)s” is cancelled.") % facts)
        found.say(
            ORDER,
            _("A new one over the same %(amount)s is issued to “%(shall)s”, with a number of its own.")
            % facts,
        )
        found.say(
            MONEY,
            _("No money moves: what was paid counts for the new one, which is due on the same day: %(day)s.")
            % {"day": date_format(invoice.due_on)},
        )
        found.say(GOODS, _("The stock stays as it is, and the delivery address too."))
        found.say(
            MAIL, _("The customer gets both documents by mail: %(email)s.") % {"email": wish.order.email}
        )
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Cancel it and issue it anew."""
        invoice = self._invoice(wish)
        done = self._replace(wish, invoice)
        facts = {"old": invoice.number, "new": done.invoice.number}
        return Done(
            _("Invoice %(old)s is cancelled; %(new)s stands in its place.") % facts,
            {"invoices": [done.cancellation.number, done.invoice.number]},
        )

    def _replace(self, wish: Wish, invoice: Invoice) -> Replaced:
        reason = booking.in_language(invoice.language, lambda: _("Correction of the address"))
        try:
            return replace_invoice(
                invoice=invoice,
                correction=Correction(buyer=_buyer(wish), keeps_due=True),
                reason=reason,
                by=wish.by,
            )
        except NotReplaced as refused:
            raise Refused(str(refused)) from None

    def _invoice(self, wish: Wish) -> Invoice:
        found = {str(one.pk): one for one in correctable(wish.order)}.get(str(wish.data["invoice"]))
        if found is None:
            raise Refused(_("This invoice was corrected or credited meanwhile."))
        if found.buyer.get("name", "") != wish.data["name"] and not wish.by.has_perm(ANOTHER_BUYER):
            raise Refused(
                _(
                    "Another name may be another buyer, who then owes the invoice. Accounting corrects it, on the page "
                    "of the invoice; address, addition and contact person you can correct here."
                )
            )
        return found


def _buyer(wish: Wish) -> dict[str, str]:
    return {name: str(wish.data[name]) for name in PARTS}
