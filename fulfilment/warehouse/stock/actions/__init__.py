"""Verbs of stock: receive, transfer, count, and what picking, dispatch and the returns dock do to bins.

Each writes movements, the bins' sums and, where pieces come or go, the stock record, in one transaction. Correctness
rests on conditional updates with CHECK constraints behind them, on SQLite and PostgreSQL alike.
"""

from .bins import change_house, leave, put_in, refuse_closed, shift, take_out
from .counts import correct, count, discard, take_back
from .errors import (
    COST_MAX_MINOR,
    QUANTITY_MAX,
    AlreadyBooked,
    NotEnoughInBin,
    StockError,
    check_cost,
    check_counted,
    check_quantity,
)
from .goods_in import OPENING, Received, average_cost, receive, receive_many
from .handling import set_handling
from .lots import check_lot, clean_code, find_lot, handling_of, note_lot, pieces_of, refuse_unsendable
from .missing import mark_doubtful, return_set_aside, set_aside_missing
from .moves import transfer
from .places import change_bin, default_site, missing_place, packing_place, place_zone
from .undo import undo_receipt

__all__ = [
    "COST_MAX_MINOR",
    "OPENING",
    "QUANTITY_MAX",
    "AlreadyBooked",
    "NotEnoughInBin",
    "Received",
    "StockError",
    "average_cost",
    "change_bin",
    "change_house",
    "check_cost",
    "check_counted",
    "check_lot",
    "check_quantity",
    "clean_code",
    "correct",
    "count",
    "default_site",
    "discard",
    "find_lot",
    "handling_of",
    "leave",
    "mark_doubtful",
    "missing_place",
    "note_lot",
    "packing_place",
    "pieces_of",
    "place_zone",
    "put_in",
    "receive",
    "receive_many",
    "refuse_closed",
    "refuse_unsendable",
    "return_set_aside",
    "set_aside_missing",
    "set_handling",
    "shift",
    "take_back",
    "take_out",
    "transfer",
    "undo_receipt",
]
