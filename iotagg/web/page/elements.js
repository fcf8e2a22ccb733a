// Builds elements. What a file or a device is called only ever becomes a text node, so that it stays a name.

const SVG = "http://www.w3.org/2000/svg";

/** Returns an element. `on…` attributes are listeners, false and null are left out, children may be nested lists. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Returns an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Returns a text whose characters that no one sees, or that turn its direction, are written out. */
export function plain(text) {
  return String(text).replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (found) => `⟨U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

/** Returns a name that somebody else chose: its direction changes nothing around it. */
export function named(text, attributes = {}) {
  return h("bdi", attributes, plain(text));
}

/** Returns text for those who listen, and not for those who look. */
export function hidden(text) {
  return h("span", { class: "hidden" }, text);
}
