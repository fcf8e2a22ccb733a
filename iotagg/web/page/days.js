// Days as texts such as 2022-12-01: those of the files, whatever the clock here says.

const DAY_MS = 86_400_000;
const SPOKEN = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const SHORT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

const instant = (day) => Date.parse(`${day}T00:00:00Z`);

/** Returns the day so many days later. */
export function later(day, days) {
  return new Date(instant(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Returns all days from one to another, both included. */
export function between(first, last) {
  const days = [];
  for (let at = instant(first); at <= instant(last); at += DAY_MS) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** Returns how a person would say a day. */
export const spoken = (day) => SPOKEN.format(instant(day));
export const short = (day) => SHORT.format(instant(day));

/** Returns which days an answer is about, as far as there are any: a month may not be over. */
export function covered({ first_day: first, last_day: last }, { last_day: newest }) {
  return `${short(first)} to ${short(newest >= first && newest < last ? newest : last)}`;
}

/** Says whether it is a day of the calendar. */
export function isDay(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(instant(text)) && later(text, 0) === text;
}

/** Returns how long ago an instant is, in words. */
export function ago(milliseconds) {
  const seconds = Math.max(0, Math.round((Date.now() - milliseconds) / 1_000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}

/** Returns the days of an axis: a year at most, so that bars stay bars; the newest of more. */
export function axis(first, last, most = 400) {
  return between(later(last, 1 - most) > first ? later(last, 1 - most) : first, last);
}
