"""iotagg cost: an estimate for anybody, without an account."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from iotagg.costs.estimate import Options, Traffic, estimate, lines, total
from iotagg.costs.prices import OWN, read_prices

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Command

WITHOUT_AWS = """
import sys
sys.modules |= dict.fromkeys(("boto3", "botocore", "pynamodb"))
from iotagg.cli.main import main
sys.exit(main(["cost", "--json"]))
"""


def test_it_prints_the_traffic_every_item_the_total_and_how_old_the_prices_are(run: Command) -> None:
    result = run("cost")
    items = estimate(Traffic.of_devices(15), Options(), read_prices())
    first, _, *table, _, last = result.out.splitlines()
    assert first == "1 site; each day 1 file, 30,000 rows, 630 pair-days; month 12"
    assert table == lines(items)
    assert last == f"{read_prices().note}."
    assert (result.code, result.err) == (0, "")


def test_as_json_it_is_an_object_for_each_item_and_one_for_the_total(run: Command) -> None:
    *items, whole = run("cost", "--pair-days", 1e6, "--region", "ap-south-1", "--json").objects()
    assert all({"service", "what", "quantity", "unit", "price"} <= item.keys() for item in items)
    assert whole["total"] is True
    assert whole["usd_per_month"] == sum(item["usd_per_month"] for item in items)
    assert whole["usd_after_free_tier"] == sum(item["usd_after_free_tier"] for item in items)
    assert (whole["asked"], whole["region"]) == ("ap-south-1", "eu-west-1")
    assert whole["noted"] == read_prices().noted


def test_every_option_reaches_the_estimate(run: Command) -> None:
    options = shlex.split(
        "--devices 60 --files 96 --rows 5e5 --months 24 --retention 6 --raw-days forever --log-days 7"
        " --compute both --architecture x86_64 --spot --kms --access-log --region us-west-2"
    )
    traffic = Traffic(4, 96, 5e5, 60 * 42, months_ahead=24, retention_months=6)
    wanted = Options(
        compute="both",
        architecture="x86_64",
        instance="c7g.large spot",
        raw_days=None,
        log_days=7,
        kms=True,
        access_log=True,
    )
    *_, whole = run("cost", *options, "--json").objects()
    assert (whole["usd_per_month"], whole["usd_after_free_tier"]) == total(
        estimate(traffic, wanted, read_prices("us-east-1"))
    )


def test_another_price_file_is_taken(run: Command, tmp_path: Path) -> None:
    fields = json.loads(OWN.read_bytes())
    fields["prices"]["cloudwatch dashboards"]["usd"]["eu-west-1"] = 1_003
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(fields))
    ours, others = (run("cost", "--json", *more).objects()[-1] for more in ((), ("--prices", file)))
    assert others["usd_per_month"] == pytest.approx(ours["usd_per_month"] + 1_000)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--devices", 15, "--pair-days", 9), 2, "--devices and --pair-days exclude each other"),
        (("--files", 0), 2, "'0' is no number above 0 that makes sense here; write it as 1000 or 0.5"),
        (("--rows", "many"), 2, "'many' is no number above 0 that makes sense here"),
        (("--months", "nan"), 2, "'nan' is no number above 0 that makes sense here"),
        (("--raw-days", "-1"), 2, "'-1' is no number above 0 that makes sense here"),
        (("--prices", "none.json"), 1, "none.json: No such file or directory"),
    ],
)
def test_what_makes_no_sense_gets_one_useful_line(
    run: Command, arguments: tuple[object, ...], code: int, said: str
) -> None:
    result = run("cost", *arguments)
    assert result.code == code
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_a_file_that_is_no_price_file_gets_one_useful_line(run: Command, tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text("{}")
    result = run("cost", "--prices", tmp_path / "prices.json")
    assert result.code == 2
    assert "prices.json is no price file; write it as the page Formats of the documentation does" in result.err


def test_it_needs_nothing_of_aws() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_AWS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["total"] is True
