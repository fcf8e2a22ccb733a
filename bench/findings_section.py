"""What was found about findings, as a section with its tables and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import findings_other_tables as other_tables
from bench import findings_tables as tables
from bench.findings_planted import EFFECTS, SURGE
from bench.report import Plot, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    Found = dict[str, Any]

_TEXT = """
Sites of {devices} devices with {peers} peers each, watched for {days} days, made by `bench/findings_traffic.py` as
daily totals: what `iotagg sample` makes row by row, with sways from day to day of 1 to 30 %, weekends, Poisson
counts, durations and packets drawn for each flow from the sample's curves (in a quarter of the pairs with a heavy
tail), pairs that drift, pause, begin and end, and devices whose cloud has ever new addresses. Then, as a harder case,
the same with *harsh sways*: of the normal distribution, with a deviation of up to 18 %. The limits were set on
traffic of seed 1. All figures here are of other seeds, a site for each: {seeds}; harsh sways: {harsh_seeds}.

A planted surge or drop is a day that has the mean of the pair's own other days of the same kind (weekend or not),
over *all* of its time, and so many of their sample deviations more or less in each measure. It is judged by the days
before it alone, so an effect of 4 is not a score of 4. Where what is added would not be worth a word by the floors
(see above), it is counted apart, as too small.
"""
_BESIDE = """
The same days, the same window. A *z-score*: the largest of the three measures, from the mean and sample deviation of
the window, weekends and all; once from days of the same kind alone where there are seven, and with the floors of
iotagg. An *EWMA* control chart of each measure (its limits from the window; the largest counts). An *isolation
forest* (100 trees), which learned normal days of seed 1: deviations, ratios and sizes of the measures, and the kind
of day. Each stands out from such a score on that it finds as much as iotagg at an effect of 4 (*equal recall*: fewer
findings are better), or says as much about normal days (*equal findings*: more recall is better). The first is hard
on those that do not tell weekends apart: the last few percent of what was planted lie in pairs with weekends of their
own. A limit of 0 says that a way never finds as much. {without}
"""
_WITHOUT_FOREST = "The isolation forest takes no part: scikit-learn is not installed."


def section(found: Sequence[Found]) -> Section:
    """Return what was found."""
    (scale,) = tables.only(found, "scale")
    seeds = {name: ", ".join(map(str, scale[name])) for name in ("seeds", "harsh_seeds")}
    told = _TEXT.format(**{**scale, **seeds})
    return Section(
        "How often it is right",
        told,
        parts=[_surges(found), _normal_days(found), _beside(found), _other_kinds(found), _of_sample(found)],
    )


def _surges(found: Sequence[Found]) -> Section:
    hard = tables.recall(found, harsh=True)
    shown = [tables.recall(found, harsh=False), type(hard)(f"{hard.title}, harsh sways", hard.header, hard.rows)]
    plot = Plot(
        "recall", "Recall by effect size, worth a word, 14 days of history or more", lambda f: _curves(f, found)
    )
    return Section("Surges and drops", "", [*shown, tables.histories(found)], [plot])


def _normal_days(found: Sequence[Found]) -> Section:
    text = """
Days that nobody touched. Pairs that end for good are rightly told as silent; pairs that pause longer than they used
to, and come back, are not. New pairs are new, but nobody planted them: in this traffic, one pair in seven begins, and
one in ten ends, within the time that is watched."""
    return Section("Normal days", text, [tables.normal(found), tables.per_day(found), tables.precision(found)])


def _beside(found: Sequence[Found]) -> Section:
    forest = any(each["way"] == "isolation forest" for each in tables.only(found, "compared"))
    text = _BESIDE.format(without="" if forest else _WITHOUT_FOREST)
    plot = Plot(
        "beside-others", "Recall by effect size where all say as much about normal days", lambda f: _race(f, found)
    )
    return Section(
        "Beside other ways", text, [tables.beside(found, harsh=False), tables.beside(found, harsh=True)], [plot]
    )


def _other_kinds(found: Sequence[Found]) -> Section:
    clean = [each for each in tables.only(found, "rejects") if not each["share"]]
    files, told = (sum(each[name] for each in clean) for name in ("files", "findings"))
    text = f"Of {files:,} files with their usual rejects, {told} were told."
    return Section("Other kinds", text, [other_tables.silences(found), other_tables.of_devices_and_files(found)])


def _of_sample(found: Sequence[Found]) -> Section:
    (rest,) = tables.only(found, "sample, else")
    text = f"""
`iotagg sample` plants its own stories in files, which went through the reader: {rest["days"]} days of two sites, two
seeds. Beside them, {rest["others"]} findings in {rest["site_days"]} site-days were about something else. New pairs are
planted there at devices that meet new addresses every day, which is what a new pair has to be rare for; pairs of twenty
flows a day and less cannot drop by as much as the floors ask."""
    return Section("Stories of the sample", text, [other_tables.sample(found)])


def _curves(figure: Any, found: Sequence[Found]) -> None:
    axes = figure.subplots()
    for harsh, style in ((False, "o-"), (True, "s--")):
        events = tables.of_effects(found, harsh=harsh)
        for name, rising in (("surges", True), ("drops", False)):
            here = [each for each in events if (each["direction"] == SURGE) == rising]
            points = [(effect, tables.share([e for e in here if e["effect"] == effect])) for effect in EFFECTS]
            known = [(effect, part) for effect, part in points if part is not None]
            label = f"{name}{', harsh sways' if harsh else ''}"
            axes.plot([effect for effect, _ in known], [part for _, part in known], style, label=label)
    axes.axhline(0.95, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="effect in deviations of the pair's days", ylabel="recall", ylim=(0, 1.02), xticks=EFFECTS)
    axes.grid(alpha=0.3)
    axes.legend()


def _race(figure: Any, found: Sequence[Found]) -> None:
    for axes, harsh in zip(figure.subplots(1, 2, sharey=True), (False, True), strict=True):
        for each in tables.only(found, "compared", harsh=harsh):
            if each["at"] != "equal recall":
                by_effect = sorted((int(effect), part) for effect, part in each["recall"].items())
                width = 2.5 if each["way"] == "iotagg" else 1.2
                axes.plot(*zip(*by_effect, strict=True), "o-", markersize=3, linewidth=width, label=each["way"])
        axes.set(
            xlabel="effect in deviations", ylim=(0, 1.02), title="harsh sways" if harsh else "sways as the sample's"
        )
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("recall")
    figure.axes[0].legend(fontsize="small")
