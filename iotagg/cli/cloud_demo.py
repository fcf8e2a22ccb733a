"""iotagg demo --cloud: the way of a few files through bucket, queues, workers and table, on a stand-in for AWS."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iotagg.cli.main import iotagg
from iotagg.cli.printing import plural
from iotagg.errors import IotaggError
from iotagg.extras import aws_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.cli.session import Session

_DATABASE = "iotagg.db"
_STACK = "iotagg-demo"
_WORKER = [sys.executable, "-m", "iotagg", "worker", "--processes", "2", "--stop-when-idle", "10"]
_LOG = "worker.log"
_WAIT = "--wait 300"
_FILES = 6  # of the sample below
_UPLOADS = ("--site paris traffic/paris", "--site tokyo traffic/tokyo")


def show_cloud() -> None:
    """Show it in the current folder. Raises MissingExtra, and IotaggError where a step fails."""
    with aws_extra():
        from iotagg.aws.local import environment_for, running_engine  # noqa: PLC0415 (other commands start faster)

    with ExitStack() as stack:
        endpoint = stack.enter_context(running_engine())
        stack.enter_context(environment_for(endpoint))
        click.echo(f"A stand-in for AWS runs on this machine, at {endpoint}.")
        _run("sample traffic --days 3 --rows 2000 --sites paris,tokyo", local=True)
        _provision()
        _show()
    click.echo("\nThe stand-in and its workers have ended.")


def _provision() -> None:
    from iotagg.aws.clients import connect  # noqa: PLC0415 (it takes boto3)
    from iotagg.aws.local import REGION  # noqa: PLC0415
    from iotagg.aws.provision import provision  # noqa: PLC0415

    made = provision(connect(), _STACK, region=REGION)
    os.environ.update(made.environment())
    click.echo("\nA bucket, a table and two queues were made there; the environment names them:")
    for name, value in made.environment().items():
        click.echo(f"  {name}={value}")


def _show() -> None:
    begun = time.monotonic()
    requests = 0.0
    with _workers():
        for files in _UPLOADS:
            requests += _run(f"upload {files} {_WAIT}")
        seconds = time.monotonic() - begun
    click.echo("\nUploaded again, nothing is counted twice:")
    requests += _run(f"upload {_UPLOADS[0]} --quiet")
    requests += _run("status")
    requests += _run(f"export {_first_pair()} --site paris")
    _compare("after the uploads", [f"upload {files} --quiet" for files in _UPLOADS])
    click.echo("\nOne file is taken out again:")
    name = min(file.name for file in Path("traffic", "paris").glob("*.csv"))
    with _workers():
        requests += _run(f"retract {name} --site paris {_WAIT}")
    _compare("after taking one out", [f"retract {name} --site paris"])
    click.echo(
        f"\n{plural(_FILES, 'file')} counted in {seconds:.1f} s; these commands made {requests:,.0f} requests,"
        " the workers' not among them."
    )


def _first_pair() -> str:
    # Sorted by address, so it is the same each time.
    text = _export("pairs --site paris --by flows -n 1 --json", local=False)
    source, destination = (text.split(f'"{name}": "')[1].partition('"')[0] for name in ("src_ip", "dst_ip"))
    return f"--src {source} --dst {destination}"


def _run(line: str, *, local: bool = False) -> float:
    """Run a command, as it would be typed, and return how many requests it made."""
    click.secho(f"\n$ iotagg {line}", bold=True)
    arguments = [*(["--db", _DATABASE] if local else []), *shlex.split(line)]
    with iotagg.make_context("iotagg", arguments) as context:
        code = iotagg.invoke(context)
        session: Session = context.obj
        requests = session.cloud().meter.figures()["requests"] if session.in_cloud else 0
    if code:
        raise IotaggError(f"the demonstration stopped at: iotagg {line}{_of_workers()}")
    return requests


def _of_workers() -> str:
    log = Path(_LOG)
    last = log.read_text("utf-8", errors="replace").splitlines()[-1:] if log.exists() else []
    return f"; the workers' last line: {last[0]}" if last else ""


def _export(line: str, *, local: bool) -> str:
    # By a process of its own, whose output can be had as it is.
    where = ["--db", _DATABASE] if local else []
    command = [sys.executable, "-m", "iotagg", *where, *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (this program, and arguments made here)
    if done.returncode:
        raise IotaggError(f"the demonstration stopped at: iotagg {line}: {done.stderr.strip()}")
    return done.stdout


def _compare(when: str, done_locally: list[str]) -> None:
    for line in done_locally:
        _export(line, local=True)
    of_cloud, of_file = (_export("export --all", local=local) for local in (False, True))
    if of_cloud != of_file:
        raise IotaggError(f"{when}, iotagg export --all differs between the stack and a database; please report it")
    click.echo(f"\niotagg export --all {when}: {len(of_cloud):,} bytes, the same as from a database file.")


@contextmanager
def _workers() -> Iterator[None]:
    # They are ended when all is done; by themselves they end only after longer than a busy machine takes in between.
    from iotagg.aws.local import stop  # noqa: PLC0415 (as above)

    click.secho("\n$ iotagg worker --processes 2 --stop-when-idle 10 &", bold=True)
    with Path(_LOG).open("ab") as log:
        process = subprocess.Popen(_WORKER, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 (this program)
        try:
            yield
            ended = process.poll()
        finally:
            stop(process)
    if ended:
        raise IotaggError(f"iotagg worker ended with code {ended}{_of_workers()}")
