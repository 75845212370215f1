"""Entry for the web server."""

import os

from django.core.wsgi import get_wsgi_application

from shop.kernel.settling import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
#: Longer than any page may take; see settings/database.py.
os.environ.setdefault("DATABASE_PATIENCE_S", "20")
#: Four threads that each map a database of 66 MB and keep 20 MB of it hold 262 MB; so they hold 8.
os.environ.setdefault("SQLITE_CACHE_KB", "2000")
os.environ.setdefault("SQLITE_MAPPED_BYTES", "0")
application = get_wsgi_application()
settle()
