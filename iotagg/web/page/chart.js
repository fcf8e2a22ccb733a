// <daily-chart>: a pair's days as bars, with the band of what is usual. Its twin is the table below it in the page.
//
// Chart.js is large, so it is loaded when the first chart is in sight of being drawn, beside the figures.

import { h } from "./elements.js";
import { drawing, colours } from "./chart_parts.js";
import { zooming } from "./zoom.js";

let loaded = null;

function library() {
  loaded ??= new Promise((resolve, reject) => {
    const script = h("script", { src: new URL("Chart.bundle.js", import.meta.url).href, async: true });
    script.onload = () => resolve(globalThis.Chart);
    script.onerror = () => {
      loaded = null; // the next chart tries again
      reject(new Error("Chart.js could not be loaded"));
    };
    document.head.append(script);
  });
  return loaded;
}

class DailyChart extends HTMLElement {
  #data = null;
  #chart = null;
  #theme = () => this.#draw();

  /** What is drawn: `label`, `days` by day, `first`, `last`, `most`, `mean`, `deviation`, `partly`, `told`, `marked`, `zoomed`. */
  set data(data) {
    const changed = JSON.stringify(plainly(data)) !== JSON.stringify(plainly(this.#data));
    this.#data = data;
    if (changed && this.isConnected) this.#draw();
  }

  get data() {
    return this.#data;
  }

  connectedCallback() {
    const canvas = h("canvas", { "aria-hidden": "true" });
    const selection = h("div", { class: "selection", hidden: true });
    const said = h("p", { class: "said", "aria-live": "polite" });
    const frame = h("div", { class: "frame", tabindex: "0", role: "group", "aria-roledescription": "chart" }, canvas, selection);
    this.replaceChildren(frame, said);
    zooming(frame, selection, said, () => this.#data, () => this.#chart);
    document.addEventListener("theme", this.#theme);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#theme);
    this.#draw();
  }

  disconnectedCallback() {
    document.removeEventListener("theme", this.#theme);
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.#theme);
    this.#chart?.destroy();
    this.#chart = null;
  }

  async #draw() {
    this.firstElementChild.setAttribute("aria-label", `${this.#data.label}. Left and right arrows choose a day, with shift a range; enter zooms in, escape out. The table below has all figures.`);
    let Chart;
    try {
      Chart = await library();
    } catch (error) {
      this.querySelector(".said").textContent = `${error.message}; the table below has all figures.`;
      return;
    }
    if (!this.isConnected) return;
    this.#chart?.destroy();
    this.#chart = new Chart(this.querySelector("canvas"), drawing(this.#data, colours(this)));
  }
}

// What decides how a chart looks: figures of 40 digits are no JSON by themselves.
function plainly(data) {
  return data && [data.label, data.first, data.last, Number(data.most), data.mean, data.deviation,
    [...data.days].map(([day, value]) => [day, Number(value)]), [...data.marked.keys()], [...data.partly]];
}

customElements.define("daily-chart", DailyChart);

/** Returns a chart of `data`. */
export function chart(data) {
  const element = document.createElement("daily-chart");
  element.data = data;
  return element;
}
