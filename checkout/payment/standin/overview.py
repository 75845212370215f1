"""The stand-in's start page: what it is, what it knows, what happened lately."""

from __future__ import annotations

import datetime as dt
from html import escape
from pathlib import Path
from string import Template

from . import api, cards, texts, webhooks
from .errors import ApiError
from .world import World

STATIC = Path(__file__).parent / "static"
SHOWN = 20


def page(world: World) -> str:
    """The whole page as HTML."""
    return Template((STATIC / "home.html").read_text("utf-8")).substitute(
        payments=_payments(world),
        deliveries=_deliveries(world),
        cards=_cards(),
        endpoints=_endpoints(),
        webhook=escape(world.webhook_target()[0] or "none"),
        now=_time(world.now()),
    )


def redeliver(world: World, event: str) -> None:
    """Send an event once more; an unknown one is passed over."""
    try:
        webhooks.redeliver(world, event)
    except ApiError:
        return


def _payments(world: World) -> str:
    rows = [
        f'<tr><td>{_time(intent["created"])}</td><td class="id">{intent["id"]}</td>'
        f"<td>{escape(intent['description'] or '')}</td>"
        f'<td class="number">{escape(texts.amount(intent["amount"], intent["currency"], "en"))}</td>'
        f"<td>{_state(intent['status'])}</td></tr>"
        for intent in world.store.find("payment_intent", limit=SHOWN)
    ]
    return _table(("Time", "Payment intent", "Description", "Amount", "Status"), rows, "No payments yet.")


def _deliveries(world: World) -> str:
    rows = [
        f'<tr><td class="id">{one["event"]}</td><td>{escape(one["type"])}</td>'
        f"<td>{_state(one['state'])}</td>"
        f'<td class="number">{one["attempts"]}</td><td>{escape(one["last_error"])}</td>'
        '<td><form method="post" action="/redeliver">'
        f'<button class="small" name="event" value="{one["event"]}">'
        f'Redeliver<span class="hidden"> {one["event"]}</span></button></form></td></tr>'
        for one in webhooks.recent(world, limit=SHOWN)
    ]
    return _table(("Event", "Type", "State", "Attempts", "Last error", ""), rows, "No webhooks yet.")


def _cards() -> str:
    rows = [
        f'<tr><td class="id">{_grouped(card.number)}</td><td>{escape(card.shown)}</td>'
        f'<td class="id">{card.token}</td></tr>'
        for card in cards.CARDS
        if card.shown
    ]
    return _table(("Number", "What happens", "Token"), rows, "")


def _endpoints() -> str:
    items = []
    for route in api.ROUTES:
        path = route.pattern.pattern.strip("^$").replace(api.ID, "{id}")
        items.append(f"<li><code>{route.method} {escape(path)}</code></li>")
    return "".join(items)


def _table(heads: tuple[str, ...], rows: list[str], empty: str) -> str:
    if not rows:
        return f'<p class="empty">{escape(empty)}</p>'
    head = "".join(f'<th scope="col">{escape(h) or "<span class=hidden>Action</span>"}</th>' for h in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _state(name: str) -> str:
    return f'<span class="state state-{name}">{name.replace("_", " ")}</span>'


def _grouped(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
