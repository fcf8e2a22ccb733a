// Acknowledging a finding: until its day (seen, and done), until another, or for good; and taking that back.

import { Problem, send } from "./api.js";
import { h, plain } from "./elements.js";
import { KINDS } from "./findings.js";
import { refresh } from "./router.js";
import { notice } from "./states.js";

const MOST_NOTE = 200;

/** Asks what exactly is acknowledged, and until when, then says so to the server. */
export function askToAllow(finding) {
  const news = h("p", { class: "news", role: "alert" });
  const until = h("input", { type: "date", id: "allow-until", value: finding.day });
  const note = h("input", { type: "text", id: "allow-note", maxlength: MOST_NOTE });
  const wide = h("input", { type: "checkbox", id: "allow-kinds" });
  const what = [finding.src_ip, finding.dst_ip].filter(Boolean).join(" → ") || finding.site;
  const dialog = h("dialog", { "aria-labelledby": "allow-title" },
    h("form", { onsubmit: (event) => submit(event, dialog, news, partsOf(finding, until, note, wide)) },
      h("h2", { id: "allow-title" }, "Acknowledge"),
      h("p", {}, h("b", {}, KINDS[finding.kind] ?? plain(finding.kind)), ` of ${what} at ${finding.site}`),
      h("label", { for: "allow-until" }, "Until and with this day (empty: for good)"), until,
      h("label", { for: "allow-note" }, "Why (for those who ask later)"), note,
      h("label", { class: "check" }, wide, "Anything else of it, too"),
      news,
      h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"),
        h("button", { class: "first" }, "Acknowledge"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function partsOf(finding, until, note, wide) {
  return () => ({
    site: finding.site, src: finding.src_ip, dst: finding.dst_ip,
    kind: wide.checked ? null : finding.kind, until: until.value || null, note: note.value || null,
  });
}

async function submit(event, dialog, news, parts) {
  event.preventDefault();
  try {
    const made = await send("POST", ["allowances"], parts());
    dialog.close();
    await refresh();
    notice("Acknowledged: it is no longer told.", () => takeBack(made));
  } catch (problem) {
    news.textContent = plain(problem.message);
  }
}

/** Takes back that something was acknowledged: it is told again. */
export async function takeBack(allowance) {
  try {
    await send("DELETE", ["allowances", allowance.id]);
    notice("Taken back: it is told again.");
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    notice(problem.message);
  }
  return refresh();
}
