"""The EU's register of VAT ids (VIES), its REST interface. The only door to it; a stand-in takes its place in tests.

POST {VIES_URL}/check-vat-number with the id and our own; the answer says valid or not and, because we name ourselves,
carries a consultation number. The register passes the question on to the member state, which is often slow or away.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import certifi
from django.conf import settings

from shop.kernel.few_use import urllib3
from shop.kernel.transactions import forbid_network_in_transaction

READ_MAX_BYTES = 64 * 1024
KEPT_CHARS = 4000  #: of the answer


class Unanswered(Exception):
    """The register did not say valid or not: away, slow, busy, or not understood. The text says which."""


@dataclass(frozen=True)
class Answer:
    """What the register said."""

    is_valid: bool
    consultation: str
    name: str
    address: str
    raw: str


def is_on() -> bool:
    """Whether the register is asked at all."""
    return bool(settings.VIES_URL)


def ask(vat_id: str, *, requester: str, timeout_s: float) -> Answer:
    """Ask about ``vat_id`` (with its country) in the name of ``requester`` (our own, may be empty).

    timeout_s: seconds for the whole exchange. Raises Unanswered; InTransaction inside of one.
    """
    forbid_network_in_transaction("the register of VAT ids")
    if not is_on():
        raise Unanswered("the register is not asked here (VIES_URL is empty)")
    question = {"countryCode": vat_id[:2], "vatNumber": vat_id[2:]}
    if requester:
        question |= {"requesterMemberStateCode": requester[:2], "requesterNumber": requester[2:]}
    return _read(_post(question, timeout_s))


def _post(question: dict[str, str], timeout_s: float) -> str:
    deadline = time.monotonic() + timeout_s
    with urllib3.PoolManager(ca_certs=certifi.where()) as pool:
        try:
            response = pool.request(
                "POST",
                f"{settings.VIES_URL}/check-vat-number",
                body=json.dumps(question).encode(),
                headers={"Content-Type": "application/json", "User-Agent": "Kontor/1"},
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(total=timeout_s),
            )
            body = _body(response, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unanswered(f"not reached: {error}"[:300]) from error
    if response.status >= 500 or 300 <= response.status < 400:  # nobody is followed elsewhere
        raise Unanswered(f"the register answered with status {response.status}")
    return body


def _body(response: urllib3.BaseHTTPResponse, deadline: float) -> str:
    """What came, within the time and size allowed, however slowly it drips."""
    read = b""
    while chunk := response.read1(8192):
        read += chunk
        if len(read) > READ_MAX_BYTES:
            raise Unanswered("the answer is too long")
        if time.monotonic() > deadline:
            raise Unanswered("the answer took too long")
    return read.decode("utf-8", errors="replace")


def _read(body: str) -> Answer:
    try:
        said: Any = json.loads(body)
    except ValueError:
        raise Unanswered("the answer was not understood") from None
    valid = said.get("valid") if isinstance(said, dict) else None
    if not isinstance(valid, bool):
        raise Unanswered(f"no answer: {_error(said)}"[:300])
    return Answer(
        is_valid=valid,
        consultation=_text(said, "requestIdentifier", 60),
        name=_text(said, "name", 300),
        address=_text(said, "address", 500),
        raw=body.replace("\x00", "")[:KEPT_CHARS],
    )


def _error(said: Any) -> str:
    """The register's own word for why, such as MS_UNAVAILABLE."""
    wrappers = said.get("errorWrappers") if isinstance(said, dict) else None
    if isinstance(wrappers, list) and wrappers and isinstance(wrappers[0], dict):
        return str(wrappers[0].get("error", ""))
    return "in another form than agreed"


def _text(said: dict[str, Any], name: str, most: int) -> str:
    words = " ".join(str(said.get(name) or "").replace("\x00", "").split())[:most]
    return "" if words == "---" else words
