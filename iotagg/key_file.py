"""Files that hold the key of pseudonyms: 32 random bytes as 64 hexadecimal digits, for their owner's eyes only."""

from __future__ import annotations

import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from iotagg.core.pseudonym import KEY_BYTES, Pseudonyms
from iotagg.errors import InvalidValue, IotaggError

if TYPE_CHECKING:
    from pathlib import Path

_KEY = re.compile(rb"[0-9a-fA-F]{64}")
_LONGEST = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def new_key(file: Path) -> Pseudonyms:
    """Write a new key into a new file, which its owner alone may read; return its pseudonyms.

    Raises IotaggError when the file is there already, or cannot be written.
    """
    key = secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii", newline="") as out:
            out.write(f"{key.hex()}\n")
    except FileExistsError:
        raise IotaggError(f"{file} is there already, and a key is never overwritten; name another file") from None
    except OSError as error:
        raise IotaggError(f"{file} cannot be written: {error.strerror or error}") from None
    return Pseudonyms(key)


def read_key(file: Path) -> Pseudonyms:
    """Return the pseudonyms under the key that a file holds.

    Raises InvalidValue when there is none, or others than its owner may read it (on Windows that is not looked at).
    """
    try:
        with file.open("rb") as content:
            mode = os.fstat(content.fileno()).st_mode
            text = content.read(_LONGEST).strip()
    except OSError as error:
        raise InvalidValue(
            f"the key file {file} cannot be read: {error.strerror or error}; iotagg pseudonym --new-key FILE makes one"
        ) from None
    if os.name != "nt" and stat.S_ISREG(mode) and mode & _OTHERS:
        raise InvalidValue(f"the key file {file} can be read by others: chmod 600 {file}")
    if not _KEY.fullmatch(text):
        raise InvalidValue(
            f"{file} holds no key, which is 64 hexadecimal digits; iotagg pseudonym --new-key FILE makes one"
        )
    return Pseudonyms(bytes.fromhex(text.decode()))
