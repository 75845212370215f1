"""The Celery app: worker and beat find their tasks in each room's tasks.py."""

import os

from celery import Celery

from shop.kernel import filequeue

filequeue.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("kontor", task_cls="shop.kernel.work:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
