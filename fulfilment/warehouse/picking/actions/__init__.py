"""Verbs of picking: make a list, plan walks, start, scan, report short, finish, hand over, cancel, put back."""

from .avoiding import avoid_bin
from .batches import cancel_batch, finish_batch, let_go_batch, start_batch, take_over_batch
from .boxes import add_to_batch, remove_from_batch
from .changing import follow_order, is_begun
from .cutoffs import carrier_of, next_cut_off
from .ending import cancel, put_back
from .lists import finish, let_go, reschedule, start, take_over
from .making import add_lines, missing_of, new_list
from .rules import WANTED, NotYourList, PickError, check_code, same_code
from .scans import (
    Answer,
    NoSuchWalk,
    Scan,
    Stop,
    WalkId,
    picked_words,
    settle_scan,
    short_words,
    take_scans,
)
from .sites import distribute, hold_order, make_pick_list, plan_rest, planned_per_site
from .taking import report_short, scan
from .waves import Walk, Wave, plan_batches, preview

__all__ = [
    "WANTED",
    "Answer",
    "NoSuchWalk",
    "NotYourList",
    "PickError",
    "Scan",
    "Stop",
    "Walk",
    "WalkId",
    "Wave",
    "add_lines",
    "add_to_batch",
    "avoid_bin",
    "cancel",
    "cancel_batch",
    "carrier_of",
    "check_code",
    "distribute",
    "finish",
    "finish_batch",
    "follow_order",
    "hold_order",
    "is_begun",
    "let_go",
    "let_go_batch",
    "make_pick_list",
    "missing_of",
    "new_list",
    "next_cut_off",
    "picked_words",
    "plan_batches",
    "plan_rest",
    "planned_per_site",
    "preview",
    "put_back",
    "remove_from_batch",
    "report_short",
    "reschedule",
    "same_code",
    "scan",
    "settle_scan",
    "short_words",
    "start",
    "start_batch",
    "take_over",
    "take_over_batch",
    "take_scans",
]
