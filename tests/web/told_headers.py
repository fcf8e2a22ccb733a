"""Prints the headers of all kinds of answers, for a checker: python -m tests.web.told_headers."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from iotagg.web.headers import OVER_TLS
from iotagg.web.pages import VIEWS, Assets
from tests.web.conftest import fill
from tests.web.served import serving

PAIR = "/v1/pairs/192.168.1.7/192.0.2.3"
PATHS = [
    *(view for view in VIEWS if "{" not in view),
    *(f"/assets/{Assets.read().digest}/{name}" for name in ("main.js", "page.css", "icon.svg")),
    *("/v1/openapi.json", "/v1/status", "/v1/top", "/v1/anomalies", "/v1/export.csv", PAIR, f"{PAIR}/days.csv"),
    *("/v1/pairs/192.0.2.9/192.0.2.10", "/v1/top?by=nothing", "/nowhere"),
]


def main() -> None:
    """Ask a server for each, and print what the checker reads."""
    with TemporaryDirectory() as folder:
        fill(Path(folder, "iotagg.db"), Path(folder))
        with serving(Path(folder, "iotagg.db")) as served:
            told = {f"https://iotagg.example{path}": dict(served.ask(path).headers) for path in PATHS}
    told |= {f"{url}#stack": headers | OVER_TLS for url, headers in told.items()}
    print(json.dumps([{"url": url, "headers": headers} for url, headers in told.items()]))  # noqa: T201 (what it is for)


if __name__ == "__main__":
    main()
