// What is running this minute, and where it leads: active sessions, what is spent by the hour, the day's end and the official limits.
import { byId, h, morph, setText } from "./dom.js";
import { moment, reading, seconds, sumOf, usd } from "./format.js";
import { sessionName } from "./sessions.js";
import { exportButtons } from "./tables.js";

const LIMIT_NAMES = { __proto__: null, fiveHour: "5-hour limit", sevenDay: "7-day limit" };
const HIGH_PERCENT = 75;
const FULL_PERCENT = 95;

const DOING = {
  __proto__: null,
  thinking: { text: "thinking", mark: "busy" },
  waiting: { text: "waiting for you", mark: "waits" },
  error: { text: "API error", mark: "bad" },
  unknown: { text: "only metrics arrive", mark: "" },
};

let shown = null;

export const now = {
  element: byId("now"),
  wants: ({ session, zone }) => (session === null ? [`/api/now?${zone}`] : []),
  show([answer]) {
    shown = answer;
    const at = new Date();
    showSessions(answer, at);
    showRates(answer);
    showLimits(answer.limits, at);
  },
};

byId("now-exports").append(exportButtons("Active sessions", () => shown?.sessions ?? null));

function showSessions({ sessions, activeTotal }, at) {
  setText(byId("now-title"), activeTotal === 0 ? "Now" : `Now: ${activeTotal} active`);
  byId("now-table").hidden = sessions.length === 0;
  byId("now-none").hidden = sessions.length > 0;
  morph(byId("now-rows"), ...sessions.map((s) => {
    const { text, mark } = s.doing === "tool" ? { text: s.tool || "a tool", mark: "busy" } : DOING[s.doing] ?? DOING.unknown;
    return h("tr", { "data-key": s.id },
      h("td", { class: "name" }, sessionName(s)),
      h("td", { class: "wide", title: s.model }, s.model ?? "–"),
      h("td", {}, h("i", { class: `doing ${mark}`, "aria-hidden": "true" }), s.doing === "tool" ? "runs " : "", s.doing === "tool" ? h("b", {}, text) : text,
        s.doingSince ? h("span", { class: "none", "data-for": s.doingSince }, forText(s.doingSince, at)) : null),
      h("td", { class: "n wide", title: `${s.tokensPerMinute} tokens per minute, over the last five` }, `${reading(Math.round(s.tokensPerMinute))}/min`),
      h("td", { class: "n", title: `$${s.costUsd}` }, usd(s.costUsd)));
  }));
  const left = activeTotal - sessions.length;
  setText(byId("now-more"), left > 0 ? `and ${left} more` : "");
}

const forText = (since, at) => ` ${seconds(Math.max(0, (at - new Date(since)) / 1000))}`;

/** Lets what is going on grow older while nothing arrives. */
export function tickNow(at) {
  for (const place of document.querySelectorAll("[data-for]")) setText(place, forText(place.dataset.for, at));
}

function showRates({ lastHour, tokensPerMinute, today, sinceScrape }) {
  const tile = (name, value, exact, ...hints) => h("div", { "data-key": name }, h("dt", {}, name), h("dd", { title: exact }, value), ...hints.map((hint) => h("dd", { class: "hint" }, hint)));
  const tokens = (t) => `${reading(sumOf(t))} tokens`;
  morph(byId("now-rates"),
    tile("Last hour", usd(lastHour.costUsd), `$${lastHour.costUsd}`, `${reading(Math.round(tokensPerMinute))} tokens a minute`),
    tile("Since midnight", usd(today.costUsd), `$${today.costUsd}`, tokens(today.tokens), lastHour.costUsd > 0 ? `about ${usd(today.projectedCostUsd)} by midnight` : "standing still"),
    sinceScrape === null
      ? tile("Since the scrape", "–", "no reading of the official limits was posted yet", "none reported yet")
      : tile("Since the scrape", usd(sinceScrape.costUsd), `$${sinceScrape.costUsd}`, tokens(sinceScrape.tokens), `from ${moment(new Date(sinceScrape.from))} on`));
}

/** The official limits of the newest reading, and where they will be. */
function showLimits(limits, at) {
  morph(byId("limits"), ...limits.map((limit) => {
    const { usedPercent, estimatedPercent, projectedPercent } = limit;
    const name = LIMIT_NAMES[limit.name] ?? limit.name;
    const width = (x) => `${Math.min(100, Math.max(0, x))}%`;
    const [used, likely] = [h("i", { class: "used" }), h("i", { class: "likely" })];
    used.style.width = width(usedPercent);
    likely.style.width = width(projectedPercent ?? usedPercent);
    const most = Math.max(usedPercent, projectedPercent ?? 0);
    const level = limit.over ? "" : most >= FULL_PERCENT ? "full" : most >= HIGH_PERCENT ? "high" : "";
    return h("div", { class: "limit", "data-key": limit.name },
      h("p", {}, h("b", { title: `${usedPercent} %` }, `${name}: ${Number(usedPercent.toFixed(1))} %`), h("span", { class: "none" }, `read ${moment(new Date(limit.readAt), at)}`)),
      h("div", { class: `bar ${level}`, role: "meter", "aria-label": name, "aria-valuenow": usedPercent, "aria-valuemin": 0, "aria-valuemax": 100 }, likely, used),
      h("p", { class: "hint" }, outlook(limit, at, estimatedPercent)));
  }));
}

function outlook({ over, resetsAt, projectedPercent, fullAt }, at, estimatedPercent) {
  if (resetsAt === null) return "when it is reset was not reported";
  if (over) return `was reset ${moment(new Date(resetsAt), at)}; read it anew`;
  const reset = `reset ${moment(new Date(resetsAt), at)}`;
  if (projectedPercent === null) return reset;
  if (estimatedPercent >= 100) return `likely full by now; ${reset}`;
  const estimate = `about ${Math.round(estimatedPercent)} % now`;
  return fullAt !== null ? `${estimate}, full at ${moment(new Date(fullAt), at)}; ${reset}` : `${estimate}, ${Math.round(projectedPercent)} % by the ${reset}`;
}
