"""The commands for trying iotagg out: sample traffic, and a demonstration of the whole."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from contextlib import ExitStack, chdir
from datetime import date
from pathlib import Path

import click

from iotagg.cli.options import DAY
from iotagg.cli.printing import plural, print_error, readable_path
from iotagg.errors import InvalidValue, IotaggError
from iotagg.export import all_histories, pair_row
from iotagg.stores.sqlite import SqliteStore

_DATABASE = "iotagg.db"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--days", default=30, show_default=True, help="Calendar days; each file runs from 23:00 to 23:00.")
@click.option("--devices", default=15, show_default=True, help="Machines on each site's network.")
@click.option("--rows", default=30_000, show_default=True, help="Flows in each file.")
@click.option("--sites", default="paris,tokyo", show_default=True, help="Names of sites, each with a folder.")
@click.option("--anomalies", default=0, show_default=True, help="Plant so many, and list them in anomalies.csv.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same bytes.")
@click.option("--first-day", type=DAY, default="2022-12-01", show_default=True)
def sample(
    folder: Path, days: int, devices: int, rows: int, sites: str, anomalies: int, seed: int, first_day: str
) -> None:
    """Make sample traffic to try iotagg with.

    FOLDER gets a CICFlowMeter file of 84 columns for each site and day, as an IoT gateway would record it.

    Examples:

    \b
        iotagg sample traffic
        iotagg sample traffic --days 14 --rows 5000 --sites lab --anomalies 5
    """
    from iotagg.sample import SampleOptions, write_sample  # noqa: PLC0415 (numpy is slow to load)

    try:
        options = SampleOptions(
            days=days,
            devices=devices,
            rows=rows,
            sites=tuple(name.strip() for name in sites.split(",")),
            anomalies=anomalies,
            seed=seed,
            first_day=date.fromisoformat(first_day),
        )
    except ValueError as reason:
        raise InvalidValue(str(reason)) from None
    begun = time.monotonic()
    written = list(write_sample(folder, options))
    size = sum(file.stat().st_size for file in written)
    seconds = time.monotonic() - begun
    place = readable_path(str(folder.absolute()))
    click.echo(f"{plural(len(written), 'file')}, {size / 1e6:,.0f} MB in {place}, {seconds:.1f} s")


@click.command()
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Leave everything in this new folder.")
@click.option("--serve", is_flag=True, help="Show it in a browser at the end, until Ctrl-C.")
@click.option("--cloud", is_flag=True, help="On a stand-in for AWS on this machine, with workers.")
def demo(keep: Path | None, serve: bool, cloud: bool) -> None:
    """Show the whole job on a month of two sites.

    It makes sample traffic, uploads it, lists, exports, draws and tells what stands out, each with the command that you
    would type.
    Without --keep nothing is left behind.

    With --cloud it takes a few files through a bucket, queues, workers and a table, all of them on this machine, and
    compares the result with that of a database file.

    Examples:

    \b
        iotagg demo --keep demo
        iotagg demo --serve
        iotagg demo --cloud
    """
    if serve and cloud:
        raise click.UsageError("what --cloud shows is in a table; --serve shows a database")
    if cloud:
        from iotagg.cli.cloud_demo import show_cloud  # noqa: PLC0415 (as are the commands that it runs)

        show = show_cloud
    else:
        show = _show_local
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = _folder(keep, stack)
        stack.enter_context(chdir(folder))
        show()
        took = time.monotonic() - begun
        if serve:
            click.echo("\nAll of it in a browser, at the address that it says:")
            _run("serve --port 0")
        click.echo(f"\nDone in {took:.1f} s.", nl=False)
        if keep is None:
            kept = "" if cloud else "; --keep demo keeps the files, the database and the picture"
            kept += "" if cloud or serve else ", --serve shows them in a browser"
            click.echo(f" Nothing is left behind{kept}.")
            return
    click.echo(f" Everything lies in {readable_path(str(folder))}:")
    for place in sorted(folder.iterdir()):
        click.echo(f"  {readable_path(str(place))}")


def _folder(keep: Path | None, stack: ExitStack) -> Path:
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="iotagg-demo-"))
        stack.callback(shutil.rmtree, folder)
        return folder
    if keep.exists() and any(keep.iterdir()):
        raise IotaggError(f"{keep} is not empty; name a new folder")
    keep.mkdir(parents=True, exist_ok=True)
    return keep.absolute()


def _run(line: str) -> None:
    from iotagg.cli.main import iotagg  # noqa: PLC0415 (the demonstration runs the real commands)

    click.secho(f"\n$ iotagg {line}", bold=True)
    arguments = ["--db", _DATABASE, *shlex.split(line)]
    code = iotagg.main(arguments, prog_name="iotagg", standalone_mode=False)
    if code:
        raise IotaggError(f"the demonstration stopped at: iotagg {line}")


def _show_local() -> None:
    run = _run
    run("sample traffic --days 31 --rows 5000 --sites paris,tokyo --anomalies 10")
    run("upload --site paris traffic/paris --quiet")
    run("upload --site tokyo traffic/tokyo --quiet")
    click.echo("\nUploaded again, nothing is counted twice:")
    run("upload --site tokyo traffic/tokyo --quiet")
    click.echo("\nThe busiest pairs:")
    run("top -n 5")
    pair = _steadiest()
    click.echo("\nOne of them, day by day, and drawn:")
    run(f"export {pair} --site paris --until 2022-12-05")
    run(f"export {pair} --summary")
    try:
        run(f"export {pair} -o pair.svg")
    except IotaggError as reason:
        print_error(str(reason))
    click.echo("\nWhat stands out of the month (traffic/anomalies.csv lists what was planted):")
    run("anomalies --since 2022-12-01 --until 2022-12-30")
    run("status")


def _steadiest() -> str:
    # The busiest of the pairs that were seen on most days: its history shows most.
    store = SqliteStore(Path(_DATABASE), create=False)
    try:
        rows = list(map(pair_row, all_histories(store, "paris")))
    finally:
        store.close()
    busiest = max(rows, key=lambda row: (row["days"], row["flow_duration_us"]))
    return f"--src {busiest['src_ip']} --dst {busiest['dst_ip']}"
