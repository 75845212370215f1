"""Static files with a fingerprint in the name, also where one script of ours imports another."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django's own switch for this looks into the scripts of libraries as well and stumbles over their comments.
_, _IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Scripts that import scripts name their fingerprinted files: no browser mixes today's with yesterday's."""

    patterns = (*HashedFilesMixin.patterns, ("js/*.js", _IMPORTS))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}  #: a page names fifteen of the same few files
        self._of = self.hashed_files  #: the fingerprints they were made with; collecting anew makes others

    def url(self, name: str | None, force: bool = False) -> str:
        """The address of a file; reckoned once where its fingerprint cannot change any more."""
        if name is None or force or settings.DEBUG:
            return str(super().url(name, force))
        if self._of is not self.hashed_files:
            self._of, self._addresses = self.hashed_files, {}
        known = self._addresses.get(name)
        if known is None:
            known = self._addresses[name] = str(super().url(name, force))
        return known
