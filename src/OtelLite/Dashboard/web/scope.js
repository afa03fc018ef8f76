// What the figures are of, in words and as fields: range, zone and filters; and whether they can be taken as they are.
import { FILTERS, narrowing, queryOf } from "./address.js";
import { byId, h, morph, setText } from "./dom.js";
import { ago, checksLine, count, isIncomplete, moment, span } from "./format.js";
import { offerSplits } from "./overtime.js";

// What each filter is called, without a choice and with one, and the list of its values in the answer.
const NAMES = {
  model: { all: "All models", one: "Model", list: "models" },
  project: { all: "All projects", one: "Project", list: "projects" },
  repository: { all: "All repositories", one: "Repository", list: "repositories" },
  branch: { all: "All branches", one: "Branch", list: "branches" },
  machine: { all: "All machines", one: "Machine", list: "machines" },
};

let go = () => {};

/** @param {(next: (view: object) => object) => void} choose goes to another view */
export function listenScope(choose) {
  go = choose;
}

/** The filters: what can be chosen is what the range has. A filter with one value to choose narrows nothing and is not shown. */
export const filters = {
  element: byId("scope"),
  pauseMs: 10_000, // a new model or attribute is no news of this second
  wants: ({ range, session, zone }) => (session === null ? [`/api/dimensions?${queryOf(range, zone)}`] : []),
  show([answer], view) {
    offerSplits(answer.resourceAttributes);
    morph(byId("filters"), ...FILTERS.map((key) => {
      const chosen = view.narrowed.filter(([name]) => name === key).map(([, value]) => value);
      const values = answer[NAMES[key].list];
      if (values.length < 2 && chosen.length === 0) return null;
      const all = [...new Set([...chosen, ...values])].sort();
      // Several values of one filter come from an address that was written by hand; they are kept until another is chosen.
      const option = (value, text, isChosen) => h("option", { value, selected: isChosen, "data-key": `${value} ${isChosen}` }, text);
      return h("select", { "data-key": key, "aria-label": NAMES[key].one, class: chosen.length > 0 ? "chosen" : null, onchange: ({ target }) => go((now) => narrowing(now, key, target.value || null)) },
        option("", NAMES[key].all, chosen.length === 0),
        ...(chosen.length > 1 ? [option(chosen[0], chosen.join(", "), true)] : []),
        ...all.filter((value) => value !== "").map((value) => option(value, value, chosen.length === 1 && chosen[0] === value)));
    }));
    for (const select of byId("filters").children) select.value = view.narrowed.find(([name]) => name === select.dataset.key)?.[1] ?? "";
  },
};

/** Whether two names are of one zone. */
export const isSameZone = (a, b) => a.replace(/^Etc\//, "") === b.replace(/^Etc\//, "");

const zoneInWords = (days, times) => (isSameZone(days, times) ? `Times in ${times}` : `Days of ${days}, times in ${times}`);

/** The range in words, the zone, the honest line and what is stored; the clock calls it every second. */
export function showScope(summary, now) {
  const from = summary.from ? new Date(summary.from) : null;
  const since = summary.since === "scrape" ? `Since the scrape at ${moment(from, now)}, ${ago(now - from)}`
    : summary.since === "midnight" ? `Since midnight (${moment(from, now)}): no scrape has been reported yet`
    : from === null ? "All that is stored"
    : now - new Date(summary.to) < 60_000 ? `From ${moment(from, now)} to now`
    : `From ${span(from, new Date(summary.to), now)}`;
  setText(byId("scope-text"), since);
  setText(byId("zone"), zoneInWords(summary.timeZone, Intl.DateTimeFormat().resolvedOptions().timeZone));
  const incomplete = isIncomplete(summary.checks);
  setText(byId("checks"), (incomplete ? "⚠ " : "") + checksLine(summary));
  byId("checks").classList.toggle("warn", incomplete);
  const { scrape, stored } = summary;
  // That there is none the tile beside it says.
  byId("scrape").hidden = scrape === null;
  setText(byId("scrape"), scrape === null ? ""
    : `Last scrape ${ago(now - new Date(scrape.scrapedAt))} (${moment(new Date(scrape.scrapedAt), now)})${scrape.source ? ` · ${scrape.source}` : ""}`);
  setText(byId("stored"), `${count(stored.metrics)} metric points, ${count(stored.events)} events and ${count(stored.spans)} spans stored`
    + (stored.lastReceivedAt ? `; last export ${ago(now - new Date(stored.lastReceivedAt))}` : ""));
}
