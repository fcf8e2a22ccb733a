// Who has the most: by what, of whom, when, where.

import { short } from "./days.js";
import { h } from "./elements.js";
import { choice, dateField, filters, siteChoice } from "./form.js";
import { device, subject } from "./links.js";
import { count, duration, figure, percent, time } from "./numbers.js";
import { bar, bars } from "./spark.js";
import { empty } from "./states.js";
import { table } from "./table.js";

export const name = "top";
export const path = /^\/top$/;
const BY = [["duration", "Duration"], ["packets", "Packets"], ["flows", "Flows"], ["growth", "Growth"], ["us-per-packet", "µs per packet"]];
const OF = [["pairs", "Pairs"], ["sources", "Sources"], ["destinations", "Destinations"]];
const LIMITS = ["10", "25", "100", "1000"];
const TIMES = new Set(["duration", "growth", "us-per-packet"]);

const asked = (place, key, without) => place.query.get(key) ?? without;
export const title = (place) => `Top ${asked(place, "of", "pairs")}`;

/** Asks for the first of those that the filters leave. */
export async function ask(place, get) {
  const values = Object.fromEntries(["by", "of", "site", "month", "since", "until", "src", "dst"].map((key) => [key, place.query.get(key) ?? ""]));
  const [status, first] = await Promise.all([get(["status"]), get(["top"], { ...values, limit: asked(place, "limit", "25") })]);
  return { status, first };
}

/** Draws them. */
export function draw({ status, first }, place) {
  const by = asked(place, "by", "duration");
  const of = asked(place, "of", "pairs");
  return [
    h("div", { class: "heading" }, h("h1", {}, `Top ${of}`), h("p", { class: "soft" }, first.first_day ? `${short(first.first_day)} to ${short(first.last_day)} ${first.last_day.slice(0, 4)}` : "")),
    filters(place, choice(place, "by", "By", BY, "duration"), choice(place, "of", "Of", OF, "pairs"),
      siteChoice(place, status.sites), dateField(place, "month", "Month", "month", first.last_day?.slice(0, 7) ?? ""),
      choice(place, "limit", "Show", LIMITS, "25")),
    first.items.length ? ranked(first, by, of) : empty("Nothing was counted in that time.", "Choose another month or site."),
  ];
}

function ranked(first, by, of) {
  const most = Number(first.items[0].value) || 1;
  const value = (row) => (TIMES.has(by) ? duration(row.value) : figure(row.value));
  const label = BY.find(([key]) => key === by)?.[1] ?? by;
  const rows = first.items.map((row, at) => ({ ...row, rank: at + 1 }));
  const columns = [
    { head: of === "pairs" ? "Pair" : of === "sources" ? "Source" : "Destination", cell: (row) => who(row, of) },
    { head: "Site", cell: (row) => row.site, narrow: false },
    { head: label, figures: true, cell: value },
    { head: "Beside the first", cell: (row) => bar(Number(row.value) / most), narrow: false, kind: "bars" },
    first.items.some((row) => row.share !== null) ? { head: "Share", figures: true, cell: (row) => percent(row.share), narrow: false } : null,
    by === "growth" ? { head: "Before", figures: true, narrow: false, cell: (row) => duration(row.previous) } : null,
    by === "growth" ? { head: "Times", figures: true, cell: (row) => (row.ratio === null ? "new" : `${count(row.ratio)} ×`) } : null,
    by === "flows" ? null : { head: "Flows", figures: true, narrow: false, cell: (row) => figure(row.flows) },
    by === "packets" ? null : { head: "Packets", figures: true, narrow: false, cell: (row) => figure(row.fwd_packets) },
    { head: "Trend", cell: (row) => bars(row.trend, trend(row, by)) },
  ].filter(Boolean);
  return table(`${of} by ${label}, largest first`, columns, rows, (row) => `${row.site} ${row.src_ip} ${row.dst_ip}`, { hide: true });
}

function who(row, of) {
  if (of === "pairs") return subject(row.site, row.src_ip, row.dst_ip);
  return device(row.site, of === "sources" ? row.src_ip : row.dst_ip);
}

function trend(row, by) {
  const told = TIMES.has(by) ? time : count;
  const values = row.trend.filter((value) => value !== null).map(Number);
  if (!values.length) return "No trend";
  return `From ${row.trend_from}: least ${told(Math.min(...values))}, most ${told(Math.max(...values))}, last ${told(values.at(-1))}`;
}
