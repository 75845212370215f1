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
#: Celery would run Django's checks before it loads the tasks and throw away what they find: 3 MB, 0.3 s of each start.
#: Its own worker keeps them: they load addresses and tags before it forks.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
application = get_wsgi_application()
settle()
