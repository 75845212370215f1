"""Templates that are compiled once and kept, folded, without what only their compiler and the page of errors need.

Each node knows the piece of source it came from, and each template all of its source: a third of what a template takes.
"""

from __future__ import annotations

from typing import Any

from django.template import Template
from django.template.base import Node
from django.template.loaders import base, cached

from .folded_templates import fold


class _Lean(base.Loader):
    """Compiles a template; below the loader that keeps them, so that other threads get only what is finished."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template: Template = super().get_template(template_name, skip)
        if not self.engine.debug:
            make_lean(template)
            fold(template)
        return template


class Loader(cached.Loader, _Lean):
    """Django's loader that keeps templates (``django.template.loaders.cached``); lean, unless Django's page of errors
    is to show where one failed (DEBUG)."""


def make_lean(template: Template) -> None:
    """Let go of the source of a compiled template, and of what each of its nodes keeps of it."""
    template.source = ""
    for node in template.nodelist.get_nodes_by_type(Node):
        vars(node).pop("token", None)  # the class has one: None
