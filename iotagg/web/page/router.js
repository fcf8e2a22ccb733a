// Which view an address means, and showing it: a view asks for its figures, draws them, and is drawn again when they change.

import { ask, Problem } from "./api.js";
import { h } from "./elements.js";
import { morph } from "./morph.js";
import { failed, loading } from "./states.js";

const LOADING_AFTER_MS = 150;
const views = [];
const listeners = new Set();
let shown = null;
let turn = 0;

/** Adds a view: `path` is a pattern whose groups are the parts of its place. */
export function addView(view) {
  views.push(view);
}

/** Calls back with null when a view has its figures, or with the problem that kept it from them. */
export function whenShown(callback) {
  listeners.add(callback);
}

/** Returns where an address leads: its view, the parts of its path, its query. */
function placeOf(url) {
  for (const view of views) {
    const found = view.path.exec(url.pathname);
    if (found) return { view, path: url.pathname, parts: found.slice(1).map(decodeURIComponent), query: url.searchParams };
  }
  return { view: NOWHERE, path: url.pathname, parts: [], query: url.searchParams };
}

/** Returns an address within the page with other values in its query; empty ones are left out. */
export function withQuery(place, values) {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(values)) {
    if (value === "" || value === null || value === undefined) query.delete(name);
    else query.set(name, value);
  }
  return query.size ? `${place.path}?${query}` : place.path;
}

/** Goes to an address within the page. */
export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"]({}, "", address);
  return show({ moved: true });
}

/** Asks again for the figures of what is shown. */
export function refresh() {
  return show({ moved: false });
}

async function show({ moved }) {
  const mine = ++turn;
  const place = placeOf(new URL(location.href));
  const main = document.getElementById("main");
  const another = shown?.path !== place.path;
  if (moved && another) main.dataset.view = place.view.name;
  const waiting = setTimeout(() => moved && another && main.replaceChildren(loading()), LOADING_AFTER_MS);
  main.setAttribute("aria-busy", "true");
  mark(place);
  try {
    const figures = await place.view.ask(place, ask);
    if (mine === turn) present(main, place, figures, another);
    if (mine === turn) tell(null);
  } catch (problem) {
    if (mine === turn) presentProblem(main, place, problem, moved);
  } finally {
    clearTimeout(waiting);
    if (mine === turn) main.removeAttribute("aria-busy");
  }
}

function present(main, place, figures, another) {
  const drawn = h("div", { class: "view" }, place.view.draw(figures, place));
  document.title = `${place.view.title(place)} · iotagg`;
  const old = main.firstElementChild;
  if (old?.className === "view" && !another) morph(old, drawn);
  else {
    main.replaceChildren(drawn);
    // Who goes to another view begins at its top, also with a screen reader; not on the first load.
    if (shown) main.focus({ preventScroll: true });
    if (shown) scrollTo(0, history.state?.scroll ?? 0);
  }
  shown = place;
}

function presentProblem(main, place, problem, moved) {
  tell(problem);
  // Of a server that is away, the last figures are worth more than the news, which stands below.
  const stays = shown?.path === place.path && main.firstElementChild?.className === "view";
  if (stays && (problem.status === 0 || problem.status === 503) && !moved) return;
  if (!(problem instanceof Problem)) console.error(problem);
  main.replaceChildren(failed(problem, refresh));
  document.title = "Problem · iotagg";
  shown = null;
}

function tell(problem) {
  for (const listener of listeners) listener(problem);
}

function mark(place) {
  for (const link of document.querySelectorAll("#views a")) {
    if (link.getAttribute("href") === place.path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function follow(event) {
  const link = event.target.closest?.("a[href]");
  const plainly = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plainly || event.defaultPrevented || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash || link.pathname.startsWith("/v1/")) return;
  event.preventDefault();
  history.replaceState({ scroll: scrollY }, "");
  go(link.pathname + link.search);
}

const NOWHERE = {
  name: "nowhere",
  title: () => "Nothing here",
  ask: async () => {
    throw new Problem(404, "Nothing is here", "No view has this address.");
  },
};

/** Shows what the address of the browser says, now and whenever it changes. */
export function begin() {
  history.scrollRestoration = "manual";
  document.addEventListener("click", follow);
  addEventListener("popstate", () => show({ moved: true }));
  return show({ moved: true });
}
