// What arrived since the program started, and what was refused and why: a client that is refused says nothing to its user, so this panel does.
import { byId, h } from "./dom.js";
import { ago, count } from "./format.js";

const INTERVAL_MS = 5_000; // a refusal is no commit, and so comes with no live message
const FRESH_MS = 10 * 60_000; // how long a refusal is told where the page waits for its first export

const SIGNALS = { metrics: "Metrics", logs: "Events", traces: "Traces" };

let before = "";

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/api/ingest");
    if (answer.ok) show(await answer.json(), new Date());
  } catch {
    // The connection's own line says that it is lost.
  }
}

/** Asks now and from then on every few seconds while the page is seen. */
export function watchReceiving() {
  ask();
  setInterval(ask, INTERVAL_MS);
  document.addEventListener("visibilitychange", ask);
}

const since = (time, now) => h("td", { class: "n", "data-seen": time, title: new Date(time).toLocaleString() }, ago(now - new Date(time)));

const nothing = (columns, text) => h("tr", {}, h("td", { colspan: columns, class: "none" }, text));

function show(answer, now) {
  // A reader who selects a reason must not lose it to an answer that says the same.
  const text = JSON.stringify([answer.arrived, answer.refusals]);
  if (text === before) return;
  before = text;
  const { bodies, arrived, refusals } = answer;
  byId("arrived-rows").replaceChildren(...arrived.map((a) => h("tr", {},
    h("td", { class: "name" }, SIGNALS[a.signal] ?? a.signal), h("td", {}, a.encoding),
    h("td", { class: "n" }, count(a.exports)), h("td", { class: "n" }, count(a.records)), since(a.lastAt, now))));
  if (arrived.length === 0) byId("arrived-rows").append(nothing(5, "Nothing has arrived since the program started."));
  byId("refused-rows").replaceChildren(...refusals.map((r) => h("tr", {},
    h("td", { class: "name" }, r.status === 200 ? "remark" : h("span", { class: "failed" }, String(r.status))),
    h("td", { class: "reason" }, r.reason, h("span", { class: "none" }, ` ${r.path}${r.client ? ` · ${r.client}` : ""}`)),
    h("td", { class: "n" }, count(r.times)), since(r.at, now))));
  if (refusals.length === 0) byId("refused-rows").append(nothing(4, "Nothing was refused."));
  byId("refused-count").textContent = bodies.refused > 0 ? `${count(bodies.refused)} refused` : "";

  const last = refusals.find((r) => r.status !== 200 && now - new Date(r.at) < FRESH_MS);
  byId("setup-refused").hidden = last === undefined;
  byId("setup-refused").replaceChildren(...(last === undefined ? [] : [h("b", {}, "An export came and was refused: "), last.reason, "."]));
}
