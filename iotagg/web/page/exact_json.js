// Reads JSON whose whole numbers may have 40 digits: those that a double would round become BigInts.

// A token is a string, which is left alone, or a number; only the form of a number tells that it is whole.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LARGE = /^-?\d{16,}$/;
// No key of an answer is called so.
const WHOLE = "\u0000whole";

/** Returns what a JSON text says. Throws a SyntaxError where it is none. */
export function parse(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKEN, (token) => (LARGE.test(token) ? `{"\\u0000whole":"${token}"}` : token));
  return JSON.parse(marked, (_, value) => (value?.[WHOLE] === undefined ? value : BigInt(value[WHOLE])));
}
