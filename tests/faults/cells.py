"""What is expected where something Kontor leans on fails: one text for each cell, and where it is held.

``FAULTS``: *down* nobody listens or the program is not there; *slow* it takes and does not answer in time; *errors* it
answers that it cannot; *wrong answer* it answers something that is not true or cannot be read.
A test shows a cell by ``@pytest.mark.cell(dependency, fault)``; test_cells.py fails where a cell has none.
"""

from __future__ import annotations

DEPENDENCIES = (
    "PostgreSQL",
    "broker",
    "cache",
    "Stripe",
    "Elasticsearch",
    "mail",
    "storage",
    "carrier",
    "PDF",
)
FAULTS = ("down", "slow", "errors", "wrong answer")
#: Without these four the shop is read and bought in as always.
NOT_NEEDED_TO_BUY = ("Elasticsearch", "mail", "carrier", "PDF")

EXPECTED: dict[tuple[str, str], str] = {
    ("PostgreSQL", "down"): (
        "Every page says 503 in words with Retry-After, never 500; nothing is half written; the first page after it is "
        "back is whole, without a restart of ours."
    ),
    ("PostgreSQL", "slow"): (
        "Pages come later and are right. What the web server asks ends after DATABASE_PATIENCE_S with 503; other "
        "readers go on."
    ),
    ("PostgreSQL", "errors"): (
        "A connection that is torn off costs the page that used it (503) and no other; an order is there as a whole or "
        "not at all, and a second click makes it once."
    ),
    ("PostgreSQL", "wrong answer"): (
        "Where a read-only standby answers, pages are read; what would write says 503 in words and nothing is lost."
    ),
    ("broker", "down"): "Buying works; deliveries wait in their table and the sweep brings them.",
    ("broker", "slow"): (
        "One click waits BROKER_TIMEOUT_S at most, those of the next QUEUE_REST_S do not wait; the sweep brings what "
        "was not told."
    ),
    ("broker", "errors"): "Buying works; deliveries wait in their table and the sweep brings them.",
    (
        "broker",
        "wrong answer",
    ): "An unreadable message is left out, the next is read; the sweep brings what it asked for.",
    (
        "cache",
        "down",
    ): "Pages are made anew each time; no error, and limits hold: they are counted in the database.",
    ("cache", "slow"): (
        "One page waits CACHE_TIMEOUT_S at most, then nobody asks for CACHE_REST_S; pages are made anew."
    ),
    ("cache", "errors"): "What it refuses counts as not kept; pages are made anew.",
    ("cache", "wrong answer"): "What cannot be read counts as not kept; no page shows it.",
    (
        "Stripe",
        "down",
    ): "The payment page says so and keeps the order; other methods are offered; a retry meets the same payment.",
    ("Stripe", "slow"): (
        "As down, after STRIPE_TIMEOUT_S; no more than STRIPE_AT_ONCE pages of a process wait for it, so the shop is "
        "read and bought in meanwhile."
    ),
    (
        "Stripe",
        "errors",
    ): "5xx, 409 and 429 are as down: the same key is sent again, by the shopper or the sweep; no second charge.",
    ("Stripe", "wrong answer"): (
        "An unreadable answer is as down. Another amount, currency or order than ours is never taken for payment and "
        "is an open item for finance."
    ),
    (
        "Elasticsearch",
        "down",
    ): "The database answers lists and searches, with a notice; nobody asks for SEARCH_REST_S.",
    (
        "Elasticsearch",
        "slow",
    ): (
        "One page waits SEARCH_TIME_LIMIT_S at most, for all it asks and however slowly bytes come; then the database "
        "answers for SEARCH_REST_S."
    ),
    ("Elasticsearch", "errors"): "The database answers, with a notice.",
    (
        "Elasticsearch",
        "wrong answer",
    ): "What is no answer to our question counts as down; products that are not there are not shown.",
    (
        "mail",
        "down",
    ): "Orders are placed; the mail waits with the reason, one attempt a sweep, and goes out once.",
    ("mail", "slow"): "As down, after EMAIL_TIMEOUT; only the worker waits.",
    ("mail", "errors"): "4xx is tried again, 5xx is given up with the server's words and a Retry button.",
    ("mail", "wrong answer"): "A server that does not speak SMTP is as down.",
    ("storage", "down"): (
        "Pages that show no stored file work; documents stay due and are made when it is back; who asks for one reads "
        "503 in words."
    ),
    ("storage", "slow"): "As down, after S3_TIMEOUT_S.",
    ("storage", "errors"): "As down: documents stay due, who asks for one reads 503.",
    ("storage", "wrong answer"): "A document whose bytes are not those that were archived is not handed out.",
    (
        "carrier",
        "down",
    ): "Parcels are packed; the label waits with the reason, one attempt a sweep, and is booked once.",
    ("carrier", "slow"): "As down, after CARRIER_TIMEOUT_S; a booking whose answer was lost is found again.",
    (
        "carrier",
        "errors",
    ): "429 and 5xx are tried again; a refused address is shown to staff with the carrier's words.",
    (
        "carrier",
        "wrong answer",
    ): "What cannot be read is no label; it is tried again and nothing is booked twice.",
    ("PDF", "down"): "Orders are placed and invoiced; the document stays due and is made later.",
    ("PDF", "slow"): "Nobody who buys waits for a document.",
    ("PDF", "errors"): "As down; the number of the invoice is given once.",
    ("PDF", "wrong answer"): "What is no PDF is not archived; the document stays due.",
}

#: Tests that live with their room and show a cell: (dependency, fault) -> file::test.
ELSEWHERE: dict[tuple[str, str], tuple[str, ...]] = {
    ("Stripe", "errors"): (
        "tests/checkout/payment/test_settle.py::test_stripe_down_says_so_and_the_retry_meets_the_same_payment",
    ),
    ("Stripe", "wrong answer"): (
        "tests/checkout/payment/test_settle.py::test_an_amount_that_differs_is_never_taken_for_payment",
    ),
    ("mail", "down"): (
        "tests/shop/notifications/test_sending.py::test_while_the_server_is_down_a_mail_waits_with_its_reason_and_then_"
        "goes_out_once",
    ),
    ("mail", "errors"): (
        "tests/shop/notifications/test_sending.py::test_a_server_that_is_busy_is_asked_again",
        "tests/shop/notifications/test_sending.py::test_an_address_the_server_refuses_for_ever_is_given_up_and_the_next_"
        "mail_still_goes_out",
    ),
    ("carrier", "slow"): (
        "tests/fulfilment/warehouse/dispatch/test_labels.py::test_a_slow_carrier_does_not_hold_the_worker",
        "tests/fulfilment/warehouse/dispatch/test_labels.py::test_a_booking_whose_answer_was_lost_is_found_again_and_"
        "not_booked_twice",
    ),
    ("carrier", "errors"): (
        "tests/fulfilment/warehouse/dispatch/test_labels.py::test_what_may_pass_is_tried_again_later",
        "tests/fulfilment/warehouse/dispatch/test_labels.py::test_a_refused_address_is_corrected_and_booked_by_itself",
    ),
    ("broker", "wrong answer"): (
        "tests/shop/kernel/test_filequeue.py::test_an_unreadable_message_is_left_out_and_the_next_one_is_read",
    ),
}
