"""The Celery app: worker and beat find their tasks in each room's tasks.py."""

import os
from typing import Any

from shop.kernel.left_out import left_out

with left_out("yaml"):  # messages are JSON; the queue's library loads what it would need for others (1 MB)
    import kombu.serialization  # noqa: F401

from celery import Celery
from celery.signals import celeryd_init

from shop.kernel import filequeue

filequeue.install()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("kontor", task_cls="shop.kernel.work:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def guard_processes(**more: Any) -> None:
    """Only a worker has processes for tasks, and needs what watches over them."""
    from shop.kernel import processpool

    processpool.install()
