"""Modules that others load only in case: absent while those are loaded, there for everybody else."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from shop.kernel.left_out import left_out


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A library, and one that loads it in case it is there."""
    (tmp_path / "kontor_extra.py").write_text("")
    (tmp_path / "kontor_user.py").write_text(
        "try:\n    import kontor_extra\nexcept ImportError:\n    kontor_extra = None\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("kontor_extra", "kontor_user"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "kontor_extra", "kontor_user"


def test_what_is_loaded_meanwhile_goes_without_and_others_have_it(names: tuple[str, str]) -> None:
    extra, user = names
    with left_out(extra):
        assert import_module(user).kontor_extra is None
    assert import_module(extra).__name__ == extra


def test_what_is_loaded_already_stays(names: tuple[str, str]) -> None:
    extra, user = names
    loaded = import_module(extra)
    with left_out(extra):
        assert import_module(user).kontor_extra is loaded
    assert sys.modules[extra] is loaded


def test_they_are_there_again_also_after_a_fault(names: tuple[str, str]) -> None:
    extra, _user = names
    with pytest.raises(ZeroDivisionError), left_out(extra):
        raise ZeroDivisionError
    assert import_module(extra)
