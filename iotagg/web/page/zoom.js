// Choosing a range of a chart's days: by dragging over them, or with the keys. The range then is in the address.

import { axis, spoken } from "./days.js";
import { both } from "./numbers.js";
import { apart } from "./usual.js";

const CLICK_PX = 6;

/** Lets a chart's frame be zoomed; `data` and `chart` return what is drawn at the time. */
export function zooming(frame, selection, said, data, chart) {
  const chosen = { from: null, to: null };
  const days = () => axis(data().first, data().last);
  const scale = () => chart()?.scales.x;

  const show = () => {
    selection.hidden = chosen.from === null || !scale();
    if (selection.hidden) return;
    const half = (scale().getPixelForValue(1) - scale().getPixelForValue(0)) / 2 || scale().width / 2;
    const [low, high] = [Math.min(chosen.from, chosen.to), Math.max(chosen.from, chosen.to)];
    selection.style.left = `${scale().getPixelForValue(low) - half}px`;
    selection.style.width = `${scale().getPixelForValue(high) - scale().getPixelForValue(low) + 2 * half}px`;
  };
  const clear = () => {
    chosen.from = chosen.to = null;
    said.textContent = "";
    show();
  };
  const zoom = () => {
    const all = days();
    const [low, high] = [Math.min(chosen.from, chosen.to), Math.max(chosen.from, chosen.to)];
    clear();
    data().zoomed(all[low], all[high]);
  };

  pointing(frame, { chosen, show, clear, zoom, at: (event) => dayAt(frame, scale(), days(), event) });
  frame.onblur = clear;
  frame.onkeydown = (event) => {
    const last = days().length - 1;
    const moved = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7, Home: -Infinity, End: Infinity }[event.key];
    if (moved !== undefined) {
      const start = chosen.to ?? (moved > 0 ? -1 : last + 1);
      chosen.to = Math.max(0, Math.min(last, start + moved));
      if (!event.shiftKey || chosen.from === null) chosen.from = chosen.to;
      said.textContent = told(data(), days(), chosen);
      show();
    } else if (event.key === "Enter" && chosen.from !== null) zoom();
    else if (event.key === "Escape") chosen.from === null ? data().zoomed("", "") : clear();
    else return;
    event.preventDefault();
  };
}

function pointing(frame, { chosen, show, clear, zoom, at }) {
  let began = null;
  frame.onpointerdown = (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return; // a finger scrolls the page
    began = event.clientX;
    chosen.from = chosen.to = at(event);
    frame.setPointerCapture(event.pointerId);
  };
  frame.onpointermove = (event) => {
    if (began === null || chosen.from === null) return;
    chosen.to = at(event);
    show();
  };
  frame.onpointerup = (event) => {
    const far = began !== null && Math.abs(event.clientX - began) > CLICK_PX;
    began = null;
    if (far && chosen.from !== null) zoom();
    else clear();
  };
  frame.onpointercancel = () => {
    began = null;
    clear();
  };
}

function dayAt(frame, scale, days, event) {
  if (!scale) return null;
  const at = scale.getValueForPixel(event.clientX - frame.getBoundingClientRect().left);
  return Math.max(0, Math.min(days.length - 1, Math.round(at)));
}

function told(data, days, { from, to }) {
  if (from !== to) return `${days[Math.min(from, to)]} to ${days[Math.max(from, to)]}; enter zooms in`;
  const value = data.days.get(days[to]);
  const mark = data.marked.get(days[to]);
  return `${spoken(days[to])}: ${[value === undefined ? "no flows" : both(value, data), apart(days[to], value, data), mark].filter(Boolean).join("; ")}`;
}
