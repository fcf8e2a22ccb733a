// What is shown where there is nothing to show: not yet, not at all, or because something is wrong.

import { h, plain } from "./elements.js";

/** Returns a place that is as high as what will stand there. */
export function loading() {
  return h("div", { class: "loading", "aria-hidden": "true" },
    h("div", { class: "bone short" }), h("div", { class: "bone" }), h("div", { class: "bone" }), h("div", { class: "bone tall" }));
}

/** Returns why there is nothing, and what one may do. */
export function empty(title, ...more) {
  return h("div", { class: "empty" }, h("p", { class: "lead" }, title), more.length ? h("p", {}, more) : null);
}

/** Returns what went wrong, in the server's words, and a way to try again. */
export function failed(problem, again) {
  const title = problem.status ? `${problem.title} (${problem.status})` : problem.title ?? "Something is wrong here";
  return h("div", { class: "problem", role: "alert" },
    h("h1", {}, title), h("p", {}, plain(problem.message)),
    h("p", {}, h("button", { type: "button", onclick: again }, "Try again"), " ", h("a", { href: "/" }, "Overview")));
}

/** Says something in passing, with a way to undo it. */
export function notice(text, undo) {
  const place = document.getElementById("notice");
  const close = () => place.replaceChildren();
  place.replaceChildren(h("div", { class: "toast" }, h("span", {}, plain(text)),
    undo ? h("button", { type: "button", onclick: () => { close(); undo(); } }, "Undo") : null,
    h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: close }, "✕")));
}
