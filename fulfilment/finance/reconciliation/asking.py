"""The staff page that asks whoever may have sent money what it was for: to whom, in which language, in which words."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from checkout.order.models import Order
from fulfilment.finance.invoicing.models import Invoice
from shop.kernel.access import staff_view
from shop.ui.numbers import money_text

from .actions import AskedMeanwhile, ask_payer
from .matching.run import match_these
from .models import UNEXPLAINED, LearnedRule, Receipt

PEOPLE_MOST = 6  #: that are suggested


class AskForm(forms.Form):
    """To whom, in which language, and a sentence of one's own."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=140, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    words = forms.CharField(
        label=gettext_lazy("Sentence of your own"),
        help_text=gettext_lazy("Stands in the mail as you write it."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=1000)


@staff_view("reconciliation.record_receipts", shows="receipt")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask what a receipt was for; the page says what the mail will tell before it goes."""
    receipt = get_object_or_404(Receipt, pk=pk, state__in=UNEXPLAINED)
    questions = list(receipt.questions.select_related("asked_by"))
    people = suggestions(receipt)
    first = {"seen": len(questions), "language": settings.LANGUAGE_CODE, "name": receipt.payer}
    wanted = request.GET.get("to", "").casefold()
    chosen = next((one for one in people if one["email"].casefold() == wanted), people[0] if people else {})
    form = AskForm(request.POST or None, initial=first | chosen)
    status = 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            ask_payer(receipt=receipt, by=request.user, **form.cleaned_data)
        except AskedMeanwhile:
            status = 409
            form.add_error(None, _("Meanwhile it was asked or explained. Please look again."))
        else:
            messages.success(
                request, _("The question goes to %(email)s.") % {"email": form.cleaned_data["email"]}
            )
            return redirect(f"{reverse('finance:workbench')}?line=receipt-{receipt.pk}")
    context = {
        "receipt": receipt,
        "questions": questions,
        "people": people,
        "form": form,
        "crumbs": [
            {"title": _("Bank receipts"), "url": reverse("finance:receipts")},
            {
                "title": f"{receipt.reference} · {money_text(receipt.amount_minor, receipt.currency)}",
                "url": reverse("finance:receipt", args=[receipt.pk]),
            },
            {"title": _("Ask the customer"), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/ask_payer.html", context, status=status)


def suggestions(receipt: Receipt) -> list[dict[str, str]]:
    """Who may have sent it, each with ``email``, ``name`` and ``language``: customers of what it may pay, and whose
    account it came from. A constant number of queries."""
    [found] = match_these([receipt]).values() if receipt.left_minor else [[]]
    targets = [part.target.partition(":") for one in found for part in one.parts]
    invoices = [pk for kind, _colon, pk in targets if kind == "invoice"]
    orders = [pk for kind, _colon, pk in targets if kind == "order"]
    people: dict[str, dict[str, str]] = {}
    for invoice in Invoice.objects.filter(pk__in=invoices).order_by("pk")[:PEOPLE_MOST]:
        _add(
            people,
            str(invoice.buyer.get("email") or ""),
            str(invoice.buyer.get("name") or ""),
            invoice.language,
        )
    known = Order.objects.filter(pk__in=orders).select_related("user", "billing_address")
    for order in known.order_by("pk")[:PEOPLE_MOST]:
        address = order.billing_address
        _add(people, str(order.email or ""), address.name if address else "", order.language)
    if receipt.payer_iban:
        rules = LearnedRule.objects.filter(kind=LearnedRule.PAYER, iban=receipt.payer_iban).order_by(
            "-fired", "pk"
        )
        users = [
            rule.customer.removeprefix("user:")
            for rule in rules[:PEOPLE_MOST]
            if rule.customer[:5] == "user:"
        ]
        newest = (
            Order.objects.filter(user_id__in=users).select_related("user", "billing_address").order_by("-pk")
        )
        for order in newest[:PEOPLE_MOST]:
            address = order.billing_address
            _add(people, str(order.email or ""), address.name if address else "", order.language)
    return list(people.values())[:PEOPLE_MOST]


def _add(people: dict[str, dict[str, str]], email: str, name: str, language: str) -> None:
    if email:
        spoken = language if translation.check_for_language(language) else settings.LANGUAGE_CODE
        people.setdefault(email.casefold(), {"email": email, "name": name, "language": spoken})


urlpatterns = [path("receipts/<row:pk>/ask/", ask, name="ask-payer")]
