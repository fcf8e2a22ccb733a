"""Flow files that lie on the web: what they are called, and a copy of one on this disk for as long as it is needed."""

from __future__ import annotations

import http.client
import shutil
import ssl
import string
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from iotagg.core.cells import printable
from iotagg.errors import FileUnreadable, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TIMEOUT_SECONDS = 30.0
_BLOCK = 1 << 20
_BROKEN_OFF = "the server broke off in the middle; upload it again"
_NOT_IN_A_NAME = frozenset("/\\")


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file at an https:// or http:// address. Raises InvalidValue for any other address."""

    address: str

    def __post_init__(self) -> None:
        if not is_web_address(self.address):
            raise InvalidValue(
                f"'{printable(self.address)}' is no address of a file on the web (https://host/file.csv)"
            )


def is_web_address(text: str) -> bool:
    """Say whether a text is an https:// or http:// address, without a password in it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.hostname) and "@" not in parts.netloc and port != 0


def web_name(address: str) -> str:
    """Return what a file on the web is called: its address's last part, percent-decoded.

    Raises InvalidValue when there is none, or none that could name a file in a folder.
    """
    last = urlsplit(address).path.rpartition("/")[2]
    try:
        name = unquote(last, errors="strict")
    except UnicodeDecodeError:
        name = ""
    if name in {"", ".", ".."} or not name.isprintable() or _NOT_IN_A_NAME & set(name):
        raise InvalidValue(f"'{printable(address)}' names no file; the address has to end with a file's name")
    return name


@contextmanager
def fetched(file: WebFile) -> Iterator[Path]:
    """Give the name of a temporary file with what lies at a web address, whole; it is removed at the end.

    Raises FileUnreadable when it cannot be had, ends early, or there is no room for it.
    """
    with kept(_blocks(file.address)) as copy:
        yield copy


@contextmanager
def kept(blocks: Iterable[bytes]) -> Iterator[Path]:
    """Give the name of a temporary file that holds these blocks; it is removed at the end.

    Raises FileUnreadable when there is no room for it.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="iotagg-"))
    except OSError as error:
        raise FileUnreadable(_no_room(error)) from None
    try:
        copy = folder / "content"
        _write(copy, blocks)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(copy: Path, blocks: Iterable[bytes]) -> None:
    try:
        with copy.open("wb") as out:
            for block in blocks:
                out.write(block)
    except OSError as error:
        raise FileUnreadable(_no_room(error)) from None


def _no_room(error: OSError) -> str:
    return f"no temporary file can be written in {tempfile.gettempdir()} ({error.strerror}); make room, or set TMPDIR"


def _blocks(address: str) -> Iterator[bytes]:
    received = 0
    try:
        with _opener().open(_request(address), timeout=TIMEOUT_SECONDS) as response:
            promised = response.headers.get("Content-Length", "")
            while block := response.read(_BLOCK):
                received += len(block)
                yield block
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FileUnreadable(_reason(error)) from None
    if promised.isdigit() and received != int(promised):
        raise FileUnreadable(_BROKEN_OFF)


def _request(address: str) -> Request:
    ascii_address = quote(address, safe=string.punctuation)
    return Request(ascii_address, headers={"User-Agent": "iotagg"})  # noqa: S310 (a WebFile's scheme has been looked at)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        error.close()
        return f"the server answers {error.code} {http.client.responses.get(error.code, '')}".rstrip()
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server's certificate cannot be trusted: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return f"the server was silent for {TIMEOUT_SECONDS:g} s; upload it again later"
    if isinstance(cause, http.client.IncompleteRead):
        return _BROKEN_OFF
    return f"it cannot be fetched: {printable(str(getattr(cause, 'strerror', None) or cause))}"


def _opener() -> OpenerDirector:
    return build_opener(HTTPSHandler(context=ssl.create_default_context()), _SafeRedirects())


class _SafeRedirects(HTTPRedirectHandler):
    """Follows a redirect only to where the first address could have led: the web, and never from https to http."""

    def redirect_request(  # noqa: PLR0917 (what the base class is called with)
        self, req: Request, fp: Any, code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        if not is_web_address(newurl) or (req.type == "https" and urlsplit(newurl).scheme != "https"):
            fp.close()
            raise FileUnreadable("the server leads to an address that is not https://")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
