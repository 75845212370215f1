"""What goes back: the slip for the parcel, and the word that it is on its way; for who may see the order."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkout.order import access
from fulfilment.customer_service.returns.labels import want
from fulfilment.customer_service.returns.models import TRACKING_MAX, CarrierLabel
from fulfilment.customer_service.returns.paper import slip_pdf
from fulfilment.customer_service.returns.sending import NotSent, note_sent
from fulfilment.customer_service.returns.wish import NotChosen, choose
from fulfilment.warehouse.receiving.models import Return
from shop.kernel.access import public

CARRIER_MAX = 40


class SentForm(forms.Form):
    """By whom a parcel travels and with which number; both may stay empty."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), required=False, max_length=CARRIER_MAX)
    tracking_number = forms.CharField(
        label=gettext_lazy("Tracking number"), required=False, max_length=TRACKING_MAX
    )


@public
@never_cache
@require_safe
def slip(request: HttpRequest, number: str, returning: str) -> HttpResponse:
    """The slip for the parcel as PDF. Strangers' and unknown returns look the same: not there."""
    found = _own(request, number, returning)
    answer = HttpResponse(slip_pdf(found.pk), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return answer


@public
@never_cache
@require_POST
def sent(request: HttpRequest, number: str, returning: str) -> HttpResponse:
    """The customer says that the parcel is on its way; the tracking number may be added later."""
    found = _own(request, number, returning)
    form = SentForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, _("A number or name is too long. Please copy it as it stands on the receipt.")
        )
        return redirect("orders:detail", number=number)
    try:
        note_sent(
            returning=found, by=request.user if request.user.is_authenticated else None, **form.cleaned_data
        )
    except NotSent as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("Thank you. We see here when your parcel has arrived."))
    return redirect(f"{reverse('orders:detail', args=[number])}#returns")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def label(request: HttpRequest, number: str, returning: str) -> HttpResponse:
    """POST wants the carrier's label, once; GET is the label as PDF, 404 as long as there is none."""
    found = _own(request, number, returning)
    if request.method != "POST":
        return _file(found, "pdf", "application/pdf")
    wanted = want(returning=found)
    if wanted is None:
        messages.error(request, _("There is no carrier's label for this return. Please use our slip."))
    elif wanted.is_there:
        messages.success(request, _("The carrier's label is ready."))
    else:
        messages.success(request, _("We have asked the carrier for a label. It comes by mail in a moment."))
    return redirect(f"{reverse('orders:detail', args=[number])}#returns")


@public
@never_cache
@require_safe
def label_code(request: HttpRequest, number: str, returning: str) -> HttpResponse:
    """The carrier's code for handing in without a label, as PNG; 404 where it has none."""
    return _file(_own(request, number, returning), "qr_png", "image/png")


def _file(found: Return, name: str, kind: str) -> HttpResponse:
    content = CarrierLabel.objects.filter(returning=found).values_list(name, flat=True).first()
    if not content:
        raise Http404
    answer = HttpResponse(bytes(content), content_type=kind)
    answer["Content-Disposition"] = f'inline; filename="{found.number}-label.{kind.rpartition("/")[2]}"'
    return answer


@public
@never_cache
@require_POST
def back(request: HttpRequest, number: str, returning: str) -> HttpResponse:
    """The customer chooses how the money of a return comes back: the way it was paid, or as store credit."""
    found = _own(request, number, returning)
    person = request.user if request.user.is_authenticated else None
    try:
        wish = choose(returning=found, way=request.POST.get("way", ""), by=person)
    except NotChosen as problem:
        messages.error(request, str(problem))
    else:
        messages.success(
            request,
            _("Noted: you get store credit as soon as the goods are checked.")
            if wish.as_credit
            else _("Noted: your money comes back the way you paid."),
        )
    return redirect(f"{reverse('orders:detail', args=[number])}#returns")


def _own(request: HttpRequest, number: str, returning: str) -> Return:
    """A return that its customer was told how to send, if this visitor may see the order. Raises Http404."""
    rows = Return.objects.filter(number=returning, order__number=number, authorisation__isnull=False)
    found = rows.select_related("order", "authorisation").first()
    if found is None or not access.may_see(request, found.order):
        raise Http404
    return found
