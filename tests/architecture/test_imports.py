"""Who may import whom (house order: upper rooms call down, lower ones speak up by events)."""

from __future__ import annotations

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
