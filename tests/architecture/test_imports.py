"""Who may import whom (house order: upper rooms call down, lower ones speak up by events)."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.architecture.source import ROOT, modules

#: Files that may know the outside world, and what.
ONLY_HERE = {
    "stripe": {"checkout/payment/stripe_client.py"},
    "elasticsearch": {"catalogue/search/elastic.py"},
    "requests": {
        "checkout/payment/stripe_client.py"
    },  # the session that Stripe's library uses, which must follow nobody
}


def test_rooms_keep_the_import_contracts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    remedy = (
        "\nRemedy: let the lower room tell an event that the upper one hears, or let the upper one push what the lower "
        "one needs by a call; a new room gets its place in [tool.importlinter] of pyproject.toml."
    )
    assert done.returncode == 0, done.stdout[-4000:] + remedy


def test_clients_of_the_outside_world_have_one_door_each() -> None:
    wrong = [
        f"{module.name} imports {library}; only {', '.join(sorted(allowed)) or 'nobody'} does"
        for module in modules()
        for library, allowed in ONLY_HERE.items()
        if module.name not in allowed and library in {name.split(".")[0] for name in module.imports()}
    ]
    assert not wrong, "\n".join(wrong)


#: Writing into the index is slow, and two who write at once leave an older state: the worker, and whoever asks by hand.
WRITERS = {
    "catalogue/search/actions.py",
    "catalogue/search/tasks.py",
    "catalogue/search/management/commands/search_index.py",
}


def _writes_the_index(text: str, package: str) -> list[int]:
    """Lines that take flush() or rebuild() out of catalogue.search.actions, or call them of it. ``package``: where the
    text lies, for relative imports."""
    tree, known, lines = ast.parse(text), {"catalogue.search.actions"}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                if source == "catalogue.search.actions" and alias.name in ("flush", "rebuild", "*"):
                    lines.append(node.lineno)
                if f"{source}.{alias.name}" == "catalogue.search.actions":
                    known.add(alias.asname or alias.name)
        elif isinstance(node, ast.Import):
            known |= {
                one.asname for one in node.names if one.name == "catalogue.search.actions" and one.asname
            }
    return lines + [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("flush", "rebuild")
        and ast.unparse(node.value) in known
    ]


def test_the_index_is_written_by_the_worker_alone() -> None:
    wrong = [
        f"{module.name}:{line}"
        for module in modules()
        if module.name not in WRITERS
        for line in _writes_the_index(
            module.text, ".".join(module.path.relative_to(ROOT).with_suffix("").parts[:-1])
        )
    ]
    assert not wrong, (
        f"{', '.join(wrong)}: takes flush() or rebuild() of catalogue.search.actions; the index is written by the "
        "worker alone. Remedy: write the row and let the triggers tell the index (catalogue/search/triggers.py), or "
        "ask for catalogue.search.tasks.build.delay()"
    )


def test_who_writes_the_index_past_the_worker_is_seen() -> None:
    for package, text in (
        ("shop", "from catalogue.search.actions import flush as now"),
        ("catalogue", "from .search.actions import rebuild"),
        ("catalogue.partner", "def one():\n    from ..search import actions\n    actions.flush()"),
        ("catalogue.search", "from . import actions as verbs\nverbs.rebuild()"),
        ("shop", "import catalogue.search.actions\ncatalogue.search.actions.flush()"),
        ("shop", "import catalogue.search.actions as verbs\nverbs.flush()"),
    ):
        assert _writes_the_index(text, package), text
    for package, text in (
        ("shop", "from catalogue.search.actions import tidy\nfile.flush()"),
        ("catalogue", "from .actions import rebuild"),
        ("catalogue", "from . import actions\nactions.flush()"),
    ):
        assert not _writes_the_index(text, package), text


def test_forked_classes_are_imported_and_not_looked_up() -> None:
    """get_model() hides the dependency from readers, from mypy and from the contracts above."""
    wrong = [
        f"{module.name}:{call.lineno}: import the class from its room instead of {name}()"
        for module in modules()
        for name, call in module.calls("get_model", "get_class", "get_classes")
        if module.imports_from("oscar.core.loading")
    ]
    assert not wrong, "\n".join(wrong)


def test_foundation_libraries_stay_out_of_the_request() -> None:
    """Import cost: these take seconds, so they are imported inside the task that needs them."""
    heavy = {"saxonche", "karrio", "ortools", "statsforecast"}
    wrong = [
        f"{module.name} imports {name} at the top; import it inside the function that runs in the worker"
        for module in modules()
        for name in module.top_level_imports()
        if name.split(".")[0] in heavy and not module.name.endswith("schematron_worker.py")
    ]
    assert not wrong, "\n".join(wrong)
