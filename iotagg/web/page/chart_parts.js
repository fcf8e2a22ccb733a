// How a chart is drawn: what Chart.js is told, and the two things that it does not draw by itself.

import { axis, short, spoken } from "./days.js";
import { both } from "./numbers.js";
import { apart } from "./usual.js";

const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const TICKS = 8;

/** Returns the colours of the page at an element, whichever theme it has. */
export function colours(element) {
  const probe = document.createElement("i");
  element.append(probe);
  const found = {};
  for (const name of ["accent", "alarm", "soft", "line", "band", "ink", "card"]) {
    probe.className = `colour-${name}`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

/** Returns what Chart.js draws of a chart's data. */
export function drawing(data, colour) {
  const days = axis(data.first, data.last);
  const values = days.map((day) => (data.days.has(day) ? Number(data.days.get(day)) : null));
  const ticks = data.ticks(data.most);
  const bars = {
    data: values, label: data.label, maxBarThickness: 28, borderRadius: 2, categoryPercentage: 0.92, barPercentage: 0.92,
    backgroundColor: days.map((day) => (data.marked.has(day) ? colour.alarm : colour.accent)),
  };
  return {
    type: "bar",
    data: { labels: days, datasets: [bars] },
    options: {
      animation: STILL.matches ? false : { duration: 200 }, responsive: true, maintainAspectRatio: false,
      events: ["mousemove", "mouseout"],
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 14 } },
      scales: {
        x: { grid: { display: false }, border: { color: colour.line }, ticks: { color: colour.soft, maxRotation: 0, autoSkipPadding: 18, callback: (_, at) => short(days[at]) } },
        y: { beginAtZero: true, suggestedMax: data.most, grid: { color: colour.line }, border: { display: false }, ticks: { color: colour.soft, maxTicksLimit: TICKS, stepSize: ticks.step, callback: ticks.told } },
      },
      plugins: { legend: { display: false }, tooltip: tooltip(data, days) },
    },
    plugins: [band(data, colour), marks(data, days, colour)],
  };
}

function tooltip(data, days) {
  return {
    displayColors: false,
    callbacks: {
      title: ([item]) => spoken(days[item.dataIndex]),
      label: (item) => (data.days.has(days[item.dataIndex]) ? both(data.days.get(days[item.dataIndex]), data) : "no flows"),
      afterLabel: (item) => [apart(days[item.dataIndex], item.raw, data), data.marked.get(days[item.dataIndex])].filter(Boolean),
    },
  };
}

// One deviation around the mean, behind the bars.
function band(data, colour) {
  return {
    id: "band",
    beforeDatasetsDraw({ ctx, chartArea: { left, right, top, bottom }, scales: { y } }) {
      if (data.mean === null) return;
      const within = (value) => Math.min(bottom, Math.max(top, y.getPixelForValue(value)));
      const [high, low] = [within(data.mean + (data.deviation ?? 0)), within(data.mean - (data.deviation ?? 0))];
      ctx.save();
      ctx.fillStyle = colour.band;
      ctx.fillRect(left, high, right - left, low - high);
      ctx.restore();
    },
    // The mean lies over the bars, or it would be seen between them only.
    afterDatasetsDraw({ ctx, chartArea: { left, right }, scales: { y } }) {
      if (data.mean === null) return;
      ctx.save();
      ctx.strokeStyle = colour.ink;
      ctx.setLineDash([4, 4]);
      ctx.beginPath();
      ctx.moveTo(left, y.getPixelForValue(data.mean));
      ctx.lineTo(right, y.getPixelForValue(data.mean));
      ctx.stroke();
      ctx.restore();
    },
  };
}

// A day that stands out has a triangle above it, for those who do not tell its colour.
function marks(data, days, colour) {
  return {
    id: "marks",
    afterDatasetsDraw({ ctx, scales: { x, y } }) {
      ctx.save();
      ctx.fillStyle = colour.alarm;
      days.forEach((day, at) => {
        if (!data.marked.has(day)) return;
        const middle = x.getPixelForValue(at);
        const foot = y.getPixelForValue(Number(data.days.get(day) ?? 0)) - 4;
        ctx.beginPath();
        ctx.moveTo(middle - 5, foot - 8);
        ctx.lineTo(middle + 5, foot - 8);
        ctx.lineTo(middle, foot);
        ctx.fill();
      });
      ctx.restore();
    },
  };
}
