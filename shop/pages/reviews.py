"""Reviews on the shopper's side: all of a product, write one's own, report one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.core.validators import MaxLengthValidator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.models import Product
from catalogue.reviews import actions
from catalogue.reviews.models import BEST, BODY_MAX, NAME_MAX, TITLE_MAX, ProductReview, ReviewReport
from catalogue.reviews.queries import shown, stars_of
from catalogue.reviews.states import PUBLISHED
from checkout.order.models import Line
from shop.kernel.access import public, shopper_view
from shop.kernel.text import clean_line
from shop.ui.addresses import addresses_of

from .limits import too_many

PER_PAGE = 20
REPORTS_PER_VISITOR_MAX = 20  #: an hour, from one place of the internet
BODY_MIN = 10  #: characters: "ok" helps nobody
SORT = {"newest": ("-written_at", "-pk"), "best": ("-score", "-pk"), "worst": ("score", "-pk")}


class ReviewForm(forms.ModelForm):
    """Stars, heading, words, and the name to show."""

    score = forms.TypedChoiceField(
        label=gettext_lazy("Stars"),
        coerce=int,
        widget=forms.RadioSelect,
        choices=lambda: [
            (n, ngettext("%(n)d star", "%(n)d stars", n) % {"n": n}) for n in range(BEST, 0, -1)
        ],
    )
    title = forms.CharField(label=gettext_lazy("In a few words"), max_length=TITLE_MAX)
    body = forms.CharField(
        label=gettext_lazy("Your experience"),
        min_length=BODY_MIN,
        validators=[MaxLengthValidator(BODY_MAX)],
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Fit, comfort, how it wears. Everybody can read it."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name to show"),
        max_length=NAME_MAX,
        help_text=gettext_lazy("A first name is enough, or a made-up one."),
    )

    class Meta:
        model = ProductReview
        fields = ("score", "title", "body", "name")

    def clean_title(self) -> str:
        """One line that says something."""
        return _said(self.cleaned_data["title"])

    def clean_name(self) -> str:
        """One line that says something."""
        return _said(self.cleaned_data["name"])


class ReportForm(forms.ModelForm):
    """What is wrong with a review."""

    class Meta:
        model = ReviewReport
        fields = ("reason", "words", "email")
        widgets = {"words": forms.Textarea(attrs={"rows": 4}), "reason": forms.RadioSelect}
        help_texts = {"email": gettext_lazy("Only if you would like an answer.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = ReviewReport.REASONS  # type: ignore[attr-defined]  # without "nothing"


def _said(text: str) -> str:
    line = clean_line(text)
    if not line:
        raise forms.ValidationError(_("Please write something here."))
    return line


def dispatched_line(person: Any, product_id: int) -> int | None:
    """The first order line by which the person received a variant of the product, or it itself. One query.

    Pieces must have left the house: an order that was never sent is no experience with the goods.
    """
    lines = Line.objects.filter(
        Q(product__parent_id=product_id) | Q(product_id=product_id),
        order__user=person,
        quantity_dispatched__gt=0,
    )
    return lines.order_by("pk").values_list("pk", flat=True).first()


@public
@require_safe
def product_reviews(request: HttpRequest, pk: int) -> HttpResponse:
    """All reviews of a product, by stars where wished. A constant number of queries."""
    product = _product(pk)
    stars, sort = request.GET.get("stars", ""), request.GET.get("sort", "newest")
    found = shown(product.pk).order_by(*SORT.get(sort, SORT["newest"]))
    if stars in {str(n) for n in range(1, BEST + 1)}:
        found = found.filter(score=int(stars))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    is_whole = not stars and sort == "newest"
    context = {
        **addresses_of(request.path, page.number if is_whole else 1),
        "product": product,
        "title": product.text("title"),
        "page_obj": page,
        "bars": [
            (score, n, round(100 * n / product.review_count) if product.review_count else 0)
            for score, n in stars_of(product.pk)
        ],
        "stars": stars,
        "sort": sort if sort in SORT else "newest",
    }
    return render(request, "storefront/reviews/list.html", context)


@shopper_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a review of a product, or write one's own anew."""
    product, person = _product(pk), request.user
    own = ProductReview.objects.filter(product=product, user=person).first()
    line_id = dispatched_line(person, product.pk)
    first_name = str(getattr(person, "first_name", ""))
    form = ReviewForm(request.POST or None, instance=own, initial={"name": own.name if own else first_name})
    if request.method == "POST" and form.is_valid():
        opinion = actions.Opinion(**form.cleaned_data, language=(get_language() or "de")[:2])
        actions.write_review(product=product, opinion=opinion, by=person, verified_line_id=line_id)
        messages.success(
            request, _("Thank you. A person reads your review; then it appears beside the product.")
        )
        return redirect("reviews:mine")
    context = {
        "form": form,
        "product": product,
        "title": product.text("title"),
        "own": own,
        "is_bought": line_id is not None,
    }
    return render(request, "storefront/reviews/write.html", context, status=400 if form.is_bound else 200)


@shopper_view
@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What the person wrote, and how it stands."""
    rows = ProductReview.objects.filter(user=request.user, product__isnull=False).select_related("product")
    page = Paginator(rows.order_by("-written_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "account/reviews.html", {"page_obj": page})


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a published review should not be there; anybody may."""
    review = get_object_or_404(
        ProductReview.objects.select_related("product"), pk=pk, state=PUBLISHED, product__is_public=True
    )
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if too_many(request, what="review-report", most=REPORTS_PER_VISITOR_MAX):
            form.add_error(None, _("Very many reports came from here within an hour. Please try later."))
        else:
            actions.report(review=review, **form.cleaned_data)
            messages.success(request, _("Thank you for telling us. A person looks at it."))
            return redirect("reviews:product", pk=review.product_id)
    return render(
        request,
        "storefront/reviews/report.html",
        {"form": form, "review": review, "title": review.product.text("title")},
        status=400 if form.is_bound else 200,
    )


def _product(pk: int) -> Product:
    """A product with a page of its own; raises Http404 for others."""
    found = Product.objects.filter(pk=pk, parent=None, is_public=True).first()
    if found is None:
        raise Http404
    return found
