// One session's own panel: prompt by prompt, what happened under each on one time axis. All that an event says is asked for when it is opened.
import { byId, h, morph } from "./dom.js";
import { compact, count, ms, moment, sumOf, usd } from "./format.js";
import { get } from "./fresh.js";
import { exportButtons } from "./tables.js";
import { bar, groups } from "./timeline.js";

const SCROLLS_FROM = 300; // characters of an attribute, on a phone
const OPEN_AT_FIRST = 3; // prompts; a session may have hundreds, and their rows are made when they are opened
const ENDED = { __proto__: null, tool_result: "tool", request: "request", tool_decision: "decision" };

const KINDS = {
  __proto__: null,
  human: "Prompt",
  command: "Command",
  taskNotification: "Background agent's result",
  shell: "! command",
  unknown: "Prompt whose event is missing",
  none: "Without a prompt",
};

/** What is known of a session's two witnesses, in words. */
export const CHECKS = {
  agree: "metrics and events agree",
  auxiliary: "has auxiliary requests without detail",
  eventsIncomplete: "lost events",
  metricsIncomplete: "lost metrics",
  metricsOnly: "no events arrived",
  eventsOnly: "no metrics arrived",
  transcriptOnly: "known by its transcript alone",
  open: "still under way",
};

let shown = { id: null, text: "" };
let toggled = new Map(); // what the reader opened or closed, by prompt
let latest = new Map(); // the groups as they are now, by prompt
const opened = new Set(); // events, and whole prompts, that are shown in full
const fetched = new Map(); // what events say; it never changes
let rows = null; // as they can be saved

byId("session-exports").append(exportButtons("Session", () => rows));

/** The address of a session's page. */
export const sessionHash = (id) => `#session=${encodeURIComponent(id)}`;

export const sessionPart = {
  element: byId("session"),
  wants: ({ session }) => (session === null ? [] : ["", "/events"].map((what) => `/api/sessions/${encodeURIComponent(session)}${what}`)),
  show: ([details, happened]) => showSession(details, happened),
  fail: (error) => shown.text === "" && byId("session-prompts").replaceChildren(h("p", { class: "failed" }, error.message)),
};

/** Hides the panel, or makes room for a session. */
export function chooseSession(id, isFirst) {
  const before = shown.id;
  if (id !== before) {
    shown = { id, text: "" };
    toggled = new Map();
    opened.clear();
    fetched.clear();
    latest = new Map();
    rows = null;
    byId("session-prompts").replaceChildren(h("p", { class: "none" }, "Loading…"));
    byId("session-facts").replaceChildren();
    byId("session-title").replaceChildren("Session ", h("code", {}, id ?? ""));
  }

  document.body.classList.toggle("one-session", id !== null);
  byId("session").hidden = id === null;
  if (isFirst || id === before) return;
  // Where one came from is far down, and what one came for on top; and back again.
  if (id !== null) {
    scrollTo(0, 0);
    byId("session-title").focus({ preventScroll: true });
  } else {
    document.querySelector(`#sessions-rows a[data-key="${CSS.escape(before)}"]`)?.focus();
  }
}

/** @param {object} details /api/sessions/{id} @param {object} happened /api/sessions/{id}/events */
function showSession(details, happened) {
  // A commit of another session changes nothing here, and what does not change must not move under a reader's hand.
  const text = JSON.stringify([details.prompts, happened, details.session.check, details.session.active, details.capture]);
  if (text === shown.text) return;
  shown.text = text;
  showFacts(details);
  const all = groups(details, happened);
  rows = all.flatMap((group) => group.rows.map(({ kind, subject, note, failed, start, end, ms: took, ttft, tokens, costUsd }) => ({
    prompt: group.prompt.promptId, what: kind, subject, note, failed, from: new Date(start).toISOString(), to: new Date(end).toISOString(), durationMs: took, ttftMs: ttft, tokens, costUsd,
  })));
  latest = new Map(all.map((group) => [idOf(group), group]));
  morph(byId("session-prompts"), ...all.map((group, i) => promptItem(group, i >= all.length - OPEN_AT_FIRST)),
    all.length === 0 ? h("p", { class: "none" }, "Nothing of it is told by events: only metrics arrived, which know no prompts.") : null,
    details.truncated || happened.truncated ? h("p", { class: "none" }, "It has more than can be shown; the oldest are.") : null);
}

const idOf = (group) => group.prompt.promptId ?? "";

function showFacts({ session, toolCallsWithoutResult, capture }) {
  const facts = [
    session.active ? "active" : null,
    session.name,
    session.repository ?? session.project,
    session.branch ? `branch ${session.branch}` : null,
    session.pullRequest ? `pull request ${session.pullRequest}` : null,
    session.folder,
    session.machine,
    session.models.join(", "),
    CHECKS[session.check],
    session.missingEvents > 0 ? `${count(session.missingEvents)} events missing` : null,
    capture ? `export brought ${count(capture.captured)} of ${count(capture.requests)} requests in its transcript` : null,
    capture?.onlyExport > 0 ? `${count(capture.onlyExport)} in no transcript` : null,
    toolCallsWithoutResult > 0 ? `${count(toolCallsWithoutResult)} accepted tool calls without a result` : null,
  ].filter(Boolean);
  byId("session-facts").replaceChildren(...facts.map((fact) => h("li", {}, fact)));
}

function promptItem(group, open) {
  const { prompt } = group;
  const id = idOf(group);
  const label = prompt.command ? `/${prompt.command}` : KINDS[prompt.kind] ?? prompt.kind;
  const body = h("div", { class: "rows" });
  // One that is being read is not closed because others came after it.
  const isRead = [...byId("session-prompts").children].some((c) => c.dataset.key === id && c.open && c.matches(":hover, :focus-within"));
  const item = h("details", { class: "prompt", "data-key": id, open: toggled.get(id) ?? (open || isRead) },
    // The reader's own doing alone is remembered: a details that is made open tells of a toggle too.
    h("summary", { onclick: () => toggled.set(id, !item.open) },
      h("time", { datetime: new Date(group.start).toISOString() }, moment(new Date(group.start))),
      h("span", { class: "said" }, h("b", {}, label), group.text ? ` ${group.text}` : ""),
      group.failed > 0 ? h("span", { class: "failed" }, `${count(group.failed)} failed`) : null,
      h("span", { class: "n" }, ms(group.end - group.start)),
      h("span", { class: "n", title: `${count(group.tokens)} tokens` }, group.tokens > 0 ? `${compact(group.tokens)} tokens` : ""),
      h("span", { class: "n", title: `$${prompt.costUsd}` }, prompt.costUsd > 0 ? usd(prompt.costUsd) : "")),
    body);
  if (item.open) body.append(...rowsOf(group));
  item.addEventListener("toggle", () => {
    if (item.open && body.childElementCount === 0 && latest.has(id)) body.append(...rowsOf(latest.get(id)));
  });
  return item;
}

function rowsOf(group) {
  const whole = group.text !== null && group.eventId !== null ? [wholeOf(group.eventId, "All that the prompt says")] : [];
  if (group.rows.length === 0) return [...whole, h("p", { class: "none" }, "Nothing was asked or called for it.")];
  return [...whole, h("table", { class: "waterfall" },
    h("thead", {}, h("tr", {}, ...["What", "When", "Took", "Tokens", "Cost", "First token"].map((name, i) => h("th", { scope: "col", class: i > 1 ? "n" : null }, name)))),
    h("tbody", {}, ...group.rows.flatMap((row) => rowOf(row, group))))];
}

function rowOf(row, group) {
  const { left, width, first } = bar(row, group);
  const mark = h("i", { class: `span ${row.failed ? "bad" : ENDED[row.kind] ?? "other"}` });
  mark.style.left = `${left}%`;
  mark.style.width = `${width}%`;
  if (first > 0) {
    const waited = h("i", { class: "waited" });
    waited.style.width = `${first}%`;
    mark.append(waited);
  }

  const from = new Date(row.start);
  const label = [row.subject, row.note].filter(Boolean).join(" · ");
  const key = `${row.kind} ${row.eventId ?? row.start}`;
  const detail = row.eventId === null ? null : h("tr", { class: "whole", "data-key": `whole ${key}`, hidden: !opened.has(row.eventId) }, h("td", { colspan: 6 }));
  const toggle = () => {
    detail.hidden = !detail.hidden;
    button.setAttribute("aria-expanded", String(!detail.hidden));
    if (detail.hidden) opened.delete(row.eventId);
    else {
      opened.add(row.eventId);
      showEvent(row.eventId, detail.firstChild);
    }
  };
  const name = [h("b", { class: row.failed ? "failed" : null }, row.what), label ? ` ${label}` : ""];
  const button = detail === null ? null : h("button", { type: "button", class: "row", "aria-expanded": String(!detail.hidden), onclick: toggle }, ...name);
  if (detail !== null && !detail.hidden) showEvent(row.eventId, detail.firstChild);
  return [
    h("tr", { "data-key": key },
      h("td", { class: "what" }, ...(button === null ? name : [button])),
      h("td", { class: "track", title: `${from.toLocaleTimeString("en-GB")} to ${new Date(row.end).toLocaleTimeString("en-GB")}` }, mark),
      h("td", { class: "n" }, row.ms === null || row.ms === undefined ? "" : ms(row.ms)),
      h("td", { class: "n", title: row.tokens ? tokensInFull(row.tokens) : null }, row.tokens ? compact(sumOf(row.tokens)) : ""),
      h("td", { class: "n", title: row.costUsd === undefined ? null : `$${row.costUsd}` }, row.costUsd === undefined ? "" : usd(row.costUsd)),
      h("td", { class: "n" }, row.ttft === null || row.ttft === undefined ? "" : ms(row.ttft))),
    detail,
  ].filter(Boolean);
}

const tokensInFull = (t) => `input ${count(t.input)}, output ${count(t.output)}, cache read ${count(t.cacheRead)}, cache written ${count(t.cacheCreation)}`;

function wholeOf(eventId, label) {
  const key = `prompt ${eventId}`;
  const place = h("div", {});
  const item = h("details", { class: "whole-prompt", "data-key": key, open: opened.has(key), ontoggle: () => item.open && showEvent(eventId, place) },
    h("summary", { onclick: () => (item.open ? opened.delete(key) : opened.add(key)) }, label), place);
  if (item.open) showEvent(eventId, place);
  return item;
}

/** Everything that an event says, as plain text. What was fetched once is there at once: a redraw must not make it blink. */
async function showEvent(id, place) {
  if (fetched.has(id)) {
    place.replaceChildren(attributesOf(fetched.get(id)));
    return;
  }

  place.replaceChildren(h("p", { class: "none" }, "Loading…"));
  try {
    fetched.set(id, await get(`/api/events/${id}`));
    place.replaceChildren(attributesOf(fetched.get(id)));
  } catch (error) {
    place.replaceChildren(h("p", { class: "failed" }, error.isAnswer ? error.message : "OtelLite can't be reached; close and open it again"));
  }
}

const attributesOf = ({ attributes }) => h("dl", { class: "attributes" },
  ...Object.entries(attributes).map(([key, value]) => attribute(key, typeof value === "string" ? value : JSON.stringify(value))));

// What may be so long that it scrolls can be scrolled with the keyboard.
const attribute = (key, text) => h("div", {}, h("dt", {}, key), h("dd", { tabindex: text.length > SCROLLS_FROM ? 0 : null }, text));
