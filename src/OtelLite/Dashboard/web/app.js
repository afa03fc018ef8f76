// The page's one piece of state is the view that its address tells; all that is shown is the API's last answer for it.
import { RANGES, custom, queryOf, read, scopeOf, slides, write, zoneOf } from "./address.js";
import { byId, copyFrom, h, setText } from "./dom.js";
import { showFigures } from "./figures.js";
import { ago, usd } from "./format.js";
import { Fresh, get } from "./fresh.js";
import { follow } from "./live.js";
import { modelsPart, showModels } from "./models.js";
import { now, tickNow } from "./now.js";
import { listenOvertime, lookOvertime, overtime } from "./overtime.js";
import { filters, isSameZone, listenScope, showScope } from "./scope.js";
import { chooseSession, sessionPart } from "./session.js";
import { listenSessions, lookSessions, sessions } from "./sessions.js";
import { showSetup, wantSetup } from "./setup.js";
import { showTools, toolsPart } from "./tools.js";
import { showVerdicts, trust } from "./trust.js";

const SLIDE_MS = 15_000; // a sliding range loses its old end, and sessions fall silent, without any commit
const RECEIVING_MS = 5_000; // a refusal is no commit, and so comes with no live message

const fresh = new Fresh([now, overtime, sessions, toolsPart, modelsPart, trust, filters, sessionPart]);

let view = null;
let zone = ""; // "tz=..." where the server's days are not the reader's
let summary = null;
let first = null; // the first answer of this view, until the stream has begun
let stop = () => {};
let lost = null; // why the figures stand still
let currentAt = null; // when they were last known to be right
let asking = new AbortController(); // for this view

function show(answer) {
  // Days are the reader's, unless the address names a zone. Where the server's is the same, the plain query says the same.
  if (summary === null && zone === "" && !namesZone(view) && !isSameZone(answer.timeZone, here())) {
    zone = `tz=${encodeURIComponent(here())}`;
    choose();
    return;
  }

  summary = answer;
  currentAt = new Date();
  byId("figures").dataset.scope = view.query;
  document.title = `${usd(answer.costUsd)} · OtelLite`;
  showFigures(answer);
  showModels(answer);
  showTools(answer.tools);
  showVerdicts(answer);
  showScope(answer, new Date());
  showSetup(answer.stored.metrics + answer.stored.events + answer.stored.spans === 0);
  problem(null);
}

/** What the stream brings. It begins with what the first answer said; then each message is news. */
function showNews(answer) {
  // The range's own ends move with the clock.
  const figures = (of) => JSON.stringify({ ...of, from: null, to: null });
  const isKnown = first !== null && figures(first) === figures(answer);
  first = null;
  if (isKnown) return;
  show(answer);
  fresh.changed();
}

const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const namesZone = (of) => zoneOf(of) !== "";

function problem(text) {
  byId("problem").hidden = text === null;
  byId("figures").classList.remove("waiting");
  const still = summary === null ? " " : "; the figures are still those of before. ";
  byId("problem").replaceChildren(...(text === null ? [] : [text, still, h("a", { href: "#" }, "Show the default range")]));
}

/** What the page itself asked for, if it is this; once. */
async function early(query) {
  const { firstAnswer } = globalThis;
  delete globalThis.firstAnswer;
  const answer = firstAnswer?.query === query ? await firstAnswer.answer : null;
  return answer?.ok ? answer.json() : null;
}

async function refresh() {
  const [before, asked] = [summary, view.query];
  try {
    const answer = await early(asked) ?? await get(`/api/summary?${asked}`, asking.signal);
    // What the stream brought meanwhile is newer.
    if (summary !== before || asked !== view.query) return;
    show(answer);
    return answer;
  } catch {
    // The stream says what is wrong.
  }
}

function connection(state, reason) {
  byId("connection").dataset.state = state;
  if (state === "live") {
    lost = null;
    currentAt = new Date();
    byId("connection").textContent = "Live";
    byId("connection-age").textContent = "";
  } else if (lost === null) {
    lost = { why: reason ?? "Not connected" };
    sayLost();
    askWhy(lost);
  }
}

/** A stream that does not open gives no reason; the same question asked plainly does. */
async function askWhy(mine) {
  const asked = view.query;
  try {
    await get(`/api/summary?${asked}`);
  } catch (error) {
    if (asked !== view.query) return;
    mine.why = error.isAnswer ? "Not live" : "OtelLite can't be reached";
    if (error.isAnswer) {
      problem(error.message);
      stop();
    }
  }

  if (lost === mine) sayLost();
}

function sayLost() {
  const { why } = lost;
  // What a screen reader announces changes only when the reason does.
  setText(byId("connection"), why);
  setText(byId("connection-age"), summary === null ? ""
    : byId("figures").dataset.scope === view.query ? `the figures are of ${ago(new Date() - currentAt)}`
    : "the figures are still those of the range before");
}

/** Shows what the address says. */
function choose() {
  const before = view;
  const next = read(location.hash);
  const days = namesZone(next) ? "" : zone;
  view = { ...next, zone: zoneOf(next) || zone, query: queryOf(scopeOf(next), days) };
  if (before !== null && next.session !== null && before.session === null) byId("session-close").href = write(before); // back to what was shown before
  const isOther = before === null || before.query !== view.query;
  for (const button of byId("ranges").children) button.setAttribute("aria-pressed", String(view.session === null && button.dataset.query === view.range));
  byId("custom").classList.toggle("chosen", view.session === null && !RANGES.some((r) => r.query === view.range));
  chooseSession(view.session, before === null);
  lookSessions(view, isOther);
  lookOvertime(view);
  if (isOther) {
    stop();
    lost = null;
    byId("figures").classList.add("waiting");
    // Asked plainly and first: a browser asks a host six things at a time, and the stream would come after all the parts.
    const asked = view.query;
    asking.abort();
    asking = new AbortController();
    first = null;
    refresh().then((answer) => {
      if (asked !== view.query || answer === undefined) return;
      // The parts were asked for after it.
      first = answer;
      fresh.answered();
    });
    stop = follow(view.query, showNews, connection);
  }

  fresh.choose(view, isOther);
}

/**
 * Goes to another view.
 * @param {(now: object) => object} change from the view that is shown
 * @param {boolean} replace it is no step of its own for the back button
 */
function go(change, replace = false) {
  const hash = write(change(view));
  if (replace) {
    history.replaceState(null, "", hash);
    choose();
  } else {
    location.hash = hash;
  }
}

function tick() {
  if (document.hidden || summary === null) return;
  const at = new Date();
  showScope(summary, at);
  tickNow(at);
  for (const cell of document.querySelectorAll("[data-seen]")) setText(cell, ago(at - new Date(cell.dataset.seen)));
  if (lost !== null) sayLost();
}

function copyFigures(event) {
  const rows = [...document.querySelectorAll("[data-figure]")].map((e) => [e.dataset.figure, e.dataset.value, e.closest("[data-scope]").dataset.scope].join("\t"));
  copyFrom(event.target, ["figure\tvalue\tscope", ...rows].join("\n"));
}

function listenRanges() {
  byId("ranges").append(...RANGES.map((r) => h("button", { type: "button", "data-query": r.query, onclick: () => go((now) => ({ ...now, range: r.query, session: null })) }, r.label)));
  byId("custom-range").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const isReversed = form.get("to") !== "" && form.get("to") <= form.get("from");
    byId("custom-wrong").hidden = !isReversed;
    if (isReversed) return;
    byId("custom").open = false;
    go((now) => ({ ...now, range: custom(form.get("from"), form.get("to")), session: null }));
  });
  byId("custom").addEventListener("keydown", (event) => {
    if (event.key === "Escape") byId("custom").open = false;
  });
  addEventListener("click", (event) => {
    if (!byId("custom").contains(event.target)) byId("custom").open = false;
  });
}

listenRanges();
listenScope(go);
listenOvertime(go);
listenSessions(go);
byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says what is shown, and not where one is
  byId("figures").focus();
});
byId("connect").addEventListener("click", () => wantSetup(true));
byId("setup-close").addEventListener("click", () => wantSetup(false));
byId("copy").addEventListener("click", copyFigures);
addEventListener("hashchange", choose);
setInterval(tick, 1000);
setInterval(() => { if (!document.hidden && lost === null && slides(view.range)) refresh().then((answer) => answer && fresh.changed()); }, SLIDE_MS);
setInterval(() => fresh.ask(trust), RECEIVING_MS);
choose();
