// The filters above a view: a form whose values are those of the address.

import { h } from "./elements.js";
import { go, withQuery } from "./router.js";

/** Returns a form; what is chosen becomes the address at once, and others of its values stay. */
export function filters(place, ...fields) {
  const changed = (event) => {
    if (!event.target.checkValidity()) return;
    // By what the address says now: somebody may choose twice before the view is drawn again.
    const now = { ...place, query: new URLSearchParams(location.search) };
    go(withQuery(now, { [event.target.name]: event.target.value, page: "", pages: "" }));
  };
  return h("form", { class: "filters", "aria-label": "Filters", onchange: changed, onsubmit: (event) => event.preventDefault() }, fields);
}

function field(name, label, input) {
  return h("div", { class: "field" }, h("label", { for: `filter-${name}` }, label), input);
}

/** Returns a field for a text. */
export function textField(place, name, label) {
  const value = place.query.get(name) ?? "";
  return field(name, label, h("input", { type: "search", name, id: `filter-${name}`, value, spellcheck: "false" }));
}

/** Returns a choice of one of some values; an option is a text, or [value, label]. */
export function choice(place, name, label, options, without = "") {
  const asked = place.query.get(name) ?? without;
  const all = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  // What the address asks for is shown even where nobody would offer it.
  if (!all.some(([value]) => value === asked)) all.push([asked, asked]);
  return field(name, label, h("select", { name, id: `filter-${name}` },
    all.map(([value, text]) => h("option", { value, selected: value === asked }, text))));
}

/** Returns a choice of a site, or nothing where there is one alone. */
export function siteChoice(place, sites) {
  if (sites.length < 2 && !place.query.get("site")) return null;
  return choice(place, "site", "Site", [["", "All sites"], ...sites]);
}

/** Returns a field for a day or a month. */
export function dateField(place, name, label, type = "date", without = "") {
  return field(name, label,
    h("input", { type, name, id: `filter-${name}`, value: place.query.get(name) ?? without, pattern: type === "month" ? "[0-9]{4}-[0-9]{2}" : null }));
}
