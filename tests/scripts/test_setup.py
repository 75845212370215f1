"""What `make setup` installs follows from the same settings that the shop reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.setup import wants_carriers


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("CARRIER_DHL_URL=https://api.example/parcel/de\n", True),
        ("export CARRIER_DHL_URL='https://api.example'\n", True),
        ("#CARRIER_DHL_URL=https://api.example\n", False),
        ("CARRIER_DHL_URL=\n", False),
        ("CARRIER_DHL_USERNAME=x\n", False),
    ],
)
def test_a_carrier_named_in_the_settings_file_gets_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, wanted: bool
) -> None:
    for name in ("CARRIER_DHL_URL", "CARRIER_STANDIN_PORT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "env").write_text(written)
    monkeypatch.setenv("KONTOR_ENV_FILE", str(tmp_path / "env"))
    assert wants_carriers() is wanted
    monkeypatch.setenv("CARRIER_DHL_URL", "")
    assert wants_carriers() is False, "the environment wins"
    monkeypatch.setenv("CARRIER_STANDIN_PORT", "12112")
    assert wants_carriers() is True
