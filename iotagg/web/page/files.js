// Files and what became of them, the newest first; the lines that were rejected, on demand.

import { askPages } from "./api.js";
import { h, named, plain } from "./elements.js";
import { choice, filters, siteChoice, textField } from "./form.js";
import { count, figure } from "./numbers.js";
import { rejectedLines } from "./rejected_lines.js";
import { withQuery } from "./router.js";
import { empty } from "./states.js";

export const name = "files";
export const path = /^\/files$/;
export const title = () => "Files";
const PER_PAGE = 100;
const SORTED = 1_000; // so many are asked for at once: fewer are all of them, and can be sorted
const STATES = ["counted", "pending", "refused", "retracted"];
const SHAPES = { counted: "●", pending: "◌", refused: "▲", retracted: "■" };

/** Asks for as many pages of files as were opened; a state that is asked for has to be looked for among all. */
export async function ask(place, get) {
  const state = place.query.get("state");
  const asked = { site: place.query.get("site"), name: place.query.get("name"), limit: SORTED };
  const shown = pagesOf(place) * PER_PAGE;
  const [status, files] = await Promise.all([get(["status"]), askPages(["files"], asked, state ? Infinity : Math.ceil(shown / SORTED))]);
  const found = state ? files.items.filter((file) => file.state === state) : files.items;
  if (!files.more) found.sort(newestFirst);
  return { status, more: files.more || found.length > shown, files: found.slice(0, shown), sorted: !files.more };
}

const pagesOf = (place) => Math.max(1, Number(place.query.get("pages")) || 1);

// One without days was refused: it is for somebody to look at.
function newestFirst(one, other) {
  const [first, second] = [one, other].map((file) => file.last_day ?? "9999");
  return first < second ? 1 : first > second ? -1 : 0;
}

/** Draws them. */
export function draw({ status, files, more, sorted }, place) {
  const all = Object.entries(status.files).map(([state, number], at) => [at ? ", " : "", h("a", { href: withQuery(place, { state, pages: "" }), class: state === "refused" ? "state refused" : null }, `${count(number)} ${state}`)]);
  return [
    h("div", { class: "heading" }, h("h1", {}, "Files"), h("p", { class: "soft" }, all, sorted ? "; the newest first" : "; by site and name")),
    filters(place, siteChoice(place, status.sites), choice(place, "state", "State", [["", "All"], ...STATES]),
      textField(place, "name", "Name ends with")),
    files.length ? h("ul", { class: "files card" }, files.map(item)) : empty("No file is like that.", h("a", { href: "/upload" }, "Upload files")),
    more ? h("p", { class: "more" }, h("a", { href: withQuery(place, { pages: pagesOf(place) + 1 }), class: "button" }, "More files")) : null,
  ];
}

/** Returns the mark of a file's state: a word and a shape. */
export function stateOf(state) {
  return h("span", { class: `state ${STATES.includes(state) ? state : "counted"}` }, h("span", { "aria-hidden": "true" }, SHAPES[state] ?? "●"), ` ${plain(state)}`);
}

function item(file) {
  const days = file.first_day ? (file.first_day === file.last_day ? file.first_day : `${file.first_day} to ${file.last_day}`) : null;
  const facts = [
    file.counted === null ? null : [figure(file.counted), " flows"],
    file.pairs === null ? null : [figure(file.pairs), " pairs"],
    days, file.also_at?.length ? `also at ${file.also_at.join(", ")}` : null,
  ].filter(Boolean);
  return h("li", { "data-key": `${file.site} ${file.file} ${file.contribution}` },
    h("div", { class: "file" }, stateOf(file.state), named(file.file, { class: "path" }), h("span", { class: "soft" }, file.site)),
    file.reason ? h("p", { class: "reason" }, plain(file.reason)) : null,
    h("p", { class: "facts-line soft" }, facts.map((fact, at) => [at ? " · " : "", fact])),
    file.rejected && file.contribution ? h("details", { class: "rejects" }, h("summary", {}, figure(file.rejected), file.rejected === 1 ? " rejected line" : " rejected lines"), rejectedLines(file)) : null);
}
