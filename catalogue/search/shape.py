"""What an index was made by: a digest of the code and the words that turn products into terms.

Whoever changes an analyser, a list of words or what a document holds changes the digest, and the worker builds the
index anew by itself. Comments and layout do not count.
"""

from __future__ import annotations

import ast
from functools import cache
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
#: What both plugs make terms by.
MAKERS = ("analysis.py", "documents.py", "variants.py", "parts_de.txt", "../campaigns.py", "../ranges.py")


@cache
def shape(*plug: str) -> str:
    """The digest for a plug (its files): letters and digits only."""
    made = sha256()
    for name in (*MAKERS, *plug):
        text = (HERE / name).read_text(encoding="utf-8")
        made.update(_code(text).encode() if name.endswith(".py") else text.encode())
    return made.hexdigest()[:12]


def _code(text: str) -> str:
    """Python as its parser sees it, without what is written for people."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
                body.pop(0)
    return ast.dump(tree)
