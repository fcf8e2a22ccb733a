// What is usual of a pair's days, and how far a day is from it.

const FEWEST = 2;

/**
 * Returns mean and sample deviation of a metric of days, without those that stand out and those that are part of a day
 * only, and of how many days they are. Where nothing is left out, they are the server's, which are exact. The deviation of
 * a day alone is null.
 */
export function usual(days, key, odd, parts, summary) {
  const whole = days.filter(({ day }) => !odd.has(day) && !parts.includes(day));
  const kept = whole.length >= FEWEST ? whole : days;
  const partly = new Set(kept === days ? [] : parts); // where nothing else is there, parts are compared, too
  const left = days.filter((day) => !kept.includes(day));
  const told = { count: kept.length, odd: left.filter(({ day }) => odd.has(day)).length, left: left.length, partly };
  if (!told.left && summary?.[`${key}_mean`] !== undefined) {
    return { ...told, mean: summary[`${key}_mean`], deviation: summary[`${key}_stddev`] };
  }
  const values = kept.map((day) => Number(day[key]));
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { ...told, mean, deviation: values.length < FEWEST ? null : Math.sqrt(squares / (values.length - 1)) };
}

/** Returns how far a day's figure is from what is usual, such as "+5.4 deviations"; nothing where that cannot be said. */
export function apart(day, value, { mean, deviation, partly }) {
  if (partly.has(day)) return "part of a day, not compared";
  if (value === null || value === undefined || !deviation) return "";
  const times = (Number(value) - mean) / deviation;
  return `${times < 0 ? "−" : "+"}${Math.abs(times).toFixed(1)} deviations`;
}
