"""Wagtail: pages in two languages, its editor under /cms/."""

from .base import LANGUAGES, SITE_URL

WAGTAIL_SITE_NAME = "Kontor"
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAIL_I18N_ENABLED = True
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAILADMIN_LOGIN_URL = "account_login"
#: No text of ours offers films of others; asking foreign servers for them would be the next thing to guard.
WAGTAILEMBEDS_FINDERS: list[dict[str, str]] = []
WAGTAIL_FRONTEND_LOGIN_URL = "account_login"
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAILDOCS_SERVE_METHOD = "serve_view"
#: What the editor keeps as documents: papers and pictures, nothing that a browser would run.
WAGTAILDOCS_EXTENSIONS = [
    "csv", "docx", "jpeg", "jpg", "ods", "odt", "pdf", "png", "pptx", "rtf", "txt", "webp", "xlsx",
]  # fmt: skip
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 60_000_000  #: a file of some KB may unpack to gigabytes
WAGTAILADMIN_RICH_TEXT_EDITORS = {"default": {"WIDGET": "shop.pages.rich_text.RichTextArea"}}
