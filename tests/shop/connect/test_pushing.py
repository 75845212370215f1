"""Pushes arrive signed and whole, at least once under one id, whatever the receiver does."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from django.db import transaction

from checkout.order.models import Order
from fulfilment.finance.invoicing.models import Invoice
from fulfilment.warehouse.dispatch.events import ParcelDispatched
from shop.connect import actions, net, sending
from shop.connect.models import ORDER_CONFIRMED, Endpoint, Push
from shop.connect.verify import CHECKS
from shop.kernel.clock import now
from shop.kernel.outbox import record
from shop.kernel.transactions import InTransaction
from tests.factories.orders import make_country
from tests.factories.shopping import make_variant, place_order
from tests.support.receiver import Receiver


def ordered(outbox: Any) -> Order:
    make_country()
    order = place_order((make_variant(price_minor=11_900), 2), method="invoice")
    outbox.drain()
    assert outbox.failures() == []
    return order


def held_checks() -> list[str]:
    return [sentence for _name, check in CHECKS for sentence in check()]


def test_a_confirmed_order_arrives_signed_with_all_its_facts(
    endpoint: Endpoint, receiver: Receiver, outbox: Any
) -> None:
    order = ordered(outbox)
    assert sending.send_due() == 1
    (request,) = receiver.requests
    assert request["signed"]
    ((delivery_id, payload),) = receiver.taken.items()
    assert request["headers"]["content-type"] == "application/json; charset=utf-8"
    assert request["headers"]["kontor-event"] == payload["type"] == "order.confirmed"
    assert (payload["id"], payload["version"]) == (delivery_id, 1)
    facts = payload["data"]["order"]
    assert (facts["number"], facts["total_minor"], facts["currency"]) == (
        order.number,
        order.total_minor,
        "EUR",
    )
    assert facts["shipping_address"]["city"] == "Hamburg"
    (line,) = facts["lines"]
    assert (line["quantity"], line["gross_minor"], line["vat_minor"]) == (2, 23_800, 3_800)
    assert (
        sum(one["gross_minor"] for one in facts["lines"]) + facts["shipping"]["gross_minor"]
        == facts["total_minor"]
    )
    push = Push.objects.get()
    assert (push.shown_state, push.response_status, push.response_body) == ("done", 200, '{"ok":true}')
    assert [one.outcome for one in push.tries.all()] == ["acknowledged"]


def test_an_issued_invoice_arrives_with_its_order(
    endpoint: Endpoint, receiver: Receiver, outbox: Any
) -> None:
    order = ordered(outbox)
    lines = [{"order_line_id": line.pk, "quantity": line.quantity} for line in order.lines.all()]
    with transaction.atomic():
        record(ParcelDispatched(1, order.pk, order.number, "KT1", "DHL", now().isoformat(), lines))
    outbox.drain()
    assert outbox.failures() == []
    assert sending.send_due() == 2
    invoice = Invoice.objects.get()
    payload = next(one for one in receiver.taken.values() if one["type"] == "invoice.issued")
    facts = payload["data"]["invoice"]
    assert (facts["number"], facts["gross_minor"]) == (invoice.number, invoice.gross_minor)
    assert facts["net_minor"] + facts["vat_minor"] == facts["gross_minor"]
    assert payload["data"]["order"]["number"] == order.number


def test_after_failures_the_same_delivery_comes_again_until_it_is_acknowledged(
    endpoint: Endpoint, receiver: Receiver, outbox: Any, clock: Any
) -> None:
    ordered(outbox)
    receiver.fail_times = 2
    clock.stop()
    assert sending.send_due() == 0
    push = Push.objects.get()
    assert (push.shown_state, push.response_status) == ("retrying", 500)
    assert sending.send_due() == 0, "not before its pause is over"
    clock.advance(seconds=6)
    assert sending.send_due() == 0
    clock.advance(seconds=6)
    assert sending.send_due() == 0, "the second pause is longer"
    clock.advance(seconds=6)
    assert sending.send_due() == 1
    ids = {request["headers"]["kontor-delivery"] for request in receiver.requests}
    assert (len(receiver.requests), len(ids), len(receiver.taken)) == (3, 1, 1)
    assert [one.status for one in Push.objects.get().tries.all()] == [500, 500, 200]


def test_a_lost_answer_brings_the_same_id_again_so_that_the_receiver_takes_it_once(
    endpoint: Endpoint, receiver: Receiver, outbox: Any, clock: Any
) -> None:
    ordered(outbox)
    receiver.lose_answers = 1
    assert sending.send_due() == 0
    clock.advance(seconds=10)
    assert sending.send_due() == 1
    assert len(receiver.requests) == 2
    assert len(receiver.taken) == 1
    assert receiver.requests[0]["body"] == receiver.requests[1]["body"]


def test_a_slow_receiver_is_not_waited_for_without_end(
    endpoint: Endpoint, receiver: Receiver, outbox: Any, monkeypatch: Any
) -> None:
    ordered(outbox)
    monkeypatch.setattr(net, "ANSWER_TIMEOUT_S", 0.2)
    receiver.slow_s = 1.0
    began = time.monotonic()
    assert sending.send_due() == 0
    assert time.monotonic() - began < 0.9
    assert "no answer in time" in Push.objects.get().last_error


def test_an_answer_that_drips_or_never_ends_is_cut(
    endpoint: Endpoint, receiver: Receiver, outbox: Any, monkeypatch: Any
) -> None:
    ordered(outbox)
    monkeypatch.setattr(net, "WHOLE_TIMEOUT_S", 0.5)
    receiver.answer, receiver.drip_s = b"x" * 1000, 0.05
    began = time.monotonic()
    assert sending.send_due() == 1
    assert time.monotonic() - began < 3
    assert 0 < len(Push.objects.get().response_body) < 1000


def test_only_the_beginning_of_an_answer_is_kept(endpoint: Endpoint, receiver: Receiver, outbox: Any) -> None:
    ordered(outbox)
    receiver.answer = b"\x00\xff" + b"y" * 500_000
    assert sending.send_due() == 1
    assert len(Push.objects.get().response_body) == net.KEPT_CHARS


def test_redirects_are_not_followed(endpoint: Endpoint, receiver: Receiver, outbox: Any) -> None:
    ordered(outbox)
    receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/latest"}
    assert sending.send_due() == 0
    assert "redirects are not followed" in Push.objects.get().last_error
    assert len(receiver.requests) == 1


def test_gone_means_never_again(endpoint: Endpoint, receiver: Receiver, outbox: Any) -> None:
    ordered(outbox)
    receiver.status = 410
    sending.send_due()
    assert Push.objects.get().shown_state == "dead"
    assert len(held_checks()) == 1
    assert actions.retry(push=Push.objects.get(), by=None)
    receiver.status = 204
    assert sending.send_due() == 1
    assert held_checks() == []


def test_a_push_that_waits_without_being_tried_is_found(endpoint: Endpoint, outbox: Any, clock: Any) -> None:
    ordered(outbox)
    assert held_checks() == []
    clock.advance(minutes=16)
    assert len(held_checks()) == 1
    Endpoint.objects.update(active=False)
    assert held_checks() == [], "what is switched off on purpose is no finding"


def test_a_receiver_with_a_wrong_secret_refuses(endpoint: Endpoint, receiver: Receiver, outbox: Any) -> None:
    ordered(outbox)
    receiver.secret = "wrong"
    assert sending.send_due() == 0
    assert Push.objects.get().response_status == 401


def test_the_old_secret_is_right_for_one_more_day_and_then_no_longer(
    endpoint: Endpoint, receiver: Receiver, clock: Any
) -> None:
    clock.stop()
    new = actions.rotate_secret(endpoint=endpoint, by=None)
    assert new not in (receiver.secret, "")
    actions.send_test(endpoint=endpoint, by=None)
    assert sending.send_due() == 1, "the receiver still has the old secret"
    clock.advance(hours=25)
    actions.send_test(endpoint=endpoint, by=None)
    assert sending.send_due() == 0
    receiver.secret = new
    clock.advance(seconds=10)
    assert sending.send_due() == 1


def test_an_endpoint_that_is_silent_costs_one_try_a_sweep_and_the_others_nothing(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    dead = actions.add_endpoint(name="Gone", url="http://127.0.0.1:9/", events=[ORDER_CONFIRMED], by=None)
    for _ in range(3):
        actions.send_test(endpoint=dead, by=None)
    actions.send_test(endpoint=endpoint, by=None)
    assert sending.send_due() == 1
    assert sorted(Push.objects.filter(endpoint=dead).values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_silent_endpoint_with_more_pushes_than_a_sweep_takes_does_not_starve_the_others(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    dead = actions.add_endpoint(name="Gone", url="http://127.0.0.1:9/", events=[ORDER_CONFIRMED], by=None)
    for _ in range(4):
        actions.send_test(endpoint=dead, by=None)
    actions.send_test(endpoint=endpoint, by=None)
    assert sending.send_due(limit=3) == 1
    assert Push.objects.get(endpoint=endpoint).state == Push.DONE


def test_a_switched_off_endpoint_holds_its_pushes_back_and_gets_no_new_ones(
    endpoint: Endpoint, receiver: Receiver, outbox: Any
) -> None:
    ordered(outbox)
    Endpoint.objects.update(active=False)
    assert sending.send_due() == 0
    assert sending.send(Push.objects.get().pk) is False
    assert Push.objects.get().shown_state == "held"
    ordered(outbox)
    assert Push.objects.count() == 1
    Endpoint.objects.update(active=True)
    assert sending.send_due() == 1


def test_an_endpoint_hears_only_what_it_chose(endpoint: Endpoint, outbox: Any) -> None:
    Endpoint.objects.update(events=["invoice.issued"])
    ordered(outbox)
    assert not Push.objects.exists()


def test_a_fact_is_pushed_once_per_endpoint(endpoint: Endpoint) -> None:
    for _ in range(2):
        with transaction.atomic():
            actions.write(event=ORDER_CONFIRMED, fact=1, subject="K1", data={})
    assert Push.objects.count() == 1


def test_two_workers_at_once_push_once(fresh_database: None, receiver: Receiver) -> None:
    endpoint = actions.add_endpoint(name="Warehouse", url=receiver.url, events=[ORDER_CONFIRMED], by=None)
    receiver.secret = endpoint.secret
    push = actions.send_test(endpoint=endpoint, by=None)
    barrier = threading.Barrier(4)
    results: list[bool | None] = []

    def work() -> None:
        from django.db import connections

        barrier.wait()
        results.append(sending.send(push.pk))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, results)) == [False, False, False, True]
    assert len(receiver.requests) == 1


def test_nothing_is_pushed_inside_a_transaction(endpoint: Endpoint, receiver: Receiver) -> None:
    push = actions.send_test(endpoint=endpoint, by=None)
    with transaction.atomic():
        sending.send(push.pk)
    assert receiver.requests == []
    assert "no network inside a transaction" in Push.objects.get().last_error
    with pytest.raises(InTransaction):
        actions.write(event=ORDER_CONFIRMED, fact=1, subject="K1", data={})


def test_bodies_are_stored_as_they_were_signed(endpoint: Endpoint, receiver: Receiver) -> None:
    push = actions.send_test(endpoint=endpoint, by=None)
    sending.send_due()
    assert receiver.requests[0]["body"] == push.body.encode()
    assert json.loads(push.body)["type"] == "test"


FORBIDDEN = [
    "http://10.0.0.1/", "http://192.168.1.1/", "http://172.16.0.9/", "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:10.0.0.1]/", "http://[fd00::1]/", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/",
    "http://100.64.0.1/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "http://", "no address",
    "http://user:pass@example.org/", "http://example.org:99999/", "http://[::1/", "http://exa mple.org/", "http://ex\x00.org/",
]  # fmt: skip


@pytest.mark.parametrize("url", FORBIDDEN)
def test_addresses_inside_our_network_or_of_other_kinds_are_refused(db: None, url: str) -> None:
    with pytest.raises(net.AddressRefused):
        actions.add_endpoint(name="x", url=url, events=[ORDER_CONFIRMED], by=None)


def test_a_name_that_leads_into_our_network_is_refused_when_it_is_pushed_to(
    db: None, monkeypatch: Any
) -> None:
    def lead_inside(host: str, port: int, **options: Any) -> list[Any]:
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("10.1.2.3", port))]

    monkeypatch.setattr(net.socket, "getaddrinfo", lead_inside)
    endpoint = actions.add_endpoint(name="x", url="http://inside.example/", events=[ORDER_CONFIRMED], by=None)
    actions.send_test(endpoint=endpoint, by=None)
    assert sending.send_due() == 0
    push = Push.objects.get()
    assert push.shown_state == "dead"
    assert "10.1.2.3" in push.last_error


def test_our_own_machine_is_an_address_only_while_the_shop_lives_on_it_alone(settings: Any) -> None:
    assert net.allowed("127.0.0.1")
    settings.SITE_URL = "https://shop.example.org"
    assert not net.allowed("127.0.0.1")
    assert not net.allowed("::1")
    assert not net.allowed("::ffff:127.0.0.1")
    assert net.allowed("93.184.216.34")
    settings.CONNECT_ALLOW_PRIVATE = True
    assert net.allowed("10.0.0.1")
