"""Running the command line as a person does, but in this process."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from iotagg.stores.protocol import Store

HEADER = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Label"
Flow = tuple[str, str, str, int | str, int | str]


@dataclass
class Result:
    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Command:
    """`run("upload", path)` is `iotagg --db … upload path`."""

    database: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Result:
        self.capsys.readouterr()
        code = main(["--db", str(self.database), *map(str, arguments)])
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)


def flow_csv(*flows: Flow) -> str:
    rows = (
        f"id,{src},1,{dst},2,6,{day} 11:00:15 PM,{duration},{packets},x" for src, dst, day, duration, packets in flows
    )
    return "\n".join([HEADER, *rows]) + "\n"


def write_flows(file: Path, *flows: Flow) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(flow_csv(*flows))
    return file


def killed_while_it_begins() -> Store:
    """Open no store: the process that asks for one is killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")
