"""Reads ZPL II back as a printer would: commands, fields with their places, texts, barcodes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from barcode.charsets.code128 import CODES

# A command begins with ^ or ~; the caret of a field's data can only come from an unescaped text.
COMMAND = re.compile(r"[\^~]([A-Z][A-Z0-9@]?)([^\^~]*)")
#: Every command that we write; any other came out of a text.
KNOWN = re.compile("XA|XZ|CI|PW|LL|LH|FO|A0|FB|FH|FD|FS|BY|BC|BE|B8|BQ|GB|PQ")
CODE128_READ = {"0": ">", "<": "^", "=": "~"}


@dataclass
class ReadField:
    """One field: where it stands (dots), what kind (text, code128, ean, qr, box), what it says, and its commands."""

    x: int
    y: int
    kind: str
    text: str
    commands: dict[str, str]


@dataclass
class ReadLabel:
    """One label as read: size in dots, fields in order, copies."""

    width: int = 0
    height: int = 0
    copies: int = 1
    fields: list[ReadField] = field(default_factory=list)

    def texts(self, kind: str = "text") -> list[str]:
        """What the fields of one kind say, in order."""
        return [one.text for one in self.fields if one.kind == kind]


def read(zpl: str) -> list[ReadLabel]:
    """Every label of a file. AssertionError for an unknown command or one outside of a label."""
    assert zpl.isascii(), "a spooler must not be able to break it"
    labels: list[ReadLabel] = []
    inside = False
    open_field: dict[str, str] = {}
    for name, rest in COMMAND.findall(zpl):
        rest = rest.rstrip("\n")
        assert KNOWN.fullmatch(name), f"a command that we never write: ^{name}{rest[:40]}"
        assert inside or name == "XA", f"^{name} outside of a label"
        if name == "XA":
            inside = True
            labels.append(ReadLabel())
        elif name == "XZ":
            inside = False
        elif name == "FS":
            labels[-1].fields.append(_field(open_field))
            open_field = {}
        elif name in ("PW", "LL", "PQ"):
            setattr(labels[-1], {"PW": "width", "LL": "height", "PQ": "copies"}[name], int(rest))
        elif name == "CI":
            assert rest == "28"
        elif name != "LH":
            open_field[name] = rest
    assert not inside, "the last label is not closed"
    return labels


def _field(commands: dict[str, str]) -> ReadField:
    x, y = (int(part) for part in commands["FO"].split(","))
    if "GB" in commands:
        return ReadField(x, y, "box", commands["GB"], commands)
    data = _bytes(commands["FD"]) if commands.get("FH") == "_" else commands["FD"]
    if "BC" in commands:
        return ReadField(x, y, "code128", code128(data), commands)
    if "BE" in commands or "B8" in commands:
        total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(data)))
        return ReadField(x, y, "ean", f"{data}{-total % 10}", commands)
    if "BQ" in commands:
        assert data.startswith("MA,")
        return ReadField(x, y, "qr", data[3:], commands)
    if "FB" in commands:
        assert "\\" not in data.replace("\\\\", ""), "a lonely backslash is a control"
        data = data.replace("\\\\", "\\")
    return ReadField(x, y, "text", data, commands)


def _bytes(data: str) -> str:
    raw = re.sub(rb"_([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), data.encode("ascii"))
    return raw.decode("utf-8")


def code128(data: str) -> str:
    """What a Code 128 field of mode N prints, from its invocation codes."""
    start, rest = data[:2], data[2:]
    assert start in (">:", ">;"), "begins with a start code"
    if start == ">;":
        assert rest.isdigit() and len(rest) % 2 == 0
        return rest
    text = re.sub(r">(.)", lambda found: CODE128_READ[found[1]], rest)
    assert all(" " <= char <= "~" for char in text)
    return text


def decoded(svg: str) -> str:
    """Read a Code 128 picture back: bars to modules, modules to symbols, checksum, characters."""
    size = re.search(r'viewBox="0 0 (\d+) 1"', svg)
    assert size is not None
    modules = ["0"] * int(size[1])
    for start, length in re.findall(r"M(\d+) 0h(\d+)v1h-\d+z", svg.split("<path d=")[1]):
        modules[int(start) : int(start) + int(length)] = "1" * int(length)
    line = "".join(modules)
    assert line[:10] == line[-10:] == "0" * 10, "quiet zones"
    symbols = line[10:-10].removesuffix("1100011101011")
    values = [CODES.index(symbols[at : at + 11]) for at in range(0, len(symbols), 11)]
    *payload, check = values
    assert (payload[0] + sum(at * value for at, value in enumerate(payload))) % 103 == check
    charset, text = {103: "A", 104: "B", 105: "C"}[payload[0]], ""
    for value in payload[1:]:
        if value in (99, 100, 101) and not (charset == "C" and value == 99):
            charset = {99: "C", 100: "B", 101: "A"}[value]
        elif charset == "C":
            text += f"{value:02}"
        else:
            text += chr(value + 32)
    return text
