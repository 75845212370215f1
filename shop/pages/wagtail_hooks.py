"""What the editor gets from us: choosing products and categories in its blocks."""

from __future__ import annotations

from typing import Any

from wagtail import hooks
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet

from .blocks import category_choosers, product_choosers
from .models import GuaranteeNotice


class GuaranteeNotices(SnippetViewSet):
    """The Commission's graphics, one per language."""

    model = GuaranteeNotice
    icon = "doc-full"
    list_display = ["language", "picture"]
    add_to_admin_menu = False


register_snippet(GuaranteeNotices)


@hooks.register("register_admin_viewset")  # type: ignore[untyped-decorator]
def products() -> Any:
    """The windows in which a product is chosen."""
    return product_choosers


@hooks.register("register_admin_viewset")  # type: ignore[untyped-decorator]
def categories() -> Any:
    """The windows in which a category is chosen."""
    return category_choosers
