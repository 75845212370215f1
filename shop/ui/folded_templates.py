"""What never changes between two renderings of a compiled template is put together once.

Half of an article's page, made anew, was Django walking through hundreds of nodes that give the same each time: pieces
of text, translated words, addresses of styles, icons. Neighbours of these kinds become one node here, which keeps its
text by language. What else is quicker: `{% url %}` without arguments, `{% include %}` of a template by its name, and
`{{ variables }}` that are plain text. Each gives what Django's own node gives; `DEBUG` leaves templates as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from django.core.signals import setting_changed
from django.template import Template
from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    TextNode,
    VariableNode,
    render_value_in_context,
)
from django.template.context import Context
from django.template.defaulttags import CommentNode, LoadNode, URLNode
from django.template.library import SimpleNode
from django.template.loader_tags import BlockNode, IncludeNode
from django.templatetags.i18n import TranslateNode
from django.templatetags.static import StaticNode
from django.urls import get_script_prefix, get_urlconf
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

#: Name of the attribute of a simple tag that gives the same whenever its arguments are the same.
ALWAYS_THE_SAME = "always_the_same"
_state = [0]  #: goes up when a test changes settings: other static files, other addresses


def _changed(**_signal: object) -> None:
    _state[0] += 1


setting_changed.connect(_changed)


class Fixed(TextNode):
    """Neighbouring nodes that give the same each time, in one language."""

    def __init__(self, nodes: list[Node]) -> None:
        super().__init__("")
        self.nodes = nodes
        self._state = _state[0]
        self._known: dict[tuple[str | None, bool], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        """What the nodes give, made at the first time."""
        if self._state != _state[0]:
            self._state, self._known = _state[0], {}
        key = (get_language(), context.autoescape)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = mark_safe("".join(node.render(context) for node in self.nodes))
        return known

    render_annotated = render


class _Variable(VariableNode):
    """A variable: text, which most are, neither has a time zone nor is a number."""

    def render(self, context: Context) -> SafeString:
        try:
            output = self.filter_expression.resolve(context)
        except UnicodeDecodeError:
            return SafeString("")
        kind = type(output)
        if kind is SafeString:
            return output  # type: ignore[no-any-return]
        if kind is str:
            return SafeString(escape(output) if context.autoescape else output)
        return render_value_in_context(output, context)  # type: ignore[return-value]

    render_annotated = render


class _Url(URLNode):
    """An address without arguments."""

    known: dict[tuple[object, ...], str]

    def render(self, context: Context) -> str:
        request = getattr(context, "request", None)
        app = getattr(request, "current_app", None) or getattr(
            getattr(request, "resolver_match", None), "namespace", None
        )
        key = (_state[0], get_language(), get_urlconf(), get_script_prefix(), app, context.autoescape)
        url = self.known.get(key)
        if url is None:
            text = super().render(context)
            url = self.known[key] = context[self.asvar] if self.asvar else text
        elif self.asvar:
            context[self.asvar] = url
        return "" if self.asvar else url


class _Include(IncludeNode):
    """A template by its name: looked up once."""

    found: Template | None

    def render(self, context: Context) -> SafeString:
        template = self.found
        if template is None:
            engine = context.template.engine  # type: ignore[union-attr]
            template = self.found = engine.get_template(self.template.var)
        values = {name: var.resolve(context) for name, var in self.extra_context.items()}
        if self.isolated_context:
            return template.render(context.new(values))
        with context.push(**values):
            return template.render(context)


class _Top(NodeList):
    """The nodes of a whole template, which is searched for its blocks whenever another one extends it."""

    blocks: list[Any] | None = None

    def get_nodes_by_type(self, nodetype: Any) -> Any:
        if nodetype is not BlockNode:
            return super().get_nodes_by_type(nodetype)
        if self.blocks is None:
            self.blocks = super().get_nodes_by_type(nodetype)
        return self.blocks


def fold(template: Template) -> None:
    """Put together what never changes in a compiled template. Nobody else may have it yet: its lists become shorter."""
    _fold(template.nodelist)
    template.nodelist = _Top(template.nodelist)


def _fold(nodes: NodeList) -> None:
    folded: list[Node] = []
    run: list[Node] = []
    for node in nodes:
        if _is_fixed(node):
            run.append(node)
            continue
        folded += _put_together(run)
        run = []
        _quicken(node)
        for inner in _lists_in(node):
            _fold(inner)
        folded.append(node)
    nodes[:] = folded + _put_together(run)


def _put_together(run: list[Node]) -> list[Node]:
    kept = [node for node in run if not isinstance(node, LoadNode | CommentNode)]
    if all(type(node) is TextNode for node in kept):
        text = "".join(node.s for node in kept)  # type: ignore[attr-defined]
        return [TextNode(text)] if text else []
    return [Fixed(kept)]


def _lists_in(node: Node) -> Iterator[NodeList]:
    """Every list of nodes that a node holds, also those of the branches of an ``if``."""
    for value in vars(node).values():
        if isinstance(value, NodeList):
            yield value
        elif isinstance(value, list):
            yield from (
                part for one in value if isinstance(one, tuple) for part in one if isinstance(part, NodeList)
            )


def _is_fixed(node: Node) -> bool:
    kind = type(node)
    if kind in (TextNode, LoadNode, CommentNode):
        return True
    if kind is StaticNode:
        return node.varname is None and _is_literal(node.path)  # type: ignore[attr-defined]
    if kind is TranslateNode:
        said: Any = node
        context = said.message_context
        word = said.filter_expression
        return (
            said.asvar is None
            and not word.filters
            and isinstance(getattr(word.var, "literal", None), str)
            and (context is None or _is_literal(context))
        )
    if kind is SimpleNode:
        tag: Any = node
        arguments: Iterable[Any] = (*tag.args, *tag.kwargs.values())
        same = getattr(tag.func, ALWAYS_THE_SAME, False)
        return bool(same) and tag.target_var is None and all(map(_is_literal, arguments))
    return False


def _is_literal(expression: Any) -> bool:
    """Whether it is text in quotes, without a filter."""
    return (
        isinstance(expression, FilterExpression)
        and isinstance(expression.var, str)
        and not expression.filters
    )


def _quicken(node: Any) -> None:
    """Give a node of Django's the quicker way to the same."""
    kind = type(node)
    if kind is VariableNode:
        node.__class__ = _Variable
    elif kind is URLNode and not node.args and not node.kwargs and _is_literal(node.view_name):
        node.__class__, node.known = _Url, {}
    elif kind is IncludeNode and _is_literal(node.template) and not node.template.var.startswith("."):
        node.__class__, node.found = _Include, None
