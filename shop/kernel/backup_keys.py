"""Backups that can be read with a key only (BACKUP_KEY): each file is sealed while it is written; no open copy of it
ever lies in the folder.

A file is a row of chunks, each sealed by AES-256-GCM; number, end and the name of the file are part of what is checked:
nobody can swap, cut or mix them (the STREAM construction of Hoang, Reyhanitabar, Rogaway, Vizar, 2015). The key of each
backup is derived from BACKUP_KEY and a salt of its own; the manifest carries the salt and a MAC over itself.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .late import late

if TYPE_CHECKING:
    from cryptography import exceptions
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers import aead
    from cryptography.hazmat.primitives.kdf import hkdf
else:  # the web server loads this with its tasks and seals no backup; 8 MB of each process
    exceptions = late("cryptography.exceptions")
    hashes = late("cryptography.hazmat.primitives.hashes")
    aead = late("cryptography.hazmat.primitives.ciphers.aead")
    hkdf = late("cryptography.hazmat.primitives.kdf.hkdf")

CHUNK = 1 << 20  #: bytes of one chunk before it is sealed
TAG = 16  #: bytes that sealing adds to each
KEY_MIN = 32  #: characters of BACKUP_KEY


class WrongKey(Exception):
    """The backup was sealed with another key, or somebody changed it; in words."""


class Seal:
    """The keys of one backup."""

    def __init__(self, secret: str, salt: str = "") -> None:
        if len(secret) < KEY_MIN:
            raise WrongKey(f"BACKUP_KEY must have {KEY_MIN} characters or more")
        self.salt = salt or secrets.token_hex(16)
        self._aead = aead.AESGCM(self._derive(secret, b"files"))
        self._mac_key = self._derive(secret, b"manifest")

    def _derive(self, secret: str, use: bytes) -> bytes:
        derived = hkdf.HKDF(
            algorithm=hashes.SHA256(), length=32, salt=bytes.fromhex(self.salt), info=b"kontor backup " + use
        )
        return derived.derive(secret.encode())

    def copy(self, source: IO[bytes], target: IO[bytes], name: str) -> None:
        """Seal ``source`` into ``target``; ``name`` is the file's path in the backup."""
        prefix = secrets.token_bytes(7)
        target.write(prefix)
        for number, (chunk, last) in enumerate(_chunks(source, CHUNK)):
            nonce, about = _about(prefix, number, name, last)
            target.write(self._aead.encrypt(nonce, chunk, about))

    def open(self, path: Path, target: IO[bytes], name: str) -> None:
        """Write what was sealed in the file ``path`` into ``target``. Raises WrongKey."""
        with path.open("rb") as source:
            prefix = source.read(7)
            for number, (chunk, last) in enumerate(_chunks(source, CHUNK + TAG)):
                nonce, about = _about(prefix, number, name, last)
                try:
                    target.write(self._aead.decrypt(nonce, chunk, about))
                except (exceptions.InvalidTag, ValueError) as error:
                    raise WrongKey(
                        f"{name} cannot be opened: another BACKUP_KEY, or it was changed"
                    ) from error

    def mac(self, manifest: dict[str, Any]) -> str:
        """What proves that the manifest was written by whoever has the key."""
        said = json.dumps({name: manifest[name] for name in manifest if name != "mac"}, sort_keys=True)
        return hmac.digest(self._mac_key, said.encode(), "sha256").hex()


def seal_of(manifest: dict[str, Any], secret: str) -> Seal | None:
    """The seal of a backup that was made before; None where it is not sealed. Raises WrongKey."""
    if "salt" not in manifest:
        return None
    if not secret:
        raise WrongKey(
            "the backup is sealed; set BACKUP_KEY (or BACKUP_KEY_FILE) to the key it was made with"
        )
    seal = Seal(secret, str(manifest["salt"]))
    if not hmac.compare_digest(seal.mac(manifest), str(manifest.get("mac", ""))):
        raise WrongKey("the backup was sealed with another BACKUP_KEY, or its manifest was changed")
    return seal


def _about(prefix: bytes, number: int, name: str, last: bool) -> tuple[bytes, bytes]:
    return prefix + bytes([last]) + number.to_bytes(4, "big"), name.encode()


def _chunks(source: IO[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of this size, and whether it is the last; an empty file is one empty piece."""
    chunk = _read(source, size)
    while True:
        following = _read(source, size)
        yield chunk, not following
        if not following:
            return
        chunk = following


def _read(source: IO[bytes], size: int) -> bytes:
    """Full pieces also from a pipe."""
    parts, left = [], size
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
