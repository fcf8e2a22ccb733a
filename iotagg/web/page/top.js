// Who has the most: by what, of whom, when, where.

import { address } from "./api.js";
import { covered, short, spoken } from "./days.js";
import { download } from "./download.js";
import { h } from "./elements.js";
import { choice, dateField, filters, siteChoice } from "./form.js";
import { device, siteBelow, subject } from "./links.js";
import { count, duration, figure, percent, time } from "./numbers.js";
import { bar, bars } from "./spark.js";
import { empty } from "./states.js";
import { table } from "./table.js";

export const name = "top";
export const path = /^\/top$/;
const BY = [["duration", "Duration"], ["packets", "Packets"], ["flows", "Flows"], ["growth", "Growth"], ["us-per-packet", "Time per packet"]];
const OF = [["pairs", "Pairs"], ["sources", "Sources"], ["destinations", "Destinations"]];
const LIMITS = ["10", "25", "100", "1000"];
const TIMES = new Set(["duration", "growth", "us-per-packet"]);

const asked = (place, key, without) => place.query.get(key) ?? without;
export const title = (place) => `Top ${asked(place, "of", "pairs")}`;

/** Asks for the first of those that the filters leave. */
export async function ask(place, get) {
  const values = Object.fromEntries(["by", "of", "site", "month", "since", "until", "src", "dst"].map((key) => [key, place.query.get(key) ?? ""]));
  const [status, me, first] = await Promise.all([get(["status"]), get(["me"]), get(["top"], { ...values, limit: asked(place, "limit", "25") })]);
  const sites = values.by === "growth" ? (await get(["sites"])).items : [];
  return { status, me, first, began: new Map(sites.map((site) => [site.site, site.first_day])) };
}

/** Draws them. */
export function draw({ status, me, first, began }, place) {
  const by = asked(place, "by", "duration");
  const of = asked(place, "of", "pairs");
  return [
    h("div", { class: "heading" }, h("h1", {}, `Top ${of}`), h("p", { class: "soft" }, first.first_day ? `${covered(first, status)} ${first.last_day.slice(0, 4)}` : "")),
    filters(place, choice(place, "by", "By", BY, "duration"), choice(place, "of", "Of", OF, "pairs"),
      siteChoice(place, status.sites), dateField(place, "month", "Month", "month", first.last_day?.slice(0, 7) ?? ""),
      choice(place, "limit", "Show", LIMITS, "25")),
    me.may_export && of === "pairs" && first.items.length ? h("p", { class: "soft" }, allPairs(place)) : null,
    first.items.length ? ranked(first, by, of, began) : empty("Nothing was counted in that time.", "Choose another month or site."),
  ];
}

// Each pair's days, as iotagg export prints them; what is largest is a part of it.
function allPairs(place) {
  const url = address(["export.csv"], { site: place.query.get("site") });
  return h("a", { href: url, onclick: (event) => download(event, url, "iotagg.csv") }, "All pairs as CSV");
}

// Growth over a span that a site's files do not fill says how short that was, and nothing of the pair.
function growth(row, began) {
  const since = began.get(row.site);
  if (since > row.trend_from) return h("span", { class: "soft", title: `The files of ${row.site} begin on ${spoken(since)}: the time before is not whole` }, `files since ${short(since)}`);
  return row.ratio === null ? "new" : `${count(row.ratio)} ×`;
}

function ranked(first, by, of, began) {
  const most = Number(first.items[0].value) || 1;
  const value = (row) => (TIMES.has(by) ? duration(row.value) : figure(row.value));
  const label = BY.find(([key]) => key === by)?.[1] ?? by;
  const rows = first.items.map((row, at) => ({ ...row, rank: at + 1 }));
  const columns = [
    { head: of === "pairs" ? "Pair" : of === "sources" ? "Source" : "Destination", cell: (row) => [who(row, of), siteBelow(row.site)] },
    { head: "Site", cell: (row) => row.site, narrow: false },
    { head: label, figures: true, cell: value },
    { head: "Beside the first", cell: (row) => bar(Number(row.value) / most), narrow: false, kind: "bars" },
    first.items.some((row) => row.share !== null) ? { head: "Share", figures: true, cell: (row) => percent(row.share), narrow: false } : null,
    by === "growth" ? { head: "Before", figures: true, narrow: false, cell: (row) => duration(row.previous) } : null,
    by === "growth" ? { head: "Times", figures: true, cell: (row) => growth(row, began) } : null,
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
