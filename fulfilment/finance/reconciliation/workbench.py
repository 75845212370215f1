"""The workbench: lines of the bank on the left, what they may be on the right; one key books, another takes it back.

Without JavaScript every step is a plain form and a redirect; with it htmx renews the bench in place."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from fulfilment.finance.amounts import AmountField
from fulfilment.finance.ledger.by_hand import accounts_to_choose
from fulfilment.finance.ledger.models import Account
from fulfilment.warehouse.lists import Search
from shop.kernel.access import staff_view
from shop.kernel.nav import NavEntry
from shop.kernel.states import StateError
from shop.kernel.transactions import retrying
from shop.ui.numbers import money_text

from . import actions, deciding
from . import workbench_queries as desk
from .actions.explain import NotByHand
from .actions.learn import fire
from .matching import words
from .models import UNEXPLAINED, Assignment, Disbursement, LearnedRule, Receipt

LAST = "workbench_last"  #: in the session: the assignments of each step, the newest last
STEPS_KEPT = 100
RATES = [("0", gettext_lazy("without VAT")), ("1900", "19 %"), ("700", "7 %")]


class BenchSearch(Search):
    """Which lines stand on the left."""

    show = forms.ChoiceField(
        label=gettext_lazy("How sure"),
        required=False,
        choices=[
            ("", gettext_lazy("all")),
            ("sure", gettext_lazy("certain")),
            ("likely", gettext_lazy("likely")),
            ("unknown", gettext_lazy("none")),
            ("foreign", gettext_lazy("in another currency")),
        ],
    )


class ExplainForm(forms.Form):
    """A line belongs to an account of the books, and perhaps all such lines do."""

    account = forms.ModelChoiceField(label=gettext_lazy("Account"), queryset=Account.objects.none())
    vat = forms.ChoiceField(label=gettext_lazy("VAT in it"), choices=RATES, required=False)
    amount = AmountField(label=gettext_lazy("Amount"), required=False)
    learn = forms.CharField(
        label=gettext_lazy("Do the same with these words from now on"),
        help_text=gettext_lazy("Empty: only this line. All the words must stand in the line."),
        max_length=140,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = accounts_to_choose()  # type: ignore[attr-defined]


class BackForm(forms.Form):
    """What is left of a line goes back to where it came from."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


@staff_view("reconciliation.view_receipts", shows="list")
@require_safe
def workbench(request: HttpRequest) -> HttpResponse:
    """The bench with one line in hand."""
    return _bench(request, line=request.GET.get("line", ""))


@staff_view("reconciliation.record_receipts", shows="list")
@require_POST
def workbench_do(request: HttpRequest) -> HttpResponse:
    """One step: choose a proposal, explain by an account, send back, keep a note, or take the last step back."""
    step = STEPS.get(request.POST.get("do", ""))
    if step is None:
        return _answer(request, _("Nothing was chosen."), "bad", status=400)
    if request.POST["do"] == "undo":
        return _undo(request)
    money = desk.money_by(request.POST.get("line", ""))
    if money is None:
        return _answer(request, _("This line is not there any more."), "bad", status=404)
    if request.POST["do"] != "note" and request.POST.get("seen") != str(money.left_minor):
        return _answer(request, _("A colleague was faster: this line has changed."), "bad", money, status=409)
    try:
        return step(request, money)
    except (deciding.Changed, IntegrityError, StateError, ValueError):  # the verbs' refusals are ValueErrors
        text = _("This is not so any more: the line or what it would pay has changed.")
        return _answer(request, text, "bad", money, status=409)


def _choose(request: HttpRequest, money: Receipt | Disbursement) -> HttpResponse:
    token = request.POST.get("token", "")
    found = desk.choices(money, request.POST.get("find", "")[:100])
    choice = next((one for one in found if one.proposal.token == token), None)
    if choice is None:
        if not token:
            return _answer(request, _("Nothing was chosen."), "bad", money, status=400)
        return _answer(request, _("This proposal is not there any more."), "bad", money, status=409)
    after = _next_key(request, money)
    left = money.left_minor
    made = deciding.decide(
        money=money,
        proposal=choice.proposal,
        seen_left_minor=left,
        charge_to_customer=request.POST.get("charge") == "customer",
        by=request.user,
    )
    _remember(request, made)
    return _answer(request, words.result(choice.proposal, left, money.currency), "good", line=after)


def _explain(request: HttpRequest, money: Receipt | Disbursement) -> HttpResponse:
    form = ExplainForm(request.POST)
    if not form.is_valid():
        return _bench(request, line=desk.key_of(money), explain=form, status=400)
    data = form.cleaned_data
    account, rate = data["account"], int(data["vat"] or 0)
    amount = data["amount"] or money.left_minor
    after = _next_key(request, money)

    def work() -> Assignment:
        rule = _learned(money, data, rate, request.user)
        made = actions.explain(
            money=money, account=account, amount_minor=amount, vat_rate_bp=rate, rule=rule, by=request.user
        )
        if rule is not None:
            fire(rule)
        return made

    try:
        made = retrying(work)  # nothing is learned from what could not be booked
    except _NoWord:
        form.add_error("learn", _("Please give a word of three letters or more."))
        return _bench(request, line=desk.key_of(money), explain=form, status=400)
    except NotByHand:
        form.add_error("account", _("This account is kept by documents and other pages."))
        return _bench(request, line=desk.key_of(money), explain=form, status=400)
    except actions.NotEnoughLeft:
        form.add_error("amount", _("You assign more than is left of the line."))
        return _bench(request, line=desk.key_of(money), explain=form, status=400)
    _remember(request, [made])
    text = _("Booked: %(amount)s to %(account)s.") % {
        "amount": money_text(amount, money.currency),
        "account": account,
    }
    return _answer(request, text, "good", line=after)


class _NoWord(ValueError):
    """The words that were to be learned would fit every line."""


def _learned(money: Receipt | Disbursement, data: dict[str, Any], rate: int, by: Any) -> LearnedRule | None:
    """The rule that somebody wants such lines to follow; None when they want none. Raises _NoWord."""
    if not data["learn"].strip():
        return None
    direction = LearnedRule.IN if isinstance(money, Receipt) else LearnedRule.OUT
    try:
        return actions.learn_account(
            pattern=data["learn"], direction=direction, account=data["account"], vat_rate_bp=rate, by=by
        )
    except ValueError as error:
        raise _NoWord from error


def _send_back(request: HttpRequest, money: Receipt | Disbursement) -> HttpResponse:
    form = BackForm(request.POST)
    if not form.is_valid() or not isinstance(money, Receipt):
        return _bench(request, line=desk.key_of(money), back=form, status=400)
    after, left = _next_key(request, money), money.left_minor
    payback = actions.give_back(
        receipt=money, amount_minor=left, reason=form.cleaned_data["reason"], by=request.user
    )
    _remember(request, list(payback.bank_money.all()))
    text = _("%(amount)s go back; the transfer waits under “Transfers to send”.")
    return _answer(request, text % {"amount": money_text(left, money.currency)}, "good", line=after)


def _note(request: HttpRequest, money: Receipt | Disbursement) -> HttpResponse:
    actions.note(money=money, text=request.POST.get("note", ""), by=request.user)
    return _answer(request, _("The note is kept with the line."), "good", money)


def _undo(request: HttpRequest) -> HttpResponse:
    """Take the last step of this session back, by reversal."""
    steps: list[list[int]] = request.session.get(LAST, [])
    if not steps:
        return _answer(request, _("There is nothing to take back."), "info", status=200)
    keys = steps.pop()
    request.session[LAST] = steps
    standing = list(Assignment.objects.filter(pk__in=keys, undone_at=None).order_by("-pk"))
    try:
        for assignment in standing:
            actions.undo(assignment=assignment, why="taken back at the workbench", by=request.user)
    except (StateError, ValueError):
        return _answer(request, _("The transfer back has left the bank: it stays."), "bad", status=409)
    money = standing[0].money if standing else None
    if money is None:
        return _answer(request, _("This was taken back before."), "info")
    text = _("Taken back: %(amount)s are open again.") % {
        "amount": money_text(sum(one.amount_minor for one in standing), money.currency)
    }
    return _answer(request, text, "good", line=desk.key_of(money))


STEPS: dict[str, Any] = {
    "choose": _choose, "explain": _explain, "back": _send_back, "note": _note, "undo": _undo,
}  # fmt: skip


def _answer(
    request: HttpRequest,
    text: str,
    tone: str,
    money: Receipt | Disbursement | None = None,
    *,
    line: str = "",
    status: int = 200,
) -> HttpResponse:
    """The bench anew with what happened; a redirect for browsers without JavaScript when all went well."""
    line = line or (desk.key_of(money) if money is not None else request.POST.get("line", ""))
    if request.htmx or status != 200:  # type: ignore[attr-defined]
        return _bench(request, line=line, said=text, tone=tone, status=status)
    (messages.success if tone == "good" else messages.info)(request, text)
    return redirect(f"{reverse('finance:workbench')}?{_address(request, line)}")


def _bench(
    request: HttpRequest,
    *,
    line: str,
    said: str = "",
    tone: str = "",
    explain: ExplainForm | None = None,
    back: BackForm | None = None,
    status: int = 200,
) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    form = BenchSearch(data)
    page, rows = desk.open_lines(request, form.value("q"), form.value("show"))
    money = desk.money_by(line)
    if money is None and rows:
        money = rows[0]
    find = data.get("find", "")[:100]
    at = next(
        (at for at, row in enumerate(rows) if money is not None and desk.key_of(row) == desk.key_of(money)),
        -1,
    )
    context = {
        "form": form,
        "page": page,
        "lines": [(desk.key_of(row), row) for row in rows],
        "money": money,
        "key": desk.key_of(money) if money is not None else "",
        "came": isinstance(money, Receipt),
        "foreign": money is not None and money.currency != desk.OURS,
        "questions": money.questions.all() if isinstance(money, Receipt) else (),
        "is_open": money is not None and money.state in UNEXPLAINED,
        "choices": desk.choices(money, find) if money is not None and money.state in UNEXPLAINED else [],
        "find": find,
        "before": desk.key_of(rows[at - 1]) if at > 0 else "",
        "after": desk.key_of(rows[at + 1]) if 0 <= at < len(rows) - 1 else "",
        "explain": explain or ExplainForm(),
        "back": back or BackForm(initial={"reason": _("paid twice")}),
        "counts": desk.counts(),
        "can_undo": bool(request.session.get(LAST)),
        "said": said,
        "tone": tone,
        "address": _address(request, ""),
    }
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    template = "dashboard/finance/_workbench.html" if part else "dashboard/finance/workbench.html"
    return render(request, template, context, status=max(status, form.status))


def _address(request: HttpRequest, line: str) -> str:
    data = request.POST if request.method == "POST" else request.GET
    facts = {
        "q": data.get("q", "")[:100],
        "show": data.get("show", ""),
        "page": data.get("page", ""),
        "line": line,
    }
    return urlencode({name: value for name, value in facts.items() if value})


def _next_key(request: HttpRequest, money: Receipt | Disbursement) -> str:
    """The line below on the page, which is in hand once this one is done; that above for the last."""
    form = BenchSearch(request.POST)
    _page, rows = desk.open_lines(request, form.value("q"), form.value("show"))
    keys = [desk.key_of(row) for row in rows]
    mine = desk.key_of(money)
    if mine not in keys:
        return keys[0] if keys else ""
    at = keys.index(mine)
    return keys[at + 1] if at + 1 < len(keys) else keys[at - 1] if at else ""


def _remember(request: HttpRequest, made: list[Assignment]) -> None:
    """Keep what this step made, for the key that takes it back."""
    keys = [one.pk for one in made]
    if keys:
        request.session[LAST] = [*request.session.get(LAST, []), keys][-STEPS_KEPT:]


urlpatterns = [
    path("workbench/", workbench, name="workbench"),
    path("workbench/do/", workbench_do, name="workbench-do"),
]

NAV = [
    NavEntry(
        "finance",
        gettext_lazy("Reconcile"),
        "finance:workbench",
        "reconciliation.view_receipts",
        "check-circle",
        38,
        lambda: desk.counts()["open"],
    ),
]
