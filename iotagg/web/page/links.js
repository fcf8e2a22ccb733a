// Where devices, pairs and sites are shown.

import { h, hidden } from "./elements.js";

const query = (values) => {
  const asked = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  return asked.size ? `?${asked}` : "";
};

/** Returns the address of a pair's view. */
export function pairAddress(source, destination, values = {}) {
  return `/pairs/${encodeURIComponent(source)}/${encodeURIComponent(destination)}${query(values)}`;
}

/** Returns the address of a device's view. */
export function deviceAddress(site, device) {
  return `/devices/${encodeURIComponent(site)}/${encodeURIComponent(device)}`;
}

/** Returns a link to a pair, or to a device where all its peers are meant, or just "all". */
export function subject(site, source, destination, values = {}) {
  if (source && destination) {
    return h("a", { class: "address", href: pairAddress(source, destination, { site, ...values }) },
      h("span", {}, source), h("span", { class: "arrow", "aria-hidden": "true" }, "→"), hidden(" to "), h("span", {}, destination));
  }
  if (source) return h("span", { class: "address" }, device(site, source), h("span", { class: "arrow" }, "→"), h("span", { class: "soft" }, "many"));
  if (destination) return h("span", { class: "address" }, h("span", { class: "soft" }, "many"), h("span", { class: "arrow" }, "→"), device(site, destination));
  return null;
}

/** Returns a link to a device. */
export function device(site, text) {
  return h("a", { class: "address", href: deviceAddress(site, text) }, text);
}
