"""Things that are done in one place only: states, time, events."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model

from shop.kernel.outbox import EVENTS, SUBSCRIBERS
from tests.architecture.source import ROOMS, Module, modules

#: Write states for a reason of their own: the kernel's machinery, and attempts, which move by the thousand.
STATE_WRITERS = ("shop/kernel/",)
#: The one place that may ask the machine for the time; the stand-in is a server of its own, without Django.
CLOCKS = ("shop/kernel/clock.py", "checkout/payment/standin/")
#: Events that nobody hears on purpose: they are part of the record for other systems and for later rooms.
HEARD_BY_NOBODY: dict[str, str] = {}


def state_fields() -> set[str]:
    """Names of the fields that a machine of ours keeps."""
    fields = set()
    for model in apps.get_models():
        machine = getattr(model, "machine", None)
        if machine is not None and hasattr(machine, "moves"):
            fields.add(machine.field)
    return fields


def models_with_machine() -> set[str]:
    """Class names of models whose state a machine rules."""
    return {
        model.__name__ for model in apps.get_models() if hasattr(getattr(model, "machine", None), "moves")
    }


def writes(module: Module, fields: set[str]) -> Iterator[tuple[int, str]]:
    """Places where a state field of something is assigned, or updated on a model that a machine rules."""
    ruled = models_with_machine()
    for node in ast.walk(module.tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr in fields and not _is_self_init(target):
                yield node.lineno, ast.unparse(target)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "update":
            named = {keyword.arg for keyword in node.keywords}
            if named & fields and any(f"{model}." in ast.unparse(node.func) for model in ruled):
                yield node.lineno, ast.unparse(node.func)


def _is_self_init(target: ast.Attribute) -> bool:
    return isinstance(target.value, ast.Name) and target.value.id == "self"


def test_there_are_machines_to_guard() -> None:
    assert {"Order", "Payment"} <= models_with_machine()
    assert state_fields()


def test_states_are_moved_and_never_assigned() -> None:
    wrong = [
        f"{module.name}:{line}: {what} is assigned; use shop.kernel.states.move(), which asks the table and writes the "
        "audit row"
        for module in modules()
        if not module.name.startswith(STATE_WRITERS) and "/standin/" not in module.name
        for line, what in writes(module, state_fields())
    ]
    assert not wrong, "\n".join(wrong)


def test_time_is_asked_of_the_houses_clock() -> None:
    direct = {
        "now": ("datetime", "timezone", "dt"),
        "today": ("date", "datetime", "dt"),
        "utcnow": ("datetime",),
    }
    wrong = []
    for module in modules():
        if module.name.startswith(CLOCKS):
            continue
        for name, call in module.calls(*direct, "localdate"):
            owner = (
                ast.unparse(call.func.value).split(".")[-1] if isinstance(call.func, ast.Attribute) else ""
            )
            if owner in direct.get(name, ()) or (name == "localdate" and not call.args):
                wrong.append(
                    f"{module.name}:{call.lineno}: use shop.kernel.clock.now() or today(): tests can stop it"
                )
    assert not wrong, "\n".join(wrong)


def test_every_event_is_heard() -> None:
    ours = {name: cls for name, cls in EVENTS.items() if cls.__module__.split(".")[0] in ROOMS}
    unheard = {name for name in ours if not SUBSCRIBERS[name]} - set(HEARD_BY_NOBODY)
    assert not unheard, (
        f"nobody hears {', '.join(sorted(unheard))}: subscribe to it in a subscribers.py, stop telling it, or write "
        "the reason into HEARD_BY_NOBODY"
    )


def test_the_list_of_unheard_events_is_not_out_of_date() -> None:
    stale = {name for name in HEARD_BY_NOBODY if name not in EVENTS or SUBSCRIBERS[name]}
    assert not stale, f"take {', '.join(sorted(stale))} off HEARD_BY_NOBODY"


def test_events_are_frozen_and_carry_plain_values() -> None:
    plain = ("int", "str", "bool", "float", "None", "list", "dict", "tuple", "Any", "date", "datetime")
    wrong = []
    for name, cls in EVENTS.items():
        if not cls.__dataclass_params__.frozen:
            wrong.append(f"{name} must be frozen: @dataclass(frozen=True)")
        for field in cls.__dataclass_fields__.values():
            words = (
                str(field.type)
                .replace("[", " ")
                .replace("]", " ")
                .replace(",", " ")
                .replace("|", " ")
                .split()
            )
            odd = [word for word in words if word.split(".")[-1] not in plain]
            if odd and not (isinstance(field.type, type) and not issubclass(field.type, Model)):
                wrong.append(
                    f"{name}.{field.name} is {field.type}: events carry ids and plain values, never rows"
                )
    assert not wrong, "\n".join(wrong)


def test_events_files_import_nothing_but_what_they_need_to_say() -> None:
    allowed = {"dataclasses", "__future__", "shop.kernel.outbox", "typing", "datetime"}
    wrong = [
        f"{module.name} imports {name}; an event is plain values"
        for module in modules()
        if module.path.name == "events.py"
        and "management" not in module.path.parts
        and "standin" not in module.name
        for name in module.imports()
        if name not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def test_handlers_have_one_name_for_ever() -> None:
    wrong = [
        f"{event}: {name!r} is not room.verb"
        for event, handlers in SUBSCRIBERS.items()
        for name in handlers
        if name.count(".") != 1 or not name.replace(".", "").replace("_", "").isalnum()
    ]
    assert not wrong, "\n".join(wrong)
