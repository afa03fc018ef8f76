// What arrived, what was refused and why, whether the sources agree, and what is kept. A client that is refused says nothing to its user, so
// this does.
import { byId, h, morph, setText } from "./dom.js";
import { ago, bytes, count, moment } from "./format.js";
import { exportButtons } from "./tables.js";

const RECENT_MS = 10 * 60_000; // how long a refusal is told on top of the page

const SIGNALS = { __proto__: null, metrics: "Metrics", logs: "Events", traces: "Traces" };

// How the sources stand to each other, the good ones first; each with what it means for the figures.
const VERDICTS = [
  ["agree", "good", "agree", "Metrics and events say the same, to the token and to the cent."],
  ["auxiliary", "good", "agree but for auxiliary requests", "Requests of Claude Code's own that it counts in its metrics and sends no event of."],
  ["open", "", "still under way", "One of the two has not sent its last yet."],
  ["metricsOnly", "", "by metrics alone", "Their events never arrived: OTEL_LOGS_EXPORTER is not set there."],
  ["eventsOnly", "", "by events alone", "Their metrics never arrived: OTEL_METRICS_EXPORTER is not set there."],
  ["transcriptOnly", "", "by transcripts alone", "Nothing of them was exported; otellite import counted them."],
  ["eventsIncomplete", "bad", "lost events", "Metrics say more. What they say more is counted, and has no request detail."],
  ["metricsIncomplete", "bad", "lost metrics", "Events say more, and are counted."],
];

let shown = null;

export const trust = {
  element: byId("trust"),
  wants: () => ["/api/ingest"],
  show([answer]) {
    shown = answer;
    const now = new Date();
    showArrived(answer, now);
    showRefused(answer, now);
    showDatabase(answer);
    showCapture(answer);
  },
};

byId("trust-exports").append(exportButtons("Received", () => shown && [
  ...shown.arrived.map((a) => ({ what: "arrived", ...a })), ...shown.refusals.map((r) => ({ what: "refused", ...r }))]));

const since = (time, now) => h("td", { class: "n", "data-seen": time, title: new Date(time).toLocaleString() }, ago(now - new Date(time)));

const nothing = (columns, text) => h("tr", {}, h("td", { colspan: columns, class: "none" }, text));

function showArrived({ arrived }, now) {
  morph(byId("arrived-rows"), ...arrived.map((a) => h("tr", { "data-key": `${a.signal} ${a.encoding}` },
    h("td", { class: "name" }, SIGNALS[a.signal] ?? a.signal), h("td", {}, a.encoding),
    h("td", { class: "n" }, count(a.exports)), h("td", { class: "n" }, count(a.records)), since(a.lastAt, now))),
  arrived.length === 0 ? nothing(5, "Nothing has arrived since the program started.") : null);
}

/** What is wrong with the store itself comes before any one refusal. */
function wrong({ trouble, database }) {
  if (trouble) return [h("b", {}, "Nothing can be stored now: "), `${trouble}. Exports are refused until it can.`];
  if (database?.damaged?.length > 0) return [h("b", {}, "A database was found damaged and is set aside: "), `${database.damaged[0]}. Stop otellite and run `, h("code", {}, "otellite recover"), " to bring back what can be read of it."];
  return null;
}

function showRefused(answer, now) {
  const { bodies, refusals } = answer;
  morph(byId("refused-rows"), ...refusals.map((r) => h("tr", { "data-key": `${r.status} ${r.path} ${r.client} ${r.reason}` },
    h("td", { class: "name" }, r.status === 200 ? "remark" : h("span", { class: "failed" }, String(r.status))),
    h("td", { class: "reason" }, r.reason, h("span", { class: "none" }, ` ${r.path}${r.client ? ` · ${r.client}` : ""}`)),
    h("td", { class: "n" }, count(r.times)), since(r.at, now))),
  refusals.length === 0 ? nothing(4, "Nothing was refused.") : null);
  setText(byId("refused-count"), bodies.refused > 0 ? `${count(bodies.refused)} refused` : "");

  const last = refusals.find((r) => r.status !== 200 && now - new Date(r.at) < RECENT_MS);
  for (const place of document.querySelectorAll(".refused")) {
    const said = wrong(answer) ?? (last === undefined ? null : [h("b", {}, "An export came and was refused: "), last.reason, "."]);
    place.hidden = said === null;
    morph(place, ...(said ?? []));
  }
}

/** Whether the sources agree, session by session. @param {object} checks the summary's */
export function showVerdicts({ checks }) {
  const rows = VERDICTS.filter(([key]) => checks[key] > 0).map(([key, mark, text, means]) => h("li", { class: mark, "data-key": key },
    h("b", {}, count(checks[key])), ` ${checks[key] === 1 ? `session ${text.replace(/^agree/, "agrees")}` : `sessions ${text}`}. `, h("span", { class: "none" }, means)));
  if (checks.missingEvents > 0) rows.push(h("li", { class: "bad", "data-key": "missing" }, h("b", {}, count(checks.missingEvents)),
    ` ${checks.missingEvents === 1 ? "event is" : "events are"} missing. `, h("span", { class: "none" }, "Each process numbers its events, and these numbers never came.")));
  if (checks.unnamedGroups > 0) rows.push(h("li", { "data-key": "unnamed" }, h("b", {}, count(checks.unnamedGroups)),
    ` ${checks.unnamedGroups === 1 ? "group" : "groups"} without session ids, ${count(checks.unnamedAgree)} agree. `, h("span", { class: "none" }, "Their client is told to send no session id.")));
  morph(byId("verdicts"), ...(rows.length > 0 ? rows : [h("li", { "data-key": "none" }, "Nothing was billed in this range: there is nothing to compare.")]));
}

/** What the export brought of what the imported transcripts know, and what only one side has. */
function showCapture({ capture }) {
  const rows = [
    ["rate", capture.captured === capture.requests ? "good" : "", `${share(capture)} of the requests that transcripts know came with the export.`, `${count(capture.captured)} of ${count(capture.requests)}, in ${counted(capture.sessions, "session")} whose transcript was imported.`],
    ["onlyTranscript", "", `${counted(capture.onlyTranscript, "request")} only transcripts know, counted from there.`, "They were made while telemetry was off, or nothing received it."],
    ["onlyExport", "", `${counted(capture.onlyExport, "request")} of these sessions only the export knows.`, "Claude Code's own, such as titles and /compact, stand in no transcript."],
    ["lowOutputs", "bad", `${counted(capture.lowOutputs, "request")} with too few output tokens.`, "Their transcripts have only how the answer began, as old clients write it."],
    ["derivedCosts", "", `${counted(capture.derivedCosts, "request")} at a derived cost.`, "Transcripts know no dollars: the price comes from the totals in them."],
    ["unknownCosts", "bad", `${counted(capture.unknownCosts, "request")} at no cost.`, "No total in the transcripts tells their model's price."],
  ].filter(([key]) => (key === "rate" ? capture.requests : capture[key]) > 0);
  morph(byId("capture"), ...rows.map(([key, mark, text, means]) => h("li", { class: mark, "data-key": key }, h("b", {}, text), " ", h("span", { class: "none" }, means))));
}

const counted = (n, one) => `${count(n)} ${n === 1 ? one : `${one}s`}`;

/** The capture rate, never rounded up to all. */
export const share = ({ captured, requests }) => `${captured === requests ? 100 : Math.min(99.9, Math.round((captured / requests) * 1000) / 10)} %`;

function showDatabase({ bodies, database, retention }) {
  const tile = (name, value, title) => h("div", { "data-key": name }, h("dt", { title }, name), h("dd", { title }, value));
  morph(byId("database"),
    tile("Bodies stored", count(bodies.accepted), "Each is one export of a client; answered only when it was on disk"),
    tile("Came again", count(bodies.repeated), "The same to the byte: acknowledged, and not stored twice"),
    ...(database ? [
      tile("Database", bytes(database.bytes), `${count(database.bytes)} bytes, ${bytes(database.freeBytes)} of it free for what comes`),
      tile("Write-ahead log", bytes(database.walBytes), `${count(database.walBytes)} bytes that are safe on disk and not yet in the database's own pages`),
    ] : []),
    ...(retention ? [tile("Raw rows kept", retention.setting ?? "all", retention.removedBefore ? `What happened before ${moment(new Date(retention.removedBefore))} was removed; what it added stays counted` : "Nothing was removed yet")] : []));
}
