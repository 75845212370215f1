"""Words of the search, for those who dress the shop window: synonyms, and what people looked for and did not find."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.search.models import MissedSearch, Synonym
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.kernel.access import staff_view
from shop.kernel.clock import today
from shop.kernel.nav import NavEntry
from shop.kernel.text import clean_line

SYNONYMS, MISSED = "search.change_synonym", "search.view_missedsearch"
SORT_SYNONYMS = {"words": "words", "changed": "changed_at"}
SORT_MISSED = {"words": "words", "times": "total", "last": "last"}
PERIODS = {"7": gettext_lazy("7 days"), "30": gettext_lazy("30 days"), "180": gettext_lazy("half a year")}


class MissedFilter(Search):
    """Filters of the report."""

    days = forms.ChoiceField(
        label=gettext_lazy("Period"),
        required=False,
        choices=[("", gettext_lazy("30 days")), ("7", PERIODS["7"]), ("180", PERIODS["180"])],
    )
    shown = forms.ChoiceField(
        label=gettext_lazy("Shown instead"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("no", gettext_lazy("nothing")),
            ("yes", gettext_lazy("results for another word")),
        ],
    )


class SynonymForm(forms.ModelForm[Synonym]):
    """Two words or more."""

    class Meta:
        model = Synonym
        fields = ("words", "one_way")

    def clean_words(self) -> str:
        """Each word once, two at least."""
        row = Synonym(words=clean_line(self.cleaned_data["words"]))
        each = list(dict.fromkeys(row.each))
        if len(each) < 2:
            raise forms.ValidationError(_("Please write two words at least, with a comma between them."))
        return ", ".join(each)


@staff_view(SYNONYMS)
@require_safe
def synonyms(request: HttpRequest) -> HttpResponse:
    """Every group of words. A constant number of queries."""
    form = Search(request.GET)
    found = Synonym.objects.all()
    if form.value("q"):
        found = found.filter(words__icontains=form.value("q"))
    found = sorted_by(request, found, SORT_SYNONYMS, ["words", "pk"])
    if wants_csv(request):
        rows = ([row.words, row.one_way] for row in found[:CSV_ROWS_MAX].iterator())
        return csv_file("synonyms", [_("Words"), _("Only from the first word")], rows)
    page = page_of(request, found)
    context = {"form": form, "page": page, "rows": page.object_list, "csv_url": csv_url(request)}
    return render(request, "dashboard/marketing/synonyms.html", context, status=form.status)


@staff_view(SYNONYMS)
@require_http_methods(["GET", "HEAD", "POST"])
def synonym(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a group of words or change it; ``?words=`` fills in what the report led here with."""
    found = get_object_or_404(Synonym, pk=pk) if pk is not None else None
    first = clean_line(request.GET.get("words", ""))[:100]
    form = SynonymForm(
        request.POST or None, instance=found, initial={"words": f"{first}, "} if first else None
    )
    if request.method == "POST" and form.is_valid():
        row = form.save()
        messages.success(
            request, _("Kept: %(words)s. The search knows it within ten seconds.") % {"words": row.words}
        )
        return redirect("dashboard:synonyms")
    crumbs = [
        {"title": _("Synonyms"), "url": reverse("dashboard:synonyms")},
        {"title": found.words if found else _("New synonyms"), "url": ""},
    ]
    context = {"form": form, "synonym": found, "crumbs": crumbs}
    return render(request, "dashboard/marketing/synonym.html", context, status=422 if form.errors else 200)


@staff_view(SYNONYMS)
@require_POST
def synonym_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Away with a group; the message leads to writing it again."""
    row = get_object_or_404(Synonym, pk=pk)
    row.delete()
    messages.success(
        request, _("Deleted: %(words)s. These words are looked for one by one again.") % {"words": row.words}
    )
    return redirect(f"{reverse('dashboard:synonym-new')}?{urlencode({'words': row.words})}")


@staff_view(MISSED)
@require_safe
def missed(request: HttpRequest) -> HttpResponse:
    """What people looked for and did not find, most often first. A constant number of queries."""
    form = MissedFilter(request.GET)
    found = sorted_by(request, _missed(form), SORT_MISSED, ["-total", "words"])
    if wants_csv(request):
        head = [_("Looked for"), _("Language"), _("Times"), _("Last"), _("Shown instead")]
        rows = (
            [row["words"], row["language"], row["total"], row["last"], row["instead"]]
            for row in found[:CSV_ROWS_MAX]
        )
        return csv_file("missed-searches", head, rows)
    page = page_of(request, found)
    context = {"form": form, "page": page, "rows": page.object_list, "csv_url": csv_url(request)}
    return render(request, "dashboard/marketing/missed_searches.html", context, status=form.status)


def _missed(form: MissedFilter) -> QuerySet[MissedSearch, Any]:
    since = today() - timedelta(days=int(form.value("days") or 30))
    rows = MissedSearch.objects.filter(day__gt=since)
    if form.value("q"):
        rows = rows.filter(words__icontains=form.value("q").lower())
    if form.value("shown"):
        rows = rows.filter(corrected="") if form.value("shown") == "no" else rows.exclude(corrected="")
    return rows.values("words", "language").annotate(
        total=Sum("times"), last=Max("day"), instead=Max("corrected")
    )


urlpatterns = [
    path("synonyms/", synonyms, name="synonyms"),
    path("synonyms/new/", synonym, name="synonym-new"),
    path("synonyms/<row:pk>/", synonym, name="synonym"),
    path("synonyms/<row:pk>/delete/", synonym_delete, name="synonym-delete"),
    path("missed-searches/", missed, name="missed-searches"),
]
NAV = [
    NavEntry("marketing", gettext_lazy("Synonyms"), "dashboard:synonyms", SYNONYMS, "search", 30),
    NavEntry(
        "marketing", gettext_lazy("Searched in vain"), "dashboard:missed-searches", MISSED, "question", 40
    ),
]
