"""The editor's field for rich text. What comes from it is turned into marks by Wagtail, by its list (``features``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _
from wagtail.admin.rich_text import DraftailRichTextArea


class RichTextArea(DraftailRichTextArea):  # type: ignore[misc]
    """Wagtail's, which would end in an error (500) on what no editor sends."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Mapping[str, Any], name: str) -> Any:
        """The text as it is kept.

        Raises: BadRequest when it is not what the editor in the browser writes (Draft.js as JSON).
        """
        try:
            return super().value_from_datadict(data, files, name)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
            raise BadRequest(
                _("The text did not come as this editor writes it. Please load the page anew and try again.")
            ) from None
