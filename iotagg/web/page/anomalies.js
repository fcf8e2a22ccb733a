// What stands out, by day and site, with a way to acknowledge it.

import { askToAllow, takeBack } from "./allowing.js";
import { later, isDay, spoken } from "./days.js";
import { h, plain } from "./elements.js";
import { about, KINDS, severity, told } from "./findings.js";
import { choice, dateField, filters, siteChoice } from "./form.js";
import { empty } from "./states.js";
import { table } from "./table.js";

export const name = "anomalies";
export const path = /^\/anomalies$/;
export const title = () => "Anomalies";
const LEAST = [["low", "all"], ["medium", "medium and high"], ["high", "high"]];
const DAYS = 14;

const span = (place, status) => {
  const until = place.query.get("until") ?? status.last_day;
  return { since: place.query.get("since") ?? (isDay(until) ? later(until, 1 - DAYS) : until), until };
};

/** Asks for what stands out in some days, without others in the newest two weeks, and for what is acknowledged. */
export async function ask(place, get) {
  const status = await get(["status"]);
  if (!status.last_day) return { status, findings: [], allowances: [] };
  const days = span(place, status);
  const values = { ...days, site: place.query.get("site"), least: place.query.get("least") ?? "low", singly: place.query.get("singly") };
  const [found, allowances] = await Promise.all([get(["anomalies"], values), get(["allowances"])]);
  return { status, days, findings: found.items, allowances: allowances.items };
}

/** Draws it. */
export function draw({ status, days, findings, allowances }, place) {
  return [
    h("div", { class: "heading" }, h("h1", {}, "Anomalies"), h("p", { class: "soft" }, findings.length === 1 ? "1 finding" : `${findings.length} findings`)),
    filters(place, siteChoice(place, status.sites), dateField(place, "since", "From", "date", days?.since), dateField(place, "until", "To", "date", days?.until),
      choice(place, "least", "Severity", LEAST, "low"),
      choice(place, "singly", "Per day and site", [["", "at most five"], ["true", "all"]])),
    findings.length ? byDay(findings, status.last_day) : empty("Nothing stands out in these days.", "What is acknowledged is not told, nor are days that are not over."),
    acknowledged(allowances),
  ];
}

function byDay(findings, newest) {
  const groups = Map.groupBy(findings, (each) => each.day);
  const days = [...groups.keys()].sort().reverse();
  return days.map((day) => h("section", { class: "card", "data-key": day, "aria-labelledby": `day-${day}` },
    h("h2", { id: `day-${day}` }, h("time", { datetime: day }, spoken(day))), bySite(groups.get(day), newest)));
}

function bySite(findings, newest) {
  return [...Map.groupBy(findings, (each) => each.site)].map(([site, list]) => h("div", { "data-key": site, class: "of-site" },
    h("h3", {}, site), h("ol", { class: "findings" }, list.map((each) => item(each, newest)))));
}

function item(finding, newest) {
  const key = `${finding.kind} ${finding.src_ip} ${finding.dst_ip} ${finding.file} ${finding.measure}`;
  return h("li", { "data-key": key }, severity(finding.severity),
    h("div", {}, h("div", { class: "who" }, about(finding, newest)), told(finding), parts(finding, newest)),
    finding.kind === "others" ? null : h("button", { type: "button", class: "quiet", onclick: () => askToAllow(finding), "aria-label": `Acknowledge: ${KINDS[finding.kind] ?? finding.kind} ${finding.src_ip ?? ""} ${finding.dst_ip ?? ""}` }, "Acknowledge…"));
}

function parts(finding, newest) {
  if (!finding.parts?.length) return null;
  const count = finding.parts.length === 1 ? "1 finding is folded into it" : `${finding.parts.length} findings are folded into it`;
  return h("details", {}, h("summary", {}, count), h("ul", { class: "parts" }, finding.parts.map((part) => h("li", {}, about(part, newest), " ", told(part)))));
}

function acknowledged(allowances) {
  const any = (text) => (text ? plain(text) : h("span", { class: "soft" }, "any"));
  const columns = [
    { head: "Site", cell: (row) => any(row.site) },
    { head: "Source", cell: (row) => any(row.src) },
    { head: "Destination", cell: (row) => any(row.dst) },
    { head: "Kind", cell: (row) => any(row.kind && (KINDS[row.kind] ?? row.kind)) },
    { head: "Until", cell: (row) => (row.until ? h("span", { class: "nowrap" }, row.until) : "for good") },
    { head: "Note", narrow: false, cell: (row) => h("bdi", {}, plain(row.note ?? "")) },
    { head: "Change", cell: (row) => h("button", { type: "button", class: "quiet", onclick: () => takeBack(row) }, "Take back") },
  ];
  return h("section", { class: "card", "aria-labelledby": "acknowledged" }, h("h2", { id: "acknowledged" }, "Acknowledged"),
    allowances.length ? table("What is acknowledged, and no longer told", columns, allowances, (row) => row.id, { hide: true })
      : empty("Nothing is acknowledged yet.", "What you acknowledge is no longer told; it stands here, and you can take it back."));
}
