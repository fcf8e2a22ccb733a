// Is a site's newest whole day as usual? Its flows beside mean and sample deviation of the days before.

const MOST_DAYS = 28;
const FEWEST_DAYS = 7;
const FAR = 3; // deviations
const MUCH = 0.1; // of the mean: days may be so alike that any other is far from them, and yet not worth a look

/** Returns a site's newest whole day, what is usual there, and how that is said; null where no day is known. */
export function baseline(days) {
  if (!days.length) return null;
  const at = newestWhole(days);
  const newest = days[at];
  const flows = Number(newest.flows);
  const before = days.slice(Math.max(0, at - MOST_DAYS), at).map((each) => Number(each.flows));
  const rest = { newest, flows, unfinished: days.slice(at + 1) };
  if (before.length < FEWEST_DAYS) return { ...rest, known: false, says: "too few days to say", unusual: false };
  const mean = before.reduce((sum, each) => sum + each, 0) / before.length;
  const squares = before.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (before.length - 1));
  return { ...rest, known: true, mean, deviation, ...judged(flows, mean, deviation) };
}

const usualFiles = (days) => days.map((each) => Number(each.files)).sort((one, other) => one - other)[Math.floor(days.length / 2)];

/** Returns which of a site's days is its newest whole one. */
export function newestWhole(days) {
  // A day comes in several files where they run from 23:00 to 23:00; one that has fewer than others goes on.
  const usual = usualFiles(days);
  for (let at = days.length - 1; at > 0; at -= 1) if (Number(days[at].files) >= usual) return at;
  return days.length - 1;
}

/** Returns the days at both ends that came in fewer files than others: parts of days. */
export function partOnly(days) {
  const usual = usualFiles(days);
  return [...new Set([days[0], days.at(-1)])].filter((each) => each && Number(each.files) < usual).map(({ day }) => day);
}

function judged(flows, mean, deviation) {
  const part = mean ? (flows - mean) / mean : 0;
  const times = Math.abs(flows - mean) / (deviation || 1);
  if (times <= 1 || Math.abs(part) < 0.005) return { says: "as usual", unusual: false };
  const percent = `${Math.abs(part * 100).toFixed(Math.abs(part) < 0.1 ? 1 : 0)} % ${part > 0 ? "more" : "less"}`;
  const far = deviation ? `${percent}, ${times.toFixed(1)} deviations` : `${percent}, and all others are alike`;
  return { says: far, unusual: times > FAR && Math.abs(part) > MUCH };
}
