"""What the order's page does not tell and "Why?" does: labels, returns, cases, webhooks, pushes, postings, looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from checkout.order.models import Order
from fulfilment.customer_service.cases.models import Case
from fulfilment.customer_service.cases.states import CASE
from fulfilment.customer_service.returns.models import Settlement
from fulfilment.customer_service.returns.states import SETTLEMENT
from fulfilment.customer_service.withdrawals.models import Withdrawal
from fulfilment.customer_service.withdrawals.states import WITHDRAWAL
from fulfilment.finance.ledger.models import Entry, EntryLine
from fulfilment.warehouse.dispatch.models import Label
from fulfilment.warehouse.dispatch.states import LABEL
from fulfilment.warehouse.receiving.models import Return
from fulfilment.warehouse.receiving.states import RETURN
from shop.audit.models import Access
from shop.connect.models import Push
from shop.kernel.models import Delivery, InboxMessage, Message, StateChange
from shop.ui.numbers import money_text
from shop.ui.reasons import reason
from shop.ui.states import look_of

from .order_story import GOODS, MONEY, SALE, STAFF, TECHNICAL, Event

ROWS_MAX = 200  #: of each kind that has no limit by nature


def gather(order: Order, told: list[Message]) -> dict[str, Any]:
    """Rows of every room that the order's page does not read. A constant number of queries."""
    thread = order.correlation_id
    return {
        "labels": list(Label.objects.filter(parcel__order=order).select_related("parcel").order_by("pk")),
        "returns": list(Return.objects.filter(order=order).order_by("pk")),
        "settlements": list(
            Settlement.objects.filter(order=order).select_related("returning").order_by("pk")
        ),
        "cases": list(Case.objects.filter(order=order).order_by("pk")),
        "withdrawals": list(Withdrawal.objects.filter(order=order).order_by("pk")),
        "pushes": _of_thread(Push.objects.select_related("endpoint").defer("body", "response_body"), thread),
        "inbox": _of_thread(InboxMessage.objects.defer("body"), thread),
        "entries": _entries(order),
        "accesses": list(Access.objects.filter(kind="order", key=order.number).order_by("-pk")[:ROWS_MAX]),
        "deliveries": [_of(delivery, message) for message in told for delivery in message.deliveries.all()],
    }


def _of_thread(rows: Any, thread: str) -> list[Any]:
    return list(rows.filter(correlation_id=thread).order_by("pk")[:ROWS_MAX]) if thread else []


def _of(delivery: Delivery, message: Message) -> Delivery:
    delivery.message = message  # read together: no further query
    return delivery


def _entries(order: Order) -> list[Entry]:
    """Postings of the order's thread, and those that name it. Two queries."""
    named = EntryLine.objects.filter(subject=f"order:{order.number}").values("entry_id")
    about = Q(pk__in=named)
    if order.correlation_id:
        about |= Q(correlation_id=order.correlation_id)
    rows = Entry.objects.filter(about, posted_at__isnull=False).order_by("pk")
    return list(rows.prefetch_related("lines__account")[:ROWS_MAX])


def events(facts: dict[str, Any], *, may_see_looks: bool) -> list[Event]:
    """The rows as events; one query for their moves."""
    found = [
        *_moves(facts),
        *(_label(label) for label in facts["labels"]),
        *(_opened(case) for case in facts["cases"]),
        *(_declared(one) for one in facts["withdrawals"]),
        *(_push(push) for push in facts["pushes"]),
        *(_webhook(row) for row in facts["inbox"]),
        *(_posting(entry) for entry in facts["entries"]),
    ]
    return [*found, *_accesses(facts["accesses"])] if may_see_looks else found


def _moves(facts: dict[str, Any]) -> Iterator[Event]:
    """Moves of what hangs on the order."""
    kinds = {
        LABEL.name: (LABEL, _("Label"), "tag", GOODS, _by_id(facts["labels"])),
        RETURN.name: (RETURN, _("Return"), "return", GOODS, _by_id(facts["returns"])),
        SETTLEMENT.name: (
            SETTLEMENT,
            _("Settlement of a return"),
            "euro",
            MONEY,
            _by_id(facts["settlements"]),
        ),
        CASE.name: (CASE, _("Case"), "message", STAFF, _by_id(facts["cases"])),
        WITHDRAWAL.name: (WITHDRAWAL, _("Withdrawal"), "undo", SALE, _by_id(facts["withdrawals"])),
    }
    wanted = Q(pk__in=[])
    for name, (_machine, _title, _icon, _topic, things) in kinds.items():
        wanted |= Q(machine=name, thing_id__in=list(things))
    for change in StateChange.objects.filter(wanted).select_related("by").order_by("pk"):
        machine, title, icon, topic, things = kinds[change.machine]
        state = machine.labels.get(change.new) or look_of(change.new).label
        yield event(
            change.at, f"{title} {_number(things[change.thing_id])}: {state}".replace(" :", ":"), icon, topic=topic,
            by=change.by.name if change.by else "", text=reason(change.why), thread=change.correlation_id or "",
            state="bad" if change.new in ("refused", "rejected") else "done", **_page(things[change.thing_id]),
        )  # fmt: skip


def _by_id(rows: Iterable[Any]) -> dict[int, Any]:
    return {row.pk: row for row in rows}


def _number(thing: Any) -> str:
    if isinstance(thing, Label):
        return thing.parcel.number
    if isinstance(thing, Settlement):
        return thing.returning.number
    return str(thing.number)


def _page(thing: Any) -> dict[str, Any]:
    """Its page, for whoever may open it; what customers wrote is read by nobody else."""
    pages = {
        Label: lambda: ("dispatch.dispatch_parcels", reverse("warehouse:parcel", args=[thing.parcel_id])),
        Return: lambda: ("receiving.view_returns", reverse("warehouse:return", args=[thing.pk])),
        Settlement: lambda: (
            "returns.settle_money", reverse("service:settlement", args=[thing.returning.number])
        ),
        Case: lambda: ("cases.view_cases", reverse("service:case", args=[thing.number])),
        Withdrawal: lambda: (
            "withdrawals.handle_withdrawals", reverse("service:withdrawal", args=[thing.number])
        ),
    }  # fmt: skip
    permission, url = pages[type(thing)]()
    return {
        "needs": permission,
        "url": url,
        "link": _("Show"),
        "keeps_words": isinstance(thing, Case | Withdrawal),
    }


def _label(label: Label) -> Event:
    return event(
        label.created_at, _("Label asked for: %(number)s") % {"number": label.parcel.number}, "tag", topic=GOODS,
        text=label.tracking_number, thread=label.correlation_id or "", **_page(label),
    )  # fmt: skip


def _opened(case: Case) -> Event:
    title = _("Case %(number)s: %(kind)s") % {"number": case.number, "kind": case.get_kind_display()}
    return event(case.opened_at, title, "message", topic=STAFF, text=case.subject, **_page(case))


def _declared(one: Withdrawal) -> Event:
    title = _("Withdrawal %(number)s declared") % {"number": one.number}
    return event(one.received_at, title, "undo", topic=SALE, **_page(one))


def _push(push: Push) -> Event:
    title = _("Told %(system)s: %(event)s") % {
        "system": push.endpoint.name,
        "event": push.get_event_display(),
    }
    return event(
        push.created_at, title, "upload", topic=TECHNICAL, text=str(look_of(push.shown_state).label),
        thread=push.correlation_id or "", needs="connect.view_pushes", url=reverse("connect:push", args=[push.pk]),
        link=_("Show"), state="bad" if push.state == Push.DEAD else "done",
    )  # fmt: skip


def _webhook(row: InboxMessage) -> Event:
    times = _("came %(n)d times") % {"n": row.times_received} if row.times_received > 1 else ""
    return event(
        row.received_at, _("Told by %(source)s: %(kind)s") % {"source": row.source, "kind": row.kind}, "download",
        topic=TECHNICAL, text=times, thread=row.correlation_id or "",
        state="bad" if row.state == InboxMessage.DEAD else "done",
    )  # fmt: skip


def _posting(entry: Entry) -> Event:
    return event(
        entry.created_at, _("Posted: %(kind)s") % {"kind": entry.get_kind_display()}, "ledger", topic=MONEY,
        text=" · ".join(_side(line) for line in entry.lines.all()), thread=entry.correlation_id or "",
        needs="ledger.view_ledger", url=reverse("finance:entry", args=[entry.pk]), link=_("Show"),
        keeps_words=True,  # the cost of goods stands there
    )  # fmt: skip


def _side(line: EntryLine) -> str:
    amount = money_text(line.debit_minor or line.credit_minor, line.currency)
    side = _("debit") if line.debit_minor else _("credit")
    return f"{line.account.number} {line.account.name} {side} {amount}"


def _accesses(rows: Iterable[Access]) -> Iterator[Event]:
    for row in rows:
        title = _("Access: %(what)s") % {"what": row.get_deed_display()}
        thread = row.correlation_id
        yield event(row.at, title, "eye", topic=STAFF, by=row.by_name, text=row.path, thread=thread)


def event(at: Any, title: str, icon: str, **more: Any) -> Event:
    """One row of the story; ``needs``: the permission its link asks for, and its text too where it ``keeps_words``."""
    return {"at": at, "title": title, "icon": icon, "state": "done", "thread": "", "needs": "", **more}
