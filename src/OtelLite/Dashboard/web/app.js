// The page's one piece of state is the scope in the address; everything shown is the API's last answer for it.
import { byId, copyFrom, h } from "./dom.js";
import { DEFAULT, RANGES, custom, fromHash, slides, toHash } from "./scope.js";
import { ago, usd } from "./format.js";
import { follow } from "./live.js";
import { showCharts, showFigures, showLimits, showModels, showScope, showSessions, showTools, tickSessions } from "./panels.js";
import { chooseSession, failSession, sessionOf, showSession } from "./session.js";
import { watchReceiving } from "./receiving.js";
import { showSetup, wantSetup } from "./setup.js";

const SESSIONS_SHOWN = 12;
const DETAILS_INTERVAL_MS = 500; // between two askings for charts and sessions
const SLIDE_INTERVAL_MS = 15_000; // a sliding range loses its old end, and sessions fall silent, without any commit

let query = DEFAULT;
let zone = ""; // "&tz=..." where the server's days are not the reader's
let summary = null;
let stop = () => {};
let asking = new AbortController();
let details = { running: false, again: false };
let lost = null; // since when the figures stand still, and why

async function ask(path, extra = "") {
  const answer = await fetch(`${path}?${query}${zone}${extra}`, { signal: asking.signal });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

function show(answer) {
  // Days are the reader's own. Where the server's clock agrees, the plain query says the same.
  if (zone === "" && summary === null && offsetOf(answer.to) !== -new Date(answer.to).getTimezoneOffset()) {
    zone = `&tz=${encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)}`;
    choose(query);
    return;
  }

  summary = answer;
  const now = new Date();
  byId("figures").dataset.scope = query + zone;
  document.title = `${usd(answer.costUsd)} · OtelLite`;
  showFigures(answer);
  showModels(answer);
  showTools(answer.tools);
  showLimits(answer.scrape, now);
  showScope(answer, now);
  showSetup(answer.stored.metrics + answer.stored.events + answer.stored.spans === 0);
  problem(null);
  askDetails();
}

/** Minutes east of UTC of an RFC 3339 time. */
function offsetOf(time) {
  const match = /([+-])(\d\d):(\d\d)$/.exec(time);
  return match ? (match[1] === "-" ? -1 : 1) * (match[2] * 60 + Number(match[3])) : 0;
}

/** Charts and sessions, never twice at once: what is committed meanwhile is asked for after. */
async function askDetails() {
  if (details.running) {
    details.again = true;
    return;
  }

  const mine = { running: true, again: false };
  details = mine;
  try {
    const [series, list] = await Promise.all([ask("/api/timeseries"), ask("/api/sessions", `&limit=${SESSIONS_SHOWN}`), askSession()]);
    if (details !== mine) return;
    byId("figures").classList.remove("waiting");
    showCharts(series);
    showSessions(list, new Date());
    await new Promise((done) => setTimeout(done, DETAILS_INTERVAL_MS));
  } catch (error) {
    if (details === mine && error.name !== "AbortError" && lost === null) problem(error.message);
  }

  mine.running = false;
  if (details === mine && mine.again) askDetails();
}

/** The session that the address is of, if it is of one. */
async function askSession() {
  const id = sessionOf(query);
  if (id === null) return;
  const path = `/api/sessions/${encodeURIComponent(id)}`;
  const { signal } = asking;
  const [details, happened] = await Promise.all([fetch(path, { signal }), fetch(`${path}/events`, { signal })]);
  if (!details.ok) failSession((await details.json()).detail);
  else showSession(await details.json(), await happened.json());
}

function problem(text) {
  byId("problem").hidden = text === null;
  byId("problem").replaceChildren(...(text === null ? [] : [text, " ", h("a", { href: "#" }, "Show the default range")]));
}

async function refresh() {
  const before = summary;
  try {
    const answer = await ask("/api/summary");
    // What the stream brought meanwhile is newer.
    if (summary === before) show(answer);
  } catch (error) {
    if (error.name !== "AbortError" && lost === null) problem(error.message);
  }
}

function connection(state, reason) {
  byId("connection").dataset.state = state;
  if (state === "live") {
    lost = null;
    byId("connection").textContent = "Live";
    byId("connection-age").textContent = "";
  } else if (lost === null) {
    lost = { since: new Date(), why: reason ?? "Not connected" };
    sayLost();
    askWhy(lost);
  }
}

/** A stream that does not open gives no reason; the same question asked plainly does. */
async function askWhy(mine) {
  try {
    const answer = await fetch(`/api/summary?${query}${zone}`, { signal: asking.signal });
    if (answer.status === 401) location.reload();
    if (answer.status !== 400) return;
    problem((await answer.json()).detail);
    stop();
    mine.why = "Not live";
  } catch (error) {
    if (error.name !== "AbortError") mine.why = "OtelLite can't be reached";
  }

  if (lost === mine) sayLost();
}

function sayLost() {
  const { since, why } = lost;
  // What a screen reader announces changes only when the reason does.
  if (byId("connection").textContent !== why) byId("connection").textContent = why;
  byId("connection-age").textContent = summary === null ? "" : `the figures are of ${ago(new Date() - since)}`;
}

function choose(next) {
  if (sessionOf(next) !== null && sessionOf(query) === null) byId("session-close").href = toHash(query); // back to what was shown before
  query = next;
  stop();
  asking.abort();
  asking = new AbortController();
  details = { running: false, again: false };
  lost = null;
  byId("figures").classList.add("waiting");
  for (const button of byId("ranges").children) button.setAttribute("aria-pressed", String(button.dataset.query === query));
  byId("custom").classList.toggle("chosen", sessionOf(query) === null && !RANGES.some((r) => r.query === query));
  chooseSession(sessionOf(query));
  stop = follow(query + zone, show, connection);
}

function tick() {
  if (document.hidden || summary === null) return;
  const now = new Date();
  showScope(summary, now);
  tickSessions(now);
  if (lost !== null) sayLost();
}

function copyFigures(event) {
  const rows = [...document.querySelectorAll("[data-figure]")].map((e) => [e.dataset.figure, e.dataset.value, e.closest("[data-scope]").dataset.scope].join("\t"));
  copyFrom(event.target, ["figure\tvalue\tscope", ...rows].join("\n"));
}

byId("ranges").append(...RANGES.map((r) => h("button", { type: "button", "data-query": r.query, onclick: () => { location.hash = toHash(r.query); } }, r.label)));
byId("custom-range").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const isReversed = form.get("to") !== "" && form.get("to") <= form.get("from");
  byId("custom-wrong").hidden = !isReversed;
  if (isReversed) return;
  byId("custom").open = false;
  location.hash = toHash(custom(form.get("from"), form.get("to")));
});
byId("custom").addEventListener("keydown", (event) => {
  if (event.key === "Escape") byId("custom").open = false;
});
addEventListener("click", (event) => {
  if (!byId("custom").contains(event.target)) byId("custom").open = false;
});
byId("connect").addEventListener("click", () => wantSetup(true));
byId("setup-close").addEventListener("click", () => wantSetup(false));
byId("copy").addEventListener("click", copyFigures);
addEventListener("hashchange", () => choose(fromHash(location.hash)));
setInterval(tick, 1000);
setInterval(() => { if (!document.hidden && lost === null && slides(query)) refresh(); }, SLIDE_INTERVAL_MS);
choose(fromHash(location.hash));
watchReceiving();
