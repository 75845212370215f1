"""What the search shows further up for a while, as marketing wants it: a product, or all that stands in a category."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.models import Product
from catalogue.search.models import Boost
from catalogue.tree import Node, tree
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.clock import today
from shop.kernel.nav import NavEntry
from shop.kernel.text import clean_line

BOOSTS = "search.change_boost"
SORTS = {"strength": "strength", "from": "first_day", "until": "last_day"}
NOW, LATER, OVER = "now", "later", "over"
MAX_ID = 2**63 - 1  #: what a database takes as an id


class BoostFilter(Search):
    """Filters of the list."""

    state = forms.ChoiceField(
        label=gettext_lazy("When"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            (NOW, gettext_lazy("today")),
            (LATER, gettext_lazy("later")),
            (OVER, gettext_lazy("over")),
        ],
    )


class BoostForm(forms.ModelForm[Boost]):
    """A product, by its article number, or a category; for how long and how much."""

    article = forms.CharField(
        label=gettext_lazy("Article number"),
        required=False,
        max_length=80,
        help_text=gettext_lazy(
            "Of the product or of any of its variants. Leave it empty for a whole category."
        ),
    )

    class Meta:
        model = Boost
        fields = ("category", "strength", "first_day", "last_day", "note")
        labels = {"category": gettext_lazy("Category")}
        widgets = {
            "first_day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "last_day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["category"]
        field.choices = [("", _("none")), *_shelves(tree().roots)]  # type: ignore[attr-defined]
        product = self.instance.product or self.initial.get("product")
        if product is not None:
            self.initial["article"] = number_of(product)

    def clean_note(self) -> str:
        """One line."""
        return clean_line(self.cleaned_data["note"])

    def clean_article(self) -> Product | None:
        """The product with a page behind an article number. Raises ValidationError for a number nobody has."""
        number = clean_line(self.cleaned_data["article"])
        if not number:
            return None
        found = Product.objects.filter(Q(stockrecords__partner_sku__iexact=number) | Q(upc=number))
        variant = found.select_related("parent").order_by("pk").first()
        if variant is None:
            raise forms.ValidationError(_("No product has this article number."))
        return variant.own_or_parent

    def clean(self) -> dict[str, Any]:
        """One of both, and an end after the beginning that is not over."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        if bool(data["article"]) == bool(data["category"]):
            raise forms.ValidationError(
                _("Please write an article number or choose a category, one of both.")
            )
        if data["first_day"] and data["last_day"] and data["last_day"] < data["first_day"]:
            self.add_error("last_day", _("It would end before it begins."))
        elif data["last_day"] and data["last_day"] < today():
            self.add_error("last_day", _("This day is over."))
        self.instance.product = data["article"]
        return data


def number_of(product: Product) -> str:
    """An article number by which a product is found again: of its first variant with one. One query."""
    found = Product.objects.filter(Q(pk=product.pk) | Q(parent=product), stockrecords__isnull=False)
    return str(
        found.order_by("pk").values_list("stockrecords__partner_sku", flat=True).first() or product.upc or ""
    )


def _shelves(nodes: list[Node], above: str = "") -> list[tuple[int, str]]:
    """All categories, each with those above it."""
    found: list[tuple[int, str]] = []
    for node in nodes:
        title = f"{above} › {node.name_local}" if above else node.name_local
        found += [(node.id, title), *_shelves(node.children, title)]
    return found


def state_of(row: Boost, day: dt.date) -> str:
    """now, later or over."""
    if row.runs_on(day):
        return NOW
    return LATER if row.first_day and row.first_day > day else OVER


def _of_state(rows: QuerySet[Boost], state: str, day: dt.date) -> QuerySet[Boost]:
    if state == NOW:
        return rows.filter(Q(first_day=None) | Q(first_day__lte=day)).filter(
            Q(last_day=None) | Q(last_day__gte=day)
        )
    if state == LATER:
        return rows.filter(first_day__gt=day)
    return rows.filter(last_day__lt=day) if state == OVER else rows


@staff_view(BOOSTS)
@require_safe
def boosts(request: HttpRequest) -> HttpResponse:
    """Every boost, those that hold today first. A constant number of queries."""
    form, day = BoostFilter(request.GET), today()
    found = _of_state(Boost.objects.select_related("product", "category"), form.value("state"), day)
    if form.value("q"):
        words = form.value("q")
        found = found.filter(
            Q(product__title__icontains=words) | Q(category__name__icontains=words) | Q(note__icontains=words)
        )
    found = sorted_by(request, found, SORTS, ["-strength", "-pk"])
    if wants_csv(request):
        head = [_("What"), _("How much"), _("From"), _("Until"), _("Why")]
        rows = (
            [_title(row), row.get_strength_display(), row.first_day or "", row.last_day or "", row.note]
            for row in found[:CSV_ROWS_MAX].iterator()
        )
        return csv_file("boosts", head, rows)
    page = page_of(request, found)
    rows_shown = [{"row": row, "title": _title(row), "state": state_of(row, day)} for row in page.object_list]
    context = {"form": form, "page": page, "rows": rows_shown, "csv_url": csv_url(request)}
    return render(request, "dashboard/marketing/boosts.html", context, status=form.status)


def _title(row: Boost) -> str:
    return row.product.title_local if row.product else row.category.name_local  # type: ignore[union-attr]


@staff_view(BOOSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def boost(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a boost or change it; ``?product=``, ``?category=`` and the other fields fill in a new one."""
    found = (
        get_object_or_404(Boost.objects.select_related("product", "category"), pk=pk)
        if pk is not None
        else None
    )
    form = BoostForm(request.POST or None, instance=found, initial=None if found else _initial(request))
    if request.method == "POST" and form.is_valid():
        row = form.save()
        messages.success(request, _said(row))
        return redirect("dashboard:boosts")
    crumbs = [
        {"title": _("Further up"), "url": reverse("dashboard:boosts")},
        {"title": _title(found) if found else _("New boost"), "url": ""},
    ]
    title = _title(found) if found else ""
    context = {"form": form, "boost": found, "boost_title": title, "crumbs": crumbs}
    return render(request, "dashboard/marketing/boost.html", context, status=422 if form.errors else 200)


def _said(row: Boost) -> str:
    facts = {"title": _title(row)}
    if row.runs_on(today()):
        return _("Kept: %(title)s. The search shows it further up within ten seconds.") % facts
    return _("Kept: %(title)s. The search shows it further up when its first day has come.") % facts


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What the address fills in; what makes no sense in it is left out."""
    asked = {name: request.GET.get(name, "") for name in ("category", "strength", "first_day", "last_day")}
    filled: dict[str, Any] = {name: value[:20] for name, value in asked.items() if value}
    filled["note"] = clean_line(request.GET.get("note", ""))[:120]
    product = request.GET.get("product", "")
    if product.isascii() and product.isdigit() and int(product) <= MAX_ID:
        filled["product"] = Product.objects.filter(pk=int(product)).first()
    return filled


@staff_view(BOOSTS)
@require_POST
def boost_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Away with a boost; the message leads to writing it again."""
    row = get_object_or_404(Boost.objects.select_related("product", "category"), pk=pk)
    again = {
        "product": row.product_id,
        "category": row.category_id,
        "strength": row.strength,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "note": row.note,
    }
    row.delete()
    messages.success(
        request,
        _("Deleted: %(title)s stands where its words put it. “Save” writes it again.")
        % {"title": _title(row)},
    )
    filled = urlencode({name: value for name, value in again.items() if value})
    return redirect(f"{reverse('dashboard:boost-new')}?{filled}")


urlpatterns = [
    path("boosts/", boosts, name="boosts"),
    path("boosts/new/", boost, name="boost-new"),
    path("boosts/<row:pk>/", boost, name="boost"),
    path("boosts/<row:pk>/delete/", boost_delete, name="boost-delete"),
]
NAV = [NavEntry("marketing", gettext_lazy("Further up"), "dashboard:boosts", BOOSTS, "search", 35)]
