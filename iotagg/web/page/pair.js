// A pair, day by day, and the way back beside it: bars, what is usual, which days stand out, and all figures as a table.

import { address, Problem } from "./api.js";
import { partOnly } from "./baseline.js";
import { chart } from "./chart.js";
import { isDay, later, short } from "./days.js";
import { download } from "./download.js";
import { h, plain } from "./elements.js";
import { KINDS, unfolded } from "./findings.js";
import { choice, dateField, filters } from "./form.js";
import { device, pairAddress } from "./links.js";
import { count, figure, METRICS } from "./numbers.js";
import { go, withQuery } from "./router.js";
import { silentSince } from "./silence.js";
import { empty } from "./states.js";
import { table } from "./table.js";
import { apart, usual } from "./usual.js";

export const name = "pair";
export const path = /^\/pairs\/([^/]+)\/([^/]+)$/;
export const title = ({ parts: [source, destination] }) => `${plain(source)} → ${plain(destination)}`;

const SILENT_DAYS = 60; // so much of a silence is drawn; more would leave nothing to see of the days before

const nothing = (problem) => {
  if (problem.status !== 404) throw problem;
  return { items: [] };
};

/** Asks for the days of both directions, and for what stands out in them. */
export async function ask(place, get) {
  const [source, destination] = place.parts;
  const range = { since: place.query.get("since"), until: place.query.get("until") };
  const ways = [[source, destination], [destination, source]];
  const whole = await Promise.all(ways.map((way) => get(["pairs", ...way]).catch(nothing)));
  const sites = [...new Set(whole.flatMap(({ items }) => items.map((each) => each.site)))];
  if (!sites.length) throw new Problem(404, "Not seen", `${source} and ${destination} never sent anything to each other.`);
  const site = place.query.get("site") ?? sites[0];
  const asked = { ...range, site };
  const days = await Promise.all(ways.map((way) => get(["pairs", ...way, "days"], asked).catch(nothing)));
  const summaries = await Promise.all(ways.map((way) => get(["pairs", ...way], asked).catch(nothing)));
  const known = whole.map(({ items }) => items.find((each) => each.site === site));
  const siteDays = (await get(["sites", site, "days"])).items;
  const ends = days.flatMap(({ items }) => items.map((each) => each.day)).sort();
  const first = range.since ?? ends[0];
  const last = lastDrawn(range.until, known, siteDays);
  const findings = ends.length && first <= last ? await get(["anomalies"], { site, since: first, until: last, singly: "true" }) : { items: [] };
  return { sites, site, first, last, parts: partOnly(siteDays), findings: findings.items.flatMap(unfolded),
    halves: ways.map((way, at) => ({ way, days: days[at].items, summary: summaries[at].items[0] ?? null, silent: silentSince(known[at], siteDays) })) };
}

// To the newest day of the site, so that a pair that has gone silent looks so.
function lastDrawn(until, known, siteDays) {
  const seen = known.map((pair) => pair?.last_day ?? "").sort().at(-1);
  const newest = [later(seen, SILENT_DAYS), siteDays.at(-1)?.day ?? seen].sort()[0];
  return until && (!isDay(until) || until < newest) ? until : newest;
}

/** Draws them. */
export function draw(found, place) {
  const metric = METRICS[place.query.get("metric")] ?? METRICS.duration;
  const [source, destination] = place.parts;
  const most = Math.max(...found.halves.flatMap(({ days }) => days.map((day) => Number(day[metric.key]))), 0);
  const labels = Object.entries(METRICS).map(([key, { label }]) => [key, label]);
  return [
    h("div", { class: "heading" }, h("h1", { class: "pair-title" }, device(found.site, source), h("span", { class: "arrow" }, " → "), device(found.site, destination)),
      h("p", { class: "soft" }, `at ${found.site}`)),
    filters(place, choice(place, "metric", "Show", labels, "duration"),
      found.sites.length > 1 ? choice(place, "site", "Site", found.sites, found.site) : null,
      dateField(place, "since", "From", "date", found.first), dateField(place, "until", "To", "date", found.last),
      place.query.get("since") || place.query.get("until") ? h("a", { class: "button", href: withQuery(place, { since: "", until: "" }) }, "All days") : null),
    h("div", { class: found.halves.every(({ days }) => days.length) ? "two" : "one" }, found.halves.map((half) => direction(half, found, place, metric, most))),
    h("section", { class: "card", "aria-labelledby": "exact-days" }, h("h2", { id: "exact-days" }, "All figures"), exactTable(found, metric)),
  ];
}

function direction({ way: [from, to], days, summary, silent }, found, place, metric, most) {
  const asked = { site: found.site, since: place.query.get("since"), until: place.query.get("until") };
  const head = h("h2", {}, h("a", { href: pairAddress(from, to, { ...asked, metric: place.query.get("metric") }), class: "address" }, `${plain(from)} → ${plain(to)}`));
  if (!days.length) return h("section", { class: "card", "data-key": from }, head, empty("Nothing flowed this way in these days.", silence(silent)));
  const csv = address(["pairs", from, to, "days.csv"], asked);
  const marked = marks(found.findings, from, to);
  const common = usual(days, metric.key, marked, found.parts, summary);
  return h("section", { class: "card", "data-key": from }, head, silence(silent), facts(summary, metric, common),
    chart({
      label: `${metric.label} a day, ${from} to ${to}`, days: new Map(days.map((day) => [day.day, day[metric.key]])),
      first: isDay(found.first) ? found.first : days[0].day, last: isDay(found.last) ? found.last : days.at(-1).day, most,
      mean: common.mean, deviation: common.deviation, partly: common.partly, told: metric.told, ticks: metric.ticks, unit: metric.unit, marked,
      zoomed: (since, until) => go(withQuery(place, { since, until })),
    }),
    h("p", { class: "legend soft" },
      h("span", { class: "keyed" }, h("i", { class: "key band" }), h("span", {}, `mean ± 1 deviation of ${whose(common)}`)),
      h("span", { class: "keyed" }, marked.size ? h("i", { class: "key mark", "aria-hidden": "true" }, "▼") : null,
        h("span", {}, ["no day stands out", "1 day stands out"][marked.size] ?? `${marked.size} days stand out`)),
      h("a", { class: "csv", href: csv, onclick: (event) => download(event, csv, `${from}-${to}.csv`) }, "CSV")));
}

function silence(since) {
  return since ? h("p", { class: "reason" }, h("span", { "aria-hidden": "true" }, "▲ "), `silent since ${short(since)} ${since.slice(0, 4)}`) : null;
}

function whose({ count: days, odd, left }) {
  const all = days === 1 ? "1 day" : `${count(days)} days`;
  const out = [[odd, "stands out", "stand out"], [left - odd, "is not whole", "are not whole"]]
    .filter(([times]) => times).map(([times, one, more]) => `the ${count(times)} that ${times === 1 ? one : more}`);
  return out.length ? `${all}, without ${out.join(" and ")}` : `these ${all}`;
}

function facts(summary, metric, common) {
  const fact = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, figure(value, metric.told, metric.unit)));
  const plainly = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, figure(value)));
  const more = metric.key !== "flows";
  return h("dl", { class: "facts" }, plainly("Days", summary.days), plainly("Flows", summary.flows),
    more ? fact("Total", summary[metric.key]) : null, fact("Mean a day", common.mean), fact("Deviation", common.deviation),
    more ? fact("A flow", summary[`${metric.key}_per_flow_mean`]) : null);
}

function marks(findings, from, to) {
  const about = findings.filter((each) => each.src_ip === from && (each.dst_ip === to || each.dst_ip === null));
  return new Map(about.map((each) => [each.day, `${KINDS[each.kind] ?? each.kind}: ${plain(each.reason)}`]));
}

function exactTable({ halves, findings, parts }, metric) {
  const rows = halves.flatMap(({ way, days, summary }) => {
    const marked = marks(findings, ...way);
    const common = usual(days, metric.key, marked, parts, summary);
    return days.map((day) => ({ ...day, mark: marked.get(day.day), apart: apart(day.day, day[metric.key], common) }));
  });
  const columns = [
    { head: "Day", cell: (row) => h("time", { class: "nowrap", datetime: row.day }, row.day) },
    { head: "From", cell: (row) => row.src_ip },
    { head: "Flows", figures: true, cell: (row) => figure(row.flows) },
    { head: "Duration", figures: true, cell: (row) => figure(row.flow_duration_us, METRICS.duration.told, " µs") },
    { head: "Packets", figures: true, cell: (row) => figure(row.fwd_packets) },
    { head: `${metric.label} from the mean`, figures: true, narrow: false, cell: (row) => row.apart || "–" },
    { head: "Stands out", narrow: false, cell: (row) => row.mark ?? "" },
  ];
  return h("details", { class: "twin" }, h("summary", {}, `${rows.length} days as a table`),
    table("Each day, both ways", columns, rows, (row) => `${row.src_ip} ${row.day}`, { hide: true }));
}
