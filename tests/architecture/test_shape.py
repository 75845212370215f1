"""Shape of the code: short functions, short files, docstrings. What is too long today may only get shorter."""

from __future__ import annotations

import ast

from tests.architecture.source import modules

FUNCTION_LINES_MAX = 50
FILE_LINES_MAX = 400
#: Longer ones that exist, with their length: shorten them and lower the number; a new one is not added.
LONG_FUNCTIONS: dict[str, int] = {
    # Drawings: one shape after the other, as the hand draws.
    "shop/demo/pictures/boots.py:_laced": 59,
    "shop/demo/pictures/boots.py:_rain": 59,
    "shop/demo/pictures/materials.py:surface": 61,
    "shop/demo/pictures/open_shoes.py:_slipper": 51,
    "shop/demo/pictures/sneakers.py:_runner": 58,
}
LONG_FILES: dict[str, int] = {}


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature and docstring."""
    first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or node.lineno) - first.lineno + 1


def test_functions_stay_short() -> None:
    too_long = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{module.name}:{node.name}"
                if body_lines(node) > LONG_FUNCTIONS.get(name, FUNCTION_LINES_MAX):
                    too_long.append(f"{name} has {body_lines(node)} lines")
    assert not too_long, (
        "\n".join(too_long) + f"\nRemedy: split what is over {FUNCTION_LINES_MAX} lines by what it does"
    )


def test_files_stay_short() -> None:
    too_long = [
        f"{module.name} has {lines} lines"
        for module in modules()
        if (lines := module.text.count("\n")) > LONG_FILES.get(module.name, FILE_LINES_MAX)
    ]
    assert not too_long, "\n".join(too_long) + f"\nRemedy: a file over {FILE_LINES_MAX} lines wants to be two"


def test_public_functions_and_classes_say_what_they_do() -> None:
    silent = []
    for module in modules():
        if module.path.name in ("apps.py", "admin.py") or "management" in module.path.parts:
            continue
        silent += [
            f"{module.name}:{node.lineno} {node.name}"
            for node in module.tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not node.name.endswith("Config")
            and ast.get_docstring(node) is None
        ]
    assert not silent, "no docstring:\n" + "\n".join(silent)


def test_no_utils_of_our_own() -> None:
    """Inside forks Oscar names the file utils.py; elsewhere a name says what is in it."""
    forks = ("checkout/order/", "catalogue/", "checkout/basket/", "checkout/shipping/", "checkout/utils.py")
    wrong = [
        m.name
        for m in modules()
        if m.path.name in ("utils.py", "helpers.py") and not m.name.startswith(forks)
    ]
    assert not wrong, f"{wrong}: name the file by what it is about"
