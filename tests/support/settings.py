"""Kontor's settings with what tests change: cheap passwords, static files without fingerprints."""

from . import environment

# A worker of xdist inherits the settings' name, so pytest-django reads them before conftest.py comes to it. Without
# this line all workers would share the database of the process that started them.
environment.prepare()

from shop.settings import *  # noqa: E402, F403
from shop.settings import STATIC_ROOT, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
#: Pages are made at each visit, so that tests see what they were made of; tests of shared pages set it.
SHARED_KEPT_S = 0
PARTS_KEPT_S = 0
