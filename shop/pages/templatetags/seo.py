"""What search engines and link previews are told, in the head of a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from shop.pages import previews, structured

register = template.Library()
#: Characters that could end the element or a line of script: a name that contains them stays a name.
ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def script(data: Mapping[str, Any]) -> SafeString:
    """A JSON-LD element. Whatever the texts contain, it ends where it should."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(ESCAPED)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))


def _facts(context: template.Context) -> dict[str, Any]:
    """The context as one dictionary."""
    return {str(name): value for name, value in context.flatten().items()}


@register.simple_tag(takes_context=True)
def product_ld(context: template.Context) -> SafeString:
    """Product and Offer of the page of a product; price and availability are those that the page shows."""
    return script(structured.product(_facts(context)))


@register.simple_tag
def crumbs_ld(crumbs: Any) -> SafeString | str:
    """BreadcrumbList of the way to this page; nothing for a page without one."""
    return script(structured.breadcrumbs(crumbs)) if crumbs else ""


@register.simple_tag
def organization_ld(seller: Any) -> SafeString | str:
    """Organization: who sells here; nothing before anybody entered it."""
    return script(structured.organization(seller)) if seller else ""


@register.simple_tag
def description(text: object) -> SafeString | str:
    """The description of the page for search engines; nothing where there are no words."""
    words = structured.summary(text)
    return format_html('<meta name="description" content="{}">', words) if words else ""


@register.inclusion_tag("components/open_graph.html", takes_context=True)
def open_graph(context: template.Context) -> dict[str, Any]:
    """Title, words, picture and address for previews of a link."""
    return previews.open_graph(_facts(context))
