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
from django.views.decorators.http import require_POST, require_safe

from checkout.order import access
from fulfilment.customer_service.returns.models import TRACKING_MAX
from fulfilment.customer_service.returns.paper import slip_pdf
from fulfilment.customer_service.returns.sending import NotSent, note_sent
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


def _own(request: HttpRequest, number: str, returning: str) -> Return:
    """A return that its customer was told how to send, if this visitor may see the order. Raises Http404."""
    rows = Return.objects.filter(number=returning, order__number=number, authorisation__isnull=False)
    found = rows.select_related("order", "authorisation").first()
    if found is None or not access.may_see(request, found.order):
        raise Http404
    return found
