// Sending files: which site they are of, which files, and what became of each.

import { h } from "./elements.js";
import { uploadDesk } from "./upload_desk.js";

export const name = "upload";
export const path = /^\/upload$/;
export const title = () => "Upload";

/** Asks which sites there are, and whether who asks may send files at all. */
export async function ask(place, get) {
  const [status, me] = await Promise.all([get(["status"]), get(["me"])]);
  return { sites: me.sites ?? status.sites, mayWrite: me.may_write };
}

/** Draws the desk where files are handed in; it remembers by itself what was. */
export function draw(found) {
  return [
    h("div", { class: "heading" }, h("h1", {}, "Upload"), h("p", { class: "soft" }, "Flow CSVs, plain or gzip. Each counts once, however often it is sent.")),
    found.mayWrite ? uploadDesk(found) : h("div", { class: "empty" }, h("p", { class: "lead" }, "Your token is for reading."), h("p", {}, "Ask for one that may write: ", h("code", {}, "iotagg token NAME --may-write"), ".")),
  ];
}
