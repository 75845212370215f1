"""Entry for the web server."""

import os

from django.core.wsgi import get_wsgi_application

from shop.kernel.settling import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
#: Longer than any page may take; see settings/database.py.
os.environ.setdefault("DATABASE_PATIENCE_S", "20")
application = get_wsgi_application()
settle()
