"""The address book of the account. Ids of somebody else's addresses do not exist here (404)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.apps.address.models import UserAddress

from checkout.forms import AddressForm, shipping_countries
from shop.audit.actions import note_change
from shop.kernel.access import shopper_view

FIELDS = ("first_name", "last_name", "line2", "line1", "postcode", "line4")
MOST = 30  #: addresses one person keeps
KINDS = {"shipping": "is_default_for_shipping", "billing": "is_default_for_billing"}


@shopper_view
@never_cache
@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    """All addresses, the usual ones first."""
    return render(request, "account/addresses.html", {"addresses": list(_own(request))})


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new address."""
    if _own(request).count() >= MOST:
        messages.error(
            request, _("You can keep %(most)d addresses. Please delete one first.") % {"most": MOST}
        )
        return redirect("account:addresses")
    return _form(request, UserAddress(user=request.user), _("New address"))


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an address."""
    return _form(request, _get(request, pk), _("Change address"))


@shopper_view
@require_POST
def make_default(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Make an address the usual one for deliveries or invoices."""
    if kind not in KINDS:
        raise Http404
    address = _get(request, pk)
    with transaction.atomic():
        _own(request).update(**{KINDS[kind]: False})
        UserAddress.objects.filter(pk=address.pk).update(**{KINDS[kind]: True})
    messages.success(request, _("Your usual address has been changed."))
    return redirect("account:addresses")


@shopper_view
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an address; orders keep their own copy."""
    address = _get(request, pk)
    before = _parts(address)
    with transaction.atomic():
        address.delete()
        _note(address, before, dict.fromkeys(before, ""))
    messages.success(request, _("The address has been deleted. Your orders keep theirs."))
    return redirect("account:addresses")


def _own(request: HttpRequest) -> Any:
    rows = UserAddress.objects.filter(user_id=request.user.pk).select_related("country")
    return rows.order_by("-is_default_for_shipping", "-is_default_for_billing", "-pk")


def _get(request: HttpRequest, pk: int) -> UserAddress:
    found: UserAddress | None = _own(request).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _form(request: HttpRequest, address: UserAddress, title: str) -> HttpResponse:
    start = {name: getattr(address, name) for name in FIELDS} | {"country": address.country_id or "DE"}
    form = AddressForm(request.POST or None, initial=start, countries=shipping_countries())
    if request.method == "POST" and form.is_valid():
        if _save(address, form.cleaned_data):
            messages.success(request, _("The address has been saved."))
            return redirect("account:addresses")
        form.add_error(None, _("You have this address already."))
    context = {"form": form, "title": title, "address": address if address.pk else None}
    return render(request, "account/address_form.html", context, status=422 if form.errors else 200)


def _save(address: UserAddress, data: dict[str, Any]) -> bool:
    """Write the address, and what it was before; False when the person has the same one already."""
    before = _parts(address) if address.pk else dict.fromkeys((*FIELDS, "country"), "")
    for name in FIELDS:
        setattr(address, name, data[name])
    address.country_id = data["country"]
    try:
        with transaction.atomic():
            address.save()
            _note(address, before, _parts(address))
    except IntegrityError:
        return False
    return True


def _parts(address: UserAddress) -> dict[str, str]:
    return {name: str(getattr(address, name) or "") for name in FIELDS} | {
        "country": address.country_id or ""
    }


def _note(address: UserAddress, before: dict[str, str], after: dict[str, str]) -> None:
    """In the access log: the person changed their own address book."""
    changed = {name: (before[name], after[name]) for name in before}
    note_change(kind_name="customer", key=str(address.user_id), changed=changed, by=None)
