// Sends a file where the server says. By XMLHttpRequest: fetch does not tell how much has gone out.

import { headers, Problem, send } from "./api.js";
import { parse } from "./exact_json.js";

/**
 * Sends a file, telling how much of it is gone (0 to 1). Returns what became of it; null where others will count it
 * later. Throws a Problem, or an AbortError where the signal says so.
 */
export async function sendFile(site, file, progress, signal) {
  const where = await send("POST", ["sites", site, "uploads"], { name: file.name });
  signal.throwIfAborted();
  const own = new URL(where.url, location.href).origin === location.origin;
  return put(where, own, file, progress, signal);
}

function put(where, own, file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(where.method, where.url);
    // Another host, such as a bucket, is not told who we are: its address says what it lets in.
    const sent = own ? headers(where.headers) : where.headers;
    for (const [name, value] of Object.entries(sent)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.upload.onload = () => progress(1);
    request.onload = () => finish(request, resolve, reject);
    request.onerror = () => reject(new Problem(0, "Broken off", "The connection broke: nothing of it was counted."));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

function finish(request, resolve, reject) {
  let body = null;
  try {
    body = request.responseText ? parse(request.responseText) : null;
  } catch {
    body = null; // a bucket answers in XML, and its status says enough
  }
  if (request.status >= 200 && request.status < 300) resolve(body?.state ? body : null);
  else reject(new Problem(request.status, body?.title ?? "", body?.detail ?? `It was refused with status ${request.status}.`));
}
