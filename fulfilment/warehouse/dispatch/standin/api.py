"""The carrier's interface: sign in, book, label again, cancel, and where a shipment is (XML)."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import quoteattr

from . import paper
from .world import Event, Shipment, World

WEIGHT_MAX_KG = 31.5
RECEIVER = "deu"
TOKEN = "standin-token"  # noqa: S105
#: Postal codes the carrier knows how to read; a German one that begins with 00 does not exist.
POSTCODES = {
    "DEU": r"(?!00)\d{5}",
    "AUT": r"\d{4}",
    "CHE": r"\d{4}",
    "NLD": r"\d{4} ?[A-Z]{2}",
    "POL": r"\d{2}-\d{3}",
}
LENGTHS = {"name1": 50, "addressStreet": 50, "addressHouse": 10, "city": 40, "postalCode": 10}


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    kind: str = "application/json"


def answer(world: World, method: str, path: str, query: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Answer one request to the interface."""
    if path.endswith("/token") and method == "POST":
        return _token(world, body)
    if path.endswith("/tracking/v0/shipments"):
        return _tracking(world, query, headers)
    way_back = path.endswith("/shipping/returns/v1/orders") and method == "POST"
    if not way_back and not path.endswith("/shipping/v2/orders"):
        return _problem(404, "Not Found", "This address is unknown.")
    if headers.get("authorization") != f"Bearer {TOKEN}":
        return _problem(401, "Unauthorized", "Unauthorized for given resource.")
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    if way_back:
        return _book_return(world, asked, body)
    if method == "POST":
        return _book(world, asked, body)
    if method == "DELETE":
        return _cancel(world, asked)
    return _label(world, asked)


def _json(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body).encode())


def _problem(status: int, title: str, detail: str) -> Answer:
    return _json(status, {"status": status, "title": title, "detail": detail})


def _ok() -> dict[str, Any]:
    return {"title": "ok", "statusCode": 200, "detail": "The Webservice call ran successfully."}


def _token(world: World, body: bytes) -> Answer:
    given = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    ours = world.settings
    if (given.get("client_id"), given.get("client_secret")) != (ours.client_id, ours.client_secret):
        return _problem(401, "Unauthorized", "Invalid client identifier.")
    if (given.get("username"), given.get("password")) != (ours.username, ours.password):
        return _problem(401, "Unauthorized", "User name or password is wrong.")
    return _json(200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 1799})


def _book(world: World, asked: dict[str, str], body: bytes) -> Answer:
    try:
        given = json.loads(body)
        wanted = given["shipments"][0]
        problems = _problems(wanted)
    except (ValueError, KeyError, IndexError, TypeError):
        return _problem(400, "Bad Request", "The request could not be read.")
    if problems:
        item = {
            "sstatus": {"title": "Bad Request", "statusCode": 400},
            "validationMessages": [
                {"property": name, "validationMessage": text, "validationState": "Error"}
                for name, text in problems
            ],
        }
        status = {"title": "Bad Request", "statusCode": 400, "detail": "1 of 1 shipment was not created."}
        return _json(400, {"status": status, "items": [item]})
    return _json(200, {"status": _ok(), "items": [_item(world.book(wanted), asked)]})


def _book_return(world: World, asked: dict[str, str], body: bytes) -> Answer:
    """A label for the way back, and a code for who has no printer."""
    try:
        given = json.loads(body)
        shipper, receiver = given["shipper"], given["receiverId"]
        postcode = str(shipper["postalCode"])
        pattern = POSTCODES.get(str(shipper["country"]), "")
        grams = float(given["itemWeight"]["value"])
    except (ValueError, KeyError, TypeError):
        return _problem(400, "Bad Request", "The request could not be read.")
    if receiver != RECEIVER:
        return _problem(400, "Bad Request", f"The receiver {receiver} is unknown.")
    if not re.fullmatch(pattern, postcode):
        detail = f"shipper.postalCode: The postal code {postcode} is not valid for this country."
        return _problem(400, "Bad Request", detail)
    made = world.book(
        {
            "refNo": given.get("customerReference"),
            "product": "RETURN",
            "details": {"weight": {"value": grams / 1000}},
            "consignee": {"name1": receiver},
            "shipper": shipper,
        }
    )
    with world.lock:  # the carrier tells of it before anybody hands it over
        made.events.append(Event("VA", "PARCV", "OTHER", "The shipment was announced.", time.time()))
        world.save()
    lines = [str(shipper.get("name1", "")), receiver, made.reference]
    found: dict[str, Any] = {
        "shipmentNo": made.number,
        "label": {"b64": base64.b64encode(paper.pdf(made.number, lines)).decode()},
    }
    if asked.get("labelType") in ("BOTH", "QR_LABEL"):
        found["qrLabel"] = {"b64": base64.b64encode(paper.qr_png(made.number)).decode()}
    return _json(201, {"sstatus": {"title": "Created", "status": 201}, **found})


def _problems(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    consignee = wanted["consignee"]
    pattern = POSTCODES.get(str(consignee.get("country")))
    postcode = str(consignee.get("postalCode") or "")
    if pattern and not re.fullmatch(pattern, postcode):
        found.append(("consignee.postalCode", f"The postal code {postcode} is not valid for this country."))
    for name in ("name1", "addressStreet", "city"):
        if not consignee.get(name):
            found.append((f"consignee.{name}", "This value is required."))
    for name, most in LENGTHS.items():
        if len(str(consignee.get(name) or "")) > most:
            found.append((f"consignee.{name}", f"At most {most} characters are allowed."))
    weight = float(wanted["details"]["weight"]["value"])
    if not 0 < weight <= WEIGHT_MAX_KG:
        found.append(("details.weight", f"The weight must be above 0 and at most {WEIGHT_MAX_KG} kg."))
    if len(str(wanted.get("refNo") or "")) < 8:
        found.append(("refNo", "The reference has at least 8 characters."))
    return found


def _item(shipment: Shipment, asked: dict[str, str]) -> dict[str, Any]:
    to = shipment.consignee
    lines = [
        str(to.get("name1", "")),
        f"{to.get('addressStreet', '')} {to.get('addressHouse') or ''}".strip(),
        f"{to.get('postalCode', '')} {to.get('city', '')}",
        shipment.reference,
    ]
    label: dict[str, str] = {"printFormat": asked.get("printFormat", "910-300-700")}
    if asked.get("docFormat") == "ZPL2":
        label |= {"zpl2": paper.zpl(shipment.number, lines), "fileFormat": "ZPL2"}
    else:
        label |= {
            "b64": base64.b64encode(paper.pdf(shipment.number, lines)).decode(),
            "fileFormat": "PDF",
        }
    return {
        "shipmentNo": shipment.number,
        "shipmentRefNo": shipment.reference,
        "sstatus": _ok(),
        "label": label,
        "validationMessages": [],
    }


def _label(world: World, asked: dict[str, str]) -> Answer:
    shipment = world.shipments.get(asked.get("shipment", ""))
    if shipment is None or shipment.cancelled:
        return _problem(404, "Not Found", "The shipment number is unknown.")
    return _json(200, {"status": _ok(), "items": [_item(shipment, asked)]})


def _cancel(world: World, asked: dict[str, str]) -> Answer:
    number = asked.get("shipment", "")
    with world.lock:
        shipment = world.shipments.get(number)
        if shipment is None or shipment.cancelled:
            return _problem(404, "Not Found", "The shipment number is unknown.")
        if shipment.events:
            return _problem(400, "Bad Request", "The shipment is already on its way and cannot be cancelled.")
        shipment.cancelled = True
        world.save()
    return _json(200, {"status": _ok(), "items": [{"shipmentNo": number, "sstatus": _ok()}]})


def _tracking(world: World, query: str, headers: dict[str, str]) -> Answer:
    ours = world.settings
    basic = base64.b64encode(f"{ours.client_id}:{ours.client_secret}".encode()).decode()
    if headers.get("authorization") != f"Basic {basic}":
        return _problem(401, "Unauthorized", "Unauthorized for given resource.")
    try:
        asked = ET.fromstring(parse_qs(query)["xml"][0])  # noqa: S314  (a test server that reads our own requests)
    except (KeyError, ET.ParseError):
        return _problem(400, "Bad Request", "The request could not be read.")
    if (asked.get("appname"), asked.get("password")) != (ours.username, ours.password):
        return _xml('<data name="piece-shipment-list" code="5" error="Login failed"/>')
    if reference := asked.get("piece-customer-reference"):
        found = world.by_reference(reference)
    else:
        numbers = (asked.get("piece-code") or "").split(";")
        found = [world.shipments[n] for n in numbers if n in world.shipments]
    if not found:
        return _xml('<data name="piece-shipment-list" code="100" error="No data found"/>')
    pieces = "".join(_piece(shipment) for shipment in found)
    return _xml(f'<data name="piece-shipment-list" code="0">{pieces}</data>')


def _xml(text: str) -> Answer:
    return Answer(200, f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), "application/xml")


def _piece(shipment: Shipment) -> str:
    last = shipment.events[-1] if shipment.events else None
    facts = {
        "name": "piece-shipment",
        "error-status": "0",
        "piece-code": shipment.number,
        "piece-customer-reference": shipment.reference,
        "delivery-event-flag": "1" if last and last.code == "ZU" else "0",
        "ice": last.ice if last else "",
        "ric": last.ric if last else "",
        "standard-event-code": last.code if last else "",
        "ruecksendung": "true" if last and last.returned else "false",
        "shipment-weight": f"{shipment.weight_kg:.2f}",
    }
    events = "".join(
        _data(
            {
                "name": "piece-event",
                "event-timestamp": _local(event.at),
                "event-status": event.text,
                "ice": event.ice,
                "ric": event.ric,
                "event-location": event.place,
                "event-country": "Deutschland",
                "standard-event-code": event.code,
                "ruecksendung": "true" if event.returned else "false",
            }
        )
        for event in sorted(shipment.events, key=lambda one: one.at)
    )
    return _data(facts, f'<data name="piece-event-list">{events}</data>')


def _data(facts: dict[str, str], inside: str = "") -> str:
    words = " ".join(f"{name}={quoteattr(value)}" for name, value in facts.items())
    return f"<data {words}>{inside}</data>"


def _local(at: float) -> str:
    """The carrier writes German time without a zone."""
    from zoneinfo import ZoneInfo

    return dt.datetime.fromtimestamp(at, ZoneInfo("Europe/Berlin")).strftime("%d.%m.%Y %H:%M")
