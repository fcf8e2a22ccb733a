// Asks the server. What was answered is kept with its ETag, so that asking again costs nothing while nothing changed.

import { parse } from "./exact_json.js";

const TOKEN = "iotagg-token";
const MOST_KEPT = 200;
const kept = new Map();

/** What the server says is wrong: `status`, and `detail` in words. 0 is a server that is away. */
export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => {
    kept.clear(); // another person may see other sites
    if (text) sessionStorage.setItem(TOKEN, text);
    else sessionStorage.removeItem(TOKEN);
  },
};

/** Returns headers that say who asks. */
export function headers(more = {}) {
  const known = token.get();
  return known ? { ...more, Authorization: `Bearer ${known}` } : more;
}

/** Returns the address of what is asked; parts of a path are encoded, empty values left out. */
export function address(parts, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
  const path = `/v1/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
  return asked.size ? `${path}?${asked}` : path;
}

/** Returns what is answered. Throws a Problem. */
export async function ask(parts, query = {}) {
  const url = address(parts, query);
  const known = kept.get(url);
  const response = await fetched(url, { headers: headers(known ? { "If-None-Match": known.tag } : {}) });
  if (response.status === 304 && known) return known.body;
  const body = await bodyOf(response);
  kept.delete(url);
  kept.set(url, { tag: response.headers.get("ETag") ?? "", body });
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return body;
}

/** Returns the items of a list's pages, at most `most` of them, and whether there are more. */
export async function askPages(parts, query = {}, most = Infinity) {
  const items = [];
  let next = null;
  for (let page = 0; page < most && (page === 0 || next !== null); page += 1) {
    const answer = await ask(parts, { ...query, cursor: next });
    items.push(...answer.items);
    next = answer.next;
  }
  return { items, more: next !== null };
}

/** Sends something that changes the store. Returns what is answered, null where that is nothing. Throws a Problem. */
export async function send(method, parts, body) {
  const options = { method, headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }) };
  if (body !== undefined) options.body = JSON.stringify(body);
  return bodyOf(await fetched(address(parts), options));
}

async function fetched(url, options) {
  try {
    return await fetch(url, { ...options, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The server is away", "Nothing answers there; what is shown is what it last said.");
  }
}

async function bodyOf(response) {
  const text = await response.text();
  let body = null;
  try {
    if (text) body = parse(text);
  } catch {
    throw new Problem(response.status, "Not understood", `The answer to ${response.url} is no JSON.`);
  }
  if (!response.ok) throw new Problem(response.status, body?.title ?? response.statusText, body?.detail ?? "");
  return body;
}
