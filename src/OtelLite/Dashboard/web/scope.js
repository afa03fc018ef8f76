// Which figures the page shows: a query, kept in the address behind '#', so that a link or a reload shows the same.

/** Without a scrape the server lets this start at the last midnight, and says so. */
export const DEFAULT = "since=scrape";

export const RANGES = [
  { query: DEFAULT, label: "Since scrape" },
  { query: "range=1h", label: "1 h" },
  { query: "range=24h", label: "24 h" },
  { query: "range=7d", label: "7 d" },
  { query: "range=30d", label: "30 d" },
  { query: "", label: "All" },
];

/** The query that an address asks for. An empty one means the default, so "all" has a word of its own. */
export function fromHash(hash) {
  const text = hash.replace(/^#/, "");
  return text === "" ? DEFAULT : text === "all" ? "" : text;
}

export const toHash = (query) => (query === DEFAULT ? "#" : query === "" ? "#all" : `#${query}`);

/** The query of two values of datetime-local inputs, which are in the reader's own time. An empty end is "until now". */
export function custom(from, to) {
  const time = (text) => new Date(text).toISOString().replace(".000Z", "Z");
  return `from=${time(from)}` + (to ? `&to=${time(to)}` : "");
}

/** True for a range whose figures change by time passing alone. */
export const slides = (query) => !query.startsWith("from=") && query !== "";
