"""Oscar's own base app: its templates, tags and static files, without its URLs (ours are in shop/urls.py)."""

from oscar.core.application import OscarConfig


class OscarBaseConfig(OscarConfig):
    name = "oscar"

    def ready(self) -> None:
        """Nothing: Oscar's stock ``ready`` loads the views of every app."""
