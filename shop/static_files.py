"""Static files with a fingerprint in the name, also where one script of ours imports another."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django's own switch for this looks into the scripts of libraries as well and stumbles over their comments.
_, _IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Scripts that import scripts name their fingerprinted files: no browser mixes today's with yesterday's."""

    patterns = (*HashedFilesMixin.patterns, ("js/*.js", _IMPORTS))
