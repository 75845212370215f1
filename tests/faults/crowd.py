"""Shoppers over HTTP who do not give up: what gets no answer, or an error, is sent again as it was."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
from django.urls import reverse

from tests.faults.shopper import CONTACT

SECRET_KEY = "sk_test_standin_kontor"
PATIENCE_S = 120.0
NUMBER = re.compile(r"/(K\d+)")
SECRET = re.compile(r'data-secret="(pi_[^"_]+)_secret')
HIDDEN = re.compile(r'name="(total_minor|seen|basket|carried)" value="([^"]*)"')


class GaveUp(AssertionError):
    """A shopper was not served within PATIENCE_S."""


@dataclass
class Crowd:
    """What all shoppers of a run did."""

    url: str
    standin_url: str
    products: list[int]
    pages: list[str] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)
    paid: dict[str, float] = field(default_factory=dict)  #: order number -> when (monotonic seconds)
    answers: Counter[int] = field(default_factory=Counter)  #: by status; 0: none
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: int, took_s: float) -> None:
        """One answer."""
        with self.lock:
            self.answers[status] += 1
            self.slowest_s = max(self.slowest_s, took_s)

    def begin(self, shoppers: int, seed: int, **manners: Any) -> list[threading.Thread]:
        """Start so many, each with chances of their own."""
        threads = [
            threading.Thread(
                target=self._shop, args=(random.Random(seed * 1000 + n), n, manners), daemon=True
            )
            for n in range(shoppers)
        ]
        for thread in threads:
            thread.start()
        return threads

    def end(self, threads: list[threading.Thread]) -> None:
        """Let everybody finish what they are at."""
        self.stop.set()
        for thread in threads:
            thread.join(PATIENCE_S + 30)

    def _shop(self, chance: random.Random, number: int, manners: dict[str, Any]) -> None:
        round_ = 0
        while not self.stop.is_set():
            round_ += 1
            try:
                Shopper(self, chance, f"kunde{number}-{round_}@example.org", **manners).visit()
            except GaveUp as error:
                self.wrong.append(str(error))


class Shopper:
    """One visit: looks round, buys, and pays three times out of four.

    ``think_s``: pause before each page; ``insists``: whether what failed is sent again; ``reads``: pages looked at
    first; ``buys``: chance of buying.
    """

    def __init__(
        self,
        crowd: Crowd,
        chance: random.Random,
        email: str,
        *,
        think_s: float = 0.0,
        insists: bool = True,
        reads: int = 1,
        buys: float = 1.0,
    ) -> None:
        self.crowd, self.chance, self.email = crowd, chance, email
        self.think_s, self.insists, self.reads, self.buys = think_s, insists, reads, buys
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Origin"] = crowd.url

    def visit(self) -> None:
        """All of it."""
        for _ in range(self.reads):
            if self.crowd.pages and self._ask("GET", self.chance.choice(self.crowd.pages)) is None:
                return
        if self.chance.random() < self.buys:
            self._buy()

    def _buy(self) -> None:
        steps: list[tuple[str, dict[str, Any]]] = [
            (reverse("basket:add"), {"product_id": self.chance.choice(self.crowd.products), "quantity": 1}),
            (reverse("checkout:contact"), CONTACT | {"email": self.email}),
            (reverse("checkout:delivery"), {"delivery": "home"}),
            (reverse("checkout:payment"), {"payment": "card"}),
        ]
        for url, form in steps:
            if self._ask("POST", url, form) is None:
                return
        for _ in range(5):
            page = self._ask("GET", reverse("checkout:summary"))
            if page is None:
                return
            form = dict(HIDDEN.findall(page.text))
            answer = page  # that of the order, where the answer to the button got lost before
            if "seen" in form:
                answer = self._ask("POST", reverse("checkout:summary"), form)
            if answer is None:
                return
            found = NUMBER.search(answer.headers.get("Location", ""))
            if found:
                self._pay(found[1], answer.headers["Location"])
                return
            if "seen" not in form:
                return
        self.crowd.wrong.append(f"{self.email}: the summary led nowhere")

    def _pay(self, number: str, url: str) -> None:
        with self.crowd.lock:
            self.crowd.ordered.append(number)
        if self.chance.random() < 0.25:
            return
        page = self._ask("GET", url)
        secret = SECRET.search(page.text) if page is not None else None
        if secret is None:
            return
        confirmed = self._ask(
            "POST",
            f"{self.crowd.standin_url}/v1/payment_intents/{secret[1]}/confirm",
            {"payment_method": "pm_card_visa", "return_url": self.crowd.url},
            auth=(SECRET_KEY, ""),
        )
        if confirmed is not None and confirmed.json().get("status") == "succeeded":
            self.crowd.paid[number] = time.monotonic()

    def _ask(self, method: str, url: str, form: dict[str, Any] | None = None, **more: Any) -> Any:
        """An answer below 500; None for one that was told to come back and does not insist."""
        if self.think_s:
            self.crowd.stop.wait(
                self.chance.uniform(0.5, 1.5) * self.think_s
            )  # at the end nobody thinks any more
        where = url if url.startswith("http") else self.crowd.url + url
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            began, status, answer = time.monotonic(), 0, None
            try:
                answer = self.session.request(
                    method, where, data=form, allow_redirects=False, timeout=60, **more
                )
                status = answer.status_code
            except requests.RequestException:
                pass
            if where.startswith(self.crowd.url):
                self.crowd.note(status, time.monotonic() - began)
            if answer is not None and status < 500 and status != 429:
                return answer
            if not self.insists:
                return None
            time.sleep(0.2)
        raise GaveUp(f"{method} {url}: no answer within {PATIENCE_S:.0f} s (last {status})")
