"""Boot checks of the kernel: every state machine's graph is walked before the first request."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from .states import MACHINES


@register()
def machines_are_sound(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An unknown target or an unreachable state stops the start."""
    return [
        Error(problem, id="kernel.E001") for machine in MACHINES.values() for problem in machine.problems()
    ]
