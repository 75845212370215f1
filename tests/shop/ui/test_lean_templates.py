"""Compiled templates keep nothing of their source."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.template import Engine, TemplateSyntaxError, engines
from django.template.base import Node

from shop.ui.lean_templates import Loader

NAME = "lean.html"
SOURCE = "{% if one %}<b>{{ one|upper }}</b>{% else %}{% for n in many %}{{ n }},{% endfor %}{% endif %}"


def engine(debug: bool, source: str = SOURCE) -> Engine:
    """One with a single template."""
    loaders: Any = [
        ("shop.ui.lean_templates.Loader", [("django.template.loaders.locmem.Loader", {NAME: source})])
    ]
    return Engine(debug=debug, loaders=loaders)


def nodes(of: Engine) -> list[Node]:
    return of.get_template(NAME).nodelist.get_nodes_by_type(Node)


def test_the_shop_keeps_its_templates_without_their_source() -> None:
    used = engines["django"].engine  # type: ignore[attr-defined]
    assert [type(one) for one in used.template_loaders] == [Loader]
    template = used.get_template("404.html")
    assert template is used.get_template("404.html"), "compiled once"
    assert template.source == "" and not settings.DEBUG
    found = template.nodelist.get_nodes_by_type(Node)
    assert found and all(one.token is None for one in found)


def test_a_lean_template_writes_what_it_wrote() -> None:
    lean, whole = engine(debug=False), engine(debug=True)
    assert nodes(lean) and all(one.token is None for one in nodes(lean))
    for words in ({"one": "a<"}, {"many": [1, 2]}, {}):
        assert lean.render_to_string(NAME, words) == whole.render_to_string(NAME, words)


def test_djangos_page_of_errors_can_still_show_where_it_was() -> None:
    whole = engine(debug=True)
    assert whole.get_template(NAME).source == SOURCE and all(one.token for one in nodes(whole))


def test_a_template_that_cannot_be_compiled_says_so() -> None:
    with pytest.raises(TemplateSyntaxError, match="nonsense"):
        engine(debug=False, source="{% nonsense %}").get_template(NAME)
