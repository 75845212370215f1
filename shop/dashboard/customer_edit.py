"""Staff change a customer's data, addresses and account, and write notes: each says before what follows from it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from oscar.apps.address.models import UserAddress

from checkout.forms import shipping_countries
from checkout.order.models import Order
from fulfilment.finance.forms import ReasonForm
from shop.audit.middleware import is_of
from shop.customers import actions
from shop.customers.models import CustomerNote, User
from shop.kernel.access import staff_view

from .customer_file import VIEW, file_page, guest_order, guest_page
from .customer_forms import CustomerAddressForm, CustomerForm, NoteForm

CHANGE = "customer.change_user"


@staff_view(CHANGE, shows="customer")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, e-mail address, phone, language; and the address book."""
    person = _person(request, pk)
    initial = {name: getattr(person, name) for name in actions.FIELDS}
    form = CustomerForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            status = _change(request, person, form)
            if status == 302:
                return redirect("dashboard:customer", pk)
    return _edit_page(request, person, status, form=form)


def _change(request: HttpRequest, person: User, form: CustomerForm) -> int:
    """Do it; returns 302 when done, else the status of the page that says why not."""
    data = dict(form.cleaned_data)
    why, old = data.pop("why"), person.email
    try:
        changed = actions.change(
            person=person, seen=request.POST.get("seen", ""), why=why, by=request.user, **data
        )
    except actions.AddressTaken as taken:
        form.add_error("email", str(taken))
        return 409
    except actions.NotChanged as refused:
        form.add_error(None, str(refused))
        return 409
    if changed.email != old:
        EmailAddress.objects.get(user=changed, primary=True).send_confirmation(request)
        text = _("%(name)s is changed. %(old)s is told, and %(new)s is asked to confirm.")
    else:
        text = _("%(name)s is changed.")
    messages.success(request, text % {"name": changed.name, "old": old, "new": changed.email})
    return 302


def _edit_page(request: HttpRequest, person: User, status: int = 200, **forms: Any) -> HttpResponse:
    person = User.objects.get(pk=person.pk)  # as it is now, also after a form that was refused
    context = {
        "person": person,
        "seen": actions.version_of(person),
        "addresses": list(UserAddress.objects.filter(user=person).select_related("country").order_by("pk")),
        "close_form": ReasonForm(),
        "crumbs": _crumbs(person, _("Change")),
        **forms,
    }
    return render(request, "dashboard/customers/edit.html", context, status=status)


@staff_view(CHANGE, shows="customer")
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, pk: int, line: int = 0) -> HttpResponse:
    """Add an address to the book, or change one."""
    person = _person(request, pk)
    row = UserAddress.objects.filter(user=person, pk=line).first() if line else None
    if line and row is None:
        raise Http404(line)
    initial = (
        actions.address_parts(row)
        if row
        else {"first_name": person.first_name, "last_name": person.last_name}
    )
    initial["country"] = initial.pop("country_id", "") or "DE"
    form = CustomerAddressForm(request.POST or None, initial=initial, countries=shipping_countries())
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            status = _save_address(request, person, row, form)
            if status == 302:
                return redirect("dashboard:customer-edit", pk)
    context = {
        "form": form,
        "person": person,
        "address": row,
        "seen": _seen(row),
        "crumbs": _crumbs(person, _("Address")),
    }
    return render(request, "dashboard/customers/address.html", context, status=status)


def _seen(row: UserAddress | None) -> str:
    """A short mark of an address as the page shows it."""
    return sha256("\0".join(actions.address_parts(row).values()).encode()).hexdigest()[:16] if row else ""


def _save_address(
    request: HttpRequest, person: User, row: UserAddress | None, form: CustomerAddressForm
) -> int:
    data = {name: str(value) for name, value in form.cleaned_data.items()}
    data["country_id"] = data.pop("country")
    try:
        if row is not None and request.POST.get("seen", "") != _seen(row):
            raise actions.ChangedMeanwhile
        actions.save_address(
            person=person,
            address_id=row.pk if row else None,
            seen=actions.address_parts(row) if row else None,
            data=data,
            why=data.pop("why"),
            by=request.user,
        )
    except actions.NotChanged as refused:
        form.add_error(None, str(refused))
        return 409
    messages.success(request, _("The address is saved. Orders that are placed keep their own."))
    return 302


@staff_view(CHANGE, shows="customer")
@require_POST
def remove_address(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """Take an address out of the book."""
    person = _person(request, pk)
    try:
        actions.remove_address(
            person=person, address_id=line, why=request.POST.get("why", ""), by=request.user
        )
    except LookupError:
        messages.info(request, _("This address is not in the book any more."))
    except actions.NotChanged as refused:
        return _edit_page(request, person, 422, form=_untouched(person), problem=str(refused))
    else:
        messages.success(request, _("The address is removed. Orders keep theirs."))
    return redirect("dashboard:customer-edit", pk)


def _untouched(person: User) -> CustomerForm:
    return CustomerForm(initial={name: getattr(person, name) for name in actions.FIELDS})


@staff_view(CHANGE, shows="customer")
@require_POST
def account(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Close the account, or open it again, with a reason."""
    person = _person(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _edit_page(request, person, 422, form=_untouched(person), close_form=form)
    act = actions.close if verb == "close" else actions.reopen
    try:
        act(person=person, why=form.cleaned_data["reason"], by=request.user)
    except actions.NotChanged as refused:
        messages.error(request, str(refused))
    else:
        said = {
            "close": _("The account of %(name)s is closed; nobody signs in to it. Their orders go on."),
            "reopen": _("The account of %(name)s is open again."),
        }
        messages.success(request, said[verb] % {"name": person.name})
    return redirect("dashboard:customer", pk)


@staff_view(VIEW, shows="customer")
@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note about an account."""
    person = get_object_or_404(User, pk=pk, is_staff=False)
    form = NoteForm(request.POST)
    if not _noted(form, request, user=person):
        return file_page(request, pk, status=422, note_form=form)
    return redirect(f"{reverse('dashboard:customer', args=[pk])}#notes")


@staff_view(VIEW, shows="order")
@require_POST
def guest_note(request: HttpRequest, number: str) -> HttpResponse:
    """Write a note about a guest."""
    order = guest_order(number)
    form = NoteForm(request.POST)
    if not _noted(form, request, user=None, email=order.guest_email):
        return guest_page(request, number, status=422, note_form=form)
    return redirect(f"{reverse('dashboard:guest', args=[number])}#notes")


def _noted(form: NoteForm, request: HttpRequest, **whose: Any) -> bool:
    if form.is_valid():
        said = dict(form.cleaned_data)
        said["pinned"] = said["pinned"] and request.user.has_perm(CHANGE)
        try:
            actions.write_note(**whose, by=request.user, **said)
        except actions.NotChanged as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, _("The note is kept."))
    return form.is_valid()


@staff_view(CHANGE)
@require_POST
def pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a note at the top, or no longer: everybody who opens the file reads it first."""
    row = get_object_or_404(CustomerNote, pk=pk)
    number = "" if row.user_id else _order_of_guest(row.email)
    actions.pin_note(note_id=row.pk, pinned=request.POST.get("pinned") == "1", by=request.user, number=number)
    if row.user_id:
        return redirect("dashboard:customer", row.user_id)
    return redirect("dashboard:guest", number)


def _order_of_guest(email: str) -> str:
    """Number of the guest's last order, which names their file; raises Http404 before anything is changed."""
    orders = Order.objects.filter(user=None, guest_email__iexact=email).order_by("-pk")
    number = orders.values_list("number", flat=True).first() if email else None
    if number is None:
        raise Http404(email)
    return str(number)


def _person(request: HttpRequest, pk: int) -> User:
    person = get_object_or_404(User, pk=pk, is_staff=False)
    is_of(request, user_id=person.pk, email=person.email)
    return person


def _crumbs(person: User, *further: str) -> list[dict[str, str]]:
    crumbs = [
        {"title": _("Customers"), "url": reverse("dashboard:customers")},
        {"title": person.name, "url": reverse("dashboard:customer", args=[person.pk])},
    ]
    return crumbs + [{"title": title, "url": ""} for title in further]


urlpatterns = [
    path("customers/<row:pk>/edit/", edit, name="customer-edit"),
    path("customers/<row:pk>/addresses/new/", address, name="customer-edit-address-new"),
    path("customers/<row:pk>/addresses/<row:line>/", address, name="customer-edit-address"),
    path(
        "customers/<row:pk>/addresses/<row:line>/remove/", remove_address, name="customer-edit-address-remove"
    ),
    *[
        path(f"customers/<row:pk>/{verb}/", account, {"verb": verb}, name=f"customer-edit-{verb}")
        for verb in ("close", "reopen")
    ],
    path("customers/<row:pk>/notes/", note, name="customer-note"),
    path("customers/guest/<slug:number>/notes/", guest_note, name="guest-note"),
    path("customers/notes/<row:pk>/", pin, name="customer-note-pin"),
]
