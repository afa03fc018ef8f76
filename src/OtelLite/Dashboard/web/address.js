// All that the page shows, as its address says it: so a view can be sent to someone, and the back button leads to the one before. Pure.

/** Without a scrape the server lets this start at the last midnight, and says so. */
export const DEFAULT = "since=scrape";

export const RANGES = [
  { query: DEFAULT, label: "Since scrape" },
  { query: "range=15m", label: "15 m" },
  { query: "range=1h", label: "1 h" },
  { query: "range=24h", label: "24 h" },
  { query: "range=7d", label: "7 d" },
  { query: "range=30d", label: "30 d" },
  { query: "range=365d", label: "1 y" },
  { query: "", label: "All" },
];

export const FILTERS = ["model", "project", "repository", "branch", "machine"];

// What is not about which figures are shown but how; the defaults are left out of the address.
const LOOK = { __proto__: null, figure: "costUsd", by: "", only: "", total: "", sort: "seen", order: "desc", page: "1", text: "", cost: "", active: "" };

const ALL = "all"; // an empty address means the default range, so "all" has a word of its own
const RANGE_KEYS = ["from", "to", "range", "since", ALL];

// Readable where an address allows it: colons of times, slashes of projects.
const encoded = (text) => encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2F", "/");
/** The parts of a query, those that are empty left out. */
export const queryOf = (...parts) => parts.map(String).filter((part) => part !== "").join("&");

const joined = (pairs) => pairs.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join("&");

/**
 * @param {string} hash the address behind '#'
 * @returns {{range: string, narrowed: [string, string][], session: string|null, look: Record<string, string>}} narrowed: the filters, and
 * whatever else is said there, which the server explains or refuses
 */
export function read(hash) {
  const said = [...new URLSearchParams(hash.replace(/^#/, ""))];
  const range = said.filter(([key]) => RANGE_KEYS.includes(key));
  const session = said.find(([key]) => key === "session")?.[1] ?? null;
  return {
    range: range.length > 0 ? joined(range.filter(([key]) => key !== ALL)) : session !== null ? "" : DEFAULT,
    narrowed: said.filter(([key]) => !RANGE_KEYS.includes(key) && key !== "session" && !(key in LOOK)),
    session,
    look: { ...LOOK, ...Object.fromEntries(said.filter(([key]) => key in LOOK)) },
  };
}

/** The address of a view. */
export function write({ range, narrowed, session, look }) {
  const looks = Object.entries(look).filter(([key, value]) => value !== LOOK[key]);
  const place = session !== null ? joined([["session", session]]) : range === DEFAULT ? "" : range === "" ? ALL : range;
  // A session's own range is its whole life, unless another one is asked for.
  const within = session !== null && range !== "" ? range : "";
  return "#" + queryOf(place, within, joined(narrowed), joined(looks));
}

/** The query that gives the figures of a view: what /api reads. */
export const scopeOf = ({ range, narrowed, session }) =>
  queryOf(range, joined(narrowed), session !== null ? joined([["session", session]]) : "");

/** The same view with another look. What is sorted or searched anew begins at its first page, and what is split anew has other groups. */
export function looking(view, changes) {
  const again = ["sort", "order", "text", "cost", "active"].some((key) => key in changes);
  const others = ["figure", "by"].some((key) => key in changes);
  return { ...view, look: { ...view.look, ...(again && { page: LOOK.page }), ...(others && { only: LOOK.only }), ...changes } };
}

/** The same view narrowed to one value of a filter; an empty value takes the filter away. */
export const narrowing = (view, key, value) => ({
  ...view,
  narrowed: [...view.narrowed.filter(([name]) => name !== key), ...(value === null ? [] : [[key, value]])],
  look: { ...view.look, page: LOOK.page },
});

export const rangeFrom = (from, to) => joined([["from", iso(from)], ...(to === null ? [] : [["to", iso(to)]])]);

const iso = (time) => time.toISOString().replace(/\.\d+Z$/, "Z");

/** The range of two values of datetime-local inputs, which are in the reader's own time. An empty end is "until now". */
export const custom = (from, to) => rangeFrom(new Date(from), to ? new Date(to) : null);

/** The zone of days that an address names, as a query; empty where it names none. */
export const zoneOf = ({ narrowed }) => joined(narrowed.filter(([key]) => key === "tz"));

/** True for a range that ends now: its figures change by time passing alone, if only who is active. */
export const slides = (range) => !/(^|&)to=/.test(range);

const SHORTEST = 60; // seconds
const LONGEST = 10 * 366 * 86_400;

/** Where a drag, or a button, leads on the axis of time: never less than a minute or more than ten years, never beyond now. */
export function zoomed([from, to], factor, shift, now) {
  const length = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * factor));
  const middle = (from + to) / 2 + (to - from) * shift;
  const end = Math.min(now, middle + length / 2);
  return [Math.floor(end - length), Math.ceil(end)];
}
