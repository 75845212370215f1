"""Small words for checkout templates."""

from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalogue.prices import unit_price_of

register = template.Library()


@register.filter
def percent(rate_bp: int) -> str:
    """Basis points as a percentage in the reader's format: 1900 -> ``19 %``, 550 -> ``5,5 %``."""
    whole, rest = divmod(int(rate_bp), 100)
    digits = 0 if not rest else 1 if rest % 10 == 0 else 2
    return f"{number_format(whole + rest / 100, decimal_pos=digits)}\u00a0%"


@register.simple_tag
def working_days(low: int, high: int) -> str:
    """How long something takes, in working days, as people say it: ``{% working_days way.days_min way.days_max %}``."""
    if low == high == 0:
        return _("the same working day")
    if low == high:
        return ngettext("%(days)s working day", "%(days)s working days", high) % {"days": high}
    if low == 0:
        return (
            _("by the next working day") if high == 1 else _("within %(days)s working days") % {"days": high}
        )
    return _("%(a)s to %(b)s working days") % {"a": low, "b": high}


@register.simple_tag
def unit_price(article: Any, price_minor: int, currency: str) -> str:
    """The price of one kilogram, litre, metre or square metre beside a price (§ 4 PAngV), "" for goods by the piece:
    ``{% unit_price line.product sums.unit_gross_minor currency %}``."""
    return unit_price_of(article, price_minor, currency)
