"""The test ground itself: isolation, restoring, and the guard against network inside a transaction."""

from __future__ import annotations

import socket
import threading

import pytest
from django.conf import settings
from django.db import connection, transaction

from shop.kernel.models import NumberSeries
from shop.kernel.transactions import InTransaction, in_transaction


def test_tests_write_to_a_folder_of_their_own() -> None:
    assert "kontor-test-" in str(settings.DATA_DIR)
    assert settings.STRIPE_IS_STANDIN


def test_the_transaction_around_a_test_is_not_our_codes(db: None) -> None:
    assert not in_transaction()
    with transaction.atomic():
        assert in_transaction()


@pytest.mark.parametrize("turn", [1, 2])
def test_real_commits_are_gone_in_the_next_test(fresh_database: None, turn: int) -> None:
    assert not NumberSeries.objects.filter(series="ground").exists()
    seen: list[int] = []

    def elsewhere() -> None:
        seen.append(NumberSeries.objects.filter(series="ground").count())
        connection.close()

    NumberSeries.objects.create(series="ground", year=turn)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [1], "another connection sees what was committed"


def test_what_migrations_wrote_is_still_there_after_a_restore(fresh_database: None) -> None:
    from django.contrib.auth.models import Permission

    assert Permission.objects.filter(codename="view_operations").exists()


@pytest.mark.network_in_transaction
def test_a_connection_inside_a_transaction_is_refused(db: None) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = server.getsockname()
        with transaction.atomic(), pytest.raises(InTransaction), socket.create_connection(address):
            pass
        socket.create_connection(address).close()
