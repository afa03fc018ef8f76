// From the API's answers to what stands on the page. Each function replaces one region whole, or sets figures where they stand.
import { byId, h } from "./dom.js";
import { ago, checksLine, compact, count, formats, moment, ms, span, usd, usdTick } from "./format.js";
import { Chart, WHOLE_STEPS } from "./chart.js";
import { sessionHash } from "./session.js";

const LIMIT_NAMES = { fiveHour: "5-hour limit", sevenDay: "7-day limit" };
const HIGH_PERCENT = 75;
const FULL_PERCENT = 95;

/** Sets every figure that has its own place in index.html; flashes the ones that changed. */
export function showFigures(summary) {
  for (const element of document.querySelectorAll("[data-figure][data-format]")) {
    const value = element.dataset.figure.split(".").reduce((at, key) => at[key], summary);
    const before = element.dataset.value;
    if (before === String(value)) continue;
    element.dataset.value = value;
    element.textContent = formats[element.dataset.format](value);
    element.title = element.dataset.format === "usd" ? `$${value}` : String(value);
    if (before !== undefined) flash(element);
  }
}

function flash(element) {
  element.classList.remove("changed");
  void element.offsetWidth; // starts the animation anew
  element.classList.add("changed");
}

/** One figure in a table, with what tests and copying read. */
const figure = (path, value, text, attributes = {}) =>
  h("td", { class: "n", "data-figure": path, "data-value": value, ...attributes }, text);

const nothing = (columns, text) => h("tr", {}, h("td", { colspan: columns, class: "none" }, text));

export function showModels({ models, auxiliary, noRequestDetail }) {
  byId("models-rows").replaceChildren(...models.map(({ model, tokens, costUsd, apiRequests }) => h("tr", {},
    h("td", { class: "name" }, model || "unknown"),
    figure(`models.${model}.apiRequests`, apiRequests, count(apiRequests)),
    figure(`models.${model}.tokens.input`, tokens.input, count(tokens.input)),
    figure(`models.${model}.tokens.output`, tokens.output, count(tokens.output)),
    figure(`models.${model}.tokens.cacheRead`, tokens.cacheRead, count(tokens.cacheRead)),
    figure(`models.${model}.tokens.cacheCreation`, tokens.cacheCreation, count(tokens.cacheCreation)),
    figure(`models.${model}.costUsd`, costUsd, usd(costUsd), { title: `$${costUsd}` }))));
  showPart("auxiliary", auxiliary, "of which auxiliary, no request detail", "Requests of Claude Code's own that it counts in its metrics and sends no event of");
  showPart("noRequestDetail", noRequestDetail, "of which no request detail", "Metrics tell of them, and their events were lost or are switched off");
  if (models.length === 0) byId("models-rows").append(nothing(7, "No model was asked in this range."));
}

// What of all models is known without its requests, where there is any.
function showPart(name, { tokens, costUsd }, text, title) {
  if (costUsd <= 0 && !Object.values(tokens).some((n) => n > 0)) return;
  byId("models-rows").append(h("tr", {},
    h("td", { class: "none", title }, text),
    h("td", { class: "n none" }, "–"),
    ...["input", "output", "cacheRead", "cacheCreation"].map((kind) => figure(`${name}.tokens.${kind}`, tokens[kind], count(tokens[kind]))),
    figure(`${name}.costUsd`, costUsd, usd(costUsd), { title: `$${costUsd}` })));
}

export function showTools(tools) {
  const most = Math.max(1, ...tools.map((t) => t.calls));
  byId("tools-rows").replaceChildren(...tools.map(({ name, calls, failures, p50Ms, p95Ms }) => {
    const bar = h("i", { class: "bar" });
    bar.style.width = `${(100 * calls) / most}%`;
    return h("tr", {},
      h("td", { class: "name" }, name, bar),
      figure(`tools.${name}.calls`, calls, count(calls)),
      figure(`tools.${name}.failures`, failures, count(failures), { class: failures > 0 ? "n failed" : "n" }),
      figure(`tools.${name}.p50Ms`, p50Ms, ms(p50Ms)),
      figure(`tools.${name}.p95Ms`, p95Ms, ms(p95Ms)));
  }));
  if (tools.length === 0) byId("tools-rows").append(nothing(5, "No tool was called in this range."));
}

export function showSessions({ total, sessions }, now) {
  byId("sessions-rows").replaceChildren(...sessions.map((s) => h("tr", {},
    h("td", { class: "name", title: s.named ? s.id : "its client sends no session ids: grouped by user and resource" },
      h("span", { class: s.active ? "dot on" : "dot", role: "img", "aria-label": s.active ? "active" : "not active" }),
      h("a", { href: sessionHash(s.id) }, s.project ? `${s.project} ` : null, h("code", {}, s.named ? s.id.slice(0, 8) : s.id))),
    h("td", {}, s.models.join(", ") || "–"),
    h("td", { class: "n" }, count(s.tokens.output)),
    h("td", { class: "n", title: `$${s.costUsd}` }, usd(s.costUsd)),
    h("td", {}, s.lastTool ?? "–"),
    h("td", { class: "n", "data-seen": s.lastSeenAt, title: new Date(s.lastSeenAt).toLocaleString() }, ago(now - new Date(s.lastSeenAt))))));
  const left = total - sessions.length;
  if (total === 0) byId("sessions-rows").append(nothing(6, "No session did anything in this range."));
  else if (left > 0) byId("sessions-rows").append(nothing(6, `and ${count(left)} more`));
}

/** Lets the sessions' last column go on while nothing arrives. */
export function tickSessions(now) {
  for (const cell of document.querySelectorAll("[data-seen]")) setText(cell, ago(now - new Date(cell.dataset.seen)));
}

/** What the figures are of, in words. */
export function showScope(summary, now) {
  const from = summary.from ? new Date(summary.from) : null;
  const since = summary.since === "scrape" ? `Since the scrape at ${moment(from, now)}, ${ago(now - from)}`
    : summary.since === "midnight" ? `Since midnight (${moment(from, now)}): no scrape has been reported yet`
    : from === null ? "All that is stored"
    : now - new Date(summary.to) < 60_000 ? `From ${moment(from, now)} to now`
    : `From ${span(from, new Date(summary.to), now)}`;
  setText(byId("scope-text"), since);
  setText(byId("checks"), checksLine(summary));
  const { scrape, stored } = summary;
  setText(byId("scrape"), scrape === null ? "No scrape has been reported yet."
    : `Last scrape ${ago(now - new Date(scrape.scrapedAt))} (${moment(new Date(scrape.scrapedAt), now)})${scrape.source ? ` · ${scrape.source}` : ""}`);
  setText(byId("stored"), `${count(stored.metrics)} metric points, ${count(stored.events)} events and ${count(stored.spans)} spans stored`
    + (stored.lastReceivedAt ? `; last export ${ago(now - new Date(stored.lastReceivedAt))}` : ""));
}

// The clock calls this every second; text that stays must not disturb a selection.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The official limits of the newest reading. The poster's object may hold anything; only what has a percentage is shown. */
export function showLimits(scrape, now) {
  const limits = Object.entries(scrape?.limits ?? {}).filter(([, limit]) => typeof limit?.usedPercent === "number");
  byId("limits").replaceChildren(...limits.map(([key, { usedPercent, resetsAt }]) => {
    const name = LIMIT_NAMES[key] ?? key;
    const reset = new Date(resetsAt ?? NaN);
    const over = reset < now;
    const fill = h("i");
    fill.style.width = `${Math.min(100, Math.max(0, usedPercent))}%`;
    const level = usedPercent >= FULL_PERCENT ? "bar full" : usedPercent >= HIGH_PERCENT ? "bar high" : "bar";
    return h("div", { class: "limit" },
      h("p", {}, h("span", {}, `${name}: ${usedPercent} %`), Number.isNaN(reset.getTime()) ? null
        : h("span", { class: "none" }, over ? `was reset at ${moment(reset, now)}` : `resets at ${moment(reset, now)}`)),
      h("div", { class: level, role: "meter", "aria-label": name, "aria-valuenow": usedPercent, "aria-valuemin": 0, "aria-valuemax": 100 }, fill));
  }));
}

const tokens = { axis: compact, value: count, steps: WHOLE_STEPS, sync: "tokens" };
let charts = null;

function makeCharts() {
  return {
    tokens: new Chart(byId("tokens-chart"), [{ label: "Input", colour: "--input" }, { label: "Output", colour: "--output" }], tokens),
    cache: new Chart(byId("cache-chart"), [{ label: "Cache read", colour: "--cache-read" }, { label: "Cache written", colour: "--cache-creation" }], tokens),
    cost: new Chart(byId("cost-chart"), [{ label: "Cost so far", colour: "--usd" }], { axis: usdTick, value: usd }),
  };
}

/** @param {object} series the answer of /api/timeseries */
export function showCharts(series) {
  charts ??= makeCharts();
  const span = [new Date(series.from) / 1000, new Date(series.to) / 1000];
  // The last bucket's step is drawn to its end.
  const end = Math.max(span[1], series.times.at(-1) ?? span[1]);
  const times = [...series.times, end];
  const held = (column) => [...column, column.at(-1) ?? 0];
  charts.tokens.set(times, [held(series.tokens.input), held(series.tokens.output)], span);
  charts.cache.set(times, [held(series.tokens.cacheRead), held(series.tokens.cacheCreation)], span);

  // What was spent in a bucket is known at its end; the line starts from nothing.
  let sum = 0;
  const soFar = series.costUsd.map((usdOfBucket) => (sum += usdOfBucket));
  const ends = [...series.times.slice(1), end];
  charts.cost.set([series.times[0] ?? span[0], ...ends], [[0, ...soFar]], span);
}
