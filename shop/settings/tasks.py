"""Who does what, how soon, how long: every task with its queue, its time limit and what finds it when it was lost.

Queues by urgency: an invoice does not wait behind a hundred pictures. Nothing set: one worker takes from all of
them, in this order. Scaled: a worker per group of queues (docker-compose.yml), so that none waits for another.
"""

from dataclasses import dataclass

from kombu import Exchange, Queue

#: Most urgent first. money: orders, payments, stock, what rooms tell each other. mail: letters to people. documents:
#: invoices, labels, exports, files of the bank. index: the search. bulk: what may wait for a quiet hour.
QUEUES = ("money", "mail", "documents", "index", "bulk")
#: Subscribers of events whose first word is not here are money.
QUEUE_OF_SUBSCRIBERS = {"notifications": "mail", "connect": "bulk"}

#: KiB of memory at the height of a process for tasks. One that went over it (a huge document, a large import) ends with
#: that task and a new one takes its place, since Python gives little of it back. The processes of a worker have to fit
#: into its memory in docker-compose.yml; a small one is told less there (scripts/compose_check.py reckons).
TASK_PROCESS_MAX_KIB = 350_000

CLOCK = "clock"  #: beat asks for it again; one that fails rests for doubling pauses (shop/kernel/work.py)


@dataclass(frozen=True)
class Work:
    """queue; hard limit in seconds, a sixth before it the task is asked to end; ``again``: CLOCK, or the task by the
    clock that finds the row when this one was lost (the row counts attempts and pauses, see kernel/attempts.py)."""

    queue: str
    limit_s: int
    again: str = CLOCK


ONE_S, SWEEP_S = 120, 300
#: RabbitMQ takes back what was not acknowledged for 30 minutes (consumer_timeout) and cuts the worker's connection.
#: A longer task is acknowledged when it begins, so its ``again`` has to find out by itself that it died.
ACKED_WITHIN_S = 1500
TASK_TABLE = {
    "kernel.deliver": Work("money", ONE_S, "kernel.sweep"),
    "kernel.handle": Work("money", ONE_S, "kernel.sweep"),
    "kernel.sweep": Work("money", SWEEP_S),
    "kernel.pulse": Work("money", 30),
    "payment.sweep_open": Work("money", SWEEP_S),
    "payment.send_refund": Work("money", ONE_S, "payment.send_refunds"),
    "payment.send_refunds": Work("money", SWEEP_S),
    "payment.expire": Work("money", SWEEP_S),
    "changes.drop_unpaid": Work("money", SWEEP_S),
    "phone_orders.sweep": Work("money", SWEEP_S),
    "psp.read": Work("money", SWEEP_S),
    "psp.send_back": Work("money", ONE_S, "psp.read"),
    "reconciliation.take_in": Work("money", ONE_S, "reconciliation.take_in_all"),
    "reconciliation.take_in_all": Work("money", SWEEP_S),
    "shortages.apply_defaults": Work("money", SWEEP_S),
    "shortages.ask_overlooked": Work("money", SWEEP_S),
    "shortages.plan_waiting": Work("money", SWEEP_S),
    "receiving.expire": Work("money", SWEEP_S),
    "returns.call_off_exchanges": Work("money", SWEEP_S),
    "notifications.send_one": Work("mail", ONE_S, "notifications.send_due"),
    "notifications.send_due": Work("mail", SWEEP_S),
    "payment.remind": Work("mail", SWEEP_S),
    "stock_alerts.tell": Work("mail", SWEEP_S),
    "invoicing.make_documents": Work("documents", ONE_S, "invoicing.make_missing"),
    "invoicing.make_missing": Work("documents", SWEEP_S),
    "dispatch.work_label": Work("documents", ONE_S, "dispatch.work_labels"),
    "dispatch.work_labels": Work("documents", SWEEP_S),
    "returns.book_label": Work("documents", ONE_S, "returns.book_labels"),
    "returns.book_labels": Work("documents", SWEEP_S),
    "bank.read_file": Work("documents", SWEEP_S, "bank.read_waiting"),
    "bank.read_waiting": Work("documents", SWEEP_S),
    "bank.watch_folder": Work("documents", SWEEP_S),
    "exports.make": Work("documents", SWEEP_S, "exports.make_waiting"),
    "exports.make_waiting": Work("documents", SWEEP_S),
    "search.take_in": Work("index", SWEEP_S),
    "search.build": Work("index", 7200, "search.take_in"),
    "search.count_missed": Work("bulk", SWEEP_S),
    "reports.roll_up": Work("bulk", SWEEP_S),
    "reconciliation.match_open": Work("bulk", SWEEP_S),
    "ledger.seal": Work("bulk", SWEEP_S),
    "dunning.nightly": Work("bulk", SWEEP_S),
    "dispatch.ask_carriers": Work("bulk", SWEEP_S),
    "returns.ask_where": Work("bulk", SWEEP_S),
    "counting.plan": Work("bulk", SWEEP_S),
    "cases.clear_drafts": Work("bulk", SWEEP_S),
    "vat_ids.ask_again": Work("bulk", SWEEP_S),
    "audit.purge": Work("bulk", SWEEP_S),
    "pages.delete_accounts": Work("bulk", SWEEP_S),
    "kernel.clear_changes": Work("bulk", SWEEP_S),
    "kernel.clear_tallies": Work("bulk", SWEEP_S),
    "kernel.backup": Work("bulk", 7200),
    "basket.forget_guests": Work("bulk", SWEEP_S),
    "notifications.forget": Work("bulk", SWEEP_S),
    "notifications.write_newsletters": Work("bulk", SWEEP_S),
    "customers.forget": Work("bulk", SWEEP_S),
    "stock_alerts.clear": Work("bulk", SWEEP_S),
    "order.count_together": Work("bulk", SWEEP_S),
    "catalogue.make_pictures": Work("bulk", SWEEP_S),
    "pages.make_pictures": Work("bulk", SWEEP_S),
    "dashboard.count": Work("bulk", SWEEP_S),
    "dashboard.add_up_stock": Work("bulk", SWEEP_S),
    "connect.send_one": Work("bulk", ONE_S, "connect.send_due"),
    "connect.send_due": Work("bulk", SWEEP_S),
}

_exchange = Exchange("kontor", type="direct")
CELERY_TASK_QUEUES = [Queue(name, _exchange, routing_key=name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = "bulk"
CELERY_TASK_DEFAULT_EXCHANGE = "kontor"
CELERY_TASK_DEFAULT_ROUTING_KEY = "bulk"
CELERY_TASK_CREATE_MISSING_QUEUES = (
    False  # a slip in a queue's name is an error, not a queue that nobody reads
)
CELERY_TASK_ROUTES = {name: {"queue": work.queue} for name, work in TASK_TABLE.items()}
CELERY_TASK_ANNOTATIONS = {
    name: {
        "time_limit": work.limit_s,
        "soft_time_limit": work.limit_s - work.limit_s // 6,
        "max_retries": 0,
        "acks_late": work.limit_s <= ACKED_WITHIN_S,
    }
    for name, work in TASK_TABLE.items()
}
