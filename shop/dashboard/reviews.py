"""Reviews to read: a queue of new and reported ones, a page to decide each. The shop shows none that is unread."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.reviews import actions
from catalogue.reviews.models import BEST, WORDS_MAX, ProductReview
from catalogue.reviews.queries import to_moderate
from catalogue.reviews.states import PUBLISHED, REVIEW
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.audit.models import LIST
from shop.kernel.access import staff_view
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.kernel.states import MoveNotAllowed, StaleState

PERMISSION = "reviews.moderate_reviews"
SORT = {"written": "written_at", "score": "score", "product": "product__title", "reports": "open_reports"}
TODO = "todo"


class ReviewSearch(Search):
    """Filters of the list; they stay in the address."""

    show = forms.ChoiceField(
        label=gettext_lazy("How it stands"),
        required=False,
        choices=[(TODO, gettext_lazy("to be decided")), ("", gettext_lazy("all")), *REVIEW.choices],
    )
    score = forms.ChoiceField(
        label=gettext_lazy("Stars"),
        required=False,
        choices=[("", gettext_lazy("all")), *((str(n), str(n)) for n in range(BEST, 0, -1))],
    )


class DecisionForm(forms.Form):
    """Words for the author; needed to refuse."""

    why = forms.CharField(
        label=gettext_lazy("Why it is not published"),
        required=False,
        max_length=WORDS_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The author reads it in a mail. That somebody is not content is no reason."),
    )


@staff_view(PERMISSION, shows=LIST)
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """Every review, those that wait first. A constant number of queries."""
    form = ReviewSearch(request.GET)
    found = sorted_by(request, search(form), SORT, ["-open_reports", "written_at", "pk"])
    if wants_csv(request):
        head = [
            _("Article"),
            _("Stars"),
            _("Title"),
            _("Words"),
            _("Name"),
            _("Verified purchase"),
            _("State"),
        ]
        rows = (
            [r.product.title if r.product else "", r.score, r.title, r.body, r.name, r.is_verified, r.state]
            for r in found[:CSV_ROWS_MAX].iterator()
        )
        return csv_file("reviews", head, rows)
    page = page_of(request, found)
    context = {"form": form, "page": page, "csv_url": csv_url(request)}
    return render(request, "dashboard/marketing/reviews.html", context, status=form.status)


def search(form: ReviewSearch) -> QuerySet[Any]:
    """Reviews that fit the filters, each with ``open_reports``."""
    found: QuerySet[Any] = ProductReview.objects.select_related("product")
    show, words = form.value("show"), form.value("q").strip()
    if show == TODO:
        found = found.filter(pk__in=to_moderate().order_by().values("pk"))
    elif show:
        found = found.filter(state=show)
    if form.value("score"):
        found = found.filter(score=int(form.value("score")))
    if words:
        found = found.filter(
            Q(title__icontains=words)
            | Q(body__icontains=words)
            | Q(name__icontains=words)
            | Q(product__title__icontains=words)
        )
    return found.annotate(open_reports=Count("reports", filter=Q(reports__upheld=None)))


@staff_view(PERMISSION, shows="review")
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One review with what was reported of it: publish, refuse with a reason, or let it stay."""
    row = get_object_or_404(ProductReview.objects.select_related("product"), pk=pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = _decide(request, row, form)
        if answer is not None:
            return answer
    context = {
        "review": row,
        "form": form,
        "seen": actions.seen_of(row),
        "reports": list(row.reports.order_by("-created_at")),
        "changes": _history(row),
        "has_open_reports": row.reports.filter(upheld=None).exists(),
    }
    return render(request, "dashboard/marketing/review.html", context, status=400 if form.is_bound else 200)


def _history(row: ProductReview) -> list[tuple[Any, StateChange]]:
    """(state in words, change), the latest first. One query."""
    words = dict(REVIEW.choices)
    found = StateChange.objects.filter(machine=REVIEW.name, thing_id=row.pk).select_related("by")
    return [(words.get(change.new, change.new), change) for change in found.order_by("-pk")]


def _decide(request: HttpRequest, row: ProductReview, form: DecisionForm) -> HttpResponse | None:
    """Do what the button says and go on to the next one that waits; None when the form must be shown again."""
    step, why = request.POST.get("step"), form.cleaned_data["why"].strip()
    seen = request.POST.get("seen", "") or "nothing"  # a page without it has shown no words to decide about
    if step == "refuse" and not why:
        form.add_error("why", _("Please say why: the author has a right to know."))
        return None
    try:
        if step == "publish":
            actions.publish(review=row, by=request.user, seen=seen)
            messages.success(request, _("Published. The article's stars follow at once."))
        elif step == "refuse":
            actions.refuse(review=row, by=request.user, why=why, seen=seen)
            messages.success(request, _("Not published. The author gets a mail with your reason."))
        elif step == "keep" and row.state == PUBLISHED:
            actions.keep(review=row, by=request.user)
            messages.success(request, _("It stays. The reports are answered."))
        else:
            form.add_error(None, _("This is not possible as the review stands now."))
            return None
    except actions.WrittenAnew:
        form.add_error(None, _("The author has changed the words meanwhile. Please read them again."))
        row.refresh_from_db()
        return None
    except (StaleState, MoveNotAllowed):
        form.add_error(None, _("A colleague decided or the author wrote anew. Please look again."))
        row.refresh_from_db()
        return None
    following = to_moderate().order_by("written_at", "pk").first()
    return redirect("dashboard:review", following.pk) if following else redirect("dashboard:reviews")


NAV = [
    NavEntry(
        room="marketing",
        title=gettext_lazy("Reviews"),
        url_name="dashboard:reviews",
        permission=PERMISSION,
        order=40,
    )
]
urlpatterns = [
    path("reviews/", reviews, name="reviews"),
    path("reviews/<row:pk>/", review, name="review"),
]
