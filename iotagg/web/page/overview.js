// The first look: is today normal, is everything counted, what is worst, who has the most.

import { askPages } from "./api.js";
import { baseline } from "./baseline.js";
import { covered, later, spoken, short } from "./days.js";
import { h, hidden } from "./elements.js";
import { about, severity, told, worst } from "./findings.js";
import { siteBelow, subject } from "./links.js";
import { count, duration, figure } from "./numbers.js";
import { bars, beside } from "./spark.js";
import { empty } from "./states.js";
import { table } from "./table.js";

export const name = "overview";
export const path = /^\/$/;
export const title = () => "Overview";

const DAYS = 28;
const WEEK = 7;
const FEW = 6;
const FIRST_SITES = 12;

/** Asks for what all sites come to, and for the days of those that are shown. */
export async function ask(place, get) {
  const [status, sites, first] = await Promise.all([
    get(["status"]), askPages(["sites"]), get(["top"], { by: "duration", limit: FEW }),
  ]);
  if (!status.last_day) return { status };
  const since = later(status.last_day, 1 - WEEK);
  const ordered = sites.items.sort((one, other) => (one.state === "fine") - (other.state === "fine"));
  const shown = place.query.get("sites") === "all" ? ordered : ordered.slice(0, FIRST_SITES);
  const [findings, ...days] = await Promise.all([get(["anomalies"], { since }), ...shown.map((site) => daysOf(get, site))]);
  return { status, sites: ordered, shown, days, findings: findings.items.sort(worst), since, first };
}

async function daysOf(get, site) {
  if (!site.last_day) return [];
  const since = later(site.last_day, -DAYS);
  return (await get(["sites", site.site, "days"], { since, until: site.last_day })).items;
}

/** Draws it. */
export function draw(found, place) {
  const { status } = found;
  const head = h("h1", {}, "Overview");
  if (!status.last_day) {
    return [head, empty("Nothing is counted yet.", h("a", { href: "/upload" }, "Upload flow CSVs"), ", or let ", h("code", {}, "iotagg upload --site paris FOLDER"), " do so.")];
  }
  return [
    h("div", { class: "heading" }, head, h("p", { class: "soft" }, `${spoken(status.first_day)} to ${spoken(status.last_day)}`)),
    tiles(found),
    h("section", { class: "card", "aria-labelledby": "today" }, h("h2", { id: "today" }, "Newest day beside the days before"), today(found), more(found, place)),
    h("div", { class: "two" }, worstOf(found), largest(found)),
  ];
}

function tiles({ status, sites }) {
  const waiting = sites.reduce((sum, site) => sum + (site.pending ?? 0), 0);
  const { counted = 0, refused = 0, pending = 0 } = status.files;
  const tile = (label, value, note, kind) => h("div", { class: kind ? `tile ${kind}` : "tile" }, h("dt", {}, label), h("dd", {}, value, note ? h("small", {}, note) : null));
  const files = (state, number) => h("a", { href: `/files?state=${state}` }, figure(number));
  return h("dl", { class: "tiles" },
    tile("Flows", figure(status.flows)),
    tile("Counted files", files("counted", counted)),
    tile("Pending files", files("pending", pending || waiting), null, pending || waiting ? "warn" : null),
    tile("Refused files", files("refused", refused), null, refused ? "bad" : null),
    tile("Rejected lines", figure(status.rejected), share(status), Number(status.rejected) ? "warn" : null));
}

function share({ flows, rejected }) {
  const all = Number(flows) + Number(rejected);
  return Number(rejected) && all ? ` ${((Number(rejected) / all) * 100).toPrecision(2)} %` : null;
}

function today({ shown, days }) {
  const rows = shown.map((site, at) => ({ site, days: days[at], usual: baseline(days[at]) }));
  const columns = [
    { head: "Site", cell: ({ site }) => h("a", { href: `/anomalies?site=${encodeURIComponent(site.site)}` }, site.site) },
    { head: "Health", cell: ({ site }) => health(site) },
    { head: "Newest whole day", cell: ({ usual }) => newest(usual), narrow: false },
    { head: "Flows", figures: true, cell: ({ usual }) => figure(usual?.newest.flows) },
    { head: "Usual", figures: true, narrow: false, cell: ({ usual }) => (usual?.known ? h("span", { class: "nowrap soft" }, `${count(Math.round(usual.mean))} ± ${count(Math.round(usual.deviation))}`) : "–") },
    { head: "Mean ± deviation", narrow: false, cell: ({ usual }) => against(usual) },
    { head: "Beside usual", cell: ({ usual, site }) => verdict(usual, site) },
    { head: `${DAYS} days`, narrow: false, cell: ({ days, site }) => bars(days.map((each) => each.flows), `Flows a day at ${site.site}`) },
  ];
  return table("Newest day of each site beside its days before", columns, rows, ({ site }) => site.site, { hide: true });
}

function against(usual) {
  if (!usual?.known) return null;
  return beside(usual.flows, usual, `${count(usual.flows)} flows; usual are ${count(Math.round(usual.mean))} ± ${count(Math.round(usual.deviation))}`);
}

function newest(usual) {
  if (!usual) return "–";
  const rest = usual.unfinished.map((each) => `${each.day} so far: ${count(each.flows)} flows`).join(", ");
  return h("span", { class: "nowrap", title: rest || null }, usual.newest.day);
}

function verdict(usual, site) {
  if (!usual) return "no days yet";
  const was = site.state === "silent" && usual.known ? "was " : ""; // its newest day says nothing of those that are missing
  const day = usual.newest.day === new Date().toISOString().slice(0, 10) ? ", so far" : "";
  return h("span", { class: usual.unusual ? "verdict unusual" : "verdict" }, usual.unusual ? h("span", { "aria-hidden": "true" }, "▲ ") : null, was + usual.says + day);
}

function health(site) {
  const fine = site.state === "fine";
  const pending = site.pending ? `, ${count(site.pending)} pending` : "";
  const since = site.state === "silent" && site.last_day ? ` since ${short(later(site.last_day, 1))}` : "";
  const told = h("span", { class: fine ? "state counted" : "state refused" }, h("span", { "aria-hidden": "true" }, fine ? "●" : "▲"), ` ${site.state}${since}${pending}`);
  return since ? h("a", { href: sinceLast(site), title: `Its last flows are of ${spoken(site.last_day)}` }, told) : told;
}

function sinceLast(site) {
  return `/anomalies?${new URLSearchParams({ site: site.site, since: site.last_day, until: new Date().toISOString().slice(0, 10) })}`;
}

function more({ sites, shown }, place) {
  if (shown.length === sites.length) return null;
  return h("p", { class: "more" }, h("a", { href: `${place.path}?sites=all` }, `All ${sites.length} sites`));
}

function worstOf({ findings, since, status }) {
  const few = findings.slice(0, FEW);
  const list = few.map((each) => h("li", { "data-key": `${each.site} ${each.day} ${each.kind} ${each.src_ip} ${each.dst_ip} ${each.file}` },
    severity(each.severity), h("div", {}, h("div", { class: "who" }, about(each, status.last_day), h("span", { class: "soft" }, ` ${each.site}, ${short(each.day)}`)), told(each))));
  return h("section", { class: "card", "aria-labelledby": "worst" },
    h("h2", { id: "worst" }, "What stands out"), h("p", { class: "soft" }, `${short(since)} to ${short(status.last_day)}`),
    few.length ? h("ol", { class: "findings" }, list) : empty("Nothing stands out in these days."),
    h("p", { class: "more" }, h("a", { href: "/anomalies" }, findings.length > FEW ? `All ${findings.length}` : "All anomalies")));
}

function largest({ first, status }) {
  const columns = [
    { head: "Pair", cell: (row) => [subject(row.site, row.src_ip, row.dst_ip), siteBelow(row.site)] },
    { head: "Site", narrow: false, cell: (row) => row.site },
    { head: "Duration", figures: true, cell: (row) => duration(row.value) },
    { head: "Trend", narrow: false, cell: (row) => bars(row.trend, `Trend since ${row.trend_from}`, { width: 72 }) },
  ];
  return h("section", { class: "card", "aria-labelledby": "first" },
    h("h2", { id: "first" }, "Top talkers"),
    h("p", { class: "soft" }, first.first_day ? `by duration, ${covered(first, status)}` : ""),
    first.items.length ? table("Pairs with the longest duration", columns, first.items, (row) => `${row.site} ${row.src_ip} ${row.dst_ip}`, { hide: true }) : empty("No pair yet."),
    h("p", { class: "more" }, h("a", { href: "/top" }, "More of the top", hidden(" talkers"))));
}
