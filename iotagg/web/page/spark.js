// Small drawings beside a figure, of lines and rectangles: nothing has to be loaded for them.

import { h, svg } from "./elements.js";

const WIDTH = 112;
const HEIGHT = 24;

/** Returns bars of a row of figures; null is a day without any. What they say is told by `label`. */
export function bars(values, label, { width = WIDTH, height = HEIGHT } = {}) {
  const rough = values.map((value) => (value === null ? null : Number(value)));
  const most = Math.max(...rough.map((value) => value ?? 0), 0) || 1;
  const step = width / Math.max(rough.length, 1);
  const drawn = rough.map((value, at) => {
    const tall = value === null ? 0 : Math.max((value / most) * (height - 1), value > 0 ? 1.5 : 0.75);
    const gap = step > 3 ? 1 : 0.2;
    return svg("rect", {
      x: (at * step).toFixed(2), y: (height - tall).toFixed(2), width: Math.max(step - gap, 0.5).toFixed(2),
      height: tall.toFixed(2), class: at === rough.length - 1 ? "last" : null,
    });
  });
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, preserveAspectRatio: "none" }, drawn);
}

/** Returns a bar that is so long a part of its place. */
export function bar(part) {
  const width = Math.max(0, Math.min(1, part)) * 100;
  return svg("svg", { class: "meter", "aria-hidden": "true", viewBox: "0 0 100 6", preserveAspectRatio: "none" },
    svg("rect", { width: 100, height: 6, class: "ground" }),
    svg("rect", { width: width.toFixed(2), height: 6 }));
}

/** Returns where a figure lies beside the band of what is usual; told by `label`. */
export function beside(value, { mean, deviation, unusual }, label) {
  const most = Math.max(value, mean + 3 * deviation) * 1.08 || 1;
  const at = (figure) => Math.max(0, Math.min(200, (figure / most) * 200));
  const [low, high] = [at(mean - deviation), at(mean + deviation)];
  return h("span", { class: "beside" }, svg("svg", { viewBox: "0 0 200 22", role: "img", "aria-label": label, class: unusual ? "unusual" : null, preserveAspectRatio: "none" },
    svg("rect", { y: 9, width: 200, height: 4, rx: 2, class: "ground" }),
    svg("rect", { x: low.toFixed(1), y: 5, width: Math.max(high - low, 2).toFixed(1), height: 12, rx: 2, class: "band" }),
    svg("rect", { x: (at(mean) - 0.5).toFixed(1), y: 5, width: 1, height: 12, class: "mean" }),
    svg("rect", { x: Math.max(0, at(value) - 2).toFixed(1), y: 1, width: 4, height: 20, rx: 2, class: "value" })));
}
