"""The template tags of the house: `{% load ui %}`. The catalogue with examples is static/css/README.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.paginator import Page
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info

from shop.kernel import clock
from shop.kernel.text import without_marks
from shop.ui import charts, countries, fields, numbers, reasons, states, times
from shop.ui.addresses import in_language
from shop.ui.folded_templates import ALWAYS_THE_SAME

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """One icon of our sprite. Without a label it is decoration and hidden from screen readers.

    name: id in static/img/icons.svg; label: spoken name when the icon stands alone; extra: CSS classes.
    """
    classes = f"icon {extra}".strip()
    target = f"{staticfiles_storage.url('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, target
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, target)


setattr(icon, ALWAYS_THE_SAME, True)


@register.simple_tag
def money(amount: Any, currency: str = "EUR") -> SafeString:
    """Money in the reader's language: `{% money line.total_minor order.currency %}` or `{% money total %}`.

    amount: whole minor units, or an object with `amount_minor` and `currency`. Nothing for None.
    """
    if amount is None or amount == "":
        return SafeString("")
    if hasattr(amount, "amount_minor"):
        amount, currency = amount.amount_minor, str(amount.currency)
    return format_html(
        '<data class="money" value="{}">{}</data>', amount, numbers.money_text(amount, currency)
    )


@register.simple_tag
def charge(amount: Any, currency: str = "EUR") -> SafeString:
    """What a delivery costs: like `money`, and at 0 the one word for it: `{% charge way.gross_minor currency %}`."""
    return money(amount, currency) if amount != 0 else SafeString(numbers.charge_text(0, currency))


@register.filter
def money_plain(amount: Any, currency: str = "EUR") -> str:
    """Like `money` but text alone, for attributes, titles and mails: `{{ x|money_plain:"EUR" }}`."""
    if amount is None or amount == "":
        return ""
    if hasattr(amount, "amount_minor"):
        amount, currency = amount.amount_minor, str(amount.currency)
    return numbers.money_text(amount, currency)


@register.filter
def signed(value: int) -> str:
    """A change with its sign, with a true minus: `{{ row.quantity|signed }}` gives +3, −2 or 0."""
    return numbers.signed_number(value)


@register.filter
def plain(rich: object) -> str:
    """The words of rich text, to be escaped like any text: `{{ category.description_local|plain }}`."""
    return without_marks(rich)


@register.filter
def country(code: str) -> str:
    """A country by its code: `{{ site.country|country }}` gives Germany."""
    return countries.country_name(code or "")


@register.filter
def reason(why: str) -> str:
    """A reason out of a history, in the reader's language: `{{ change.why|reason }}`; a person's words stay."""
    return reasons.reason(why or "")


@register.filter
def of_colour(pictures: Iterable[Any] | None, code: Any) -> list[Any]:
    """The pictures of one colour and those of no colour; all of them when the colour has none of its own."""
    everything = list(pictures or [])
    own = [one for one in everything if _colour_code(one) == code]
    return [one for one in everything if _colour_code(one) in (code, None, "")] if own else everything


@register.simple_tag
def ago(value: dt.datetime | None) -> SafeString | str:
    """How long ago, the exact time on hover; nothing for None."""
    return times.time_element(value, times.ago_text(value, clock.now())) if value else ""


@register.simple_tag
def local_date(value: dt.date | None) -> SafeString | str:
    """A day, with weekday (and exact time when there is one) on hover; nothing for None."""
    return times.time_element(value, times.short_date(value)) if value else ""


@register.simple_tag
def local_datetime(value: dt.datetime | None) -> SafeString | str:
    """Day and minute, seconds and zone on hover; nothing for None."""
    return times.time_element(value, times.short_datetime(value)) if value else ""


@register.inclusion_tag("components/badge.html")
def state_badge(state: str, label: str = "") -> dict[str, Any]:
    """A state as a coloured word, never by colour alone. `label` replaces the word of the table."""
    look = states.look_of(state)
    return {"tone": look.tone, "label": label or look.label}


@register.inclusion_tag("components/badge.html")
def badge(label: str, tone: str = "neutral") -> dict[str, Any]:
    """Any short mark: `{% badge _("New") "info" %}`; tones: neutral, info, good, warn, bad, busy."""
    return {"tone": tone, "label": label}


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, help: str = "", label: str = "", **attrs: Any) -> dict[str, Any]:
    """A form field: label above, help, control, errors; `{% field form.email autocomplete="email" %}`.

    help, label: replace those of the form. Further arguments become attributes of the control
    (`data_scan="1"` gives `data-scan="1"`).
    """
    if help:
        bound.help_text = help
    control = bound.as_widget(attrs=fields.widget_attrs(bound, attrs))
    return {
        "bound": bound,
        "kind": fields.kind_of(bound),
        "control": control,
        "label": label or bound.label,
        "base_id": bound.auto_id or bound.html_name,
        "described_by": fields.described_by(bound),
        "optional": not bound.field.required,
    }


@register.inclusion_tag("components/form_errors.html")
def form_errors(*forms: Any) -> dict[str, Any]:
    """What is wrong in one or several forms, on top, each point a link to its field. Takes the focus."""
    general: list[str] = []
    broken: list[BoundField] = []
    for form in forms:
        if not form or not form.is_bound:
            continue
        general += list(form.non_field_errors())
        broken += [bound for bound in form if bound.errors]
    return {"general": general, "broken": broken}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def paginator(context: Context, page: Page[Any], name: str = "page") -> dict[str, Any]:
    """Links to the pages of a list; everything else in the address stays. Silent with a single page."""
    span = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    links = [
        {
            "number": n,
            "url": query_with(context, **{name: n}) if isinstance(n, int) else "",
            "here": n == page.number,
        }
        for n in span
    ]
    return {
        "page": page,
        "links": links,
        "previous_url": query_with(context, **{name: page.number - 1}) if page.has_previous() else "",
        "next_url": query_with(context, **{name: page.number + 1}) if page.has_next() else "",
    }


@register.simple_tag(takes_context=True)
def querystring_with(context: Context, **changes: Any) -> str:
    """The present query string with some values changed; None or "" drops a key. Begins with "?"."""
    return query_with(context, **changes)


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: Context, key: str, label: str, numeric: bool = False, name: str = "sort"
) -> dict[str, Any]:
    """A column head that sorts: first click ascending, second descending; the page number is dropped."""
    current = _query(context).get(name, "")
    order = {key: "ascending", f"-{key}": "descending"}.get(current, "none")
    target = f"-{key}" if order == "ascending" else key
    return {
        "label": label,
        "numeric": numeric,
        "order": order,
        "url": query_with(context, **{name: target, "page": None}),
    }


@register.simple_tag(takes_context=True)
def language_choices(context: Context) -> list[dict[str, Any]]:
    """The shop's languages for the switch: code, name in itself, whether active, and its address.

    The address is empty where this page has the same address in every language: then the switch posts
    to Django's set_language. A page may give its own `language_urls` ({code: url}).
    """
    from django.conf import settings

    request: HttpRequest | None = context.get("request")
    path = request.get_full_path() if request else "/"
    own: dict[str, str] = context.get("language_urls") or {}
    active = translation.get_language() or settings.LANGUAGE_CODE
    choices = []
    for code, _name in settings.LANGUAGES:
        url = own.get(code) or in_language(path, code)
        choices.append(
            {
                "code": code,
                "name": get_language_info(code)["name_local"],
                "active": code == active,
                "url": "" if url == path else url,
            }
        )
    return choices


@register.inclusion_tag("components/bar_chart.html")
def bar_chart(rows: Iterable[Any], title: str, unit: str = "", currency: str = "") -> dict[str, Any]:
    """Horizontal bars with their values as text. rows: (label, value) or (label, value, tone, url).

    unit: written behind each value; currency: values are minor units of it. Zero and empty are fine.
    """
    return {"bars": charts.bars(rows, unit=unit, currency=currency), "title": title}


@register.inclusion_tag("components/line_chart.html")
def line_chart(points: Iterable[Any], title: str, currency: str = "", steps: bool = False) -> dict[str, Any]:
    """A line over time. points: (label, value) in order; steps: hold each value until the next (stock)."""
    return charts.line(list(points), currency=currency, steps=steps) | {"title": title}


def query_with(context: Context, **changes: Any) -> str:
    """The query string of the present request with changes; see the tag `querystring_with`."""
    query = _query(context).copy()
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


def _query(context: Context) -> QueryDict:
    """What this request asks; inside a kept part, where no request is seen, what the view says (``list_query``)."""
    request: HttpRequest | None = context.get("request")
    if request is not None:
        return request.GET
    said: QueryDict | None = context.get("list_query")
    return said if said is not None else QueryDict(mutable=True)


def _colour_code(picture: Any) -> Any:
    return picture.get("colour_code") if isinstance(picture, dict) else getattr(picture, "colour_code", None)
