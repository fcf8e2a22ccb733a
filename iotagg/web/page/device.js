// A device: whom it sends to, and who sends to it, largest first. A thousand peers are pages of a hundred.

import { askPages, Problem } from "./api.js";
import { h, plain } from "./elements.js";
import { choice, dateField, filters } from "./form.js";
import { pairAddress } from "./links.js";
import { count, figure, METRICS } from "./numbers.js";
import { withQuery } from "./router.js";
import { bar } from "./spark.js";
import { empty } from "./states.js";
import { sorter, table } from "./table.js";

export const name = "device";
export const path = /^\/devices\/([^/]+)\/([^/]+)$/;
export const title = ({ parts: [site, address] }) => `${plain(address)} at ${plain(site)}`;

const ROWS = 100;
const PER_PAGE = 1_000;
const MOST_PAGES = 20;
const WAYS = [["peers", "Sends to"], ["sources", "Receives from"]];

const nothing = (problem) => {
  if (problem.status !== 404) throw problem;
  return { items: [], more: false };
};

/** Asks for all of a device's pairs: to sort them, all have to be here. */
export async function ask(place, get) {
  const [site, address] = place.parts;
  const asked = { since: place.query.get("since"), until: place.query.get("until"), limit: PER_PAGE };
  const parts = WAYS.map(([part]) => askPages(["sites", site, "devices", address, part], asked, MOST_PAGES).catch(nothing));
  const [status, peers, sources] = await Promise.all([get(["status"]), ...parts]);
  if (!peers.items.length && !sources.items.length && !asked.since && !asked.until) {
    throw new Problem(404, "Not seen", `No flow of ${address} was counted at ${site}.`);
  }
  return { status, peers, sources };
}

/** Draws one way of it, as the address says. */
export function draw(found, place) {
  const [site, address] = place.parts;
  const way = place.query.get("as") ?? (found.peers.items.length ? "peers" : "sources");
  const { items, more } = found[way] ?? found.peers;
  return [
    h("div", { class: "heading" }, h("h1", { class: "pair-title" }, plain(address)), h("p", { class: "soft" }, `at ${site}`)),
    h("nav", { class: "tabs", "aria-label": "Direction" }, WAYS.map(([part, label]) =>
      h("a", { href: withQuery(place, { as: part, page: "" }), "aria-current": part === way ? "true" : null }, `${label} `, h("span", { class: "badge" }, `${count(found[part].items.length)}${found[part].more ? "+" : ""}`)))),
    filters(place, dateField(place, "since", "From"), dateField(place, "until", "To"),
      choice(place, "sort", "Sort by", [...Object.entries(METRICS).map(([key, { label }]) => [key, label]), ["address", "Address"]], "duration")),
    items.length ? matrix(items, way, place) : empty("Nothing flowed this way in these days."),
    more ? h("p", { class: "soft" }, `Only the first ${count(items.length)} are listed; choose fewer days.`) : null,
  ];
}

function compare(one, other) {
  return one < other ? 1 : one > other ? -1 : 0; // figures may be BigInts, which do not subtract from numbers
}

function matrix(items, way, place) {
  const sort = place.query.get("sort") ?? "duration";
  const other = way === "peers" ? "dst_ip" : "src_ip";
  const rows = sort === "address" ? items : [...items].sort((one, two) => compare(one[METRICS[sort]?.key ?? "flows"], two[METRICS[sort]?.key ?? "flows"]));
  const pages = Math.ceil(rows.length / ROWS);
  const page = Math.max(1, Math.min(pages, Number(place.query.get("page")) || 1));
  const most = Object.values(METRICS).map(({ key }) => [key, Math.max(...items.map((item) => Number(item[key])), 1)]);
  const columns = [
    { head: sorter(way === "peers" ? "Destination" : "Source", sort === "address", withQuery(place, { sort: "address", page: "" })), cell: (row) => peer(row, other, { since: place.query.get("since"), until: place.query.get("until") }) },
    ...Object.entries(METRICS).map(([key, metric], at) => ({
      head: sorter(metric.label, sort === key, withQuery(place, { sort: key, page: "" })), figures: true, kind: "with-bar",
      narrow: sort === key || (at === 0 && !(sort in METRICS)),
      cell: (row) => [figure(row[metric.key], metric.told, metric.unit), bar(Number(row[metric.key]) / most[at][1])],
    })),
    { head: "Days", figures: true, narrow: false, cell: (row) => figure(row.days) },
    { head: "Seen", narrow: false, cell: (row) => h("span", { class: "nowrap soft" }, `${row.first_day} to ${row.last_day}`) },
  ];
  const shown = rows.slice((page - 1) * ROWS, page * ROWS);
  return [table(`Peers, page ${page} of ${pages}`, columns, shown, (row) => row[other], { hide: true }), pager(place, page, pages, rows.length)];
}

// The device itself is the heading: a row names the other end, and leads to the pair.
function peer(row, other, days) {
  const link = h("a", { class: "address", href: pairAddress(row.src_ip, row.dst_ip, { site: row.site, ...days }) }, row[other]);
  return other === "dst_ip" ? [h("span", { class: "soft", "aria-hidden": "true" }, "→ "), link] : [h("span", { class: "soft", "aria-hidden": "true" }, "← "), link];
}

function pager(place, page, pages, all) {
  if (pages < 2) return null;
  const to = (number, text) => (number < 1 || number > pages ? h("span", { class: "soft" }, text) : h("a", { href: withQuery(place, { page: number === 1 ? "" : number }) }, text));
  return h("nav", { class: "pager", "aria-label": "Pages" }, to(page - 1, "← Before"), h("span", {}, `${count((page - 1) * ROWS + 1)} to ${count(Math.min(page * ROWS, all))} of ${count(all)}`), to(page + 1, "After →"));
}
