"""XML read in a stream with bounds: no DTD (so no entities, no bombs, nothing loaded), bounded depth, texts and time.

Why not a tree: 20 MB of statements would be 500 MB of objects. Here an entry is handed over when it ends and forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from xml.parsers import expat

from .parsed import MAX_SECONDS, Refused

MAX_DEPTH = 40
MAX_TEXT_CHARS = 20_000  #: in one element; the longest text of the standard has 500
MAX_NODES_HELD = 50_000  #: elements kept at a time; the largest single transaction has a few hundred
MAX_TOKEN_BYTES = 200_000  #: one tag, name or comment; expat holds such a piece whole until it ends
CHUNK_BYTES = 65_536
CLOCK_EVERY = 2_000  #: elements between two looks at the clock


class Node:
    """An element: its local name, attributes, text and children; ``line`` is where it begins."""

    __slots__ = ("attributes", "children", "line", "pieces", "size", "tag", "taken")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag, self.attributes, self.line = tag, attributes, line
        self.children: list[Node] = []
        self.pieces: list[str] = []
        self.size = 1
        self.taken: list[object] = []

    def find(self, path: str) -> Node | None:
        """The first element at ``a/b/c``; None when there is none."""
        node: Node | None = self
        for name in path.split("/"):
            node = next((child for child in node.children if child.tag == name), None) if node else None
        return node

    def all(self, path: str) -> list[Node]:
        """Every element at ``a/b/c``."""
        found = [self]
        for name in path.split("/"):
            found = [child for node in found for child in node.children if child.tag == name]
        return found

    def text(self, *paths: str) -> str:
        """The text of the first of the paths that has one, else ""."""
        for path in paths:
            node = self.find(path)
            if node is not None and (text := "".join(node.pieces).strip()):
                return text
        return ""


class Reader:
    """Reads one document. ``take`` maps element names to what is called with (node, parent) when such a one ends; what
    it returns (unless None) is kept in ``parent.taken``, the element itself is forgotten."""

    def __init__(
        self, *, take: dict[str, Callable[[Node, Node], object]], root: Callable[[str, str], None]
    ) -> None:
        self.take, self.check_root = take, root
        self.stack: list[Node] = []
        self.text_chars = self.held = self.seen = 0
        self.deadline = time.monotonic() + MAX_SECONDS

    def read(self, data: bytes) -> None:
        """Read the whole document. Refused for whatever is not plain, bounded XML, and for what ``take`` refuses."""
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        view = memoryview(data)
        try:
            for at in range(0, len(view), CHUNK_BYTES):
                self.parser.Parse(view[at : at + CHUNK_BYTES].tobytes(), False)
                if at - self.parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                    raise Refused("text_too_long", self.parser.CurrentLineNumber)
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Refused("broken_xml", error.lineno, error=expat.errors.messages[error.code]) from None
        except (LookupError, ValueError) as error:  # an encoding nobody knows
            raise Refused("broken_xml", 1, error=str(error)[:100]) from None

    def _doctype(self, *_parts: object) -> None:
        raise Refused("dtd", self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        space, _gap, tag = name.rpartition(" ")
        if not self.stack:
            self.check_root(space, tag)
        self.seen += 1
        self.held += 1
        self.text_chars = 0
        if len(self.stack) >= MAX_DEPTH:
            raise Refused("too_deep", line)
        if self.held > MAX_NODES_HELD or len(attributes) > 20:
            raise Refused("too_many_elements", line)
        if self.seen % CLOCK_EVERY == 0 and time.monotonic() > self.deadline:
            raise Refused("too_slow", line)
        self.stack.append(Node(tag, attributes, line))

    def _characters(self, text: str) -> None:
        self.text_chars += len(text)
        if self.text_chars > MAX_TEXT_CHARS:
            raise Refused("text_too_long", self.parser.CurrentLineNumber)
        if self.stack and not text.isspace():
            self.stack[-1].pieces.append(text)

    def _end(self, _name: str) -> None:
        node = self.stack.pop()
        self.text_chars = 0
        if not self.stack:
            return
        parent = self.stack[-1]
        if node.tag not in self.take:
            parent.children.append(node)
            parent.size += node.size
            return
        self.held -= node.size
        kept = self.take[node.tag](node, parent)
        if kept is not None:
            parent.taken.append(kept)
