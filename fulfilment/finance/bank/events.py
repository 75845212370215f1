"""What the room tells. Plain values."""

from dataclasses import dataclass, field

from shop.kernel.outbox import event


@event
@dataclass(frozen=True)
class StatementImported:
    """A file was imported whole; told once per bank account in it, after its last line is written.

    The new lines are those whose ``statement.file_id`` and ``account_id`` are these (``lines`` of them; 0 when all were
    known). ``replaced_line_ids``: collective lines whose single transactions are known now and count instead of them;
    they are ``is_replaced`` and no money any more.
    """

    file_id: int
    account_id: int
    lines: int
    first_line_id: int = 0
    last_line_id: int = 0
    replaced_line_ids: list[int] = field(default_factory=list)
