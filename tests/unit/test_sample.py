"""The sample generator: what it writes is exact, bounded, repeatable, and shows what it says it planted."""

import csv
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from iotagg.sample import SampleOptions, write_sample, writer
from iotagg.sample.anomalies import plant
from iotagg.sample.chance import Chance, Purpose
from iotagg.sample.features import java_text
from iotagg.sample.network import build_network, newcomers
from iotagg.sample.traffic import ROWS_AT_ONCE

TINY = SampleOptions(days=2, devices=3, rows=50, sites=("lab",), seed=7)
PLANTED = SampleOptions(days=13, rows=2_000, sites=("paris", "tokyo"), anomalies=10, seed=3)
WHOLE_DAYS = [str(PLANTED.first_day + timedelta(days=number)) for number in range(PLANTED.days - 1)]
# From and to how many µs, and the share of flows that last so long.
DURATION_PEAKS = [
    (0, 1_000, 0.033),
    (14_900_000, 15_100_000, 0.042),
    (59_000_000, 61_000_000, 0.016),
    (89_500_000, 91_000_000, 0.228),
    (119_900_000, 120_000_000, 0.06),
]

Totals = Mapping[tuple[str, str], Counter[str]]


class Flow(NamedTuple):
    """The used columns of a row."""

    source: str
    destination: str
    begin: datetime
    duration: int
    packets: int


@dataclass(frozen=True)
class Sample:
    """A written sample: its files, their flows, and what was planted."""

    folder: Path
    flows: dict[Path, list[Flow]]
    anomalies: list[dict[str, str]]

    @property
    def paths(self) -> list[Path]:
        return list(self.flows)

    def totals(self, site: str, measure: Callable[[Flow], int] = lambda _: 1) -> Totals:
        """Return each pair's sum of a measure by day; without one, its number of flows."""
        totals: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for flow in (each for path, flows in self.flows.items() if path.parent.name == site for each in flows):
            totals[flow.source, flow.destination][flow.begin.date().isoformat()] += measure(flow)
        return totals

    def planted(self, kind: str) -> list[dict[str, str]]:
        found = [each for each in self.anomalies if each["kind"] == kind]
        assert found
        return found


@cache
def clock(text: str) -> timedelta:
    return datetime.strptime(text, "%I:%M:%S %p") - datetime(1900, 1, 1)  # noqa: DTZ001, DTZ007 - flow CSVs have no zone


@cache
def midnight(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007 - as above


def read(path: Path) -> list[Flow]:
    """Read a file by position, which is what its header promises."""
    header, *lines = path.read_text(encoding="ascii").splitlines()
    assert header.startswith(
        "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,"
    )
    return [flow_of(*line.split(",", 9)) for line in lines]


def flow_of(*cells: str) -> Flow:
    _, source, _, destination, _, _, stamp, duration, packets, _ = cells
    day, time = stamp.split(" ", 1)
    return Flow(source, destination, midnight(day) + clock(time), int(duration), int(packets))


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    *paths, anomalies = write_sample(folder, PLANTED)
    with anomalies.open(newline="", encoding="ascii") as file:
        return Sample(folder, {path: read(path) for path in paths}, list(csv.DictReader(file, strict=True)))


@pytest.fixture(scope="module")
def usual_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Flow]]:
    """Return a file with the options nobody changed."""
    [path] = write_sample(tmp_path_factory.mktemp("usual"), SampleOptions(days=1, sites=("x",)))
    return path, read(path)


def usual(days: Mapping[str, int], but: str) -> float:
    return median(days.get(day, 0) for day in WHOLE_DAYS if day < but)


class TestBytes:
    def test_same_options_same_bytes(self, tmp_path: Path) -> None:
        first, second = (list(write_sample(tmp_path / name, TINY)) for name in ("first", "second"))
        assert digest(first) == digest(second)

    def test_another_seed_gives_other_bytes(self, tmp_path: Path) -> None:
        other = SampleOptions(days=2, devices=3, rows=50, sites=("lab",), seed=8)
        assert digest(list(write_sample(tmp_path / "a", TINY))) != digest(list(write_sample(tmp_path / "b", other)))

    def test_the_bytes_never_change(self, tmp_path: Path) -> None:
        frozen = "1d24adb60e25441fbedfc945b8f3b155b4c233a6ad1dc900ffb762734fb6c272"
        assert digest(list(write_sample(tmp_path, TINY))) == frozen

    def test_the_bytes_never_change_with_anomalies(self, sample: Sample) -> None:
        frozen = "23bb6048cf5a0ad87f76ddbd338293c615cb910f2505e47cf10dc1ec0e00d9ca"
        assert digest([*sample.paths, sample.folder / "anomalies.csv"]) == frozen

    def test_a_file_depends_on_its_own_day_and_site_only(self, tmp_path: Path) -> None:
        alone = SampleOptions(days=1, devices=3, rows=50, sites=("lab",), seed=7)
        among_others = SampleOptions(days=3, devices=3, rows=50, sites=("other", "lab"), seed=7)
        list(write_sample(tmp_path / "alone", alone))
        list(write_sample(tmp_path / "among", among_others))
        name = "lab/data-20221201.csv"
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "among" / name).read_bytes()

    def test_random_numbers_never_change(self) -> None:
        chance = Chance(1, Purpose.FLOWS, "paris", date(2022, 12, 1))
        assert chance.below(1_000_000, 3).tolist() == [913847, 299595, 142410]


class TestFiles:
    def test_one_file_per_site_and_day_then_the_anomalies(self, sample: Sample) -> None:
        days = [f"data-202212{number:02}.csv" for number in range(1, 14)]
        written = [path.relative_to(sample.folder).as_posix() for path in sample.paths]
        assert written == [f"{site}/{day}" for site in PLANTED.sites for day in days]
        assert sorted(sample.folder.rglob("*.csv")) == sorted([*sample.paths, sample.folder / "anomalies.csv"])

    def test_without_anomalies_nothing_is_said_of_them(self, tmp_path: Path) -> None:
        list(write_sample(tmp_path, TINY))
        assert not (tmp_path / "anomalies.csv").exists()

    def test_every_row_has_84_columns_and_ends_in_one_line_feed(self, sample: Sample) -> None:
        for path in sample.paths:
            content = path.read_bytes()
            assert content.isascii()
            assert b"\r" not in content
            assert {line.count(b",") for line in content.removesuffix(b"\n").split(b"\n")} == {83}

    def test_every_file_has_exactly_the_rows_asked_for(self, sample: Sample) -> None:
        assert {len(flows) for flows in sample.flows.values()} == {PLANTED.rows}

    @pytest.mark.parametrize("rows", [1, 2, 23, 24, 25, ROWS_AT_ONCE + 999])
    def test_any_number_of_rows_is_met(self, tmp_path: Path, rows: int) -> None:
        [path] = write_sample(tmp_path, SampleOptions(days=1, rows=rows, devices=2, sites=("x",)))
        assert path.read_bytes().count(b"\n") == rows + 1

    def test_many_devices_have_room(self, tmp_path: Path) -> None:
        options = SampleOptions(days=1, rows=6_000, devices=200, sites=("s" * 64,), seed=2**70)
        [path] = write_sample(tmp_path, options)
        assert len({flow.source for flow in read(path) if flow.source.startswith("192.168.20.")}) > 150


class TestTraffic:
    def test_each_flow_begins_between_23_and_23(self, sample: Sample) -> None:
        for path, flows in sample.flows.items():
            year, month, day = path.stem[5:9], path.stem[9:11], path.stem[11:]
            end = midnight(f"{day}/{month}/{year}").replace(hour=23)
            begins = [flow.begin for flow in flows]
            assert end - timedelta(days=1) <= min(begins) < end - timedelta(hours=23, minutes=50)
            assert end - timedelta(minutes=10) < max(begins) < end

    def test_rows_are_nearly_in_order_of_time(self, sample: Sample) -> None:
        begins = [flow.begin for flow in sample.flows[sample.paths[0]]]
        assert begins != sorted(begins)
        latest = begins[0]
        for each in begins:
            assert latest - each <= timedelta(seconds=121)
            latest = max(latest, each)

    def test_used_columns_hold_plain_whole_numbers_in_range(self, usual_day: tuple[Path, list[Flow]]) -> None:
        path, flows = usual_day
        cells = [cell for line in path.read_text().splitlines()[1:] for cell in line.split(",", 9)[7:9]]
        assert all(re.fullmatch(r"0|[1-9]\d*", cell) for cell in cells)
        assert min(flow.duration for flow in flows) == 0
        assert max(flow.duration for flow in flows) == 120_000_000
        assert min(flow.packets for flow in flows) == 1
        assert 5_000 <= max(flow.packets for flow in flows) <= 16_600

    def test_peers_are_from_ranges_kept_for_examples(self, sample: Sample) -> None:
        ours = (
            r"192\.168\.20\.\d+|0\.0\.0\.0|255\.255\.255\.255|224\.0\.0\.\d+|239\.255\.255\.250|8\.6\.0\.1|8\.0\.6\.4"
        )
        kept = r"192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+|198\.1[89]\.\d+\.\d+"
        addresses = {address for flows in sample.flows.values() for flow in flows for address in flow[:2]}
        assert not {each for each in addresses if not re.fullmatch(f"{ours}|{kept}", each)}

    def test_a_pair_is_described_once_a_day(self) -> None:
        network = build_network(PLANTED, "paris")
        pairs = [*network.recurring, *newcomers(PLANTED, network, PLANTED.first_day)]
        assert len({(pair.source, pair.destination) for pair in pairs}) == len(pairs)

    def test_newcomers_come_for_one_day(self) -> None:
        network = build_network(PLANTED, "paris")
        days = [PLANTED.first_day + timedelta(days=number) for number in range(-1, 20)]
        daily = [{pair.destination for pair in newcomers(PLANTED, network, day) if not pair.is_reply} for day in days]
        assert sum(map(len, daily)) == len(set().union(*daily))

    def test_durations_have_the_peaks_of_a_flow_meter(self, usual_day: tuple[Path, list[Flow]]) -> None:
        _, flows = usual_day
        for low, high, share in DURATION_PEAKS:
            inside = sum(low <= flow.duration <= high for flow in flows)
            assert inside / len(flows) == pytest.approx(share, rel=0.25)

    def test_the_shape_is_that_of_a_home_of_things(self, usual_day: tuple[Path, list[Flow]]) -> None:
        path, flows = usual_day
        pairs = Counter((flow.source, flow.destination) for flow in flows)
        assert pairs["8.6.0.1", "8.0.6.4"] == pytest.approx(0.03 * len(flows), rel=0.05)
        assert pairs["0.0.0.0", "255.255.255.255"] > 0  # noqa: S104 - how a device without address calls
        assert 550 <= len(pairs) <= 900
        assert sum(not source.startswith(("192.168.", "8.", "0.")) for source, _ in pairs) / len(pairs) > 0.2
        assert median(flow.packets for flow in flows) == 4
        assert 500 <= path.stat().st_size / len(flows) <= 600

    def test_two_devices_have_most_of_the_peers(self, usual_day: tuple[Path, list[Flow]]) -> None:
        met = {flow[:2] for flow in usual_day[1] if flow.source.startswith("192.168.20.")}
        fan_out = Counter(source for source, _ in met)
        assert sum(count for _, count in fan_out.most_common(2)) / fan_out.total() == pytest.approx(0.6, abs=0.05)

    @pytest.mark.parametrize(("rests", "ratio"), [(True, 0.45), (False, 1.0)])
    def test_people_rest_at_the_weekend_and_machines_do_not(self, sample: Sample, rests: bool, ratio: float) -> None:
        pairs = build_network(PLANTED, "paris").recurring
        totals = sample.totals("paris")
        flows: Counter[str] = Counter()
        for pair in (each for each in pairs if (each.behaviour.rhythm.weekend < 100) == rests):
            flows.update(totals[pair.source, pair.destination])
        assert flows["2022-12-04"] / flows["2022-12-06"] == pytest.approx(ratio, abs=0.1)


class TestAnomalies:
    def test_every_kind_is_planted_in_every_site(self, sample: Sample) -> None:
        assert Counter(each["site"] for each in sample.anomalies) == {"paris": 5, "tokyo": 5}
        assert set(Counter(each["kind"] for each in sample.anomalies).values()) == {2}
        assert {each["day"] for each in sample.anomalies} <= set(WHOLE_DAYS[7:])
        assert all(each["detail"] for each in sample.anomalies)

    @pytest.mark.parametrize("measure", [lambda _: 1, attrgetter("duration"), attrgetter("packets")])
    def test_a_surge_is_about_ten_times_the_usual(self, sample: Sample, measure: Callable[[Flow], int]) -> None:
        for event in sample.planted("surge"):
            days = sample.totals(event["site"], measure)[event["src_ip"], event["dst_ip"]]
            assert 6 <= days[event["day"]] / usual(days, event["day"]) <= 14

    def test_a_drop_leaves_little(self, sample: Sample) -> None:
        for event in sample.planted("drop"):
            days = sample.totals(event["site"])[event["src_ip"], event["dst_ip"]]
            assert 1 <= days[event["day"]] <= 0.4 * usual(days, event["day"])

    def test_a_silent_pair_is_there_before_and_never_after(self, sample: Sample) -> None:
        for event in sample.planted("silent"):
            days = sample.totals(event["site"])[event["src_ip"], event["dst_ip"]]
            assert all(days[day] for day in WHOLE_DAYS if day < event["day"])
            assert not [day for day in days if day >= event["day"] and days[day]]

    def test_a_new_pair_is_there_on_its_day_only_and_heavy(self, sample: Sample) -> None:
        for event in sample.planted("new-pair"):
            pair = event["src_ip"], event["dst_ip"]
            totals = sample.totals(event["site"], attrgetter("packets"))
            assert set(totals[pair]) == {event["day"]}
            new = [days[event["day"]] for days in totals.values() if set(days) == {event["day"]}]
            assert totals[pair][event["day"]] == max(new)

    def test_a_fan_out_reaches_a_hundred_new_peers(self, sample: Sample) -> None:
        for event in sample.planted("fan-out"):
            assert event["dst_ip"] == ""
            totals = sample.totals(event["site"])
            new = Counter(
                next(iter(days)) for (source, _), days in totals.items() if source == event["src_ip"] and len(days) == 1
            )
            assert new.pop(event["day"]) >= 100
            assert max(new.values(), default=0) < 20

    @pytest.mark.parametrize("sites", [("a",), ("a", "b", "c", "d", "e"), ("a", "b", "c", "d", "e", "f", "g")])
    def test_as_many_as_allowed_can_be_planted(self, sites: tuple[str, ...]) -> None:
        options = SampleOptions(days=60, rows=2_000, devices=2, sites=sites, anomalies=20 * len(sites))
        for site in sites:
            events = plant(options, build_network(options, site))
            assert set(Counter(each.kind for each in events).values()) == {4}
            pairs = [(each.source, each.destination) for each in events if each.destination]
            assert len(set(pairs)) == len(pairs)

    def test_a_fan_out_shows_in_large_files_too(self) -> None:
        options = SampleOptions(days=9, rows=4 * ROWS_AT_ONCE, sites=("a", "b", "c", "d", "e"), anomalies=5)
        [event] = plant(options, build_network(options, "e"))
        pairs = event.added
        assert event.kind == "fan-out"
        assert sum(pair.weight for pair in pairs) * options.rows / 10**9 == pytest.approx(600, rel=0.01)


class TestOptions:
    @pytest.mark.parametrize(
        ("wish", "sentence"),
        [
            ({"days": 0}, "at least 1 day"),
            ({"devices": 1}, "2 to 200 devices"),
            ({"devices": 201}, "2 to 200 devices"),
            ({"rows": 0}, "at least 1 row"),
            ({"sites": ()}, "at least one site"),
            ({"sites": ("paris", "Paris")}, "named once"),
            ({"sites": ("",)}, "cannot name a site"),
            ({"sites": ("..",)}, "cannot name a site"),
            ({"sites": ("a/b",)}, "cannot name a site"),
            ({"sites": ("a\n",)}, "cannot name a site"),
            ({"sites": ("é",)}, "cannot name a site"),
            ({"sites": ("x" * 65,)}, "cannot name a site"),
            ({"sites": ("anomalies.csv",)}, "cannot name a site"),
            ({"anomalies": -1}, "0 or more"),
            ({"anomalies": 1, "days": 8}, "at least 9 days"),
            ({"anomalies": 1, "rows": 1_999}, "2000 rows"),
            ({"anomalies": 41}, "At most 40"),
            ({"seed": -1}, "0 or more"),
            ({"first_day": date.min}, "calendar"),
            ({"first_day": date(9999, 12, 31)}, "calendar"),
        ],
    )
    def test_nonsense_is_refused_in_one_sentence(self, wish: dict[str, Any], sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence) as refusal:
            SampleOptions(**wish)
        assert re.fullmatch(r"[^\n]+\.", str(refusal.value))

    def test_the_ends_of_the_calendar_can_be_used(self, tmp_path: Path) -> None:
        [path] = write_sample(tmp_path, SampleOptions(days=1, rows=48, sites=("x",), first_day=date(1, 1, 2)))
        assert path.name == "data-00010102.csv"
        assert {flow.begin.date() for flow in read(path)} == {date(1, 1, 1), date(1, 1, 2)}


class TestInterruption:
    def test_nothing_is_written_before_the_first_file_is_asked_for(self, tmp_path: Path) -> None:
        write_sample(tmp_path / "never", TINY)
        assert not (tmp_path / "never").exists()

    def test_a_consumer_that_stops_early_leaves_whole_files(self, tmp_path: Path) -> None:
        files = write_sample(tmp_path, TINY)
        first = next(iter(files))
        assert isinstance(files, Iterator)
        files.close()  # type: ignore[attr-defined]  # a generator, by its nature
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == [first]
        assert len(read(first)) == TINY.rows

    def test_a_failure_in_the_middle_of_a_file_leaves_no_part_of_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files = write_sample(tmp_path, TINY)
        [first] = islice(files, 1)
        monkeypatch.setattr(writer, "draw_flows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            next(files)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == [first]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.0, "0.0"),
        (0.5, "0.5"),
        (0.001, "0.001"),
        (0.00025, "2.5E-4"),
        (9_999_999.5, "9999999.5"),
        (10_000_000.0, "1.0E7"),
        (120_000_000.0, "1.2E8"),
        (45_000_947.0, "4.5000947E7"),
    ],
)
def test_numbers_are_written_as_the_flow_meter_writes_them(number: float, text: str) -> None:
    assert java_text(number) == text
