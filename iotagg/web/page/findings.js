// What stands out, told in a line: how severe, about whom, why.

import { h, named, plain } from "./elements.js";
import { later } from "./days.js";
import { subject } from "./links.js";
import { METRICS } from "./numbers.js";

const RANKS = { high: 3, medium: 2, low: 1 };
const SHAPES = { high: "▲", medium: "◆", low: "●" };
export const KINDS = {
  surge: "Surge", drop: "Drop", silent: "Pair gone silent", "new-pair": "New pair", "fan-out": "Burst of destinations",
  "site-silent": "Site gone silent", rejects: "Rejected rows", others: "Others",
};
const AROUND_DAYS = 14;

/** Orders findings: the most severe first. */
export const worst = (one, other) => RANKS[other.severity] - RANKS[one.severity] || other.score - one.score;

/** Returns a mark of how severe something is: a word and a shape, not a colour alone. */
export function severity(level) {
  return h("span", { class: `severity ${level in RANKS ? level : "low"}` },
    h("span", { "aria-hidden": "true" }, SHAPES[level] ?? "●"), " ", level);
}

/** Returns whom a finding is about: a link to the days around it, as far as there are any, told in what it is told in. */
export function about(finding, newest) {
  if (finding.src_ip && finding.dst_ip) {
    const after = later(finding.day, AROUND_DAYS);
    const days = { since: later(finding.day, -AROUND_DAYS), until: newest && newest < after ? newest : after };
    return subject(finding.site, finding.src_ip, finding.dst_ip, { ...days, metric: finding.measure in METRICS ? finding.measure : "flows" });
  }
  if (finding.src_ip || finding.dst_ip) {
    return subject(finding.site, finding.src_ip, finding.dst_ip, { since: finding.day, until: finding.day });
  }
  if (finding.file) return named(finding.file, { class: "path" });
  return h("span", {}, finding.site);
}

/** Returns what a finding is, in words. */
export function told(finding) {
  return h("span", {}, h("b", {}, KINDS[finding.kind] ?? plain(finding.kind)), " · ", plain(finding.reason));
}

/** Returns a finding, and those that were folded into it, one after the other. */
export function unfolded(finding) {
  return [finding, ...(finding.parts ?? []).flatMap(unfolded)];
}
