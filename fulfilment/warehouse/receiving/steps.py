"""How far the piece in hand has got at the dock, read from what the address (or the last form) says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from fulfilment.warehouse.stock.models import Bin, Lot

from .articles import UNTRACKED, WrongArticle, lot_of, resolve, tracking_of
from .forms import StepForm
from .models import DISPOSITIONS
from .places import choices, propose_bin
from .queries import DockLine


@dataclass
class Step:
    """How far the piece in hand has got. ``name``: article, wrong, lot, grade, place."""

    name: str = "article"
    row: DockLine | None = None
    pieces: int = 1
    lot: Lot | None = None
    lot_code: str = ""
    tracking: str = UNTRACKED
    grade: str = ""
    to: str = ""
    bin: Bin | None = None
    code: str = ""
    problem: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """What the next step's form carries on."""
        facts = {
            "line": self.row.line.pk if self.row else "",
            "n": self.pieces,
            "lot": self.lot.code if self.lot else "",
            "grade": self.grade,
            "to": self.to,
        }
        return {key: value for key, value in facts.items() if value}

    @property
    def recalled(self) -> dict[str, Any]:
        """The lot in hand and the bin for it, when a recall keeps it off sale; else empty."""
        return {"lot": self.lot, "place": self.bin} if self.lot is not None and self.lot.is_recalled else {}

    @property
    def ways(self) -> list[tuple[str, Any, str]]:
        """Where else it may go: (key, label, address)."""
        labels = dict(DISPOSITIONS)
        return [
            (key, labels[key], f"?{urlencode(self.facts | {'to': key})}")
            for key in (choices(self.grade, self.lot) if self.grade else ())
            if key != self.to
        ]


def step_of(rows: list[DockLine], form: StepForm) -> Step:
    """What the address says, checked against the return. A problem keeps the step before it."""
    if not form.is_valid():
        return Step(problem=first_error(form))
    said = form.cleaned_data
    step = Step(pieces=said["n"] or 1, code=said["code"].strip())
    try:
        _know_article(step, rows, said)
        if step.row is not None:
            _know_lot(step, said)
    except WrongArticle as wrong:
        step.problem = str(wrong)
        if step.name == "article":
            step.name = "wrong" if step.code else "article"
        return step
    if step.name == "grade" and said["grade"]:
        step.name, step.grade = "place", said["grade"]
        ways = choices(step.grade, step.lot)
        step.to = said["to"] if said["to"] in ways else ways[0]
        assert step.row is not None
        step.bin = propose_bin(step.to, step.row.line.stockrecord_id or 0)
    return step


def _know_article(step: Step, rows: list[DockLine], said: dict[str, Any]) -> None:
    if said["line"]:
        step.row = next((row for row in rows if row.line.pk == said["line"]), None)
        if step.row is None:
            raise WrongArticle(_("This article is not part of the return. Please scan again."))
    elif step.code:
        article = resolve(rows, step.code)
        step.row, step.lot = article.row, article.lot
        step.pieces *= article.pieces


def _know_lot(step: Step, said: dict[str, Any]) -> None:
    assert step.row is not None
    step.tracking = tracking_of(step.row)
    step.name = "grade"
    if step.tracking == UNTRACKED or step.lot is not None:
        return
    step.name = "lot"
    if said["lot"].strip():
        step.lot_code = said["lot"].strip()
        step.lot = lot_of(step.row, step.lot_code)
        step.name = "grade"


def first_error(form: Any) -> str:
    """The first thing that is wrong with a form, in words."""
    return str(next(iter(form.errors.values()))[0])
