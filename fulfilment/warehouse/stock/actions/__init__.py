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
    LotIsRecalled,
    NotEnoughInBin,
    StockError,
    check_cost,
    check_counted,
    check_quantity,
)
from .goods_in import OPENING, Received, average_cost, receive, receive_many
from .handling import set_handling
from .lots import (
    check_lot,
    clean_code,
    find_lot,
    handling_of,
    note_lot,
    pieces_of,
    refuse_recalled,
    refuse_unsendable,
)
from .missing import mark_doubtful, return_set_aside, set_aside_missing
from .moves import transfer
from .places import (
    change_bin,
    default_site,
    find_place_of_kind,
    hold_place,
    missing_place,
    packing_place,
    place_of_kind,
    place_zone,
)
from .recalled import block_lots, carry_off, free_lots
from .undo import undo_receipt

__all__ = [
    "COST_MAX_MINOR",
    "OPENING",
    "QUANTITY_MAX",
    "AlreadyBooked",
    "LotIsRecalled",
    "NotEnoughInBin",
    "Received",
    "StockError",
    "average_cost",
    "block_lots",
    "carry_off",
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
    "find_place_of_kind",
    "free_lots",
    "handling_of",
    "hold_place",
    "leave",
    "mark_doubtful",
    "missing_place",
    "note_lot",
    "packing_place",
    "pieces_of",
    "place_of_kind",
    "place_zone",
    "put_in",
    "receive",
    "receive_many",
    "refuse_closed",
    "refuse_recalled",
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
