"""Told when an article is back: asked for on its page, confirmed and stopped by links from the mail."""

from __future__ import annotations

from django import forms
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.alerts import actions
from catalogue.alerts.models import StockAlert
from catalogue.models import Product
from shop.kernel.access import public

from .limits import HOUR_S, owns_address, too_many

PER_VISITOR_MAX = 30  #: an hour, from one place of the internet
PER_ADDRESS_MAX = 6  #: an hour, for one address: more would only fill a stranger's mailbox


class AlertForm(forms.Form):
    """Which variant, and where to write to."""

    product: forms.ModelChoiceField[Product] = forms.ModelChoiceField(
        label=gettext_lazy("Article"),
        queryset=Product.objects.none(),
        error_messages={"invalid_choice": gettext_lazy("This article is not offered any more.")},
    )
    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        offered = Product.objects.filter(
            Q(parent=None) | Q(parent__is_public=True), is_public=True, stockrecords__price__isnull=False
        )
        self.fields["product"].queryset = offered.select_related("parent", "colour").distinct()  # type: ignore[attr-defined]
        self.fields["product"].widget = forms.HiddenInput()


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Take the wish; a mail with a link follows. The answer is the same whether or not the address asked before."""
    form = AlertForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        if too_many(request, what="stock-alert", most=PER_VISITOR_MAX) or _too_many_for(email):
            form.add_error(None, _("Very many wishes came in within an hour. Please try later."))
        else:
            language = (get_language() or "de")[:2]
            actions.ask(
                product=form.cleaned_data["product"],
                email=email,
                language=language,
                by=request.user if owns_address(request, email) else None,
            )
            return redirect("alerts:asked")
    if request.method != "POST":
        return redirect("catalogue:index")
    return render(request, "storefront/alerts/ask.html", {"form": form}, status=400)


@public
@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """What happens next."""
    return render(request, "storefront/alerts/asked.html")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: HttpRequest, key: str) -> HttpResponse:
    """One wish, by the link from its mail: confirm it or stop it. Looking changes nothing: mail scanners look too."""
    row = get_object_or_404(StockAlert.objects.select_related("product__parent", "product__colour"), key=key)
    if request.method == "POST":
        if request.POST.get("step") == "stop":
            actions.stop(alert=row)
        else:
            actions.confirm(alert=row)
        return redirect("alerts:alert", key=key)
    return render(request, "storefront/alerts/alert.html", {"alert": row})


def _too_many_for(email: str) -> bool:
    counter = f"stock-alert-to:{email}"
    cache.add(counter, 0, HOUR_S)
    try:
        return cache.incr(counter) > PER_ADDRESS_MAX
    except ValueError:  # it ran out between the two
        return False
