"""Staff pages of shortages: open questions with their deadline, one question, and the shop's rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfilment.warehouse.lists import CSV_ROWS_MAX, csv_file, csv_url, page_of, sorted_by, wants_csv
from fulfilment.warehouse.routing.queries import routings_of
from fulfilment.warehouse.routing.words import reason_text
from shop.kernel.access import staff_view
from shop.kernel.clock import now
from shop.kernel.models import StateChange
from shop.kernel.nav import NavEntry
from shop.kernel.states import StateError

from . import actions, approving, queries
from .actions.answering import AlreadyDecided, ShortageError, rule_for
from .forms import AnswerForm, AskAgainForm, ExtendForm, OfferForm, PolicyForm, QuestionSearch
from .models import ShortagePolicy, ShortageQuestion
from .states import SHORTAGE
from .words import choices_in_words, outcome, title_of

ANSWER = "shortages.answer_questions"
SORT = {"order": "order__number", "asked": "asked_at", "deadline": "deadline", "pieces": "pieces"}


@staff_view(ANSWER)
@require_safe
def shortages(request: HttpRequest) -> HttpResponse:
    """Questions, the most urgent first. A constant number of queries."""
    form = QuestionSearch(request.GET)
    rows = queries.questions()
    state, text = form.value("state"), form.value("q")
    if text:
        rows = rows.filter(
            Q(order__number__icontains=text)
            | Q(order_line__partner_sku__icontains=text)
            | Q(order_line__title__icontains=text)
        )
    if state and state != "all":
        rows = rows.filter(state=state)
    elif not state and not text:
        rows = rows.filter(state="asked")
    rows = sorted_by(request, rows, SORT, ["deadline", "pk"])
    if wants_csv(request):
        head = [_("Order"), _("SKU"), _("Missing"), _("State"), _("Answer"), _("Asked"), _("Deadline")]
        return csv_file("shortages", head, (_cells(row) for row in rows[:CSV_ROWS_MAX].iterator()))
    context = {
        "page": page_of(request, rows),
        "form": form,
        "csv_url": csv_url(request),
        "now": now(),
        "policy": ShortagePolicy.current(),
    }
    return render(request, "dashboard/warehouse/shortages.html", context, status=form.status)


def _cells(row: ShortageQuestion) -> list[Any]:
    return [
        row.order.number,
        row.order_line.partner_sku,
        row.pieces,
        row.get_state_display(),
        row.get_answer_display(),
        row.asked_at.isoformat(timespec="minutes"),
        row.deadline.isoformat(timespec="minutes"),
    ]


@staff_view(ANSWER)
@require_safe
def shortage(request: HttpRequest, pk: int) -> HttpResponse:
    """One question: what is missing, what the customer may choose, what happens without an answer."""
    return _page(request, _question(pk))


def _page(
    request: HttpRequest, found: ShortageQuestion, *, problem: str = "", status: int = 200, **forms: Any
) -> HttpResponse:
    offered = choices_in_words(found) if found.is_open else []
    pairs = [(choice.code, choice.title) for choice in offered]
    changes = StateChange.objects.filter(machine=SHORTAGE.name, thing_id=found.pk).select_related("by")
    context = {
        "question": found,
        "choices": offered,
        "by_rule": title_of(rule_for(found)) if found.is_open else "",
        "outcome": outcome(found),
        "agreed_minor": queries.freed_minor(found.order_line, found.pieces) if found.is_open else 0,
        "answer_form": AnswerForm(offered=pairs, initial={"version": found.version}),
        "offer_form": OfferForm(),
        "extend_form": ExtendForm(),
        "again_form": AskAgainForm(),
        "may_offer": found.is_open and actions.may_offer(request.user),
        "waiting": approving.waiting_for(found) if found.is_open else None,
        "late": found.is_open and found.deadline <= now(),
        "problem": problem,
        "routings": [(routing, reason_text(routing)) for routing in routings_of(found.order_id)],
        "events": [
            {
                "title": dict(SHORTAGE.choices)[change.new],
                "at": change.at,
                "by": change.by.name if change.by else "",
                "text": found.note,
            }
            for change in changes
        ],
        "crumbs": [
            {"title": _("Missing pieces"), "url": reverse("warehouse:shortages")},
            {"title": found.order.number, "url": ""},
        ],
        **forms,
    }
    return render(request, "dashboard/warehouse/shortage.html", context, status=status)


def _question(pk: int) -> ShortageQuestion:
    return get_object_or_404(queries.questions(), pk=pk)


@staff_view(ANSWER)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer for the customer, with a reason."""
    found = _question(pk)
    pairs = [(choice.code, choice.title) for choice in choices_in_words(found)] if found.is_open else []
    form = AnswerForm(request.POST, offered=pairs)
    if found.is_open and not form.is_valid():
        return _page(request, found, status=400, answer_form=form)
    data = form.cleaned_data if form.is_valid() else {}

    def do() -> str:
        answered = actions.answer(
            question=found,
            choice=data.get("choice", ""),
            by=request.user,
            why=data.get("why") or "-",
            seen_version=data.get("version"),
        )
        if answered.is_open:
            return _("So much money needs a second person: the answer waits for approval.")
        return _("Answered: %(answer)s. Pick lists, order and money follow by themselves.") % {
            "answer": title_of(data["choice"])
        }

    return _do(request, found, do, answer_form=form)


@staff_view(ANSWER)
@require_POST
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a substitute; the customer gets a new mail."""
    found, form = _question(pk), OfferForm(request.POST)
    if not actions.may_offer(request.user):
        return _page(request, found, problem=_("You may not offer substitutes."), status=403)
    if not form.is_valid():
        return _page(request, found, status=400, offer_form=form)

    def do() -> str:
        actions.offer_substitute(
            question=found, stockrecord=form.cleaned_data["sku"], unit_minor=form.unit_minor, by=request.user
        )
        return _("The substitute is offered; the customer gets a new mail.")

    return _do(request, found, do, offer_form=form)


@staff_view(ANSWER)
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The substitute is no longer offered."""
    found = _question(pk)
    if not actions.may_offer(request.user):
        return _page(request, found, problem=_("You may not offer substitutes."), status=403)

    def do() -> str:
        actions.take_offer_back(question=found, by=request.user)
        return _("The substitute is no longer offered; the customer gets a new mail.")

    return _do(request, found, do)


@staff_view(ANSWER)
@require_POST
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the customer more time."""
    found, form = _question(pk), ExtendForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=400, extend_form=form)

    def do() -> str:
        actions.extend(question=found, hours=form.cleaned_data["hours"], by=request.user)
        return _("The customer has more time now.")

    return _do(request, found, do, extend_form=form)


@staff_view(ANSWER)
@require_POST
def ask_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The goods do not come: the customer chooses anew."""
    found, form = _question(pk), AskAgainForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=400, again_form=form)

    def do() -> str:
        actions.ask_again(question=found, by=request.user, why=form.cleaned_data["why"])
        return _("The customer is asked again and gets a new mail.")

    return _do(request, found, do, again_form=form)


def _do(request: HttpRequest, found: ShortageQuestion, work: Callable[[], str], **forms: Any) -> HttpResponse:
    """Run a verb and say what happened; what stood against it is said on the page as it is now."""
    try:
        text = work()
    except AlreadyDecided as error:
        return _page(request, _question(found.pk), problem=str(error), status=409)
    except ShortageError as error:
        return _page(request, _question(found.pk), problem=str(error), status=409, **forms)
    except (StateError, ValueError):
        problem = _("Meanwhile the order was changed by somebody else. Nothing was done; please look again.")
        return _page(request, _question(found.pk), problem=problem, status=409)
    messages.success(request, text)
    return redirect("warehouse:shortage", found.pk)


@staff_view("shortages.change_policy")
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    """The shop's rule: ask or not, how long, what happens without an answer, who may offer substitutes."""
    form = PolicyForm(request.POST or None, instance=ShortagePolicy.current())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.set_policy(
            asks=data["asks"],
            hours=data["hours"],
            default_answer=data["default_answer"],
            offerers=data["offerers"],
            by=request.user,
        )
        messages.success(request, _("The rule is changed; open questions keep their deadline."))
        return redirect("warehouse:shortages")
    crumbs = [
        {"title": _("Missing pieces"), "url": reverse("warehouse:shortages")},
        {"title": _("Rule"), "url": ""},
    ]
    context = {"form": form, "crumbs": crumbs}
    return render(
        request, "dashboard/warehouse/shortage_policy.html", context, status=400 if form.is_bound else 200
    )


urlpatterns = [
    path("shortages/", shortages, name="shortages"),
    path("shortages/rule/", policy, name="shortage-policy"),
    path("shortages/<row:pk>/", shortage, name="shortage"),
    path("shortages/<row:pk>/answer/", answer, name="shortage-answer"),
    path("shortages/<row:pk>/offer/", offer, name="shortage-offer"),
    path("shortages/<row:pk>/take-back/", take_back, name="shortage-take-back"),
    path("shortages/<row:pk>/extend/", extend, name="shortage-extend"),
    path("shortages/<row:pk>/ask-again/", ask_again, name="shortage-ask-again"),
]

NAV = [
    NavEntry(
        "warehouse",
        gettext_lazy("Missing pieces"),
        "warehouse:shortages",
        ANSWER,
        "warning",
        25,
        queries.open_questions,
    ),
]
