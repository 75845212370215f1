"""Small words for checkout templates."""

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def percent(rate_bp: int) -> str:
    """Basis points as a percentage in the reader's format: 1900 -> ``19 %``, 550 -> ``5,5 %``."""
    whole, rest = divmod(int(rate_bp), 100)
    digits = 0 if not rest else 1 if rest % 10 == 0 else 2
    return f"{number_format(whole + rest / 100, decimal_pos=digits)}\u00a0%"
