"""What Wagtail stands on, without what that loads in case somebody wants it: 12 MB of every process.

Wagtail reads HTML by Python's own parser, so Beautiful Soup needs no other, and none that guesses how bytes are coded.
Pictures of telephones (HEIC) are not among what the editor takes (``WAGTAILIMAGES_EXTENSIONS``).
"""

from shop.kernel.left_out import left_out


def load() -> None:
    """Load them so, before Wagtail does. Called when ``shop.pages.apps`` is imported: all rooms' ``apps`` are, before
    any room's models."""
    guesses = ("cchardet", "chardet", "charset_normalizer")
    with left_out("bs4.builder._html5lib", "bs4.builder._lxml", *guesses):
        import bs4  # noqa: F401
    with left_out("pillow_heif"):
        import willow  # noqa: F401
