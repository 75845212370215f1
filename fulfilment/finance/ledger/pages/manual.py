"""Page of manual entries: type, look at what will be posted, post; papers and templates."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.finance.ledger import attachments, queries
from fulfilment.finance.ledger.actions import LedgerError, Manual, PeriodClosed, enter
from fulfilment.finance.ledger.actions.manual import KIND, check
from fulfilment.finance.ledger.models import Account, Attachment, Entry, EntryTemplate
from fulfilment.finance.ledger.postings import Posting
from shop.approvals.actions import limit_minor
from shop.kernel.access import staff_view

from .manual_forms import HeadForm, Lines, head_start, keep_template, like, lines_start, manual_of

POST = "ledger.post_entries"
INTO_CLOSED = "ledger.post_into_closed"
MORE_LINES = 4
PAPERS_MAX = 10


@staff_view(POST)
@require_http_methods(["GET", "HEAD", "POST"])
def manual_entry(request: HttpRequest) -> HttpResponse:
    """Write an entry: first what will be posted is shown, then it is posted or waits for a second person."""
    allowed = request.user.has_perm(INTO_CLOSED)
    if request.method != "POST":
        facts = _facts(request)
        head = HeadForm(initial=head_start(facts), may_post_into_closed=allowed)
        return _page(request, head, Lines(initial=lines_start(facts), prefix="line"), [])
    head = HeadForm(request.POST, request.FILES, may_post_into_closed=allowed)
    lines = Lines(_with_more(request), prefix="line")
    papers = _papers(request)
    valid = head.is_valid() & lines.is_valid()
    if head.cleaned_data.get("paper"):
        valid &= _take_paper(request, head, papers)
    step = request.POST.get("step")
    if step == "more":
        return _page(request, head, lines, papers, quiet=True)
    if not valid:
        return _page(request, head, lines, papers, status=400)
    manual = manual_of(head, lines, tuple(paper.pk for paper in papers))
    try:
        return _go(request, step, head, lines, papers, manual)
    except PeriodClosed as error:
        head.add_error("booked_on", str(error))
    except LedgerError as error:
        head.add_error(None, str(error))
    return _page(request, head, lines, papers, status=400)


def _go(
    request: HttpRequest,
    step: str | None,
    head: HeadForm,
    lines: Any,
    papers: list[Attachment],
    manual: Manual,
) -> HttpResponse:
    """Show what will be posted; post it when exactly that was shown. Raises LedgerError."""
    digest = hashlib.sha256(json.dumps(manual.facts(), sort_keys=True).encode()).hexdigest()
    if step == "keep":
        name = request.POST.get("template", "").strip() or manual.text
        template = keep_template(name=name, manual=manual, by=request.user)
        messages.success(request, _("Kept as template “%(name)s”.") % {"name": template.name})
    if step != "post" or request.POST.get("seen") != digest:
        shown = check(manual=manual, by=request.user)
        return _page(request, head, lines, papers, preview=shown, seen=digest, manual=manual)
    entry, request_made = enter(manual=manual, by=request.user)
    if entry is None and request_made is not None:
        text = _("“%(text)s” waits for approval by a second person; nothing is posted until then.")
        messages.warning(request, text % {"text": request_made.title})
        return redirect("finance:manual-entry")
    assert entry is not None
    messages.success(request, _("Posted as entry %(id)d.") % {"id": entry.pk})
    return redirect("finance:entry", entry.pk)


def _page(
    request: HttpRequest,
    head: HeadForm,
    lines: Any,
    papers: list[Attachment],
    *,
    status: int = 200,
    quiet: bool = False,
    preview: list[Posting] | None = None,
    seen: str = "",
    manual: Manual | None = None,
) -> HttpResponse:
    limit = limit_minor(kind_name=KIND, by=request.user)
    context = {
        "head": head,
        "lines": lines,
        "papers": papers,
        "quiet": quiet,
        "preview": _shown(preview or []),
        "seen": seen,
        "needs_second": manual is not None and manual.amount_minor > limit,
        "limit_minor": limit,
        "accounts": Account.objects.filter(is_active=True),
        "templates": EntryTemplate.objects.all()[:50],
        "last": Entry.objects.filter(kind="manual", by=request.user, posted_at__isnull=False).last(),
        "crumbs": [
            {"title": _("Journal"), "url": reverse("finance:journal")},
            {"title": _("Manual entry"), "url": ""},
        ],
    }
    return render(request, "dashboard/finance/books/manual_entry.html", context, status=status)


def _shown(lines: list[Posting]) -> list[dict[str, Any]]:
    """Lines with their accounts, as the preview shows them. One query."""
    if not lines:
        return []
    accounts = {f"#{row.number}": row for row in Account.objects.all()}
    accounts |= {row.role: row for row in accounts.values() if row.role}
    return [{"account": accounts[line.role], "line": line} for line in lines]


def _facts(request: HttpRequest) -> dict[str, Any]:
    """What the form begins with: a template, an earlier entry, or nothing."""
    template, earlier = request.GET.get("template", ""), request.GET.get("like", "")
    if template:
        return dict(get_object_or_404(EntryTemplate, pk=_number(template)).facts)
    if earlier:
        try:
            return like(queries.entry_with_lines(_number(earlier)))
        except Entry.DoesNotExist:
            raise Http404 from None
    return {}


def _with_more(request: HttpRequest) -> Any:
    """What was posted, with some more empty lines when they are asked for."""
    data = request.POST.copy()
    total = str(data.get("line-TOTAL_FORMS", ""))[:4]
    if data.get("step") == "more" and total.isdecimal():
        data["line-TOTAL_FORMS"] = str(min(int(total) + MORE_LINES, Lines.max_num))
    return data


def _papers(request: HttpRequest) -> list[Attachment]:
    """Papers this person uploaded with this form before."""
    named = [str(text) for text in request.POST.getlist("papers")[:PAPERS_MAX]]
    wanted = [int(text) for text in named if text.isdecimal() and len(text) < 19]
    return list(Attachment.objects.filter(pk__in=wanted, uploaded_by=request.user).order_by("pk"))


def _take_paper(request: HttpRequest, head: HeadForm, papers: list[Attachment]) -> bool:
    """Keep the uploaded file; it stays with the form whatever else is wrong. False when it cannot be kept."""
    upload = head.cleaned_data["paper"]
    try:
        if upload.size > attachments.SIZE_MAX:
            content = b" " * (attachments.SIZE_MAX + 1)  # never read into memory what is refused
        else:
            content = upload.read()
        papers.append(attachments.keep(name=upload.name, content=content, by=request.user))
    except attachments.WrongPaper as error:
        head.add_error("paper", str(error))
        return False
    return True


@staff_view(POST)
@require_POST
def drop_template(request: HttpRequest, pk: int) -> HttpResponse:
    """A template nobody needs any more."""
    template = get_object_or_404(EntryTemplate, pk=pk)
    template.delete()
    messages.success(request, _("The template “%(name)s” is gone.") % {"name": template.name})
    return redirect("finance:manual-entry")


@staff_view("ledger.view_ledger")
@require_safe
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper behind an entry, exactly as it was uploaded; shown by no program inside our pages."""
    found = get_object_or_404(Attachment, pk=pk)
    if found.entry_id is None and found.uploaded_by_id != request.user.pk:
        raise Http404
    try:
        content = attachments.read(found)
    except (attachments.PaperDamaged, OSError):
        text = _("The file is not what was uploaded. Please tell the administration.")
        return HttpResponse(text, status=409, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content, content_type=found.content_type)
    response["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


urlpatterns = [
    path("journal/new/", manual_entry, name="manual-entry"),
    path("entry-templates/<row:pk>/drop/", drop_template, name="drop-entry-template"),
    path("attachments/<row:pk>/", attachment, name="attachment"),
]
