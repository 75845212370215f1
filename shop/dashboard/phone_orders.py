"""Orders by phone: the list, and the question for whom. Filling and placing one is ``phone_order_page.py``."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.apps.address.models import UserAddress

from checkout.basket.models import Basket
from checkout.order.models import Order
from checkout.phone_orders.actions import KEPT, start
from checkout.phone_orders.models import PhoneOrder
from checkout.placing import ADDRESS_FIELDS
from checkout.session import Draft
from fulfilment.warehouse.lists import (
    CSV_ROWS_MAX,
    SEARCH_MAX_CHARS,
    csv_file,
    csv_url,
    page_of,
    sorted_by,
    wants_csv,
)
from shop.customers.actions import AddressTaken, register
from shop.customers.models import User
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry

from .phone_order_forms import OPEN, NewCustomerForm, PhoneSearch, account_of

TAKE = "phone_orders.take_orders"
SORT = {"begun": "started_at", "order": "number", "pieces": "pieces"}
FOUND_MAX = 20  #: people shown for one search; more words find fewer
WORDS_MAX = 4


@staff_view(TAKE, shows="list")
@require_safe
def phone_orders(request: HttpRequest) -> HttpResponse:
    """What is being taken on the phone, and what was."""
    form = PhoneSearch(request.GET)
    found = sorted_by(request, search(form, request.user), SORT, ["-pk"])
    if wants_csv(request):
        head = [_("Begun"), _("Customer"), _("E-mail"), _("Pieces"), _("Order"), _("Taken by")]
        return csv_file("phone-orders", head, (_cells(row) for row in found[:CSV_ROWS_MAX].iterator()))
    page = page_of(request, found)
    context = {"form": form, "page": page, "csv_url": csv_url(request), "kept_days": KEPT.days}
    return render(request, "dashboard/phone/list.html", context, status=form.status)


def search(form: PhoneSearch, me: Any) -> QuerySet[PhoneOrder]:
    """Phone orders that fit, with their ``pieces`` and the ``number`` of the order they became."""
    made = Order.objects.filter(basket_id=OuterRef("basket_id")).order_by("pk").values("number")[:1]
    lines = Basket.objects.filter(pk=OuterRef("basket_id")).order_by().values("pk")
    found = PhoneOrder.objects.select_related("basket", "user", "taken_by").annotate(
        number=Subquery(made), pieces=Subquery(lines.annotate(n=Sum("lines__quantity")).values("n"))
    )
    for word in form.value("q").split()[:WORDS_MAX]:
        found = found.filter(
            Q(user__email__icontains=word)
            | Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(facts__email__icontains=word)
            | Q(facts__billing__last_name__icontains=word)
            | Q(number__istartswith=word)
        )
    state = form.value("state")
    if state:
        found = found.filter(basket__status=Basket.OPEN if state == OPEN else Basket.SUBMITTED)
    return found.filter(taken_by=me) if form.value("mine") else found


def _cells(row: Any) -> list[Any]:
    begun = timezone.localtime(row.started_at).strftime("%Y-%m-%d %H:%M")
    return [begun, row.name, row.draft.email, row.pieces or 0, row.number or "", row.taken_by.name]


@staff_view(TAKE, shows="list")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """For whom: somebody we know, or somebody new. What is typed about somebody new survives a mistake."""
    form = NewCustomerForm(request.POST or None, initial={"language": "de", "kind": "account"})
    taken: User | None = None
    if request.method == "POST" and form.is_valid():
        try:
            row = _start_with_new(form.cleaned_data, request.user)
        except AddressTaken as known:
            form.add_error("email", str(known))
            taken = account_of(known.email)
        else:
            messages.success(request, _("Now fill the basket with what the customer names."))
            return redirect("dashboard:phone-order", row.pk)
    words = " ".join(request.GET.get("q", "").split())[:SEARCH_MAX_CHARS]
    context = {
        "form": form,
        "taken": taken,
        "words": words,
        "people": people(words) if words else [],
        "crumbs": _crumbs(_("New")),
    }
    return render(request, "dashboard/phone/new.html", context, status=422 if form.errors else 200)


def people(words: str) -> list[User]:
    """Customers by name, e-mail address, phone, postcode or number of an order, the newest first. One query."""
    found = User.objects.filter(is_staff=False, is_active=True)
    for word in words.split()[:WORDS_MAX]:
        found = found.filter(
            Q(email__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(phone__icontains=word)
            | Q(pk__in=UserAddress.objects.filter(postcode__istartswith=word).values("user_id"))
            | Q(pk__in=Order.objects.filter(number__iexact=word).values("user_id"))
        )
    return list(found.order_by("-pk")[:FOUND_MAX])


def _start_with_new(data: dict[str, str], by: Any) -> PhoneOrder:
    """Begin with somebody new. Raises AddressTaken, also for a guest whose address has an account: their order would
    else be missing there."""
    user = None
    if data["kind"] == "account":
        names = ("email", "first_name", "last_name", "phone", "language")
        user = register(**{name: data[name] for name in names}, by=by)
    elif account_of(data["email"]) is not None:
        raise AddressTaken(data["email"])
    draft = Draft(
        email=data["email"],
        phone=data["phone"],
        billing={"first_name": data["first_name"], "last_name": data["last_name"]},
    )
    return start(by=by, user=user, draft=draft, language=data["language"])


@staff_view(TAKE)
@require_POST
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who has an account: with their usual address, else that of their last order. Of a merged account the
    one that stays orders; with a closed one nobody does."""
    into = User.objects.filter(pk=pk, is_staff=False).values_list("merged_into_id", flat=True).first()
    person = get_object_or_404(User, pk=into or pk, is_staff=False, is_active=True)
    draft = Draft(email=person.email, phone=person.phone, billing=_usual_address(person))
    row = start(by=request.user, user=person, draft=draft, language=person.language)
    return redirect("dashboard:phone-order", row.pk)


def _usual_address(person: User) -> dict[str, str]:
    known: Any = UserAddress.objects.filter(user=person).order_by(
        "-is_default_for_billing", "-pk"
    ).first() or _last_address(person)
    if known is None:
        return {"first_name": person.first_name, "last_name": person.last_name}
    return {name: str(getattr(known, name)) for name in ADDRESS_FIELDS if name != "country"} | {
        "country": known.country_id
    }


def _last_address(person: User) -> Any:
    last = (
        Order.objects.filter(user=person, billing_address__isnull=False)
        .select_related("billing_address")
        .order_by("-date_placed")
        .first()
    )
    return last.billing_address if last else None


def _crumbs(*further: str) -> list[dict[str, str]]:
    crumbs = [{"title": _("Orders by phone"), "url": reverse("dashboard:phone-orders")}]
    return crumbs + [{"title": title, "url": ""} for title in further]


urlpatterns = [
    path("phone-orders/", phone_orders, name="phone-orders"),
    path("phone-orders/new/", new, name="phone-order-new"),
    path("phone-orders/for/<row:pk>/", begin, name="phone-order-begin"),
]
NAV = [NavEntry("orders", gettext_lazy("Orders by phone"), "dashboard:phone-orders", TAKE, "phone", 15)]
