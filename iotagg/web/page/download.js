// Saves what a link leads to. A link alone would not say who asks, so with a token it is fetched first.

import { headers, Problem, token } from "./api.js";
import { notice } from "./states.js";

/** Saves the answer under a name; without a token the browser does so by itself. */
export async function download(event, address, name) {
  if (token.get() === null) return;
  event.preventDefault();
  try {
    const response = await fetch(address, { headers: headers() });
    if (!response.ok) throw new Problem(response.status, "", (await response.json()).detail);
    const url = URL.createObjectURL(await response.blob());
    const link = Object.assign(document.createElement("a"), { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (problem) {
    notice(problem.message);
  }
}
