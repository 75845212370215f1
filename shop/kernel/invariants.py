"""What must always hold. Each room lists its own in ``verify.py``; this collects and runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.utils.module_loading import import_string, module_has_submodule

Check = Callable[[], list[str]]
SHOWN_MAX = 20  #: breaches printed per invariant; the count tells the rest


@dataclass(frozen=True)
class Finding:
    """One invariant and the sentences that say where it does not hold."""

    room: str
    name: str
    breaches: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.breaches


def checks(within: str = "") -> Iterator[tuple[str, str, Check]]:
    """(room, name, function) of every invariant, room by room in the order of installed apps.

    within: only rooms whose module begins so ("fulfilment.finance.").
    """
    for config in apps.get_app_configs():
        ours = config.name.startswith(("shop", "catalogue", "checkout", "fulfilment"))
        if ours and config.name.startswith(within):
            if config.module is not None and module_has_submodule(config.module, "verify"):
                for name, function in import_string(f"{config.name}.verify.CHECKS"):
                    yield config.label, str(name), function


def verify() -> list[Finding]:
    """Recompute every invariant from zero."""
    return [Finding(room, name, function()) for room, name, function in checks()]
