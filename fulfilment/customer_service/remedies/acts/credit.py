"""Money without goods coming back: for single articles or all, as a price reduction (§ 441 BGB), or as goodwill."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.order.models import Order
from fulfilment.customer_service.cases import kinds
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.remedies import booking
from fulfilment.customer_service.remedies.effects import GOODS, Effects
from fulfilment.customer_service.remedies.models import Remedy
from fulfilment.customer_service.returns.plan import plan
from fulfilment.finance.invoicing.actions import credit_note
from fulfilment.finance.invoicing.actions.rests import credited_of, rest_of_line, rests_of
from fulfilment.finance.invoicing.models import Invoice, InvoiceLine
from shop.ui.amounts import AmountField
from shop.ui.numbers import money_text

from .base import Act, ActForm, Done, Refused, Wish
from .pieces import Choice, PiecesForm


def standing(order: Order) -> list[Invoice]:
    """Invoices of an order that were not cancelled, the first one first. Two queries."""
    rows = Invoice.objects.claims().filter(order=order).exclude(state="cancelled").order_by("pk")
    return list(rows.prefetch_related("lines"))


def rest_minor(order: Order) -> int:
    """What of all invoices of an order no credit note has taken, gross minor units."""
    invoices = standing(order)
    return sum(one.gross_minor for one in invoices) - sum(credited_of(invoices).values())


class CreditAct(Act):
    """What the three have in common: a credit note, and what follows of it."""

    def refusal(self, order: Order) -> str:
        """Only what stands on an invoice can be credited."""
        if not standing(order):
            return _("Nothing was invoiced yet. Change or cancel the order instead.")
        return "" if rest_minor(order) > 0 else _("Everything was credited already.")

    def credit(self, wish: Wish, source: str) -> list[Invoice]:
        """Issue the credit notes. Raises Refused and what ``credit_note`` raises."""
        raise NotImplementedError

    def _book(self, wish: Wish, source: str) -> booking.Booked:
        return booking.book(
            wish.order,
            source=source,
            title=str(self.title),
            by=wish.by,
            as_credit=bool(wish.data.get("as_credit")),
            credit=lambda: self.credit(wish, source),
        )

    def effects(self, wish: Wish) -> Effects:
        """To the cent: it is done and taken back."""
        found = booking.effects_of(wish.order, lambda: self._book(wish, f"rehearsal:{uuid.uuid4().hex}"))
        found.say(GOODS, _("The customer keeps the goods; the stock stays as it is."))
        return found

    def do(self, wish: Wish, remedy: Remedy) -> Done:
        """Credit it, and send the money back."""
        booked = self._book(wish, f"remedy:{remedy.pk}")
        return Done(booking.done_text(booked, wish.order), booked.facts)

    def reason(self, invoice: Invoice, wish: Wish) -> str:
        """What stands on the credit note, in the customer's language: never what staff wrote for themselves."""
        return booking.in_language(invoice.language, lambda: str(self.title))


class ReductionForm(ActForm):
    """Which article, and by how much."""

    gives_money = True

    line = forms.ChoiceField(label=gettext_lazy("Article"))
    amount = AmountField(label=gettext_lazy("The price falls by"))
    field_order = ["line", "amount", "reason", "words", "decide"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wished = {int(line["order_line_id"]) for line in (self.case.lines if self.case else [])}
        field: Any = self.fields["line"]
        field.choices, first = [], ""
        invoices = standing(self.order)
        rests = rests_of(line for invoice in invoices for line in invoice.lines.all())
        for invoice in invoices:
            for line in invoice.lines.all():
                left = rests[line.pk][1]
                if left <= 0:
                    continue
                words = _("%(title)s: %(left)s left (%(invoice)s)") % {
                    "title": line.name, "left": money_text(left, invoice.currency), "invoice": invoice.number,
                }  # fmt: skip
                field.choices.append((str(line.pk), words))
                first = first or (str(line.pk) if line.order_line_id in wished else "")
        field.choices = list(field.choices)
        if first:
            field.initial = first


class PriceReduction(CreditAct):
    """The customer keeps a faulty thing and pays less for it."""

    code = "price_reduction"
    title = gettext_lazy("Price reduction")
    text = gettext_lazy(
        "The customer keeps an article that is not as it should be, and pays less for it (§ 441 BGB)."
    )
    icon = "tag"
    limit_kind = "goodwill"
    form = ReductionForm

    def credit(self, wish: Wish, source: str) -> list[Invoice]:
        """One credit note on the article's invoice, at its VAT rate."""
        line = InvoiceLine.objects.select_related("invoice").filter(pk=wish.data["line"]).first()
        if line is None or line.invoice.order_id != wish.order.pk:
            raise Refused(_("This article is not on an invoice of the order."))
        left, amount = rest_of_line(line)[1], int(wish.data["amount"])
        if amount > left:
            words = _("At most %(left)s are left of this article.") % {
                "left": money_text(left, wish.order.currency)
            }
            raise Refused(words)
        return [
            credit_note(
                invoice=line.invoice,
                source=source,
                reason=self.reason(line.invoice, wish),
                amount_minor=amount,
                of_line=line,
                by=wish.by,
            )
        ]

    def remedy_of(self, case: Case) -> str:
        """The price is reduced."""
        return kinds.REDUCE


class GoodwillForm(ActForm):
    """How much."""

    gives_money = True

    amount = AmountField(label=gettext_lazy("Amount"))
    field_order = ["amount", "reason", "words", "decide"]


class Goodwill(CreditAct):
    """Money as a gesture, without goods coming back."""

    code = "goodwill"
    title = gettext_lazy("Goodwill")
    text = gettext_lazy("Money back as a gesture, spread over everything that was invoiced.")
    icon = "star"
    limit_kind = "goodwill"
    form = GoodwillForm

    def credit(self, wish: Wish, source: str) -> list[Invoice]:
        """Credit notes on the order's invoices, the first one first, until it is enough."""
        rest, made = int(wish.data["amount"]), []
        most = rest_minor(wish.order)
        if rest > most:
            words = _("At most %(left)s are left to credit.") % {
                "left": money_text(most, wish.order.currency)
            }
            raise Refused(words)
        invoices = standing(wish.order)
        credited = credited_of(invoices)
        for invoice in invoices:
            part = min(rest, invoice.gross_minor - credited.get(invoice.pk, 0))
            if part > 0:
                made.append(
                    credit_note(
                        invoice=invoice,
                        source=f"{source}:{invoice.pk}",
                        reason=self.reason(invoice, wish),
                        amount_minor=part,
                        by=wish.by,
                    )
                )
                rest -= part
        return made

    def remedy_of(self, case: Case) -> str:
        """Money back."""
        return kinds.REFUND


class MoneyBackForm(PiecesForm):
    """Which pieces, or all; with delivery or not."""

    gives_money = True

    everything = forms.BooleanField(label=gettext_lazy("Everything that was sent"), required=False)
    shipping = forms.BooleanField(label=gettext_lazy("The delivery charge too"), required=False)
    first_fields = ("everything",)
    field_order = ["shipping", "reason", "words", "decide"]

    def choices(self) -> Iterator[Choice]:
        """What invoices have left of each order line."""
        rows: dict[int, tuple[str, int]] = {}
        lines = [line for invoice in standing(self.order) for line in invoice.lines.all()]
        rests = rests_of(lines)
        for line in lines:
            if line.order_line_id:
                _title, had = rows.get(line.order_line_id, ("", 0))
                rows[line.order_line_id] = (line.name, had + rests[line.pk][0])
        self.left = {pk: count for pk, (_title, count) in rows.items() if count}
        for pk, most in self.left.items():
            yield Choice(pk, rows[pk][0], most)

    def pieces(self) -> dict[str, int]:
        """Order line id (as text, for JSON) -> pieces; all that is left when everything was chosen."""
        if self.cleaned_data.get("everything"):
            return {str(pk): count for pk, count in self.left.items()}
        return super().pieces()

    def missing(self, data: dict[str, Any]) -> str:
        """Pieces, or the delivery charge alone."""
        return (
            ""
            if self.pieces() or data.get("shipping")
            else _("Please choose pieces, or the delivery charge.")
        )


class MoneyBack(CreditAct):
    """Credit note and money for single articles or for all of them."""

    code = "money_back"
    title = gettext_lazy("Money back for articles")
    text = gettext_lazy(
        "A credit note for single articles or for all, and the money with it; nothing has to come back."
    )
    icon = "euro"
    limit_kind = "money_back"
    form = MoneyBackForm
    danger = True

    def credit(self, wish: Wish, source: str) -> list[Invoice]:
        """As returns reckon it: what was paid for each piece, after what it was reduced by before."""
        pieces = {int(pk): int(count) for pk, count in wish.data["pieces"].items()}
        found = plan(wish.order, pieces, kept={}, with_shipping=bool(wish.data.get("shipping")))
        if found.missing or not found.credits:
            raise Refused(_("Some of it was credited meanwhile, or was not invoiced. Please look again."))
        return [
            credit_note(
                invoice=one.invoice,
                source=f"{source}:{one.invoice.pk}",
                reason=self.reason(one.invoice, wish),
                quantities={part.line.pk: part.quantity for part in one.pieces},
                with_shipping=bool(one.shipping_minor),
                less_reductions=True,
                by=wish.by,
            )
            for one in found.credits
        ]

    def effects(self, wish: Wish) -> Effects:
        """To the cent; and a word where new goods were sent already."""
        found = super().effects(wish)
        for one in wish.order.replacements.exclude(status="cancelled"):
            found.say(
                GOODS,
                _("Mind: new goods were sent for this order already (%(number)s).") % {"number": one.number},
            )
        return found

    def remedy_of(self, case: Case) -> str:
        """Money back."""
        return kinds.REFUND
