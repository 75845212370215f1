"""The newsletter for those who write it: a list of issues, a page to write one, a page to send it."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django import forms
from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from shop.customers import newsletter
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.kernel.text import clean_line
from shop.ui.states import look_of

from . import issues
from .letters import newsletter as letters
from .models import NewsletterIssue, OutgoingMail
from .previews import framed
from .rendering import render as render_letter
from .states import DRAFT, ISSUE, SENDING

PERMISSION = "notifications.send_newsletters"
SORT = {"written": "created_at", "started": "started_at", "state": "state"}
TEXT_MAX = 10_000


class IssueSearch(Search):
    """Filters of the list; they stay in the address."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("All")), *((state, ISSUE.labels[state]) for state in ISSUE.states)],
    )


class IssueForm(forms.ModelForm):
    """Subject and text, in one language or in both."""

    class Meta:
        model = NewsletterIssue
        fields = ("subject_de", "text_de", "subject_en", "text_en")
        labels = {
            "subject_de": gettext_lazy("Subject (German)"),
            "text_de": gettext_lazy("Text (German)"),
            "subject_en": gettext_lazy("Subject (English)"),
            "text_en": gettext_lazy("Text (English)"),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 10}) for name in ("text_de", "text_en")}
        help_texts = {
            "text_de": gettext_lazy(
                "An empty line begins a new paragraph. A paragraph like [To the boots](https://...) is a button."
            )
        }

    def clean(self) -> dict[str, Any]:
        """Of each language both parts or none; of at least one."""
        data = super().clean() or self.cleaned_data
        there = []
        for language in issues.LANGUAGES:
            subject = data[f"subject_{language}"] = clean_line(data.get(f"subject_{language}") or "")
            text = data[f"text_{language}"] = str(data.get(f"text_{language}") or "").strip()
            if len(text) > TEXT_MAX:
                self.add_error(
                    f"text_{language}", _("Please use no more than %(most)d characters.") % {"most": TEXT_MAX}
                )
            if bool(subject) != bool(text):
                missing = f"subject_{language}" if text else f"text_{language}"
                self.add_error(missing, _("Subject and text belong together: please fill in both."))
            there.append(bool(subject and text))
        if not any(there) and not self.errors:
            self.add_error("subject_de", _("Please write subject and text in one language at least."))
        return dict(data)


@staff_view(PERMISSION)
@require_safe
def issue_list(request: HttpRequest) -> HttpResponse:
    """Every issue with what became of it, the newest first. A constant number of queries."""
    form = IssueSearch(request.GET)
    rows = sorted_by(request, _search(form), SORT, ["-created_at", "-pk"])
    if wants_csv(request):
        head = [_("Subject"), _("State"), _("Written"), _("Begun"), _("Sent"), _("Failed")]
        cells = (
            [
                issue.subject,
                str(look_of(issue.state).label),
                issue.created_at.isoformat(timespec="seconds"),
                issue.started_at.isoformat(timespec="seconds") if issue.started_at else "",
                issue.sent,
                issue.failed,
            ]
            for issue in rows[:CSV_ROWS_MAX]
        )
        return csv_file("newsletters", head, cells)
    context = {
        "form": form,
        "page": page_of(request, rows),
        "csv_url": csv_url(request),
        "filtered": bool(form.value("q") or form.value("state")),
        "subscribers": newsletter.subscribers().count(),
    }
    return render(request, "dashboard/newsletter/list.html", context, status=form.status)


def _search(form: IssueSearch) -> Any:
    rows = NewsletterIssue.objects.annotate(
        sent=Count("copies", filter=Q(copies__mail__state=OutgoingMail.DONE)) + F("were_sent"),
        failed=Count("copies", filter=Q(copies__mail__state=OutgoingMail.DEAD)) + F("were_failed"),
    )
    words, state = form.value("q").strip(), form.value("state")
    if words:
        rows = rows.filter(Q(subject_de__icontains=words) | Q(subject_en__icontains=words))
    return rows.filter(state=state) if state else rows


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write a new issue."""
    return _form(request, None)


@staff_view(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write an issue anew that was not begun."""
    issue = get_object_or_404(NewsletterIssue, pk=pk)
    if issue.state != DRAFT:
        messages.info(request, _("The sending has begun; the words stay as they are."))
        return redirect("notifications:newsletter", pk=pk)
    return _form(request, issue)


def _form(request: HttpRequest, issue: NewsletterIssue | None) -> HttpResponse:
    form = IssueForm(request.POST if request.method == "POST" else None, instance=issue)
    if request.method == "POST" and form.is_valid():
        texts = {name: form.cleaned_data[name] for name in form.Meta.fields}
        try:
            saved = issues.save(issue=issue, texts=texts, by=request.user)
        except issues.NotPossible as problem:
            messages.error(request, str(problem))
            return redirect("notifications:newsletters")
        messages.success(request, _("It is kept as a draft. Nothing was sent."))
        return redirect("notifications:newsletter", pk=saved.pk)
    context = {"form": form, "issue": issue, "crumbs": _crumbs()}
    return render(request, "dashboard/newsletter/form.html", context, status=422 if form.is_bound else 200)


@staff_view(PERMISSION)
@require_safe
@csp_replace({"frame-src": [SELF]})  # type: ignore[arg-type]
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How it looks, what can be done with it now, and how far the sending is."""
    issue = get_object_or_404(NewsletterIssue.objects.select_related("written_by"), pk=pk)
    found = issues.counts(issue)
    context = {
        "issue": issue,
        "counts": found,
        "subscribers": newsletter.subscribers().count(),
        "is_running": issue.state == SENDING or bool(found["waiting"]),
        "most": max(issue.subscribers, sum(found.values()), 1),
        "crumbs": _crumbs(),
    }
    return render(request, "dashboard/newsletter/detail.html", context)


@staff_view(PERMISSION)
@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """The mail in one language as subscribers see it, for the sandboxed frame of its page."""
    issue = get_object_or_404(NewsletterIssue, pk=pk)
    if code not in issue.languages:
        raise Http404
    with translation.override(code):
        html = render_letter(letters.issue(issue, code, leave=""), code).html
    return framed(html)


@staff_view(PERMISSION)
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """Try, begin, stop, go on, delete: by the button's ``step``."""
    issue, step = get_object_or_404(NewsletterIssue, pk=pk), request.POST.get("step", "")
    try:
        messages.success(request, _done(issue, step, request.user))
    except issues.NotPossible as problem:
        messages.error(request, str(problem))
    if step == "drop" and not NewsletterIssue.objects.filter(pk=pk).exists():
        return redirect("notifications:newsletters")
    return redirect("notifications:newsletter", pk=pk)


def _done(issue: NewsletterIssue, step: str, by: Any) -> str:
    """Do it; what happened, in words. Raises NotPossible."""
    if step == "try":
        issues.try_it(issue=issue, by=by)
        return _("It is on its way to %(email)s. Please look at it there.") % {"email": by.email}
    if step == "start":
        issues.start(issue=issue, by=by)
        return _("The sending has begun. You can stop it here.")
    if step == "stop":
        back = issues.stop(issue=issue, by=by)
        text = ngettext(
            "Stopped. %(n)d mail was taken back before it left.",
            "Stopped. %(n)d mails were taken back before they left.",
            back,
        )
        return text % {"n": back}
    if step == "go_on":
        issues.go_on(issue=issue, by=by)
        return _("It goes on; nobody gets it twice.")
    if step == "drop":
        issues.drop(issue=issue, by=by)
        return _("The draft is deleted.")
    raise issues.NotPossible(_("Please choose what shall be done."))


def _crumbs() -> list[dict[str, str]]:
    return [{"title": _("Newsletter"), "url": reverse("notifications:newsletters")}]


urlpatterns = [
    path("newsletters/", issue_list, name="newsletters"),
    path("newsletters/new/", new, name="newsletter-new"),
    path("newsletters/<row:pk>/", detail, name="newsletter"),
    path("newsletters/<row:pk>/edit/", edit, name="newsletter-edit"),
    path("newsletters/<row:pk>/preview/<str:code>/", preview, name="newsletter-preview"),
    path("newsletters/<row:pk>/act/", act, name="newsletter-act"),
]

NAV = [
    NavEntry(
        room="marketing",
        title=gettext_lazy("Newsletter"),
        url_name="notifications:newsletters",
        permission=PERMISSION,
        icon="mail",
        order=40,
    )
]
