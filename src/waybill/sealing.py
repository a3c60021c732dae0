"""Secrets at rest: sealed with AES-GCM under a key file that lies beside the control store, not in it.

A stolen copy of the control store alone opens nothing. Each sealed value is bound to the row it
belongs to, so that a value moved to another row does not open either.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from waybill.errors import DataProblem

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class CannotOpen(Exception):
    """A sealed value was made with another key file, belongs to another row, or was altered."""


class Sealer:
    """Seals and opens small values. Safe to share between threads."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, value: bytes, row: str) -> bytes:
        """Seal `value` for the row named `row` (table and primary key)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, value, row.encode())

    def open(self, sealed: bytes, row: str) -> bytes:
        """The value sealed for this row. Raises CannotOpen."""
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise CannotOpen(row)
        try:
            return self._cipher.decrypt(nonce, body, row.encode())
        except InvalidTag as error:
            raise CannotOpen(row) from error


def open_sealer(path: Path) -> Sealer:
    """A sealer with the key file at `path`, which is made (mode 0600) if there is none.

    Raises DataProblem if the file is damaged or other users of the machine may read it.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = _make_key_file(path)
    if len(key) != _KEY_BYTES:
        raise DataProblem(
            f"{path.name} is damaged: it has {len(key)} bytes and must have {_KEY_BYTES}.",
            "Put back the file that belongs to this data folder from its backup.",
        )
    # Group bits are let pass: container platforms hand secrets to a process by its group.
    if path.stat().st_mode & 0o007:
        raise DataProblem(f"{path.name} is open to every user of this machine.", f"Run: chmod 600 {path}")
    return Sealer(key)


def _make_key_file(path: Path) -> bytes:
    """Write a new key file whole, or keep the one another process has just written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first; its key is the one to use
            os.link(temporary, path)  # unlike a rename, this never replaces a file that is there
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)
    return path.read_bytes()
