"""Staff pages of labels: of bins as filtered, of the codes of an article."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from fulfilment.warehouse.stock import place_queries, queries
from fulfilment.warehouse.stock.article_queries import codes_of
from fulfilment.warehouse.stock.label_forms import LabelForm
from fulfilment.warehouse.stock.labels import LABELS_MAX, LabelText
from fulfilment.warehouse.stock.models import Bin
from fulfilment.warehouse.stock.place_forms import BinSearch
from shop.kernel.access import staff_view

PRINTING = ("paper", "start", "copies", "symbol", "output")


def _label_form(request: HttpRequest, **initial: Any) -> LabelForm:
    """Bound once it was sent; the page itself shows what is usual."""
    chosen = {name: request.GET[name] for name in PRINTING if name in request.GET}
    if "print" in request.GET or "preview" in request.GET:
        usual = {name: field.initial for name, field in LabelForm.base_fields.items()}
        return LabelForm({**usual, **initial, **chosen})
    return LabelForm(initial={**initial, **chosen})


@staff_view("stock.view_stock")
@require_safe
def bin_labels(request: HttpRequest) -> HttpResponse:
    """Labels of all bins that fit the filters, in walking order."""
    search, form = BinSearch(request.GET), _label_form(request)
    rows = queries.bins().order_by("site__position", "site__code", "sequence", "code")
    rows = place_queries.filtered_bins(rows, search.cleaned_data) if search.is_valid() else rows.none()
    count = rows.count()
    sheets = form.sheet_count(count) if form.is_bound and form.is_valid() else 0
    if "print" in request.GET and form.is_valid() and search.is_valid():
        answer = form.answer([bin_label(bin) for bin in rows[: LABELS_MAX + 1]], "bins")
        if answer is not None:
            return answer
    context = {
        "form": form,
        "search": search,
        "count": count,
        "sheets": sheets,
        "first": [bin.code for bin in rows[:12]],
        "crumbs": [{"title": _("Bins"), "url": reverse("warehouse:bins")}, {"title": _("Labels")}],
    }
    failed = (form.is_bound and bool(form.errors)) or search.status == 400
    return render(request, "dashboard/warehouse/labels/bins.html", context, status=400 if failed else 200)


def bin_label(bin: Bin) -> LabelText:
    """What the label of a bin says (with its site and zone loaded)."""
    zone = f" · {_('Zone')} {bin.zone}" if bin.zone else ""
    return LabelText(bin.code, bin.code, (f"{bin.site.name}{zone}",))


@staff_view("stock.view_stock")
@require_safe
def one_bin_label(request: HttpRequest, pk: int) -> HttpResponse:
    """The label of one bin."""
    bin = get_object_or_404(Bin.objects.select_related("site", "zone"), pk=pk)
    here = reverse("warehouse:bin", args=[pk])
    crumbs = [{"title": _("Bins"), "url": reverse("warehouse:bins")}, {"title": bin.code, "url": here}]
    form = _label_form(request, paper="57x32")
    return _print_page(request, form, [bin_label(bin)], f"bin-{bin.pk}", bin.code, crumbs, here)


@staff_view("stock.view_stock")
@require_safe
def article_labels(request: HttpRequest, pk: int) -> HttpResponse:
    """Labels of an article, by one of its codes."""
    record = get_object_or_404(queries.skus(), pk=pk)
    codes = codes_of(record)
    wanted = request.GET.get("code") or codes[0].code
    chosen = next((one for one in codes if one.code == wanted), None)
    texts = (
        [] if chosen is None else [LabelText(record.product.title_local, chosen.code, _lines(record, chosen))]
    )
    here = reverse("warehouse:codes", args=[pk])
    crumbs = [
        {"title": _("Stock"), "url": reverse("warehouse:stock")},
        {"title": record.partner_sku, "url": here},
    ]
    form = _label_form(request, paper="4x10")
    extra = {"codes": codes, "wanted": wanted}
    return _print_page(request, form, texts, f"article-{pk}", record.partner_sku, crumbs, here, extra)


def _lines(record: Any, chosen: Any) -> tuple[str, ...]:
    number = record.partner_sku if chosen.code != record.partner_sku else ""
    pack = _("%(pieces)s pieces") % {"pieces": chosen.pieces} if chosen.pieces > 1 else ""
    return tuple(part for part in (number, " ".join(part for part in (chosen.name, pack) if part)) if part)


def _print_page(
    request: HttpRequest,
    form: LabelForm,
    texts: list[LabelText],
    name: str,
    title: str,
    crumbs: list[dict[str, str]],
    back: str,
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """The page that asks how, or the file."""
    if "print" in request.GET and form.is_valid():
        answer = form.answer(texts, name)
        if answer is not None:
            return answer
    context: dict[str, Any] = {
        "form": form,
        "title": pgettext("print", "Labels of %(what)s") % {"what": title},
        "crumbs": [*crumbs, {"title": _("Labels")}],
        "back": back,
        **(extra or {}),
    }
    failed = form.is_bound and bool(form.errors)
    return render(request, "dashboard/warehouse/labels/one.html", context, status=400 if failed else 200)


urlpatterns = [
    path("bins/labels/", bin_labels, name="bin-labels"),
    path("bins/<row:pk>/label/", one_bin_label, name="bin-label"),
    path("stock/<row:pk>/labels/", article_labels, name="article-labels"),
]
