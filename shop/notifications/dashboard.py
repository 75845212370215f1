"""The mailbox of the back office: every mail that was written, what became of it, and how it looks."""

from __future__ import annotations

import base64
import re
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_replace
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from checkout.order.queries import order_for_fulfilment
from fulfilment.warehouse.lists import CSV_ROWS_MAX, Search, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.recalls.models import Notice
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.ui.states import look_of

from . import actions, newsletter_pages, queries
from .attachments import File, Lost, NotThereYet, fetch
from .keys import without_keys
from .letters import recalls
from .models import KINDS, OutgoingAttachment, OutgoingMail
from .previews import framed
from .rendering import render as render_letter

VIEW, RETRY = "notifications.view_mails", "notifications.retry_mails"
SORT = {
    "created": "created_at",
    "sent": "done_at",
    "to": "recipient",
    "kind": "kind",
    "order": "order__number",
}


class MailSearch(Search):
    """Filters of the mailbox; they stay in the address."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", _("All")), *((state, look_of(state).label) for state in queries.SHOWN_STATES)],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=lambda: [("", _("All")), *KINDS]
    )


@staff_view(VIEW, shows="list")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All mails, newest first."""
    form = MailSearch(request.GET)
    rows = queries.search(q=form.value("q"), state=form.value("state"), kind=form.value("kind"))
    rows = sorted_by(request, rows, SORT, ["-created_at", "-pk"])
    if wants_csv(request):
        return _csv(rows)
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "failed": queries.failed_count(),
        "may_retry": request.user.has_perm(RETRY),
        "filtered": any(form.value(name) for name in ("q", "state", "kind")),
    }
    return render(request, "dashboard/notifications/index.html", context, status=form.status)


def _csv(rows: Any) -> HttpResponse:
    head = [_("Written"), _("Sent"), _("Kind"), _("To"), _("Subject"), _("Order"), _("State"), _("Reason")]
    cells = (
        [
            mail.created_at.isoformat(timespec="seconds"),
            mail.done_at.isoformat(timespec="seconds") if mail.done_at else "",
            mail.get_kind_display(),
            mail.recipient,
            mail.subject,
            mail.order.number if mail.order else "",
            look_of(mail.shown_state).label,
            mail.last_error,
        ]
        for mail in rows[:CSV_ROWS_MAX]
    )
    return csv_file("mails", head, cells)


@staff_view(VIEW, shows="mail")
@require_safe
@csp_replace({"frame-src": [SELF]})  # type: ignore[arg-type]
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail: both bodies, files, headers, why it failed."""
    mail = _mail(pk)
    context = {
        "mail": mail,
        "files": [file for file in mail.attachments.all() if not file.content_id],
        "readable": _may_read(request, mail),
        "text": without_keys(mail.text),
        "may_retry": request.user.has_perm(RETRY) and mail.state != OutgoingMail.DONE,
        "crumbs": [{"title": _("Mails"), "url": reverse("notifications:index")}],
    }
    return render(request, "dashboard/notifications/detail.html", context)


@staff_view(VIEW, shows="mail")
@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of a mail as the customer sees it, for the sandboxed frame of its page."""
    mail = _readable_mail(request, pk)
    pictures = {
        file.content_id: f"data:{file.mime};base64,{base64.b64encode(file.body).decode()}"
        for file in map(_file_or_none, mail.attachments.exclude(content_id=""))
        if file is not None
    }
    html = re.sub(
        r'src="cid:([\w-]+)"', lambda found: f'src="{pictures.get(found[1], "")}"', without_keys(mail.html)
    )
    return framed(html)


@staff_view(VIEW, shows="mail")
@require_safe
def attachment(request: HttpRequest, pk: int, attachment_id: int) -> HttpResponse:
    """A file of a mail, to be saved."""
    mail = _readable_mail(request, pk)
    row = get_object_or_404(OutgoingAttachment.objects.filter(mail=mail), pk=attachment_id)
    try:
        file = fetch(row)
    except NotThereYet:
        messages.info(request, _("This file is still being made. Please try again in a moment."))
        return redirect("notifications:detail", pk=mail.pk)
    except Lost:
        raise Http404 from None
    response = HttpResponse(file.body, content_type=file.mime)
    response.headers["Content-Disposition"] = _disposition(file.name)
    response["X-Content-Type-Options"] = "nosniff"
    return response


@staff_view(RETRY)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a failed or waiting mail again."""
    mail = get_object_or_404(OutgoingMail, pk=pk)
    try:
        done = actions.retry(mail=mail, by=request.user)
    except actions.StillSending:
        messages.info(request, _("This mail is being sent at this moment."))
    else:
        if done:
            messages.success(request, _("The mail is sent again now."))
        elif mail.state == OutgoingMail.DONE:
            messages.info(request, _("The mail had already been sent."))
        else:
            messages.error(
                request, _("Nobody can write to this address. Please correct it with the customer.")
            )
    return redirect("notifications:detail", pk=pk)


@staff_view(RETRY)
@require_POST
def retry_failed(request: HttpRequest) -> HttpResponse:
    """Send every failed mail again."""
    many = actions.retry_failed(by=request.user)
    text = ngettext("%(n)d mail is sent again now.", "%(n)d mails are sent again now.", many)
    messages.success(request, text % {"n": many})
    return redirect("notifications:index")


def _mail(pk: int) -> OutgoingMail:
    rows = OutgoingMail.objects.select_related("order", "user").prefetch_related("attachments")
    return get_object_or_404(rows, pk=pk)


def _readable_mail(request: HttpRequest, pk: int) -> OutgoingMail:
    mail = _mail(pk)
    if not _may_read(request, mail):
        raise PermissionDenied("confidential mail")
    return mail


def _may_read(request: HttpRequest, mail: OutgoingMail) -> bool:
    """A mail that opens somebody's account is theirs; administrators may read it, without the key in it (keys.py)."""
    return not mail.confidential or bool(getattr(request.user, "is_superuser", False))


def _file_or_none(row: OutgoingAttachment) -> File | None:
    try:
        return fetch(row)
    except (NotThereYet, LookupError, Http404):
        return None


def _disposition(name: str) -> str:
    from django.utils.http import content_disposition_header

    return content_disposition_header(as_attachment=True, filename=name) or "attachment"


@staff_view("recalls.manage_recalls", shows="recall_notice")
@require_safe
@xframe_options_sameorigin
def recall_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """How the mail of a recall will look to the customer of one order, before it is sent."""
    notice = get_object_or_404(Notice.objects.select_related("recall"), pk=pk)
    order = order_for_fulfilment(notice.order_id)
    with translation.override(order.language):
        html = render_letter(recalls.recall_notice(order, notice), order.language).html
    return framed(html)


urlpatterns = [
    path("", index, name="index"),
    path("retry-failed/", retry_failed, name="retry_failed"),
    path("recall-notices/<row:pk>/", recall_notice, name="recall-notice"),
    path("<int:pk>/", detail, name="detail"),
    path("<int:pk>/preview/", preview, name="preview"),
    path("<int:pk>/files/<int:attachment_id>/", attachment, name="attachment"),
    path("<int:pk>/retry/", retry, name="retry"),
    *newsletter_pages.urlpatterns,
]

NAV = [
    NavEntry(
        room="operations",
        title=gettext_lazy("Mails"),
        url_name="notifications:index",
        permission=VIEW,
        icon="mail",
        order=10,
        count=queries.failed_count,
    ),
    *newsletter_pages.NAV,
]
