"""The shop window for those who dress it: products found, texts in both languages, visibility, categories."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.actions import refresh_search_text
from catalogue.models import Category, Product, ProductCategory, ProductImage
from catalogue.partner.models import StockRecord
from catalogue.pictures import Picture, picture
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.money import to_minor
from shop.kernel.nav import NavEntry
from shop.kernel.text import clean_line
from shop.ui.numbers import money_text

from . import prices
from .models import PRODUCT, StaffAction, note

PERMISSION = "catalogue.change_product"
SORT = {"title": "title", "changed": "date_updated", "stock": "stock", "price": "price_low"}
WORDS_MAX = 6
TEXT_MAX = 5_000
SHOWN = 20
ENGLISH = ("title", "description")


class ProductSearch(Search):
    """Filters of the list."""

    stock = forms.ChoiceField(
        label=gettext_lazy("Stock"),
        required=False,
        choices=[("", gettext_lazy("all")), ("out", gettext_lazy("a variant is sold out"))],
    )
    shown = forms.ChoiceField(
        label=gettext_lazy("In the shop"),
        required=False,
        choices=[("", gettext_lazy("all")), ("yes", gettext_lazy("shown")), ("no", gettext_lazy("hidden"))],
    )
    reduced = forms.ChoiceField(
        label=gettext_lazy("Price"),
        required=False,
        choices=[("", gettext_lazy("all")), ("yes", gettext_lazy("reduced"))],
    )


class ProductForm(forms.ModelForm):
    """Texts in German and English, category, visibility."""

    title_en = forms.CharField(label=gettext_lazy("Title (English)"), max_length=255)
    description_en = forms.CharField(
        label=gettext_lazy("Description (English)"),
        max_length=TEXT_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    categories: forms.ModelMultipleChoiceField[Category] = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Categories"),
        queryset=Category.objects.all(),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Product
        fields = ("title", "description", "material", "warnings", "withdrawal_exclusion", "is_public")
        labels = {
            "title": gettext_lazy("Title (German)"),
            "description": gettext_lazy("Description (German)"),
            "is_public": gettext_lazy("Shown in the shop"),
        }
        widgets = {
            "description": forms.Textarea(attrs={"rows": 8}),
            "warnings": forms.Textarea(attrs={"rows": 2}),
        }

    field_order = ("title", "title_en", "description", "description_en", "material", "warnings", "categories")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in ENGLISH:
            self.initial[f"{field}_en"] = self.instance.texts.get("en", {}).get(field, "")
        self.fields["title"].required = True
        self.fields["description"].validators.append(MaxLengthValidator(TEXT_MAX))
        self.fields["is_public"].help_text = ""
        rows = list(Category.objects.order_by("path"))
        box: Any = self.fields["categories"]
        box.choices = [(row.pk, f"{'– ' * (row.depth - 1)}{row.name}") for row in rows]
        self.initial["categories"] = list(
            ProductCategory.objects.filter(product=self.instance).values_list("category_id", flat=True)
        )

    def clean_title(self) -> str:
        """One line."""
        return clean_line(self.cleaned_data["title"])

    def clean_title_en(self) -> str:
        """One line."""
        return clean_line(self.cleaned_data["title_en"])


@staff_view(PERMISSION)
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Every product with price range and stock over its variants."""
    form = ProductSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["title", "pk"])
    if wants_csv(request):
        head = [_("Title"), _("Shown in the shop"), _("Variants"), _("Stock")]
        rows = ([p.title, p.is_public, p.variants, p.stock or 0] for p in found[:CSV_ROWS_MAX].iterator())
        return csv_file("products", head, rows)
    page = page_of(request, found)
    pictures = pictures_of([product.pk for product in page.object_list])
    for product in page.object_list:
        product.picture = pictures.get(product.pk)
        product.price_text = _range(product.price_low, product.price_high)
    context = {"form": form, "page": page, "csv_url": csv_url(request)}
    return render(request, "dashboard/marketing/list.html", context, status=form.status)


def search(form: ProductSearch) -> QuerySet[Any]:
    """Parents and standalone products with ``variants``, ``stock``, ``price_low``, ``price_high``, ``reduced``."""
    found: QuerySet[Any] = Product.objects.filter(parent=None)
    for word in form.value("q").split()[:WORDS_MAX]:
        of_sku = _records().filter(partner_sku__istartswith=word)
        found = found.filter(
            Q(title__icontains=word)
            | Q(search_text__icontains=word.lower())
            | Q(pk__in=of_sku.values("product__parent_id"))
            | Q(pk__in=of_sku.values("product_id"))
        )
    if form.value("shown"):
        found = found.filter(is_public=form.value("shown") == "yes")
    if form.value("stock"):
        out = _records().filter(num_in_stock=0, backorderable=False)
        found = found.filter(Q(pk__in=out.values("product__parent_id")) | Q(pk__in=out.values("product_id")))
    if form.value("reduced"):
        cut = _records().filter(reference_price_minor__isnull=False)
        found = found.filter(Q(pk__in=cut.values("product__parent_id")) | Q(pk__in=cut.values("product_id")))
    mine = StockRecord.objects.filter(Q(product=OuterRef("pk")) | Q(product__parent=OuterRef("pk")))
    one = mine.order_by()
    return found.annotate(
        variants=_over(one, Count("pk")),
        stock=_over(one, Sum("num_in_stock")),
        price_low=_over(one, Min("price")),
        price_high=_over(one, Max("price")),
        reference=_over(one, Max("reference_price_minor")),
    )


def _range(low: Any, high: Any) -> str:
    """One price, or from the lowest to the highest."""
    if low is None:
        return "–"
    texts = [money_text(to_minor(price)) for price in (low, high)]
    return texts[0] if low == high else " – ".join(texts)


def _records() -> QuerySet[StockRecord]:
    return StockRecord.objects.order_by()


def _over(rows: QuerySet[StockRecord], what: Any) -> Subquery:
    """An aggregate over a product's stock records, as a column."""
    return Subquery(rows.values("partner_id").annotate(found=what).values("found")[:1])


def pictures_of(ids: list[int]) -> dict[int, Picture]:
    """The first picture of each product. One query."""
    rows = ProductImage.objects.filter(product__in=ids).exclude(original="").select_related("colour")
    return {image.product_id: picture(image, "") for image in rows.order_by("-display_order", "-pk")}


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """One product: its texts to change, its variants with price and stock."""
    row = get_object_or_404(Product, pk=pk, parent=None)
    form = ProductForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        _save(form, request.user)
        messages.success(request, _("Saved. The shop shows it at once."))
        return redirect("dashboard:product", pk)
    context = {
        "product": row,
        "form": form,
        "records": prices.records_of(row),
        "picture": pictures_of([row.pk]).get(row.pk),
        "shop_url": row.get_absolute_url() if row.is_public else "",
        "deeds": StaffAction.objects.filter(subject=PRODUCT, subject_id=pk)
        .select_related("by")
        .order_by("-pk")[:SHOWN],
        "crumbs": crumbs(row),
    }
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/marketing/product.html", context, status=status)


def _save(form: ProductForm, user: Any) -> None:
    """Texts, categories and what is searched for, together; what changed is written down."""
    with transaction.atomic():
        row = form.save(commit=False)
        english = {field: form.cleaned_data[f"{field}_en"] for field in ENGLISH}
        row.texts = {**row.texts, "en": {**row.texts.get("en", {}), **english}}
        row.save()
        wanted = {category.pk for category in form.cleaned_data["categories"]}
        links = ProductCategory.objects.filter(product=row)
        known = set(links.values_list("category_id", flat=True))
        links.exclude(category_id__in=wanted).delete()
        ProductCategory.objects.bulk_create(
            [ProductCategory(product=row, category_id=category) for category in sorted(wanted - known)]
        )
        refresh_search_text(products=[row.pk])
        note(
            subject=PRODUCT, subject_id=row.pk, what="edit_product", by=user, fields=sorted(form.changed_data)
        )


def crumbs(row: Product, *further: str) -> list[dict[str, str]]:
    """The way back."""
    found = [
        {"title": _("Products"), "url": reverse("dashboard:products")},
        {"title": row.title, "url": reverse("dashboard:product", args=[row.pk])},
    ]
    return found + [{"title": title, "url": ""} for title in further]


urlpatterns = [
    path("products/", products, name="products"),
    path("products/<row:pk>/", product, name="product"),
]
NAV = [
    NavEntry("marketing", gettext_lazy("Products"), "dashboard:products", PERMISSION, "tag", 10),
    NavEntry(
        "marketing", gettext_lazy("Pages"), "wagtailadmin_home", "wagtailadmin.access_admin", "edit", 20
    ),
    NavEntry(
        "marketing",
        gettext_lazy("Moved addresses"),
        "wagtailredirects:index",
        "wagtailredirects.change_redirect",
        "return",
        30,
    ),
]
