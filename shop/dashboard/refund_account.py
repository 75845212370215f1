"""Where a refund by transfer goes: the account, masked until the money is due, then shown whole and written down."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from checkout.payment.models import Refund
from fulfilment.finance.sepa.receivers import masked
from fulfilment.finance.sepa.waiting import account_of, waiting
from shop.audit.middleware import is_of
from shop.kernel.access import staff_view

from . import order_page

REFUND = "payment.refund_payments"
IBAN_GROUP = 4


@staff_view(REFUND, shows="account")
@require_safe
def refund_account(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The account of one refund. Whole only while the refund waits to be sent: then somebody may have to read it to the
    customer; before and afterwards its ends are enough to recognise it."""
    order = order_page.find(number)
    refund = get_object_or_404(
        Refund.objects.by_bank().select_related("payment"), pk=pk, payment__order=order
    )
    due = next(iter(waiting([f"refund:{refund.pk}"])), None)
    name, iban = (due.name, due.iban) if due else account_of(refund)
    if not due and not iban:
        raise Http404(pk)
    is_of(request, user_id=order.user_id, email=order.email or "", key=f"refund {refund.pk}")
    context = {
        "order": order,
        "refund": refund,
        "is_due": due is not None,
        "name": name,
        "iban": in_groups(iban) if due else masked(iban),
        "problem": due.problem if due else "",
        "crumbs": [
            {"title": _("Orders"), "url": reverse("dashboard:orders")},
            {"title": order.number, "url": reverse("dashboard:order", args=[order.number])},
            {"title": _("Account of the refund"), "url": ""},
        ],
    }
    return render(request, "dashboard/orders/refund_account.html", context)


def in_groups(iban: str) -> str:
    """The IBAN as people read it out: in groups of four."""
    return " ".join(iban[at : at + IBAN_GROUP] for at in range(0, len(iban), IBAN_GROUP))


urlpatterns = [path("orders/<slug:number>/refunds/<row:pk>/account/", refund_account, name="refund-account")]
