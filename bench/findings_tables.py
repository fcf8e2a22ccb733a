"""What was found about findings, as tables: each takes all results, and shows those that it is about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.findings_planted import EFFECTS, ENOUGH, HISTORIES, SURGE
from bench.report import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Found = dict[str, Any]

BANDS = tuple(str(band) for band in HISTORIES)
OF_ENOUGH = tuple(str(band) for band in HISTORIES if band[0] >= ENOUGH)
IN_WORDS = dict(zip(BANDS, ("7 to 13 days", "14 to 27 days", "28 to 60 days"), strict=True))
LARGE = 4
PREVALENCE = 1 / 1_000
_MOST_A_DAY = 5
_SHOWN = (3, 4, 5, 6, 8)


def only(found: Iterable[Found], what: str, **wanted: object) -> list[Found]:
    """Return the results of a kind that have what is wanted."""
    return [each for each in found if each["what"] == what and all(each[name] == wanted[name] for name in wanted)]


def share(events: Sequence[Found]) -> float | None:
    """Return the share of planted events that were found, of 1; None where there were none."""
    planted = sum(each["events"] for each in events)
    return sum(each["found"] for each in events) / planted if planted else None


def of_effects(found: Sequence[Found], *, harsh: bool) -> list[Found]:
    """Return what is known of planted surges and drops that are worth a word and have enough of a past."""
    return [each for each in only(found, "planted", harsh=harsh, worth=True) if each["history"] in OF_ENOUGH]


def recall(found: Sequence[Found], *, harsh: bool) -> Table:
    """Return recall by effect size."""
    events = of_effects(found, harsh=harsh)
    small = only(found, "planted", harsh=harsh, worth=False)
    rows = []
    for name, wanted in (
        *((str(effect), (lambda each, e=effect: each == e)) for effect in EFFECTS),
        (f"{LARGE} and more", _large),
    ):
        here = [each for each in events if wanted(each["effect"])]
        too_small = [each for each in small if wanted(each["effect"]) and each["history"] in OF_ENOUGH]
        surges, drops = _parted(here)
        number, left = (sum(each["events"] for each in some) for some in (here, too_small))
        rows.append((name, number, share(surges), share(drops), share(here), left, share(too_small)))
    header = (
        "deviations",
        "events",
        "surges found",
        "drops found",
        "all found",
        "too small for a word",
        "of those told",
    )
    return Table("Recall by effect size, at least 14 days of history", header, rows)


def _parted(events: Sequence[Found]) -> tuple[list[Found], list[Found]]:
    surges = [each for each in events if each["direction"] == SURGE]
    return surges, [each for each in events if each["direction"] != SURGE]


def _large(effect: int) -> bool:
    return effect >= LARGE


def histories(found: Sequence[Found]) -> Table:
    """Return recall and findings by the days of history."""
    rows = []
    for band in BANDS:
        events = only(found, "planted", harsh=False, worth=True, history=band)
        at, above = ([each for each in events if wanted(each["effect"])] for wanted in (lambda e: e == LARGE, _large))
        rows.append((IN_WORDS[band], share(at), share(above), *_said(found, (band,), harsh=False)))
    header = (
        "observed days before",
        f"recall at {LARGE}",
        f"at {LARGE} and more",
        "normal pair-days",
        "findings",
        "a thousand",
    )
    return Table("By the days of history", header, rows)


def _said(found: Sequence[Found], bands: Sequence[str], *, harsh: bool) -> tuple[int, int, float]:
    normal = only(found, "normal", harsh=harsh)
    days = sum(each["days"][band] for each in normal for band in bands)
    said = sum(each["said"].get(f"{kind} {band}", 0) for each in normal for band in bands for kind in ("surge", "drop"))
    return days, said, 1000 * said / days


def normal(found: Sequence[Found]) -> Table:
    """Return what is said about normal days."""
    rows: list[tuple[object, ...]] = []
    for name, harsh in (("sways as the sample's", False), ("harsh sways", True)):
        days, said, thousand = _said(found, OF_ENOUGH, harsh=harsh)
        of_traffic = only(found, "normal", harsh=harsh)
        all_said = sum((Counter(each["said"]) for each in of_traffic), Counter[str]())
        back, ended = all_said["silent, but it came back"], all_said["silent, and it had ended"]
        rows.append((name, days, said, thousand, 1000 * back / days, ended, all_said["new-pair"], all_said["fan-out"]))
    header = (
        "traffic",
        "pair-days",
        "surges, drops",
        "a thousand",
        "silent, came back, a thousand",
        "silent, ended",
        "new pairs",
        "bursts",
    )
    return Table("Normal days with at least 14 days of history", header, rows)


def per_day(found: Sequence[Found]) -> Table:
    """Return how many findings a site has on a day."""
    rows = []
    for name, harsh in (("sways as the sample's", False), ("harsh sways", True)):
        for told, words in (("plain", "plain"), ("folded", "folded by cause"), ("told", "as told")):
            days = sorted(number for each in only(found, "normal", harsh=harsh) for number in each[told])
            over = sum(number > _MOST_A_DAY for number in days)
            rows.append(
                (f"{name}, {words}", len(days), sum(days) / len(days), days[len(days) * 95 // 100], days[-1], over)
            )
    header = ("traffic", "site-days", "mean", "95 % of days have at most", "most", f"days with more than {_MOST_A_DAY}")
    return Table("Findings of a site on a day", header, rows)


def precision(found: Sequence[Found]) -> Table:
    """Return the precision where one pair-day in a thousand is unusual."""
    rows = []
    for effect in (each for each in EFFECTS if _large(each)):
        row: list[object] = [str(effect)]
        for harsh in (False, True):
            hit = share([each for each in of_effects(found, harsh=harsh) if each["effect"] == effect]) or 0.0
            right = PREVALENCE * hit
            row.append(
                right / (right + (1 - PREVALENCE) * _said(found, OF_ENOUGH, harsh=harsh)[2] / 1000) if right else None
            )
        rows.append(row)
    return Table(
        "Precision where one pair-day in 1,000 is unusual", ("deviations", "sways as the sample's", "harsh sways"), rows
    )


def beside(found: Sequence[Found], *, harsh: bool) -> Table:
    """Return iotagg beside other ways, at equal recall and at equal findings."""
    rows: list[tuple[object, ...]] = []
    for each in only(found, "compared", harsh=harsh):
        by_effect = {int(effect): part for effect, part in each["recall"].items()}
        rows.append(
            (each["way"], each["at"], each.get("limit"), each["said"], *(by_effect.get(effect) for effect in _SHOWN))
        )
    header = (
        "way",
        "at",
        "from a score of",
        "findings a thousand normal days",
        *(f"recall at {effect}" for effect in _SHOWN),
    )
    return Table("Harsh sways" if harsh else "Sways as the sample's", header, rows)
