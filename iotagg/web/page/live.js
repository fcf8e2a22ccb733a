// Follows what changes: by a stream of the server, else by asking every ten seconds; and says in a line how that stands.

import { address, ask, headers } from "./api.js";
import { refresh, whenShown } from "./router.js";
import { ago } from "./days.js";

const ASK_MS = 10_000;
const AGAIN_MS = [500, 1_000, 2_000, 5_000];
const TOGETHER_MS = 150; // a folder of files is many changes, and one look
const SILENT_MS = 40_000; // the server says something every 15 s
let answered = Date.now();
let version = null;
let stopping = null;
let due = null;
let failures = 0;

const LIVE = "Live";
const ASKING = "Asks every 10 s";
const AWAY = "Server away";

function say(state) {
  const place = document.getElementById("live");
  const text = state === AWAY ? `${AWAY}: figures of ${new Date(answered).toLocaleTimeString()} (${ago(answered)})` : state;
  place.dataset.state = { [LIVE]: "live", [ASKING]: "asking", [AWAY]: "away" }[state];
  // Read out when it changes in kind, not each time that seconds go by.
  if (place.dataset.said !== state || state === AWAY) place.textContent = text;
  place.dataset.said = state;
}

function changed() {
  clearTimeout(due);
  due = setTimeout(refresh, TOGETHER_MS);
}

/** Begins to follow; who does not look at the page takes none of the few connections that a browser has. */
export function begin() {
  whenShown((problem) => {
    if (!problem) answered = Date.now();
    else if (problem.status === 0) say(AWAY);
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  start();
}

function stop() {
  stopping?.abort();
  stopping = null;
}

/** Follows anew, such as under another name. */
export function start() {
  stop();
  if (document.hidden) return;
  stopping = new AbortController();
  follow(stopping.signal);
}

async function follow(signal) {
  while (!signal.aborted) {
    let state = AWAY;
    try {
      state = await stream(signal);
    } catch {
      // A connection that broke is what the loop is for; it says so below.
    }
    if (signal.aborted) return;
    if (state === ASKING) await poll();
    else if (state === AWAY) await look();
    await pause(state === ASKING ? ASK_MS : AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)], signal);
  }
}

// Returns how the page follows from here on: there may be no stream, as on a stack, or none without signing in.
async function stream(signal) {
  const silent = new AbortController();
  let watch = null;
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => silent.abort(), SILENT_MS);
  };
  try {
    heard();
    const options = { headers: headers(), signal: AbortSignal.any([signal, silent.signal]), cache: "no-store" };
    const response = await fetch(address(["changes"]), options);
    if (!response.ok || !response.body) return ASKING;
    await read(response.body.pipeThrough(new TextDecoderStream()).getReader(), heard);
  } finally {
    clearTimeout(watch);
  }
  return AWAY;
}

async function read(reader, heard) {
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    if (failures) changed();
    failures = 0;
    say(LIVE);
    const events = (text + value).replaceAll("\r\n", "\n").split("\n\n");
    text = events.pop();
    events.forEach(take);
  }
}

function take(event) {
  const data = event.split("\n").find((line) => line.startsWith("data:"));
  if (!data) return;
  const told = JSON.parse(data.slice(5));
  // The store cannot be asked at the moment: the view says why, if it is asked anew.
  if (told.version === undefined) return changed();
  const now = JSON.stringify(told.version);
  if (version !== null && now !== version) changed();
  version = now;
}

async function poll() {
  try {
    const now = JSON.stringify(await ask(["status"]));
    if (version !== null && now !== version) changed();
    if (failures) changed();
    version = now;
    failures = 0;
    answered = Date.now();
    say(ASKING);
  } catch (problem) {
    if (problem.status === 0) say(AWAY);
    failures += 1;
  }
}

async function look() {
  failures += 1;
  if (failures > 1) say(AWAY);
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
