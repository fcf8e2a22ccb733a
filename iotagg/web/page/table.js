// Tables: a caption, heads that say which way they reach, rows that keep their places.

import { h, hidden } from "./elements.js";

/**
 * Returns a table. A column has a `head`, what stands in a `cell(row)`, and may be of `figures`; `narrow` says whether a
 * narrow screen leaves it out. The first one names the row. `key(row)` tells rows apart.
 */
export function table(caption, columns, rows, key, { hide = false } = {}) {
  const head = (column) => h("th", { scope: "col", class: classes(column), "aria-sort": column.sorted ?? null }, column.head);
  const cell = (column, row, at) =>
    h(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, class: classes(column) }, column.cell(row));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: hide ? "hidden" : null }, caption),
      h("thead", {}, h("tr", {}, columns.map(head))),
      h("tbody", {}, rows.map((row) =>
        h("tr", { "data-key": key(row) }, columns.map((column, at) => cell(column, row, at)))))));
}

function classes(column) {
  return [column.figures && "figures", column.narrow === false && "wide-only", column.kind].filter(Boolean).join(" ") || null;
}

/** Returns a head that sorts by its column. */
export function sorter(text, isSorted, address) {
  return h("a", { href: address, class: "sorter", "aria-current": isSorted ? "true" : null }, text,
    isSorted ? h("span", { "aria-hidden": "true" }, " ↓") : hidden(": sort by it"));
}
