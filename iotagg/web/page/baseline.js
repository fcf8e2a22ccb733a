// Is a site's newest day as usual? Its flows beside mean and sample deviation of the days before.

const MOST_DAYS = 28;
const FEWEST_DAYS = 7;
const FAR = 3; // deviations

/** Returns the newest of a site's days, what is usual there, and how that is said; null where no day is known. */
export function baseline(days) {
  if (!days.length) return null;
  const newest = days.at(-1);
  const before = days.slice(-MOST_DAYS - 1, -1).map((each) => Number(each.flows));
  const flows = Number(newest.flows);
  if (before.length < FEWEST_DAYS) return { newest, flows, known: false, says: `too early to say: ${before.length} days before it` };
  const mean = before.reduce((sum, each) => sum + each, 0) / before.length;
  const squares = before.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (before.length - 1));
  // Days that are all alike have no deviation; any other day is then unusual.
  const far = deviation ? (flows - mean) / deviation : flows === mean ? 0 : Math.sign(flows - mean) * Infinity;
  return { newest, flows, known: true, mean, deviation, far, says: inWords(far) };
}

function inWords(far) {
  const size = Math.abs(far);
  if (size <= 1) return "as usual";
  const where = far > 0 ? "more than usual" : "less than usual";
  const times = Number.isFinite(size) ? `${size.toFixed(1)} deviations` : "all other days are alike";
  return size > FAR ? `much ${where} (${times})` : `${where} (${times})`;
}
