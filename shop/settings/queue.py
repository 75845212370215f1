"""Queue. Nothing set: Celery on kombu's filesystem transport, no server. BROKER_URL: Redis or RabbitMQ.

A SIGKILL loses what the filesystem transport was running; the outbox table is the truth and is swept."""

from celery.schedules import crontab

from .env import DATA_DIR, env
from .tasks import QUEUES, TASK_PROCESS_MAX_KIB, TASK_TABLE

CELERY_BROKER_URL = env.str("BROKER_URL", default="filesystem://")
#: A click waits for a broker no longer than this; after a fault nobody in the process asks it for QUEUE_REST_S.
BROKER_TIMEOUT_S = env.float("BROKER_TIMEOUT_S", default=2.0)
QUEUE_REST_S = env.float("QUEUE_REST_S", default=5.0)
if CELERY_BROKER_URL.startswith("filesystem"):
    _queue = DATA_DIR / "queue"
    for _folder in ("messages", "processed", "control"):
        (_queue / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "processed_folder": str(_queue / "processed"),
        "control_folder": str(_queue / "control"),
        "store_processed": False,
        "polling_interval": 0.05,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": BROKER_TIMEOUT_S}
    if CELERY_BROKER_URL.startswith("redis"):
        CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"] = 2 * BROKER_TIMEOUT_S
        # In the order of QUEUES, and no second worker begins what one is still at: longer than the longest task.
        CELERY_BROKER_TRANSPORT_OPTIONS["queue_order_strategy"] = "priority"
        CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] = 600 + max(
            work.limit_s for work in TASK_TABLE.values()
        )
CELERY_BROKER_CONNECTION_TIMEOUT = BROKER_TIMEOUT_S
#: Whoever clicks does not wait while a message is tried again and again: the tables are the truth, the sweep comes by.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = TASK_PROCESS_MAX_KIB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TIMEZONE = env.str("TIME_ZONE", default="Europe/Berlin")
CELERY_BEAT_SCHEDULER = "shop.kernel.beat:OneLeader"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

#: Seconds between two looks for what a crash or a lost queue left.
SWEEP_EVERY_S = env.float("SWEEP_EVERY_S", default=5.0)
#: Seconds between two signs of life of each queue (kernel/work.py, operations page, /metrics).
PULSE_EVERY_S = 30.0
CELERY_BEAT_SCHEDULE = {
    **{
        f"pulse of {queue}": {
            "task": "kernel.pulse",
            "schedule": PULSE_EVERY_S,
            "args": (queue,),
            "options": {"queue": queue, "expires": 10 * PULSE_EVERY_S},
        }
        for queue in QUEUES
    },
    "sweep outbox and inbox": {"task": "kernel.sweep", "schedule": SWEEP_EVERY_S},
    "write newsletters": {"task": "notifications.write_newsletters", "schedule": 30.0},
    "send mails": {"task": "notifications.send_due", "schedule": SWEEP_EVERY_S},
    "send pushes": {"task": "connect.send_due", "schedule": SWEEP_EVERY_S},
    "ask about open payments": {"task": "payment.sweep_open", "schedule": 10.0},
    "send refunds": {"task": "payment.send_refunds", "schedule": 30.0},
    "expire unpaid orders": {"task": "payment.expire", "schedule": 60.0},
    "remind of prepayments": {"task": "payment.remind", "schedule": 3600.0},
    "take in lines of the bank": {"task": "reconciliation.take_in_all", "schedule": 60.0},
    "match what is open": {"task": "reconciliation.match_open", "schedule": crontab(hour="1", minute="45")},
    "read the card provider's balance": {"task": "psp.read", "schedule": 300.0},
    "make missing documents": {"task": "invoicing.make_missing", "schedule": 60.0},
    "take in what the search index has to hear": {
        "task": "search.take_in",
        "schedule": 1.0,
        "options": {"expires": 5.0},  # one that waited so long is not needed: the next are behind it
    },
    "count what nobody found": {"task": "search.count_missed", "schedule": 60.0},
    "add entries to the balances": {"task": "reports.roll_up", "schedule": 20.0},
    "book labels": {"task": "dispatch.work_labels", "schedule": SWEEP_EVERY_S},
    "ask where parcels are": {"task": "dispatch.ask_carriers", "schedule": 600.0},
    "plan counts": {"task": "counting.plan", "schedule": crontab(hour="5", minute="0")},
    "give up late returns": {"task": "receiving.expire", "schedule": crontab(hour="3", minute="10")},
    "book labels for returns": {"task": "returns.book_labels", "schedule": 60.0},
    "ask where returns are": {"task": "returns.ask_where", "schedule": 900.0},
    "call off late exchanges": {
        "task": "returns.call_off_exchanges",
        "schedule": crontab(hour="3", minute="15"),
    },
    "clear pictures nobody sent": {"task": "cases.clear_drafts", "schedule": crontab(hour="3", minute="25")},
    "drop phone orders nobody placed": {"task": "phone_orders.sweep", "schedule": 3600.0},
    "decide what nobody answered": {"task": "shortages.apply_defaults", "schedule": 60.0},
    "drop changes nobody paid": {"task": "changes.drop_unpaid", "schedule": 60.0},
    "ask about what no bin held": {"task": "shortages.ask_overlooked", "schedule": 300.0},
    "plan goods that came": {"task": "shortages.plan_waiting", "schedule": 300.0},
    "read files of the bank": {"task": "bank.read_waiting", "schedule": 30.0},
    "look into the bank's folder": {"task": "bank.watch_folder", "schedule": 60.0},
    "make exports that were left": {"task": "exports.make_waiting", "schedule": 60.0},
    "seal the ledger": {"task": "ledger.seal", "schedule": crontab(hour="0", minute="40")},
    "ask about VAT ids": {"task": "vat_ids.ask_again", "schedule": 600.0},
    "make a backup, where it is wanted": {
        "task": "kernel.backup",
        "schedule": crontab(hour="2", minute="30"),
    },
    "delete old rows of the access log": {"task": "audit.purge", "schedule": crontab(hour="4", minute="20")},
    "delete accounts at their wish": {
        "task": "pages.delete_accounts",
        "schedule": crontab(hour="4", minute="40"),
    },
    "forget baskets nobody can open": {
        "task": "basket.forget_guests",
        "schedule": crontab(hour="3", minute="50"),
    },
    "forget ended sessions and unconfirmed addresses": {
        "task": "customers.forget",
        "schedule": crontab(hour="3", minute="55"),
    },
    "forget mails that only asked": {
        "task": "notifications.forget",
        "schedule": crontab(hour="4", minute="0"),
    },
    "clear changes that pages asked about": {
        "task": "kernel.clear_changes",
        "schedule": crontab(minute="35"),
    },
    "forget who tried what": {"task": "kernel.clear_tallies", "schedule": crontab(minute="50")},
    "tell who waits for an article": {"task": "stock_alerts.tell", "schedule": 60.0},
    "clear alerts that are over": {"task": "stock_alerts.clear", "schedule": crontab(hour="3", minute="35")},
    "count what is bought together": {
        "task": "order.count_together",
        "schedule": crontab(hour="3", minute="45"),
    },
    "make sizes of pictures": {"task": "catalogue.make_pictures", "schedule": 60.0},
    "make sizes of pictures of pages": {"task": "pages.make_pictures", "schedule": 60.0},
    "count for who runs the shop": {"task": "dashboard.count", "schedule": 60.0},
    "add up stock for who runs the shop": {"task": "dashboard.add_up_stock", "schedule": 600.0},
    "dunning": {"task": "dunning.nightly", "schedule": crontab(hour="2", minute="30")},
}
#: What the clock asks for again so soon is dropped by a worker that comes to it only after ten times its pause (and a
#: minute): after an outage thousands of sweeps would stand before the work itself, each with nothing to do.
OFTEN_S = 60.0
for _row in CELERY_BEAT_SCHEDULE.values():
    if isinstance(_row["schedule"], float) and _row["schedule"] <= OFTEN_S:
        _row.setdefault("options", {}).setdefault("expires", max(60.0, 10 * _row["schedule"]))
