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
export function deviceAddress(site, device, values = {}) {
  return `/devices/${encodeURIComponent(site)}/${encodeURIComponent(device)}${query(values)}`;
}

/** Returns a link to a pair, or to a device where all its peers are meant, or just "all". */
export function subject(site, source, destination, values = {}) {
  if (source && destination) {
    return h("a", { class: "address", href: pairAddress(source, destination, { site, ...values }) },
      h("span", {}, source), h("span", { class: "arrow", "aria-hidden": "true" }, "→"), hidden(" to "), h("span", {}, destination));
  }
  if (source) return h("span", { class: "address" }, device(site, source, values), h("span", { class: "arrow" }, "→"), h("span", { class: "soft" }, "many"));
  if (destination) return h("span", { class: "address" }, h("span", { class: "soft" }, "many"), h("span", { class: "arrow" }, "→"), device(site, destination, values));
  return null;
}

/** Returns a site for narrow screens, where its column is left out: two sites may have the same pair. */
export function siteBelow(site) {
  return h("span", { class: "narrow-only soft" }, site);
}

/** Returns a link to a device. */
export function device(site, text, values = {}) {
  return h("a", { class: "address", href: deviceAddress(site, text, values) }, text);
}
