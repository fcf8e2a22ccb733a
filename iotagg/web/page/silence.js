// Has a pair gone silent? Its days beside those of its site, which sends on.

import { newestWhole } from "./baseline.js";
import { later } from "./days.js";

const FEWEST_DAYS = 7;
const RARELY = 0.01;

/**
 * Returns the day since which a pair has been silent, or null. It is where it was seen on so many of the site's days that
 * as many whole days without it would come by chance less than once in a hundred times.
 */
export function silentSince(pair, siteDays) {
  if (!pair || pair.days < FEWEST_DAYS || !siteDays.length) return null;
  const whole = siteDays.slice(0, newestWhole(siteDays) + 1);
  const before = siteDays.filter(({ day }) => day >= pair.first_day && day <= pair.last_day).length;
  const missing = whole.filter(({ day }) => day > pair.last_day).length;
  const without = 1 - pair.days / (before + 1);
  return missing && without ** missing < RARELY ? later(pair.last_day, 1) : null;
}
