"""Reads of the workbench: what is open, one line with its proposals, how many of which kind. Constant SQL per page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, F, Q, Sum, Value
from django.http import HttpRequest

from fulfilment.finance.invoicing.models import Invoice
from fulfilment.finance.ledger.models import Account
from fulfilment.warehouse.lists import page_of

from . import claims, queries
from .matching import items, words
from .matching.engine import paying
from .matching.items import OpenItem, Part, Proposal
from .matching.run import keep, match_these
from .models import UNEXPLAINED, Disbursement, Receipt

MODELS: dict[str, Any] = {"receipt": Receipt, "disbursement": Disbursement}
SURE, MAYBE = 95, 60  #: confidence from which a line shows as certain, as likely
LINES = 50  #: on a page
OURS = "EUR"  #: the currency of orders and invoices
GROUPS = {
    "sure": Q(confidence__gte=SURE),
    "likely": Q(confidence__gte=MAYBE, confidence__lt=SURE),
    "unknown": Q(confidence__lt=MAYBE) | Q(confidence=None),
    "foreign": ~Q(currency=OURS),
}


@dataclass(frozen=True)
class Choice:
    """A proposal as the page shows it: its number (the key), words, what will be booked."""

    number: int
    proposal: Proposal
    title: str
    reasons: str
    steps: list[words.Step]

    @property
    def tone(self) -> str:
        """Of the badge that says how sure it is."""
        sure = self.proposal.confidence
        return "good" if sure >= SURE else "info" if sure >= MAYBE else "neutral"

    @property
    def sure(self) -> str:
        """How sure it is, for the badge."""
        return f"{self.proposal.confidence} %"

    @property
    def asks_who_pays(self) -> bool:
        """Whether the bank took something for a return that the customer may be asked for."""
        return self.proposal.kind == items.RETURNED and len(self.proposal.parts) > 1


def key_of(money: Receipt | Disbursement) -> str:
    """How an address names the line: "receipt-5"."""
    return f"{'receipt' if isinstance(money, Receipt) else 'disbursement'}-{money.pk}"


def money_by(key: str) -> Receipt | Disbursement | None:
    """The line an address names; None when there is none (nonsense, too large, gone)."""
    kind, _, pk = key.partition("-")
    model = MODELS.get(kind)
    if model is None or not (pk.isascii() and pk.isdigit()) or len(pk) > 18:
        return None
    found: Receipt | Disbursement | None = model.objects.select_related("line__account").filter(pk=pk).first()
    return found


def open_lines(request: HttpRequest, search: str, group: str) -> tuple[Page[Any], list[Any]]:
    """The page of open lines, oldest first, and the objects on it in their order. Four queries."""
    both = _keys(Receipt, "payer", search, group).union(_keys(Disbursement, "payee", search, group), all=True)
    page = page_of(request, both.order_by("booked_on", "kind", "id"), LINES)
    wanted = [(row["kind"], row["id"]) for row in page.object_list]
    found: dict[tuple[str, int], Any] = {}
    for kind, model in MODELS.items():
        keys = [pk for of, pk in wanted if of == kind]
        rows = model.objects.filter(pk__in=keys).select_related("line__account") if keys else []
        found |= {(kind, row.pk): row for row in rows}
    return page, [found[key] for key in wanted if key in found]


def counts() -> dict[str, int]:
    """How many lines are open, by how sure their best proposal is, and what those in our currency sum up to (minor
    units). Two queries."""
    total: dict[str, int] = {"open": 0, "came_minor": 0, "left_minor": 0, **dict.fromkeys(GROUPS, 0)}
    ours = Q(currency=OURS)
    for kind, model in MODELS.items():
        sums = model.objects.filter(state__in=UNEXPLAINED).aggregate(
            open=Count("pk"),
            money=Sum(F("amount_minor") - F("assigned_minor"), filter=ours),
            **{name: Count("pk", filter=group) for name, group in GROUPS.items()},
        )
        total["came_minor" if kind == "receipt" else "left_minor"] = int(sums.pop("money") or 0)
        for name, count in sums.items():
            total[name] += count
    return total


def choices(money: Receipt | Disbursement, found: str = "") -> list[Choice]:
    """What may be done with a line, best first: what matching says, then what was searched for. Numbered for the
    keys."""
    [proposals] = match_these([money]).values() if money.left_minor else [[]]
    best = proposals[0].confidence if proposals else 0
    if money.confidence != best and money.left_minor:
        keep(type(money), [money.pk], best)
        money.confidence = best
    known = {one.token for one in proposals}
    searched = [one for one in _searched(money, found) if one.token not in known] if found.strip() else []
    numbers = {row.role: str(row) for row in Account.objects.exclude(role="")}
    return [
        Choice(
            number,
            one,
            words.title(one),
            words.reasons(one),
            words.steps(one, numbers, money.currency),
        )
        for number, one in enumerate([*searched, *proposals][:9], start=1)
    ]


def _keys(model: Any, name: str, search: str, group: str) -> Any:
    kind = "receipt" if model is Receipt else "disbursement"
    rows = model.objects.filter(state__in=UNEXPLAINED)
    if search:
        rows = rows.filter(
            Q(**{f"{name}__icontains": search}) | Q(text__icontains=search) | Q(reference__icontains=search)
        )
    if group in GROUPS:
        rows = rows.filter(GROUPS[group])
    return rows.order_by().values("id", "booked_on", kind=Value(kind))


def _searched(money: Receipt | Disbursement, search: str) -> list[Proposal]:
    """Open items found by what somebody typed: each as a proposal of its own."""
    if not isinstance(money, Receipt):
        return []
    found = queries.suggestions(search=search, currency=money.currency)
    open_by = dict(
        Invoice.objects.filter(
            pk__in=[one.target.partition(":")[2] for one in found if one.target.startswith("invoice:")]
        ).values_list("pk", "open_minor")
    )
    asked = claims.asked(list(open_by))
    proposals = []
    for one in found:
        kind, _, pk = one.target.partition(":")
        open_minor = open_by.get(int(pk), one.open_minor) if kind == "invoice" else one.open_minor
        label = one.number or one.order_number
        item = OpenItem(one.target, (label,), open_minor, order_number=one.order_number)
        if kind == "invoice" and int(pk) in asked:
            item.costs_minor, item.interest_minor = asked[int(pk)].costs_minor, asked[int(pk)].interest_minor
        parts: tuple[Part, ...] = (paying(item, money.left_minor),)
        proposals.append(Proposal(items.PAY, parts, MAYBE, ("searched",)))
    return proposals
