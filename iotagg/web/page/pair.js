// A pair, day by day, and the way back beside it: bars, what is usual, which days stand out, and all figures as a table.

import { address, Problem } from "./api.js";
import { chart } from "./chart.js";
import { isDay } from "./days.js";
import { download } from "./download.js";
import { h, plain } from "./elements.js";
import { KINDS, unfolded } from "./findings.js";
import { choice, dateField, filters } from "./form.js";
import { device, pairAddress } from "./links.js";
import { figure, METRICS } from "./numbers.js";
import { go, withQuery } from "./router.js";
import { empty } from "./states.js";
import { table } from "./table.js";

export const name = "pair";
export const path = /^\/pairs\/([^/]+)\/([^/]+)$/;
export const title = ({ parts: [source, destination] }) => `${plain(source)} → ${plain(destination)}`;

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
  const ends = days.flatMap(({ items }) => items.map((each) => each.day)).sort();
  const first = range.since ?? ends[0];
  const last = range.until ?? ends.at(-1);
  const findings = ends.length ? await get(["anomalies"], { site, since: first, until: last, singly: "true" }) : { items: [] };
  const known = whole.flatMap(({ items }) => items).filter((each) => each.site === site);
  return { ways, sites, site, first, last, known, findings: findings.items.flatMap(unfolded),
    halves: ways.map((way, at) => ({ way, days: days[at].items, summary: summaries[at].items[0] ?? null })) };
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
    h("section", { class: "card", "aria-labelledby": "exact-days" }, h("h2", { id: "exact-days" }, "All figures"), exactTable(found)),
  ];
}

function direction({ way: [from, to], days, summary }, found, place, metric, most) {
  const asked = { site: found.site, since: place.query.get("since"), until: place.query.get("until") };
  const head = h("h2", {}, h("a", { href: pairAddress(from, to, { ...asked, metric: place.query.get("metric") }), class: "address" }, `${plain(from)} → ${plain(to)}`));
  if (!days.length) return h("section", { class: "card", "data-key": from }, head, empty("Nothing flowed this way in these days."));
  const csv = address(["pairs", from, to, "days.csv"], asked);
  const marked = marks(found.findings, from, to);
  return h("section", { class: "card", "data-key": from }, head, facts(summary, metric),
    chart({
      label: `${metric.label} a day, ${from} to ${to}`, days: new Map(days.map((day) => [day.day, day[metric.key]])),
      first: isDay(found.first) ? found.first : days[0].day, last: isDay(found.last) ? found.last : days.at(-1).day, most,
      mean: mean(days, summary, metric), deviation: deviation(days, summary, metric), told: metric.told, ticks: metric.ticks, unit: metric.unit, marked,
      zoomed: (since, until) => go(withQuery(place, { since, until })),
    }),
    h("p", { class: "legend soft" }, h("i", { class: "key band" }), " mean ± 1 deviation ", h("i", { class: "key mark", "aria-hidden": "true" }, "▼"), ["no day stands out", "1 day stands out"][marked.size] ?? `${marked.size} days stand out`,
      h("a", { class: "csv", href: csv, onclick: (event) => download(event, csv, `${from}-${to}.csv`) }, "CSV")));
}

// Flows have no statistics in an export, and so are reckoned here; the others are the server's, exact.
function mean(days, summary, metric) {
  if (metric.key !== "flows") return summary[`${metric.key}_mean`];
  return days.reduce((sum, day) => sum + Number(day.flows), 0) / days.length;
}

function deviation(days, summary, metric) {
  if (metric.key !== "flows") return summary[`${metric.key}_stddev`];
  if (days.length < 2) return null;
  const middle = mean(days, summary, metric);
  return Math.sqrt(days.reduce((sum, day) => sum + (Number(day.flows) - middle) ** 2, 0) / (days.length - 1));
}

function facts(summary, metric) {
  const fact = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, value));
  const told = (key) => figure(summary[`${metric.key}_${key}`], metric.told, metric.unit);
  return h("dl", { class: "facts" }, fact("Days", figure(summary.days)), fact("Flows", figure(summary.flows)),
    metric.key === "flows" ? null : [fact("In all", figure(summary[metric.key], metric.told, metric.unit)), fact("A day", told("mean")), fact("Deviation", told("stddev")), fact("A flow", told("per_flow_mean"))]);
}

function marks(findings, from, to) {
  const about = findings.filter((each) => each.src_ip === from && (each.dst_ip === to || each.dst_ip === null));
  return new Map(about.map((each) => [each.day, `${KINDS[each.kind] ?? each.kind}: ${plain(each.reason)}`]));
}

function exactTable({ halves, findings }) {
  const rows = halves.flatMap(({ way, days }) => days.map((day) => ({ ...day, mark: marks(findings, ...way).get(day.day) })));
  const columns = [
    { head: "Day", cell: (row) => h("time", { class: "nowrap", datetime: row.day }, row.day) },
    { head: "From", cell: (row) => row.src_ip },
    { head: "Flows", figures: true, cell: (row) => figure(row.flows) },
    { head: "Duration", figures: true, cell: (row) => figure(row.flow_duration_us, METRICS.duration.told, " µs") },
    { head: "Packets", figures: true, cell: (row) => figure(row.fwd_packets) },
    { head: "Stands out", narrow: false, cell: (row) => row.mark ?? "" },
  ];
  return h("details", { class: "twin" }, h("summary", {}, `${rows.length} days as a table`),
    table("Each day, both ways", columns, rows, (row) => `${row.src_ip} ${row.day}`, { hide: true }));
}
