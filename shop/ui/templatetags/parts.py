"""`{% load parts %}`: what is the same for every reader is rendered once and kept (shop/kernel/parts.py).

    {% part "foot" %} ... {% endpart %}                          the same on every page of a language
    {% part "menu" here=nav_here %} ... {% endpart %}            one for each value; only these are seen inside
    {% part "card" of=card.mark eager=True %} ... {% endpart %}  the view's whole context is seen, ``of`` stands for it

Nothing of the reader is seen inside: no request, no person, no message, no token. Where a form inside needs one,
`{% hole "csrf" %}` leaves a place that is filled for each reader.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from shop.kernel.parts import Parts

register = template.Library()
#: What the shell of every page shows and no reader changes (shop.pages.context).
SHELL = ("legal_links", "nav_categories", "seller", "shipping_url", "shop_name")
#: What the context knows of the reader or of this one request.
OF_READER = frozenset(
    {
        "alternates", "basket_count", "canonical_url", "csp_nonce", "CSP_NONCE", "csrf_token", "messages", "perms",
        "request", "staff_nav", "staff_role", "user", "view",
    }
)  # fmt: skip
INSIDE = "_inside_part"
ALL = "of"  #: the argument that stands for the whole context of the view
_html = Parts(most=1_500)
#: Parts of which one is as large as twenty others.
_large = {"listing": Parts(most=100), "facets": Parts(most=100)}
_switches = Parts(most=500)
LONGEST = 200  #: characters of an address whose switch is kept; what is longer hardly anybody asks for again


def _csrf(context: Context) -> str:
    return str(CsrfTokenNode().render(context))


def _here(context: Context) -> str:
    request = context.get("request")
    return escape(request.get_full_path()) if request else ""


def _nonce(context: Context) -> str:
    request: Any = context.get("request")
    return escape(getattr(request, "csp_nonce", ""))


def _query(context: Context) -> str:
    words = context.get("query")
    return escape(words) if words is not None else ""


def _languages(context: Context) -> str:
    """The switch between languages: kept by all that it shows, the address of this page and of it in others."""
    request: Any = context.get("request")
    own: dict[str, str] = context.get("language_urls") or {}
    path = request.get_full_path() if request else ""

    def made() -> str:
        shown = get_template("components/language_switch.html")
        seen = {"request": request, "language_urls": own}
        return str(shown.template.render(Context(seen)))  # type: ignore[attr-defined]

    shows = (get_language(), path, tuple(own.items()))
    if len(path) > LONGEST or not settings.PARTS_KEPT_S:  # it stands on the page three times: made once
        of, known = getattr(request, "_language_switch", (None, ""))
        if of != shows:
            known = made()
            if request is not None:
                request._language_switch = (shows, known)
        return str(known)
    return _switches.kept(shows, made)


#: Places that are filled for each reader. What stands there meanwhile nobody can write into a text: drawn at start.
HOLES: dict[str, tuple[str, Callable[[Context], str]]] = {
    name: (f"<!--{name} {secrets.token_hex(12)}-->", fill)
    for name, fill in {
        "csrf": _csrf,
        "here": _here,
        "languages": _languages,
        "nonce": _nonce,
        "query": _query,
    }.items()
}


@register.simple_tag(takes_context=True)
def hole(context: Context, name: str) -> SafeString:
    """``csrf``: the token of a form; ``here``: this page's address; ``languages``: the switch to it in others;
    ``nonce``: what lets the scripts of this answer run; ``query``: the words looked for. Filled for each reader also
    within a part."""
    mark, fill = HOLES[name]
    return mark_safe(mark if context.get(INSIDE) else fill(context))


class PartNode(template.Node):
    """See the head of this file."""

    def __init__(self, name: str, arguments: dict[str, FilterExpression], nodelist: NodeList) -> None:
        self.name, self.arguments, self.nodelist = name, arguments, nodelist
        self.store = _large.get(name, _html)

    def render(self, context: Context) -> SafeString:
        """The part, kept or made, with its holes filled."""
        # What the view does not say is None, not "": without a mark nothing may be kept, it would be every page's.
        values = {
            name: value.resolve(context, ignore_failures=True) for name, value in self.arguments.items()
        }
        if ALL in values and values[ALL] is None:
            return self.nodelist.render(context)
        key: Hashable = (self.name, get_language(), tuple(values.items()))
        html, holes = self.store.kept(key, lambda: self._made(context, values))
        if holes and not context.get(INSIDE):
            for name in holes:
                mark, fill = HOLES[name]
                html = html.replace(mark, fill(context))
        return mark_safe(html)

    def _made(self, context: Context, values: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
        """The part, and which places in it are to be filled."""
        html = str(self.nodelist.render(self._inner(context, values)))
        return html, tuple(name for name, (mark, _fill) in HOLES.items() if mark in html)

    def _inner(self, context: Context, values: dict[str, Any]) -> Context:
        known = context.flatten()
        if ALL in values:
            seen = {name: value for name, value in known.items() if name not in OF_READER}
        else:
            seen = {name: known[name] for name in SHELL if name in known}
        inner = Context({**seen, **values, INSIDE: True}, autoescape=context.autoescape)
        inner.template = context.template
        return inner


@register.tag
def part(parser: Parser, token: Token) -> PartNode:
    """``{% part "name" key=value ... %} ... {% endpart %}``"""
    _tag, name, *bits = token.split_contents()
    arguments = token_kwargs(bits, parser)
    if bits or name[0] not in "\"'":
        raise template.TemplateSyntaxError('write {% part "name" key=value ... %}')
    nodelist = parser.parse(("endpart",))
    parser.delete_first_token()
    return PartNode(name[1:-1], arguments, nodelist)
