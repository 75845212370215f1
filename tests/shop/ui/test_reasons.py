"""Reasons out of a history are said in the reader's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from django.template import Context, Template
from django.utils import translation

from shop.ui.reasons import KNOWN, NAMING, reason
from tests.architecture.source import modules

#: Rooms whose histories pages show, and the verbs that pass a reason on to move().
ROOMS = ("checkout/order/", "checkout/payment/", "fulfilment/warehouse/", "fulfilment/customer_service/")
#: Keywords by which a reason is kept.
KEPT = ("why", "void_why")
#: Where every reason is shown in the reader's language; other rooms also keep texts for staff.
READ = "fulfilment/warehouse/"
REMEDY = "\nRemedy: write it in English and name it in KNOWN or NAMING of shop/ui/reasons.py"


@pytest.mark.parametrize(
    ("why", "german"),
    [
        ("paid by card", "mit Karte bezahlt"),
        ("bank transfer 47/3", "Überweisung 47/3"),
        ("dispute dp_1", "Streitfall dp_1"),
        ("dispute dp_1 won", "Streitfall dp_1 gewonnen"),
        ("K10001-1 unpacked", "K10001-1 ausgepackt"),
        ("recall RC1001", "Rückruf RC1001"),
        ("the carrier says ZU", "der Versanddienst meldet ZU"),
        ("B10001 cancelled", "B10001 storniert"),
        ("the value needs another person's approval", "der Wert braucht die Freigabe einer anderen Person"),
        ("taken over from Lena Lagerfeld", "übernommen von Lena Lagerfeld"),
        ("Rief an: bitte warten", "Rief an: bitte warten"),
        ("Ms Meyer cancelled", "Ms Meyer cancelled"),
        ("dispute ", "dispute "),
        (" unpacked", " unpacked"),
        ("", ""),
    ],
)
def test_a_reason_of_the_house_is_translated_and_one_of_a_person_is_not(why: str, german: str) -> None:
    with translation.override("de"):
        assert reason(why) == german
        assert Template("{% load ui %}{{ why|reason }}").render(Context({"why": why})) == german
    with translation.override("en"):
        assert reason(why) == why


def test_every_reason_that_the_house_writes_is_known() -> None:
    unknown = []
    for module in modules():
        if not module.name.startswith(ROOMS):
            continue
        for node in module.walk(ast.keyword):
            assert isinstance(node, ast.keyword)
            if node.arg in KEPT and not (says_now(node.value) and not module.name.startswith(READ)):
                unknown += [f"{module.name}:{node.value.lineno}: {text!r}" for text in unsaid(node.value)]
    assert not unknown, "\n".join(unknown) + REMEDY
    assert len(NAMING) == len(set(NAMING))


def says_now(value: ast.expr) -> bool:
    """Whether a text is said in the language of this moment: ``_("...")``."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "_"


def unsaid(value: ast.expr) -> Iterator[str]:
    """Texts of a reason that no page can translate: unknown ones, and those kept in the writer's language."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str) and value.value not in ("", "-", *KNOWN):
            yield value.value
    elif isinstance(value, ast.JoinedStr):
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "%(what)s" for part in value.values
        )
        begins = text.split("%(what)s")[0]
        said = text in NAMING or (begins and any(known.startswith(begins) for known in KNOWN))
        if any(map(str.isalpha, text.replace("%(what)s", ""))) and not said:
            yield text
    elif isinstance(value, ast.BoolOp):
        for one in value.values:
            yield from unsaid(one)
    elif says_now(value):
        yield f"{ast.unparse(value)} is kept in the language of who wrote it"
    elif isinstance(value, ast.Call) and ast.unparse(value.func) == "gettext_noop":
        yield from unsaid(value.args[0])
