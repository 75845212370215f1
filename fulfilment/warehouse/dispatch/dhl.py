"""DHL Parcel DE through karrio: karrio knows the carrier's words, the transport is ours.

karrio takes seconds to import, so it is imported when a worker first books. Its own transport is not used: it has no
time limit and hides the status of an answer, and both decide whether to ask again (docs/decisions).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import certifi
from django.conf import settings

from shop.kernel.few_use import urllib3
from shop.kernel.transactions import forbid_network_in_transaction
from shop.kernel.xmltree import etree

from . import dhl_label_files, dhl_returns
from .carriers import (
    ABOUT_ADDRESS,
    ABOUT_OTHER,
    ABOUT_PARCEL,
    DELIVERED,
    LOST,
    ON_ITS_WAY,
    RETURNED,
    UNKNOWN,
    Booked,
    BookedReturn,
    CarrierDown,
    CarrierRefused,
    News,
    Shipment,
)
from .documents import Address

ORDERS, TOKEN, TRACKING = "/shipping/v2/orders", "/account/auth/ropc/v1/token", "/tracking/v0/shipments"
PDF_FORMAT = ("PDF", "910-300-700")
ZPL_FORMAT = ("ZPL2", "910-300-700")
ASK_AT_MOST = 20  #: parcels in one question, as the carrier allows
TOKEN_EARLY_S = 60  #: renewed that long before it ends
CONNECT_TIMEOUT_S = 5.0
HOME = ZoneInfo("Europe/Berlin")  #: the carrier writes German time without a zone
NO_MOMENT = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: Standard event codes that only say where the parcel is.
UNDERWAY = frozenset(
    ["AA", "AE", "AN", "BV", "DD", "EE", "ES", "GH", "HA", "LA", "NB", "PO", "VA", "ZF", "ZN", "ZO"]
)
#: Of these, what comes when the label is made: nobody has handed anything over yet.
ANNOUNCED = frozenset(["VA"])
HANDED_OVER, SAID_LOST = "ZU", ("LOST", "VL")
NOTHING_FOUND = "100"


class DhlParcel:
    """Books at DHL Parcel DE, or at the stand-in that CARRIER_DHL_URL names."""

    code = "dhl"
    uses_network = True
    weight_max_g = 31_500

    def needs_contact(self, country: str) -> str:
        """What the setting says of this country."""
        return str(settings.CARRIER_DHL_CONTACT_NEEDED.get(country, "")).strip()

    def find(self, reference: str, since: dt.datetime) -> Booked | None:
        """Ask the tracking service for our reference; the label is fetched anew."""
        window = {
            "from-date": since.astimezone(HOME).date().isoformat(),
            "to-date": (since + dt.timedelta(days=30)).astimezone(HOME).date().isoformat(),
        }
        for piece in self._pieces({"piece-customer-reference": reference} | window):
            number = piece.get("piece-code") or ""
            if number and piece.get("piece-customer-reference") == reference:
                return self._with_labels(Booked(number))
        return None

    def book(self, shipment: Shipment) -> Booked:
        """Announce the parcel. CarrierRefused with the carrier's words, CarrierDown when it may be asked again."""
        karrio, gateway = _karrio(), _gateway(_account())
        asked = gateway.mapper.create_shipment_request(_payload(karrio, shipment))
        body = _completed(asked.serialize(), shipment)
        query = {key: value for key, value in dict(asked.ctx or {}).items() if key != "_meta"}
        query |= {"docFormat": PDF_FORMAT[0], "printFormat": PDF_FORMAT[1]}
        status, text = self._with_token("POST", ORDERS, query, json.dumps(body).encode())
        answer = _json(text)
        details, messages = gateway.mapper.parse_shipment_response(
            karrio.lib.Deserializable(answer, lambda value: value, {})
        )
        if status >= 400 or (details is None and any(one.message for one in messages)):
            raise _refusal(messages, answer, status)
        if details is None or not details.tracking_number:
            raise CarrierDown("the carrier answered without a number")
        return self._with_labels(
            Booked(str(details.tracking_number), pdf=dhl_label_files.decoded(details.docs.label))
        )

    def cancel(self, tracking_number: str) -> None:
        """Take a booking back. Silent when it is unknown: then there is nothing to take back."""
        query = {"profile": "STANDARD_GRUPPENPROFIL", "shipment": tracking_number}
        status, text = self._with_token("DELETE", ORDERS, query)
        if status == 404:
            return
        if status >= 400:
            raise _refusal([], _json(text), status)

    def takes_returns(self, country: str) -> bool:
        """Where we have a return recipient with the carrier, from the countries it is agreed for."""
        return bool(settings.CARRIER_DHL_RETURN_RECEIVER) and country in dhl_returns.COUNTRIES

    def book_return(self, *, reference: str, sender: Address, weight_g: int) -> BookedReturn:
        """A label for the way back, with the code for a phone."""
        asked = dhl_returns.body(
            receiver=settings.CARRIER_DHL_RETURN_RECEIVER,
            reference=reference,
            sender=sender,
            weight_g=weight_g,
        )
        sent = json.dumps(asked).encode()
        status, text = self._with_token("POST", dhl_returns.RETURNS, dhl_returns.BOTH, sent)
        answer = _json(text)
        if status >= 400:
            raise _refusal([], answer, status)
        return dhl_returns.read(answer)

    def track(self, tracking_numbers: Sequence[str]) -> list[News]:
        """States of up to any number of parcels; one question per twenty."""
        found: list[News] = []
        for at in range(0, len(tracking_numbers), ASK_AT_MOST):
            codes = ";".join(tracking_numbers[at : at + ASK_AT_MOST])
            for piece in self._pieces({"piece-code": codes}):
                found += _news(piece)
        return found

    def _with_labels(self, booked: Booked) -> Booked:
        """The label in both forms; without ZPL when the carrier has none now (the PDF is what must be there)."""
        pdf = dhl_label_files.checked(booked.pdf or self._label(booked.tracking_number, PDF_FORMAT))
        try:
            zpl = self._label(booked.tracking_number, ZPL_FORMAT)
        except (CarrierDown, CarrierRefused):
            zpl = b""
        return replace(booked, pdf=pdf, zpl=zpl)

    def _label(self, number: str, form: tuple[str, str]) -> bytes:
        query = {"shipment": number, "docFormat": form[0], "printFormat": form[1], "includeDocs": "include"}
        status, text = self._with_token("GET", ORDERS, query)
        answer = _json(text)
        if status >= 400:
            raise _refusal([], answer, status)
        return dhl_label_files.read(answer)

    def _pieces(self, asked: Mapping[str, str]) -> list[Any]:
        """The parcels the tracking service tells of; none when it has no data."""
        words = {
            "appname": settings.CARRIER_DHL_USERNAME,
            "password": settings.CARRIER_DHL_PASSWORD,
            "request": "d-get-piece-detail",
            "language-code": "de",
            **asked,
        }
        question = etree.tostring(etree.Element("data", words), encoding="unicode")
        basic = f"{settings.CARRIER_DHL_CLIENT_ID}:{settings.CARRIER_DHL_CLIENT_SECRET}".encode()
        headers = {"Accept": "application/xml", "Authorization": f"Basic {base64.b64encode(basic).decode()}"}
        status, text = _call("GET", TRACKING, {"xml": question}, None, headers)
        if status >= 400:
            raise CarrierDown(f"the tracking service answered {status}")
        return _read_pieces(text)

    def _with_token(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, str]:
        """One call with our token; a token that is refused is renewed once."""
        for attempt in (1, 2):
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {_token(attempt > 1)}"}
            status, text = _call(method, path, query, body, headers)
            if status != 401:
                return status, text
        raise CarrierDown("the carrier does not accept our sign-in (401)")


def meaning(*, code: str, ice: str = "", ric: str = "", returned: bool = False) -> str:
    """What one of the carrier's states means for the parcel."""
    if code == HANDED_OVER or ice.upper() == "DLVRD":
        return RETURNED if returned else DELIVERED
    if {code.upper(), ice.upper(), ric.upper()} & set(SAID_LOST):
        return LOST
    return ON_ITS_WAY if code in UNDERWAY else UNKNOWN


def _news(piece: Any) -> list[News]:
    number, found = piece.get("piece-code") or "", []
    for event in piece.iter("data"):
        if event.get("name") != "piece-event" or not event.get("event-timestamp"):
            continue
        code = event.get("standard-event-code") or event.get("ice") or ""
        at = _moment(event.get("event-timestamp"))
        if at is None:  # a question, once however often we ask; it must not hold up the others
            text = f"{event.get('event-status') or ''} ({event.get('event-timestamp')})"
            found.append(News(number, code, UNKNOWN, text, NO_MOMENT))
            continue
        back = (event.get("ruecksendung") or piece.get("ruecksendung")) == "true"
        told = meaning(code=code, ice=event.get("ice") or "", ric=event.get("ric") or "", returned=back)
        place = event.get("event-location") or ""
        found.append(News(number, code, told, event.get("event-status") or "", at, place))
    return sorted(found, key=lambda news: news.at)


def _moment(text: str) -> dt.datetime | None:
    """German time as the carrier writes it; None when it does not."""
    try:
        return dt.datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=HOME)
    except ValueError:
        return None


def _read_pieces(text: str) -> list[Any]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        raise CarrierDown("the tracking service sent something that is no XML") from None
    code = root.get("code") or "0"
    if code == NOTHING_FOUND:
        return []
    if code != "0":
        raise CarrierDown(f"the tracking service says: {root.get('error') or code}")
    return [one for one in root.iter("data") if one.get("name") == "piece-shipment"]


def _completed(body: dict[str, Any], shipment: Shipment) -> dict[str, Any]:
    """What karrio leaves out: the second line of an address (it takes it for a house number)."""
    consignee = body["shipments"][0]["consignee"]
    if shipment.recipient.extra:
        consignee["additionalAddressInformation1"] = shipment.recipient.extra[:60]
    return body


def _payload(karrio: Any, shipment: Shipment) -> Any:
    models = karrio.models
    abroad = shipment.recipient.country != shipment.sender.country
    length, width, height = (side / 10 for side in shipment.measures_mm or (0, 0, 0))
    sides = {"length": length, "width": width, "height": height} if shipment.measures_mm else {}
    return models.ShipmentRequest(
        service="dhl_parcel_de_paket_international" if abroad else "dhl_parcel_de_paket",
        reference=shipment.reference,
        shipper=_address(models, shipment.sender),
        recipient=_address(models, shipment.recipient, shipment.email, shipment.phone),
        parcels=[
            models.Parcel(weight=shipment.weight_g / 1000, weight_unit="KG", dimension_unit="CM", **sides)
        ],
        label_type="PDF",
    )


def _address(models: Any, address: Any, email: str = "", phone: str = "") -> Any:
    return models.Address(
        company_name=address.company or None,
        person_name=address.name or None,
        address_line1=address.street,
        postal_code=address.postcode,
        city=address.city,
        country_code=address.country,
        email=email or None,
        phone_number=phone or None,
    )


def _refusal(messages: Sequence[Any], answer: Mapping[str, Any], status: int) -> Exception:
    """The carrier's words as CarrierRefused; CarrierDown when they say nothing but a number of a server's fault."""
    reasons = [str(one.message) for one in messages if one.message]
    specific = [reason for reason in reasons if ": " in reason] or reasons
    state = answer.get("status")
    general = answer.get("detail") or (state.get("detail") if isinstance(state, dict) else "")
    text = "; ".join(dict.fromkeys(specific)) or str(general or "") or f"answer {status}"
    if "consignee." in text:
        return CarrierRefused(text, ABOUT_ADDRESS)
    return CarrierRefused(text, ABOUT_PARCEL if "weight" in text else ABOUT_OTHER)


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise CarrierDown("the carrier sent something that cannot be read") from None
    return found if isinstance(found, dict) else {}


def _call(
    method: str, path: str, query: Mapping[str, str], body: bytes | None, headers: Mapping[str, str]
) -> tuple[int, str]:
    """One request. CarrierDown when there is no answer in time, too many requests, or a fault of their server."""
    forbid_network_in_transaction("carrier")
    url = f"{settings.CARRIER_DHL_URL}{path}" + (f"?{urlencode(query)}" if query else "")
    limit = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=settings.CARRIER_TIMEOUT_S)
    try:
        answer = _pool().request(
            method, url, body=body, headers=dict(headers), timeout=limit, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise CarrierDown(f"no answer: {type(error).__name__}") from None
    if (
        answer.status == 429 or answer.status >= 500 or 300 <= answer.status < 400
    ):  # nobody is followed elsewhere
        raise CarrierDown(f"the carrier answered {answer.status}: later")
    return answer.status, answer.data.decode("utf-8", "replace")


@lru_cache(maxsize=1)
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=2, ca_certs=certifi.where())


_tokens: dict[tuple[str, ...], tuple[str, float]] = {}


def _token(fresh: bool) -> str:
    """The token of our account, kept until shortly before it ends."""
    account = _account()
    known = _tokens.get(account)
    if known and not fresh and known[1] > time.monotonic():
        return known[0]
    _url, username, password, client, secret, *_billing = account
    asked = {
        "grant_type": "password",
        "username": username,
        "password": password,
        "client_id": client,
        "client_secret": secret,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, text = _call("POST", TOKEN, {}, urlencode(asked).encode(), headers)
    answer = _json(text)
    if status != 200 or not answer.get("access_token"):
        raise CarrierDown(f"the carrier does not accept our sign-in ({status})")
    ends = time.monotonic() + max(0, int(answer.get("expires_in") or 0) - TOKEN_EARLY_S)
    _tokens[account] = (str(answer["access_token"]), ends)
    return _tokens[account][0]


def _account() -> tuple[str, ...]:
    return (
        settings.CARRIER_DHL_URL,
        settings.CARRIER_DHL_USERNAME,
        settings.CARRIER_DHL_PASSWORD,
        settings.CARRIER_DHL_CLIENT_ID,
        settings.CARRIER_DHL_CLIENT_SECRET,
        settings.CARRIER_DHL_BILLING,
        settings.CARRIER_DHL_BILLING_ABROAD,
    )


@lru_cache(maxsize=1)
def _karrio() -> Any:
    """karrio, imported on first use. It tells Pillow to take broken pictures, which would hold for all the process."""
    os.environ.setdefault("KARRIO_LOG_LEVEL", "ERROR")
    from types import SimpleNamespace

    import karrio.lib as lib
    import karrio.sdk as sdk
    from karrio.core import models
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return SimpleNamespace(sdk=sdk, lib=lib, models=models)


@lru_cache(maxsize=4)
def _gateway(account: tuple[str, ...]) -> Any:
    """karrio's mapper for our account. The address in it is karrio's own and never used."""
    _url, username, password, client, secret, home, abroad = account
    numbers = [
        {"service": "dhl_parcel_de_paket", "billing_number": home},
        {"service": "dhl_parcel_de_paket_international", "billing_number": abroad},
    ]
    return (
        _karrio()
        .sdk.gateway["dhl_parcel_de"]
        .create(
            {
                "username": username,
                "password": password,
                "client_id": client,
                "client_secret": secret,
                "config": {"service_billing_numbers": numbers, "default_billing_number": home},
            }
        )
    )
