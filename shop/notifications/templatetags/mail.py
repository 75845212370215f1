"""``{% mail_block block %}``: one block of a letter by the template of its kind."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from shop.notifications.letter import Block

register = template.Library()


@register.simple_tag
def mail_block(block: Block) -> SafeString:
    """The block as HTML, from ``templates/mail/blocks/<kind>.html``."""
    return SafeString(render_to_string(f"mail/blocks/{block.kind}.html", {"block": block}))
