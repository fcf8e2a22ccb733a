// Figures as people read them, with the exact ones beside: on hover, and everywhere with the switch of the bar.

import { h } from "./elements.js";

const THOUSANDS = [
  [1e24, "Y"], [1e21, "Z"], [1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"],
];
const TIMES = [[3_600e6, "h"], [60e6, "min"], [1e6, "s"], [1e3, "ms"]];
const LARGEST = 1e27; // no letter is known beyond
const AS_THEY_ARE = 10_000;

/** Returns all digits of a number, in groups of three; BigInts have as many as they need. */
export function exact(value) {
  if (value === null || value === undefined) return "–";
  const [whole, fraction] = String(value).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined || whole.includes("e") ? (fraction === undefined ? grouped : String(value)) : `${grouped}.${fraction}`;
}

function threeDigits(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Returns a count: 1,521 or 28.5 k. */
export function count(value) {
  const rough = Number(value);
  if (Math.abs(rough) < AS_THEY_ARE) return exact(Number.isInteger(rough) ? rough : Number(rough.toFixed(1)));
  if (Math.abs(rough) >= LARGEST) return rough.toExponential(2).replace("e+", " × 10^");
  const [size, letter] = THOUSANDS.find(([size]) => Math.abs(rough) >= size);
  return `${threeDigits(rough / size)} ${letter}`;
}

/** Returns a time that is given in microseconds: 412 µs, 1.25 s, 7.84 h. */
export function time(microseconds) {
  const rough = Number(microseconds);
  const found = TIMES.find(([size]) => Math.abs(rough) >= size);
  if (!found) return `${Number.isInteger(rough) ? rough : rough.toFixed(1)} µs`;
  const value = rough / found[0];
  return `${Math.abs(value) >= AS_THEY_ARE ? count(value) : threeDigits(value)} ${found[1]}`;
}

/** Returns a share of 1 in percent. */
export function percent(share) {
  return share === null || share === undefined ? "–" : `${threeDigits(share * 100)} %`;
}

const NICE = [1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const STEPS = 5;

// An axis of hours has whole hours: all its ticks are of the unit of its end.
function timeTicks(most) {
  const [size, unit] = TIMES.find(([size]) => most >= 2 * size) ?? [1, "µs"];
  const step = NICE.find((nice) => nice >= most / size / STEPS);
  return { step: step && step * size, told: (value) => (value ? `${exact(Number((value / size).toFixed(2)))} ${unit}` : "0") };
}

function countTicks(most) {
  const [size, letter] = THOUSANDS.find(([size]) => most >= 2 * size) ?? [1, ""];
  return { step: undefined, told: (value) => (value ? `${exact(Number((value / size).toFixed(2)))} ${letter}`.trim() : "0") };
}

// What a metric is called, how its figures are told, and their unit where they are told exactly.
export const METRICS = {
  duration: { key: "flow_duration_us", label: "Duration", told: time, unit: " µs", ticks: timeTicks },
  packets: { key: "fwd_packets", label: "Packets", told: count, unit: "", ticks: countTicks },
  flows: { key: "flows", label: "Flows", told: count, unit: "", ticks: countTicks },
};

/** Returns a figure as people read it and, where that is less, with all its digits. */
export function both(value, { told, unit }) {
  const [short, all] = [told(value), `${exact(value)}${unit}`];
  return short === all ? all : `${short} (${all})`;
}

/** Returns an element with a figure in both forms; which one is seen, the switch decides. */
export function figure(value, told = count, unit = "") {
  if (value === null || value === undefined) return h("span", { class: "none", title: "no figure" }, "–");
  const all = `${exact(value)}${unit}`;
  const short = told(value);
  if (short === all) return h("data", { value: String(value) }, all);
  return h("data", { value: String(value), title: all },
    h("span", { class: "short" }, short), h("span", { class: "long" }, all));
}

export const duration = (value) => figure(value, time, " µs");
