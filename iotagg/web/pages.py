"""The pages that people keep open: a shell at the address of each view, and what the shell loads."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from mimetypes import types_map
from typing import TYPE_CHECKING

import chartkick  # type: ignore[import-untyped]  # it says nothing of its types
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from iotagg.web.modules import joined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from importlib.resources.abc import Traversable

    from iotagg.web.on_stack import OnStack

router = APIRouter(include_in_schema=False)

VIEWS = ("/", "/top", "/anomalies", "/files", "/upload", "/pairs/{source}/{destination}", "/devices/{site}/{address}")
# Nothing comes from another host, nothing is a program but the files here, and nobody may frame the page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SHELL = "index.html"
_CHARTS = "Chart.bundle.js"
_MAIN, _FIRST = "main", "first"  # what is no module runs by itself, before anything is drawn
_DIGEST_BYTES = 8
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that the shell loads."""

    media_type: str
    content: bytes

    @classmethod
    def of(cls, name: str, content: bytes) -> Asset:
        """Return the asset of a file's content."""
        suffix = name[name.rfind(".") :]
        return cls(_TYPES.get(suffix) or types_map[suffix], content)

    @property
    def packed(self) -> bytes:
        """The content as gzip."""
        return _packed(self.content)


@cache
def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@dataclass(frozen=True, slots=True)
class Assets:
    """All that the shell loads: one digest is in the address of each, so that each may be kept for good."""

    digest: str
    by_name: dict[str, Asset]
    shell: bytes

    @classmethod
    @cache
    def read(cls) -> Assets:
        """Return those that are installed."""
        contents = dict(_contents())
        template = contents.pop(_SHELL).decode()
        hashed = blake2b(digest_size=_DIGEST_BYTES)
        for name, content in sorted(contents.items()):
            hashed.update(f"{name} {len(content)}\n".encode() + content)
        digest = hashed.hexdigest()
        shell = template.replace("ASSETS", f"/assets/{digest}")
        return cls(digest, {name: Asset.of(name, content) for name, content in contents.items()}, shell.encode())


def _contents() -> Iterator[tuple[str, bytes]]:
    own: Traversable = files("iotagg.web").joinpath("page")
    modules = {}
    for file in own.iterdir():
        stem, _, suffix = file.name.rpartition(".")
        if suffix == "js" and stem != _FIRST:
            modules[stem] = file.read_text("utf-8")
        else:
            yield file.name, file.read_bytes()
    yield f"{_MAIN}.js", joined(modules, _MAIN).encode()
    yield _CHARTS, files(chartkick).joinpath("django", "static", "chartkick", _CHARTS).read_bytes()


def policy_with(origins: Collection[str]) -> str:
    """Return the policy of a page that may also ask under other origins: where people sign in, where files go."""
    return POLICY.replace("connect-src 'self'", " ".join(["connect-src 'self'", *origins]))


async def shell(request: Request) -> Response:
    """The page, the same at the address of each view: it holds no figures, and so needs no token."""
    assets = Assets.read()
    stack: OnStack | None = request.app.state.stack
    policy = policy_with(stack.origins if stack else ())
    headers = {"ETag": f'"{assets.digest}"', "Cache-Control": "no-cache", "Content-Security-Policy": policy}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(assets.shell, media_type="text/html", headers=headers)


for view in VIEWS:
    router.add_api_route(view, shell, name=f"page {view}")


@router.get("/assets/{digest}/{name}")
async def asset(request: Request, digest: str, name: str) -> Response:
    """A file that the page loads. Raises HTTPException for one of another version."""
    assets = Assets.read()
    found = assets.by_name.get(name) if digest == assets.digest else None
    if found is None:
        raise HTTPException(404, "no page of this version loads that; load the page again")
    headers = {"Cache-Control": _FOR_GOOD, "ETag": f'"{digest}"', "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.media_type, headers=headers)
